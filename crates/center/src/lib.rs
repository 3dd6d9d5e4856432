//! The center: documents, kinds, references, snapshots, plans and applies.
//!
//! Reaches AWS only through [`Cloud`]. Never prints, never reads the clock, the environment or files.

mod cloud;

pub use cloud::{Answer, Call, CallError, CallErrorKind, Cloud};
