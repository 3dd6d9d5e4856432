//! The documents that were last applied to a target, with the ids of what they became.
//!
//! A plan compares three ways with it: what was applied, what is wanted, what is there. The ids tell a
//! renamed resource from a new one.

use super::{Ledger, STATE_VERSION};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What was last applied to a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// `STATE_VERSION` of the program that wrote it.
    pub version: u32,
    /// The ARN of the instance; what stands here means nothing for another one.
    pub instance: String,
    /// The resources, by `kind/name`.
    pub resources: BTreeMap<String, AppliedResource>,
    /// Entries of the list of renames that this target has seen, by their ids.
    #[serde(default)]
    pub renames: BTreeSet<String>,
}

/// One resource as it was applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AppliedResource {
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// Its id in the instance; empty for kinds that have none.
    pub id: String,
    /// The document's body, overrides of the target included.
    pub body: Map<String, Value>,
    /// What an apply that did not end well was writing: the field may hold either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Map<String, Value>>,
}

/// What is remembered of one target when a plan is made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    /// What was last applied; None where nothing is remembered.
    pub applied: Option<Applied>,
    /// What is ours and cannot carry a tag.
    pub ledger: Ledger,
}

/// Nothing is remembered.
pub static NOTHING: Baseline = Baseline { applied: None, ledger: Ledger(BTreeSet::new()) };

impl Applied {
    /// Nothing applied yet.
    pub fn new(instance: &str) -> Self {
        Self {
            version: STATE_VERSION,
            instance: instance.to_owned(),
            resources: BTreeMap::new(),
            renames: BTreeSet::new(),
        }
    }

    /// Returns one resource.
    pub fn get(&self, kind: &str, name: &str) -> Option<&AppliedResource> {
        self.resources.get(&key(kind, name))
    }

    /// Adds or replaces one resource.
    pub fn insert(&mut self, resource: AppliedResource) {
        self.resources.insert(key(&resource.kind, &resource.name), resource);
    }

    /// Returns the resource that had an id.
    pub fn of_id(&self, kind: &str, id: &str) -> Option<&AppliedResource> {
        self.resources.values().find(|r| r.kind == kind && r.id == id && !id.is_empty())
    }
}

impl AppliedResource {
    /// Whether a field may hold this value without anybody having changed it: None stands for nothing.
    pub fn expects(&self, field: &str, value: Option<&Value>) -> bool {
        let of = |body: &Map<String, Value>| {
            body.get(field).filter(|v| !crate::read::is_empty(v)).cloned()
        };
        let value = value.filter(|v| !crate::read::is_empty(v)).cloned();
        of(&self.body) == value || self.begun.as_ref().is_some_and(|b| of(b) == value)
    }
}

fn key(kind: &str, name: &str) -> String {
    format!("{kind}/{name}")
}
