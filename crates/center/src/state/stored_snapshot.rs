//! A snapshot as it is stored: apart from the domain type, so that either may change. Bytes (the audio of
//! prompts) are blobs of their own.

use super::STATE_VERSION;
use crate::kind::KindName;
use crate::kinds;
use crate::resource::{Entry, Instance, Names, Resource};
use crate::snapshot::Snapshot;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use trunkline_model::{AccountId, Region};

/// Kinds of bindings, which are no kinds of documents.
const BOUND: &[KindName] = &["phone", "bucket", "key", "origin", "arn", "lambda", "lex"];

#[derive(Serialize, Deserialize)]
pub(super) struct StoredSnapshot {
    version: u32,
    instance: StoredInstance,
    resources: Vec<StoredResource>,
    names: Vec<(String, String, Entry)>,
    functions_missing: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
struct StoredInstance {
    account: String,
    region: String,
    id: String,
    arn: String,
    alias: String,
    identity: String,
}

#[derive(Serialize, Deserialize)]
struct StoredResource {
    kind: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unbound: Option<(String, String)>,
    id: String,
    arn: String,
    body: Map<String, Value>,
    tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    draft: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unmanaged: Vec<String>,
    #[serde(default)]
    retired: bool,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    attachments: BTreeSet<String>,
}

impl StoredSnapshot {
    /// The stored form; the bytes that belong to it are in the resources' `attachments`.
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let instance = &snapshot.instance;
        let names = snapshot.names.iter();
        Self {
            version: STATE_VERSION,
            instance: StoredInstance {
                account: instance.account.to_string(),
                region: instance.region.to_string(),
                id: instance.id.clone(),
                arn: instance.arn.clone(),
                alias: instance.alias.clone(),
                identity: instance.identity.clone(),
            },
            resources: snapshot.resources.iter().map(StoredResource::of).collect(),
            names: names.map(|(k, n, e)| (k.to_owned(), n.to_owned(), e.clone())).collect(),
            functions_missing: snapshot.functions_missing.clone(),
        }
    }

    /// The names of the blobs that it needs.
    pub(super) fn blobs(&self) -> BTreeSet<String> {
        self.resources.iter().flat_map(|r| r.attachments.iter().cloned()).collect()
    }

    /// The snapshot, with its blobs. Fails with a reason.
    pub(super) fn snapshot(self, blobs: &BTreeMap<String, Vec<u8>>) -> Result<Snapshot, String> {
        let stored = self.instance;
        let instance = Instance {
            account: AccountId::parse(&stored.account).map_err(|e| e.to_string())?,
            region: Region::parse(&stored.region).map_err(|e| e.to_string())?,
            id: stored.id,
            arn: stored.arn,
            alias: stored.alias,
            identity: stored.identity,
        };
        let resources = self.resources.into_iter().map(|r| r.resource(blobs));
        let mut resources = resources.collect::<Result<Vec<Resource>, String>>()?;
        resources.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        let mut names = Names::default();
        for (kind, name, entry) in self.names {
            names.insert(&kind, &name, entry);
        }
        Ok(Snapshot { instance, resources, names, functions_missing: self.functions_missing })
    }
}

impl StoredResource {
    fn of(resource: &Resource) -> Self {
        Self {
            kind: resource.kind.to_owned(),
            name: resource.name.clone(),
            unbound: resource.unbound.as_ref().map(|(k, v)| ((*k).to_owned(), v.clone())),
            id: resource.id.clone(),
            arn: resource.arn.clone(),
            body: resource.body.clone(),
            tags: resource.tags.clone(),
            draft: resource.draft.clone(),
            unmanaged: resource.unmanaged.clone(),
            retired: resource.retired,
            attachments: resource.attachments.keys().cloned().collect(),
        }
    }

    fn resource(self, blobs: &BTreeMap<String, Vec<u8>>) -> Result<Resource, String> {
        let unbound = self.unbound.map(|(kind, value)| Ok::<_, String>((known(&kind)?, value)));
        let bytes = |name: String| {
            let found = blobs.get(&name).cloned();
            found.map(|bytes| (name.clone(), bytes)).ok_or_else(|| format!("{name} is missing"))
        };
        let mut resource = Resource::new(known(&self.kind)?, &self.name, &self.id, &self.arn);
        resource.unbound = unbound.transpose()?;
        resource.body = self.body;
        resource.tags = self.tags;
        resource.draft = self.draft;
        resource.unmanaged = self.unmanaged;
        resource.retired = self.retired;
        resource.attachments = self.attachments.into_iter().map(bytes).collect::<Result<_, _>>()?;
        Ok(resource)
    }
}

fn known(kind: &str) -> Result<KindName, String> {
    let found = kinds::get(kind).map(|k| k.spec().name);
    let found = found.or_else(|| BOUND.iter().copied().find(|b| *b == kind));
    found.ok_or_else(|| format!("this program knows no kind `{kind}`"))
}
