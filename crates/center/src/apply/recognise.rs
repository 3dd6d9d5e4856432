//! What the machine reads out of answers: whether something is unchanged, whether it is ours, what went wrong.

use crate::cloud::{Call, CallError};
use crate::document::subject;
use crate::kind::{Kind, Listed};
use crate::kinds;
use crate::plan::{Check, PROJECT_TAG, PlanTarget, Step, TAGS, fingerprint, tag_rows};
use crate::read::{as_map, text};
use crate::resource::Entry;
use crate::snapshot::call_failed;
use serde_json::{Map, Value, json};
use trunkline_model::{Diagnostic, Report};

/// What a read says of the fields that a step overwrites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// As they were when the plan was made.
    Unchanged,
    /// As the step makes them.
    AsSent,
    /// Something else.
    Moved,
}

/// Whether the fields that a step overwrites are as they were when the plan was made.
/// The check is resolved.
pub(super) fn is_unchanged(step: &Step, check: &Check, output: &Value) -> bool {
    let Some(live) = live_body(step, check, output) else { return false };
    match &check.rows {
        _ if !is_called(step, check, output) => false,
        Some(rows) => holds(step, check, &live, &rows.was),
        None => fingerprint(&check.fields, &live) == check.fingerprint,
    }
}

/// Whether the resource has a name that it may have.
fn is_called(step: &Step, check: &Check, output: &Value) -> bool {
    let Some(spec) = kinds::get(&step.kind).map(|k| k.spec()) else { return false };
    let member = spec.describe.as_ref().map_or("", |d| d.member);
    let name = text(output.get(member).unwrap_or(output), spec.name_member);
    check.names.is_empty() || check.names.contains(&name)
}

/// Whether the members that a step changes are in the set as `wanted` says, and no others of them.
fn holds(step: &Step, check: &Check, live: &Map<String, Value>, wanted: &Value) -> bool {
    let Some(rows) = &check.rows else { return false };
    let spec = kinds::get(&step.kind).map(|k| k.spec());
    let mut sets = spec.into_iter().flat_map(|s| s.members);
    let Some(field) = check.fields.first() else { return false };
    // What is no set of members is a list of pairs.
    let first: fn(&Value) -> Value = |pair| pair[0].clone();
    let key_of = sets.find(|m| m.field == field).map_or(first, |set| set.key);
    let list = |value: Option<&'_ Value>| value.and_then(Value::as_array).cloned();
    let there = list(live.get(field)).unwrap_or_default();
    let wanted = list(Some(wanted)).unwrap_or_default();
    let of = |all: &[Value], key: &Value| all.iter().find(|m| key_of(m) == *key).cloned();
    let touched = [list(Some(&rows.was)), list(Some(&rows.is))];
    let mut keys = touched.iter().flatten().flatten().map(key_of);
    keys.all(|key| of(&there, &key) == of(&wanted, &key))
}

/// The List operation that a check reads by; None where it describes.
pub(super) fn listed_by(step: &Step, operation: &str) -> Option<&'static Listed> {
    let spec = kinds::get(&step.kind)?.spec();
    spec.listed.iter().chain(&spec.set).find(|l| l.operation == operation)
}

/// The same, where a write of the step may have taken effect; `sent` is its input.
pub(super) fn seen(step: &Step, check: &Check, sent: &Value, output: &Value) -> Seen {
    if is_unchanged(step, check, output) {
        return Seen::Unchanged;
    }
    let live = live_body(step, check, output);
    let (Some(kind), Some(mut live)) = (kinds::get(&step.kind), live) else {
        return Seen::Moved;
    };
    if let Some(rows) = &check.rows {
        let as_sent = holds(step, check, &live, &rows.is);
        return if as_sent { Seen::AsSent } else { Seen::Moved };
    }
    let mut wanted = flattened(kind, sent);
    kind.normalise(&mut wanted);
    kind.canonical(&mut wanted);
    kind.canonical(&mut live);
    let of = |body: &Map<String, Value>, field: &str| {
        let mut value = body.get(field).filter(|v| !crate::read::is_empty(v)).cloned();
        value.iter_mut().for_each(Value::sort_all_objects);
        value
    };
    let as_sent = |field: &String| {
        let (wanted, live) = (of(&wanted, field), of(&live, field));
        // A text that the service cannot empty is not sent where there is none.
        wanted == live || wanted.is_none() && kind.spec().kept.contains(&field.as_str())
    };
    // The call leaves the others alone.
    let written = if check.writes.is_empty() { &check.fields } else { &check.writes };
    if written.iter().all(as_sent) { Seen::AsSent } else { Seen::Moved }
}

/// The body of a Describe answer, as a snapshot would hold it; the one field that a List answer gives.
fn live_body(step: &Step, check: &Check, output: &Value) -> Option<Map<String, Value>> {
    let kind = kinds::get(&step.kind)?;
    if let Some(listed) = listed_by(step, &check.operation) {
        let rows = output.get(listed.items).and_then(Value::as_array)?;
        let value = crate::read::listed_value(kind, listed, rows);
        return Some(value.map(|v| (listed.field.to_owned(), v)).into_iter().collect());
    }
    let member = kind.spec().describe.as_ref().map_or("", |d| d.member);
    let body = if member.is_empty() { output } else { output.get(member).unwrap_or(output) };
    let summary = crate::read::Summary::new(String::new(), String::new(), step.name.clone());
    let mut live = crate::read::resource_of(kind, &summary, as_map(body.clone()));
    if check.fields.iter().any(|f| f == TAGS) {
        live.body.insert(TAGS.to_owned(), tag_rows(&live));
    }
    Some(live.body)
}

/// What was sent, with the members that travel inside one that is named like the answer's.
fn flattened(kind: &dyn Kind, sent: &Value) -> Map<String, Value> {
    let mut sent = as_map(sent.clone());
    let member = kind.spec().describe.as_ref().map_or("", |d| d.member);
    if let Some(Value::Object(inner)) = sent.shift_remove(member) {
        sent.extend(inner);
    }
    sent
}

/// A member of a create call's answer: by name, by JSON pointer, or the resource's own name where the
/// kind has no ids.
pub(super) fn member_of(step: &Step, output: &Value, name: &str) -> Option<String> {
    match name {
        "" => Some(step.name.clone()),
        _ if name.starts_with('/') => output.pointer(name)?.as_str().map(str::to_owned),
        _ => output.get(name)?.as_str().map(str::to_owned),
    }
}

/// The rows of a List answer that have the step's name.
pub(super) fn rows_of(step: &Step, output: &Value) -> Vec<Entry> {
    let Some(adopt) = &step.adopt else { return Vec::new() };
    let (_, items, id, arn, name) = &adopt.list;
    let wanted = kinds::get(&step.kind).map(|k| k.spec().own_name(&step.name));
    let rows = output.get(items).and_then(Value::as_array);
    // Where rows have no names, the call asked for one resource only.
    let ours = |r: &&Value| name.is_empty() || Some(text(r, name)) == wanted;
    let named = rows.into_iter().flatten().filter(ours);
    named.map(|r| Entry { id: text(r, id), arn: text(r, arn) }).collect()
}

/// Whether a refusal says that a call whose answer was lost has taken effect: there is nothing left to
/// associate, or to take away.
pub(super) fn is_associated_already(step: &Step, error: &CallError) -> bool {
    let conflict = error.is("ResourceConflictException") || error.is("DuplicateResourceException");
    let gone = error.is("ResourceNotFoundException");
    step.action == crate::plan::Action::Associate
        && (conflict || gone && step.call.operation.starts_with("Disassociate"))
}

/// Members that an associate call adds, by the operation that lists them: operation, items, and the member that
/// both name. For calls that are refused without a word of its own for what is there already.
const LISTED: [(&str, &str, &str, &str, &str); 1] = [(
    "AssociateUserProficiencies",
    "ListUserProficiencies",
    "UserProficiencyList",
    "UserProficiencies",
    "UserId",
)];

/// The read that tells whether an associate call whose answer was lost has taken effect.
pub(super) fn confirm_call(step: &Step, sent: &Value, error: &CallError) -> Option<Call> {
    let row = LISTED.iter().find(|row| row.0 == step.call.operation);
    let row = row.filter(|_| error.is("InvalidRequestException"))?;
    let input = json!({ "InstanceId": sent.get("InstanceId"), row.4: sent.get(row.4) });
    Some(Call::new("connect", row.1, input))
}

/// Whether everything that was sent is among what is listed.
pub(super) fn is_confirmed(step: &Step, sent: &Value, output: &Value) -> bool {
    let Some(row) = LISTED.iter().find(|row| row.0 == step.call.operation) else { return false };
    let there = output.get(row.2).and_then(Value::as_array).cloned().unwrap_or_default();
    let sent = sent.get(row.3).and_then(Value::as_array);
    sent.is_some_and(|sent| sent.iter().all(|one| there.contains(one)))
}

/// The call that describes what a List found.
pub(super) fn describe_call(
    step: &Step,
    sent: &Value,
    id: &str,
    instance_id: &str,
) -> Option<Call> {
    let kind = kinds::get(&step.kind)?;
    let describe = kind.spec().describe.as_ref()?;
    // What was created SAVED has no published content to describe.
    let saved = sent.get("Status") == Some(&json!("SAVED"));
    let id = if kind.has_drafts() && saved { format!("{id}:$SAVED") } else { id.to_owned() };
    let mut input = crate::plan::beside(kind.spec(), &as_map(sent.clone()), false);
    if let Some(adopt) = &step.adopt {
        // What the list was asked for and the resource was made with belongs to its identity.
        let both = as_map(adopt.list_input.clone());
        input.extend(both.into_iter().filter(|(name, value)| sent.get(name) == Some(value)));
    }
    input.insert("InstanceId".to_owned(), json!(instance_id));
    input.insert(kind.spec().id_member.to_owned(), json!(id));
    Some(Call::new("connect", describe.operation, Value::Object(input)))
}

/// Whether what is there is what was sent: the project's tag, and every member that both have.
pub(super) fn is_ours(step: &Step, sent: &Value, output: &Value) -> bool {
    let Some(kind) = kinds::get(&step.kind) else { return false };
    let member = kind.spec().describe.as_ref().map_or("", |d| d.member);
    // Members are compared as the service names them, and as a document would.
    let mut there = as_map(output.get(member).unwrap_or(output).clone());
    let mut shaped = there.clone();
    kind.normalise(&mut shaped);
    for (name, value) in shaped {
        there.entry(name).or_insert(value);
    }
    let there = Value::Object(there);
    let tag = |v: &Value| v.get("Tags").and_then(|t| t.get(PROJECT_TAG)).cloned();
    if tag(sent).is_some() && tag(sent) != tag(&there) {
        return false;
    }
    let same = |(name, value): (&String, &Value)| match (name.as_str(), there.get(name)) {
        ("InstanceId" | "Tags" | "Status", _) | (_, None) => true,
        ("Content", Some(other)) => parsed(value) == parsed(other),
        (_, Some(other)) => value == other,
    };
    flattened(kind, sent).iter().all(same)
}

fn parsed(content: &Value) -> Option<Value> {
    serde_json::from_str(content.as_str()?).ok()
}

/// The error for a resource of that name that this run did not make.
pub(super) fn stranger(step: &Step) -> Report {
    let who = subject(&step.kind, &step.name);
    Diagnostic::error("TL0503", format!("{who} exists already, and this run did not make it"))
        .on(who)
        .because("it was made by somebody else between the plan and the apply")
        .help("plan again: it will be compared and updated, or rename one of the two")
        .report()
}

/// A failed write as what a person meets.
pub(super) fn failure(step: &Step, target: &PlanTarget, error: &CallError) -> Report {
    if error.is("DuplicateResourceException") {
        return stranger(step);
    }
    let mut report = call_failed(error);
    for diagnostic in &mut report.0 {
        diagnostic.place.subject = Some(subject(&step.kind, &step.name));
        if diagnostic.code == "TL0604" {
            diagnostic.notes.push(format!("the instance is {}", target.instance_arn));
        }
        diagnostic.notes.extend(problems(error));
    }
    report
}

/// The warning that a flow or module stayed a draft; an earlier run told the reasons where there is no error.
pub(super) fn draft_warning(step: &Step, error: Option<&CallError>) -> Diagnostic {
    let who = subject(&step.kind, &step.name);
    let warning = Diagnostic::warning(
        "TL0507",
        format!("{who} was refused for publishing and is applied as a draft"),
    );
    let problems = error.map(problems).unwrap_or_default();
    let warning = problems.into_iter().fold(warning, Diagnostic::because);
    warning.on(who).help("correct the blocks above; `--strict` makes this a failure")
}

fn problems(error: &CallError) -> Vec<String> {
    let list = ["problems", "Problems"].iter().find_map(|m| error.document.get(*m)?.as_array());
    list.into_iter().flatten().map(|p| text(p, "message") + &text(p, "Message")).collect()
}

/// The id that a call wrote to.
pub(super) fn wrote(step: &Step, sent: &Value, made: &Entry) -> String {
    if !made.id.is_empty() {
        return made.id.clone();
    }
    let member = kinds::get(&step.kind).map_or("", |k| k.spec().id_member);
    let id = text(sent, member);
    if id.is_empty() {
        // Tags are written by ARN; its last part is the id.
        return text(sent, "resourceArn").rsplit('/').next().unwrap_or_default().to_owned();
    }
    id.trim_end_matches(":$SAVED").to_owned()
}

/// The fingerprint of a draft that a call wrote, so that it is not taken for somebody's work later.
pub(super) fn draft_written(step: &Step, sent: &Value) -> Option<String> {
    let kind = kinds::get(&step.kind).filter(|k| k.has_drafts())?;
    let to_draft = text(sent, kind.spec().id_member).ends_with(":$SAVED");
    let saved = sent.get("Status") == Some(&json!("SAVED"));
    let content = sent.get("Content").filter(|_| to_draft || saved)?;
    let mut body = Map::new();
    body.insert("Content".to_owned(), content.clone());
    kind.normalise(&mut body);
    Some(kinds::draft_fingerprint(&body))
}
