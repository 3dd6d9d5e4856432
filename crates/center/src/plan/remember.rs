//! What an apply of a plan leaves to be remembered: documents as applied, names that are gone, the ledger.

use super::{Action, PlanInput, Step};
use crate::bindings::{Bindings, Bound};
use crate::document::{Document, tags_key};
use crate::drift::{base_of, remembered};
use crate::kinds;
use crate::ownership::{Claim, ClaimChange, Ownership, TAGS_AT_MOST, is_retired};
use crate::renames::Rename;
use crate::resolve::references;
use crate::state::AppliedResource;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The document as it is remembered; None where it is remembered so already. What is made has no id yet.
pub(super) fn applied(
    original: &PlanInput<'_>,
    input: &PlanInput<'_>,
    document: &Document,
) -> Option<AppliedResource> {
    let live = input.snapshot.get(document.kind, &document.name);
    let resource = AppliedResource {
        kind: document.kind.to_owned(),
        name: document.name.clone(),
        id: live.map(|l| l.id.clone()).unwrap_or_default(),
        body: document.body.clone(),
        begun: Vec::new(),
        bound: bound(document, input.bindings),
    };
    let known = match live.filter(|l| !l.id.is_empty()) {
        Some(live) => remembered(original).and_then(|a| a.of_id(live.kind, &live.id)),
        None => live.and_then(|live| base_of(original, live)),
    };
    (known != Some(&resource)).then_some(resource)
}

/// What the environment binds to the names in a document, by `kind:name`.
fn bound(document: &Document, bindings: &Bindings) -> BTreeMap<String, String> {
    let all = references(&Value::Object(document.body.clone())).into_iter();
    all.filter_map(|r| match bindings.get(&r.kind, &r.name)? {
        Bound::Value(value) => Some((format!("{}:{}", r.kind, r.name), value)),
        Bound::Unbound => None,
    })
    .collect()
}

/// What is remembered and neither wanted nor there any more.
pub(super) fn forgotten(input: &PlanInput<'_>) -> Vec<(String, String)> {
    let all = remembered(input).into_iter().flat_map(|applied| applied.resources.values());
    let gone = |r: &&AppliedResource| {
        let wanted = input.documents.get(&r.kind, &r.name).is_some();
        let there = input.snapshot.get(&r.kind, &r.name).is_some();
        // What opted-out kinds hold was not read.
        let read = kinds::get(&r.kind).is_some_and(|k| !k.opt_in());
        // What goes by another name now stays known by its id until the new name is remembered.
        let mut all = input.snapshot.resources.iter();
        let elsewhere = all.any(|l| l.kind == r.kind && !l.id.is_empty() && l.id == r.id);
        read && !wanted && !there && !elsewhere
    };
    all.filter(gone).map(|r| (r.kind.clone(), r.name.clone())).collect()
}

/// What the ledger gains by the steps that make what cannot carry our tag.
pub(super) fn gained(input: &PlanInput<'_>, steps: &[Step]) -> Vec<Claim> {
    let mut seen = BTreeSet::new();
    let mut claims = Vec::new();
    for step in steps.iter().filter(|s| matches!(s.action, Action::Create | Action::Associate)) {
        let Some(kind) = kinds::get(&step.kind) else { continue };
        let Some(document) = input.documents.get(&step.kind, &step.name) else { continue };
        let new = input.snapshot.get(&step.kind, &step.name).is_none();
        let listed = match kind.spec().ownership() {
            Ownership::Listed => true,
            Ownership::Tagged => {
                let tags = document.body.get(tags_key(kind.spec().format));
                tags.and_then(Value::as_object).is_some_and(|t| t.len() >= TAGS_AT_MOST)
            }
            Ownership::Setting => false,
        };
        if new && listed && seen.insert((&step.kind, &step.name)) {
            claims.push(Claim {
                kind: step.kind.clone(),
                name: step.name.clone(),
                change: ClaimChange::Gained,
                step: Some(step.id.clone()),
            });
        }
    }
    claims
}

/// What the ledger loses: what it holds and nobody finds any more. What goes by the name still loses it by the
/// step that gives it another one.
pub(super) fn lost(original: &PlanInput<'_>, input: &PlanInput<'_>, steps: &[Step]) -> Vec<Claim> {
    let held = input.baseline.ledger.0.iter();
    let gone = held.filter(|(kind, name)| {
        let known = kinds::get(kind).is_some_and(|k| !k.opt_in());
        known
            && input.snapshot.get(kind, name).is_none()
            && input.documents.get(kind, name).is_none()
    });
    let claim = |(kind, name): &(String, String)| {
        let id = original.snapshot.get(kind, name).map(|live| &live.id).filter(|id| !id.is_empty());
        let mut all = input.snapshot.resources.iter();
        let now = id.and_then(|id| all.find(|r| r.kind == *kind && r.id == *id));
        Claim {
            kind: kind.clone(),
            name: name.clone(),
            change: ClaimChange::Lost,
            step: now.and_then(|now| naming(steps, kind, &now.name)),
        }
    };
    gone.map(claim).collect()
}

/// The step after which a resource has its name: its own rename, or that of what it lies within.
fn naming(steps: &[Step], kind: &str, name: &str) -> Option<String> {
    let is_it = |s: &&Step| s.action == Action::Rename && s.kind == kind && s.name == name;
    // In a ring the first of two gives a temporary one.
    if let Some(step) = steps.iter().rfind(is_it) {
        return Some(step.id.clone());
    }
    let (_, outer) = kinds::get(kind)?.spec().within?;
    let (path, _) = name.rsplit_once('/')?;
    match outer == kind {
        // A path of the same kind is a name as it stands; of another kind, an escaped one.
        true => naming(steps, outer, path),
        false => naming(steps, outer, &path.replace("%2F", "/").replace("%25", "%")),
    }
}

/// What the ledger holds under the names that resources get.
pub(super) fn moved(original: &PlanInput<'_>, input: &PlanInput<'_>, steps: &[Step]) -> Vec<Claim> {
    let new = input.baseline.ledger.0.difference(&original.baseline.ledger.0);
    let there = new.filter(|(kind, name)| input.snapshot.get(kind, name).is_some());
    let claim = |(kind, name): &(String, String)| Claim {
        kind: kind.clone(),
        name: name.clone(),
        change: ClaimChange::Gained,
        step: naming(steps, kind, name),
    };
    there.map(claim).collect()
}

/// What an earlier prune took out of use and a document names again.
pub(super) fn back_in_use(input: &PlanInput<'_>) -> Vec<Claim> {
    let retired = |d: &&Document| is_retired(&input.baseline.ledger, d.kind, &d.name);
    let claim = |d: &Document| Claim {
        kind: d.kind.to_owned(),
        name: d.name.clone(),
        change: ClaimChange::Wanted,
        step: None,
    };
    input.documents.iter().filter(retired).map(claim).collect()
}

/// Entries of the record of renames that the target has not seen yet.
pub(super) fn renames(input: &PlanInput<'_>) -> Vec<String> {
    let seen = remembered(input).map(|a| &a.renames);
    // An entry of which a part is left out has not been followed.
    let limits = &input.options.limits;
    let followed = |entry: &&Rename| entry.names.iter().all(|((k, _), n)| limits.takes(k, n));
    let all = input.options.renames.0.iter().filter(followed).map(|entry| entry.id.clone());
    all.filter(|id| !seen.is_some_and(|s| s.contains(id))).collect()
}
