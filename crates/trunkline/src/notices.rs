//! Telling others of events: each receiver of `notify` in `server.yaml` gets every event, in order, at least once.
//!
//! Events wait in the store from the commit of what they tell on, so that neither the end of this process nor a
//! receiver that is down loses one. `serve` and commands without a server both have a `Notices`. A receiver that
//! fails is tried again at growing intervals and holds up nobody: each has a loop and a cursor of its own.
//! `send` carries an event to one. Deliberately absent: giving up.

mod send;

use crate::triggers;
use send::Receiver;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify as Bell, watch};
use trunkline_engine::Notify;
use trunkline_engine::ports::Origin;
use trunkline_model::{Diagnostic, Report};
use trunkline_store::{Kept, Store};

/// Events that are read at once.
const MOST: usize = 100;
/// The pause before a receiver that failed is tried again; it doubles each time.
const SHORTEST: Duration = Duration::from_millis(500);
/// The longest such pause.
const LONGEST: Duration = Duration::from_secs(60);
/// How long a receiver may take for one event.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who is told, and how far each of them is.
pub(crate) struct Notices {
    receivers: Vec<Receiver>,
    bells: Vec<Bell>,
    /// Counts what was committed; 1 at the start, as something may wait from before.
    committed: AtomicU64,
    progress: watch::Sender<Vec<Progress>>,
}

/// How far a receiver is.
#[derive(Clone, Debug, Default)]
struct Progress {
    /// What was committed when nothing waited for it.
    seen: u64,
    /// Why it could not be told, while it cannot.
    failing: Option<Diagnostic>,
}

impl Notices {
    /// Makes them ready. Relative files lie in the data folder. TL0893: a secret is not there.
    pub(crate) fn new(settings: &[triggers::Receiver], data: &Path) -> Result<Arc<Self>, Report> {
        let made = settings.iter().map(|one| Receiver::new(one, data));
        let receivers = made.collect::<Result<Vec<_>, _>>()?;
        Ok(Arc::new(Self {
            bells: receivers.iter().map(|_| Bell::new()).collect(),
            committed: AtomicU64::new(1),
            progress: watch::Sender::new(vec![Progress::default(); receivers.len()]),
            receivers,
        }))
    }

    /// Tells all receivers for as long as it is polled. `talk` hears of a receiver that cannot be told, less and
    /// less often.
    pub(crate) async fn deliver(
        self: Arc<Self>,
        store: Arc<Store>,
        talk: impl Fn(&Diagnostic) + Send + Sync,
    ) {
        if self.receivers.is_empty() {
            // Nobody will be told any more what waits.
            let _ = store.forget_notices(u64::MAX >> 1);
            return;
        }
        let each = (0..self.receivers.len()).map(|index| self.keep_telling(index, &store, &talk));
        futures_util::future::join_all(each).await;
    }

    async fn keep_telling(
        &self,
        index: usize,
        store: &Store,
        talk: &(impl Fn(&Diagnostic) + Send + Sync),
    ) {
        let (mut pause, mut failures) = (SHORTEST, 0_u32);
        loop {
            // Taken first: what is committed from now on rings the bell.
            let committed = self.committed.load(Ordering::Acquire);
            match self.tell(index, store).await {
                Ok(told) => {
                    (pause, failures) = (SHORTEST, 0);
                    self.update(index, |progress| progress.failing = None);
                    self.forget(store);
                    if told < MOST {
                        self.update(index, |progress| progress.seen = committed);
                        self.bells[index].notified().await;
                    }
                }
                Err(why) => {
                    let name = self.receivers[index].name();
                    let message = format!("events cannot be told to {name}: they wait");
                    let problem = Diagnostic::warning("TL0896", message).because(why);
                    failures += 1;
                    if failures.is_power_of_two() {
                        talk(&problem);
                    }
                    self.update(index, |progress| progress.failing = Some(problem));
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST);
                }
            }
        }
    }

    /// Tells a receiver what waits for it; returns how many events that were.
    async fn tell(&self, index: usize, store: &Store) -> Result<usize, String> {
        let receiver = &self.receivers[index];
        let cursor = store.cursor(receiver.cursor()).map_err(|error| error.to_string())?;
        let waiting = store.notices_after(cursor, MOST).map_err(|error| error.to_string())?;
        for notice in &waiting {
            self.tell_one(receiver, notice).await?;
            store.set_cursor(receiver.cursor(), notice.id).map_err(|error| error.to_string())?;
        }
        Ok(waiting.len())
    }

    async fn tell_one(&self, receiver: &Receiver, notice: &Kept) -> Result<(), String> {
        let told = tokio::time::timeout(PATIENCE, receiver.tell(&notice.body)).await;
        told.map_err(|_| format!("it took longer than {} seconds", PATIENCE.as_secs()))?
    }

    fn update(&self, index: usize, change: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(|all| change(&mut all[index]));
    }

    /// Forgets the events that every receiver was told.
    fn forget(&self, store: &Store) {
        let cursors = self.receivers.iter().map(|r| store.cursor(r.cursor()));
        let least = cursors.collect::<Result<Vec<_>, _>>().ok();
        if let Some(least) = least.and_then(|all| all.into_iter().min()).filter(|least| *least > 0)
        {
            // What stays longer than it has to does no harm.
            let _ = store.forget_notices(least);
        }
    }

    /// Waits until every receiver was told everything, or fails, or the time is over. Returns what keeps those from
    /// it that fail.
    pub(crate) async fn settle(&self, patience: Duration) -> Vec<Diagnostic> {
        let target = self.committed.load(Ordering::Acquire);
        let mut progress = self.progress.subscribe();
        let over =
            |all: &Vec<Progress>| all.iter().all(|one| one.failing.is_some() || one.seen >= target);
        // Whether it was in time does not matter: what is left waits in the store.
        let _ = tokio::time::timeout(patience, progress.wait_for(over)).await;
        let all = self.progress.borrow();
        all.iter().filter_map(|one| one.failing.clone()).collect()
    }
}

impl Notify for Notices {
    fn wanted(&self) -> bool {
        !self.receivers.is_empty()
    }

    fn origin(&self) -> Origin {
        Origin { account: "000000000000".to_owned(), region: "local".to_owned() }
    }

    fn wake(&self) {
        self.committed.fetch_add(1, Ordering::AcqRel);
        self.bells.iter().for_each(Bell::notify_one);
    }
}

#[cfg(test)]
mod tests;
