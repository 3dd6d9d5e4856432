//! The journal of a run: a chain of objects, one for each flush, each naming the one before by its hash.
//!
//! A link is only ever written where there is none. That is the fence: who takes a run over writes the
//! next link, and the earlier holder, who would write the same one, learns of it before its next call.

use super::lock::lost;
use super::problem::{corrupt, unreachable};
use super::run::TimedEvent;
use super::store::{Condition, Store, StoreError};
use crate::apply::{Event, Journal, JournalError};
use crate::filename::hex;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use trunkline_model::Report;

const READS_AT_ONCE: usize = 16;

/// What gives the time for an event, as text.
pub type Now = Arc<dyn Fn() -> String + Send + Sync>;

/// The first line of a link.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    link: u64,
    token: u64,
    previous: String,
}

/// A chain as it was read.
#[derive(Debug, Default)]
pub struct Chain {
    /// The events, oldest first.
    pub events: Vec<TimedEvent>,
    /// How many links there are.
    pub links: u64,
    /// The hash of the last one; empty where there is none.
    last: String,
}

/// A journal that can be written.
pub struct StoreJournal {
    store: Arc<dyn Store>,
    /// `ENVIRONMENT-REGION/runs/RUN/journal/`.
    folder: String,
    target: String,
    token: u64,
    links: u64,
    last: String,
    now: Now,
}

fn key(folder: &str, link: u64) -> String {
    format!("{folder}{link:06}.jsonl")
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Reads a chain. TL0521: it is not whole.
pub(super) async fn read(store: &dyn Store, folder: &str) -> Result<Chain, Report> {
    let keys = store.list(folder).await.map_err(|e| unreachable(store, &e))?;
    let count = keys.len() as u64;
    let bytes: Vec<(String, Vec<u8>)> = stream::iter((1..=count).map(|link| key(folder, link)))
        .map(|key| async move {
            let found = store.get(&key).await.map_err(|e| unreachable(store, &e))?;
            let found =
                found.ok_or_else(|| corrupt(store, &key, "it is missing, later ones exist"));
            Ok::<_, Report>((key.clone(), found?.bytes))
        })
        .buffered(READS_AT_ONCE)
        .try_collect()
        .await?;
    let mut chain = Chain::default();
    for (key, bytes) in bytes {
        take(&mut chain, &bytes).map_err(|reason| corrupt(store, &key, &reason))?;
    }
    Ok(chain)
}

/// Adds one link to a chain.
fn take(chain: &mut Chain, bytes: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let mut lines = text.lines();
    let head: Head =
        serde_json::from_str(lines.next().unwrap_or_default()).map_err(|e| e.to_string())?;
    if head.link != chain.links + 1 || head.previous != chain.last {
        return Err("it does not follow the link before it".to_owned());
    }
    for line in lines {
        let value: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
        let at = value["at"].as_str().unwrap_or_default().to_owned();
        let event: Event = serde_json::from_value(value).map_err(|e| e.to_string())?;
        chain.events.push(TimedEvent { at, event });
    }
    chain.links += 1;
    chain.last = hash(bytes);
    Ok(())
}

/// A link's bytes.
fn link(head: &Head, events: &[Event], at: &str) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = format!("{}\n", serde_json::to_string(head)?);
    for event in events {
        let mut line = serde_json::to_value(event)?;
        line["at"] = json!(at);
        text.push_str(&format!("{line}\n"));
    }
    Ok(text.into_bytes())
}

impl StoreJournal {
    /// A journal that goes on where a chain ends; the default chain for a new one.
    pub(super) fn new(
        store: Arc<dyn Store>,
        folder: String,
        target: String,
        token: u64,
        chain: &Chain,
        now: Now,
    ) -> Self {
        let (links, last) = (chain.links, chain.last.clone());
        Self { store, folder, target, token, links, last, now }
    }

    /// Writes the next link. `Changed`: somebody else wrote it.
    pub(super) async fn write(&mut self, events: &[Event]) -> Result<(), StoreError> {
        let next = self.links + 1;
        let head = Head { link: next, token: self.token, previous: self.last.clone() };
        let key = key(&self.folder, next);
        let failed =
            |e: serde_json::Error| StoreError::Failed { key: key.clone(), reason: e.to_string() };
        let bytes = link(&head, events, &(self.now)()).map_err(failed)?;
        let last = hash(&bytes);
        self.store.put(&key, bytes, Condition::Absent).await?;
        (self.links, self.last) = (next, last);
        Ok(())
    }

    /// Who wrote the link that was to be ours.
    async fn taker(&self) -> String {
        let found = self.store.get(&key(&self.folder, self.links + 1)).await.ok().flatten();
        let mut chain = Chain { links: self.links, last: self.last.clone(), ..Chain::default() };
        let read = found.map(|found| take(&mut chain, &found.bytes));
        let named = |e: &TimedEvent| match &e.event {
            Event::Resumed { token, by } => {
                Some(format!("{by} goes on with the run, under token {token}"))
            }
            Event::Superseded { token, run, by } if run.is_empty() => {
                Some(format!("{by} ended the run, under token {token}"))
            }
            Event::Superseded { token, run, by } => {
                Some(format!("{by} began run {run}, under token {token}"))
            }
            _ => None,
        };
        let named = read.and_then(|_| chain.events.iter().find_map(named));
        named.unwrap_or_else(|| "somebody writes the same journal".to_owned())
    }
}

impl Journal for StoreJournal {
    fn append_all<'a>(
        &'a mut self,
        events: &'a [Event],
    ) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(async move {
            match self.write(events).await {
                Ok(()) => Ok(()),
                Err(StoreError::Changed(_)) => {
                    Err(JournalError::Lost(lost(&self.target, &self.taker().await)))
                }
                Err(error) => Err(JournalError::Failed(format!("{}: {error}", self.store.place()))),
            }
        })
    }
}
