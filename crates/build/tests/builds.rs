//! Builds with real processes: what they do, what they leave, and what ends them.

#![allow(clippy::unwrap_used)]

#[path = "builds/artifacts.rs"]
mod artifacts;
#[path = "builds/harness.rs"]
mod harness;
#[path = "builds/limits.rs"]
mod limits;
#[path = "builds/phases.rs"]
mod phases;
#[path = "builds/sandboxes.rs"]
mod sandboxes;
#[path = "builds/secrets.rs"]
mod secrets;
#[path = "builds/shells.rs"]
mod shells;
