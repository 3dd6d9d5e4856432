//! What a run began: resources that were there before, and resources that it made.

use super::RollbackInput;
use crate::apply::Event;
use crate::kind::{KindName, Spec};
use crate::kinds;
use crate::plan::{Action, PROJECT_TAG, Plan, Step, temporary_name};
use crate::read::text;
use crate::resource::Resource;
use crate::snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};

/// What a run began.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Kind and name, as before the run.
    pub(super) there: BTreeSet<(KindName, String)>,
    /// Kind and name, as now, of what it made and is still there; in the order in which it was made.
    pub(super) made: Vec<(KindName, String)>,
    /// Switches of the instance that it wrote.
    pub(super) attributes: BTreeSet<String>,
    /// Fingerprints of drafts that it wrote.
    pub(super) drafts: BTreeSet<String>,
    /// Kind and name of what it deleted.
    pub(super) deleted: BTreeSet<(KindName, String)>,
}

/// What the journal says of a step.
#[derive(Clone, Debug, Default)]
pub(super) struct Fate {
    begun: bool,
    done: bool,
    /// The id of what it made.
    pub(super) id: String,
}

fn fates(events: &[Event]) -> BTreeMap<&str, Fate> {
    let mut fates: BTreeMap<&str, Fate> = BTreeMap::new();
    for event in events {
        match event {
            Event::StepStarted { step, .. } => fates.entry(step).or_default().begun = true,
            Event::StepDone { step, id, .. } => {
                let fate = fates.entry(step).or_default();
                (fate.begun, fate.done) = (true, true);
                fate.id.clone_from(id);
            }
            _ => {}
        }
    }
    fates
}

/// The steps that the run began.
pub(super) fn begun<'a>(run: &'a Plan, events: &'a [Event]) -> Vec<(&'a Step, Fate)> {
    let fates = fates(events);
    let known = |step: &'a Step| Some((step, fates.get(step.id.as_str())?.clone()));
    run.steps.iter().filter_map(known).filter(|(_, fate)| fate.begun).collect()
}

/// The id of what a step writes to, where its input says it; empty otherwise.
pub(super) fn id_of(step: &Step) -> String {
    let member = kinds::get(&step.kind).map_or("", |k| k.spec().id_member);
    let arn = text(&step.call.input, "resourceArn");
    let id = match arn.rsplit_once('/') {
        Some((_, id)) => id.to_owned(),
        None => text(&step.call.input, member),
    };
    let id = id.trim_end_matches(":$SAVED");
    if id.starts_with("${") { String::new() } else { id.to_owned() }
}

/// A resource by its id.
pub(super) fn by_id<'a>(snapshot: &'a Snapshot, kind: &str, id: &str) -> Option<&'a Resource> {
    if id.is_empty() {
        return None;
    }
    snapshot.resources.iter().find(|r| r.kind == kind && r.id == id)
}

/// `named` is the instance now, by the names that it has.
pub(super) fn of(input: &RollbackInput<'_>, named: &Snapshot) -> Touched {
    let RollbackInput { run, events, before, now, .. } = *input;
    let mut touched = Touched {
        drafts: events.iter().filter_map(|e| e.draft().map(str::to_owned)).collect(),
        ..Touched::default()
    };
    let begun = begun(run, events);
    let renamed: BTreeSet<String> = begun
        .iter()
        .filter(|(step, _)| step.action == Action::Rename)
        .map(|(step, _)| id_of(step))
        .collect();
    for (step, fate) in begun {
        let Some(kind) = kinds::get(&step.kind).map(|k| k.spec().name) else { continue };
        let there = by_id(before, kind, &id_of(step)).or_else(|| {
            // What is made under a name that the run gave away is another one.
            let is_new = |r: &&Resource| step.action == Action::Create && renamed.contains(&r.id);
            before.get(kind, &step.name).filter(|r| !is_new(r))
        });
        if let Some(there) = there {
            let key = (kind, there.name.clone());
            if step.action == Action::Delete && fate.done {
                touched.deleted.insert(key.clone());
            }
            touched.there.insert(key);
            let attribute = text(&step.call.input, "AttributeType");
            touched.attributes.extend(Some(attribute).filter(|a| !a.is_empty()));
        } else if let Some(made) = made_by(step, &fate, input, named)
            && !touched.made.iter().any(|(k, n)| (*k, n.as_str()) == (made.kind, &made.name))
        {
            touched.made.push((made.kind, made.name.clone()));
        }
    }
    // What stands by its id under another name was there before.
    let is_new = |(kind, name): &(KindName, String)| {
        let resource = now.get(kind, name);
        resource.is_some_and(|r| by_id(before, kind, &r.id).is_none())
    };
    touched.made.retain(is_new);
    touched
}

/// What was made under a name, and goes by a temporary one since an earlier rollback began.
pub(super) fn displaced<'a>(spec: &Spec, name: &str, named: &'a Snapshot) -> Option<&'a Resource> {
    let own = spec.own_name(name);
    let is = |r: &&Resource| {
        r.kind == spec.name && spec.own_name(&r.name) == temporary_name(&own, &r.id)
    };
    named.resources.iter().find(is)
}

/// What a step began to make within something that was about to get another name, and has its name of before:
/// its own name and the id of what it lies within tell it.
pub(super) fn made_within<'a>(
    step: &Step,
    before: &Snapshot,
    named: &'a Snapshot,
) -> Option<&'a Resource> {
    let spec = kinds::get(&step.kind)?.spec();
    let (member, outer) = spec.within.filter(|_| step.action == Action::Create)?;
    let id = text(&step.call.input, member);
    let path = path_of(spec, &by_id(named, outer, &id)?.name);
    let own = spec.own_name(&step.name);
    let is = |r: &&Resource| {
        let lies = r.name.rsplit_once('/').is_some_and(|(of, _)| of == path);
        r.kind == spec.name && lies && spec.own_name(&r.name) == own
    };
    named.resources.iter().find(is).filter(|r| by_id(before, r.kind, &r.id).is_none())
}

/// How the names of what lies within something begin.
fn path_of(spec: &Spec, outer: &str) -> String {
    let kind = spec.within.map_or("", |(_, kind)| kind);
    let name = spec.name_within(Some((kind, outer)), "");
    name.trim_end_matches('/').to_owned()
}

/// What a step made, where it is still there and nobody else made it.
pub(super) fn made_by<'a>(
    step: &Step,
    fate: &Fate,
    input: &RollbackInput<'a>,
    named: &Snapshot,
) -> Option<&'a Resource> {
    let kind = kinds::get(&step.kind)?;
    let found = by_id(named, &step.kind, &fate.id);
    let found = found.or_else(|| named.get(&step.kind, &step.name));
    let found = found.or_else(|| displaced(kind.spec(), &step.name, named));
    let found = found.or_else(|| made_within(step, input.before, named))?;
    let found = match by_id(input.now, &step.kind, &found.id) {
        None => input.now.get(&step.kind, &found.name)?,
        Some(found) => found,
    };
    let known = fate.done && !fate.id.is_empty() && !found.id.is_empty();
    if step.made.is_some() && known {
        return (found.id == fate.id).then_some(found);
    }
    // Begun, and nobody knows more: it is ours if it carries our tag, where it can carry one.
    let tagged = kind.spec().create.as_ref().is_some_and(|c| c.tags);
    let ours = !tagged || found.tags.get(PROJECT_TAG) == Some(&input.run.project);
    ours.then_some(found)
}

/// Flows, modules and views that are touched, by their ids now.
pub(super) fn draftable(
    run: &Plan,
    events: &[Event],
    now: &Snapshot,
) -> Vec<(&'static str, String)> {
    let mut all = BTreeSet::new();
    for (step, fate) in begun(run, events) {
        let Some(kind) = kinds::get(&step.kind).filter(|k| k.has_drafts()) else { continue };
        let ids = [id_of(step), fate.id];
        let found = ids.iter().find_map(|id| by_id(now, kind.spec().name, id));
        let found = found.or_else(|| now.get(kind.spec().name, &step.name));
        all.extend(found.map(|r| (r.kind, r.id.clone())));
    }
    all.into_iter().collect()
}
