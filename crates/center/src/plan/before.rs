//! The reads before writes: what a step overwrites, as the plan saw it. Kinds and `steps` make them, `apply`
//! makes the calls. One Describe for what it gives, one List for each field that has a call of its own.

use super::{Check, Rows, beside, explicit_ids};
use crate::kind::{Listed, Members, Spec};
use crate::resource::Resource;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use trunkline_flow::reference;

/// The read before an update: the fields that it overwrites must be as they were.
pub fn check(spec: &'static Spec, fields: &[&str], live: &Resource) -> Option<Check> {
    let describe = spec.describe.as_ref()?;
    let is_listed = |f: &&str| spec.listed.iter().any(|l| l.field == *f);
    let seen: Vec<&str> =
        fields.iter().copied().filter(|f| !spec.apart.contains(f) && !is_listed(f)).collect();
    if seen.is_empty() {
        return None;
    }
    Some(Check {
        operation: describe.operation.to_owned(),
        input: input(spec, live),
        fields: seen.iter().map(|f| (*f).to_owned()).collect(),
        fingerprint: fingerprint(&seen, &live.body),
        rows: None,
    })
}

/// The reads before an update for those of the fields that Describe lacks.
pub(super) fn lists(spec: &'static Spec, fields: &[&str], live: &Resource) -> Vec<Check> {
    let of = |listed: &Listed| Check {
        operation: listed.operation.to_owned(),
        input: input(spec, live),
        fields: vec![listed.field.to_owned()],
        fingerprint: fingerprint(&[listed.field], &live.body),
        rows: None,
    };
    spec.listed.iter().filter(|l| fields.contains(&l.field)).map(of).collect()
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
        operation: listed.operation.to_owned(),
        input: input(spec, live),
        fields: vec![members.field.to_owned()],
        fingerprint: String::new(),
        rows: Some(Rows { was: explicit(was), is: explicit(is) }),
    })
}

fn input(spec: &Spec, live: &Resource) -> Value {
    let mut input = beside(spec, &live.body, false);
    input.insert("InstanceId".to_owned(), json!("${instance.id:this}"));
    if !spec.id_member.is_empty() {
        input.insert(spec.id_member.to_owned(), json!(reference::escape(&live.id)));
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
