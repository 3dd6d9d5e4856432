//! Takes away what the run made, when nothing refers to it any more.

use super::touched::{Touched, by_id};
use super::wanted::Goal;
use super::{Findings, RollbackInput};
use crate::document::subject;
use crate::export::document_body;
use crate::kind::{Kind, KindName, Retire};
use crate::kinds;
use crate::plan::{
    Action, Check, PlannedChange, REMOVED, Step, StepCall, StepsOf, beside, check_deleted,
    check_retired, check_tags, names_used as named,
};
use crate::portable::Portable;
use crate::read::{as_map, is_empty, json_of};
use crate::resource::Resource;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use trunkline_flow::reference::escape;
use trunkline_model::Diagnostic;

type Key = (KindName, String);
type Body = Map<String, Value>;

/// What is taken away, in this order.
#[derive(Debug)]
pub(super) struct Removed {
    key: Key,
    /// Its body as a document's.
    body: Body,
    /// Whether it is emptied first, because something that goes before it refers to it and it to that.
    emptied: bool,
}

impl Removed {
    /// Whether it is what has a kind and name.
    pub(super) fn is(&self, key: &Key) -> bool {
        self.key == *key
    }

    /// Whether it is gone afterwards, not only out of use.
    pub(super) fn is_deleted(&self) -> bool {
        let kind = self.key.0;
        kinds::get(kind).is_some_and(|k| k.spec().delete.is_some())
            || TAKEN_AWAY.iter().any(|(name, _)| *name == kind)
    }
}

/// Calls that take away what has no delete call, by kind.
const TAKEN_AWAY: [(&str, &str); 8] = [
    ("lambda-association", "DisassociateLambdaFunction"),
    ("bot-association", "DisassociateBot"),
    ("approved-origin", "DisassociateApprovedOrigin"),
    ("security-key", "DisassociateSecurityKey"),
    ("storage-config", "DisassociateInstanceStorageConfig"),
    ("phone-flow", "DisassociatePhoneNumberContactFlow"),
    ("user-hierarchy", "UpdateUserHierarchyStructure"),
    ("user", "DeleteUser"),
];

/// Decides what goes: what the run made and nobody changed or uses since.
pub(super) fn chosen(
    input: &RollbackInput<'_>,
    touched: &Touched,
    goal: &Goal,
    found: &mut Findings,
) -> Vec<Removed> {
    let mut portable = Portable::new(&input.now.instance, &input.now.names, input.bindings);
    let mut body_of = |resource: &Resource| -> Body {
        let Some(kind) = kinds::get(resource.kind) else { return Map::new() };
        document_body(kind, &resource.name, resource.body.clone(), &resource.tags, &mut portable)
    };
    let mut going: BTreeMap<Key, Body> = BTreeMap::new();
    for (kind, name) in &touched.made {
        let Some(resource) = input.now.get(kind, name) else { continue };
        let body = body_of(resource);
        let draft = resource.draft.is_some()
            && !resource
                .draft
                .as_ref()
                .is_some_and(|d| touched.drafts.contains(&kinds::draft_fingerprint(d)));
        let changed = changed_since(input, resource, &body);
        match changed.or(draft.then(|| "draft".to_owned())) {
            Some(field) => found.kept.push(changed_by_others(resource, &field)),
            None => {
                going.insert((*kind, name.clone()), body);
            }
        }
    }
    let staying: Vec<(&Resource, BTreeSet<Key>)> = input
        .now
        .resources
        .iter()
        .filter(|r| !going.contains_key(&(r.kind, r.name.clone())))
        .map(|r| (r, users(r, goal, &mut body_of)))
        .collect();
    keep_used(&staying, &mut going, found);
    ordered(&touched.made, going)
}

/// What a resource that stays refers to once the plan is done.
fn users(
    resource: &Resource,
    goal: &Goal,
    body_of: &mut dyn FnMut(&Resource) -> Body,
) -> BTreeSet<Key> {
    match goal.documents.get(resource.kind, &resource.name) {
        Some(document) => named(&document.body),
        None => named(&body_of(resource)),
    }
}

/// What something else still uses stays, and what that uses.
fn keep_used(
    staying: &[(&Resource, BTreeSet<Key>)],
    going: &mut BTreeMap<Key, Body>,
    found: &mut Findings,
) {
    let mut used: Vec<(Key, String)> = Vec::new();
    for (resource, keys) in staying {
        let who = subject(resource.kind, &resource.name);
        used.extend(keys.iter().map(|key| (key.clone(), who.clone())));
    }
    while let Some((key, user)) = used.pop() {
        let Some(body) = going.remove(&key) else { continue };
        let who = subject(key.0, &key.1);
        found
            .kept
            .push(Diagnostic::warning("TL0531", format!("{who} stays: {user} uses it")).on(&who));
        used.extend(named(&body).into_iter().map(|key| (key, who.clone())));
    }
}

/// A field in which somebody else changed what the run made.
fn changed_since(input: &RollbackInput<'_>, live: &Resource, body: &Body) -> Option<String> {
    let wrote = input.run.wanted.iter().find(|w| {
        let same = w.id.is_empty() || w.id == live.id;
        w.kind == live.kind && w.name == live.name && same
    })?;
    if kinds::is_stub_of_ours(body) {
        return None;
    }
    let differs = |(field, value): (&String, &Value)| {
        let there = body.get(field).filter(|v| !is_empty(v));
        let set = |v: &Value| v.as_array().cloned();
        let part = match (there.and_then(set), set(value)) {
            // The run may have been on its way.
            (Some(live), Some(wrote)) => live.iter().all(|one| wrote.contains(one)),
            _ => false,
        };
        let known = field == "status" || part;
        (!known && there.is_some_and(|there| there != value)).then(|| field.clone())
    };
    wrote.body.iter().find_map(differs)
}

fn changed_by_others(resource: &Resource, field: &str) -> Diagnostic {
    let who = subject(resource.kind, &resource.name);
    Diagnostic::warning("TL0531", format!("{who} stays: its {field} was changed since"))
        .on(&who)
        .because("the run made it, and somebody else has worked on it")
}

/// What refers to others goes before them, otherwise the last made first. Where two refer to each other, one
/// is emptied first.
fn ordered(made: &[Key], mut going: BTreeMap<Key, Body>) -> Vec<Removed> {
    let mut order: Vec<Removed> = Vec::new();
    let mut emptied: BTreeSet<Key> = BTreeSet::new();
    while !going.is_empty() {
        let is_used = |key: &Key| {
            let uses = |(other, body): (&Key, &Body)| {
                other != key && !emptied.contains(other) && named(body).contains(key)
            };
            going.iter().any(uses)
        };
        let next = made.iter().rev().find(|key| going.contains_key(*key) && !is_used(key)).cloned();
        match next {
            Some(key) => {
                let body = going.remove(&key).unwrap_or_default();
                let emptied = emptied.contains(&key);
                order.push(Removed { key, body, emptied });
            }
            None => {
                let left = |key: &&Key| going.contains_key(*key) && !emptied.contains(*key);
                let can = |key: &&Key| EMPTIED.contains(&key.0);
                let found = made.iter().rev().filter(left).find(can);
                // What cannot be emptied is deleted all the same; the service has the last word.
                let found = found.or_else(|| made.iter().rev().find(left)).cloned();
                match found {
                    Some(key) => emptied.insert(key),
                    None => break,
                };
            }
        }
    }
    order
}

/// Kinds whose references to others can be taken away before they are deleted.
const EMPTIED: [&str; 3] = ["flow", "module", "queue"];

/// Adds the steps that take everything away, one after the other.
pub(super) fn add(
    input: &RollbackInput<'_>,
    removed: &[Removed],
    steps: &mut Vec<Step>,
    changes: &mut Vec<PlannedChange>,
) {
    let mut last: Option<(String, String)> = None;
    let from = steps.len();
    for one in removed.iter().filter(|one| one.emptied) {
        with(input, one, steps, |kind, resource, of| empty(kind, resource, &one.body, of));
    }
    for one in removed {
        let before = steps.len();
        with(input, one, steps, |kind, resource, of| remove(kind, resource, one, of));
        if let Some(step) = steps.get(before) {
            changes.push(PlannedChange {
                action: step.action,
                kind: step.kind.clone(),
                name: step.name.clone(),
                lines: vec!["the run made it".to_owned()],
                layout_only: false,
            });
        }
    }
    for step in &mut steps[from..] {
        // One after the other, so that nothing goes while something else that goes as well still uses it.
        step.after.extend(last.take());
        step.provides = Some((REMOVED.to_owned(), step.id.clone()));
        last.clone_from(&step.provides);
    }
    levels_last(steps, last);
}

fn with(
    input: &RollbackInput<'_>,
    one: &Removed,
    steps: &mut Vec<Step>,
    add: impl FnOnce(&'static dyn Kind, &Resource, &mut StepsOf<'_>),
) {
    let (kind, name) = &one.key;
    let (Some(kind), Some(resource)) = (kinds::get(kind), input.now.get(kind, name)) else {
        return;
    };
    let mut findings = Vec::new();
    let spec = kind.spec();
    add(kind, resource, &mut StepsOf { spec, kind, name, steps, findings: &mut findings });
}

/// A level of the hierarchy goes after the groups on it.
fn levels_last(steps: &mut [Step], last: Option<(String, String)>) {
    let groups = steps.iter().any(|s| s.kind == "hierarchy-group" && s.action == Action::Delete);
    for step in steps.iter_mut().filter(|s| groups && s.kind == "user-hierarchy") {
        if step.action == Action::Update {
            step.provides = None;
            step.after.extend(last.clone());
        }
    }
}

fn empty(kind: &'static dyn Kind, resource: &Resource, body: &Body, steps: &mut StepsOf<'_>) {
    let id = json!(escape(&resource.id));
    let mut input = Map::new();
    input.insert(kind.spec().id_member.to_owned(), id);
    let mut writes = Vec::new();
    let operation = match kind.spec().name {
        "queue" => {
            let ids = body.get("QuickConnectIds").cloned().unwrap_or_else(|| json!([]));
            if is_empty(&ids) {
                return;
            }
            input.insert("QuickConnectIds".to_owned(), ids);
            "DisassociateQueueQuickConnects"
        }
        name => {
            let Some(stub) = kinds::stub_for(name, body) else { return };
            input.insert("Content".to_owned(), json!({ "$json": stub }));
            writes.push("content".to_owned());
            if name == "flow" {
                "UpdateContactFlowContent"
            } else {
                "UpdateContactFlowModuleContent"
            }
        }
    };
    let check = check_deleted(kind.spec(), resource).map(|check| Check { writes, ..check });
    steps.connect(Action::Delete, operation, input).check = check;
}

fn remove(
    kind: &'static dyn Kind,
    resource: &Resource,
    Removed { body, emptied, .. }: &Removed,
    steps: &mut StepsOf<'_>,
) {
    let spec = kind.spec();
    let mut input: Body = beside(spec, body, false);
    let own =
        TAKEN_AWAY.iter().find(|(name, _)| *name == spec.name).map(|(_, operation)| *operation);
    let of = |field: &str| body.get(field).cloned().unwrap_or_default();
    if let Some(operation) = own.or(spec.delete) {
        match spec.name {
            "lambda-association" => input.insert("FunctionArn".to_owned(), of("Function")),
            "bot-association" => {
                input.insert("LexV2Bot".to_owned(), json!({ "AliasArn": of("Bot") }))
            }
            "approved-origin" => input.insert("Origin".to_owned(), of("Origin")),
            "phone-flow" => input.insert("PhoneNumberId".to_owned(), of("PhoneNumberId")),
            "user-hierarchy" => input.insert("HierarchyStructure".to_owned(), json!({})),
            _ => input.insert(spec.id_member.to_owned(), json!(escape(&resource.id))),
        };
        if spec.name == "storage-config" {
            input.insert("ResourceType".to_owned(), json!(resource.name));
        }
        let step = steps.connect(Action::Delete, operation, input);
        // What was emptied for it is not as the plan saw it.
        step.check = match spec.name {
            "phone-flow" => kinds::phone_leads(Some(&resource.body), None),
            _ if *emptied => None,
            _ => check_deleted(spec, resource),
        };
        if spec.name == "storage-config"
            && let Some(check) = &mut step.check
        {
            check.input["ResourceType"] = json!(resource.name);
        }
        if let Some(input) = step.call.input.as_object_mut() {
            // The shape of calls that write a configuration is not that of the one that takes it away.
            input.shift_remove("StorageConfig");
        }
        return;
    }
    if let Retire::First { operation, input: retired, .. } = spec.retire
        && !resource.retired
    {
        input.extend(as_map(json_of(retired)));
        input.insert(spec.id_member.to_owned(), json!(escape(&resource.id)));
        let check = check_retired(spec, resource);
        steps.connect(Action::Retire, operation, input).check = check;
    }
}

/// What cannot be deleted, told beforehand.
pub(super) fn cannot_be_deleted(removed: &[Removed], input: &RollbackInput<'_>) -> Vec<Diagnostic> {
    let mut all = Vec::new();
    for one in removed.iter().filter(|one| !one.is_deleted()) {
        let (kind, name) = &one.key;
        let who = subject(kind, name);
        let retired = input.now.get(kind, name).is_some_and(|r| r.retired);
        let how = if retired { "it is out of use already" } else { "it is taken out of use" };
        all.push(
            Diagnostic::warning("TL0530", format!("{who} cannot be deleted; {how}"))
                .on(&who)
                .because("the service has no call for it"),
        );
    }
    all
}

/// What is made again carries the tags of Trunkline that it had.
fn made_with_tags(before: &Resource, steps: &mut [Step]) {
    let ours = |step: &&mut Step| {
        step.action == Action::Create && step.kind == before.kind && step.name == before.name
    };
    for step in steps.iter_mut().filter(ours) {
        let stub = step.stub.iter_mut().map(|stub| &mut stub.create);
        let calls = std::iter::once(&mut step.call).chain(&mut step.as_draft).chain(stub);
        for call in calls {
            let Some(Value::Object(tags)) = call.input.get_mut("Tags") else { continue };
            let own = before.tags.iter().filter(|(key, _)| key.starts_with("trunkline:"));
            tags.extend(own.map(|(key, value)| (key.clone(), json!(escape(value)))));
        }
    }
}

/// Adds the steps that bring Trunkline's own tags back: whose it is, and whether it is retired.
pub(super) fn tags(
    input: &RollbackInput<'_>,
    touched: &Touched,
    steps: &mut Vec<Step>,
    changes: &mut Vec<PlannedChange>,
) {
    for (kind, name) in &touched.there {
        let (Some(kind), Some(before)) = (kinds::get(kind), input.before.get(kind, name)) else {
            continue;
        };
        let Some(now) = by_id(input.now, before.kind, &before.id) else {
            made_with_tags(before, steps);
            continue;
        };
        let own = |tags: &BTreeMap<String, String>| -> BTreeMap<String, String> {
            let ours = tags.iter().filter(|(key, _)| key.starts_with("trunkline:"));
            ours.map(|(k, v)| (k.clone(), v.clone())).collect()
        };
        let (old, live) = (own(&before.tags), own(&now.tags));
        if now.arn.is_empty() || old == live {
            continue;
        }
        let set: Map<String, Value> = old
            .iter()
            .filter(|(k, v)| live.get(*k) != Some(v))
            .map(|(k, v)| (k.clone(), json!(escape(v))))
            .collect();
        let unset: Vec<&String> = live.keys().filter(|k| !old.contains_key(*k)).collect();
        let call = |operation: &str, member: &str, value: Value| StepCall {
            service: "connect".to_owned(),
            operation: operation.to_owned(),
            input: json!({ "resourceArn": now.arn, member: value }),
            attachment: None,
        };
        let mut findings = Vec::new();
        let spec = kind.spec();
        let mut of = StepsOf { spec, kind, name, steps, findings: &mut findings };
        if !set.is_empty() {
            let check = check_tags(spec, now, &set, &[]);
            let step = of.step(Action::Update, call("TagResource", "tags", json!(set)));
            step.id += "#own";
            step.check = check;
        }
        if !unset.is_empty() {
            let check = check_tags(spec, now, &Map::new(), &unset);
            let step = of.step(Action::Update, call("UntagResource", "tagKeys", json!(unset)));
            step.id += "#own";
            step.check = check;
        }
        changes.push(PlannedChange {
            action: Action::Update,
            kind: spec.name.to_owned(),
            name: name.clone(),
            lines: vec!["~ tags of Trunkline".to_owned()],
            layout_only: false,
        });
    }
}
