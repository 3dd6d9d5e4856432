//! `trunkline.yaml` as values: environments, bindings, overrides, scope and settings.
//!
//! `parse` reads a text and reports every problem at once, each with its line and column.
//! `add_bindings` and `starter` produce text. Nothing here opens a file, reads the environment
//! or knows which kinds of resources exist.

// A diagnostic is large and rare; boxing it would cost every caller more than it saves.
#![allow(clippy::result_large_err)]

mod bindings;
pub mod buildspec;
mod edit;
mod freeze;
mod glob;
pub mod pipelines;
mod project;
mod read;
mod starter;
mod suggest;
mod yaml;

pub use bindings::{Binding, Bindings};
pub use edit::{add_bindings, set_settings};
pub use freeze::{Freeze, Frozen, frozen};
pub use glob::matches;
pub use project::{ApplyFrom, Delivery, Project, Scope, Settings, State};
pub use read::parse;
pub use starter::{StarterEnvironment, starter};
pub use suggest::nearest;
