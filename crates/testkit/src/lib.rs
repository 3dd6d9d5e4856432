//! What tests share, and nothing else uses: hermetic homes, labs over HTTP and in memory, faults, waiting.
//!
//! Only a crate's integration tests (`tests/*.rs`) can use it where that crate is one of those that this
//! one builds on: a unit test would see two different copies of the crate. Helpers panic with what they
//! were doing, because a test has nobody to return an error to.

pub mod documents;
mod home;
mod lab_server;
mod memory_cloud;
mod memory_store;
mod oracle;
mod program;
mod proxy;
pub mod seed;
mod wait;

pub use home::Home;
pub use lab_server::LabServer;
pub use memory_cloud::{Blow, MemoryCloud, Seen};
pub use memory_store::{MemoryStore, Mishap};
pub use oracle::Oracle;
pub use program::Ran;
pub use proxy::{Class, Proxy, Strike};
pub use wait::{runs, wait_until};
