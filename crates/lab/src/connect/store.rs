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

/// A write that the other region of a replicated instance has to follow.
#[derive(Clone)]
pub(super) struct Change {
    /// Microseconds since 1970.
    pub(super) at: i64,
    pub(super) id: String,
    /// None where the resource was deleted.
    pub(super) body: Option<Arc<Object>>,
}

/// Resources by id.
#[derive(Clone, Default)]
pub(super) struct Store {
    live: BTreeMap<String, Arc<Object>>,
    index: BTreeMap<String, Vec<Version>>,
    /// Whether writes are kept in `outbox`.
    pub(super) mirrored: bool,
    outbox: Vec<Change>,
    /// When each resource was last written in any region, while `mirrored`.
    written: BTreeMap<String, i64>,
}

impl Store {
    pub(super) fn get(&self, id: &str) -> Option<&Arc<Object>> {
        self.live.get(id)
    }

    pub(super) fn put(&mut self, id: &str, body: Object, clock: Clock) {
        let body = Arc::new(body);
        self.live.insert(id.to_owned(), Arc::clone(&body));
        self.post(id, Some(Arc::clone(&body)), clock);
        self.note(id, Some(body), clock);
    }

    /// Keeps a write for the other region.
    fn post(&mut self, id: &str, body: Option<Arc<Object>>, clock: Clock) {
        if self.mirrored {
            self.written.insert(id.to_owned(), clock.now);
            self.outbox.push(Change { at: clock.now, id: id.to_owned(), body });
        }
    }

    /// Posts every resource as if it were written now.
    pub(super) fn post_all(&mut self, clock: Clock) {
        self.mirrored = true;
        let all: Vec<(String, Arc<Object>)> =
            self.live.iter().map(|(id, body)| (id.clone(), Arc::clone(body))).collect();
        all.into_iter().for_each(|(id, body)| self.post(&id, Some(body), clock));
    }

    /// Takes what was written up to `until`.
    pub(super) fn due(&mut self, until: i64) -> Vec<Change> {
        let first = self.outbox.iter().position(|change| change.at > until);
        let rest = self.outbox.split_off(first.unwrap_or(self.outbox.len()));
        std::mem::replace(&mut self.outbox, rest)
    }

    /// How many writes wait for the other region.
    pub(super) fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// Follows a write of the other region, unless a later one happened here.
    pub(super) fn follow(&mut self, at: i64, id: &str, body: Option<Object>, clock: Clock) {
        if self.written.get(id).is_some_and(|own| *own > at) {
            return;
        }
        self.written.insert(id.to_owned(), at);
        let body = body.map(Arc::new);
        match &body {
            Some(body) => self.live.insert(id.to_owned(), Arc::clone(body)),
            None => self.live.remove(id),
        };
        self.note(id, body, clock);
    }

    pub(super) fn remove(&mut self, id: &str, clock: Clock) {
        if self.live.remove(id).is_some() {
            self.post(id, None, clock);
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
