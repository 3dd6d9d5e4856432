//! Drift: what changed in an instance since the last apply, outside Trunkline.
//!
//! Three values of each field decide: applied, wanted, live. `plan` asks here before it overwrites one;
//! the rule is the same for every kind, except where a kind says that an apply itself leaves another value
//! (`Kind::expects`).

use crate::bindings::{Bindings, Bound};
use crate::cloud::{Call, CallError, Cloud};
use crate::document::{Document, Documents, tags_key};
use crate::export::document_body;
use crate::kind::Kind;
use crate::ownership::{Owner, owner};
use crate::plan::{Bodies, Change, FieldChange, PlanInput, field_lines, same};
use crate::portable::Portable;
use crate::read::{ReadOptions, Reader, is_empty, text};
use crate::resolve::Resolver;
use crate::resource::{Instance, Resource};
use crate::snapshot::Snapshot;
use crate::state::{Applied, AppliedResource};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use trunkline_model::Diagnostic;

/// More lines of one difference are counted, not shown.
const LINES_AT_MOST: usize = 6;

/// What is remembered of this instance; nothing where the baseline is another instance's.
pub(crate) fn remembered<'a>(input: &PlanInput<'a>) -> Option<&'a Applied> {
    let instance = &input.snapshot.instance;
    input.baseline.applied.as_ref().filter(|applied| applied.instance == instance.arn)
}

/// What was last applied of a live resource; None where the name was another resource's then.
pub(crate) fn base_of<'a>(input: &PlanInput<'a>, live: &Resource) -> Option<&'a AppliedResource> {
    let applied = remembered(input)?;
    let base = applied.of_id(live.kind, &live.id).or_else(|| applied.get(live.kind, &live.name))?;
    (base.id.is_empty() || live.id.is_empty() || base.id == live.id).then_some(base)
}

/// A live body as it reads with the bindings of the last apply, and these; None where they are the same now.
/// Who binds a name to another value changes what is wanted; the instance did not change by that.
fn as_bound_then(
    input: &PlanInput<'_>,
    kind: &dyn Kind,
    change: &Change<'_>,
    base: &AppliedResource,
) -> Option<(Bindings, Map<String, Value>)> {
    let live = change.live?;
    let mut bindings = input.bindings.clone();
    let mut moved = false;
    for (name, value) in &base.bound {
        let Some((kind, name)) = name.split_once(':') else { continue };
        let value = Bound::Value(value.clone());
        if bindings.get(kind, name).as_ref() != Some(&value) {
            bindings.bind(kind, name, value);
            moved = true;
        }
    }
    if !moved {
        return None;
    }
    let body = kind.comparable(live, change.wanted);
    let body = {
        let Snapshot { instance, names, .. } = input.snapshot;
        let mut portable = Portable::new(instance, names, &bindings);
        document_body(kind, &live.name, body, &live.tags, &mut portable)
    };
    Some((bindings, body))
}

fn filled(body: &Map<String, Value>, field: &str) -> Option<Value> {
    body.get(field).filter(|v| !is_empty(v)).cloned()
}

/// Whether a field may hold this value without anybody having changed it.
pub(crate) fn may_hold(
    kind: &dyn Kind,
    bodies: &[&Map<String, Value>],
    field: &str,
    value: Option<&Value>,
    resolver: &Resolver<'_>,
) -> bool {
    if bodies.iter().any(|body| same(filled(body, field).as_ref(), value, resolver)) {
        return true;
    }
    // A set that is written in several calls may be on its way from one body to another; so may tags.
    let spec = kind.spec();
    let is_set = spec.members.iter().any(|m| m.field == field) || field == tags_key(spec.format);
    let items = |value: Option<Value>| match value {
        Some(Value::Array(items)) => items,
        Some(Value::Object(pairs)) => pairs.into_iter().map(|(k, v)| json!([k, v])).collect(),
        _ => Vec::new(),
    };
    let known: Vec<Vec<Value>> = bodies.iter().map(|b| items(filled(b, field))).collect();
    let there = items(value.cloned());
    let (mut of_all, mut allowed) = (known.first().cloned().unwrap_or_default(), true);
    of_all.retain(|item| known.iter().all(|set| set.contains(item)));
    allowed &= there.iter().all(|item| known.iter().any(|set| set.contains(item)));
    is_set && known.len() > 1 && allowed && of_all.iter().all(|item| there.contains(item))
}

/// The fields of a change whose live values nobody of us wrote.
pub(crate) fn drifted<'c>(
    input: &PlanInput<'_>,
    kind: &dyn Kind,
    change: &'c Change<'_>,
    base: Option<&AppliedResource>,
) -> Vec<&'c FieldChange> {
    if change.live.is_none() {
        return Vec::new();
    }
    let Snapshot { instance, names, .. } = input.snapshot;
    let now = Resolver { instance, names, bindings: input.bindings };
    let then = base.and_then(|base| as_bound_then(input, kind, change, base));
    let bodies: Vec<&Map<String, Value>> =
        base.iter().flat_map(|b| std::iter::once(&b.body).chain(&b.begun)).collect();
    let expected = |field: &&FieldChange| {
        let name = field.field.as_str();
        may_hold(kind, &bodies, name, field.before.as_ref(), &now)
            || kind.expects(&bodies, change, name)
            || then.as_ref().is_some_and(|(bindings, live)| {
                let then = Resolver { bindings, ..now };
                may_hold(kind, &bodies, name, filled(live, name).as_ref(), &then)
            })
    };
    change.fields.iter().filter(|field| !expected(field)).collect()
}

/// What a person meets for a field that is not overwritten: all three values.
pub(crate) fn refusal(
    kind: &dyn Kind,
    change: &Change<'_>,
    field: &FieldChange,
    base: Option<&AppliedResource>,
) -> Diagnostic {
    let (name, wanted) = (&field.field, change.wanted);
    let known = base.map(|b| filled(&b.body, name));
    let message = match known {
        Some(_) => format!("`{name}` was changed in the instance since the last apply"),
        None => format!("`{name}` has another value in the instance, and no apply is remembered"),
    };
    let found = Diagnostic::error("TL0409", message).on(wanted.subject()).path(name.as_str());
    let found =
        facts(kind, change, field, known.as_ref()).into_iter().fold(found, Diagnostic::because);
    let key = format!("{}:{}", wanted.kind, wanted.name);
    let adopt = format!("trunkline drift adopt --env {} \"{key}\"", change.options.environment);
    let keep = match known {
        Some(_) => {
            format!("keep it, in the documents too: `{adopt}`")
        }
        None => format!(
            "take over what older tools made: `trunkline adopt`, then look at each value\nkeep it, in the documents too: `{adopt}`"
        ),
    };
    let found = found.help(format!(
        "{keep}\nput the document's value there: `--overwrite-drift`\nleave the field to the instance: \
         `instance_owned: [\"{key}.{name}\"]`"
    ));
    match &wanted.file {
        Some(file) => found.in_file(file),
        None => found,
    }
}

/// Short values as they are; of long ones what differs.
fn facts(
    kind: &dyn Kind,
    change: &Change<'_>,
    field: &FieldChange,
    known: Option<&Option<Value>>,
) -> Vec<String> {
    let (live, wanted) = (&field.before, &field.after);
    let long = |v: &Option<Value>| v.as_ref().is_some_and(|v| v.is_array() || v.is_object());
    if !long(live) && !long(wanted) && !known.is_some_and(long) {
        let mut facts = Vec::new();
        facts.extend(known.map(|k| format!("last applied: {}", shown(k))));
        facts.push(format!("in the instance: {}", shown(live)));
        facts.push(format!("in the document: {}", shown(wanted)));
        return facts;
    }
    let mut facts = Vec::new();
    if let Some(applied) = known {
        let lines = between(kind, change, field, applied.clone(), live.clone());
        facts.extend(lines.into_iter().map(|l| format!("changed in the instance: {l}")));
    }
    let lines = between(kind, change, field, live.clone(), wanted.clone());
    facts.extend(lines.into_iter().map(|l| format!("the document would change: {l}")));
    facts
}

fn shown(value: &Option<Value>) -> String {
    value.as_ref().map_or_else(|| "nothing".to_owned(), crate::plan::short)
}

/// What differs between two values of a field, in the kind's words: blocks of flows, items of lists.
pub(crate) fn between(
    kind: &dyn Kind,
    change: &Change<'_>,
    field: &FieldChange,
    before: Option<Value>,
    after: Option<Value>,
) -> Vec<String> {
    let body = |value: &Option<Value>| -> Map<String, Value> {
        value.iter().map(|v| (field.field.clone(), v.clone())).collect()
    };
    let (old, new) = (body(&before), body(&after));
    let wanted = Document { body: new, ..change.wanted.clone() };
    let fields = vec![FieldChange { field: field.field.clone(), before, after }];
    let one = Change { wanted: &wanted, before: Some(&old), draft: None, fields, ..*change };
    let lines = if kind.has_drafts() { kind.describe(&one).0 } else { field_lines(&one) };
    let more = lines.len().saturating_sub(LINES_AT_MOST);
    let mut lines: Vec<String> = lines.into_iter().take(LINES_AT_MOST).collect();
    if more > 0 {
        lines.push(format!("… {more} more"));
    }
    lines
}

/// The same difference where it is overwritten: worth knowing, and no more than that.
pub(crate) fn overwritten(mut refused: Diagnostic) -> Diagnostic {
    refused.severity = trunkline_model::Severity::Warning;
    refused.message.push_str("; it is overwritten");
    refused.help = None;
    refused
}

/// How one remembered resource differs from what was applied.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Drift {
    /// The kind.
    pub kind: String,
    /// The name under which it was applied.
    pub name: String,
    /// Its id; empty where the kind has none.
    pub id: String,
    /// Somebody deleted it.
    pub deleted: bool,
    /// The name that it has now, where somebody renamed it.
    pub renamed: Option<String>,
    /// Fields that were changed.
    pub fields: Vec<FieldDrift>,
}

/// One field that somebody changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldDrift {
    /// The field's name in the document.
    pub field: String,
    /// What was applied; None: nothing.
    pub applied: Option<Value>,
    /// What is there; None: nothing.
    pub live: Option<Value>,
    /// The difference for people.
    pub lines: Vec<String>,
}

/// The documents as they were last applied to this instance, for plans that bring them back.
pub fn applied_documents(input: &PlanInput<'_>) -> Documents {
    let mut documents = Documents::default();
    documents.attachments.clone_from(&input.documents.attachments);
    for resource in remembered(input).into_iter().flat_map(|a| a.resources.values()) {
        let Some(kind) = crate::kinds::get(&resource.kind).filter(|k| !k.opt_in()) else {
            continue;
        };
        let (name, body) = (resource.name.clone(), resource.body.clone());
        let known = documents.insert(Document { kind: kind.spec().name, name, body, file: None });
        // In the middle of an exchange of names two can have one; the first tells enough.
        drop(known);
    }
    documents
}

/// Everything that changed in the instance since the last apply and is this project's to say. `input.documents`
/// must be those of [`applied_documents`]; what the instance owns is no drift.
pub fn compare(input: &PlanInput<'_>) -> Vec<Drift> {
    let paired = crate::identity::pair(input);
    let input = &match &paired {
        Some(p) => PlanInput { snapshot: &p.snapshot, baseline: &p.baseline, ..*input },
        None => *input,
    };
    let Snapshot { instance, names, .. } = input.snapshot;
    let resolver = Resolver { instance, names, bindings: input.bindings };
    let bodies = Bodies::of_documents(input, input.documents.iter());
    let one = |document: &Document| -> Option<Drift> {
        let kind = crate::kinds::get(document.kind)?;
        let base = remembered(input)?.get(document.kind, &document.name)?;
        let limits = &input.options.limits;
        if limits.leave_alone(document.kind, &document.name) {
            return None;
        }
        let mut drift = Drift {
            kind: document.kind.to_owned(),
            name: document.name.clone(),
            id: base.id.clone(),
            deleted: false,
            renamed: None,
            fields: Vec::new(),
        };
        let Some(live) = input.snapshot.get(document.kind, &document.name) else {
            drift.deleted = base.begun.is_empty();
            return drift.deleted.then_some(drift);
        };
        if owner(kind, live, &input.options.project, &input.baseline.ledger) != Owner::Ours {
            return None;
        }
        drift.renamed.clone_from(&live.called);
        let there = bodies.of(live);
        if let Some(change) = Change::between(kind, document, there, &resolver, input.options) {
            let owned = limits.owned(document.kind, &document.name);
            let found = drifted(input, kind, &change, Some(base)).into_iter();
            let found = found.filter(|f| !owned.is_some_and(|o| o.holds(&f.field)));
            let field = |f: &FieldChange| FieldDrift {
                field: f.field.clone(),
                applied: f.after.clone(),
                live: f.before.clone(),
                lines: between(kind, &change, f, f.after.clone(), f.before.clone()),
            };
            drift.fields = found.map(field).collect();
        }
        (drift.renamed.is_some() || !drift.fields.is_empty()).then_some(drift)
    };
    input.documents.iter().filter_map(one).collect()
}

/// Who changed something last, and when.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Editor {
    /// The user's name, as CloudTrail has it.
    pub who: String,
    /// Seconds since 1970.
    pub at: f64,
    /// `UpdateQueueMaxContacts`.
    pub operation: String,
}

/// The most pages of the event history that are read: at 50 events each, two a second.
const HISTORY_PAGES: usize = 20;

/// Finds in CloudTrail's event history who last wrote to each id. What it does not know is left out. The
/// history comes newest first; it is read until every id is found, a thousand events at most.
pub async fn editors(
    cloud: &dyn Cloud,
    ids: &[String],
) -> Result<BTreeMap<String, Editor>, CallError> {
    let of_connect = json!([{
        "AttributeKey": "EventSource", "AttributeValue": "connect.amazonaws.com"
    }]);
    let input = json!({ "LookupAttributes": of_connect, "MaxResults": 50 });
    let mut input = input;
    let mut found: BTreeMap<String, Editor> = BTreeMap::new();
    for _ in 0..HISTORY_PAGES {
        let call = Call::new("cloudtrail", "LookupEvents", input.clone());
        let page = cloud.call(call).await?.output;
        note_editors(&page, ids, &mut found);
        let token = page.get("NextToken").and_then(Value::as_str).filter(|t| !t.is_empty());
        let all = ids.iter().all(|id| id.is_empty() || found.contains_key(id));
        let (Some(token), false) = (token, all) else { break };
        input["NextToken"] = json!(token);
    }
    Ok(found)
}

/// When the resources that changed were last modified, in seconds since 1970, by id: for those whose change
/// the history does not tell. Kinds and regions that do not say it are left out.
pub async fn modified(
    cloud: &dyn Cloud,
    instance: &Instance,
    found: &[Drift],
) -> BTreeMap<String, f64> {
    let options = ReadOptions::default();
    let reader = Reader { cloud, instance, options: &options };
    let mut times = BTreeMap::new();
    for drift in found.iter().filter(|d| !d.deleted && !d.id.is_empty()) {
        let Some(kind) = crate::kinds::get(&drift.kind) else { continue };
        // It is a convenience: what cannot be read is not known.
        let read = crate::read::describe(&reader, kind.spec(), &drift.id).await;
        let body = read.ok().flatten().unwrap_or_default();
        let time = body.get("LastModifiedTime").and_then(Value::as_f64);
        times.extend(time.map(|t| (drift.id.clone(), t)));
    }
    times
}

fn note_editors(page: &Value, ids: &[String], found: &mut BTreeMap<String, Editor>) {
    for event in page.get("Events").and_then(Value::as_array).into_iter().flatten() {
        let told = text(event, "CloudTrailEvent");
        let at = event.get("EventTime").and_then(Value::as_f64).unwrap_or_default();
        for id in ids.iter().filter(|id| !id.is_empty() && told.contains(id.as_str())) {
            let newer = found.get(id).is_none_or(|known| known.at < at);
            if newer {
                let (who, operation) = (text(event, "Username"), text(event, "EventName"));
                found.insert(id.clone(), Editor { who, at, operation });
            }
        }
    }
}
