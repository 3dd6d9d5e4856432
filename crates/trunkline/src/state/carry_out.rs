//! Performing a plan under the lock: the run is recorded, journalled and, at its end, remembered.

use super::hold::{Guard, Hold};
use super::process;
use super::progress::Telling;
use crate::connect::Connected;
use crate::context::{self, App, Located};
use crate::{clock, interrupt, render};
use futures_util::future::BoxFuture;
use std::process::{Command, Stdio};
use std::sync::Arc;
use trunkline_center::Snapshot;
use trunkline_center::apply::{self, Event, Journal, JournalError, Machine, Outcome};
use trunkline_center::plan::Plan;
use trunkline_center::state::{
    Now, RunMeta, RunResult, STATE_VERSION, StoreJournal, settle, settle_ledger,
};
use trunkline_model::{Diagnostic, Report};

/// What a run is for, as the history tells it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Why {
    /// `apply`, `rollback RUN`, `drift revert`.
    pub(crate) command: String,
}

/// How a run went that did not fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The run's id; None where there was nothing to do.
    pub(crate) run: Option<String>,
    /// Steps that are done.
    pub(crate) done: usize,
    /// Flows and modules that stayed drafts.
    pub(crate) drafts: usize,
}

/// Performs a plan that was made under this hold, and remembers it.
///
/// Runs that had stopped before are over then: what they did is in the baseline of this plan. A plan
/// without steps only records what it found as applied. What fails leaves a run that can be resumed.
pub(crate) async fn carry_out(
    app: &App,
    located: &Located,
    connected: &Connected,
    hold: &Hold,
    plan: Plan,
    snapshot: &Snapshot,
    why: &Why,
) -> Result<Ended, Report> {
    let now = now();
    let successor = if plan.is_empty() { "" } else { hold.run.as_str() };
    let settled = hold.state.settle_unfinished(successor, hold.token, &hold.by(), &now).await?;
    for head in settled {
        app.printer.say(&format!("run {} had stopped; it is over now", head.meta.run));
    }
    if plan.is_empty() {
        let before = hold.state.applied().await?;
        let settled = settle(before.as_ref(), &plan);
        if before.as_ref() != Some(&settled) {
            hold.state.save_applied(&settled).await?;
        }
        let before = hold.state.ledger().await?;
        let settled = settle_ledger(&before, &plan);
        if before != settled {
            hold.state.save_ledger(&settled).await?;
        }
        return Ok(Ended { run: None, done: 0, drafts: 0 });
    }
    let meta = meta(located, connected, hold, why).counted(&plan);
    let steps = plan.steps.len();
    let journal = hold.state.begin(&meta, &plan, snapshot, now).await?;
    let mut journal = Guarded { journal, guard: hold.guard() };
    let started = Event::Started {
        run: hold.run.clone(),
        target: connected.target.label(),
        instance: connected.instance.arn.clone(),
        steps,
    };
    written(journal.append_all(&[started]).await)?;
    app.printer.say(&format!("run {}: {}", hold.run, render::plan::steps(steps)));
    let machine = Machine::new(plan, connected.instance.clone());
    perform(app, connected, hold, machine, journal).await
}

/// Goes on with a run that has stopped, under this hold: what is done is not done again.
pub(crate) async fn go_on(
    app: &App,
    connected: &Connected,
    hold: &Hold,
    plan: Plan,
) -> Result<Ended, Report> {
    let (journal, events) = hold.state.go_on(&hold.run, hold.token, &hold.by(), now()).await?;
    let steps = plan.steps.len();
    let mut machine = Machine::new(plan, connected.instance.clone());
    machine.replay(&events);
    let left = steps - machine.done_count();
    app.printer.say(&format!("run {}: {} of {} left", hold.run, left, render::plan::steps(steps)));
    let journal = Guarded { journal, guard: hold.guard() };
    perform(app, connected, hold, machine, journal).await
}

async fn perform(
    app: &App,
    connected: &Connected,
    hold: &Hold,
    mut machine: Machine,
    mut journal: Guarded,
) -> Result<Ended, Report> {
    let interrupted = interrupt::watch();
    let mut telling = Telling::new(&app.printer, &machine);
    let outcome = {
        let mut tell = |step| telling.tell(step);
        let stop = || interrupted.is_set();
        apply::run(&connected.client, &mut machine, &mut journal, &mut tell, &stop).await?
    };
    app.printer.warnings(&outcome.drafts);
    let label = connected.target.label();
    let done = format!("{} of {} done", outcome.done, render::plan::steps(outcome.total));
    if outcome.done == outcome.total && outcome.failures.is_empty() {
        hold.state.end(&hold.run, RunResult::Complete, &clock::stamp()).await?;
        telling.end(&format!("{label}   {done}"));
        let (run, drafts) = (Some(hold.run.clone()), outcome.drafts.len());
        return Ok(Ended { run, done: outcome.done, drafts });
    }
    Err(stopped(app, &label, &done, hold, outcome))
}

/// Why a run stopped before its end, and how to go on with it.
fn stopped(app: &App, label: &str, done: &str, hold: &Hold, outcome: Outcome) -> Report {
    let environment = label.split(" / ").next().unwrap_or(label);
    if outcome.failures.is_empty() {
        return Diagnostic::error("TL0506", format!("interrupted: {done}"))
            .on(label)
            .because(format!("run {}", hold.run))
            .help(format!("`trunkline resume --env {environment}` goes on from there"))
            .report();
    }
    app.printer.say(&format!(
        "{label}   {done}; run {} can be resumed: `trunkline resume --env {environment}`",
        hold.run
    ));
    Report(outcome.failures)
}

/// The journal of a run whose lock is held.
struct Guarded {
    journal: StoreJournal,
    guard: Arc<Guard>,
}

impl Journal for Guarded {
    fn append_all<'a>(
        &'a mut self,
        events: &'a [Event],
    ) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(async move {
            self.guard.check().await.map_err(JournalError::Lost)?;
            self.journal.append_all(events).await
        })
    }
}

fn written(result: Result<(), JournalError>) -> Result<(), Report> {
    result.map_err(|error| match error {
        JournalError::Lost(report) => report,
        JournalError::Failed(reason) => {
            Diagnostic::error("TL0504", format!("the journal cannot be written: {reason}"))
                .because("nothing was changed")
                .help("make room or correct the permissions, then run the same command again")
                .report()
        }
    })
}

fn meta(located: &Located, connected: &Connected, hold: &Hold, why: &Why) -> RunMeta {
    RunMeta {
        version: STATE_VERSION,
        run: hold.run.clone(),
        token: hold.token,
        target: connected.target.label(),
        instance: connected.instance.arn.clone(),
        command: why.command.clone(),
        caller: hold.caller.clone(),
        host: process::host(),
        commit: commit(located),
        reason: hold.reason.clone(),
        broken_rules: hold.broken.iter().flat_map(|b| b.rules.clone()).collect(),
        started: clock::stamp(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        ..RunMeta::default()
    }
}

fn now() -> Now {
    Arc::new(clock::stamp)
}

/// The commit that the project's folder is at, with `+` where files differ from it.
fn commit(located: &Located) -> Option<String> {
    // A pipeline works in a checkout without git's own files, and says what it is of.
    if let Some(told) = context::variable("TRUNKLINE_COMMIT").filter(|c| !c.is_empty()) {
        return Some(told);
    }
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(&located.root).args(arguments);
        let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--", "."]).is_none_or(|s| !s.is_empty());
    Some(if changed { format!("{commit}+") } else { commit })
}
