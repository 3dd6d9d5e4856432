//! What a process that ended leaves behind: builds and git that still run, work folders, and locks of git.
//!
//! Only for who holds the lock of the data folder, while no action of it is under way: when a hub is made, and
//! when it has ended its executors.

use super::folder::DataFolder;
use crate::clock;
use std::path::Path;
use std::sync::OnceLock;
use trunkline_build::environment::MARKER;
use trunkline_store::{Running, Store};

/// The variable, and its value, that this process gives to git, as builds have one: by it whoever comes after this
/// process finds what is left.
pub(crate) fn mark() -> (&'static str, &'static str) {
    static MINE: OnceLock<String> = OnceLock::new();
    (MARKER, MINE.get_or_init(|| format!("{OWN}{}", uuid::Uuid::new_v4())))
}

/// How the marks of processes of this program begin, other than those of builds.
const OWN: &str = "process-";

/// Clears away what earlier processes left, and puts this one on record.
pub(super) fn begin(store: &Store, folder: &DataFolder) {
    end(store, folder);
    trunkline_build::cache::clear(&folder.caches());
    // Git that was killed while it changed a reference leaves that locked for ever. Nothing of it runs any more.
    for repositories in ["repositories", "mirrors"] {
        for repository in entries(&folder.root().join(repositories)) {
            unlock(&repository);
        }
    }
    let own = Running { run: mark().1.to_owned(), at: clock::now() };
    // Without a record, what this process leaves ends by itself, later.
    let _ = store.process_started(&own);
}

/// Ends what still runs of builds and of git, and removes work folders. What cannot be ended or removed now stays
/// for the next time; nothing waits for it, as each start of an action has an id and a folder of its own.
pub(super) fn end(store: &Store, folder: &DataFolder) {
    let running = store.processes().unwrap_or_default();
    for one in &running {
        trunkline_build::leftovers(&one.run);
    }
    let builds = running.iter().map(|one| one.run.clone());
    let builds: Vec<String> = builds.filter(|run| !run.starts_with(OWN)).collect();
    trunkline_build::containers_left(&crate::context::variables(), &builds);
    for one in &running {
        let _ = store.process_ended(&one.run);
    }
    let left = entries(&folder.work());
    if !left.is_empty() {
        // They may be large, and the start does not wait for them.
        std::thread::spawn(move || {
            for path in left {
                let _ = std::fs::remove_dir_all(path);
            }
        });
    }
}

/// Removes the locks of a bare repository's references and of its own files.
fn unlock(repository: &Path) {
    for path in entries(repository) {
        if path.extension().is_some_and(|ending| ending == "lock") {
            let _ = std::fs::remove_file(path);
        }
    }
    let mut folders = vec![repository.join("refs")];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "lock") {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

/// What lies in a folder; nothing where it cannot be read.
fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    let found = std::fs::read_dir(folder).into_iter().flatten().flatten();
    found.map(|entry| entry.path()).collect()
}
