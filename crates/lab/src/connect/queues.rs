//! Queues. AGENT queues come and go with their users; everything else is about STANDARD ones.

use serde_json::{Value, json};

use super::call::{Call, Operation, in_use, invalid, merge, missing, public, refused, text_of};
use super::kind::{FIELDS, Kind};
use super::store::Object;
use super::{flows, hours, numbers, page, quick_connects, resource, routing};
use crate::service::{Failure, Outcome};

pub(super) const KIND: Kind = Kind {
    noun: "queue",
    arn: "queue",
    label: "QueueId",
    body_id: "QueueId",
    body_arn: "QueueArn",
    made: ("QueueId", "QueueArn"),
    wrapper: "Queue",
    list: "QueueSummaryList",
    summary: &[
        ("Id", "_id"),
        ("Arn", "_arn"),
        ("Name", "Name"),
        ("QueueType", "_type"),
        ("LastModifiedTime", "LastModifiedTime"),
        ("LastModifiedRegion", "LastModifiedRegion"),
    ],
    found: "Queues",
    fields: FIELDS,
    conditions: &[("QueueTypeCondition", "_type")],
    quota: "queues",
    ..Kind::BASE
};

pub(super) const OPERATIONS: &[Operation] = &[
    ("CreateQueue", create),
    ("DescribeQueue", |call| resource::describe(call, &KIND)),
    ("UpdateQueueName", |call| {
        edit(call, |call, body| {
            let id = text_of(body, "_id").to_owned();
            resource::rename(call, &KIND, &id, body)?;
            merge(body, call.input, &["Description"]);
            Ok(())
        })
    }),
    ("UpdateQueueHoursOfOperation", |call| edit(call, set_hours)),
    ("UpdateQueueMaxContacts", |call| {
        edit(call, |call, body| {
            // Without a number, the queue has no limit any more.
            body.shift_remove("MaxContacts");
            merge(body, call.input, &["MaxContacts"]);
            Ok(())
        })
    }),
    ("UpdateQueueOutboundCallerConfig", |call| edit(call, set_caller)),
    ("UpdateQueueOutboundEmailConfig", |call| edit(call, |call, _| no_addresses(call))),
    ("UpdateQueueStatus", |call| {
        edit(call, |call, body| {
            merge(body, call.input, &["Status"]);
            Ok(())
        })
    }),
    ("AssociateQueueQuickConnects", associate),
    ("DisassociateQueueQuickConnects", disassociate),
    ("ListQueueQuickConnects", list_quick_connects),
    ("DeleteQueue", delete),
    ("ListQueues", list),
    ("SearchQueues", search),
];

/// A queue's private member that holds the ids of its quick connects.
pub(super) const QUICK_CONNECTS: &str = "_quick_connects";

fn create(call: &mut Call<'_, '_>) -> Outcome {
    call.instance()?;
    let mut body = Object::new();
    merge(&mut body, call.input, &["Name", "Description", "MaxContacts"]);
    body.insert("Status".to_owned(), json!("ENABLED"));
    body.insert("_type".to_owned(), json!("STANDARD"));
    set_hours(call, &mut body)?;
    if call.member("OutboundCallerConfig").is_some() {
        set_caller(call, &mut body)?;
    }
    no_addresses(call)?;
    let quick = quick_connect_ids(call)?;
    body.insert(QUICK_CONNECTS.to_owned(), json!(quick));
    // Agents' own queues do not count.
    call.within_quota(KIND.quota, call.instance()?.store(&KIND).count(is_standard))?;
    call.unique(&KIND, call.text("Name"), "", |_| true)?;
    super::tags::take(&mut body, call.member("Tags"))?;
    if call.text("Name").trim().is_empty() {
        return Err(invalid("Name must not be blank"));
    }
    let id = resource::insert(call, &KIND, body)?;
    resource::made(call, &KIND, &id)
}

fn edit(
    call: &mut Call<'_, '_>,
    change: impl Fn(&Call<'_, '_>, &mut Object) -> Result<(), Failure>,
) -> Outcome {
    let (id, body) = standard(call)?;
    let mut body = body;
    change(call, &mut body)?;
    call.save(&KIND, &id, body)?;
    Ok(json!({}))
}

/// The queue that the request names; agents' queues cannot be changed.
fn standard(call: &Call<'_, '_>) -> Result<(String, Object), Failure> {
    let (id, body) = call.target(&KIND)?;
    match is_standard(&body) {
        true => Ok((id, Object::clone(&body))),
        false => Err(refused("The queue of an agent cannot be changed")),
    }
}

fn is_standard(body: &Object) -> bool {
    text_of(body, "_type") == "STANDARD"
}

fn set_hours(call: &Call<'_, '_>, body: &mut Object) -> Result<(), Failure> {
    let id = call.resolve(&hours::KIND, call.text("HoursOfOperationId"))?;
    body.insert("HoursOfOperationId".to_owned(), json!(id));
    Ok(())
}

/// Everything that the caller configuration names has to exist; it is kept as ids.
fn set_caller(call: &Call<'_, '_>, body: &mut Object) -> Result<(), Failure> {
    let asked = call.member("OutboundCallerConfig").and_then(Value::as_object);
    let mut config = asked.cloned().unwrap_or_default();
    config.retain(|_, value| value.as_str().is_some_and(|text| !text.is_empty()));
    if let Some(number) = config.get("OutboundCallerIdNumberId").and_then(Value::as_str) {
        let arn = call.instance()?.arn.clone();
        let id = numbers::claimed(call, number, &arn);
        let id = id.ok_or_else(|| missing(format!("Phone number not found: {number}")))?;
        config.insert("OutboundCallerIdNumberId".to_owned(), json!(id));
    }
    if let Some(flow) = config.get("OutboundFlowId").and_then(Value::as_str) {
        let id = call.resolve(&flows::KIND, flow)?;
        config.insert("OutboundFlowId".to_owned(), json!(id));
    }
    match config.is_empty() {
        true => body.shift_remove("OutboundCallerConfig"),
        false => body.insert("OutboundCallerConfig".to_owned(), Value::Object(config)),
    };
    Ok(())
}

/// The lab has no email addresses, so that no id of one exists.
fn no_addresses(call: &Call<'_, '_>) -> Result<(), Failure> {
    let config = call.member("OutboundEmailConfig");
    let named = config.and_then(|config| config.get("OutboundEmailAddressId")).is_some();
    match named || !call.list("EmailAddressesConfig").is_empty() {
        true => Err(missing("Email address not found")),
        false => Ok(()),
    }
}

fn quick_connect_ids(call: &Call<'_, '_>) -> Result<Vec<String>, Failure> {
    let asked = call.texts("QuickConnectIds");
    asked.iter().map(|one| call.resolve(&quick_connects::KIND, one)).collect()
}

fn associated(body: &Object) -> Vec<String> {
    let ids = body.get(QUICK_CONNECTS).and_then(Value::as_array);
    ids.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn associate(call: &mut Call<'_, '_>) -> Outcome {
    let (id, mut body) = standard(call)?;
    let mut all = associated(&body);
    for quick in quick_connect_ids(call)? {
        if !all.contains(&quick) {
            all.push(quick);
        }
    }
    body.insert(QUICK_CONNECTS.to_owned(), json!(all));
    call.save(&KIND, &id, body)?;
    Ok(json!({}))
}

fn disassociate(call: &mut Call<'_, '_>) -> Outcome {
    let (id, mut body) = standard(call)?;
    let gone = quick_connect_ids(call)?;
    let left: Vec<String> =
        associated(&body).into_iter().filter(|quick| !gone.contains(quick)).collect();
    body.insert(QUICK_CONNECTS.to_owned(), json!(left));
    call.save(&KIND, &id, body)?;
    Ok(json!({}))
}

fn list_quick_connects(call: &mut Call<'_, '_>) -> Outcome {
    let (_, queue) = call.target(&KIND)?;
    let mut ids = associated(&queue);
    ids.sort();
    let (ids, next) = page::cut(call, ids.into_iter().map(|id| (id.clone(), id)))?;
    let store = call.instance()?.store(&quick_connects::KIND);
    let found = ids.iter().filter_map(|id| store.get(id));
    let found: Vec<Value> =
        found.map(|body| resource::summary(&quick_connects::KIND, body)).collect();
    let answer = json!({
        "QuickConnectSummaryList": found,
        "LastModifiedTime": queue.get("LastModifiedTime"),
        "LastModifiedRegion": queue.get("LastModifiedRegion"),
    });
    Ok(resource::with_next(answer, next))
}

fn delete(call: &mut Call<'_, '_>) -> Outcome {
    let (id, _) = standard(call)?;
    let instance = call.instance()?;
    if instance.store(&routing::KIND).any(|profile| routing::uses(profile, &id)) {
        return Err(in_use(format!("Queue is in use by a routing profile: {id}")));
    }
    let quick = instance.store(&quick_connects::KIND);
    if quick.any(|body| quick_connects::uses(body, "/QueueConfig/QueueId", &id)) {
        return Err(in_use(format!("Queue is in use by a quick connect: {id}")));
    }
    resource::delete(call, &KIND)
}

fn list(call: &mut Call<'_, '_>) -> Outcome {
    let types = call.texts("QueueTypes");
    let shown = |body: &Object| {
        types.is_empty() || types.iter().any(|wanted| wanted == text_of(body, "_type"))
    };
    resource::list(call, &KIND, shown)
}

/// Search knows standard queues only.
fn search(call: &mut Call<'_, '_>) -> Outcome {
    resource::search_among(call, &KIND, is_standard, public)
}

/// A queue for an agent, under the agent's id.
pub(super) fn for_agent(call: &mut Call<'_, '_>, user: &str) -> Result<(), Failure> {
    let arn = format!("{}/queue/agent/{user}", call.instance()?.arn);
    let mut body = Object::new();
    body.insert("_type".to_owned(), json!("AGENT"));
    body.insert("Status".to_owned(), json!("ENABLED"));
    resource::identify(&mut body, &KIND, user, &arn);
    call.save(&KIND, user, body)
}
