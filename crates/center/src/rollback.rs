//! Rollback: the plan that undoes what a run began.
//!
//! Every managed field of what the run touched goes back to what it was before, by name; what the run made
//! goes. It is a plan like any other: made without calls, journalled, resumed, rolled back. What others
//! changed since stays as it is and is listed, and so is what the service cannot undo. `touched` says what
//! the run began, `names` takes back what it renamed, `wanted` says what there shall be, `drafts` restores drafts, `removal` takes away what was made.

mod drafts;
mod names;
mod removal;
mod touched;
mod wanted;

use crate::apply::Event;
use crate::bindings::Bindings;
use crate::plan::{Plan, PlanInput, PlanOptions, build_under};
use crate::resolve::OUTSIDE_KINDS;
use crate::snapshot::Snapshot;
use crate::state::Baseline;
use names::Names;
use removal::Removed;
use std::collections::BTreeSet;
use touched::Touched;
use trunkline_model::{Diagnostic, Report};
use wanted::Goal;

/// What a rollback is planned from.
#[derive(Clone, Copy)]
pub struct RollbackInput<'a> {
    /// The plan of the run.
    pub run: &'a Plan,
    /// What the run journalled.
    pub events: &'a [Event],
    /// The instance before the run, with the drafts of what it touched.
    pub before: &'a Snapshot,
    /// The instance now, with the drafts that `drafts_needed` names.
    pub now: &'a Snapshot,
    /// What the environment binds.
    pub bindings: &'a Bindings,
    /// What is remembered of the target.
    pub baseline: &'a Baseline,
    /// How plans are made for the target.
    pub options: &'a PlanOptions,
}

/// What undoes a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollback {
    /// The plan.
    pub plan: Plan,
    /// What the service cannot undo, and what it undoes in another way.
    pub cannot: Vec<Diagnostic>,
    /// What stays, because others changed it since or use it.
    pub kept: Vec<Diagnostic>,
}

/// Kinds and ids of what a run touched whose drafts `plan` needs to know.
pub fn drafts_needed(run: &Plan, events: &[Event], now: &Snapshot) -> Vec<(&'static str, String)> {
    touched::draftable(run, events, now)
}

/// Plans the inverse of what a run began.
pub fn plan(input: &RollbackInput<'_>) -> Result<Rollback, Report> {
    let now = with_names_outside(input);
    inverse(&RollbackInput { now: &now, ..*input })
}

/// The instance now, with the bots and functions that it named before: it may no longer name them.
fn with_names_outside(input: &RollbackInput<'_>) -> Snapshot {
    let mut now = input.now.clone();
    for kind in OUTSIDE_KINDS {
        for (name, entry) in input.before.names.of_kind(kind) {
            if now.names.get(kind, name).is_none() {
                now.names.insert(kind, name, entry.clone());
            }
        }
    }
    now
}

fn inverse(original: &RollbackInput<'_>) -> Result<Rollback, Report> {
    let mut stays = BTreeSet::new();
    loop {
        let names = names::of_before(original, &stays);
        let (now, baseline) = match &names.paired {
            Some(paired) => (&paired.snapshot, &paired.baseline),
            None => (original.now, original.baseline),
        };
        let input = &RollbackInput { run: &names.run, now, baseline, ..*original };
        let touched = touched::of(input, original.now);
        let mut findings = Findings::default();
        let goal = wanted::of(input, &touched, &names.displaced, &mut findings);
        let removed = removal::chosen(input, &touched, &goal, &mut findings);
        let blocked = names::blocked(&names, &removed);
        if blocked.is_empty() {
            findings.cannot.extend(removal::cannot_be_deleted(&removed, input));
            return planned(original, input, &names, &touched, goal, &removed, findings);
        }
        // It keeps the name that it has: another one stays that has its own.
        stays.extend(blocked);
    }
}

fn planned(
    original: &RollbackInput<'_>,
    input: &RollbackInput<'_>,
    names: &Names,
    touched: &Touched,
    mut goal: Goal,
    removed: &[Removed],
    mut findings: Findings,
) -> Result<Rollback, Report> {
    let options = PlanOptions {
        overwrite_drafts: true,
        overwrite_drift: true,
        prune: false,
        as_drafts: false,
        ..input.options.clone()
    };
    loop {
        let plan_input = PlanInput {
            documents: &goal.documents,
            snapshot: original.now,
            bindings: original.bindings,
            baseline: original.baseline,
            options: &options,
        };
        let built = build_under(&plan_input, names.paired.as_ref(), &mut |steps, changes| {
            drafts::add(input, &options, &goal, steps, changes);
            removal::tags(input, touched, steps, changes);
            removal::add(input, removed, steps, changes);
        });
        match built {
            Ok(mut plan) => {
                names::remember(original, names, &mut plan);
                names::entries(original, names, &mut plan);
                let Findings { cannot, kept } = findings;
                return Ok(Rollback { plan, cannot, kept });
            }
            Err(report) => give_up(report, &mut goal, &mut findings)?,
        }
    }
}

/// What is told beside the plan.
#[derive(Default)]
struct Findings {
    cannot: Vec<Diagnostic>,
    kept: Vec<Diagnostic>,
}

/// Leaves out what cannot be planned, and says so; the report where that helps nothing.
fn give_up(report: Report, goal: &mut wanted::Goal, findings: &mut Findings) -> Result<(), Report> {
    let subjects: BTreeSet<String> =
        report.0.iter().filter_map(|d| d.place.subject.clone()).collect();
    let refused = goal.documents.iter().filter(|d| subjects.contains(&d.subject()));
    let refused: Vec<_> = refused.map(|d| (d.kind, d.name.clone())).collect();
    if refused.is_empty() {
        return Err(report);
    }
    for (kind, name) in refused {
        goal.documents.remove(kind, &name);
        goal.drafts.retain(|d| (d.kind, d.name.as_str()) != (kind, name.as_str()));
    }
    findings.cannot.extend(report.0.into_iter().map(|problem| {
        let mut cannot = Diagnostic::warning("TL0530", problem.message.clone());
        cannot.place = problem.place;
        problem.notes.into_iter().fold(cannot, Diagnostic::because)
    }));
    Ok(())
}
