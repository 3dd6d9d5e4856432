//! What is remembered of one target, and the only way to change it. Used by every command that applies,
//! resumes, rolls back, adopts or looks back.
//!
//! Keys, under `ENVIRONMENT-REGION/`: `lock.json`, `applied.json`, `ledger.json`, and for each run
//! `runs/RUN/` with `before.json`, `plan.json`, `run.json` (written in this order: a run exists once its
//! `run.json` does), `journal/000001.jsonl` and so on, and `ended.json`. Bytes are in `blobs/`, which all
//! targets of a store share.

mod prune;

use super::advance::{advance, advance_ledger, done_count, draft_count};
use super::applied::{Applied, Baseline};
use super::ledger::Ledger;
use super::links::{self, Chain, Now, StoreJournal};
use super::lock::{HeldLock, Holder, Lock, SeenLock};
use super::problem::{corrupt, parse, unreachable};
use super::run::{RunEnd, RunHead, RunMeta, RunRecord, RunResult, TimedEvent};
use super::store::{Condition, Store, StoreError};
use super::stored_snapshot::StoredSnapshot;
use super::{STATE_VERSION, blobs};
use crate::apply::Event;
use crate::plan::{PLAN_VERSION, Plan};
use crate::snapshot::Snapshot;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trunkline_model::{Diagnostic, Report, Target};

const READS_AT_ONCE: usize = 16;
/// How many of the last runs are looked at for what they wrote lately.
const LATELY: usize = 3;

/// What a project remembers of one target.
#[derive(Clone)]
pub struct TargetState {
    store: Arc<dyn Store>,
    /// `ENVIRONMENT-REGION/`.
    prefix: String,
    /// `environment / region`.
    label: String,
}

/// The ledger as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredLedger {
    version: u32,
    entries: Ledger,
}

/// A plan as it is stored: its bytes are blobs.
#[derive(Serialize, Deserialize)]
struct StoredPlan {
    version: u32,
    attachments: BTreeSet<String>,
    plan: Plan,
}

/// What is remembered for the next plan of a target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remembered {
    /// What a plan compares with.
    pub baseline: Baseline,
    /// Ids that were written so recently that Search may not know it.
    pub recent: BTreeSet<String>,
    /// Fingerprints of drafts that we wrote.
    pub drafts: BTreeSet<String>,
}

impl TargetState {
    /// The state of a target. Reads nothing.
    pub fn new(store: Arc<dyn Store>, target: &Target) -> Self {
        Self::named(store, &target.environment.name, target.region.as_str())
    }

    /// The same by the names of environment and region.
    pub fn named(store: Arc<dyn Store>, environment: &str, region: &str) -> Self {
        let prefix = format!("{environment}-{region}/");
        Self { store, prefix, label: format!("{environment} / {region}") }
    }

    /// Where the store is, for people.
    pub fn place(&self) -> String {
        self.store.place()
    }

    /// Everything that a plan needs to know: what was applied, what runs that have not ended did, and the
    /// ledger. Takes no lock and writes nothing.
    pub async fn baseline(&self) -> Result<Baseline, Report> {
        let (mut applied, mut ledger) = (self.applied().await?, self.ledger().await?);
        for head in self.unfinished().await? {
            let (plan, events) = self.told(&head.meta.run).await?;
            applied = Some(advance(applied.as_ref(), &plan, &events));
            ledger = advance_ledger(&ledger, &plan, &events);
        }
        Ok(Baseline { applied, ledger })
    }

    /// What was last applied, without what runs that have not ended did.
    pub async fn applied(&self) -> Result<Option<Applied>, Report> {
        self.get("applied.json").await
    }

    /// The ledger, without what runs that have not ended did.
    pub async fn ledger(&self) -> Result<Ledger, Report> {
        let stored: Option<StoredLedger> = self.get("ledger.json").await?;
        Ok(stored.map(|s| s.entries).unwrap_or_default())
    }

    /// Replaces what is remembered as applied. Only under the lock.
    pub async fn save_applied(&self, applied: &Applied) -> Result<(), Report> {
        self.put("applied.json", applied, Condition::Always).await.map(drop)
    }

    /// Replaces the ledger. Only under the lock.
    pub async fn save_ledger(&self, ledger: &Ledger) -> Result<(), Report> {
        let stored = StoredLedger { version: STATE_VERSION, entries: ledger.clone() };
        self.put("ledger.json", &stored, Condition::Always).await.map(drop)
    }

    /// The baseline, ids written lately and our own drafts. `is_recent` judges the time of an event.
    pub async fn remembered(
        &self,
        is_recent: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Remembered, Report> {
        let baseline = self.baseline().await?;
        let drafts = baseline.applied.iter().flat_map(Applied::own_drafts).collect();
        let mut recent = BTreeSet::new();
        for run in self.lately().await? {
            let Some(head) = self.head(&run, true).await? else { continue };
            if head.end.as_ref().is_some_and(|end| !is_recent(&end.ended)) {
                continue;
            }
            let chain = self.chain(&run).await?;
            for timed in chain.events.iter().filter(|e| is_recent(&e.at)) {
                recent.extend(timed.event.wrote().map(str::to_owned));
            }
        }
        Ok(Remembered { baseline, recent, drafts })
    }

    /// Runs that may have written lately: those that have not ended, those that the lock names, and the last
    /// few by their ids.
    async fn lately(&self) -> Result<BTreeSet<String>, Report> {
        let (all, ended) = self.ids().await?;
        let lock = self.lock().await?.lock;
        let named = lock.last_run.into_iter().chain(lock.holder.map(|h| h.run));
        let mut lately: BTreeSet<String> = named.filter(|run| all.contains(run)).collect();
        lately.extend(all.difference(&ended).cloned());
        lately.extend(all.into_iter().rev().take(LATELY));
        Ok(lately)
    }

    /// The ids of all runs, and of those that have ended for good.
    async fn ids(&self) -> Result<(BTreeSet<String>, BTreeSet<String>), Report> {
        let folder = self.key("runs/");
        let keys = self.store.list(&folder).await.map_err(|e| self.failed(&e))?;
        let named = |file: &str| -> BTreeSet<String> {
            let runs = keys.iter().filter_map(|k| k.strip_prefix(&folder)?.strip_suffix(file));
            runs.map(str::to_owned).collect()
        };
        Ok((named("/run.json"), named("/ended.json")))
    }

    /// The runs, newest first by the tokens of their locks.
    pub async fn runs(&self) -> Result<Vec<RunHead>, Report> {
        let (all, ended) = self.ids().await?;
        self.heads(all.into_iter().map(|run| (ended.contains(&run), run)).collect()).await
    }

    /// The runs that have not ended for good, oldest first.
    pub async fn unfinished(&self) -> Result<Vec<RunHead>, Report> {
        let (all, ended) = self.ids().await?;
        let open = all.difference(&ended).map(|run| (false, run.clone())).collect();
        let mut heads = self.heads(open).await?;
        heads.reverse();
        Ok(heads)
    }

    async fn heads(&self, runs: Vec<(bool, String)>) -> Result<Vec<RunHead>, Report> {
        let mut heads: Vec<RunHead> = stream::iter(runs)
            .map(|(ended, run)| async move {
                let head = self.head(&run, ended).await?;
                // What loses its end while it is read is being removed.
                Ok::<_, Report>(head.filter(|head| !ended || head.end.is_some()))
            })
            .buffered(READS_AT_ONCE)
            .try_filter_map(|head| async move { Ok(head) })
            .try_collect()
            .await?;
        heads.sort_by(|a, b| (b.meta.token, &b.meta.run).cmp(&(a.meta.token, &a.meta.run)));
        Ok(heads)
    }

    /// Everything that is known of a run. TL0523: there is none of that id.
    pub async fn run(&self, run: &str) -> Result<RunRecord, Report> {
        self.record(self.head_of(run).await?).await
    }

    /// Everything that is known of the run that this is the head of. TL0523: it was removed meanwhile.
    pub async fn record(&self, head: RunHead) -> Result<RunRecord, Report> {
        let run = head.meta.run.clone();
        let record = self.whole(head).await;
        // What was read while it went may be a part of it.
        let there = self.head(&run, false).await?;
        if there.is_some() { record } else { Err(self.no_run(&run)) }
    }

    async fn whole(&self, RunHead { meta, end }: RunHead) -> Result<RunRecord, Report> {
        let run = &meta.run;
        let plan = self.plan(run, true).await?;
        let before = self.before(run).await?;
        let events = self.chain(run).await?.events;
        Ok(RunRecord { meta, plan, before, events, end })
    }

    /// A run's plan, with the bytes that it sends, for going on with it.
    pub async fn plan_of(&self, run: &str) -> Result<Plan, Report> {
        self.plan(run, true).await
    }

    /// What a run was to do, without bytes, and what it did: all that folding it needs.
    async fn told(&self, run: &str) -> Result<(Plan, Vec<Event>), Report> {
        let (plan, chain) = futures_util::try_join!(self.plan(run, false), self.chain(run))?;
        Ok((plan, chain.events.into_iter().map(|e| e.event).collect()))
    }

    /// What is known of a run without its plan and events. TL0523: there is none of that id.
    pub async fn head_of(&self, run: &str) -> Result<RunHead, Report> {
        let head = if is_id(run) { self.head(run, true).await? } else { None };
        head.ok_or_else(|| self.no_run(run))
    }

    /// The events of a run.
    pub async fn events(&self, run: &str) -> Result<Vec<TimedEvent>, Report> {
        Ok(self.chain(run).await?.events)
    }

    /// Begins a run: writes the snapshot, the plan and the run, in this order. Only under the lock.
    pub async fn begin(
        &self,
        meta: &RunMeta,
        plan: &Plan,
        before: &Snapshot,
        now: Now,
    ) -> Result<StoreJournal, Report> {
        let run = &meta.run;
        let bytes: BTreeMap<&String, &Vec<u8>> =
            before.resources.iter().flat_map(|r| &r.attachments).collect();
        for (name, bytes) in bytes {
            blobs::put(&*self.store, name, bytes).await.map_err(|e| self.failed(&e))?;
        }
        self.new_object(&format!("runs/{run}/before.json"), &StoredSnapshot::of(before)).await?;
        let mut plan = plan.clone();
        let attachments = std::mem::take(&mut plan.attachments);
        for (name, text) in &attachments {
            let bytes = blobs::decoded(text).unwrap_or_default();
            blobs::put(&*self.store, name, &bytes).await.map_err(|e| self.failed(&e))?;
        }
        let attachments = attachments.into_keys().collect();
        let stored = StoredPlan { version: STATE_VERSION, attachments, plan };
        self.new_object(&format!("runs/{run}/plan.json"), &stored).await?;
        self.new_object(&format!("runs/{run}/run.json"), meta).await?;
        Ok(self.journal(run, meta.token, &Chain::default(), now))
    }

    /// Goes on with a run under a new token; from now on its earlier holder writes nothing more.
    /// Returns the journal and everything that happened before. Only under the lock.
    pub async fn go_on(
        &self,
        run: &str,
        token: u64,
        by: &str,
        now: Now,
    ) -> Result<(StoreJournal, Vec<Event>), Report> {
        let event = Event::Resumed { token, by: by.to_owned() };
        let (journal, chain) = self.fence(run, token, event, now).await?;
        Ok((journal, chain.events.into_iter().map(|e| e.event).collect()))
    }

    /// Ends a run for good: what it did becomes what is remembered. May be done again after a crash.
    /// Only under the lock.
    pub async fn end(&self, run: &str, result: RunResult, at: &str) -> Result<RunEnd, Report> {
        let (plan, events) = self.told(run).await?;
        let before = self.applied().await?;
        let applied = advance(before.as_ref(), &plan, &events);
        if before.as_ref() != Some(&applied) && !events.is_empty() {
            self.save_applied(&applied).await?;
        }
        let before = match before.is_some_and(|b| b.instance != applied.instance) {
            true => Ledger::default(),
            false => self.ledger().await?,
        };
        let ledger = advance_ledger(&before, &plan, &events);
        if self.ledger().await? != ledger {
            self.save_ledger(&ledger).await?;
        }
        let (done, drafts) = (done_count(&events), draft_count(&events));
        let end = RunEnd { version: STATE_VERSION, result, ended: at.to_owned(), done, drafts };
        self.new_object(&format!("runs/{run}/ended.json"), &end).await?;
        Ok(end)
    }

    /// Ends all runs that have stopped, in favour of another one (empty: of none). Those whose every step
    /// is done are complete. Only under the lock.
    pub async fn settle_unfinished(
        &self,
        successor: &str,
        token: u64,
        by: &str,
        now: &Now,
    ) -> Result<Vec<RunHead>, Report> {
        let unfinished = self.unfinished().await?;
        for head in &unfinished {
            let run = &head.meta.run;
            let events = self.chain(run).await?.events;
            let complete =
                events.iter().any(|e| matches!(e.event, Event::Ended { complete: true }));
            let result = if complete {
                RunResult::Complete
            } else {
                let by = by.to_owned();
                let event = Event::Superseded { token, run: successor.to_owned(), by };
                self.fence(run, token, event, now.clone()).await?;
                RunResult::Superseded(successor.to_owned())
            };
            self.end(run, result, &now()).await?;
        }
        Ok(unfinished)
    }

    /// Reads the lock.
    pub async fn lock(&self) -> Result<SeenLock, Report> {
        let key = self.key("lock.json");
        let found = self.store.get(&key).await.map_err(|e| self.failed(&e))?;
        let Some(found) = found else { return Ok(SeenLock::default()) };
        let lock: Lock = parse(&*self.store, &key, &found.bytes)?;
        Ok(SeenLock { lock, version: Some(found.version) })
    }

    /// Takes the lock as it was seen, whoever had it, and raises its token. None: it is another one now.
    pub async fn take(&self, seen: &SeenLock, holder: Holder) -> Result<Option<HeldLock>, Report> {
        let lock = Lock {
            token: seen.lock.token + 1,
            holder: Some(holder),
            renewed: 0,
            last_run: last_run(&seen.lock),
            ..seen.lock.clone()
        };
        self.write_lock(lock, seen.version.clone()).await
    }

    /// Renews the lock. None: somebody else took it.
    pub async fn renew(&self, held: &HeldLock) -> Result<Option<HeldLock>, Report> {
        let lock = Lock { renewed: held.lock.renewed + 1, ..held.lock.clone() };
        self.write_lock(lock, Some(held.version.clone())).await
    }

    /// Gives the lock back. None: somebody else took it before.
    pub async fn release(&self, held: &HeldLock) -> Result<Option<HeldLock>, Report> {
        let lock = Lock { holder: None, last_run: last_run(&held.lock), ..held.lock.clone() };
        self.write_lock(lock, Some(held.version.clone())).await
    }

    /// Takes the lock away from whoever has it: the token is raised, so that its holder stops.
    /// None: it is another one now.
    pub async fn unlock(&self, seen: &SeenLock) -> Result<Option<HeldLock>, Report> {
        let token = seen.lock.token + 1;
        let lock =
            Lock { token, holder: None, last_run: last_run(&seen.lock), ..seen.lock.clone() };
        self.write_lock(lock, seen.version.clone()).await
    }

    async fn write_lock(
        &self,
        lock: Lock,
        version: Option<String>,
    ) -> Result<Option<HeldLock>, Report> {
        let condition = version.map_or(Condition::Absent, Condition::Is);
        match self.put_if("lock.json", &lock, condition).await {
            Ok(version) => Ok(Some(HeldLock { lock, version })),
            Err(StoreError::Changed(_)) => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Writes an event at the end of a run's chain, whoever else writes there.
    async fn fence(
        &self,
        run: &str,
        token: u64,
        event: Event,
        now: Now,
    ) -> Result<(StoreJournal, Chain), Report> {
        loop {
            let chain = self.chain(run).await?;
            let mut journal = self.journal(run, token, &chain, now.clone());
            match journal.write(std::slice::from_ref(&event)).await {
                Ok(()) => return Ok((journal, chain)),
                // The earlier holder was faster by one link.
                Err(StoreError::Changed(_)) => {}
                Err(error) => return Err(self.failed(&error)),
            }
        }
    }

    fn journal(&self, run: &str, token: u64, chain: &Chain, now: Now) -> StoreJournal {
        let folder = self.key(&format!("runs/{run}/journal/"));
        StoreJournal::new(self.store.clone(), folder, self.label.clone(), token, chain, now)
    }

    async fn chain(&self, run: &str) -> Result<Chain, Report> {
        links::read(&*self.store, &self.key(&format!("runs/{run}/journal/"))).await
    }

    async fn head(&self, run: &str, ended: bool) -> Result<Option<RunHead>, Report> {
        let Some(meta) = self.get::<RunMeta>(&format!("runs/{run}/run.json")).await? else {
            return Ok(None);
        };
        let end = match ended {
            true => self.get(&format!("runs/{run}/ended.json")).await?,
            false => None,
        };
        Ok(Some(RunHead { meta, end }))
    }

    async fn plan(&self, run: &str, with_bytes: bool) -> Result<Plan, Report> {
        let name = format!("runs/{run}/plan.json");
        let stored: Option<StoredPlan> = self.get(&name).await?;
        let lacking = |why: &str| corrupt(&*self.store, &self.key(&name), why);
        let StoredPlan { attachments, mut plan, .. } =
            stored.ok_or_else(|| lacking("it is missing"))?;
        if plan.version != PLAN_VERSION {
            let message = format!(
                "the plan of run {run} has version {}, this program reads {PLAN_VERSION}",
                plan.version
            );
            return Err(Diagnostic::error("TL0522", message)
                .in_file(self.place())
                .help("use the program that began the run, or plan again")
                .report());
        }
        for blob in attachments.into_iter().filter(|_| with_bytes) {
            let bytes = blobs::get(&*self.store, &blob).await?;
            plan.attachments.insert(blob, blobs::encoded(&bytes));
        }
        Ok(plan)
    }

    async fn before(&self, run: &str) -> Result<Option<Snapshot>, Report> {
        let name = format!("runs/{run}/before.json");
        let Some(stored) = self.get::<StoredSnapshot>(&name).await? else { return Ok(None) };
        let mut bytes = BTreeMap::new();
        for blob in stored.blobs() {
            let found = blobs::get(&*self.store, &blob).await?;
            bytes.insert(blob, found);
        }
        let snapshot = stored.snapshot(&bytes);
        snapshot.map(Some).map_err(|why| corrupt(&*self.store, &self.key(&name), &why))
    }

    fn no_run(&self, run: &str) -> Report {
        Diagnostic::error("TL0523", format!("there is no run `{run}`"))
            .on(self.label.clone())
            .because(format!("looked in {}", self.place()))
            .help("`trunkline log --env ENVIRONMENT` lists the runs; `state prune` may have removed it")
            .report()
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn failed(&self, error: &StoreError) -> Report {
        unreachable(&*self.store, error)
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Report> {
        let key = self.key(name);
        let found = self.store.get(&key).await.map_err(|e| self.failed(&e))?;
        found.map(|found| parse(&*self.store, &key, &found.bytes)).transpose()
    }

    async fn put_if<T: Serialize>(
        &self,
        name: &str,
        value: &T,
        condition: Condition,
    ) -> Result<String, StoreError> {
        let key = self.key(name);
        let failed =
            |e: serde_json::Error| StoreError::Failed { key: key.clone(), reason: e.to_string() };
        let bytes = serde_json::to_vec(value).map_err(failed)?;
        self.store.put(&key, bytes, condition).await
    }

    async fn put<T: Serialize>(
        &self,
        name: &str,
        value: &T,
        condition: Condition,
    ) -> Result<String, Report> {
        self.put_if(name, value, condition).await.map_err(|e| self.failed(&e))
    }

    /// Writes what is written once; that it is there already is no error (a crash was before).
    async fn new_object<T: Serialize>(&self, name: &str, value: &T) -> Result<(), Report> {
        match self.put_if(name, value, Condition::Absent).await {
            Ok(_) | Err(StoreError::Changed(_)) => Ok(()),
            Err(error) => Err(self.failed(&error)),
        }
    }
}

/// The last run that may have been begun under a lock.
fn last_run(lock: &Lock) -> Option<String> {
    let run = lock.holder.as_ref().map(|h| h.run.clone()).filter(|run| !run.is_empty());
    run.or_else(|| lock.last_run.clone())
}

/// Whether it has the form of a run's id, so that no text leads elsewhere in the store.
fn is_id(run: &str) -> bool {
    !run.is_empty() && run.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}
