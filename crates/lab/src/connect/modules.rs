//! Flow modules: like flows, but published from the start and with a contract (Settings) of their own.
//!
//! Assumed: `$SAVED` edits a draft as with flows, and the first create publishes.

use serde_json::{Value, json};

use super::call::{Call, Operation, merge, public, refused, text_of};
use super::flows::{DRAFT, PUBLISHED, parse, qualifier};
use super::kind::{FIELDS, Kind};
use super::store::Object;
use super::{flows, resource, validate};
use crate::service::{Failure, Outcome};

pub(super) const KIND: Kind = Kind {
    noun: "flow module",
    arn: "flow-module",
    label: "ContactFlowModuleId",
    made: ("Id", "Arn"),
    wrapper: "ContactFlowModule",
    list: "ContactFlowModulesSummaryList",
    summary: &[("Id", "_id"), ("Arn", "_arn"), ("Name", "Name"), ("State", "State")],
    found: "ContactFlowModules",
    fields: &[FIELDS[0], FIELDS[1], FIELDS[2], ("state", "State"), ("status", "_status")],
    conditions: &[("StateCondition", "State"), ("StatusCondition", "_status")],
    quota: "modules",
    stamped: false,
    qualified: true,
    ..Kind::BASE
};

pub(super) const OPERATIONS: &[Operation] = &[
    ("CreateContactFlowModule", create),
    ("DescribeContactFlowModule", describe),
    ("UpdateContactFlowModuleContent", update_content),
    ("UpdateContactFlowModuleMetadata", |call| {
        resource::update(call, &KIND, &["Description", "State"])
    }),
    ("DeleteContactFlowModule", |call| resource::delete(call, &KIND)),
    ("ListContactFlowModules", list),
    ("SearchContactFlowModules", search),
];

/// The status of a published module. The service was seen to spell it in lower case, which its own
/// model does not allow; the lab keeps to the model, and clients had better take both.
const STATUS: &str = "PUBLISHED";

const HASH: &str = "FlowModuleContentSha256";

/// Refuses a content without settings, or that the service would not publish.
fn publishable(call: &Call<'_, '_>, id: &str, content: &Value) -> Result<(), Failure> {
    if content.get("Settings").is_none_or(Value::is_null) {
        return Err(refused("JSON field is missing or null for field name: settings"));
    }
    let problems = validate::problems(call, content, "MODULE", true, id)?;
    if problems.is_empty() {
        return Ok(());
    }
    let problems: Vec<Value> = problems.iter().map(|text| json!({ "message": text })).collect();
    let failure = Failure::new("InvalidContactFlowModuleException", 400, "");
    // The error's body has a lower-case list with flows and an upper-case one with modules.
    Err(failure.with("Problems", json!(problems)))
}

fn check_settings(call: &Call<'_, '_>) -> Result<(), Failure> {
    match call.member("Settings").and_then(Value::as_str) {
        Some(text) if serde_json::from_str::<Value>(text).is_err() => {
            Err(refused("Settings is not valid JSON"))
        }
        _ => Ok(()),
    }
}

fn create(call: &mut Call<'_, '_>) -> Outcome {
    if let Some(answer) = call.remembered() {
        return Ok(answer);
    }
    call.instance()?;
    let content = call.text("Content").to_owned();
    let parsed = parse(&content)?;
    check_settings(call)?;
    call.unique(&KIND, call.text("Name"), "", |_| true)?;
    publishable(call, "", &parsed)?;
    let mut body = Object::new();
    merge(
        &mut body,
        call.input,
        &["Name", "Description", "Settings", "ExternalInvocationConfiguration"],
    );
    body.insert("State".to_owned(), json!("ACTIVE"));
    body.insert("_status".to_owned(), json!("PUBLISHED"));
    body.insert(PUBLISHED.to_owned(), json!(content));
    let id = resource::create(call, &KIND, body)?;
    let answer = resource::made(call, &KIND, &id)?;
    Ok(call.remember(answer))
}

fn describe(call: &mut Call<'_, '_>) -> Outcome {
    let (_, body) = call.target(&KIND)?;
    let draft = qualifier(call, &KIND)? == "$SAVED" && body.contains_key(DRAFT);
    let (content, status) =
        if draft { (text_of(&body, DRAFT), "SAVED") } else { (text_of(&body, PUBLISHED), STATUS) };
    let mut shown = public(&body);
    flows::fill(&mut shown, content, status, HASH);
    Ok(json!({ "ContactFlowModule": shown }))
}

fn update_content(call: &mut Call<'_, '_>) -> Outcome {
    let (id, body) = call.target(&KIND)?;
    let mut body = Object::clone(&body);
    check_settings(call)?;
    merge(&mut body, call.input, &["Settings"]);
    if let Some(content) = call.member("Content").and_then(Value::as_str) {
        let parsed = parse(content)?;
        if qualifier(call, &KIND)? == "$SAVED" {
            body.insert(DRAFT.to_owned(), json!(content));
        } else {
            publishable(call, &id, &parsed)?;
            body.shift_remove(DRAFT);
            body.insert(PUBLISHED.to_owned(), json!(content));
        }
    }
    call.save(&KIND, &id, body)?;
    Ok(json!({}))
}

fn list(call: &mut Call<'_, '_>) -> Outcome {
    let state = call.text("ContactFlowModuleState").to_owned();
    resource::list(call, &KIND, |body| state.is_empty() || text_of(body, "State") == state)
}

fn search(call: &mut Call<'_, '_>) -> Outcome {
    let with_content = call.context.settings.search_returns_content;
    resource::search(call, &KIND, |body| {
        let mut shown = public(body);
        flows::fill(&mut shown, text_of(body, PUBLISHED), STATUS, HASH);
        if !with_content {
            shown.shift_remove("Content");
        }
        shown
    })
}
