//! Tags: on creation, and TagResource, UntagResource, ListTagsForResource by ARN.

use serde_json::{Value, json};

use super::call::{Call, Operation, invalid, missing};
use super::kind::Kind;
use super::store::Object;
use super::{
    agent_statuses, flows, hierarchy, hours, modules, prompts, queues, quick_connects, routing,
    security, users, views,
};
use crate::service::{Failure, Outcome};

pub(super) const OPERATIONS: &[Operation] =
    &[("TagResource", tag), ("UntagResource", untag), ("ListTagsForResource", list)];

/// The kinds whose resources carry tags.
const TAGGED: &[&Kind] = &[
    &agent_statuses::KIND,
    &flows::KIND,
    &hierarchy::KIND,
    &hours::KIND,
    &modules::KIND,
    &prompts::KIND,
    &queues::KIND,
    &quick_connects::KIND,
    &routing::KIND,
    &security::KIND,
    &users::KIND,
    &views::KIND,
];

/// A resource carries at most so many.
const MOST: usize = 50;

/// Puts the tags of a create request into a body; no tags, no member.
pub(super) fn take(body: &mut Object, tags: Option<&Value>) -> Result<(), Failure> {
    let Some(Value::Object(tags)) = tags else { return Ok(()) };
    add(body, tags)
}

fn add(body: &mut Object, tags: &Object) -> Result<(), Failure> {
    let mut all = body.get("Tags").and_then(Value::as_object).cloned().unwrap_or_default();
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 || key.to_lowercase().starts_with("aws:") {
            return Err(invalid(format!("Tag key is not valid: {key}")));
        }
        all.insert(key.clone(), value.clone());
    }
    if all.len() > MOST {
        return Err(invalid(format!("A resource has at most {MOST} tags")));
    }
    set(body, all);
    Ok(())
}

fn set(body: &mut Object, tags: Object) {
    match tags.is_empty() {
        true => body.shift_remove("Tags"),
        false => body.insert("Tags".to_owned(), Value::Object(tags)),
    };
}

fn tag(call: &mut Call<'_, '_>) -> Outcome {
    let tags = call.member("tags").and_then(Value::as_object).cloned().unwrap_or_default();
    change(call, |body| add(body, &tags))
}

fn untag(call: &mut Call<'_, '_>) -> Outcome {
    let keys = call.texts("tagKeys");
    change(call, |body| {
        let mut tags = body.get("Tags").and_then(Value::as_object).cloned().unwrap_or_default();
        keys.iter().for_each(|key| drop(tags.shift_remove(key)));
        set(body, tags);
        Ok(())
    })
}

fn list(call: &mut Call<'_, '_>) -> Outcome {
    let body = match place(call)? {
        Place::Instance(id) => call.state.instances[&id].body.clone(),
        Place::Number(id) => call.state.numbers[&id].clone(),
        Place::Resource(instance, kind, id) => {
            let store = call.state.instances[&instance].store(kind);
            store.get(&id).map(|body| Object::clone(body)).unwrap_or_default()
        }
    };
    // The answer's list of tags has at least one entry, so that none means no member.
    Ok(body.get("Tags").map_or(json!({}), |tags| json!({ "tags": tags })))
}

enum Place {
    Instance(String),
    Number(String),
    Resource(String, &'static Kind, String),
}

fn place(call: &Call<'_, '_>) -> Result<Place, Failure> {
    let arn = call.text("resourceArn");
    if !arn.starts_with("arn:") {
        return Err(invalid(format!("Not an ARN: {arn}")));
    }
    for (id, number) in &call.state.numbers {
        if number.get("PhoneNumberArn").and_then(Value::as_str) == Some(arn) {
            return Ok(Place::Number(id.clone()));
        }
    }
    for (id, instance) in &call.state.instances {
        if instance.arn == arn {
            return Ok(Place::Instance(id.clone()));
        }
        let Some(tail) = arn.strip_prefix(&instance.arn) else { continue };
        let kinds = TAGGED.iter().filter(|kind| tail.trim_start_matches('/').starts_with(kind.arn));
        for kind in kinds {
            if let Some(found) = instance.resolve(kind, arn) {
                return Ok(Place::Resource(id.clone(), kind, found));
            }
        }
    }
    Err(missing(format!("Resource not found: {arn}")))
}

fn change(call: &mut Call<'_, '_>, edit: impl Fn(&mut Object) -> Result<(), Failure>) -> Outcome {
    let clock = call.clock();
    match place(call)? {
        Place::Instance(id) => {
            call.state.instances.get_mut(&id).map_or(Ok(()), |instance| edit(&mut instance.body))
        }
        Place::Number(id) => call.state.numbers.get_mut(&id).map_or(Ok(()), edit),
        Place::Resource(instance, kind, id) => {
            let Some(instance) = call.state.instances.get_mut(&instance) else {
                return Err(missing("Instance not found"));
            };
            let mut body =
                instance.store(kind).get(&id).map(|body| Object::clone(body)).unwrap_or_default();
            edit(&mut body)?;
            instance.store_mut(kind).put(&id, body, clock);
            Ok(())
        }
    }?;
    Ok(json!({}))
}
