//! The state store in a folder, for any number of processes of one machine; none of them ever waits for
//! another, so one that hangs or dies in the middle of a write blocks nobody.
//!
//! A file is written beside its place and then linked there, which fails where somebody was faster; so a
//! file is there whole or not at all. What replaces `lock.json` is `lock.json.next/NUMBER`, counted from 1:
//! the next number can be taken only once, and the highest number is what the key holds. Reading makes no
//! folder.

use futures_util::future::BoxFuture;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use trunkline_center::state::{Condition, Store, StoreError, Stored, version_of};

/// The end of the folder's name where a key's successors are.
const NEXT: &str = ".next";
/// Digits of a successor's number.
const DIGITS: usize = 12;

/// A folder on a disk.
pub(crate) struct FolderStore {
    root: PathBuf,
}

/// What a key holds: the number of its last successor, 0 for the file of its own name.
struct Held {
    number: u64,
    stored: Stored,
}

impl FolderStore {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The file of a key, or of one of its successors.
    fn path(&self, key: &str, number: u64) -> PathBuf {
        match number {
            0 => self.root.join(key),
            _ => self.root.join(format!("{key}{NEXT}/{number:0DIGITS$}")),
        }
    }

    /// The numbers that a key has, in no order.
    fn numbers(&self, key: &str) -> io::Result<Vec<u64>> {
        let mut numbers = match fs::read_dir(self.root.join(format!("{key}{NEXT}"))) {
            Ok(entries) => entries
                .map(|entry| Ok(entry?.file_name().to_str().and_then(|n| n.parse::<u64>().ok())))
                .filter_map(Result::transpose)
                .collect::<io::Result<Vec<u64>>>()?,
            Err(error) if is_absent(&error) => Vec::new(),
            Err(error) => return Err(error),
        };
        match self.path(key, 0).try_exists() {
            Ok(true) => numbers.push(0),
            Ok(false) => {}
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(numbers)
    }

    fn read(&self, key: &str) -> io::Result<Option<Held>> {
        loop {
            let Some(number) = self.numbers(key)?.into_iter().max() else { return Ok(None) };
            match fs::read(self.path(key, number)) {
                Ok(bytes) => {
                    let version = format!("{number}-{}", version_of(&bytes));
                    return Ok(Some(Held { number, stored: Stored { bytes, version } }));
                }
                // A successor came, and this one was cleared away.
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes on a condition; None where it does not hold.
    fn write(&self, key: &str, bytes: &[u8], on: &Condition) -> io::Result<Option<String>> {
        loop {
            let held = self.read(key)?;
            let number = match (on, &held) {
                (Condition::Absent, None) | (Condition::Always, None) => 0,
                (Condition::Is(version), Some(held)) if held.stored.version == *version => {
                    held.number + 1
                }
                (Condition::Always, Some(held)) => held.number + 1,
                _ => return Ok(None),
            };
            if self.place(key, number, bytes)? {
                return Ok(Some(format!("{number}-{}", version_of(bytes))));
            }
            if *on != Condition::Always {
                return Ok(None);
            }
        }
    }

    /// Puts bytes where nothing is yet; false where somebody was faster.
    fn place(&self, key: &str, number: u64, bytes: &[u8]) -> io::Result<bool> {
        let path = self.path(key, number);
        let folder = path.parent().unwrap_or(&self.root);
        make_folder(folder)?;
        let beside = folder.join(beside());
        let linked = File::create_new(&beside).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            match fs::hard_link(&beside, &path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
                linked => linked.map(|()| true),
            }
        });
        // That a file of no use stays behind is no failure.
        let _ = fs::remove_file(&beside);
        if !linked? {
            return Ok(false);
        }
        sync_folder(folder)?;
        self.is_last(key, number)
    }

    /// Clears away what came before. Whoever took a number that had been cleared away already sees a higher one:
    /// that one counted when he wrote, so his does not.
    fn is_last(&self, key: &str, number: u64) -> io::Result<bool> {
        let numbers = self.numbers(key)?;
        let last = numbers.iter().all(|n| *n <= number);
        let gone = |n: &&u64| if last { **n < number } else { **n == number };
        for number in numbers.iter().filter(gone) {
            match fs::remove_file(self.path(key, *number)) {
                Err(error) if !is_absent(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(last)
    }

    fn remove(&self, key: &str) -> io::Result<()> {
        let mut numbers = self.numbers(key)?;
        // The last one goes last, so that no earlier one comes to light.
        numbers.sort_unstable();
        for number in numbers {
            match fs::remove_file(self.path(key, number)) {
                Err(error) if !is_absent(&error) => return Err(error),
                _ => {}
            }
        }
        match fs::remove_dir(self.root.join(format!("{key}{NEXT}"))) {
            // Somebody else has just written there.
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {}
            Err(error) if !is_absent(&error) => return Err(error),
            _ => {}
        }
        // A folder in which something is, or comes to be right now, stays; that one of no use stays is no failure.
        let above = Path::new(key).ancestors().skip(1).map(|folder| self.root.join(folder));
        let _ = above.take_while(|f| *f != self.root).try_for_each(fs::remove_dir);
        Ok(())
    }

    fn keys(&self, prefix: &str) -> io::Result<Vec<String>> {
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut keys = Vec::new();
        self.collect(folder, &mut keys)?;
        keys.retain(|k| k.starts_with(prefix));
        keys.sort();
        keys.dedup();
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
            let within = |name: &str| match folder {
                "" => name.to_owned(),
                _ => format!("{folder}/{name}"),
            };
            match (entry.file_type()?.is_dir(), name.strip_suffix(NEXT)) {
                (true, Some(replaced)) => keys.push(within(replaced)),
                (true, None) => self.collect(&within(name), keys)?,
                (false, _) => keys.push(within(name)),
            }
        }
        Ok(())
    }
}

/// A name that nobody else uses, for a file on its way to its place.
fn beside() -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let now = crate::clock::now().as_nanosecond();
    format!(".{}-{number}-{now}.new", std::process::id())
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
        ready(self.read(key).map(|h| h.map(|h| h.stored)).map_err(|e| failed(key, &e)))
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

#[cfg(test)]
mod tests;
