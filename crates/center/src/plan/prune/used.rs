//! What the project no longer holds and something that stays still uses: it stays as well.

use super::{RETIRED_TAG, goes};
use crate::document::subject;
use crate::export::document_body;
use crate::kind::KindName;
use crate::kinds;
use crate::plan::{PROJECT_TAG, PlanInput};
use crate::portable::Portable;
use crate::read::text;
use crate::resolve::references;
use crate::resource::Resource;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use trunkline_model::Diagnostic;

type Key = (KindName, String);
type Body = Map<String, Value>;

/// Users that are told of one resource.
const USERS_AT_MOST: usize = 5;

/// Kinds that users have; whoever has them is known only where users were read.
const OF_USERS: [KindName; 4] =
    ["routing-profile", "security-profile", "hierarchy-group", "predefined-attribute"];

/// Of those that are not held any more, which are used by what stays, and by whom.
pub(super) fn of(input: &PlanInput<'_>, unheld: &[&Resource]) -> BTreeMap<Key, BTreeSet<String>> {
    let mut used: BTreeMap<Key, BTreeSet<String>> = BTreeMap::new();
    if unheld.is_empty() {
        return used;
    }
    let snapshot = input.snapshot;
    let mut portable = Portable::new(&snapshot.instance, &snapshot.names, input.bindings);
    let mut going: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
    let mut waiting: Vec<(Key, BTreeSet<Key>)> = Vec::new();
    for resource in &snapshot.resources {
        let key = (resource.kind, resource.name.clone());
        let uses = uses(input, resource, &mut portable);
        let is_unheld = unheld.iter().any(|u| std::ptr::eq(*u, resource));
        if is_unheld && kinds::get(resource.kind).is_some_and(goes) {
            going.insert(key, uses);
        } else if !is_on_its_way_out(input, resource) {
            waiting.push((key, uses));
        }
    }
    // What is made uses things as well.
    for document in input.documents.iter() {
        if snapshot.get(document.kind, &document.name).is_none() {
            waiting.push(((document.kind, document.name.clone()), named(&document.body)));
        }
    }
    while let Some(((kind, name), uses)) = waiting.pop() {
        let who = subject(kind, &name);
        for key in uses {
            if let Some(further) = going.remove(&key) {
                waiting.push((key.clone(), further));
                used.insert(key, BTreeSet::from([who.clone()]));
            } else if let Some(users) = used.get_mut(&key) {
                users.insert(who.clone());
            }
        }
    }
    used
}

/// Whether an earlier prune has taken it out of use already, though this one does not look at it: nobody is
/// served by what it uses.
fn is_on_its_way_out(input: &PlanInput<'_>, resource: &Resource) -> bool {
    let ours = resource.tags.get(PROJECT_TAG) == Some(&input.options.project);
    let retired = resource.retired || resource.tags.contains_key(RETIRED_TAG);
    ours && retired && input.documents.get(resource.kind, &resource.name).is_none()
}

/// What a resource refers to once the plan is done.
fn uses(input: &PlanInput<'_>, live: &Resource, portable: &mut Portable<'_>) -> BTreeSet<Key> {
    let document = input.documents.get(live.kind, &live.name);
    let mut all = document.map(|d| named(&d.body)).unwrap_or_default();
    let owned = input.options.limits.owned(live.kind, &live.name).is_some();
    if let Some(kind) = kinds::get(live.kind).filter(|_| document.is_none() || owned) {
        for body in std::iter::once(&live.body).chain(&live.draft) {
            let body = document_body(kind, &live.name, body.clone(), &live.tags, portable);
            all.extend(named(&body));
        }
    }
    all.remove(&(live.kind, live.name.clone()));
    all
}

/// Kinds and names to which a body refers: by references, and users by the plain names of their skills.
pub(crate) fn named(body: &Body) -> BTreeSet<Key> {
    let all = references(&Value::Object(body.clone())).into_iter();
    let known = all.filter_map(|r| Some((kinds::get(&r.kind)?.spec().name, r.name)));
    let skills = body.get("UserProficiencies").and_then(Value::as_array);
    let skills = skills.into_iter().flatten().map(|skill| text(skill, "AttributeName"));
    known.chain(skills.map(|name| ("predefined-attribute", name))).collect()
}

/// The warning for what stays because it is used.
pub(super) fn stays(resource: &Resource, users: &BTreeSet<String>) -> Diagnostic {
    let who = subject(resource.kind, &resource.name);
    let found = Diagnostic::warning("TL0533", format!("{who} is still used and stays")).on(who);
    let told = users.iter().take(USERS_AT_MOST).map(|user| format!("{user} uses it"));
    let mut found = told.fold(found, Diagnostic::because);
    if users.len() > USERS_AT_MOST {
        found = found.because(format!("and {} more", users.len() - USERS_AT_MOST));
    }
    found.help("let these name another one, or take them away as well; then prune again")
}

/// The note that nobody can say whether users have what is deleted: they were not read.
pub(super) fn unknown(input: &PlanInput<'_>, deleted: &[&Resource]) -> Option<Diagnostic> {
    if input.snapshot.resources.iter().any(|r| r.kind == "user") {
        return None;
    }
    let of_users = deleted.iter().filter(|r| OF_USERS.contains(&r.kind));
    let names: Vec<String> = of_users.map(|r| subject(r.kind, &r.name)).collect();
    let found = Diagnostic::note("TL0533", "users were not read: some may have what is deleted");
    (!names.is_empty()).then(|| {
        let found = found.because(format!("deleted: {}", names.join(", ")));
        found
            .because("the service refuses to delete what a user has; the apply stops there then")
            .help("read them: `--include users`")
    })
}
