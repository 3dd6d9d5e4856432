//! Instances and their attributes.
//!
//! An instance is ACTIVE as soon as it is created, with AWS's default resources in it (`defaults`).
//! Directories are not checked, and nothing limits how many instances are made.

use serde_json::{Value, json};

use super::call::{Call, Operation, invalid, missing, refused, text_of};
use super::state::{Instance, State};
use super::store::Object;
use super::{defaults, page, replication, resource, tags};
use crate::service::{Failure, Outcome};

pub(super) const OPERATIONS: &[Operation] = &[
    ("CreateInstance", create),
    ("DescribeInstance", describe),
    ("ListInstances", list),
    ("DeleteInstance", delete),
    ("DescribeInstanceAttribute", describe_attribute),
    ("ListInstanceAttributes", list_attributes),
    ("UpdateInstanceAttribute", update_attribute),
];

/// Attributes of a new instance, apart from the two that CreateInstance sets.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("CONTACTFLOW_LOGS", "false"),
    ("CONTACT_LENS", "true"),
    ("AUTO_RESOLVE_BEST_VOICES", "true"),
    ("USE_CUSTOM_TTS_VOICES", "false"),
    ("EARLY_MEDIA", "true"),
    ("MULTI_PARTY_CONFERENCE", "false"),
    ("AUTO_MUTE_AGENT_ON_HOLD", "false"),
    ("HIGH_VOLUME_OUTBOUND", "false"),
    ("ENHANCED_CONTACT_MONITORING", "false"),
    ("ENHANCED_CHAT_MONITORING", "false"),
    ("MULTI_PARTY_CHAT_CONFERENCE", "false"),
    ("MESSAGE_STREAMING", "false"),
];

/// What ListInstances does not show.
const ONLY_DESCRIBED: &[&str] = &["Tags", "StatusReason"];

fn create(call: &mut Call<'_, '_>) -> Outcome {
    if let Some(answer) = call.remembered() {
        return Ok(answer);
    }
    let alias = call.text("InstanceAlias").to_owned();
    check_alias(call, &alias)?;
    let id = call.context.ids.uuid();
    let (region, account) = (call.context.region.to_string(), call.context.account.to_string());
    let partition = call.context.region.partition();
    let arn = format!("arn:{partition}:connect:{region}:{account}:instance/{id}");
    let switch = |name: &str| call.input.get(name).and_then(Value::as_bool).unwrap_or_default();
    let (inbound, outbound) = (switch("InboundCallsEnabled"), switch("OutboundCallsEnabled"));
    let role = format!(
        "arn:{partition}:iam::{account}:role/aws-service-role/connect.amazonaws.com/AWSServiceRoleForAmazonConnect"
    );
    let mut body = Object::new();
    for (name, value) in [
        ("Id", json!(id)),
        ("Arn", json!(arn)),
        ("IdentityManagementType", json!(call.text("IdentityManagementType"))),
        ("CreatedTime", call.seconds()),
        ("ServiceRole", json!(role)),
        ("InstanceStatus", json!("ACTIVE")),
        ("InboundCallsEnabled", json!(inbound)),
        ("OutboundCallsEnabled", json!(outbound)),
    ] {
        body.insert(name.to_owned(), value);
    }
    if !alias.is_empty() {
        body.insert("InstanceAlias".to_owned(), json!(alias));
        body.insert(
            "InstanceAccessUrl".to_owned(),
            json!(format!("https://{alias}.my.connect.aws")),
        );
    }
    tags::take(&mut body, call.member("Tags"))?;
    let calls = [("INBOUND_CALLS", inbound), ("OUTBOUND_CALLS", outbound)];
    let calls = calls.iter().map(|(name, on)| ((*name).to_owned(), on.to_string()));
    let others = ATTRIBUTES.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut instance = Instance {
        id: id.clone(),
        arn: arn.clone(),
        body,
        attributes: calls.chain(others).collect(),
        ..Instance::default()
    };
    let seconds = call.seconds();
    defaults::fill(&mut instance, call.context, &seconds);
    call.state.instances.insert(id.clone(), instance);
    Ok(call.remember(json!({ "Id": id, "Arn": arn })))
}

/// An alias is unique, here in the region (elsewhere the world looks), whatever its case: it is part of a host name.
fn check_alias(call: &Call<'_, '_>, alias: &str) -> Result<(), Failure> {
    let directory = call.text("IdentityManagementType") == "EXISTING_DIRECTORY";
    if alias.is_empty() {
        return match directory {
            true => Ok(()),
            false => Err(refused("InstanceAlias is required for this identity management type")),
        };
    }
    let letters = alias.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !letters || alias.starts_with("d-") || alias.starts_with('-') {
        return Err(refused(format!("InstanceAlias is not valid: {alias}")));
    }
    match has_alias(call.state, alias) {
        true => Err(alias_taken(alias)),
        false => Ok(()),
    }
}

/// Whether an instance has this alias.
pub(super) fn has_alias(state: &State, alias: &str) -> bool {
    let mut all = state.instances.values();
    all.any(|other| text_of(&other.body, "InstanceAlias").eq_ignore_ascii_case(alias))
}

pub(super) fn alias_taken(alias: &str) -> Failure {
    refused(format!("InstanceAlias is taken: {alias}"))
}

fn describe(call: &mut Call<'_, '_>) -> Outcome {
    let instance = call.instance()?;
    let mut answer = json!({ "Instance": instance.body });
    if let Some(pair) = &instance.pair {
        answer["ReplicationConfiguration"] = replication::configuration(call, pair);
    }
    Ok(answer)
}

fn list(call: &mut Call<'_, '_>) -> Outcome {
    let all = call.state.instances.iter().map(|(id, instance)| (id.clone(), &instance.body));
    let (bodies, next) = page::cut(call, all)?;
    let summaries = bodies.into_iter().map(|body| {
        let mut body = body.clone();
        ONLY_DESCRIBED.iter().for_each(|name| drop(body.shift_remove(*name)));
        body
    });
    let summaries: Vec<Object> = summaries.collect();
    Ok(resource::with_next(json!({ "InstanceSummaryList": summaries }), next))
}

fn delete(call: &mut Call<'_, '_>) -> Outcome {
    let id = call.instance_id()?;
    let arn = call.instance()?.arn.clone();
    if call.state.numbers.values().any(|number| text_of(number, "TargetArn") == arn) {
        return Err(refused("The instance has claimed phone numbers; release them first"));
    }
    call.state.instances.remove(&id);
    Ok(json!({}))
}

fn attribute(name: &str, value: &str) -> Value {
    json!({ "AttributeType": name, "Value": value })
}

fn describe_attribute(call: &mut Call<'_, '_>) -> Outcome {
    let wanted = call.text("AttributeType");
    let found = call.instance()?.attributes.iter().find(|(name, _)| name == wanted);
    let (name, value) = found.ok_or_else(|| missing(format!("Attribute not found: {wanted}")))?;
    Ok(json!({ "Attribute": attribute(name, value) }))
}

fn list_attributes(call: &mut Call<'_, '_>) -> Outcome {
    let all = page::numbered(&call.instance()?.attributes);
    let (page, next) = page::cut(call, all)?;
    let page: Vec<Value> = page.into_iter().map(|(name, value)| attribute(name, value)).collect();
    Ok(resource::with_next(json!({ "Attributes": page }), next))
}

fn update_attribute(call: &mut Call<'_, '_>) -> Outcome {
    let (name, value) = (call.text("AttributeType").to_owned(), call.text("Value").to_lowercase());
    if value != "true" && value != "false" {
        return Err(invalid(format!("Attribute value is not valid: {value}")));
    }
    let instance = call.instance_mut()?;
    let switch = match name.as_str() {
        "INBOUND_CALLS" => Some("InboundCallsEnabled"),
        "OUTBOUND_CALLS" => Some("OutboundCallsEnabled"),
        _ => None,
    };
    if let Some(switch) = switch {
        instance.body.insert(switch.to_owned(), json!(value == "true"));
    }
    let found = instance.attributes.iter_mut().find(|(known, _)| *known == name);
    let found = found.ok_or_else(|| missing(format!("Attribute not found: {name}")))?;
    found.1 = value;
    Ok(json!({}))
}
