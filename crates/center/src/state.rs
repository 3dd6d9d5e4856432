//! The state store: what a project remembers of each target between applies.
//!
//! Names never depend on it. Without it drift, renames and rollback are lost, nothing else. `store` is
//! the port (a folder, S3, memory); `target` is what commands use; the other modules say what lies in it
//! and what it means. Nothing here has a clock: times are texts of who passes them in.

mod advance;
mod applied;
mod blobs;
mod ledger;
mod links;
mod lock;
mod problem;
mod run;
mod s3;
mod store;
mod stored_snapshot;
mod target;

pub use advance::{advance, advance_ledger, done_count, draft_count, settle, settle_ledger};
pub use applied::{Applied, AppliedResource, Baseline, NOTHING};
pub use ledger::Ledger;
pub use links::{Now, StoreJournal};
pub use lock::{
    HeldLock, Holder, Lock, SeenLock, Verdict, Watch, held as held_by, lost as lost_to,
};
pub use run::{RunEnd, RunHead, RunMeta, RunRecord, RunResult, TimedEvent};
pub use s3::S3Store;
pub use store::{Condition, Store, StoreError, Stored, version_of};
pub use target::{Remembered, TargetState};

/// The version of every stored form; one of another version is refused, never guessed at.
pub const STATE_VERSION: u32 = 1;
