//! Secrets Manager: secrets with versions, and the stages that say which of them is meant.
//!
//! Rotation, replicas, policies and random passwords are deliberately absent. The end of an ARN is made from its
//! secret's creation, as in the service: who deletes a secret and makes it again gets another.

mod list;
mod versions;

use crate::request::text;
use crate::service::{Context, Failure, Outcome};
use crate::text::epoch;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The secrets of an account in a region, in the order of their creation.
#[derive(Default)]
pub(crate) struct State(Vec<Secret>);

struct Secret {
    name: String,
    arn: String,
    description: String,
    key: String,
    tags: Value,
    created: Timestamp,
    changed: Timestamp,
    /// When it was deleted, and when nothing of it will be left.
    deleted: Option<(Timestamp, Timestamp)>,
    versions: Vec<Version>,
}

struct Version {
    id: String,
    value: Content,
    created: Timestamp,
    stages: Vec<String>,
}

/// The member that a value stood in, and the value.
#[derive(Clone, PartialEq)]
struct Content {
    member: &'static str,
    value: String,
}

/// How many characters Secrets Manager puts after a name, with their hyphen.
const SUFFIX: usize = 7;

impl State {
    /// Returns the whole ARN of a secret, by its name or an ARN.
    pub(crate) fn arn_of(&self, id: &str) -> Option<&str> {
        self.find(id).map(|at| self.0[at].arn.as_str())
    }

    fn find(&self, id: &str) -> Option<usize> {
        let is = |secret: &Secret| {
            let short = &secret.arn[..secret.arn.len() - SUFFIX];
            secret.name == id || secret.arn == id || short == id
        };
        self.0.iter().position(is)
    }

    /// Returns a secret, also one that is deleted and can be restored.
    fn any(&mut self, input: &Value) -> Result<&mut Secret, Failure> {
        let found = self.find(text(input, "SecretId"));
        found.map(|at| &mut self.0[at]).ok_or_else(|| not_found("the specified secret"))
    }

    /// Returns a secret that is not deleted.
    fn alive(&mut self, input: &Value) -> Result<&mut Secret, Failure> {
        let secret = self.any(input)?;
        if secret.deleted.is_some() {
            return Err(refused(
                "You can't perform this operation on the secret because it was marked for deletion.",
            ));
        }
        Ok(secret)
    }
}

/// Answers one operation.
pub(crate) fn call(
    operation: &str,
    input: &Value,
    state: &mut State,
    context: &mut Context<'_>,
) -> Outcome {
    let now = context.now;
    state.0.retain(|secret| secret.deleted.is_none_or(|(_, end)| end > now));
    match operation {
        "CreateSecret" => create(input, state, context),
        "PutSecretValue" => versions::put(input, state.alive(input)?, context),
        "UpdateSecret" => versions::update(input, state.alive(input)?, context),
        "GetSecretValue" => versions::get(input, state.alive(input)?),
        "DescribeSecret" => state.any(input).map(|secret| described(secret, "VersionIdsToStages")),
        "ListSecrets" => list::list(input, state),
        "DeleteSecret" => delete(input, state, context),
        "RestoreSecret" => {
            let secret = state.any(input)?;
            secret.deleted = None;
            Ok(json!({ "ARN": secret.arn, "Name": secret.name }))
        }
        _ => Err(Failure::unknown("secretsmanager", operation)),
    }
}

fn create(input: &Value, state: &mut State, context: &mut Context<'_>) -> Outcome {
    let name = text(input, "Name");
    for member in ["AddReplicaRegions", "Type", "CrossAccountPrimaryARN"] {
        if input.get(member).is_some() {
            return Err(wrong(format!("the lab does not implement {member}")));
        }
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-!".contains(c);
    if name.is_empty() || name.len() > 512 || !name.chars().all(allowed) {
        let message = "Invalid name. Must be a valid name containing alphanumeric characters, or any of \
                       the following: -/_+=.@!";
        return Err(Failure::new("ValidationException", 400, message));
    }
    let content = versions::content(input)?;
    let id = versions::token(input, context)?;
    if let Some(at) = state.0.iter().position(|secret| secret.name == name) {
        return again(&state.0[at], &id, content.as_ref());
    }
    let (partition, region, account) =
        (context.region.partition().as_str(), context.region, context.account);
    let start = format!("arn:{partition}:secretsmanager:{region}:{account}:secret:{name}");
    let suffix = context.ids.letters(SUFFIX - 1);
    let mut secret = Secret {
        name: name.to_owned(),
        arn: format!("{start}-{suffix}"),
        description: text(input, "Description").to_owned(),
        key: text(input, "KmsKeyId").to_owned(),
        tags: input.get("Tags").cloned().unwrap_or_else(|| json!([])),
        created: context.now,
        changed: context.now,
        deleted: None,
        versions: Vec::new(),
    };
    let mut answer = json!({ "ARN": secret.arn, "Name": name });
    if let Some(content) = content {
        answer["VersionId"] = json!(id);
        versions::add(&mut secret, id, content, &[], context.now)?;
    }
    state.0.push(secret);
    Ok(answer)
}

/// A second creation under one name: the same again is the first's answer, anything else refused.
fn again(secret: &Secret, id: &str, content: Option<&Content>) -> Outcome {
    if secret.deleted.is_some() {
        return Err(refused(
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        ));
    }
    let version = secret.versions.iter().find(|version| version.id == id);
    if version.is_some_and(|version| Some(&version.value) == content) {
        return Ok(json!({ "ARN": secret.arn, "Name": secret.name, "VersionId": id }));
    }
    let message =
        format!("The operation failed because the secret {} already exists.", secret.name);
    Err(Failure::new("ResourceExistsException", 400, message))
}

fn delete(input: &Value, state: &mut State, context: &Context<'_>) -> Outcome {
    let force = input.get("ForceDeleteWithoutRecovery").and_then(Value::as_bool).unwrap_or(false);
    let days = input.get("RecoveryWindowInDays").and_then(Value::as_i64);
    if force && days.is_some() {
        let message =
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.";
        return Err(wrong(message.to_owned()));
    }
    let days = days.unwrap_or(30);
    if !(7..=30).contains(&days) {
        let message = "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).";
        return Err(wrong(message.to_owned()));
    }
    let now = context.now;
    if force {
        // The service does not tell whether there was one.
        let id = text(input, "SecretId").to_owned();
        let gone = state.find(&id).map(|at| state.0.remove(at));
        let (arn, name) = gone.map_or_else(|| (id.clone(), id.clone()), |s| (s.arn, s.name));
        return Ok(json!({ "ARN": arn, "Name": name, "DeletionDate": epoch(now) }));
    }
    let secret = state.alive(input)?;
    let end = now + SignedDuration::from_hours(24 * days);
    secret.deleted = Some((now, end));
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "DeletionDate": epoch(end) }))
}

/// A secret without its values; `stages` names the member with its versions, which two operations call differently.
fn described(secret: &Secret, stages: &str) -> Value {
    let versions = secret.versions.iter().filter(|version| !version.stages.is_empty());
    let versions = versions.map(|version| (version.id.clone(), json!(version.stages)));
    let mut described = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "LastChangedDate": epoch(secret.changed),
        "CreatedDate": epoch(secret.created),
        "Tags": secret.tags,
    });
    described[stages] = Value::Object(versions.collect());
    for (member, value) in [("Description", &secret.description), ("KmsKeyId", &secret.key)] {
        if !value.is_empty() {
            described[member] = json!(value);
        }
    }
    if let Some((at, _)) = secret.deleted {
        described["DeletedDate"] = epoch(at);
    }
    described
}

fn not_found(what: &str) -> Failure {
    let message = format!("Secrets Manager can't find {what}.");
    Failure::new("ResourceNotFoundException", 400, message)
}

fn refused(message: &str) -> Failure {
    Failure::new("InvalidRequestException", 400, message)
}

fn wrong(message: String) -> Failure {
    Failure::new("InvalidParameterException", 400, message)
}
