//! Users, without their passwords, and their proficiencies.

use serde_json::{Value, json};

use super::call::{Call, Operation, duplicate, invalid, merge, missing, public, refused, text_of};
use super::kind::Kind;
use super::store::Object;
use super::{attributes, hierarchy, page, queues, quick_connects, resource, routing, security};
use crate::service::{Failure, Outcome};

pub(super) const KIND: Kind = Kind {
    noun: "user",
    arn: "agent",
    label: "UserId",
    name: "Username",
    made: ("UserId", "UserArn"),
    wrapper: "User",
    list: "UserSummaryList",
    summary: &[
        ("Id", "_id"),
        ("Arn", "_arn"),
        ("Username", "Username"),
        ("LastModifiedTime", "LastModifiedTime"),
        ("LastModifiedRegion", "LastModifiedRegion"),
    ],
    found: "Users",
    fields: &[
        ("Username", "Username"),
        ("FirstName", "IdentityInfo.FirstName"),
        ("LastName", "IdentityInfo.LastName"),
        ("RoutingProfileId", "RoutingProfileId"),
        ("SecurityProfileId", "SecurityProfileIds"),
        ("resourceId", "_id"),
    ],
    quota: "users",
    ..Kind::BASE
};

pub(super) const OPERATIONS: &[Operation] = &[
    ("CreateUser", create),
    ("DescribeUser", |call| resource::describe(call, &KIND)),
    ("UpdateUserIdentityInfo", |call| {
        edit(call, |call, body| {
            merge(body, call.input, &["IdentityInfo"]);
            Ok(())
        })
    }),
    ("UpdateUserPhoneConfig", |call| {
        edit(call, |call, body| {
            phone(call)?;
            merge(body, call.input, &["PhoneConfig"]);
            Ok(())
        })
    }),
    ("UpdateUserRoutingProfile", |call| edit(call, set_routing)),
    ("UpdateUserSecurityProfiles", |call| edit(call, set_security)),
    ("UpdateUserHierarchy", |call| edit(call, set_group)),
    ("AssociateUserProficiencies", |call| edit(call, associate)),
    ("UpdateUserProficiencies", |call| edit(call, update_proficiencies)),
    ("DisassociateUserProficiencies", |call| edit(call, disassociate)),
    ("ListUserProficiencies", list_proficiencies),
    ("DeleteUser", delete),
    ("ListUsers", |call| resource::list(call, &KIND, |_| true)),
    ("SearchUsers", search),
];

/// The private member that holds proficiencies.
pub(super) const PROFICIENCIES: &str = "_proficiencies";

/// Settings of a user that are kept as they came.
const SETTINGS: &[&str] = &[
    "IdentityInfo",
    "PhoneConfig",
    "DirectoryUserId",
    "AutoAcceptConfigs",
    "AfterContactWorkConfigs",
    "PhoneNumberConfigs",
    "PersistentConnectionConfigs",
    "VoiceEnhancementConfigs",
];

fn create(call: &mut Call<'_, '_>) -> Outcome {
    let managed = text_of(&call.instance()?.body, "IdentityManagementType") == "CONNECT_MANAGED";
    let name = call.text("Username").to_owned();
    if managed {
        password(call.text("Password"))?;
    }
    let allowed = |c: char| c.is_alphanumeric() || "-_.@+'".contains(c);
    if !name.chars().all(allowed) {
        return Err(invalid(format!("Username is not valid: {name}")));
    }
    // User names are told apart without regard to case, as their directories do.
    let others = call.instance()?.store(&KIND);
    if others.any(|user| text_of(user, "Username").to_lowercase() == name.to_lowercase()) {
        return Err(duplicate(format!("User already exists with name: {name}")));
    }
    phone(call)?;
    let mut body = Object::new();
    merge(&mut body, call.input, &["Username"]);
    merge(&mut body, call.input, SETTINGS);
    set_routing(call, &mut body)?;
    set_security(call, &mut body)?;
    set_group(call, &mut body)?;
    let id = resource::create(call, &KIND, body)?;
    queues::for_agent(call, &id)?;
    resource::made(call, &KIND, &id)
}

/// A password is looked at and forgotten.
fn password(text: &str) -> Result<(), Failure> {
    let has = |test: fn(char) -> bool| text.chars().any(test);
    let fits = (8..=64).contains(&text.chars().count())
        && has(|c| c.is_ascii_lowercase())
        && has(|c| c.is_ascii_uppercase())
        && has(|c| c.is_ascii_digit());
    match fits {
        true => Ok(()),
        false => Err(invalid("Password does not meet the requirements")),
    }
}

fn phone(call: &Call<'_, '_>) -> Result<(), Failure> {
    let Some(config) = call.member("PhoneConfig") else { return Ok(()) };
    let part = |name: &str| config.get(name).and_then(Value::as_str).unwrap_or_default();
    match part("PhoneType") {
        "DESK_PHONE" => quick_connects::e164(part("DeskPhoneNumber")),
        "SOFT_PHONE" => Ok(()),
        _ => Err(invalid("PhoneType is required in PhoneConfig")),
    }
}

fn edit(
    call: &mut Call<'_, '_>,
    change: impl Fn(&Call<'_, '_>, &mut Object) -> Result<(), Failure>,
) -> Outcome {
    let (id, body) = call.target(&KIND)?;
    let mut body = Object::clone(&body);
    change(call, &mut body)?;
    call.save(&KIND, &id, body)?;
    Ok(json!({}))
}

fn set_routing(call: &Call<'_, '_>, body: &mut Object) -> Result<(), Failure> {
    let id = call.resolve(&routing::KIND, call.text("RoutingProfileId"))?;
    body.insert("RoutingProfileId".to_owned(), json!(id));
    Ok(())
}

fn set_security(call: &Call<'_, '_>, body: &mut Object) -> Result<(), Failure> {
    let asked = call.texts("SecurityProfileIds");
    let ids: Result<Vec<String>, Failure> =
        asked.iter().map(|one| call.resolve(&security::KIND, one)).collect();
    body.insert("SecurityProfileIds".to_owned(), json!(ids?));
    Ok(())
}

fn set_group(call: &Call<'_, '_>, body: &mut Object) -> Result<(), Failure> {
    body.shift_remove("HierarchyGroupId");
    let group = call.text("HierarchyGroupId");
    if !group.is_empty() {
        let id = call.resolve(&hierarchy::KIND, group)?;
        body.insert("HierarchyGroupId".to_owned(), json!(id));
    }
    Ok(())
}

fn proficiencies(body: &Object) -> Vec<Value> {
    body.get(PROFICIENCIES).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn same(a: &Value, b: &Value) -> bool {
    a["AttributeName"] == b["AttributeName"] && a["AttributeValue"] == b["AttributeValue"]
}

/// The attribute has to exist, and to have the value.
fn known(call: &Call<'_, '_>, one: &Value) -> Result<(), Failure> {
    let name = one["AttributeName"].as_str().unwrap_or_default();
    let id = call.resolve(&attributes::KIND, name)?;
    let store = call.instance()?.store(&attributes::KIND);
    let values = store.get(&id).and_then(|body| body.get("Values")?.get("StringList")?.as_array());
    match values {
        Some(values) if !values.is_empty() && !values.contains(&one["AttributeValue"]) => {
            Err(missing(format!("{name} has no value {}", one["AttributeValue"])))
        }
        _ => Ok(()),
    }
}

fn associate(call: &Call<'_, '_>, body: &mut Object) -> Result<(), Failure> {
    let mut all = proficiencies(body);
    for new in call.list("UserProficiencies") {
        known(call, new)?;
        if all.iter().any(|old| same(old, new)) {
            return Err(refused("The user has the proficiency"));
        }
        all.push(new.clone());
    }
    if all.len() > 10 {
        return Err(invalid("A user has at most 10 proficiencies"));
    }
    body.insert(PROFICIENCIES.to_owned(), json!(all));
    Ok(())
}

fn update_proficiencies(call: &Call<'_, '_>, body: &mut Object) -> Result<(), Failure> {
    let mut all = proficiencies(body);
    for new in call.list("UserProficiencies") {
        let old = all.iter_mut().find(|old| same(old, new));
        *old.ok_or_else(|| missing("The user does not have the proficiency"))? = new.clone();
    }
    body.insert(PROFICIENCIES.to_owned(), json!(all));
    Ok(())
}

fn disassociate(call: &Call<'_, '_>, body: &mut Object) -> Result<(), Failure> {
    let mut all = proficiencies(body);
    let gone = call.list("UserProficiencies");
    all.retain(|old| !gone.iter().any(|one| same(old, one)));
    body.insert(PROFICIENCIES.to_owned(), json!(all));
    Ok(())
}

fn list_proficiencies(call: &mut Call<'_, '_>) -> Outcome {
    let (_, body) = call.target(&KIND)?;
    let (items, next) = page::cut(call, page::numbered(proficiencies(&body)))?;
    let answer = json!({
        "UserProficiencyList": items,
        "LastModifiedTime": body.get("LastModifiedTime"),
        "LastModifiedRegion": body.get("LastModifiedRegion"),
    });
    Ok(resource::with_next(answer, next))
}

/// A user's queue goes along. Quick connects to the user stay, and lead nowhere from then on.
fn delete(call: &mut Call<'_, '_>) -> Outcome {
    let (id, _) = call.target(&KIND)?;
    let clock = call.clock();
    call.instance_mut()?.store_mut(&queues::KIND).remove(&id, clock);
    resource::delete(call, &KIND)
}

fn search(call: &mut Call<'_, '_>) -> Outcome {
    resource::search(call, &KIND, |body| {
        let mut shown = public(body);
        shown.shift_remove("LastModifiedTime");
        shown.shift_remove("LastModifiedRegion");
        if let Some(info) = shown.get_mut("IdentityInfo").and_then(Value::as_object_mut) {
            info.retain(|name, _| name == "FirstName" || name == "LastName");
        }
        shown
    })
}
