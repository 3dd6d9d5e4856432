//! What a server remembers, in SQLite: events, executions, deliveries, an index of artifacts.
//!
//! The only crate that names SQL. `engine` says in its ports what it needs; this implements them.
