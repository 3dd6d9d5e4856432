//! Artifacts: which files they hold, how they become a zip with a checksum, and how they are taken
//! apart again.
//!
//! The same files give the same bytes: sorted, without times. Nothing leaves the base folder, in
//! neither direction.

mod links;
mod pack;
mod seal;
mod select;
mod unpack;

pub use pack::pack;
pub use seal::{Key, is_sealed};
pub use select::{Entry, SelectError, select};
pub use unpack::{UnpackError, UnpackLimits, Unpacked, unpack, unpack_bytes};

use std::path::PathBuf;

/// An artifact in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its identifier; "" is the primary one.
    pub identifier: String,
    /// Its name, expanded by the shell, where the buildspec gives one.
    pub name: Option<String>,
    /// The file: a zip, sealed where a key was given.
    pub path: PathBuf,
    /// The SHA-256 of the zip, in hex; of its clear form where it is sealed.
    pub sha256: String,
    /// The zip's bytes.
    pub size: u64,
    /// How many files it holds.
    pub files: usize,
}
