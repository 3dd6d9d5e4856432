//! Agent statuses. None can be deleted; those of the service (ROUTABLE, OFFLINE) cannot be disabled.

use serde_json::{Value, json};

use super::call::{Call, Operation, merge, public, refused, text_of};
use super::kind::{FIELDS, Kind};
use super::resource;
use super::store::Object;
use crate::service::Outcome;

pub(super) const KIND: Kind = Kind {
    noun: "agent status",
    arn: "agent-state",
    label: "AgentStatusId",
    body_id: "AgentStatusId",
    body_arn: "AgentStatusARN",
    made: ("AgentStatusId", "AgentStatusARN"),
    wrapper: "AgentStatus",
    list: "AgentStatusSummaryList",
    summary: &[
        ("Id", "_id"),
        ("Arn", "_arn"),
        ("Name", "Name"),
        ("Type", "Type"),
        ("LastModifiedTime", "LastModifiedTime"),
        ("LastModifiedRegion", "LastModifiedRegion"),
    ],
    found: "AgentStatuses",
    fields: &[
        FIELDS[0],
        FIELDS[1],
        FIELDS[2],
        ("state", "State"),
        ("type", "Type"),
        ("displayOrder", "DisplayOrder"),
    ],
    quota: "agent-statuses",
    ..Kind::BASE
};

pub(super) const OPERATIONS: &[Operation] = &[
    ("CreateAgentStatus", create),
    ("DescribeAgentStatus", |call| resource::describe(call, &KIND)),
    ("UpdateAgentStatus", update),
    ("ListAgentStatuses", list),
    ("SearchAgentStatuses", |call| resource::search(call, &KIND, public)),
];

const MEMBERS: &[&str] = &["Description", "State", "DisplayOrder"];

fn create(call: &mut Call<'_, '_>) -> Outcome {
    call.instance()?;
    let mut body = Object::new();
    merge(&mut body, call.input, &["Name"]);
    merge(&mut body, call.input, MEMBERS);
    body.insert("Type".to_owned(), json!("CUSTOM"));
    let id = resource::create(call, &KIND, body)?;
    resource::made(call, &KIND, &id)
}

fn update(call: &mut Call<'_, '_>) -> Outcome {
    let (_, body) = call.target(&KIND)?;
    if text_of(&body, "Type") != "CUSTOM" && call.text("State") == "DISABLED" {
        return Err(refused("System agent statuses cannot be disabled"));
    }
    let (id, body) = call.target(&KIND)?;
    let mut body = Object::clone(&body);
    resource::rename(call, &KIND, &id, &mut body)?;
    merge(&mut body, call.input, MEMBERS);
    if call.member("ResetOrderNumber") == Some(&Value::Bool(true)) {
        body.shift_remove("DisplayOrder");
    }
    call.save(&KIND, &id, body)?;
    Ok(json!({}))
}

fn list(call: &mut Call<'_, '_>) -> Outcome {
    let types = call.texts("AgentStatusTypes");
    resource::list(call, &KIND, |body| {
        types.is_empty() || types.iter().any(|one| one == text_of(body, "Type"))
    })
}
