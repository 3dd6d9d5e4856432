//! Resources as one instance holds them, and the index of their names, ids and ARNs.

use crate::kind::KindName;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use trunkline_model::{AccountId, Region};

/// One instance, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The instance's id (a UUID).
    pub id: String,
    /// The instance's ARN.
    pub arn: String,
    /// The instance's alias.
    pub alias: String,
    /// How its users sign in: `SAML`, `CONNECT_MANAGED`, `EXISTING_DIRECTORY`; empty where it is not known.
    pub identity: String,
}

/// One resource of an instance. `body` has the fields of a document, with the ids and ARNs of the instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Its kind.
    pub kind: KindName,
    /// Its name, unique within the kind.
    pub name: String,
    /// Where its name is a binding's: the kind of the binding, and the value that still waits for a name.
    /// The name is the value as long as nothing binds it.
    pub unbound: Option<(KindName, String)>,
    /// The name that the instance has for it, where the documents have another one.
    pub called: Option<String>,
    /// Its id in the instance; empty for kinds that have none.
    pub id: String,
    /// Its ARN; empty for kinds that have none.
    pub arn: String,
    /// The managed fields, name excluded.
    pub body: Map<String, Value>,
    /// Its tags, those of AWS and Trunkline included.
    pub tags: BTreeMap<String, String>,
    /// A draft that differs from what is published (flows and modules), as a body's `content` and `layout`.
    pub draft: Option<Map<String, Value>>,
    /// Top-level fields of the answer that are not managed.
    pub unmanaged: Vec<String>,
    /// Archived, disabled or tagged for retirement.
    pub retired: bool,
    /// Bytes that belong to it, by their `sha256:` name (a prompt's audio).
    pub attachments: BTreeMap<String, Vec<u8>>,
}

/// What stands for a name in one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The id; empty where the kind has none.
    pub id: String,
    /// The ARN; empty where the kind has none.
    pub arn: String,
}

/// Names of one instance, and back.
#[derive(Clone, Debug, Default)]
pub struct Names {
    entries: BTreeMap<(String, String), Entry>,
    by_id: HashMap<String, (String, String)>,
    by_arn: HashMap<String, (String, String)>,
}

impl Names {
    /// Adds a name; a later one of the same kind and name replaces the earlier.
    pub fn insert(&mut self, kind: &str, name: &str, entry: Entry) {
        let key = (kind.to_owned(), name.to_owned());
        if !entry.id.is_empty() {
            self.by_id.insert(entry.id.clone(), key.clone());
        }
        if !entry.arn.is_empty() {
            self.by_arn.insert(entry.arn.clone(), key.clone());
        }
        self.entries.insert(key, entry);
    }

    /// Takes a name out; what it stood for keeps its id.
    pub fn remove(&mut self, kind: &str, name: &str) {
        self.entries.remove(&(kind.to_owned(), name.to_owned()));
    }

    /// Returns what stands for a name.
    pub fn get(&self, kind: &str, name: &str) -> Option<&Entry> {
        self.entries.get(&(kind.to_owned(), name.to_owned()))
    }

    /// Returns kind and name of an id.
    pub fn of_id(&self, id: &str) -> Option<(&str, &str)> {
        self.by_id.get(id).map(|(k, n)| (k.as_str(), n.as_str()))
    }

    /// Returns kind and name of an ARN without its qualifier.
    pub fn of_arn(&self, arn: &str) -> Option<(&str, &str)> {
        self.by_arn.get(arn).map(|(k, n)| (k.as_str(), n.as_str()))
    }

    /// Returns every name: kind, name, what stands for it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &Entry)> {
        self.entries.iter().map(|((k, n), e)| (k.as_str(), n.as_str(), e))
    }

    /// Returns the names of one kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Entry)> {
        self.entries.iter().filter(move |((k, _), _)| k == kind).map(|((_, n), e)| (n.as_str(), e))
    }
}

impl Resource {
    /// Makes a resource with nothing but its identity.
    pub fn new(kind: KindName, name: &str, id: &str, arn: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            unbound: None,
            called: None,
            id: id.to_owned(),
            arn: arn.to_owned(),
            body: Map::new(),
            tags: BTreeMap::new(),
            draft: None,
            unmanaged: Vec::new(),
            retired: false,
            attachments: BTreeMap::new(),
        }
    }

    /// Returns what its name stands for.
    pub fn entry(&self) -> Entry {
        Entry { id: self.id.clone(), arn: self.arn.clone() }
    }
}
