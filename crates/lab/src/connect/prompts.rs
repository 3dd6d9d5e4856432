//! Prompts and their audio, which lies in a bucket that belongs to the service.

use serde_json::{Value, json};

use super::call::{Call, Operation, invalid, merge, public};
use super::kind::Kind;
use super::resource;
use super::store::Object;
use crate::service::{Failure, Outcome};

pub(super) const KIND: Kind = Kind {
    noun: "prompt",
    arn: "prompt",
    label: "PromptId",
    body_id: "PromptId",
    body_arn: "PromptARN",
    made: ("PromptId", "PromptARN"),
    wrapper: "Prompt",
    list: "PromptSummaryList",
    found: "Prompts",
    quota: "prompts",
    ..Kind::BASE
};

pub(super) const OPERATIONS: &[Operation] = &[
    ("CreatePrompt", create),
    ("DescribePrompt", |call| resource::describe(call, &KIND)),
    ("UpdatePrompt", update),
    ("DeletePrompt", |call| resource::delete(call, &KIND)),
    ("ListPrompts", |call| resource::list(call, &KIND, |_| true)),
    ("SearchPrompts", |call| resource::search(call, &KIND, public)),
    ("GetPromptFile", file),
];

/// The private member that holds the key of the audio.
pub(super) const AUDIO: &str = "_audio";

/// The bucket in which the service keeps the audio of one region's prompts.
pub(super) fn bucket(region: &str) -> String {
    format!("prod-{region}-prompts")
}

/// Fetches what S3Uri names.
fn audio(call: &Call<'_, '_>) -> Result<Vec<u8>, Failure> {
    let uri = call.text("S3Uri");
    call.context
        .neighbours
        .object(uri)
        .ok_or_else(|| invalid(format!("The object cannot be read: {uri}")))
}

/// Keeps audio under a fresh key, and notes the key.
fn keep(call: &mut Call<'_, '_>, body: &mut Object, bytes: &[u8]) -> Result<(), Failure> {
    let key = format!("{}/{}", call.instance_id()?, call.context.ids.uuid());
    call.context.neighbours.keep(&bucket(call.context.region.as_str()), &key, bytes);
    body.insert(AUDIO.to_owned(), json!(key));
    Ok(())
}

fn create(call: &mut Call<'_, '_>) -> Outcome {
    call.instance()?;
    let bytes = audio(call)?;
    let mut body = Object::new();
    merge(&mut body, call.input, &["Name", "Description"]);
    call.unique(&KIND, call.text("Name"), "", |_| true)?;
    keep(call, &mut body, &bytes)?;
    let id = resource::create(call, &KIND, body)?;
    resource::made(call, &KIND, &id)
}

fn update(call: &mut Call<'_, '_>) -> Outcome {
    let (id, body) = call.target(&KIND)?;
    let mut body = Object::clone(&body);
    resource::rename(call, &KIND, &id, &mut body)?;
    merge(&mut body, call.input, &["Description"]);
    if call.member("S3Uri").is_some() {
        let bytes = audio(call)?;
        keep(call, &mut body, &bytes)?;
    }
    call.save(&KIND, &id, body)?;
    resource::made(call, &KIND, &id)
}

fn file(call: &mut Call<'_, '_>) -> Outcome {
    let (_, body) = call.target(&KIND)?;
    let key = body.get(AUDIO).and_then(Value::as_str).unwrap_or_default();
    let url = call.context.neighbours.presigned(&bucket(call.context.region.as_str()), key);
    Ok(json!({
        "PromptPresignedUrl": url,
        "LastModifiedTime": body.get("LastModifiedTime"),
        "LastModifiedRegion": body.get("LastModifiedRegion"),
    }))
}
