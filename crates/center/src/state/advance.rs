//! What a run leaves remembered: the sum of what was remembered before, its plan and its events.
//!
//! Folding the events of a run once more changes nothing, and folding a part of them before the whole
//! changes nothing either. So whoever comes after a crash folds the run's journal again, wherever the
//! one before him stopped.

use super::applied::{Applied, AppliedResource, key};
use super::ledger::Ledger;
use crate::apply::{Event, StepResult};
use crate::kind::Retire;
use crate::kinds;
use crate::ownership::ClaimChange;
use crate::plan::{Action, Plan, Step};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of one step.
#[derive(Default)]
struct Fate<'a> {
    done: Option<(StepResult, &'a str)>,
}

/// What is remembered as applied after these events of a plan's run.
pub fn advance(before: Option<&Applied>, plan: &Plan, events: &[Event]) -> Applied {
    let instance = plan.target.instance_arn.as_str();
    let known = before.filter(|b| b.instance == instance);
    let mut applied = known.cloned().unwrap_or_else(|| Applied::new(instance));
    if events.is_empty() {
        return applied;
    }
    let fates = fates(events);
    let mut steps: BTreeMap<(&str, &str), Vec<&Step>> = BTreeMap::new();
    for step in &plan.steps {
        steps.entry((&step.kind, &step.name)).or_default().push(step);
    }
    for wanted in &plan.wanted {
        let of = steps.remove(&(wanted.kind.as_str(), wanted.name.as_str())).unwrap_or_default();
        remember(&mut applied, wanted, &of, &fates);
    }
    for step in &plan.steps {
        let fate = fates.get(step.id.as_str());
        if step.action == Action::Delete && fate.is_some_and(|f| f.done.is_some()) {
            applied.remove(&step.kind, &step.name);
        }
    }
    let begun = |s: &&Step| s.action == Action::Retire && fates.contains_key(s.id.as_str());
    for step in plan.steps.iter().filter(begun) {
        remember_retired(&mut applied, step);
    }
    for (kind, name) in &plan.forgotten {
        applied.remove(kind, name);
    }
    let done = |s: &Step| fates.get(s.id.as_str()).is_some_and(|f| f.done.is_some());
    if plan.steps.iter().filter(|s| s.action == Action::Rename).all(done) {
        applied.renames.extend(plan.renames.iter().cloned());
        applied.renames.retain(|id| !plan.unseen.contains(id));
    }
    remember_drafts(&mut applied, plan, events);
    applied
}

/// Without a run: what a plan that has nothing to do says is there.
pub fn settle(before: Option<&Applied>, plan: &Plan) -> Applied {
    let instance = plan.target.instance_arn.as_str();
    let known = before.filter(|b| b.instance == instance);
    let mut applied = known.cloned().unwrap_or_else(|| Applied::new(instance));
    let has_steps =
        |w: &AppliedResource| plan.steps.iter().any(|s| s.kind == w.kind && s.name == w.name);
    for wanted in plan.wanted.iter().filter(|w| !has_steps(w)) {
        applied.insert(wanted.clone());
    }
    if !plan.steps.iter().any(|s| s.action == Action::Rename) {
        applied.renames.extend(plan.renames.iter().cloned());
        applied.renames.retain(|id| !plan.unseen.contains(id));
    }
    for (kind, name) in &plan.forgotten {
        applied.remove(kind, name);
    }
    applied
}

/// What belongs to the project without a tag after these events of a plan's run.
pub fn advance_ledger(before: &Ledger, plan: &Plan, events: &[Event]) -> Ledger {
    let (mut ledger, fates) = (before.clone(), fates(events));
    for step in &plan.steps {
        let Some(fate) = fates.get(step.id.as_str()) else { continue };
        let tagged = step.call.input.get("Tags").is_some_and(|t| !t.is_null());
        let away = step.call.operation.starts_with("Disassociate");
        match step.action {
            // Begun is enough: it may be there, and then nobody else made it.
            Action::Create | Action::Associate if !tagged && !away => {
                ledger.insert(&step.kind, &step.name);
            }
            Action::Delete if fate.done.is_some() => ledger.remove(&step.kind, &step.name),
            _ => {}
        }
    }
    enter_claims(&mut ledger, plan, |change, step| {
        // What is ours under a name if a step that was begun took effect is ours.
        let enough = |fate: &Fate<'_>| fate.done.is_some() || change == ClaimChange::Gained;
        fates.get(step).is_some_and(enough)
    });
    ledger
}

/// What belongs to the project without a tag where a plan had nothing to do.
pub fn settle_ledger(before: &Ledger, plan: &Plan) -> Ledger {
    let mut ledger = before.clone();
    enter_claims(&mut ledger, plan, |_, _| false);
    ledger
}

/// Claims that no step makes true are true as soon as the plan is carried out.
fn enter_claims(ledger: &mut Ledger, plan: &Plan, done: impl Fn(ClaimChange, &str) -> bool) {
    for claim in &plan.claims {
        if claim.step.as_deref().is_none_or(|step| done(claim.change, step)) {
            claim.enter(ledger);
        }
    }
}

fn fates(events: &[Event]) -> BTreeMap<&str, Fate<'_>> {
    let mut fates: BTreeMap<&str, Fate<'_>> = BTreeMap::new();
    for event in events {
        match event {
            Event::StepStarted { step, .. } => {
                fates.entry(step).or_default();
            }
            Event::StepDone { step, result, id, .. } => {
                fates.entry(step).or_default().done = Some((*result, id));
            }
            _ => {}
        }
    }
    fates
}

fn remember(
    applied: &mut Applied,
    wanted: &AppliedResource,
    steps: &[&Step],
    fates: &BTreeMap<&str, Fate<'_>>,
) {
    let fate = |step: &&Step| fates.get(step.id.as_str());
    let done = |step: &&Step| fate(step).and_then(|f| f.done);
    if !steps.is_empty() && !steps.iter().any(|s| fate(s).is_some()) {
        return;
    }
    let id = steps.iter().find_map(|step| {
        let makes = step.made.is_some()
            && step
                .provides
                .as_ref()
                .is_some_and(|p| *p == (wanted.kind.clone(), wanted.name.clone()));
        done(step).filter(|_| makes).map(|(_, id)| id.to_owned())
    });
    let has_ids = kinds::get(&wanted.kind).is_none_or(|k| !k.spec().id_member.is_empty());
    let id = id.filter(|_| has_ids && wanted.id.is_empty()).unwrap_or(wanted.id.clone());
    let whole =
        steps.iter().all(|s| done(s).is_some_and(|(result, _)| result != StepResult::Draft));
    if whole {
        applied.insert(AppliedResource { id, begun: Vec::new(), ..wanted.clone() });
        return;
    }
    let by_id = |r: &AppliedResource| r.kind == wanted.kind && r.id == id && !id.is_empty();
    let place = applied.resources.iter().find(|(_, r)| by_id(r)).map(|(k, _)| k.clone());
    let place = place.unwrap_or_else(|| key(&wanted.kind, &wanted.name));
    // An entry of a name that is on its way to another one stays where it is until it has arrived.
    let resource = applied.resources.entry(place).or_insert_with(|| AppliedResource {
        kind: wanted.kind.clone(),
        name: wanted.name.clone(),
        id: String::new(),
        body: serde_json::Map::new(),
        begun: Vec::new(),
        bound: BTreeMap::new(),
    });
    if resource.id.is_empty() {
        resource.id = id;
    }
    if !resource.begun.contains(&wanted.body) {
        resource.begun.push(wanted.body.clone());
    }
}

/// What a run took out of use may be so from then on: it was us, whoever wants it in use again.
fn remember_retired(applied: &mut Applied, step: &Step) {
    let Some(spec) = kinds::get(&step.kind).map(|kind| kind.spec()) else { return };
    let Retire::First { says: (field, value), .. } = spec.retire else { return };
    let id = step.call.input.get(spec.id_member).and_then(Value::as_str).unwrap_or_default();
    let is_it = |r: &AppliedResource| r.kind == step.kind && !id.is_empty() && r.id == id;
    let place = applied.resources.iter().find(|(_, r)| is_it(r)).map(|(place, _)| place.clone());
    let place = place.unwrap_or_else(|| key(&step.kind, &step.name));
    let Some(resource) = applied.resources.get_mut(&place) else { return };
    let known: Vec<_> = std::iter::once(&resource.body).chain(&resource.begun).cloned().collect();
    for mut body in known {
        body.insert(field.to_owned(), json!(value));
        if !resource.begun.contains(&body) {
            resource.begun.push(body);
        }
    }
}

/// The last finished draft of a resource, and those begun after it.
fn remember_drafts(applied: &mut Applied, plan: &Plan, events: &[Event]) {
    let keys: BTreeMap<&str, String> =
        plan.steps.iter().map(|s| (s.id.as_str(), key(&s.kind, &s.name))).collect();
    let mut last: BTreeMap<&str, (Option<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for event in events {
        let (step, draft, done) = match event {
            Event::StepStarted { step, draft: Some(draft), .. } => (step, draft, false),
            Event::StepDone { step, draft: Some(draft), .. } => (step, draft, true),
            _ => continue,
        };
        let Some(key) = keys.get(step.as_str()) else { continue };
        let (finished, begun) = last.entry(key).or_default();
        if done {
            *finished = Some(draft);
            begun.clear();
        } else {
            begun.insert(draft);
        }
    }
    for (key, (finished, begun)) in last {
        let ours = applied.drafts.entry(key.to_owned()).or_default();
        if let Some(finished) = finished {
            ours.clear();
            ours.insert(finished.to_owned());
        }
        ours.extend(begun.into_iter().map(str::to_owned));
    }
}

/// How many steps these events finish.
pub fn done_count(events: &[Event]) -> usize {
    fates(events).values().filter(|f| f.done.is_some()).count()
}

/// How many steps ended as drafts.
pub fn draft_count(events: &[Event]) -> usize {
    let is_draft = |f: &&Fate<'_>| matches!(f.done, Some((StepResult::Draft, _)));
    fates(events).values().filter(is_draft).count()
}
