//! Runs that nobody needs any more: which they are, and how they go. Only `state prune` asks for it.
//!
//! A run is one as long as its `run.json` is there, so that goes first, and `ended.json` last: where a removal is
//! cut off, nobody sees a part of a run, and the next one finds what is left. Bytes in `blobs/` stay, because any
//! target of the store may begin to need them at any time.

use super::{READS_AT_ONCE, TargetState};
use crate::state::lock::lost;
use crate::state::run::{RunEnd, RunHead, RunResult};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeSet;
use trunkline_model::Report;

impl TargetState {
    /// The runs beyond the newest `keep` that have ended and may go, oldest first. Never the newest one, the newest
    /// that is complete, or one that the lock names.
    pub async fn removable(
        &self,
        keep: usize,
        may_go: &(dyn Fn(&RunEnd) -> bool + Sync),
    ) -> Result<Vec<RunHead>, Report> {
        let lock = self.lock().await?.lock;
        let named: BTreeSet<String> =
            lock.last_run.into_iter().chain(lock.holder.map(|h| h.run)).collect();
        let mut heads = self.runs().await?;
        let is_complete =
            |head: &RunHead| head.end.as_ref().is_some_and(|e| e.result == RunResult::Complete);
        let complete = heads.iter().find(|head| is_complete(head)).map(|h| h.meta.run.clone());
        heads.drain(..keep.max(1).min(heads.len()));
        heads.retain(|head| {
            let run = &head.meta.run;
            let needed = complete.as_ref() == Some(run) || named.contains(run);
            !needed && head.end.as_ref().is_some_and(may_go)
        });
        heads.reverse();
        Ok(heads)
    }

    /// Runs whose removal was cut off: they are no runs any more, and something of them is left.
    pub async fn remnants(&self) -> Result<BTreeSet<String>, Report> {
        let (all, ended) = self.ids().await?;
        Ok(ended.difference(&all).cloned().collect())
    }

    /// Removes a run that has ended, or what is left of it; one that has not ended stays. Only under the lock that
    /// has this token. TL0509: it is somebody else's by now.
    pub async fn remove(&self, run: &str, token: u64) -> Result<(), Report> {
        let lock = self.lock().await?.lock;
        if lock.token != token {
            let by = lock.holder.map_or("the lock was broken by hand".to_owned(), |h| h.line());
            return Err(lost(&self.label, &format!("{by}; token {}", lock.token)));
        }
        let folder = self.key(&format!("runs/{run}/"));
        let (first, last) = (format!("{folder}run.json"), format!("{folder}ended.json"));
        let keys = self.store.list(&folder).await.map_err(|e| self.failed(&e))?;
        if !keys.contains(&last) {
            return Ok(());
        }
        self.delete(&first).await?;
        let between = keys.iter().filter(|key| **key != first && **key != last);
        let deletes = stream::iter(between.map(|key| self.delete(key)));
        deletes.buffer_unordered(READS_AT_ONCE).try_collect::<()>().await?;
        self.delete(&last).await
    }

    async fn delete(&self, key: &str) -> Result<(), Report> {
        self.store.delete(key).await.map_err(|e| self.failed(&e))
    }
}
