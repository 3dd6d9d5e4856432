//! The data folder of a server, or of commands that work without one: where things lie in it, and its lock.
//!
//! One process changes a folder at a time; the lock goes with the process, however it ends. A server writes
//! `server.json`, by which commands find it.

use crate::clock;
use crate::state::process;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use trunkline_model::{Diagnostic, Report};
use trunkline_store::{Access, Store};

/// The folder beside `trunkline.yaml`, where no other is given.
const DEFAULT: &str = ".trunkline/serve";

/// A data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DataFolder {
    root: PathBuf,
}

/// The exclusive right to change a data folder, until it is dropped.
pub(crate) struct Lock {
    // Held for its lock.
    _file: File,
}

/// How a running server is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServerInfo {
    /// The version of this form, 1.
    pub(crate) version: u32,
    /// Where it listens, `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    /// The token of its API. The file can be read by its owner only.
    pub(crate) token: String,
    /// Its process.
    pub(crate) pid: u32,
    /// When it began.
    pub(crate) started: String,
}

/// Who holds a lock, for who finds it taken.
#[derive(Serialize, Deserialize)]
struct Holder {
    pid: u32,
    /// Which process of the machine, for whether it is there still.
    #[serde(default)]
    process: String,
    command: String,
    since: String,
}

/// How long a lock whose holder is gone is waited for. What the holder was starting has the lock until it has become
/// another program, and who looks whether the lock is free has it for a moment.
const FREE_SOON: Duration = Duration::from_secs(10);

impl DataFolder {
    /// The folder that was asked for, or the project's.
    pub(crate) fn of(project: &Path, given: Option<&Path>) -> Self {
        // Absolute, because actions run in other folders.
        let root = given.map_or_else(|| project.join(DEFAULT), Path::to_path_buf);
        Self { root: std::path::absolute(&root).unwrap_or(root) }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("trunkline.db")
    }

    /// Artifacts, as `SHA256.zip`.
    pub(crate) fn artifacts(&self) -> PathBuf {
        self.root.join("artifacts")
    }

    /// Logs, as `ACTION-EXECUTION.log`.
    pub(crate) fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// The log of an action execution; None where the id could lead elsewhere.
    pub(crate) fn log(&self, action_execution: &str) -> Option<PathBuf> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let good = !action_execution.is_empty()
            && !action_execution.starts_with('.')
            && action_execution.chars().all(plain);
        good.then(|| self.logs().join(format!("{action_execution}.log")))
    }

    /// Work folders of actions.
    pub(crate) fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    /// What build projects keep, each in a folder.
    pub(crate) fn caches(&self) -> PathBuf {
        self.root.join("cache")
    }

    /// What a build project keeps from build to build.
    pub(crate) fn cache(&self, project: &str) -> PathBuf {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        self.caches().join(project.replace(|c| !plain(c), "_"))
    }

    fn server_file(&self) -> PathBuf {
        self.root.join("server.json")
    }

    /// Makes the folder, takes its lock and opens its database. TL0883: another process has it.
    pub(crate) fn take(&self, command: &str) -> Result<(Lock, Store), Report> {
        let lock = self.lock(command)?;
        for folder in [self.artifacts(), self.logs(), self.work()] {
            private_folder(&folder).map_err(|e| self.unusable(&folder, &e))?;
        }
        Ok((lock, self.open(Access::Write)?))
    }

    /// Opens the database. TL0880 to TL0884.
    pub(crate) fn open(&self, access: Access) -> Result<Store, Report> {
        let path = self.database();
        Store::open(&path, access).map_err(|error| error.diagnostic(&path).report())
    }

    fn lock(&self, command: &str) -> Result<Lock, Report> {
        private_folder(&self.root).map_err(|e| self.unusable(&self.root, &e))?;
        let path = self.root.join("lock");
        let open =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(|e| self.unusable(&path, &e))?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {
                    let holder = holder(&mut file);
                    let is_gone = holder.as_ref().is_none_or(|h| process::is_gone(&h.process));
                    if !is_gone || began.elapsed() >= FREE_SOON {
                        // One that is gone is not who has it.
                        return Err(self.taken(holder.filter(|_| !is_gone)));
                    }
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::Error(error)) => return Err(self.unusable(&path, &error)),
            }
        }
        let (command, since) = (command.to_owned(), clock::stamp());
        let holder = Holder { pid: std::process::id(), process: process::own(), command, since };
        // Only for messages: where it cannot be written, the lock holds all the same.
        let text = serde_json::to_string(&holder).unwrap_or_default();
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()));
        // What a server that was killed has left does not lead anywhere.
        let _ = fs::remove_file(self.server_file());
        Ok(Lock { _file: file })
    }

    /// Whether another process holds the lock.
    pub(crate) fn is_taken(&self) -> bool {
        File::open(self.root.join("lock"))
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    fn taken(&self, holder: Option<Holder>) -> Report {
        let message = match holder {
            Some(h) => format!(
                "the data folder is in use by process {} (`trunkline {}`, since {})",
                h.pid, h.command, h.since
            ),
            None => "the data folder is in use by another process".to_owned(),
        };
        Diagnostic::error("TL0883", message)
            .in_file(self.root.display().to_string())
            .help("wait for it, or give another folder with `--data DIR`")
            .report()
    }

    /// What a server says of itself, where one has begun here and not ended.
    pub(crate) fn server(&self) -> Option<ServerInfo> {
        let text = fs::read_to_string(self.server_file()).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Tells commands where the server is. Only the owner may read it.
    pub(crate) fn announce(&self, server: &ServerInfo) -> Result<(), Report> {
        let path = self.server_file();
        let draft = self.root.join("server.json.new");
        let write = || {
            let _ = fs::remove_file(&draft);
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&draft)?;
            file.write_all(&serde_json::to_vec(server)?)?;
            fs::rename(&draft, &path)
        };
        write().map_err(|e| self.unusable(&path, &e))
    }

    /// The server has ended.
    pub(crate) fn retract(&self) {
        let _ = fs::remove_file(self.server_file());
    }

    fn unusable(&self, path: &Path, error: &std::io::Error) -> Report {
        let full = matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
        let code = if full { "TL0882" } else { "TL0884" };
        let message = format!("the data folder cannot be used: {error}");
        Diagnostic::error(code, message)
            .in_file(path.display().to_string())
            .help("check its permissions and the room on its disk")
            .report()
    }
}

/// Who wrote into the file of the lock last.
fn holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).ok()?;
    serde_json::from_str(&text).ok()
}

/// Makes a folder that only its owner may enter.
fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use trunkline_testkit::wait_until;

    #[test]
    fn a_folder_has_one_holder_at_a_time_and_tells_who() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataFolder::of(folder.path(), None);
        assert!(!data.is_taken());
        let (lock, _store) = data.take("serve").expect("it is free");
        assert!(data.is_taken());
        let refused = data.take("pipeline run").err().expect("it is taken");
        assert_eq!(refused.0[0].code, "TL0883");
        assert!(refused.0[0].message.contains("`trunkline serve`"), "{refused}");
        drop(lock);
        is_free(&data);
        data.take("pipeline run").expect("it is free again");
    }

    /// What another test starts at this moment has the files of this one until it has become another program.
    fn is_free(data: &DataFolder) {
        wait_until("the lock is free", FREE_SOON, || (!data.is_taken()).then_some(()));
    }

    /// How often this process has opened a file.
    fn times_open(path: &Path) -> usize {
        let files = fs::read_dir("/proc/self/fd").expect("a folder");
        files.flatten().filter(|f| fs::read_link(f.path()).is_ok_and(|to| to == path)).count()
    }

    #[test]
    fn what_a_holder_that_is_gone_was_starting_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataFolder::of(folder.path(), None);
        drop(data.take("serve").expect("it is free"));
        is_free(&data);
        let path = data.root().join("lock");
        let text = fs::read_to_string(&path).expect("it is written");
        let gone = text.replace(&process::own(), &format!("{}0", process::own()));
        fs::write(&path, gone).expect("it is ours");
        let file = File::open(&path).expect("it is there");
        file.try_lock().expect("it is free");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let waits = || (times_open(&path) == 2).then_some(());
                wait_until("somebody else has opened it", FREE_SOON, waits);
                drop(file);
            });
            data.take("serve").expect("it is free soon");
        });
    }

    #[test]
    fn a_server_is_found_until_it_ends_or_another_process_takes_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataFolder::of(folder.path(), Some(&folder.path().join("data")));
        let (lock, _store) = data.take("serve").expect("it is free");
        let info = ServerInfo {
            version: 1,
            url: "http://127.0.0.1:7".to_owned(),
            token: "t".to_owned(),
            pid: 1,
            started: String::new(),
        };
        data.announce(&info).expect("it can be written");
        assert_eq!(data.server(), Some(info));
        drop(lock);
        is_free(&data);
        let _lock = data.take("serve").expect("it is free again");
        assert_eq!(data.server(), None);
    }

    #[test]
    fn the_log_of_an_action_lies_in_the_folder_of_logs() {
        let data = DataFolder::of(Path::new("/project"), None);
        assert_eq!(data.log("a-1"), Some(PathBuf::from("/project/.trunkline/serve/logs/a-1.log")));
        for id in ["", "..", "../x", "a/b", ".hidden", "a\\b"] {
            assert_eq!(data.log(id), None, "{id}");
        }
    }
}
