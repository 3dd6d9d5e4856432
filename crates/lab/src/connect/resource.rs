//! Create, describe, list, search and delete, as all kinds of resources have them.

use serde_json::{Map, Value, json};
use std::sync::Arc;

use super::call::{Call, invalid, public, text_of};
use super::kind::Kind;
use super::store::Object;
use super::{page, search, tags};
use crate::service::{Failure, Outcome};

/// Makes a resource out of `body` under a fresh id, and returns the id.
pub(super) fn create(
    call: &mut Call<'_, '_>,
    kind: &Kind,
    mut body: Object,
) -> Result<String, Failure> {
    let name = text_of(&body, kind.name).to_owned();
    if name.trim().is_empty() {
        return Err(invalid(format!("{} must not be blank", kind.name)));
    }
    call.unique(kind, &name, "", |_| true)?;
    call.within_quota(kind.quota, call.instance()?.store(kind).len())?;
    tags::take(&mut body, call.member("Tags"))?;
    insert(call, kind, body)
}

/// Makes a resource without asking for its name or for quotas.
pub(super) fn insert(
    call: &mut Call<'_, '_>,
    kind: &Kind,
    mut body: Object,
) -> Result<String, Failure> {
    let id = call.context.ids.uuid();
    let arn = call.instance()?.arn_of(kind, &id);
    identify(&mut body, kind, &id, &arn);
    call.save(kind, &id, body)?;
    Ok(id)
}

/// Writes id and ARN into a body, by the kind's names and by those that lists go by.
pub(super) fn identify(body: &mut Object, kind: &Kind, id: &str, arn: &str) {
    for (name, value) in [(kind.body_id, id), ("_id", id), (kind.body_arn, arn), ("_arn", arn)] {
        if !name.is_empty() {
            body.insert(name.to_owned(), json!(value));
        }
    }
}

/// The answer of Create.
pub(super) fn made(call: &Call<'_, '_>, kind: &Kind, id: &str) -> Outcome {
    let arn = call.instance()?.arn_of(kind, id);
    Ok(json!({ kind.made.0: id, kind.made.1: arn }))
}

/// The answer of Describe.
pub(super) fn describe(call: &mut Call<'_, '_>, kind: &Kind) -> Outcome {
    let (_, body) = call.target(kind)?;
    Ok(json!({ kind.wrapper: public(&body) }))
}

/// The answer of List, with what `keep` lets through.
pub(super) fn list(
    call: &mut Call<'_, '_>,
    kind: &Kind,
    keep: impl Fn(&Object) -> bool,
) -> Outcome {
    let store = call.instance()?.store(kind);
    let all = store.iter().filter(|(_, body)| keep(body)).map(|(id, body)| (id.to_owned(), body));
    let (items, next) = page::cut(call, all)?;
    let items: Vec<Value> = items.into_iter().map(|body| summary(kind, body)).collect();
    Ok(with_next(json!({ kind.list: items }), next))
}

/// One entry of List.
pub(super) fn summary(kind: &Kind, body: &Object) -> Value {
    let members = kind.summary.iter().filter_map(|(shown, member)| {
        body.get(*member).map(|value| ((*shown).to_owned(), value.clone()))
    });
    Value::Object(members.collect::<Map<_, _>>())
}

/// The answer of Search; `shape` makes what it prints of a resource.
pub(super) fn search(
    call: &mut Call<'_, '_>,
    kind: &Kind,
    shape: impl Fn(&Object) -> Object,
) -> Outcome {
    search_among(call, kind, |_| true, shape)
}

/// The same, where the index holds only what `keep` lets through.
pub(super) fn search_among(
    call: &mut Call<'_, '_>,
    kind: &Kind,
    keep: impl Fn(&Object) -> bool,
    shape: impl Fn(&Object) -> Object,
) -> Outcome {
    let query = search::Query::of(call, kind);
    let cutoff = call.clock().cutoff;
    let mut hits: Vec<(String, &Arc<Object>)> = Vec::new();
    for (id, body) in call.instance()?.store(kind).indexed(cutoff) {
        if keep(body) && query.matches(body)? {
            hits.push((id.to_owned(), body));
        }
    }
    let total = hits.len();
    let (items, next) = page::cut(call, hits.into_iter())?;
    let items: Vec<Object> = items.into_iter().map(|body| shape(body)).collect();
    Ok(with_next(json!({ kind.found: items, "ApproximateTotalCount": total }), next))
}

/// Adds the token of the next page where there is one.
pub(super) fn with_next(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    answer
}

/// The answer of Delete.
pub(super) fn delete(call: &mut Call<'_, '_>, kind: &Kind) -> Outcome {
    let (id, _) = call.target(kind)?;
    let clock = call.clock();
    call.instance_mut()?.store_mut(kind).remove(&id, clock);
    Ok(json!({}))
}

/// Changes a resource's name and further members, and saves it.
pub(super) fn update(call: &mut Call<'_, '_>, kind: &Kind, members: &[&str]) -> Outcome {
    let (id, body) = call.target(kind)?;
    let mut body = Object::clone(&body);
    rename(call, kind, &id, &mut body)?;
    super::call::merge(&mut body, call.input, members);
    call.save(kind, &id, body)?;
    Ok(json!({}))
}

/// Takes a new name over, where the request has one that nobody else has.
pub(super) fn rename(
    call: &Call<'_, '_>,
    kind: &Kind,
    id: &str,
    body: &mut Object,
) -> Result<(), Failure> {
    let Some(name) = call.member(kind.name).and_then(Value::as_str) else { return Ok(()) };
    if name.trim().is_empty() {
        return Err(invalid(format!("{} must not be blank", kind.name)));
    }
    call.unique(kind, name, id, |_| true)?;
    body.insert(kind.name.to_owned(), json!(name));
    Ok(())
}
