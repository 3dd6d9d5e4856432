//! Quick connects: to a user, a queue, a phone number or a flow, each of which has to exist.

use serde_json::{Value, json};

use super::call::{Call, Operation, invalid, merge, public, text_of};
use super::kind::{FIELDS, Kind};
use super::store::Object;
use super::{flows, queues, resource, users};
use crate::service::{Failure, Outcome};

pub(super) const KIND: Kind = Kind {
    noun: "quick connect",
    arn: "transfer-destination",
    label: "QuickConnectId",
    body_id: "QuickConnectId",
    body_arn: "QuickConnectARN",
    made: ("QuickConnectId", "QuickConnectARN"),
    wrapper: "QuickConnect",
    list: "QuickConnectSummaryList",
    summary: &[
        ("Id", "_id"),
        ("Arn", "_arn"),
        ("Name", "Name"),
        ("QuickConnectType", "_type"),
        ("LastModifiedTime", "LastModifiedTime"),
        ("LastModifiedRegion", "LastModifiedRegion"),
    ],
    found: "QuickConnects",
    fields: FIELDS,
    quota: "quick-connects",
    ..Kind::BASE
};

pub(super) const OPERATIONS: &[Operation] = &[
    ("CreateQuickConnect", create),
    ("DescribeQuickConnect", |call| resource::describe(call, &KIND)),
    ("UpdateQuickConnectName", |call| resource::update(call, &KIND, &["Description"])),
    ("UpdateQuickConnectConfig", update_config),
    ("DeleteQuickConnect", delete),
    ("ListQuickConnects", list),
    ("SearchQuickConnects", |call| resource::search(call, &KIND, public)),
];

/// A type of quick connect.
struct Type {
    name: &'static str,
    /// The member of the configuration that goes with it.
    member: &'static str,
    /// What it leads to beside the flow: member and kind.
    named: Option<(&'static str, &'static Kind)>,
    /// The type that its flow has to have; empty where any will do.
    flow: &'static str,
}

const TYPES: &[Type] = &[
    Type {
        name: "USER",
        member: "UserConfig",
        named: Some(("UserId", &users::KIND)),
        flow: "AGENT_TRANSFER",
    },
    Type {
        name: "QUEUE",
        member: "QueueConfig",
        named: Some(("QueueId", &queues::KIND)),
        flow: "QUEUE_TRANSFER",
    },
    Type { name: "PHONE_NUMBER", member: "PhoneConfig", named: None, flow: "" },
    Type { name: "FLOW", member: "FlowConfig", named: None, flow: "" },
];

/// Tells whether a quick connect names `id` at a place of its configuration.
pub(super) fn uses(body: &Object, place: &str, id: &str) -> bool {
    let config = body.get("QuickConnectConfig");
    config.and_then(|config| config.pointer(place)).and_then(Value::as_str) == Some(id)
}

/// The configuration with plain ids, once everything that it names was found.
fn config(call: &Call<'_, '_>) -> Result<(Value, String), Failure> {
    let asked = call.member("QuickConnectConfig").cloned().unwrap_or_default();
    let kind = asked.get("QuickConnectType").and_then(Value::as_str).unwrap_or_default();
    let row = TYPES.iter().find(|row| row.name == kind);
    let Some(Type { member, named, flow: flow_type, .. }) = row else {
        return Err(invalid(format!("QuickConnectType is not valid: {kind}")));
    };
    let Some(mut part) = asked.get(*member).and_then(Value::as_object).cloned() else {
        return Err(invalid(format!("{member} is required for a quick connect of type {kind}")));
    };
    if TYPES.iter().any(|row| row.member != *member && !asked[row.member].is_null()) {
        return Err(invalid(format!("Only {member} goes with a quick connect of type {kind}")));
    }
    if let Some((name, resource)) = named {
        let id = call.resolve(resource, text_of(&part, name))?;
        part.insert((*name).to_owned(), json!(id));
    }
    if kind == "PHONE_NUMBER" {
        e164(text_of(&part, "PhoneNumber"))?;
    } else {
        let id = flow(call, text_of(&part, "ContactFlowId"), flow_type)?;
        part.insert("ContactFlowId".to_owned(), json!(id));
    }
    Ok((json!({ "QuickConnectType": kind, *member: part }), kind.to_owned()))
}

fn flow(call: &Call<'_, '_>, reference: &str, wanted: &str) -> Result<String, Failure> {
    let id = call.resolve(&flows::KIND, reference)?;
    let found = call.instance()?.store(&flows::KIND).get(&id);
    let found = found.map(|body| text_of(body, "Type")).unwrap_or_default();
    match wanted.is_empty() || wanted == found {
        true => Ok(id),
        false => Err(invalid(format!("The flow has to be of type {wanted}, not {found}"))),
    }
}

/// Refuses what is no number in the form +15550100001.
pub(super) fn e164(number: &str) -> Result<(), Failure> {
    let digits = number.strip_prefix('+').unwrap_or_default();
    let fits = (2..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.chars().all(|c| c.is_ascii_digit());
    match fits {
        true => Ok(()),
        false => Err(invalid(format!("Phone number is not valid: {number}"))),
    }
}

fn create(call: &mut Call<'_, '_>) -> Outcome {
    call.instance()?;
    let (config, kind) = config(call)?;
    let mut body = Object::new();
    merge(&mut body, call.input, &["Name", "Description"]);
    body.insert("QuickConnectConfig".to_owned(), config);
    body.insert("_type".to_owned(), json!(kind));
    let id = resource::create(call, &KIND, body)?;
    resource::made(call, &KIND, &id)
}

fn update_config(call: &mut Call<'_, '_>) -> Outcome {
    let (id, body) = call.target(&KIND)?;
    let (config, kind) = config(call)?;
    let mut body = Object::clone(&body);
    body.insert("QuickConnectConfig".to_owned(), config);
    body.insert("_type".to_owned(), json!(kind));
    call.save(&KIND, &id, body)?;
    Ok(json!({}))
}

/// Queues that had the quick connect lose it.
fn delete(call: &mut Call<'_, '_>) -> Outcome {
    let (id, _) = call.target(&KIND)?;
    let clock = call.clock();
    let store = call.instance_mut()?.store_mut(&queues::KIND);
    let mut changed = Vec::new();
    for (queue, body) in store.iter() {
        let all = body.get(queues::QUICK_CONNECTS).and_then(Value::as_array);
        if let Some(all) = all.filter(|all| all.iter().any(|one| one == &json!(id))) {
            let left: Vec<&Value> = all.iter().filter(|one| *one != &json!(id)).collect();
            let mut body = Object::clone(body);
            body.insert(queues::QUICK_CONNECTS.to_owned(), json!(left));
            changed.push((queue.to_owned(), body));
        }
    }
    changed.into_iter().for_each(|(queue, body)| store.put(&queue, body, clock));
    resource::delete(call, &KIND)
}

fn list(call: &mut Call<'_, '_>) -> Outcome {
    let types = call.texts("QuickConnectTypes");
    resource::list(call, &KIND, |body| {
        types.is_empty() || types.iter().any(|one| one == text_of(body, "_type"))
    })
}
