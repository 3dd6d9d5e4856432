//! The center: documents, kinds, references, snapshots, plans and applies.
//!
//! Reaches AWS only through [`Cloud`]. Never prints, never reads the clock, the environment or files.

pub mod apply;
mod bindings;
mod cloud;
mod document;
pub mod drift;
pub mod export;
mod filename;
pub mod identity;
mod json;
mod kind;
mod kinds;
mod near;
mod outside;
pub mod ownership;
pub mod permissions;
mod places;
pub mod plan;
mod portable;
pub mod probe;
pub mod quotas;
mod read;
pub mod renames;
pub mod replicas;
mod resolve;
mod resource;
pub mod revision;
pub mod rollback;
pub mod select;
mod snapshot;
pub mod state;
mod yaml;

pub use bindings::{Bindings, Bound};
pub use cloud::{Answer, Call, CallError, CallErrorKind, Cloud};
pub use document::{Document, Documents, File, subject};
pub use kind::{Format, Kind, Retire, Spec};
pub use kinds::{ALL as KINDS, get as kind_named};
pub use places::{Place, Places};
pub use portable::Unnamed;
pub use read::ReadOptions;
pub use resolve::{OUTSIDE_KINDS, references};
pub use resource::{Entry, Instance, Names, Resource};
pub use snapshot::{
    Snapshot, call_failed, find_instance, find_instance_with_replication, read_drafts, take,
};
