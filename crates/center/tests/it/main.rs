//! The center against the lab in memory.

mod associations;
mod beside;
mod contents;
mod harness;
mod instance;
mod meanwhile;
mod renamed;
mod routing;
mod scene;
mod settings;
mod singles;
mod threeway;
