//! The state store in a folder: one file a key.
//!
//! Writers of one part of the store (a target, the blobs) take turns by a file that the system unlocks
//! when a process ends, however it ends. A file is written beside its place and renamed, so that readers,
//! who take no turn, see it whole or not at all. Reading makes no folder.

use futures_util::future::BoxFuture;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use trunkline_center::state::{Condition, Store, StoreError, Stored, version_of};

/// The file by which writers take turns.
const TURN: &str = ".turn";
/// How long somebody else's turn may take; it is one small write.
const PATIENCE: Duration = Duration::from_secs(10);

/// A folder on a disk, for any number of processes of one machine.
pub(crate) struct FolderStore {
    root: PathBuf,
}

impl FolderStore {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn read(&self, key: &str) -> io::Result<Option<Stored>> {
        match fs::read(self.root.join(key)) {
            Ok(bytes) => {
                let version = version_of(&bytes);
                Ok(Some(Stored { bytes, version }))
            }
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits for this process's turn to write where a key belongs; the file gives it back when it is closed.
    fn turn(&self, key: &str) -> io::Result<File> {
        let part = key.split('/').next().unwrap_or_default();
        let folder = self.root.join(part);
        make_folder(&folder)?;
        let file =
            File::options().create(true).truncate(false).write(true).open(folder.join(TURN))?;
        let end = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if Instant::now() >= end => {
                    let why = format!("another process has been writing for {PATIENCE:?}");
                    return Err(io::Error::new(ErrorKind::TimedOut, why));
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    fn write(&self, key: &str, bytes: &[u8], condition: &Condition) -> io::Result<Option<String>> {
        let _turn = self.turn(key)?;
        let there = self.read(key)?;
        let holds = match condition {
            Condition::Always => true,
            Condition::Absent => there.is_none(),
            Condition::Is(version) => there.is_some_and(|t| t.version == *version),
        };
        if !holds {
            return Ok(None);
        }
        let path = self.root.join(key);
        let folder = path.parent().unwrap_or(&self.root);
        make_folder(folder)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Only who has the turn writes here, so what an earlier crash left is of no use to anybody.
        let beside = folder.join(format!(".{name}.new"));
        let written = File::create(&beside).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&beside, &path)
        });
        if let Err(error) = written {
            // That half of a file stays behind is no second failure.
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
        sync_folder(folder)?;
        Ok(Some(version_of(bytes)))
    }

    fn remove(&self, key: &str) -> io::Result<()> {
        if !self.root.join(key).exists() {
            return Ok(());
        }
        let _turn = self.turn(key)?;
        match fs::remove_file(self.root.join(key)) {
            Err(error) if !is_absent(&error) => Err(error),
            _ => Ok(()),
        }
    }

    fn keys(&self, prefix: &str) -> io::Result<Vec<String>> {
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut keys = Vec::new();
        self.collect(folder, &mut keys)?;
        keys.retain(|k| k.starts_with(prefix));
        keys.sort();
        Ok(keys)
    }

    fn collect(&self, folder: &str, keys: &mut Vec<String>) -> io::Result<()> {
        let entries = match fs::read_dir(self.root.join(folder)) {
            Ok(entries) => entries,
            Err(error) if is_absent(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|n| !n.starts_with('.')) else { continue };
            let key = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            if entry.file_type()?.is_dir() { self.collect(&key, keys)? } else { keys.push(key) }
        }
        Ok(())
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Makes a folder and those above it, so that they are there after a power failure as well.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    folder.ancestors().skip(1).take(3).filter(|f| f.is_dir()).try_for_each(sync_folder)
}

/// Makes the names in a folder durable, where the system can.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn failed(key: &str, error: &io::Error) -> StoreError {
    StoreError::Failed { key: key.to_owned(), reason: error.to_string() }
}

fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Store for FolderStore {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Stored>, StoreError>> {
        ready(self.read(key).map_err(|e| failed(key, &e)))
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
        condition: Condition,
    ) -> BoxFuture<'a, Result<String, StoreError>> {
        let written = self.write(key, &bytes, &condition).map_err(|e| failed(key, &e));
        ready(written.and_then(|w| w.ok_or_else(|| StoreError::Changed(key.to_owned()))))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        ready(self.remove(key).map_err(|e| failed(key, &e)))
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        ready(self.keys(prefix).map_err(|e| failed(prefix, &e)))
    }

    fn place(&self) -> String {
        self.root.display().to_string()
    }
}
