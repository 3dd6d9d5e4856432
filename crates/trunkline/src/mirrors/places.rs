//! Where repositories are, and bringing mirrors of those that lie elsewhere up to date.

use super::process::{At, Limits, local, remote};
use super::refs::Refs;
use super::view::{self, View};
use crate::context::Located;
use crate::pipelines::folder::DataFolder;
use crate::watched::Watched;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use trunkline_model::Report;

/// Where a connection leads that nobody has said anything about.
const USUAL: &str = "https://github.com/{repository}.git";
/// What a mirror has of its remote.
const REFS: [&str; 2] = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];

/// Packs what is loose, if that is much. Nothing goes: an execution may be made again from a commit whose branch is gone.
/// Not on all processors, as builds want them; references stay where fetches change them.
const PACK: &[&str] = &[
    "-c",
    "gc.autoDetach=false",
    "-c",
    "gc.pruneExpire=never",
    "-c",
    "gc.packRefs=false",
    "-c",
    "pack.threads=1",
    "gc",
    "--auto",
    "--quiet",
];

/// Where a repository is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Hosted by this server, whether it was made already or not.
    Hosted(PathBuf),
    /// Somewhere else on this machine: read where it lies.
    Here(PathBuf),
    /// At an address, perhaps with a password: read through a mirror.
    There(String),
}

impl Place {
    /// What `repositories` of `trunkline.yaml` says: an address, or a path relative to that file's folder.
    fn of(root: &Path, place: &str) -> Self {
        let plain = place.strip_prefix("file:").filter(|path| !path.starts_with("//"));
        let path = root.join(plain.unwrap_or(place));
        // `host:path` is an address of ssh, unless there is such a folder.
        let address = place.contains("://")
            || (plain.is_none()
                && !path.exists()
                && place.split('/').next().is_some_and(|host| host.contains(':')));
        if address {
            return Self::There(place.to_owned());
        }
        Self::Here(std::path::absolute(&path).unwrap_or(path))
    }

    /// What it is called in messages and files: without a password.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Hosted(path) | Self::Here(path) => path.display().to_string(),
            Self::There(address) => public(address),
        }
    }

    fn whole(&self) -> String {
        match self {
            Self::Hosted(path) | Self::Here(path) => path.display().to_string(),
            Self::There(address) => address.clone(),
        }
    }
}

/// An address without what is secret in it. Of ssh, the user's name is part of the address.
pub(super) fn public(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let Some((user, host)) = host.rsplit_once('@') else { return address.to_owned() };
    let user = if scheme.contains("ssh") { user.split(':').next() } else { None };
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    format!("{scheme}://{user}{host}{path}")
}

/// What somebody wants of a repository, so that a remote is asked only where that is needed.
#[derive(Clone, Copy)]
pub(crate) enum Want<'a> {
    /// What is there now.
    Newest,
    /// The newest, and a reference of the remote under a name of ours, where the remote has it.
    Reference(&'a str, &'a str),
    /// This commit.
    Commit(&'a str),
    /// References that point to these objects, or are gone.
    Moved(&'a [(String, Option<String>)]),
    /// What a mirror has, however old.
    Old,
}

/// Why a repository cannot be read; `shown` is what it is called.
#[derive(Debug)]
pub(crate) struct Unavailable {
    pub(crate) shown: String,
    pub(crate) why: String,
}

/// What a configuration says of repositories.
type Known = BTreeMap<String, String>;

/// Is told of a commit that an action will want.
type Prepare = Box<dyn Fn(&Place, &str) + Send + Sync>;

/// The repositories of a data folder.
pub(crate) struct Mirrors {
    data: PathBuf,
    limits: Limits,
    /// `repositories` of the configuration: by name, or by the ARN of a connection with
    /// `{repository}` in it.
    known: Watched<Arc<Known>>,
    /// One fetch into a mirror at a time.
    busy: Mutex<HashMap<PathBuf, Arc<tokio::sync::Mutex<()>>>>,
    prepare: OnceLock<Prepare>,
}

impl Mirrors {
    /// Those of a project's data folder.
    pub(crate) fn of(located: &Located, folder: &DataFolder, limits: Limits) -> Arc<Self> {
        Self::new(folder.root(), &located.root.join(&located.project.file), limits)
    }

    /// `config` is the file that says where repositories are; paths in it are relative to its folder.
    pub(crate) fn new(data: &Path, config: &Path, limits: Limits) -> Arc<Self> {
        let config = std::path::absolute(config).unwrap_or_else(|_| config.to_owned());
        Arc::new(Self {
            data: data.to_owned(),
            limits,
            known: Watched::new(config, Arc::default(), |p| Arc::new(p.repositories)),
            busy: Mutex::default(),
            prepare: OnceLock::new(),
        })
    }

    /// The folder of hosted repositories.
    pub(crate) fn hosted_root(&self) -> PathBuf {
        self.data.join("repositories")
    }

    /// Where a repository is; None where nobody says. `connections` are those by which it is reached.
    pub(crate) fn place<'a>(
        &self,
        name: &str,
        connections: impl Iterator<Item = &'a str>,
    ) -> Option<Place> {
        let (known, root) =
            (self.known.get(), self.known.file().parent().unwrap_or(Path::new(".")));
        if let Some(place) = known.get(name) {
            return Some(Place::of(root, place));
        }
        let connections: Vec<&str> = connections.collect();
        if let Some(pattern) = connections.iter().find_map(|arn| known.get(*arn)) {
            return Some(Place::of(root, &pattern.replace("{repository}", name)));
        }
        let hosted = self.hosted_root().join(format!("{name}.git"));
        let valid = trunkline_web::valid_name(name);
        if valid && (connections.is_empty() || hosted.is_dir()) {
            return Some(Place::Hosted(hosted));
        }
        if name == "." {
            return Some(Place::Here(root.to_owned()));
        }
        let usual = || Place::There(USUAL.replace("{repository}", name));
        (!connections.is_empty()).then(usual)
    }

    /// The place that is shown as that text.
    pub(crate) fn shown_as(&self, shown: &str) -> Place {
        let (known, root) =
            (self.known.get(), self.known.file().parent().unwrap_or(Path::new(".")));
        let whole = known.values().find_map(|place| {
            let public = public(place);
            match public.split_once("{repository}") {
                None => (public == shown).then(|| place.clone()),
                Some((before, after)) => {
                    let name = shown.strip_prefix(before)?.strip_suffix(after)?;
                    Some(place.replace("{repository}", name))
                }
            }
        });
        Place::of(root, whole.as_deref().unwrap_or(shown))
    }

    /// Makes a hosted repository where it is not there; returns whether it was made.
    pub(crate) async fn host(&self, folder: &Path) -> Result<bool, String> {
        if folder.join("HEAD").is_file() {
            return Ok(false);
        }
        view::make(folder).await?;
        view::finish(folder)?;
        Ok(true)
    }

    /// Opens a repository; what lies elsewhere is fetched, unless what is wanted is there.
    pub(crate) async fn open(&self, place: &Place, want: Want<'_>) -> Result<View, Unavailable> {
        let opened = match place {
            Place::Hosted(path) if !path.is_dir() => Err("nothing was pushed to it".to_owned()),
            Place::Hosted(path) | Place::Here(path) => self.borrow(path).await,
            Place::There(address) => self.mirror(address, want).await,
        };
        opened.map_err(|why| Unavailable { shown: place.shown(), why })
    }

    /// Takes a commit of a working copy in, so that it can be read although nobody pushed it. No branch changes. TL0718.
    pub(crate) async fn take_in(
        &self,
        place: &Place,
        from: &Path,
        commit: &str,
    ) -> Result<(), Report> {
        let failed = |why: String| view::failed("fetch", &why);
        let folder = match place {
            Place::Here(_) => return Ok(()),
            Place::Hosted(folder) => folder.clone(),
            Place::There(address) => self.folder("mirror", address),
        };
        let lock = self.lock(&folder);
        let _one = lock.lock().await;
        if view::make(&folder).await.map_err(failed)? {
            view::finish(&folder).map_err(failed)?;
        }
        let from = std::path::absolute(from).unwrap_or_else(|_| from.to_owned());
        let (from, pair) =
            (from.to_string_lossy(), format!("+{commit}:refs/trunkline/source/{commit}"));
        let words = ["fetch", "--quiet", "--no-tags", "--no-auto-gc", "--", &from, &pair];
        local(At::Bare(&folder), &words).await.map(drop).map_err(failed)
    }

    /// A view that borrows the objects of a repository on this machine.
    async fn borrow(&self, repository: &Path) -> Result<View, String> {
        let (refs, objects) = view::files_of(repository).await?;
        let objects = std::path::absolute(&objects).unwrap_or(objects);
        let folder = self.folder("view", &objects.display().to_string());
        if !folder.join("info/attributes").exists() {
            let lock = self.lock(&folder);
            let _one = lock.lock().await;
            if view::make(&folder).await? {
                std::fs::create_dir_all(folder.join("objects/info"))
                    .and_then(|()| {
                        let alternates = folder.join("objects/info/alternates");
                        std::fs::write(alternates, format!("{}\n", objects.display()))
                    })
                    .map_err(|error| error.to_string())?;
                view::finish(&folder)?;
            }
        }
        Ok(View { folder, refs })
    }

    async fn mirror(&self, address: &str, want: Want<'_>) -> Result<View, String> {
        let folder = self.folder("mirror", address);
        let view = View { refs: folder.clone(), folder: folder.clone() };
        if enough(&view, want).await {
            return Ok(view);
        }
        let one = Arc::new(self.lock(&folder).lock_owned().await);
        if view::make(&folder).await? {
            view::finish(&folder)?;
        } else if enough(&view, want).await {
            // Who had the lock has fetched it.
            return Ok(view);
        }
        let (shown, at) = (public(address), At::Bare(&folder));
        let begin = ["fetch", "--progress", "--prune", "--no-auto-gc", "--", shown.as_str()];
        if let Want::Reference(from, to) = want {
            let pair = format!("+{from}:{to}");
            let all = [&begin[..], &REFS, &[pair.as_str()]].concat();
            match remote(at, address, &all, self.limits, Some(one.clone())).await {
                Ok(_) => return Ok(view),
                // Without that reference nothing is fetched.
                Err(why) if why.contains(from) => {
                    let _ = local(at, &["update-ref", "-d", to]).await;
                }
                Err(why) => return Err(why),
            }
        }
        let all = [&begin[..], &REFS].concat();
        remote(at, address, &all, self.limits, Some(one.clone())).await?;
        Ok(view)
    }

    /// Packs a mirror where it has become many small files, which no fetch does. Without the lock of fetches: a push that
    /// comes meanwhile waits for none of it, and git itself keeps what both touch.
    pub(crate) async fn pack(&self, place: &Place) -> Result<(), String> {
        let Place::There(address) = place else { return Ok(()) };
        let folder = self.folder("mirror", address);
        if !folder.join("info/attributes").is_file() {
            return Ok(());
        }
        local(At::Bare(&folder), PACK).await.map(drop)
    }

    /// Runs git in a clone against its repository. What it is called in `arguments` is `place.shown()`. TL0718.
    pub(crate) async fn exchange(
        &self,
        place: &Place,
        folder: &Path,
        arguments: &[&str],
    ) -> Result<Vec<u8>, Report> {
        let ran = remote(At::Work(folder), &place.whole(), arguments, self.limits, None).await;
        ran.map_err(|why| view::failed(arguments.first().unwrap_or(&""), &why))
    }

    /// Has somebody told of commits that actions will want, from now on.
    pub(crate) fn on_wanted(&self, prepare: Prepare) {
        let _ = self.prepare.set(prepare);
    }

    /// An action will want that commit.
    pub(crate) fn wanted(&self, place: &Place, commit: &str) {
        if let Some(prepare) = self.prepare.get() {
            prepare(place, commit);
        }
    }

    fn folder(&self, kind: &str, of: &str) -> PathBuf {
        let short = trunkline_center::state::version_of(of.as_bytes());
        self.data.join("mirrors").join(format!("{kind}-{}.git", &short[..16]))
    }

    fn lock(&self, folder: &Path) -> Arc<tokio::sync::Mutex<()>> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(busy.entry(folder.to_owned()).or_default())
    }
}

/// Whether a mirror has what is wanted.
async fn enough(view: &View, want: Want<'_>) -> bool {
    match want {
        Want::Old => true,
        Want::Newest | Want::Reference(..) => false,
        Want::Commit(commit) => view.folder.is_dir() && view.has(commit).await,
        Want::Moved([]) => false,
        Want::Moved(told) => {
            let refs = super::refs::in_files(&view.folder);
            let as_told = |refs: &Refs| told.iter().all(|(name, to)| refs.get(name) == to.as_ref());
            refs.as_ref().is_some_and(as_told)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_paths_are_told_apart() {
        let root = Path::new("/srv/project");
        for place in [
            "https://git.example.com/acme.git",
            "git@git.example.com:acme.git",
            "file:///srv/acme.git",
        ] {
            assert!(Place::of(root, place) == Place::There(place.to_owned()), "{place}");
        }
        for place in ["../acme.git", "file:../acme.git"] {
            let here = Place::Here("/srv/project/../acme.git".into());
            assert!(Place::of(root, place) == here, "{place}");
        }
    }

    #[test]
    fn what_is_secret_in_an_address_is_not_shown() {
        for (address, shown) in [
            ("https://ann:secret@git.example.com/a.git", "https://git.example.com/a.git"),
            ("https://token@git.example.com/a@b.git", "https://git.example.com/a@b.git"),
            ("ssh://git:secret@git.example.com/a.git", "ssh://git@git.example.com/a.git"),
            ("git@git.example.com:a.git", "git@git.example.com:a.git"),
            ("file:///srv/a.git", "file:///srv/a.git"),
        ] {
            assert_eq!(public(address), shown);
        }
    }

    #[test]
    fn a_repository_is_where_the_configuration_says_else_hosted_else_where_connections_usually_lead()
     {
        let home = tempfile::tempdir().expect("a folder");
        let config = home.path().join("trunkline.yaml");
        let text = "version: 1\nproject: acme\nenvironments:\n  uat: { account: \"444455556666\", regions: \
                    [us-west-2], instance: acme }\nrepositories:\n  site: ../site\n  \"arn:a\": \
                    \"https://git.example.com/{repository}.git\"\n";
        std::fs::write(&config, text).expect("it can be written");
        let limits = Limits { silence: std::time::Duration::MAX, time: std::time::Duration::MAX };
        let mirrors = Mirrors::new(home.path(), &config, limits);
        let check = |name: &str, connection: Option<&str>, shown: Option<&str>| {
            let found = mirrors.place(name, connection.into_iter()).map(|place| place.shown());
            let shown = shown.map(|text| text.replace("HOME", &home.path().display().to_string()));
            assert_eq!(found, shown, "{name} {connection:?}");
        };
        check("site", None, Some("HOME/../site"));
        check("acme/web", Some("arn:a"), Some("https://git.example.com/acme/web.git"));
        check("acme/web", Some("arn:b"), Some("https://github.com/acme/web.git"));
        check("acme/web", None, None);
        check("web", None, Some("HOME/repositories/web.git"));
        check(".", None, Some("HOME"));
        let secret = text.replace("https://", "https://ann:secret@");
        std::fs::write(&config, secret).expect("it can be written");
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
        let file = std::fs::File::options().write(true).open(&config).expect("it is there");
        file.set_modified(later).expect("it can be touched");
        let found = mirrors.shown_as("https://git.example.com/acme/web.git");
        assert!(found == Place::There("https://ann:secret@git.example.com/acme/web.git".into()));
    }
}
