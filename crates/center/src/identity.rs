//! Which live resource is which document: by name, and where names changed, by id, by the record of renames,
//! or by content that leaves no doubt.
//!
//! A plan is made on what [`pair`] returns: snapshot and baseline under the documents' names, so that a
//! renamed resource is compared and referred to as the one that it is. `Resource::called` has the name that
//! the instance has for it meanwhile.

use crate::document::Documents;
use crate::drift::remembered;
use crate::kind::KindName;
use crate::kinds;
use crate::ownership::{Owner, owner};
use crate::plan::PlanInput;
use crate::resource::{Names, Resource};
use crate::snapshot::Snapshot;
use crate::state::{Applied, Baseline};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use trunkline_flow::reference::{self, Piece};
use trunkline_flow::rewrite;

/// Identifiers that two flows must share, at least, to be taken for one.
const BLOCKS_AT_LEAST: usize = 3;
/// An identifier of the console is an id; short ones are written by people and prove nothing.
const IDENTIFIER_LENGTH: usize = 32;

/// Why a resource is taken for a document of another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// It was applied under the document's name, and somebody renamed it in the instance.
    Instance,
    /// The record of renames says so.
    Recorded,
    /// The same content, and no other that fits.
    Content,
    /// It had the name before a run that is taken back.
    Before,
}

/// Snapshot and baseline under the documents' names.
pub struct Paired {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// The baseline.
    pub baseline: Baseline,
    /// Why, by kind and document.
    pub grounds: BTreeMap<(KindName, String), Ground>,
}

type Key = (KindName, String);

/// Pairs; None where every resource has its document's name.
pub fn pair(input: &PlanInput<'_>) -> Option<Paired> {
    let mut renamed: BTreeMap<usize, (String, Ground)> = BTreeMap::new();
    let resources = &input.snapshot.resources;
    for (place, resource) in resources.iter().enumerate() {
        if let Some(found) = by_record(input, resource) {
            renamed.insert(place, found);
        }
    }
    drop_conflicts(resources, &mut renamed);
    by_content(input, &mut renamed);
    follow_outer(resources, &mut renamed);
    (!renamed.is_empty()).then(|| rekeyed(input, &renamed))
}

/// By id and by the record of renames.
fn by_record(input: &PlanInput<'_>, resource: &Resource) -> Option<(String, Ground)> {
    let kind = kinds::get(resource.kind)?;
    if resource.id.is_empty() || resource.unbound.is_some() || kind.system(resource) {
        return None;
    }
    let held = |name: &str| input.documents.get(resource.kind, name).is_some();
    let base = remembered(input).and_then(|a| a.of_id(resource.kind, &resource.id));
    let Some(base) = base else {
        // Nothing is remembered: a record counts only where it cannot be an old one.
        let ours = owner(kind, resource, &input.options.project, &input.baseline.ledger);
        let new = last_name(input, resource.kind, &resource.name, |_| true);
        let free = input.snapshot.get(resource.kind, &new).is_none();
        let fits = ours == Owner::Ours && free && held(&new) && !held(&resource.name);
        return (fits && new != resource.name).then_some((new, Ground::Recorded));
    };
    let seen = remembered(input).map(|a| &a.renames);
    let unseen = |id: &str| !seen.is_some_and(|s| s.contains(id));
    let new = last_name(input, resource.kind, &base.name, unseen);
    if new != base.name && held(&new) {
        return Some((new, Ground::Recorded));
    }
    // The repository followed the instance, or nobody holds the old name any more.
    let follow = base.name == resource.name || !held(&base.name);
    (!follow).then(|| (base.name.clone(), Ground::Instance))
}

/// The name after the recorded renames that count.
fn last_name(
    input: &PlanInput<'_>,
    kind: KindName,
    name: &str,
    counts: impl Fn(&str) -> bool,
) -> String {
    let entries = input.options.renames.0.iter().filter(|entry| counts(&entry.id));
    entries.fold(name.to_owned(), |name, entry| {
        entry.names.get(&(kind, name.clone())).cloned().unwrap_or(name)
    })
}

/// Two resources cannot be one document: whoever has the name by itself keeps it.
pub(crate) fn drop_conflicts(
    resources: &[Resource],
    renamed: &mut BTreeMap<usize, (String, Ground)>,
) {
    loop {
        let mut taken: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (place, resource) in resources.iter().enumerate() {
            let name = renamed.get(&place).map_or(resource.name.as_str(), |(n, _)| n.as_str());
            taken.entry((resource.kind, name)).or_default().push(place);
        }
        let twice = taken.into_values().filter(|p| p.len() > 1).flatten();
        let wrong: Vec<usize> = twice.filter(|p| renamed.contains_key(p)).collect();
        if wrong.is_empty() {
            return;
        }
        for place in wrong {
            renamed.remove(&place);
        }
    }
}

/// A document that is new, a resource of ours that no document holds: the same where the content says so
/// beyond doubt.
fn by_content(input: &PlanInput<'_>, renamed: &mut BTreeMap<usize, (String, Ground)>) {
    let Some(applied) = remembered(input) else { return };
    let held: BTreeSet<Key> = renamed
        .iter()
        .map(|(place, (name, _))| (input.snapshot.resources[*place].kind, name.clone()))
        .collect();
    let left = |(place, r): &(usize, &Resource)| {
        !renamed.contains_key(place)
            && input.documents.get(r.kind, &r.name).is_none()
            && kinds::get(r.kind).is_some_and(|k| k.spec().rename.is_some() && !k.system(r))
    };
    let left: Vec<(usize, &Resource)> =
        input.snapshot.resources.iter().enumerate().filter(left).collect();
    let new: Vec<_> = input
        .documents
        .iter()
        .filter(|d| input.snapshot.get(d.kind, &d.name).is_none())
        .filter(|d| applied.get(d.kind, &d.name).is_none())
        .filter(|d| !held.contains(&(d.kind, d.name.clone())))
        .collect();
    let mut pairs: Vec<(usize, &str)> = Vec::new();
    for (place, resource) in &left {
        let Some(base) = applied.of_id(resource.kind, &resource.id) else { continue };
        for document in new.iter().filter(|d| d.kind == resource.kind) {
            let names =
                BTreeMap::from([((resource.kind, base.name.clone()), document.name.clone())]);
            let body = with_names(&base.body, &names);
            if body == document.body || same_blocks(&body, &document.body) {
                pairs.push((*place, document.name.as_str()));
            }
        }
    }
    for (place, name) in &pairs {
        let kind = input.snapshot.resources[*place].kind;
        let rival = |(p, n): &&(usize, &str)| {
            input.snapshot.resources[*p].kind == kind && (p == place || n == name)
        };
        if pairs.iter().filter(rival).count() == 1 {
            renamed.insert(*place, ((*name).to_owned(), Ground::Content));
        }
    }
}

/// Whether two flows have most of their blocks in common, by identifiers that the console made.
fn same_blocks(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let blocks = |body: &Map<String, Value>| -> BTreeSet<String> {
        let actions = body.get("content").and_then(|c| c.get("Actions")?.as_array());
        let ids = actions.into_iter().flatten().filter_map(|a| a.get("Identifier")?.as_str());
        ids.filter(|id| id.len() >= IDENTIFIER_LENGTH).map(str::to_owned).collect()
    };
    let (one, other) = (blocks(one), blocks(other));
    let common = one.intersection(&other).count();
    common >= BLOCKS_AT_LEAST && common * 2 > one.len().max(other.len())
}

/// What lies within something that is renamed goes with it (`Main line/Christmas`).
fn follow_outer(resources: &[Resource], renamed: &mut BTreeMap<usize, (String, Ground)>) {
    // Groups lie within groups, at most five deep.
    for _ in 0..5 {
        let outer: BTreeMap<(&str, String), String> = renamed
            .iter()
            .map(|(p, (name, _))| ((resources[*p].kind, resources[*p].name.clone()), name.clone()))
            .collect();
        for (place, resource) in resources.iter().enumerate() {
            let Some(spec) = kinds::get(resource.kind).map(|k| k.spec()) else { continue };
            let Some((_, kind)) = spec.within else { continue };
            let (name, ground) = renamed
                .get(&place)
                .cloned()
                .unwrap_or_else(|| (resource.name.clone(), Ground::Recorded));
            let Some((path, own)) = name.rsplit_once('/') else { continue };
            // A path of the same kind is a name as it stands; of another kind, an escaped one.
            let plain = match kind == spec.name {
                true => path.to_owned(),
                false => path.replace("%2F", "/").replace("%25", "%"),
            };
            if let Some(new) = outer.get(&(kind, plain)) {
                let own = spec.own_name(own);
                let full = spec.name_within(Some((kind, new)), &own);
                renamed.insert(place, (full, ground));
            }
        }
    }
}

/// Snapshot and baseline with the documents' names.
pub(crate) fn rekeyed(
    input: &PlanInput<'_>,
    renamed: &BTreeMap<usize, (String, Ground)>,
) -> Paired {
    let mut snapshot = input.snapshot.clone();
    let (mut grounds, mut moved) = (BTreeMap::new(), BTreeMap::new());
    let applied = remembered(input);
    for (place, (name, ground)) in renamed {
        let resource = &mut snapshot.resources[*place];
        let base = applied.and_then(|a| a.of_id(resource.kind, &resource.id));
        if let Some(base) = base.filter(|b| b.name != *name) {
            moved.insert((resource.kind, base.name.clone()), name.clone());
        }
        let spec = kinds::get(resource.kind).map(|k| k.spec());
        let called = spec.map(|s| s.own_name(&resource.name));
        let wanted = spec.map(|s| s.own_name(name));
        resource.called = called.filter(|c| Some(c) != wanted.as_ref());
        snapshot.names.remove(resource.kind, &resource.name);
        resource.name.clone_from(name);
        grounds.insert((resource.kind, name.clone()), *ground);
    }
    for resource in renamed.keys().map(|place| &snapshot.resources[*place]) {
        snapshot.names.insert(resource.kind, &resource.name, resource.entry());
    }
    restore(&mut snapshot.names, input.snapshot, renamed);
    snapshot.resources.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    let mut baseline = input.baseline.clone();
    if let (Some(applied), false) = (&mut baseline.applied, moved.is_empty()) {
        rename_applied(applied, &moved);
    }
    for ((kind, old), new) in &moved {
        if baseline.ledger.holds(kind, old) {
            baseline.ledger.insert(kind, new);
        }
    }
    Paired { snapshot, baseline, grounds }
}

/// Puts back names that were taken out with a renamed resource and are another's.
fn restore(names: &mut Names, snapshot: &Snapshot, renamed: &BTreeMap<usize, (String, Ground)>) {
    for (place, resource) in snapshot.resources.iter().enumerate() {
        if !renamed.contains_key(&place) && names.get(resource.kind, &resource.name).is_none() {
            names.insert(resource.kind, &resource.name, resource.entry());
        }
    }
}

fn rename_applied(applied: &mut Applied, moved: &BTreeMap<Key, String>) {
    let all = std::mem::take(&mut applied.resources);
    let mut fresh = Applied { resources: BTreeMap::new(), ..applied.clone() };
    for mut resource in all.into_values() {
        let Some(kind) = kinds::get(&resource.kind) else { continue };
        let key = (kind.spec().name, resource.name.clone());
        if let Some(new) = moved.get(&key) {
            resource.name.clone_from(new);
        }
        resource.body = with_names(&resource.body, moved);
        resource.begun = resource.begun.iter().map(|b| with_names(b, moved)).collect();
        fresh.insert(resource);
    }
    *applied = fresh;
}

/// A body whose references follow renames: all at once, so that two can exchange their names.
pub fn with_names(body: &Map<String, Value>, names: &BTreeMap<Key, String>) -> Map<String, Value> {
    let mut body = Value::Object(body.clone());
    let walked = rewrite::map_strings::<()>(&mut body, &mut |_, text| {
        if !reference::is_candidate(text) {
            return Ok(None);
        }
        let Ok(pieces) = reference::parse(text) else { return Ok(None) };
        let mut changed = false;
        let piece = |piece| {
            let Piece::Ref(mut r) = piece else { return piece };
            let kind = kinds::get(&r.kind).map(|k| k.spec().name);
            if let Some(new) = kind.and_then(|k| names.get(&(k, r.name.clone()))) {
                r.name.clone_from(new);
                changed = true;
            }
            Piece::Ref(r)
        };
        let pieces: Vec<Piece> = pieces.into_iter().map(piece).collect();
        Ok(changed.then(|| reference::render(&pieces)))
    });
    debug_assert!(walked.is_ok(), "the visitor never fails");
    crate::read::as_map(body)
}

/// The same for every document: names of their own, and references of all.
pub fn rename_documents(documents: &Documents, names: &BTreeMap<Key, String>) -> Documents {
    let mut renamed = Documents::default();
    renamed.attachments.clone_from(&documents.attachments);
    for document in documents.iter() {
        let mut document = document.clone();
        if let Some(new) = names.get(&(document.kind, document.name.clone())) {
            document.name.clone_from(new);
            document.file = None;
        }
        document.body = with_names(&document.body, names);
        let inserted = renamed.insert(document);
        debug_assert!(inserted.is_ok(), "the caller has seen that the new names are free");
    }
    renamed
}
