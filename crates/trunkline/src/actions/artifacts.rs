//! The folder of artifacts: zips named by the SHA-256 of their bytes, and references to clones by that of their text.
//!
//! On the disk before anybody is told of them, and looked at again when they are read. Under a key, files are
//! sealed; the name is always that of the clear bytes. What an artifact is, its ending says, which only the action that
//! made it chose: no content of a repository or a build does.

mod expiry;

pub(super) use expiry::keep_clearing;

use serde_json::{Value, json};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use trunkline_build::artifacts::is_sealed;
use trunkline_build::{Key, UnpackError, UnpackLimits, unpack, unpack_bytes};
use trunkline_center::state::version_of;
use trunkline_engine::ArtifactRef;
use trunkline_model::{Diagnostic, Report};

/// Tells files apart that are written at the same time.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// An artifact up to this size stays in memory until the next one: most often it is unpacked at once.
const RECENT_BYTES: usize = 1 << 20;

/// Endings of files: of zips, and of references to clones.
const ZIP: &str = "zip";
const CLONE: &str = "clone";

/// What a build gets instead of files: the address of a repository, a commit, and its branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clone {
    pub(super) repository: String,
    pub(super) commit: String,
    pub(super) branch: String,
}

/// What an artifact turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Files, which were unpacked, without these links: they lead out of the folder.
    Files(Vec<String>),
    /// A clone, which is still to be made.
    Clone(Clone),
}

/// An id, and the bytes that it stands for.
type Recent = (String, Arc<[u8]>);

/// Where artifacts lie.
pub(super) struct ArtifactFolder {
    folder: PathBuf,
    /// Seals them.
    key: Option<Key>,
    /// The zip that was put last, as it is in clear.
    recent: Mutex<Option<Recent>>,
    /// Those that could not be opened or are others than their names say, until they are made again.
    doubted: Mutex<HashSet<String>>,
}

/// Whether a file is there in that length. It then counts as new: who asks will name it soon, where the removal of old
/// ones sees it. For who holds `doubted`, as the removal does.
fn take(path: &Path, length: u64) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let whole = file.metadata().is_ok_and(|there| there.len() == length);
    if whole {
        let _ = file.set_modified(SystemTime::now());
    }
    whole
}

impl ArtifactFolder {
    pub(super) fn new(folder: PathBuf, key: Option<Key>) -> Self {
        Self { folder, key, recent: Mutex::default(), doubted: Mutex::default() }
    }

    /// What seals artifacts; builds that make some need it.
    pub(super) fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    fn path(&self, id: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{id}.{ending}"))
    }

    /// Whether an artifact of that many bytes is there, in full length, and nobody found it wrong.
    pub(super) fn has(&self, id: &str, size: u64) -> bool {
        let length = self.key.as_ref().map_or(size, |_| Key::sealed_size(size));
        let doubted = held(&self.doubted);
        let taken = |ending| take(&self.path(id, ending), length);
        !doubted.contains(id) && (taken(ZIP) || taken(CLONE))
    }

    /// Keeps a zip; gives its id and size. A large one is written, and waited for, where no other action is kept from
    /// going on.
    pub(super) async fn put(self: &Arc<Self>, zip: Vec<u8>) -> Result<(String, u64), Report> {
        if zip.len() > RECENT_BYTES {
            let this = self.clone();
            return aside(move || this.keep(&zip, ZIP)).await;
        }
        let (id, size) = self.keep(&zip, ZIP)?;
        *held(&self.recent) = Some((id.clone(), Arc::from(zip)));
        Ok((id, size))
    }

    /// Keeps a reference to a clone; gives its id and size.
    pub(super) fn put_clone(&self, clone: &Clone) -> Result<(String, u64), Report> {
        let Clone { repository, commit, branch } = clone;
        let text = json!({ "repository": repository, "commit": commit, "branch": branch });
        self.keep(text.to_string().as_bytes(), CLONE)
    }

    fn keep(&self, bytes: &[u8], ending: &str) -> Result<(String, u64), Report> {
        let id = version_of(bytes);
        let path = self.path(&id, ending);
        let kept = match &self.key {
            Some(key) => key.sealed(bytes, &id).and_then(|sealed| self.write(&path, &sealed)),
            None => self.write(&path, bytes),
        };
        kept.map_err(|error| failed(&path, &error))?;
        held(&self.doubted).remove(&id);
        Ok((id, u64::try_from(bytes.len()).unwrap_or(u64::MAX)))
    }

    /// Writes a file so that it outlasts a power failure, unless it is there with these bytes. What was torn or
    /// changed is written anew.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let length = bytes.len() as u64;
        let taken = {
            let _one = held(&self.doubted);
            take(path, length)
        };
        let same = taken && fs::read(path).is_ok_and(|there| there == bytes);
        if !same {
            let draft = self.draft();
            let written = File::create(&draft)
                .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
                .and_then(|()| fs::rename(&draft, path));
            if let Err(error) = written {
                let _ = fs::remove_file(&draft);
                return Err(error);
            }
        }
        // Also where it was there: who wrote it may not have come to this.
        File::open(&self.folder)?.sync_all()
    }

    /// Takes over a zip that was made elsewhere on this disk, sealed if there is a key. One of that id makes way: it
    /// may be torn.
    pub(super) async fn adopt(self: &Arc<Self>, id: &str, file: &Path) -> Result<(), Report> {
        let (this, id, file) = (self.clone(), id.to_owned(), file.to_owned());
        aside(move || {
            let path = this.path(&id, ZIP);
            let moved = File::open(&file).and_then(|file| file.sync_all());
            let moved = moved.and_then(|()| match fs::rename(&file, &path) {
                Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                    let draft = this.draft();
                    fs::copy(&file, &draft)?;
                    File::open(&draft)?.sync_all()?;
                    fs::rename(&draft, &path)
                }
                moved => moved,
            });
            let lasting = moved.and_then(|()| File::open(&this.folder)?.sync_all());
            held(&this.doubted).remove(&id);
            lasting.map_err(|error| failed(&path, &error))
        })
        .await
    }

    fn draft(&self) -> PathBuf {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        self.folder.join(format!(".{}-{number}.new", std::process::id()))
    }

    /// Unpacks an artifact into a folder. TL0719: it is gone, or not what it was. TL0855: it must not be unpacked.
    /// TL0857: it is sealed with another key.
    pub(super) fn unpack(&self, artifact: &ArtifactRef, folder: &Path) -> Result<Content, Report> {
        let (id, limits) = (artifact.id.as_str(), UnpackLimits::default());
        let recent = held(&self.recent).clone();
        let wrong = |found: UnpackError| {
            if let UnpackError::Damaged { .. } | UnpackError::Sealed(_) = found {
                // Its source makes it again.
                held(&self.doubted).insert(id.to_owned());
            }
            let gone = matches!(found, UnpackError::Io(_)) && !self.path(id, ZIP).exists();
            unusable(artifact, if gone { GONE.to_owned() } else { found.to_string() }, &found)
        };
        let unpacked = match recent.filter(|(recent, _)| recent == id) {
            Some((_, zip)) => unpack_bytes(&zip, folder, limits),
            None => {
                let path = self.path(id, ZIP);
                match self.clone_of(id).filter(|_| !path.exists()) {
                    Some(clone) => return clone.map(Content::Clone).map_err(wrong),
                    None => unpack(&path, folder, Some(id), self.key.as_ref(), limits),
                }
            }
        };
        unpacked.map(|done| Content::Files(done.left_out)).map_err(wrong)
    }

    /// The reference of an id; None if there is none.
    fn clone_of(&self, id: &str) -> Option<Result<Clone, UnpackError>> {
        let bytes = fs::read(self.path(id, CLONE)).ok()?;
        let clear = match (&self.key, is_sealed(&bytes)) {
            (_, false) => Ok(bytes),
            (Some(key), true) => {
                key.opened(&bytes).map_err(|error| UnpackError::Sealed(error.to_string()))
            }
            (None, true) => Err(UnpackError::Sealed("no key was given".to_owned())),
        };
        Some(clear.and_then(|bytes| {
            let found = version_of(&bytes);
            if found != id {
                return Err(UnpackError::Damaged { wanted: id.to_owned(), found });
            }
            let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
            let (repository, commit, branch) = (text("repository"), text("commit"), text("branch"));
            Ok(Clone { repository, commit, branch })
        }))
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does work with files on a thread that may wait. TL0902.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Report> + Send + 'static,
) -> Result<T, Report> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        let message = format!("work with an artifact broke off: {error}");
        Err(Diagnostic::error("TL0902", message).report())
    })
}

fn failed(path: &Path, error: &io::Error) -> Report {
    crate::files::failed(&path.display().to_string(), error)
}

/// Why an artifact cannot be used that is not there.
const GONE: &str = "it is not kept any more (`artifactDays` of server.yaml says for how long), or somebody removed it";

fn unusable(artifact: &ArtifactRef, why: String, found: &UnpackError) -> Report {
    let own = found.diagnostic();
    let (code, help) = match found {
        UnpackError::Sealed(_) | UnpackError::Unsafe(..) | UnpackError::TooLarge(_) => {
            (own.code.as_str(), own.help.clone())
        }
        _ => {
            ("TL0719", Some("start the pipeline anew: its sources make the artifact again".into()))
        }
    };
    let told = Diagnostic::error(code, format!("the artifact `{}` cannot be used", artifact.name))
        .because(why);
    help.into_iter().fold(told, Diagnostic::help).report()
}

#[cfg(test)]
mod tests {
    use super::super::builds::zip_of;
    use super::*;

    fn folder(key: Option<Key>) -> (tempfile::TempDir, Arc<ArtifactFolder>) {
        let home = tempfile::tempdir().unwrap();
        let folder = ArtifactFolder::new(home.path().to_path_buf(), key);
        (home, Arc::new(folder))
    }

    #[tokio::test]
    async fn a_file_that_is_torn_or_changed_is_written_anew() {
        let (home, folder) = folder(None);
        let bytes = b"what an artifact holds";
        let (id, size) = folder.put(bytes.to_vec()).await.unwrap();
        let path = home.path().join(format!("{id}.zip"));
        for torn in [&b""[..], b"what an art", b"WHAT an artifact holds"] {
            fs::write(&path, torn).unwrap();
            assert_eq!(folder.has(&id, size), torn.len() == bytes.len());
            assert_eq!(folder.put(bytes.to_vec()).await.unwrap(), (id.clone(), size));
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
        // The same for what a build made.
        fs::write(&path, "torn").unwrap();
        let made = home.path().join("made");
        fs::write(&made, bytes).unwrap();
        folder.adopt(&id, &made).await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "no draft stays");
    }

    #[tokio::test]
    async fn a_large_zip_is_kept_as_a_small_one_is() {
        let (home, folder) = folder(None);
        for length in [10, RECENT_BYTES + 1] {
            let zip = vec![7; length];
            let (id, size) = folder.put(zip.clone()).await.unwrap();
            assert_eq!((&*id, size), (&*version_of(&zip), length as u64));
            let path = folder.path(&id, ZIP);
            assert_eq!(fs::read(&path).unwrap(), zip);
            fs::rename(&path, home.path().join("made")).unwrap();
            folder.adopt(&id, &home.path().join("made")).await.unwrap();
            assert!(folder.has(&id, size));
            assert!(folder.adopt(&id, &home.path().join("made")).await.is_err());
        }
    }

    #[tokio::test]
    async fn what_was_found_damaged_at_its_right_length_counts_as_gone_until_it_is_made_again() {
        for (key, code) in [(None, "TL0719"), (Key::parse(&"ab".repeat(32)), "TL0857")] {
            let (home, folder) = folder(key);
            let zip = zip_of(&[("page", b"a page")]).unwrap();
            let (id, size) = folder.put(zip.clone()).await.unwrap();
            *held(&folder.recent) = None;
            let artifact = ArtifactRef { name: "App".into(), id, size, revision: None };
            let path = folder.path(&artifact.id, ZIP);
            let whole = fs::read(&path).unwrap();
            let mut other = whole.clone();
            *other.last_mut().unwrap() ^= 1;
            fs::write(&path, other).unwrap();
            assert!(folder.has(&artifact.id, size), "nobody has read it");
            let refused = folder.unpack(&artifact, &home.path().join("one")).unwrap_err();
            assert_eq!(refused.0[0].code, code);
            assert!(!folder.has(&artifact.id, size), "{code}");
            folder.put(zip).await.unwrap();
            assert!(folder.has(&artifact.id, size) && fs::read(&path).unwrap() == whole);
            *held(&folder.recent) = None;
            folder.unpack(&artifact, &home.path().join("two")).unwrap();
        }
    }
}
