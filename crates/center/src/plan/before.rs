//! The reads before writes: what a step overwrites, as the plan saw it. Kinds and `steps` make them, `apply`
//! makes the calls. One Describe for what it gives, one call for each field that has one of its own. What a plan
//! makes is not read: only changes of what is there cost reads.

use super::{Check, Rows, TAGS, beside, explicit_ids};
use crate::kind::{Listed, Members, Retire, Spec};
use crate::resource::Resource;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use trunkline_flow::reference;

/// The read before an update: the fields that it overwrites must be as they were.
pub fn check(spec: &'static Spec, fields: &[&str], live: &Resource) -> Option<Check> {
    let describe = spec.describe.as_ref()?;
    let is_apart =
        |f: &&str| spec.attachment == Some(*f) || spec.listed.iter().any(|l| l.field == *f);
    let seen: Vec<&str> = fields.iter().copied().filter(|f| !is_apart(f)).collect();
    (!seen.is_empty()).then(|| Check {
        fields: seen.iter().map(|f| (*f).to_owned()).collect(),
        fingerprint: fingerprint(&seen, &live.body),
        ..Check::by(describe.operation, input(spec, live))
    })
}

/// The same, with the reads for those of the fields that Describe lacks.
pub fn checks(
    spec: &'static Spec,
    fields: &[&str],
    live: &Resource,
) -> (Option<Check>, Vec<Check>) {
    let of = |(operation, field): (&str, &str)| Check {
        fields: vec![field.to_owned()],
        fingerprint: fingerprint(&[field], &live.body),
        ..Check::by(operation, input(spec, live))
    };
    let listed = spec.listed.iter().map(|l| (l.operation, l.field));
    let file = spec.download.and_then(|(operation, _)| Some((operation, spec.attachment?)));
    let lists = listed.chain(file).filter(|(_, field)| fields.contains(field)).map(of).collect();
    (check(spec, fields, live), lists)
}

/// The read before a call that changes some members of a set: these must be as they were, whatever happens
/// to the others. `was` and `is` are the members before and after, as a document names them.
pub(super) fn members(
    spec: &'static Spec,
    members: &Members,
    (was, is): (Vec<Value>, Vec<Value>),
    live: &Resource,
) -> Option<Check> {
    let listed = spec.listed.iter().find(|l| l.field == members.field)?;
    let explicit = |items: Vec<Value>| {
        let mut body = json!({ members.field: items });
        explicit_ids(spec, &mut body);
        body[members.field].take()
    };
    Some(Check {
        fields: vec![members.field.to_owned()],
        rows: Some(Rows { was: explicit(was), is: explicit(is) }),
        ..Check::by(listed.operation, input(spec, live))
    })
}

/// The read before a call that writes one of what the kind's `set` holds: a pair of what it is and what it says,
/// before and after; None where it says nothing.
pub fn check_pair(
    spec: &'static Spec,
    mut input: Value,
    was: Option<Value>,
    is: Option<Value>,
) -> Option<Check> {
    let Listed { field, operation, .. } = spec.set.as_ref()?;
    input["InstanceId"] = json!("${instance.id:this}");
    Some(Check {
        fields: vec![(*field).to_owned()],
        rows: Some(pairs(was, is)),
        ..Check::by(operation, input)
    })
}

/// The read before a call that writes some of the tags; `set` are those that it sets, `unset` those that it takes away.
pub fn check_tags(
    spec: &'static Spec,
    live: &Resource,
    set: &Map<String, Value>,
    unset: &[&String],
) -> Option<Check> {
    let there = |key: &&String| {
        Some(json!([reference::escape(key), reference::escape(live.tags.get(*key)?)]))
    };
    let touched: Vec<&String> = set.keys().chain(unset.iter().copied()).collect();
    let was: Vec<Value> = touched.iter().filter_map(there).collect();
    let is = set.iter().map(|(key, value)| json!([reference::escape(key), value]));
    Some(Check {
        fields: vec![TAGS.to_owned()],
        rows: Some(pairs(was, is)),
        ..Check::by(spec.describe.as_ref()?.operation, input(spec, live))
    })
}

fn pairs(was: impl IntoIterator<Item = Value>, is: impl IntoIterator<Item = Value>) -> Rows {
    Rows { was: was.into_iter().collect(), is: is.into_iter().collect() }
}

/// The read before a resource is taken out of use: that nobody did so, and whose it is.
pub(crate) fn check_retired(spec: &'static Spec, live: &Resource) -> Option<Check> {
    match spec.retire {
        Retire::First { says: (field, _), .. } => {
            let all = check(spec, &[field, TAGS], &tagged(live))?;
            Some(Check { writes: vec![field.to_owned()], ..all })
        }
        Retire::Tagged | Retire::Never => None,
    }
}

/// The read before a resource is deleted: everything that Describe gives.
pub(crate) fn check_deleted(spec: &'static Spec, live: &Resource) -> Option<Check> {
    let fields: Vec<&str> = spec.fields.iter().copied().chain([TAGS]).collect();
    check(spec, &fields, &tagged(live))
}

/// The names under which a resource may be met while a plan is carried out that wants it to have one.
pub(super) fn names(spec: &Spec, wanted: &str, live: &Resource) -> Vec<String> {
    let own = spec.own_name(wanted);
    let temporary = super::temporary_name(&own, &live.id);
    let called = live.called.clone();
    called.map_or_else(|| vec![own.clone()], |called| vec![called, temporary, own.clone()])
}

/// The read before a resource gets another name: the one that it has, and what the call sends as it is.
pub(super) fn check_named(
    spec: &'static Spec,
    with: &[&str],
    names: Vec<String>,
    live: &Resource,
) -> Option<Check> {
    Some(Check {
        fields: with.iter().map(|f| (*f).to_owned()).collect(),
        fingerprint: fingerprint(with, &live.body),
        names,
        ..Check::by(spec.describe.as_ref()?.operation, input(spec, live))
    })
}

/// The resource with its tags as a field.
fn tagged(live: &Resource) -> Resource {
    let mut live = live.clone();
    live.body.insert(TAGS.to_owned(), tag_rows(&live));
    live
}

/// Tags as reads before writes hold them: a list of pairs.
pub(crate) fn tag_rows(live: &Resource) -> Value {
    live.tags.iter().map(|(key, value)| json!([key, value])).collect()
}

fn input(spec: &Spec, live: &Resource) -> Value {
    let mut input = beside(spec, &live.body, false);
    input.insert("InstanceId".to_owned(), json!("${instance.id:this}"));
    if !spec.id_member.is_empty() {
        // What was never published can be described only as it is saved.
        let saved = live.body.get("status") == Some(&json!("saved"));
        let id = reference::escape(&live.id) + if saved { ":$SAVED" } else { "" };
        input.insert(spec.id_member.to_owned(), json!(id));
    }
    Value::Object(input)
}

/// Fingerprints some fields of a body.
pub fn fingerprint<S: AsRef<str>>(fields: &[S], body: &Map<String, Value>) -> String {
    let mut chosen: Vec<Option<Value>> =
        fields.iter().map(|f| body.get(f.as_ref()).cloned()).collect();
    // Search and Describe may print members in orders of their own.
    chosen.iter_mut().flatten().for_each(Value::sort_all_objects);
    let bytes = serde_json::to_vec(&chosen).unwrap_or_default();
    crate::filename::hex(&Sha256::digest(bytes))
}
