//! The resources of one kind in one instance, and the lagging index that Search reads.
//!
//! List and Describe see `live`; Search sees each resource as it was at the clock's `cutoff`, so that
//! creations, changes and deletions show up late. Records are shared, so that a copy of the state is cheap.

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A resource's members by the names that Describe uses; what starts with `_` never leaves the lab.
pub(super) type Object = Map<String, Value>;

/// When a write happens, and what the index has reached by then; both in microseconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    pub(super) now: i64,
    pub(super) cutoff: i64,
}

impl Clock {
    /// The clock of what was there before anything else: indexed from the start.
    pub(super) const ORIGIN: Self = Self { now: i64::MIN, cutoff: i64::MIN };
}

type Version = (i64, Option<Arc<Object>>);

/// Resources by id.
#[derive(Clone, Default)]
pub(super) struct Store {
    live: BTreeMap<String, Arc<Object>>,
    index: BTreeMap<String, Vec<Version>>,
}

impl Store {
    pub(super) fn get(&self, id: &str) -> Option<&Arc<Object>> {
        self.live.get(id)
    }

    pub(super) fn put(&mut self, id: &str, body: Object, clock: Clock) {
        let body = Arc::new(body);
        self.live.insert(id.to_owned(), Arc::clone(&body));
        self.note(id, Some(body), clock);
    }

    pub(super) fn remove(&mut self, id: &str, clock: Clock) {
        if self.live.remove(id).is_some() {
            self.note(id, None, clock);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    /// How many resources a test fits.
    pub(super) fn count(&self, test: impl Fn(&Object) -> bool) -> usize {
        self.live.values().filter(|body| test(body)).count()
    }

    /// Tells whether a test fits any resource.
    pub(super) fn any(&self, test: impl Fn(&Object) -> bool) -> bool {
        self.live.values().any(|body| test(body))
    }

    /// All resources, by id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Arc<Object>)> {
        self.live.iter().map(|(id, body)| (id.as_str(), body))
    }

    /// All resources as the index knows them at `cutoff`, by id.
    pub(super) fn indexed(&self, cutoff: i64) -> impl Iterator<Item = (&str, &Arc<Object>)> {
        self.index.iter().filter_map(move |(id, versions)| {
            let version = versions.iter().rev().find(|(at, _)| *at <= cutoff)?;
            Some((id.as_str(), version.1.as_ref()?))
        })
    }

    fn note(&mut self, id: &str, body: Option<Arc<Object>>, clock: Clock) {
        let versions = self.index.entry(id.to_owned()).or_default();
        versions.push((clock.now, body));
        // Whatever is older than the newest indexed version can never be seen again.
        let seen = versions.iter().rposition(|(at, _)| *at <= clock.cutoff).unwrap_or(0);
        versions.drain(..seen);
        if versions.len() == 1 && versions[0].1.is_none() && versions[0].0 <= clock.cutoff {
            self.index.remove(id);
        }
    }
}
