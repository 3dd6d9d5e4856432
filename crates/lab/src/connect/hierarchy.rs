//! The user hierarchy: its levels, and the groups on them.
//!
//! Assumed: a group's name is unique among the groups with the same parent.

use serde_json::{Map, Value, json};
use std::sync::Arc;

use super::call::{Call, Operation, in_use, invalid, missing, public, text_of};
use super::kind::Kind;
use super::state::Instance;
use super::store::Object;
use super::{resource, users};
use crate::service::{Failure, Outcome};

pub(super) const KIND: Kind = Kind {
    noun: "user hierarchy group",
    arn: "agent-group",
    label: "HierarchyGroupId",
    made: ("HierarchyGroupId", "HierarchyGroupArn"),
    wrapper: "HierarchyGroup",
    list: "UserHierarchyGroupSummaryList",
    found: "UserHierarchyGroups",
    fields: &[
        ("name", "Name"),
        ("parentId", "_parent"),
        ("levelId", "LevelId"),
        ("resourceID", "_id"),
    ],
    ..Kind::BASE
};

pub(super) const OPERATIONS: &[Operation] = &[
    ("UpdateUserHierarchyStructure", update_structure),
    ("DescribeUserHierarchyStructure", |call| {
        Ok(json!({ "HierarchyStructure": call.instance()?.levels }))
    }),
    ("CreateUserHierarchyGroup", create),
    ("DescribeUserHierarchyGroup", describe),
    ("UpdateUserHierarchyGroupName", rename),
    ("DeleteUserHierarchyGroup", delete),
    ("ListUserHierarchyGroups", |call| resource::list(call, &KIND, |_| true)),
    ("SearchUserHierarchyGroups", search),
];

const LEVELS: &[&str] = &["LevelOne", "LevelTwo", "LevelThree", "LevelFour", "LevelFive"];

/// Levels that the request names get that name; a level that it leaves out goes, unless groups are on it.
fn update_structure(call: &mut Call<'_, '_>) -> Outcome {
    let asked = call.member("HierarchyStructure").cloned().unwrap_or_default();
    let mut levels = call.instance()?.levels.clone();
    let present = |level: &str| asked.get(level).is_some_and(|value| !value.is_null());
    let count = LEVELS.iter().take_while(|level| present(level)).count();
    if LEVELS.iter().filter(|level| present(level)).count() != count {
        return Err(invalid("Levels of the hierarchy have to follow one another"));
    }
    for (index, level) in LEVELS.iter().enumerate() {
        if index >= count {
            drop_level(call, &mut levels, level)?;
            continue;
        }
        let name = asked[*level].get("Name").and_then(Value::as_str).unwrap_or_default().to_owned();
        if name.trim().is_empty() || name.chars().count() > 50 {
            return Err(invalid(format!("The name of {level} is not valid: {name}")));
        }
        let known = levels.get(*level).and_then(|known| known.get("Id")).and_then(Value::as_str);
        let id = known.map_or_else(|| call.context.ids.uuid(), str::to_owned);
        let arn = format!("{}/agent-group-level/{id}", call.instance()?.arn);
        let (time, region) = (call.seconds(), call.context.region.to_string());
        let value = json!({
            "Id": id, "Arn": arn, "Name": name, "LastModifiedTime": time, "LastModifiedRegion": region,
        });
        levels.insert((*level).to_owned(), value);
    }
    call.instance_mut()?.levels = levels;
    Ok(json!({}))
}

fn drop_level(call: &Call<'_, '_>, levels: &mut Object, level: &str) -> Result<(), Failure> {
    let Some(old) = levels.get(level) else { return Ok(()) };
    let id = old.get("Id").and_then(Value::as_str).unwrap_or_default();
    if call.instance()?.store(&KIND).any(|group| text_of(group, "LevelId") == id) {
        let failure = in_use(format!("There are groups on {level}"));
        return Err(failure
            .with("ResourceType", json!("HIERARCHY_LEVEL"))
            .with("ResourceId", old.get("Arn").cloned().unwrap_or_default()));
    }
    levels.shift_remove(level);
    Ok(())
}

/// The groups from the top down to `id`.
pub(super) fn chain<'i>(instance: &'i Instance, id: &str) -> Vec<&'i Arc<Object>> {
    let mut chain = Vec::new();
    let mut next = instance.store(&KIND).get(id);
    while let Some(group) = next {
        chain.insert(0, group);
        next = instance.store(&KIND).get(text_of(group, "_parent"));
    }
    chain
}

/// What is printed of a group: with the path that leads to it, itself included.
fn shown(instance: &Instance, body: &Object) -> Object {
    let mut shown = public(body);
    let chain = chain(instance, text_of(body, "_id"));
    let path = LEVELS.iter().zip(chain);
    let path: Map<String, Value> =
        path.map(|(level, group)| ((*level).to_owned(), resource::summary(&KIND, group))).collect();
    shown.insert("HierarchyPath".to_owned(), Value::Object(path));
    shown
}

fn unique(call: &Call<'_, '_>, name: &str, parent: &str, except: &str) -> Result<(), Failure> {
    if name.trim().is_empty() || name.chars().count() > 100 {
        return Err(invalid(format!("Name is not valid: {name}")));
    }
    call.unique(&KIND, name, except, |group| text_of(group, "_parent") == parent)
}

fn create(call: &mut Call<'_, '_>) -> Outcome {
    call.instance()?;
    let name = call.text("Name").to_owned();
    let parent = match call.text("ParentGroupId") {
        "" => String::new(),
        reference => call.resolve(&KIND, reference)?,
    };
    let instance = call.instance()?;
    let depth = chain(instance, &parent).len();
    let level = LEVELS.get(depth).and_then(|level| instance.levels.get(*level));
    let Some(level) = level.and_then(|level| level.get("Id")).cloned() else {
        return Err(missing("The hierarchy has no level for this group"));
    };
    unique(call, &name, &parent, "")?;
    let mut body = Object::new();
    body.insert("Name".to_owned(), json!(name));
    body.insert("LevelId".to_owned(), level);
    body.insert("_parent".to_owned(), json!(parent));
    super::tags::take(&mut body, call.member("Tags"))?;
    let id = resource::insert(call, &KIND, body)?;
    resource::made(call, &KIND, &id)
}

fn describe(call: &mut Call<'_, '_>) -> Outcome {
    let (_, body) = call.target(&KIND)?;
    Ok(json!({ "HierarchyGroup": shown(call.instance()?, &body) }))
}

fn rename(call: &mut Call<'_, '_>) -> Outcome {
    let (id, body) = call.target(&KIND)?;
    unique(call, call.text("Name"), text_of(&body, "_parent"), &id)?;
    let mut body = Object::clone(&body);
    body.insert("Name".to_owned(), json!(call.text("Name")));
    call.save(&KIND, &id, body)?;
    Ok(json!({}))
}

fn delete(call: &mut Call<'_, '_>) -> Outcome {
    let (id, body) = call.target(&KIND)?;
    let instance = call.instance()?;
    let child = instance.store(&KIND).any(|group| text_of(group, "_parent") == id);
    let users = instance.store(&users::KIND);
    if child || users.any(|user| text_of(user, "HierarchyGroupId") == id) {
        let failure = in_use(format!("The group has groups or users: {id}"));
        return Err(failure
            .with("ResourceType", json!("HIERARCHY_GROUP"))
            .with("ResourceId", json!(text_of(&body, "Arn"))));
    }
    resource::delete(call, &KIND)
}

fn search(call: &mut Call<'_, '_>) -> Outcome {
    let instance = call.instance()?.clone();
    resource::search(call, &KIND, |body| shown(&instance, body))
}
