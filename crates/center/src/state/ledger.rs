//! The ledger: what belongs to this project and cannot carry a tag (associations, overrides of hours,
//! predefined attributes). Written by applies and by `adopt`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is ours without a tag: kind and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger(pub BTreeSet<(String, String)>);

impl Ledger {
    /// Whether the project made or adopted it.
    pub fn holds(&self, kind: &str, name: &str) -> bool {
        self.0.contains(&(kind.to_owned(), name.to_owned()))
    }

    /// Adds one.
    pub fn insert(&mut self, kind: &str, name: &str) {
        self.0.insert((kind.to_owned(), name.to_owned()));
    }

    /// Takes one out, because it is gone.
    pub fn remove(&mut self, kind: &str, name: &str) {
        self.0.remove(&(kind.to_owned(), name.to_owned()));
    }
}
