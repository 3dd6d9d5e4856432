//! What Connect holds in one account and region: instances and claimed phone numbers.

use serde_json::Value;
use std::collections::BTreeMap;

use super::kind::Kind;
use super::store::{Object, Store};

/// The state of Connect in one account and region.
#[derive(Clone, Default)]
pub struct State {
    pub(super) instances: BTreeMap<String, Instance>,
    /// Claimed phone numbers by id.
    pub(super) numbers: BTreeMap<String, Object>,
    /// What a create with a client token made: its answer, by operation and token.
    pub(super) tokens: BTreeMap<(String, String), Value>,
}

/// One instance and everything in it.
#[derive(Clone, Default)]
pub(super) struct Instance {
    pub(super) id: String,
    pub(super) arn: String,
    /// The members of DescribeInstance.
    pub(super) body: Object,
    pub(super) stores: BTreeMap<&'static str, Store>,
    /// Instance attributes: type and value.
    pub(super) attributes: Vec<(String, String)>,
    /// Storage configurations: resource type and configuration with its AssociationId.
    pub(super) storage: Vec<(String, Value)>,
    pub(super) origins: Vec<String>,
    pub(super) security_keys: Vec<Value>,
    pub(super) functions: Vec<String>,
    /// Bots as ListBots prints them.
    pub(super) bots: Vec<Value>,
    /// The levels of the user hierarchy by member name (`LevelOne` ...).
    pub(super) levels: Object,
    /// The regions of a replicated instance.
    pub(super) pair: Option<Pair>,
}

/// What an instance knows of its replication; the same in both regions.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) source: String,
    pub(super) replica: String,
    /// When everything was copied for the first time; microseconds since 1970.
    pub(super) complete: i64,
    /// What could not be copied, as ListReplicationFindings prints it.
    pub(super) findings: Vec<Value>,
}

impl Instance {
    /// The resources of one kind; an empty store where there never was one.
    pub(super) fn store(&self, kind: &Kind) -> &Store {
        static EMPTY: std::sync::LazyLock<Store> = std::sync::LazyLock::new(Store::default);
        self.stores.get(kind.noun).unwrap_or(&EMPTY)
    }

    pub(super) fn store_mut(&mut self, kind: &Kind) -> &mut Store {
        let mirrored = self.pair.is_some();
        let store = self.stores.entry(kind.noun).or_default();
        store.mirrored = mirrored;
        store
    }

    /// The ARN of a resource of `kind` in this instance.
    pub(super) fn arn_of(&self, kind: &Kind, id: &str) -> String {
        format!("{}/{}/{id}", self.arn, kind.arn)
    }

    /// The id that a reference (id or ARN, qualifier aside) has, where this instance holds it.
    pub(super) fn resolve(&self, kind: &Kind, reference: &str) -> Option<String> {
        let (id, _) = self.split(kind, reference)?;
        let arn = &self.store(kind).get(&id)?.get(kind.body_arn);
        // An ARN has to be this very resource's: another region, account, instance or kind is foreign.
        let plain = arn.and_then(Value::as_str).unwrap_or_default();
        let own = !reference.starts_with("arn:")
            || reference == plain
            || reference.strip_prefix(plain).is_some_and(|rest| rest.starts_with(':'));
        own.then_some(id)
    }

    /// Splits a reference into id and qualifier (`$SAVED`, `$LATEST`, or nothing).
    pub(super) fn split(&self, kind: &Kind, reference: &str) -> Option<(String, String)> {
        let tail = match reference.strip_prefix("arn:") {
            Some(_) => reference.rsplit_once('/')?.1,
            None => reference,
        };
        let (id, qualifier) = match kind.qualified {
            true => tail.split_once(':').unwrap_or((tail, "")),
            false => (tail, ""),
        };
        Some((id.to_owned(), qualifier.to_owned()))
    }
}
