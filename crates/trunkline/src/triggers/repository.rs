//! Git, as triggers use it: references, what changed between two commits, and fetching into a mirror.
//!
//! Each call is one process of git, so callers ask for no more than they need.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;
use trunkline_model::{Diagnostic, Report};

/// Attributes that win over those of a commit, as source actions want them in a mirror.
const ATTRIBUTES: &str = "* -export-ignore -export-subst\n";

/// A bare repository.
#[derive(Clone, Debug)]
pub(super) struct Repository {
    folder: PathBuf,
}

/// The variables of the server that git gets: where programs and the person's own settings (credential helpers, keys,
/// proxies) are. None that points git at another repository.
pub(crate) fn git_environment() -> Vec<(String, String)> {
    const KEPT: &[&str] = &[
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "TMPDIR",
        "XDG_CONFIG_HOME",
        "SSH_AUTH_SOCK",
        "GIT_SSH_COMMAND",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "GIT_EXEC_PATH",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "HTTPS_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "GIT_SSL_CAINFO",
        "LD_LIBRARY_PATH",
    ];
    let found =
        KEPT.iter().filter_map(|name| Some(((*name).to_owned(), crate::context::variable(name)?)));
    // Nobody is there to be asked for a password.
    let own = [("GIT_TERMINAL_PROMPT", "0"), crate::pipelines::leftovers::mark()];
    found.chain(own.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}

impl Repository {
    /// The repository in a folder.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Makes it where it is not there. Returns whether it was made.
    pub(super) async fn ensure(&self) -> Result<bool, String> {
        if self.folder.join("HEAD").is_file() {
            return Ok(false);
        }
        std::fs::create_dir_all(&self.folder).map_err(|error| error.to_string())?;
        // Without a template: nobody's hooks run here.
        let branch = "--initial-branch=main";
        self.run(&["init", "--quiet", "--bare", "--template=", branch, "."]).await?;
        let attributes = self.folder.join("info");
        std::fs::create_dir_all(&attributes)
            .and_then(|()| std::fs::write(attributes.join("attributes"), ATTRIBUTES))
            .map_err(|error| error.to_string())?;
        Ok(true)
    }

    /// Branches and tags, with what they point to.
    pub(super) async fn refs(&self) -> Result<BTreeMap<String, String>, String> {
        // A process takes longer than everything else between a push and its execution.
        if let Some(refs) = refs_in_files(&self.folder) {
            return Ok(refs);
        }
        let format = "--format=%(objectname) %(refname)";
        let out = self.run(&["for-each-ref", format, "refs/heads", "refs/tags"]).await?;
        let pairs = out.lines().filter_map(|line| line.split_once(' '));
        Ok(pairs.map(|(object, name)| (name.to_owned(), object.to_owned())).collect())
    }

    /// The commit that a name or an object, perhaps a tag, stands for.
    pub(super) async fn commit(&self, name: &str) -> Option<String> {
        let name = format!("{name}^{{commit}}");
        let out = self.run(&["rev-parse", "--quiet", "--verify", "--end-of-options", &name]).await;
        out.ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The branch that a new branch is compared with: HEAD's, else main or master.
    pub(super) async fn default_branch(&self, refs: &BTreeMap<String, String>) -> Option<String> {
        let head = self.run(&["symbolic-ref", "--quiet", "HEAD"]).await.unwrap_or_default();
        let known = [head.trim(), "refs/heads/main", "refs/heads/master"];
        known.into_iter().find(|name| refs.contains_key(*name)).map(str::to_owned)
    }

    /// The best common ancestor of two commits.
    pub(super) async fn merge_base(&self, one: &str, other: &str) -> Option<String> {
        let out = self.run(&["merge-base", one, other]).await.ok()?;
        out.lines().next().map(str::to_owned)
    }

    /// The files that differ between two commits; both names of a renamed one.
    pub(super) async fn diff(&self, before: &str, after: &str) -> Result<Vec<String>, String> {
        let all =
            ["diff", "--name-only", "--no-renames", "-z", "--end-of-options", before, after, "--"];
        let out = self.run(&all).await?;
        Ok(out.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
    }

    /// All files of a commit.
    pub(super) async fn files(&self, commit: &str) -> Result<Vec<String>, String> {
        let out = self.run(&["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit]).await?;
        Ok(out.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
    }

    /// Brings branches and tags to what the remote has. TL0894: it cannot be had.
    pub(super) async fn fetch(&self, name: &str, url: &str) -> Result<(), Report> {
        let failed = |why: String| {
            Diagnostic::error("TL0894", format!("`{name}` cannot be fetched from {}", public(url)))
                .because(why)
                .help(format!("try `git ls-remote {}` as the user of the server", public(url)))
                .report()
        };
        self.ensure().await.map_err(failed)?;
        let refs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
        let arguments = ["fetch", "--quiet", "--prune", "--no-auto-gc", "--", url];
        self.run(&[&arguments[..], &refs].concat()).await.map(drop).map_err(failed)
    }

    /// Fetches one reference of the remote; returns its commit.
    pub(super) async fn fetch_one(&self, url: &str, from: &str, to: &str) -> Option<String> {
        let pair = format!("+{from}:{to}");
        self.run(&["fetch", "--quiet", "--no-auto-gc", "--", url, &pair]).await.ok()?;
        self.commit(to).await
    }

    async fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.folder).args(arguments);
        command.env_clear().envs(git_environment()).env("GIT_DIR", &self.folder);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.map_err(|e| format!("git cannot be started: {e}"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let line = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it failed");
        Err(format!("git {}: {}", arguments.first().unwrap_or(&""), line.trim()))
    }
}

/// Branches and tags of a bare repository whose references are files: those that stand alone, which win, and then
/// (git adds to that file before it removes them) `packed-refs`. None where only git can tell.
fn refs_in_files(folder: &Path) -> Option<BTreeMap<String, String>> {
    let plain = is_there(folder) && folder.join("objects").is_dir();
    if !plain || folder.join("reftable").exists() || folder.join("commondir").exists() {
        return None;
    }
    let mut refs = BTreeMap::new();
    for kind in ["refs/heads", "refs/tags"] {
        refs_below(folder, kind, &mut refs)?;
    }
    let packed = match std::fs::read_to_string(folder.join("packed-refs")) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Some(refs),
        packed => packed.ok()?,
    };
    for line in packed.lines().filter(|line| !line.starts_with(['#', '^'])) {
        let (object, name) = line.split_once(' ')?;
        if name.starts_with("refs/heads/") || name.starts_with("refs/tags/") {
            refs.entry(name.to_owned()).or_insert_with(|| object.to_owned());
        }
    }
    refs.values().all(|object| is_object(object)).then_some(refs)
}

/// Adds the references whose files lie below a name. None where one is not what an ordinary one is.
fn refs_below(folder: &Path, name: &str, refs: &mut BTreeMap<String, String>) -> Option<()> {
    let entries = match std::fs::read_dir(folder.join(name)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Some(()),
        entries => entries.ok()?,
    };
    for entry in entries {
        let entry = entry.ok()?;
        let name = format!("{name}/{}", entry.file_name().to_str()?);
        if entry.file_type().ok()?.is_dir() {
            refs_below(folder, &name, refs)?;
        } else if !name.ends_with(".lock") {
            match std::fs::read_to_string(entry.path()) {
                // Deleted, or packed, since the folder was read.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                text => {
                    let object = text.ok()?.trim().to_owned();
                    is_object(&object).then(|| refs.insert(name, object))?;
                }
            }
        }
    }
    Some(())
}

fn is_object(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// An address without a password.
pub(crate) fn public(url: &str) -> String {
    match url.split_once("://").map(|(scheme, rest)| (scheme, rest, rest.find('/'))) {
        Some((scheme, rest, slash)) => {
            let (host, path) = rest.split_at(slash.unwrap_or(rest.len()));
            format!("{scheme}://{}{path}", host.rsplit_once('@').map_or(host, |(_, host)| host))
        }
        None => url.to_owned(),
    }
}

/// Whether a folder holds a repository.
pub(super) fn is_there(folder: &Path) -> bool {
    folder.join("HEAD").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn references_read_from_files_are_those_that_git_tells() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let git = Repository::new(folder.path().join("a.git"));
        git.ensure().await.expect("git is there");
        assert_eq!(refs_in_files(&git.folder), Some(BTreeMap::new()));
        let tree = git.run(&["mktree"]).await.expect("an empty tree");
        let commit = |message: &'static str| {
            let (git, tree) = (git.clone(), tree.trim().to_owned());
            async move {
                let name = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
                let words = [&name[..], &["commit-tree", "-m", message, &tree]].concat();
                git.run(&words).await.expect("a commit").trim().to_owned()
            }
        };
        let (one, two) = (commit("one").await, commit("two").await);
        let point = async |name: &str, to: &str| {
            git.run(&["update-ref", name, to]).await.expect("it points there");
        };
        let check = async || {
            let format = "--format=%(refname) %(objectname)";
            let told = git.run(&["for-each-ref", format, "refs/heads", "refs/tags"]).await;
            let read = refs_in_files(&git.folder).expect("they are files");
            let read: Vec<String> = read.iter().map(|(name, to)| format!("{name} {to}")).collect();
            assert_eq!(read, told.expect("git tells").lines().collect::<Vec<_>>());
        };
        point("refs/heads/main", &one).await;
        point("refs/heads/feature/a", &one).await;
        point("refs/tags/v1", &one).await;
        point("refs/notes/other", &one).await;
        check().await;
        git.run(&["pack-refs", "--all"]).await.expect("they can be packed");
        check().await;
        point("refs/heads/main", &two).await;
        git.run(&["update-ref", "-d", "refs/tags/v1"]).await.expect("it goes");
        check().await;
        git.run(&["symbolic-ref", "refs/heads/alias", "refs/heads/main"]).await.expect("an alias");
        assert_eq!(refs_in_files(&git.folder), None, "git is asked");
    }
}
