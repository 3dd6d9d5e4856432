//! What a server remembers, in SQLite: events, executions, deliveries, releases.
//!
//! The only crate that names SQL. `engine` says in its ports what it needs; this implements them. A write
//! is durable when its method returns. Several processes may read one file; the lock of the data folder,
//! which the binary holds, sees to it that only one writes.

mod changes;
mod connection;
mod deliveries;
mod error;
mod heads;
mod log;
mod notices;
mod processes;
mod releases;

pub use changes::{Changes, Pending};
pub use connection::{Access, Store};
pub use deliveries::Delivery;
pub use error::{Error, Result};
pub use heads::Head;
pub use notices::Kept;
pub use processes::Running;
pub use releases::Release;
