//! The versions of a secret, and how their stages move.

use super::{Content, Secret, Version, not_found, refused, wrong};
use crate::request::text;
use crate::service::{Context, Failure, Outcome};
use crate::text::{epoch, from_base64};
use jiff::Timestamp;
use serde_json::{Value, json};

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";
const MOST_VERSIONS: usize = 100;
const MOST_BYTES: usize = 65536;

/// The value of a request: a text, or bytes.
pub(super) fn content(input: &Value) -> Result<Option<Content>, Failure> {
    let value = |member| input.get(member).and_then(Value::as_str);
    let (member, value) = match (value("SecretString"), value("SecretBinary")) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            let message = "You can't specify both a binary secret value and a string secret value.";
            return Err(wrong(message.to_owned()));
        }
        (Some(text), None) => ("SecretString", text),
        (None, Some(bytes)) => ("SecretBinary", bytes),
    };
    let size = match member {
        "SecretBinary" => from_base64(value).map_or(0, |bytes| bytes.len()),
        _ => value.len(),
    };
    if size == 0 || size > MOST_BYTES {
        return Err(wrong(format!("a secret value has 1 to {MOST_BYTES} bytes")));
    }
    Ok(Some(Content { member, value: value.to_owned() }))
}

/// The id of a version to make: the request's token, or a fresh one.
pub(super) fn token(input: &Value, context: &mut Context<'_>) -> Result<String, Failure> {
    match text(input, "ClientRequestToken") {
        "" => Ok(context.ids.uuid()),
        token if (32..=64).contains(&token.len()) => Ok(token.to_owned()),
        _ => Err(wrong("ClientRequestToken must have 32 to 64 characters.".to_owned())),
    }
}

pub(super) fn put(input: &Value, secret: &mut Secret, context: &mut Context<'_>) -> Outcome {
    let Some(content) = content(input)? else {
        return Err(refused("You must provide either SecretString or SecretBinary."));
    };
    let items = input.get("VersionStages").and_then(Value::as_array);
    let stages = items.map_or(&[][..], Vec::as_slice).iter().filter_map(Value::as_str);
    let stages: Vec<String> = stages.map(str::to_owned).collect();
    let id = token(input, context)?;
    add(secret, id.clone(), content, &stages, context.now)?;
    let version = secret.versions.iter().find(|version| version.id == id);
    Ok(json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": id,
        "VersionStages": version.map_or(&[][..], |version| &version.stages),
    }))
}

pub(super) fn update(input: &Value, secret: &mut Secret, context: &mut Context<'_>) -> Outcome {
    let content = content(input)?;
    let id = token(input, context)?;
    let mut answer = json!({ "ARN": secret.arn, "Name": secret.name });
    if let Some(content) = content {
        add(secret, id.clone(), content, &[], context.now)?;
        answer["VersionId"] = json!(id);
    }
    for (member, field) in [("Description", &mut secret.description), ("KmsKeyId", &mut secret.key)]
    {
        if let Some(value) = input.get(member).and_then(Value::as_str) {
            value.clone_into(field);
        }
    }
    secret.changed = context.now;
    Ok(answer)
}

/// Adds a version with its stages, AWSCURRENT where none is given. The same version again changes nothing.
pub(super) fn add(
    secret: &mut Secret,
    id: String,
    value: Content,
    stages: &[String],
    now: Timestamp,
) -> Result<(), Failure> {
    if let Some(version) = secret.versions.iter().find(|version| version.id == id) {
        if version.value == value {
            return Ok(());
        }
        let message = "You can't use a ClientRequestToken of a version that has another value.";
        return Err(Failure::new("ResourceExistsException", 400, message));
    }
    let current = [CURRENT.to_owned()];
    let mut stages = if stages.is_empty() { &current[..] } else { stages }.to_vec();
    // The first version is the current one, whatever else it is.
    if secret.versions.is_empty() && !stages.contains(&current[0]) {
        stages.push(CURRENT.to_owned());
    }
    if stages.iter().any(|stage| stage == CURRENT) {
        let was = secret.versions.iter().position(|v| v.stages.iter().any(|s| s == CURRENT));
        if let Some(was) = was {
            secret.versions.iter_mut().for_each(|v| v.stages.retain(|s| s != PREVIOUS));
            secret.versions[was].stages.push(PREVIOUS.to_owned());
        }
    }
    for version in &mut secret.versions {
        version.stages.retain(|stage| !stages.contains(stage));
    }
    secret.versions.push(Version { id, value, created: now, stages });
    secret.changed = now;
    if secret.versions.len() > MOST_VERSIONS
        && let Some(unused) = secret.versions.iter().position(|v| v.stages.is_empty())
    {
        secret.versions.remove(unused);
    }
    Ok(())
}

pub(super) fn get(input: &Value, secret: &Secret) -> Outcome {
    let (id, stage) = (text(input, "VersionId"), text(input, "VersionStage"));
    let version = match (id, stage) {
        ("", stage) => {
            let stage = if stage.is_empty() { CURRENT } else { stage };
            let found = secret.versions.iter().find(|v| v.stages.iter().any(|s| s == stage));
            let what = format!("the specified secret value for staging label: {stage}");
            found.ok_or_else(|| not_found(&what))?
        }
        (id, stage) => {
            let found = secret.versions.iter().find(|version| version.id == id);
            let what = format!("the specified secret value for VersionId: {id}");
            let found = found.ok_or_else(|| not_found(&what))?;
            if !stage.is_empty() && !found.stages.iter().any(|s| s == stage) {
                return Err(refused(
                    "You provided a VersionStage that is not associated to the provided VersionId.",
                ));
            }
            found
        }
    };
    let mut answer = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": version.id,
        "VersionStages": version.stages,
        "CreatedDate": epoch(version.created),
    });
    answer[version.value.member] = json!(version.value.value);
    Ok(answer)
}
