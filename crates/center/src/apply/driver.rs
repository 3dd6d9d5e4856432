//! Makes the machine's calls, as many at once as are ready, and keeps the journal ahead of them.

use super::event::{Event, Journal, JournalError};
use super::machine::{Effect, Machine, Purpose};
use crate::cloud::{Answer, CallError, Cloud};
use crate::kinds;
use crate::read::before_write;
use futures_util::future::{BoxFuture, Either, select};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use std::pin::pin;
use trunkline_model::{Diagnostic, Report};

/// Calls under way at once, all operations together; the rate buckets of the port decide how fast they go.
const CALLS_AT_ONCE: usize = 256;

/// What an apply tells while it runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// A write call is about to be made: kind, name, operation.
    Calling(String, String, String),
    /// A step is done: steps done, steps in all.
    Done(usize, usize),
}

/// How an apply ended.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Steps that are done.
    pub done: usize,
    /// Steps of the plan.
    pub total: usize,
    /// What stayed a draft, with the service's problems.
    pub drafts: Vec<Diagnostic>,
    /// What failed.
    pub failures: Vec<Diagnostic>,
    /// Somebody asked to stop.
    pub interrupted: bool,
}

type Answered = (usize, Purpose, Result<Answer, CallError>);

/// Calls under way.
type Flying<'a> = FuturesUnordered<BoxFuture<'a, Answered>>;

/// Runs the machine to its end, or until a step fails or `stop` says so; calls in flight are awaited.
pub async fn run(
    cloud: &dyn Cloud,
    machine: &mut Machine,
    journal: &mut dyn Journal,
    progress: &mut (dyn FnMut(Progress) + Send),
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Outcome, Report> {
    let mut flying: Flying<'_> = FuturesUnordered::new();
    let mut outcome = Outcome { total: machine.plan().steps.len(), ..Outcome::default() };
    let mut follow_up = Vec::new();
    loop {
        outcome.interrupted |= stop();
        let mut effects = std::mem::take(&mut follow_up);
        if !outcome.interrupted {
            effects.extend(machine.next(CALLS_AT_ONCE.saturating_sub(flying.len())));
        }
        let mut answered = Vec::new();
        beside(persist(machine, journal), &mut flying, &mut answered).await?;
        for effect in effects {
            announce(machine, &effect, progress);
            let spec = kinds::get(&machine.plan().steps[effect.step].kind).map(|k| k.spec());
            flying.push(Box::pin(async move {
                let Effect { step, purpose, call } = effect;
                (step, purpose, before_write(cloud, spec, call).await)
            }));
        }
        if answered.is_empty() {
            let Some(first) = flying.next().await else { break };
            answered.push(first);
        }
        // Those that came meanwhile share its flush, which may be a call over the network.
        while let Some(Some(more)) = flying.next().now_or_never() {
            answered.push(more);
        }
        let before = machine.done_count();
        for (step, purpose, answer) in answered {
            // What it tells becomes durable together with what is begun next, at the top.
            follow_up.extend(machine.answer(step, purpose, answer));
        }
        if machine.done_count() > before {
            progress(Progress::Done(machine.done_count(), outcome.total));
        }
    }
    outcome.done = machine.done_count();
    outcome.failures = machine.failures().to_vec();
    outcome.drafts = machine.drafts().to_vec();
    let complete = outcome.done == outcome.total;
    append(journal, &[Event::Ended { complete }]).await?;
    Ok(outcome)
}

/// Does some work while the calls under way go on: what the work waits for may be held by one of them, or be kept for
/// one that was there first.
async fn beside<T>(
    work: impl Future<Output = T>,
    flying: &mut Flying<'_>,
    answered: &mut Vec<Answered>,
) -> T {
    let mut work = pin!(work);
    while !flying.is_empty() {
        match select(work.as_mut(), flying.next()).await {
            Either::Left((done, _)) => return done,
            Either::Right((answer, _)) => answered.extend(answer),
        }
    }
    work.await
}

fn announce(machine: &Machine, effect: &Effect, progress: &mut (dyn FnMut(Progress) + Send)) {
    if effect.purpose == Purpose::Write {
        let step = &machine.plan().steps[effect.step];
        let operation = effect.call.operation.clone();
        progress(Progress::Calling(step.kind.clone(), step.name.clone(), operation));
    }
}

async fn persist(machine: &mut Machine, journal: &mut dyn Journal) -> Result<(), Report> {
    let events = machine.take_events();
    if events.is_empty() { Ok(()) } else { append(journal, &events).await }
}

async fn append(journal: &mut dyn Journal, events: &[Event]) -> Result<(), Report> {
    journal.append_all(events).await.map_err(|error| match error {
        JournalError::Lost(report) => report,
        JournalError::Failed(reason) => {
            Diagnostic::error("TL0504", format!("the journal cannot be written: {reason}"))
                .because("no further call is made, because nobody would know of it afterwards")
                .help("make room or correct the permissions, then run `trunkline resume`")
                .report()
        }
    })
}
