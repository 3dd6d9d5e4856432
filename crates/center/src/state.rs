//! The state store: what a project remembers of each target between applies.
//!
//! Names never depend on it. Without it drift, renames and rollback are lost, nothing else. `store` is
//! the port (a folder, S3, memory); the other modules say what lies in it and what it means.

mod applied;
mod ledger;
mod store;

pub use applied::{Applied, AppliedResource, Baseline, NOTHING};
pub use ledger::Ledger;
pub use store::{Condition, Store, StoreError, Stored};

/// The version of every stored form; one of another version is refused, never guessed at.
pub const STATE_VERSION: u32 = 1;
