//! A state store in memory, for `center`'s tests and as the yardstick of the real ones. Writes can be made
//! to fail by their number, before or after they took effect; objects can be spoilt.

use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use trunkline_center::state::{Condition, Store, StoreError, Stored};

/// What happens to one write of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It fails and has no effect: a disk that is full.
    Full,
    /// It takes effect, and fails all the same: an answer that was lost.
    Lost,
    /// It fails, and so does every call after it: a network that is gone.
    Gone,
}

/// Objects in memory.
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Stored>,
    writes: usize,
    mishaps: BTreeMap<usize, Mishap>,
    gone: bool,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the `number`th write from now (counted from 1) go wrong.
    pub fn fail(&self, number: usize, mishap: Mishap) {
        let mut state = self.state();
        let at = state.writes + number;
        state.mishaps.insert(at, mishap);
    }

    /// Ends every mishap.
    pub fn heal(&self) {
        let mut state = self.state();
        state.gone = false;
        state.mishaps.clear();
    }

    /// How many writes were tried.
    pub fn writes(&self) -> usize {
        self.state().writes
    }

    /// Every key with its bytes.
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        self.state().objects.iter().map(|(k, o)| (k.clone(), o.bytes.clone())).collect()
    }

    /// Replaces an object behind everybody's back; None takes it away.
    pub fn spoil(&self, key: &str, bytes: Option<&[u8]>) {
        let mut state = self.state();
        match bytes {
            Some(bytes) => {
                let stored = Stored { bytes: bytes.to_vec(), version: "spoilt".to_owned() };
                state.objects.insert(key.to_owned(), stored);
            }
            None => drop(state.objects.remove(key)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, key: &str, take: impl FnOnce(&State) -> T) -> Result<T, StoreError> {
        let state = self.state();
        if state.gone { Err(failed(key, "unreachable")) } else { Ok(take(&state)) }
    }

    fn write(
        &self,
        key: &str,
        bytes: Option<Vec<u8>>,
        on: &Condition,
    ) -> Result<String, StoreError> {
        let mut state = self.state();
        if state.gone {
            return Err(failed(key, "unreachable"));
        }
        state.writes += 1;
        let number = state.writes;
        let mishap = state.mishaps.remove(&number);
        match mishap {
            Some(Mishap::Full) => return Err(failed(key, "no space left on device")),
            Some(Mishap::Gone) => {
                state.gone = true;
                return Err(failed(key, "unreachable"));
            }
            _ => {}
        }
        let there = state.objects.get(key).map(|o| &o.version);
        let holds = match on {
            Condition::Always => true,
            Condition::Absent => there.is_none(),
            Condition::Is(version) => there == Some(version),
        };
        if !holds {
            return Err(StoreError::Changed(key.to_owned()));
        }
        let version = format!("v{number}");
        match bytes {
            Some(bytes) => {
                let stored = Stored { bytes, version: version.clone() };
                state.objects.insert(key.to_owned(), stored);
            }
            None => drop(state.objects.remove(key)),
        }
        if mishap.is_some() { Err(failed(key, "the answer was lost")) } else { Ok(version) }
    }
}

fn failed(key: &str, reason: &str) -> StoreError {
    StoreError::Failed { key: key.to_owned(), reason: reason.to_owned() }
}

fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Store for MemoryStore {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Stored>, StoreError>> {
        ready(self.read(key, |state| state.objects.get(key).cloned()))
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
        condition: Condition,
    ) -> BoxFuture<'a, Result<String, StoreError>> {
        ready(self.write(key, Some(bytes), &condition))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        ready(self.write(key, None, &Condition::Always).map(drop))
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        let keys = |state: &State| {
            state.objects.keys().filter(|k| k.starts_with(prefix)).cloned().collect()
        };
        ready(self.read(prefix, keys))
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }
}
