//! Bytes by their `sha256:` name, shared by all targets of a store: kept once, whoever needs them.

use super::problem::{corrupt, unreachable};
use super::store::{Condition, Store, StoreError};
use crate::document::attachment_name;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trunkline_model::Report;

fn key(name: &str) -> String {
    format!("blobs/{}", name.replace(':', "-"))
}

/// Keeps bytes.
pub(super) async fn put(store: &dyn Store, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
    match store.put(&key(name), bytes.to_vec(), Condition::Absent).await {
        // What is there has the same hash.
        Ok(_) | Err(StoreError::Changed(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Returns bytes. TL0521: they are missing or others.
pub(super) async fn get(store: &dyn Store, name: &str) -> Result<Vec<u8>, Report> {
    let key = key(name);
    let found = store.get(&key).await.map_err(|e| unreachable(store, &e))?;
    let found = found.ok_or_else(|| corrupt(store, &key, "it is missing"))?;
    if attachment_name(&found.bytes) != name {
        return Err(corrupt(store, &key, "its bytes are not those that its name says"));
    }
    Ok(found.bytes)
}

/// Bytes as plans hold them.
pub(super) fn encoded(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes that a plan holds.
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
