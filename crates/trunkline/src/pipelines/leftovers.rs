//! What builds of a process that ended leave behind: processes that still run, and work folders.
//!
//! Only for who holds the lock of the data folder, while no action of it is under way: when a hub is made, and
//! when it has ended its executors.

use super::folder::DataFolder;
use trunkline_store::Store;

/// Ends what still runs of builds, and removes work folders. What cannot be ended or removed now stays on record
/// for the next time; nothing waits for it, as each start of an action has an id and a folder of its own.
pub(super) fn end(store: &Store, folder: &DataFolder) {
    for running in store.processes().unwrap_or_default() {
        trunkline_build::leftovers(&running.run);
        let _ = store.process_ended(&running.run);
    }
    let left: Vec<_> = std::fs::read_dir(folder.work())
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    if !left.is_empty() {
        // They may be large, and the start does not wait for them.
        std::thread::spawn(move || {
            for path in left {
                let _ = std::fs::remove_dir_all(path);
            }
        });
    }
}
