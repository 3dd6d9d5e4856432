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
    /// Fingerprints of the drafts that we wrote last, by `kind/name`: they are nobody's unpublished work.
    #[serde(default)]
    pub drafts: BTreeMap<String, BTreeSet<String>>,
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
    /// Bodies that applies which did not end well were writing: a field may hold any of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub begun: Vec<Map<String, Value>>,
    /// What the environment bound to the names in the body when it was applied, by `kind:name`: who binds a
    /// name to another value later changes what is wanted, not what is there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bound: BTreeMap<String, String>,
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
            drafts: BTreeMap::new(),
        }
    }

    /// Returns one resource.
    pub fn get(&self, kind: &str, name: &str) -> Option<&AppliedResource> {
        self.resources.get(&key(kind, name))
    }

    /// Adds a resource, in the place of what had its name or its id before.
    ///
    /// A resource that loses its name to another one and is not known by its new name yet, as in the
    /// middle of an exchange of names, stays known by its id.
    pub fn insert(&mut self, resource: AppliedResource) {
        let id = resource.id.clone();
        if !id.is_empty() {
            self.resources.retain(|_, r| r.kind != resource.kind || r.id != id);
        }
        let displaced = self.resources.insert(key(&resource.kind, &resource.name), resource);
        if let Some(other) = displaced.filter(|o| !o.id.is_empty() && o.id != id && !id.is_empty())
        {
            self.resources.insert(format!("{}#{}", other.kind, other.id), other);
        }
    }

    /// Forgets one resource, because it is gone.
    pub fn remove(&mut self, kind: &str, name: &str) {
        self.resources.remove(&key(kind, name));
    }

    /// The fingerprints of all drafts that we wrote.
    pub fn own_drafts(&self) -> BTreeSet<String> {
        self.drafts.values().flatten().cloned().collect()
    }

    /// Returns the resource that had an id.
    pub fn of_id(&self, kind: &str, id: &str) -> Option<&AppliedResource> {
        self.resources.values().find(|r| r.kind == kind && r.id == id && !id.is_empty())
    }
}

pub(super) fn key(kind: &str, name: &str) -> String {
    format!("{kind}/{name}")
}
