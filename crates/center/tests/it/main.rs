//! The center against the lab in memory.

mod contents;
mod harness;
mod settings;
