//! The steps that give live resources the names of their documents. Names within a kind are unique at every
//! moment, so a name is given only once whoever has it is called otherwise; in a ring one goes by a
//! temporary name meanwhile. Ids tell afterwards which was which, wherever an apply stopped.

use super::{Action, Live, PlanInput, PlannedChange, Step, StepsOf};
use crate::document::{Document, subject};
use crate::identity::Ground;
use crate::kind::Kind;
use crate::resource::Resource;
use serde_json::{Map, json};
use std::collections::BTreeMap;
use trunkline_flow::reference::escape;
use trunkline_model::Diagnostic;

/// The kind under which the ordering knows that a name is free; no reference can have it.
const FREED: &str = "(name freed)";
/// The same for a resource that has its new name.
const NAMED: &str = "(named)";

/// What follows the name that something shall have later, for who has an id.
fn ending(id: &str) -> String {
    let short: String = id.chars().take(8).collect();
    format!(" (renaming {short})")
}

/// The name by which something goes while another one has the name that it shall have.
pub(crate) fn temporary_name(own: &str, id: &str) -> String {
    // The shortest names that the service takes have 100 characters.
    let own: String = own.chars().take(70).collect();
    own + &ending(id)
}

/// Whether a name is a temporary one of who has the id.
pub(crate) fn is_temporary(own: &str, id: &str) -> bool {
    !id.is_empty() && own.ends_with(&ending(id))
}

/// A resource that has to get another name.
pub(super) struct Renaming<'a> {
    pub(super) kind: &'static dyn Kind,
    pub(super) wanted: &'a Document,
    pub(super) live: Live<'a>,
    pub(super) ground: Ground,
}

/// Where a name counts: the kind, and what the resource lies within.
fn scope_of(kind: &str, name: &str, within: bool) -> (String, String) {
    let path = if within { name.rsplit_once('/').map_or("", |(path, _)| path) } else { "" };
    (kind.to_owned(), path.to_owned())
}

fn freed(resource: &Resource) -> (String, String) {
    (FREED.to_owned(), format!("{}/{}", resource.kind, resource.id))
}

fn named(resource: &Resource) -> (String, String) {
    (NAMED.to_owned(), format!("{}/{}", resource.kind, resource.id))
}

/// Adds the steps, in an order that never collides. What stands in the way for good is a problem.
pub(super) fn rename(
    input: &PlanInput<'_>,
    all: &[Renaming<'_>],
    steps: &mut Vec<Step>,
    changes: &mut Vec<PlannedChange>,
    problems: &mut Vec<Diagnostic>,
) {
    let holders = holders(input);
    let moving: BTreeMap<&str, usize> =
        all.iter().enumerate().map(|(i, r)| (r.live.resource.id.as_str(), i)).collect();
    // Who has the name that each of them shall have.
    let mut waits: Vec<Option<usize>> = Vec::new();
    for one in all {
        let spec = one.kind.spec();
        let scope = scope_of(spec.name, &one.wanted.name, spec.within.is_some());
        let holder = holders.get(&(scope, spec.own_name(&one.wanted.name)));
        let holder = holder.filter(|h| h.id != one.live.resource.id);
        let other = holder.and_then(|h| moving.get(h.id.as_str()).copied());
        if let (Some(holder), None) = (holder, other) {
            let who = one.wanted.subject();
            problems.push(
                Diagnostic::error("TL0413", format!("{who} cannot be renamed: the name is taken"))
                    .on(who)
                    .because(format!("another one has it in the instance: {}", holder.id))
                    .help("rename one of the two in the instance, or delete it there"),
            );
        }
        waits.push(other);
    }
    let ring = ring_breakers(&waits);
    for (i, one) in all.iter().enumerate() {
        let live = one.live.resource;
        let before = waits[i].map(|n| freed(all[n].live.resource));
        let spec = one.kind.spec();
        let findings = &mut Vec::new();
        let mut of = StepsOf { spec, kind: one.kind, name: &one.wanted.name, steps, findings };
        let own = spec.own_name(&one.wanted.name);
        if ring.contains(&i) {
            let temporary = temporary_name(&own, &live.id);
            if let Some(step) = name_step(one, &temporary, &mut of) {
                step.provides = Some(freed(live));
            }
        }
        let Some(step) = name_step(one, &own, &mut of) else { continue };
        step.after.extend(before);
        if ring.contains(&i) {
            step.after.push(freed(live));
            step.provides = Some(named(live));
        } else {
            step.provides = Some(freed(live));
        }
        changes.push(planned(one));
    }
}

/// Waits of a step: for its resource's new name, and for the name that it makes something with.
pub(super) fn await_names(
    input: &PlanInput<'_>,
    kind: &dyn Kind,
    document: &Document,
    live: Option<&Resource>,
    steps: &mut [Step],
) {
    let spec = kind.spec();
    let key = match live {
        Some(live) if live.called.is_some() => vec![named(live), freed(live)],
        Some(_) => return,
        None => {
            let scope = scope_of(spec.name, &document.name, spec.within.is_some());
            let holders = holders(input);
            let holder = holders.get(&(scope, spec.own_name(&document.name)));
            holder.filter(|h| h.called.is_some()).map(|h| freed(h)).into_iter().collect()
        }
    };
    for step in steps {
        step.after.extend(key.iter().cloned());
    }
}

/// Who has each name in the instance now.
fn holders<'a>(input: &PlanInput<'a>) -> BTreeMap<((String, String), String), &'a Resource> {
    let all = input.snapshot.resources.iter();
    all.filter_map(|r| {
        let spec = crate::kinds::get(r.kind)?.spec();
        let own = r.called.clone().unwrap_or_else(|| spec.own_name(&r.name));
        Some(((scope_of(r.kind, &r.name, spec.within.is_some()), own), r))
    })
    .collect()
}

/// One of each ring.
fn ring_breakers(waits: &[Option<usize>]) -> Vec<usize> {
    let mut breakers = Vec::new();
    for start in 0..waits.len() {
        let (mut at, mut ring) = (waits[start], vec![start]);
        while let Some(next) = at.filter(|n| !ring.contains(n)) {
            ring.push(next);
            at = waits[next];
        }
        let closed = at == Some(start);
        if closed && ring.iter().all(|member| *member >= start) {
            breakers.push(start);
        }
    }
    breakers
}

fn name_step<'s>(
    one: &Renaming<'_>,
    name: &str,
    steps: &'s mut StepsOf<'_>,
) -> Option<&'s mut Step> {
    let (spec, rename) = (one.kind.spec(), one.kind.spec().rename.as_ref()?);
    let mut input: Map<_, _> = super::beside(spec, one.live.body, false);
    input.insert(spec.id_member.to_owned(), json!(escape(&one.live.resource.id)));
    input.insert("Name".to_owned(), json!(escape(name)));
    for field in rename.with {
        let value = one.live.body.get(*field).cloned();
        input.extend(value.map(|v| ((*field).to_owned(), v)));
    }
    let step = steps.connect(Action::Rename, rename.operation, input);
    // Some kinds have one call for names and for other fields.
    step.id.push_str("#name");
    let live = one.live.resource;
    let names = super::before::names(spec, &one.wanted.name, live);
    step.check = super::before::check_named(spec, rename.with, names, live);
    Some(step)
}

fn planned(one: &Renaming<'_>) -> PlannedChange {
    let (kind, name) = (one.wanted.kind.to_owned(), one.wanted.name.clone());
    let was = one.live.resource.called.clone().unwrap_or_default();
    let ground = match one.ground {
        Ground::Instance => "the instance calls it otherwise since the last apply",
        Ground::Recorded => "connect/renames.yaml says so",
        Ground::Content => "the content is the same, and fits no other",
        Ground::Before => "the run gave it another one",
    };
    let lines =
        vec![format!("~ name  \"{was}\"  ->  \"{}\"  ({ground})", one.kind.spec().own_name(&name))];
    PlannedChange { action: Action::Rename, kind, name, lines, layout_only: false }
}

/// The error for a name that somebody gave a resource in the instance.
pub(super) fn refusal(one: &Renaming<'_>) -> Diagnostic {
    let spec = one.kind.spec();
    let who = subject(spec.name, &one.wanted.name);
    let (ours, key) =
        (spec.own_name(&one.wanted.name), format!("{}:{}", spec.name, one.wanted.name));
    let theirs = one.live.resource.called.clone().unwrap_or_default();
    Diagnostic::error("TL0409", format!("{who} was renamed in the instance since the last apply"))
        .on(who)
        .path(spec.name_member)
        .because(format!("last applied: \"{ours}\""))
        .because(format!("in the instance: \"{theirs}\""))
        .because(format!("in the document: \"{ours}\""))
        .help(format!(
            "take the name into the repository: `trunkline rename \"{key}\" \"{theirs}\"`; give it the \
             document's name back: `--overwrite-drift`"
        ))
}
