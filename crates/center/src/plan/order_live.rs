//! What callers notice of a plan: the phases in which its steps run, and how long old and new are mixed.
//!
//! An apply is not atomic, and callers are on the line. So everything that nobody meets comes first, then
//! the changes of what people use, then phone numbers, removals last. The ordering, the machine and what
//! a plan tells of itself use the same phases.

use super::{Action, Plan, Step};
use crate::kinds;
use crate::read::text;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// When a step runs: a phase begins when the one before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Nobody meets what it does: what is new, drafts, tags, what the instance may use.
    Quiet,
    /// Callers or agents meet another content or setting from here on.
    Noticed,
    /// A phone number leads elsewhere.
    Flip,
    /// Something is taken away from what stays.
    Detach,
    /// Something goes out of use, or is deleted.
    Removal,
}

/// The phases in their order.
pub const PHASES: [Phase; 5] =
    [Phase::Quiet, Phase::Noticed, Phase::Flip, Phase::Detach, Phase::Removal];

/// Calls that change something which is there already, without anybody meeting it.
const QUIET: [&str; 4] =
    ["TagResource", "UntagResource", "AssociateApprovedOrigin", "AssociateSecurityKey"];

/// The kind under which the ordering knows what is published again before its draft; no reference can have it.
pub(crate) const RESTORED: &str = "(restored)";

/// The kind under which the ordering knows what is taken away; no reference can have it.
pub(crate) const REMOVED: &str = "(removed)";

/// How long old and new are mixed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mixed {
    /// Steps that callers or agents can notice.
    pub steps: usize,
    /// Calls from the first of them to the last, by operation; the reads right before them included.
    pub calls: BTreeMap<String, usize>,
}

/// A read that answers the checks of several steps at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// The Describe operation.
    pub operation: String,
    /// Its input.
    pub input: Value,
    /// The steps, by their place in the plan.
    pub steps: Vec<usize>,
}

/// The phase that a step asks for by itself. `made` has what the plan makes: until it is whole, nobody meets it.
pub(super) fn own_phase(step: &Step, made: &BTreeSet<(&str, &str)>) -> Phase {
    let operation = step.call.operation.as_str();
    if matches!(step.action, Action::Retire | Action::Delete) {
        return Phase::Removal;
    }
    if operation.starts_with("Disassociate") {
        return Phase::Detach;
    }
    if step.kind == "phone-flow" {
        return Phase::Flip;
    }
    // What becomes published without a change was a draft only: nobody could reach it. Nor does anybody
    // use what other steps wait for: a function, a bot, audio on its way.
    let new = matches!(step.action, Action::Create | Action::Publish)
        || step.provides.as_ref().is_some_and(|(kind, _)| kind != RESTORED)
        || made.contains(&(step.kind.as_str(), step.name.as_str()));
    if new || QUIET.contains(&operation) || writes_draft(step) {
        return Phase::Quiet;
    }
    Phase::Noticed
}

/// Kinds and names that some steps make.
pub(super) fn made_by(steps: &[Step]) -> BTreeSet<(&str, &str)> {
    let made = steps.iter().filter(|s| s.action == Action::Create);
    made.map(|s| (s.kind.as_str(), s.name.as_str())).collect()
}

fn writes_draft(step: &Step) -> bool {
    let Some(kind) = kinds::get(&step.kind).filter(|k| k.has_drafts()) else { return false };
    let input = &step.call.input;
    text(input, kind.spec().id_member).ends_with(":$SAVED")
        || input.get("Status") == Some(&json!("SAVED"))
}

/// Puts no step into an earlier phase than one that it needs.
pub(super) fn raise(phases: &mut [Phase], needs: &[BTreeSet<usize>]) {
    let mut moved = true;
    while moved {
        moved = false;
        for (i, needs) in needs.iter().enumerate() {
            let least = needs.iter().map(|n| phases[*n]).max();
            if let Some(least) = least.filter(|least| *least > phases[i]) {
                phases[i] = least;
                moved = true;
            }
        }
    }
}

/// The phase of each step of a plan.
pub fn phases(steps: &[Step]) -> Vec<Phase> {
    let made = made_by(steps);
    let mut phases: Vec<Phase> = steps.iter().map(|s| own_phase(s, &made)).collect();
    let places: BTreeMap<&str, usize> =
        steps.iter().enumerate().map(|(i, s)| (s.id.as_str(), i)).collect();
    let needs = steps.iter().map(|s| s.needs.iter().filter_map(|n| places.get(n.as_str())));
    let needs: Vec<BTreeSet<usize>> = needs.map(|n| n.copied().collect()).collect();
    raise(&mut phases, &needs);
    phases
}

impl Plan {
    /// The reads that see, before the first step that anybody notices, whether what such steps overwrite
    /// is as it was. Each step reads once more right before its write. What goes is read only then: nobody meets it any
    /// more, and one that is left is told.
    pub fn surveys(&self) -> Vec<Survey> {
        let phases = phases(&self.steps);
        let is_met = |phase| phase > Phase::Quiet && phase < Phase::Removal;
        let noticed: Vec<usize> = (0..self.steps.len()).filter(|i| is_met(phases[*i])).collect();
        // The read right before the only such step says it all.
        if noticed.len() < 2 {
            return Vec::new();
        }
        let mut surveys: Vec<Survey> = Vec::new();
        let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
        for place in noticed {
            for check in self.steps[place].checks() {
                let key = (check.operation.clone(), check.input.to_string());
                let at = *known.entry(key).or_insert_with(|| {
                    let (operation, input) = (check.operation.clone(), check.input.clone());
                    surveys.push(Survey { operation, input, steps: Vec::new() });
                    surveys.len() - 1
                });
                surveys[at].steps.push(place);
            }
        }
        surveys
    }

    /// What is between the first and the last step that callers or agents can notice.
    pub fn mixed(&self) -> Mixed {
        let phases = phases(&self.steps);
        let mut mixed = Mixed::default();
        for (step, _) in self.steps.iter().zip(phases).filter(|(_, p)| *p > Phase::Quiet) {
            mixed.steps += 1;
            let operations = std::iter::once(&step.call.operation);
            for operation in operations.chain(step.checks().map(|c| &c.operation)) {
                *mixed.calls.entry(operation.clone()).or_default() += 1;
            }
        }
        mixed
    }

    /// The seconds for which old and new are mixed, at `per_second` calls of an operation after `burst` of them.
    pub fn mixed_seconds(&self, per_second: f64, burst: f64) -> f64 {
        let most = self.mixed().calls.into_values().max().unwrap_or_default() as f64;
        ((most - burst) / per_second).max(0.0)
    }

    /// The same for people; None where nobody meets both.
    pub fn mixed_line(&self, per_second: f64, burst: f64) -> Option<String> {
        let mixed = self.mixed();
        let calls: usize = mixed.calls.values().sum();
        let seconds = self.mixed_seconds(per_second, burst).ceil();
        (mixed.steps > 1).then(|| {
            let steps = mixed.steps;
            format!("Old and new are mixed for {steps} steps, {calls} calls, about {seconds} s.")
        })
    }
}
