//! What goes wrong with a state store, as people meet it.

use super::STATE_VERSION;
use super::store::{Store, StoreError};
use serde::de::DeserializeOwned;
use serde_json::Value;
use trunkline_model::{Diagnostic, Report};

/// TL0520: the store cannot be reached, or refuses.
pub fn unreachable(store: &dyn Store, error: &StoreError) -> Report {
    Diagnostic::error("TL0520", "the state store cannot be used")
        .in_file(store.place())
        .because(error.to_string())
        .help("check the permissions, the room and the network; then run the same command again")
        .report()
}

/// TL0521: something in the store is not what was written there.
pub fn corrupt(store: &dyn Store, key: &str, reason: &str) -> Report {
    let from =
        "nothing was overwritten; without it, drift, renames and rollback of what it held are lost";
    Diagnostic::error("TL0521", format!("`{key}` in the state store cannot be read"))
        .in_file(store.place())
        .because(reason.to_owned())
        .because(from)
        .help(format!(
            "restore `{key}` from a backup or an earlier version, or move it away and plan again"
        ))
        .report()
}

/// Reads a stored form that has a `version`. TL0521; TL0522: it is of another version.
pub fn parse<T: DeserializeOwned>(store: &dyn Store, key: &str, bytes: &[u8]) -> Result<T, Report> {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|e| corrupt(store, key, &e.to_string()))?;
    let found = value.get("version").and_then(Value::as_u64);
    match found {
        Some(version) if version == u64::from(STATE_VERSION) => {}
        Some(version) => {
            let message =
                format!("`{key}` has version {version}, this program reads {STATE_VERSION}");
            return Err(Diagnostic::error("TL0522", message)
                .in_file(store.place())
                .help("use the program that wrote it, or a later one")
                .report());
        }
        None => return Err(corrupt(store, key, "it has no version")),
    }
    serde_json::from_value(value).map_err(|e| corrupt(store, key, &e.to_string()))
}
