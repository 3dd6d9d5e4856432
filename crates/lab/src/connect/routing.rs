//! Routing profiles and the queues on them. Lists of queues for manual assignment are always empty.

use serde_json::{Value, json};

use super::call::{Call, Operation, in_use, invalid, merge, missing, public, text_of};
use super::kind::{FIELDS, Kind};
use super::store::Object;
use super::{page, queues, resource, users};
use crate::service::{Failure, Outcome};

pub(super) const KIND: Kind = Kind {
    noun: "routing profile",
    arn: "routing-profile",
    label: "RoutingProfileId",
    body_id: "RoutingProfileId",
    body_arn: "RoutingProfileArn",
    made: ("RoutingProfileId", "RoutingProfileArn"),
    wrapper: "RoutingProfile",
    list: "RoutingProfileSummaryList",
    found: "RoutingProfiles",
    fields: &[FIELDS[0], FIELDS[1], FIELDS[2], ("associatedQueueIds", QUEUE_IDS)],
    quota: "routing-profiles",
    ..Kind::BASE
};

pub(super) const OPERATIONS: &[Operation] = &[
    ("CreateRoutingProfile", create),
    ("DescribeRoutingProfile", describe),
    ("UpdateRoutingProfileName", |call| resource::update(call, &KIND, &["Description"])),
    ("UpdateRoutingProfileConcurrency", update_concurrency),
    ("UpdateRoutingProfileDefaultOutboundQueue", update_default),
    ("UpdateRoutingProfileQueues", update_queues),
    ("UpdateRoutingProfileAgentAvailabilityTimer", |call| {
        resource::update(call, &KIND, &["AgentAvailabilityTimer"])
    }),
    ("AssociateRoutingProfileQueues", associate),
    ("DisassociateRoutingProfileQueues", disassociate),
    ("ListRoutingProfileQueues", list_queues),
    ("DeleteRoutingProfile", delete),
    ("ListRoutingProfiles", |call| resource::list(call, &KIND, |_| true)),
    ("SearchRoutingProfiles", search),
];

/// The private members: queues with channel, priority and delay; and their ids, for Search.
const QUEUES: &str = "_queues";
const QUEUE_IDS: &str = "_queue_ids";

fn configs(body: &Object) -> Vec<Value> {
    body.get(QUEUES).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn set_configs(body: &mut Object, configs: Vec<Value>) {
    let mut ids: Vec<&str> = configs.iter().filter_map(|one| one["QueueId"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    body.insert(QUEUE_IDS.to_owned(), json!(ids));
    body.insert(QUEUES.to_owned(), json!(configs));
}

/// Tells whether a profile names a queue, as one of its own or for outbound calls.
pub(super) fn uses(body: &Object, queue: &str) -> bool {
    let among = configs(body).iter().any(|one| one["QueueId"] == queue);
    among || text_of(body, "DefaultOutboundQueueId") == queue
}

/// Each channel once, with a concurrency that it can have.
fn concurrencies(call: &Call<'_, '_>) -> Result<Value, Failure> {
    let asked = call.list("MediaConcurrencies");
    let mut seen = Vec::new();
    for one in asked {
        let channel = one.get("Channel").and_then(Value::as_str).unwrap_or_default();
        let count = one.get("Concurrency").and_then(Value::as_u64).unwrap_or(1);
        if channel == "VOICE" && count > 1 {
            return Err(invalid("The concurrency of VOICE is at most 1"));
        }
        if seen.contains(&channel) {
            return Err(invalid(format!("{channel} occurs twice in MediaConcurrencies")));
        }
        seen.push(channel);
    }
    match asked.is_empty() {
        true => Err(invalid("MediaConcurrencies must not be empty")),
        false => Ok(json!(asked)),
    }
}

/// The queues of a request, each of which has to exist.
fn asked(call: &Call<'_, '_>) -> Result<Vec<Value>, Failure> {
    if !call.list("ManualAssignmentQueueConfigs").is_empty() {
        return Err(invalid("the lab does not implement ManualAssignmentQueueConfigs"));
    }
    let asked = call.list("QueueConfigs").iter();
    asked
        .map(|config| {
            let reference = &config["QueueReference"];
            let queue = reference["QueueId"].as_str().unwrap_or_default();
            let id = call.resolve(&queues::KIND, queue)?;
            Ok(json!({
                "QueueId": id,
                "Channel": reference["Channel"],
                "Priority": config["Priority"],
                "Delay": config["Delay"],
            }))
        })
        .collect()
}

fn same(a: &Value, b: &Value) -> bool {
    a["QueueId"] == b["QueueId"] && a["Channel"] == b["Channel"]
}

fn create(call: &mut Call<'_, '_>) -> Outcome {
    let instance = call.instance_id()?;
    let mut body = Object::new();
    body.insert("InstanceId".to_owned(), json!(instance));
    merge(&mut body, call.input, &["Name", "Description"]);
    body.insert("MediaConcurrencies".to_owned(), concurrencies(call)?);
    let queue = call.resolve(&queues::KIND, call.text("DefaultOutboundQueueId"))?;
    body.insert("DefaultOutboundQueueId".to_owned(), json!(queue));
    body.insert("AgentAvailabilityTimer".to_owned(), json!("TIME_SINCE_LAST_ACTIVITY"));
    merge(&mut body, call.input, &["AgentAvailabilityTimer"]);
    body.insert("IsDefault".to_owned(), json!(false));
    set_configs(&mut body, asked(call)?);
    let id = resource::create(call, &KIND, body)?;
    resource::made(call, &KIND, &id)
}

/// Adds the counts and the ids of queues to what is printed.
fn shown(body: &Object, users: usize) -> Object {
    let mut shown = public(body);
    let ids = body.get(QUEUE_IDS).cloned().unwrap_or(json!([]));
    shown.insert("NumberOfAssociatedQueues".to_owned(), json!(configs(body).len()));
    shown.insert("NumberOfAssociatedManualAssignmentQueues".to_owned(), json!(0));
    shown.insert("NumberOfAssociatedUsers".to_owned(), json!(users));
    shown.insert("AssociatedQueueIds".to_owned(), ids);
    shown.insert("AssociatedManualAssignmentQueueIds".to_owned(), json!([]));
    shown
}

fn users_of(call: &Call<'_, '_>, profile: &str) -> Result<usize, Failure> {
    let users = call.instance()?.store(&users::KIND);
    Ok(users.count(|user| text_of(user, "RoutingProfileId") == profile))
}

fn describe(call: &mut Call<'_, '_>) -> Outcome {
    let (id, body) = call.target(&KIND)?;
    Ok(json!({ "RoutingProfile": shown(&body, users_of(call, &id)?) }))
}

/// What Search leaves out: when a profile changed, how it treats other channels, its timer.
fn search(call: &mut Call<'_, '_>) -> Outcome {
    let users: Vec<String> = call
        .instance()?
        .store(&users::KIND)
        .iter()
        .map(|(_, user)| text_of(user, "RoutingProfileId").to_owned())
        .collect();
    resource::search(call, &KIND, |body| {
        let own = users.iter().filter(|profile| *profile == text_of(body, "_id")).count();
        let mut shown = shown(body, own);
        for name in ["AgentAvailabilityTimer", "LastModifiedTime", "LastModifiedRegion"] {
            shown.shift_remove(name);
        }
        let media = shown.get_mut("MediaConcurrencies").and_then(Value::as_array_mut);
        for one in media.into_iter().flatten().filter_map(Value::as_object_mut) {
            one.shift_remove("CrossChannelBehavior");
        }
        shown
    })
}

fn edit(call: &mut Call<'_, '_>, member: &str, value: Value) -> Outcome {
    let (id, body) = call.target(&KIND)?;
    let mut body = Object::clone(&body);
    body.insert(member.to_owned(), value);
    call.save(&KIND, &id, body)?;
    Ok(json!({}))
}

fn update_concurrency(call: &mut Call<'_, '_>) -> Outcome {
    call.target(&KIND)?;
    let value = concurrencies(call)?;
    edit(call, "MediaConcurrencies", value)
}

fn update_default(call: &mut Call<'_, '_>) -> Outcome {
    call.target(&KIND)?;
    let queue = call.resolve(&queues::KIND, call.text("DefaultOutboundQueueId"))?;
    edit(call, "DefaultOutboundQueueId", json!(queue))
}

fn change_queues(
    call: &mut Call<'_, '_>,
    change: impl Fn(&Call<'_, '_>, &mut Vec<Value>) -> Result<(), Failure>,
) -> Outcome {
    let (id, body) = call.target(&KIND)?;
    let mut body = Object::clone(&body);
    let mut configs = configs(&body);
    change(call, &mut configs)?;
    set_configs(&mut body, configs);
    call.save(&KIND, &id, body)?;
    Ok(json!({}))
}

/// Priority and delay of queues that are on the profile.
fn update_queues(call: &mut Call<'_, '_>) -> Outcome {
    change_queues(call, |call, configs| {
        for new in asked(call)? {
            let old = configs.iter_mut().find(|old| same(old, &new));
            *old.ok_or_else(|| missing("The queue is not on the routing profile"))? = new;
        }
        Ok(())
    })
}

fn associate(call: &mut Call<'_, '_>) -> Outcome {
    change_queues(call, |call, configs| {
        for new in asked(call)? {
            configs.retain(|old| !same(old, &new));
            configs.push(new);
        }
        Ok(())
    })
}

fn disassociate(call: &mut Call<'_, '_>) -> Outcome {
    change_queues(call, |call, configs| {
        for reference in call.list("QueueReferences") {
            let queue = reference["QueueId"].as_str().unwrap_or_default();
            let id = call.resolve(&queues::KIND, queue)?;
            let gone = json!({ "QueueId": id, "Channel": reference["Channel"] });
            configs.retain(|old| !same(old, &gone));
        }
        Ok(())
    })
}

fn list_queues(call: &mut Call<'_, '_>) -> Outcome {
    let (_, body) = call.target(&KIND)?;
    let key = |one: &Value| {
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        format!("{} {}", text("QueueId"), text("Channel"))
    };
    let mut all: Vec<(String, Value)> =
        configs(&body).into_iter().map(|one| (key(&one), one)).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let (items, next) = page::cut(call, all.into_iter())?;
    let store = call.instance()?.store(&queues::KIND);
    let full = items.into_iter().filter_map(|mut one| {
        let queue = store.get(one["QueueId"].as_str()?)?;
        one["QueueArn"] = json!(text_of(queue, "QueueArn"));
        one["QueueName"] = json!(text_of(queue, "Name"));
        Some(one)
    });
    let answer = json!({
        "RoutingProfileQueueConfigSummaryList": full.collect::<Vec<Value>>(),
        "LastModifiedTime": body.get("LastModifiedTime"),
        "LastModifiedRegion": body.get("LastModifiedRegion"),
    });
    Ok(resource::with_next(answer, next))
}

fn delete(call: &mut Call<'_, '_>) -> Outcome {
    let (id, _) = call.target(&KIND)?;
    if users_of(call, &id)? > 0 {
        return Err(in_use(format!("Routing profile is in use by a user: {id}")));
    }
    resource::delete(call, &KIND)
}

/// What a profile of the service's own has on it.
pub(super) fn with_queue(body: &mut Object, queue: &str) {
    let on =
        |channel: &str| json!({ "QueueId": queue, "Channel": channel, "Priority": 1, "Delay": 0 });
    set_configs(body, ["VOICE", "CHAT", "TASK"].map(on).to_vec());
}
