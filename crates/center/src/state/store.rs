//! The port of the state store: objects under keys, written on a condition.
//!
//! A folder, a bucket of S3 and a map in memory implement it. Keys are paths with `/`, without a leading one.

use crate::filename::hex;
use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256};

/// An object as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What tells this content of the key from every other one (an ETag).
    pub version: String,
}

/// On what a write depends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing: the last writer wins.
    Always,
    /// The key holds nothing.
    Absent,
    /// The key holds this version.
    Is(String),
}

/// Why the store did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The condition does not hold: somebody else wrote. Nothing was changed.
    #[error("{0} was written by somebody else")]
    Changed(String),
    /// The store cannot be reached or refuses; whether a write took effect is not known.
    #[error("{key}: {reason}")]
    Failed {
        /// The key.
        key: String,
        /// What the store says.
        reason: String,
    },
}

/// A version for stores that have none of their own: it follows from the bytes.
pub fn version_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Objects under keys. A write is durable when it returns.
pub trait Store: Send + Sync {
    /// Reads an object; None where there is none.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Stored>, StoreError>>;

    /// Writes an object whole or not at all; returns its new version.
    fn put<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
        condition: Condition,
    ) -> BoxFuture<'a, Result<String, StoreError>>;

    /// Deletes an object; no error where there is none.
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Returns the keys that begin with a prefix, sorted.
    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>>;

    /// Says where it is, for people: a path or `s3://bucket/prefix`.
    fn place(&self) -> String;
}
