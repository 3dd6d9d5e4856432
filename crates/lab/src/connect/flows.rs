//! Flows: a published content, and beside it or instead of it a draft.
//!
//! `id` and `id:$LATEST` stand for what is published, `id:$SAVED` for the draft. Content is kept as the
//! bytes received and parsed only to validate. Versions and aliases are absent.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::call::{Call, Operation, invalid, merge, missing, public, refused, text_of};
use super::kind::{FIELDS, Kind};
use super::store::Object;
use super::{resource, validate};
use crate::service::{Failure, Outcome};

pub(super) const KIND: Kind = Kind {
    noun: "contact flow",
    arn: "contact-flow",
    label: "ContactFlowId",
    made: ("ContactFlowId", "ContactFlowArn"),
    wrapper: "ContactFlow",
    list: "ContactFlowSummaryList",
    summary: &[
        ("Id", "_id"),
        ("Arn", "_arn"),
        ("Name", "Name"),
        ("ContactFlowType", "Type"),
        ("ContactFlowState", "State"),
        ("ContactFlowStatus", "_status"),
    ],
    found: "ContactFlows",
    fields: &[
        FIELDS[0],
        FIELDS[1],
        FIELDS[2],
        ("type", "Type"),
        ("state", "State"),
        ("status", "_status"),
    ],
    conditions: &[
        ("TypeCondition", "Type"),
        ("StateCondition", "State"),
        ("StatusCondition", "_status"),
    ],
    quota: "flows",
    qualified: true,
    ..Kind::BASE
};

pub(super) const OPERATIONS: &[Operation] = &[
    ("CreateContactFlow", create),
    ("DescribeContactFlow", describe),
    ("UpdateContactFlowContent", update_content),
    ("UpdateContactFlowMetadata", update_metadata),
    ("UpdateContactFlowName", update_metadata),
    ("DeleteContactFlow", |call| resource::delete(call, &KIND)),
    ("ListContactFlows", list),
    ("SearchContactFlows", search),
];

/// The private members that hold what callers reach, and what only the designer shows.
pub(super) const PUBLISHED: &str = "_published";
pub(super) const DRAFT: &str = "_draft";

/// The most characters that a content has.
const LONGEST: usize = 256_000;

pub(super) fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Parses a content as far as every save demands.
pub(super) fn parse(content: &str) -> Result<Value, Failure> {
    let length = content.chars().count();
    if length > LONGEST {
        return Err(invalid(format!("Content has {length} characters; {LONGEST} are the most")));
    }
    match serde_json::from_str::<Value>(content) {
        Ok(value) if value.is_object() => Ok(value),
        _ => Err(refused("Content is not valid JSON")),
    }
}

/// Refuses a content that the service would not publish.
fn publishable(call: &Call<'_, '_>, id: &str, kind: &str, content: &Value) -> Result<(), Failure> {
    let problems = validate::problems(call, content, kind, false, id)?;
    if problems.is_empty() {
        return Ok(());
    }
    let problems: Vec<Value> = problems.iter().map(|text| json!({ "message": text })).collect();
    let failure = Failure::new("InvalidContactFlowException", 400, "");
    Err(failure.with("problems", json!(problems)))
}

fn create(call: &mut Call<'_, '_>) -> Outcome {
    call.instance()?;
    let content = call.text("Content").to_owned();
    let parsed = parse(&content)?;
    if call.text("Name").chars().count() > 127 {
        return Err(invalid("Name is longer than 127 characters"));
    }
    let mut body = Object::new();
    merge(&mut body, call.input, &["Name", "Type", "Description"]);
    body.insert("State".to_owned(), json!("ACTIVE"));
    // The name and the quota are looked at before the content is.
    call.unique(&KIND, call.text("Name"), "", |_| true)?;
    let saved = call.text("Status") == "SAVED";
    if !saved {
        publishable(call, "", call.text("Type"), &parsed)?;
    }
    let (member, status) = if saved { (DRAFT, "SAVED") } else { (PUBLISHED, "PUBLISHED") };
    body.insert(member.to_owned(), json!(content));
    body.insert("_status".to_owned(), json!(status));
    let id = resource::create(call, &KIND, body)?;
    let mut answer = resource::made(call, &KIND, &id)?;
    answer["FlowContentSha256"] = json!(sha256(&content));
    Ok(answer)
}

/// What a request's label ends in after the id, such as `$SAVED`.
pub(super) fn qualifier(call: &Call<'_, '_>, kind: &Kind) -> Result<String, Failure> {
    let parts = call.instance()?.split(kind, call.text(kind.label));
    let qualifier = parts.map(|(_, qualifier)| qualifier).unwrap_or_default();
    match qualifier.as_str() {
        "" | "$LATEST" | "$SAVED" => Ok(qualifier),
        _ => Err(missing(format!("The lab has no versions or aliases: {qualifier}"))),
    }
}

fn describe(call: &mut Call<'_, '_>) -> Outcome {
    let (_, body) = call.target(&KIND)?;
    let draft = qualifier(call, &KIND)? == "$SAVED";
    let (published, saved) = (body.get(PUBLISHED), body.get(DRAFT));
    let (content, status) = match (draft, published, saved) {
        (true, _, Some(saved)) => (saved, "SAVED"),
        (_, Some(published), _) => (published, "PUBLISHED"),
        _ => {
            let message = "The flow has not been published";
            return Err(Failure::new("ContactFlowNotPublishedException", 404, message));
        }
    };
    let mut shown = public(&body);
    fill(&mut shown, content.as_str().unwrap_or_default(), status, "FlowContentSha256");
    Ok(json!({ "ContactFlow": shown }))
}

/// Adds content, status and hash to what is printed.
pub(super) fn fill(shown: &mut Object, content: &str, status: &str, hash: &str) {
    shown.insert("Status".to_owned(), json!(status));
    shown.insert("Content".to_owned(), json!(content));
    shown.insert(hash.to_owned(), json!(sha256(content)));
}

fn update_content(call: &mut Call<'_, '_>) -> Outcome {
    let (id, body) = call.target(&KIND)?;
    let content = call.text("Content").to_owned();
    let parsed = parse(&content)?;
    let mut body = Object::clone(&body);
    if qualifier(call, &KIND)? == "$SAVED" {
        body.insert(DRAFT.to_owned(), json!(content));
    } else {
        publishable(call, &id, text_of(&body, "Type"), &parsed)?;
        body.shift_remove(DRAFT);
        body.insert(PUBLISHED.to_owned(), json!(content));
        body.insert("_status".to_owned(), json!("PUBLISHED"));
    }
    call.save(&KIND, &id, body)?;
    Ok(json!({}))
}

fn update_metadata(call: &mut Call<'_, '_>) -> Outcome {
    let (id, body) = call.target(&KIND)?;
    let mut body = Object::clone(&body);
    resource::rename(call, &KIND, &id, &mut body)?;
    merge(&mut body, call.input, &["Description"]);
    if let Some(state) = call.member("ContactFlowState") {
        body.insert("State".to_owned(), state.clone());
    }
    call.save(&KIND, &id, body)?;
    Ok(json!({}))
}

fn list(call: &mut Call<'_, '_>) -> Outcome {
    let types = call.texts("ContactFlowTypes");
    let shown =
        |body: &Object| types.is_empty() || types.iter().any(|one| one == text_of(body, "Type"));
    resource::list(call, &KIND, shown)
}

/// Search never shows a draft; a flow that was never published has no content here.
fn search(call: &mut Call<'_, '_>) -> Outcome {
    let with_content = call.context.settings.search_returns_content;
    resource::search(call, &KIND, |body| {
        let mut shown = public(body);
        shown.insert("Status".to_owned(), json!(text_of(body, "_status")));
        if let Some(content) = body.get(PUBLISHED).and_then(Value::as_str) {
            fill(&mut shown, content, "PUBLISHED", "FlowContentSha256");
        }
        if !with_content {
            shown.shift_remove("Content");
        }
        shown
    })
}
