//! Managed policies: an account's own with their versions, and the few of AWS's that the lab knows.

use super::{State, parse_policy, role, role_mut};
use crate::request::text;
use crate::service::{Context, Failure, Outcome};
use crate::text::{encode, iso_time};
use serde_json::{Value, json};

/// A policy of the account.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// The members that GetPolicy answers, but for counts and the version in force.
    described: Value,
    versions: Vec<Version>,
    /// The id of the version in force.
    current: String,
    /// The number of the next version.
    next: u32,
}

#[derive(Clone, Debug)]
struct Version {
    id: String,
    document: String,
    created: String,
}

/// AWS's own policies that can be attached here: name and document.
const OF_AWS: [(&str, &str); 2] = [
    (
        "arn:aws:iam::aws:policy/AdministratorAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
    (
        "arn:aws:iam::aws:policy/AmazonConnectReadOnlyAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["connect:Get*","connect:Describe*","connect:List*"],"Resource":"*"}]}"#,
    ),
];

/// A policy keeps at most so many versions.
const MOST_VERSIONS: usize = 5;

impl Policy {
    /// The text of the version in force.
    pub(super) fn document(&self) -> &str {
        let current = self.versions.iter().find(|v| v.id == self.current);
        current.map_or("", |v| v.document.as_str())
    }

    fn version(&self, id: &str) -> Option<&Version> {
        self.versions.iter().find(|v| v.id == id)
    }

    fn shown(&self, version: &Version, with_document: bool) -> Value {
        let mut shown = json!({
            "VersionId": version.id,
            "IsDefaultVersion": version.id == self.current,
            "CreateDate": version.created,
        });
        if with_document {
            shown["Document"] = json!(encode(version.document.as_bytes(), b""));
        }
        shown
    }
}

/// The text of one of AWS's own policies.
pub(super) fn of_aws(arn: &str) -> Option<&'static str> {
    OF_AWS.iter().find(|(name, _)| *name == arn).map(|(_, document)| *document)
}

pub(super) fn create(input: &Value, state: &mut State, context: &mut Context<'_>) -> Outcome {
    let (name, document) = (text(input, "PolicyName"), text(input, "PolicyDocument"));
    parse_policy(document)?;
    let path = Some(text(input, "Path")).filter(|p| !p.is_empty()).unwrap_or("/");
    let partition = context.region.partition().as_str();
    let arn = format!("arn:{partition}:iam::{}:policy{path}{name}", context.account);
    if state.managed.values().any(|policy| text(&policy.described, "PolicyName") == name) {
        let message =
            format!("A policy called {name} already exists. Duplicate names are not allowed.");
        return Err(Failure::new("EntityAlreadyExists", 409, message));
    }
    let now = iso_time(context.now);
    let mut described = json!({
        "PolicyName": name,
        "PolicyId": format!("ANPA{}", context.ids.letters(17)),
        "Arn": arn,
        "Path": path,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": true,
        "CreateDate": now,
        "UpdateDate": now,
    });
    for member in ["Description", "Tags"] {
        if let Some(value) = input.get(member) {
            described[member] = value.clone();
        }
    }
    let first = Version { id: "v1".to_owned(), document: document.to_owned(), created: now };
    let policy = Policy { described, versions: vec![first], current: "v1".to_owned(), next: 2 };
    let answer = json!({"Policy": shown(state, &arn, &policy)});
    state.managed.insert(arn, policy);
    Ok(answer)
}

/// A policy as it is now.
fn shown(state: &State, arn: &str, policy: &Policy) -> Value {
    let mut shown = policy.described.clone();
    let count = state.roles.values().filter(|role| role.attached.iter().any(|a| a == arn)).count();
    shown["AttachmentCount"] = json!(count);
    shown["DefaultVersionId"] = json!(policy.current);
    shown
}

fn find<'a>(state: &'a State, input: &Value) -> Result<(&'a str, &'a Policy), Failure> {
    let arn = text(input, "PolicyArn");
    let found = state.managed.get_key_value(arn);
    found.map(|(arn, policy)| (arn.as_str(), policy)).ok_or_else(|| missing(arn))
}

fn missing(arn: &str) -> Failure {
    Failure::new("NoSuchEntity", 404, format!("Policy {arn} does not exist or is not attachable."))
}

fn no_version(input: &Value) -> Failure {
    let id = text(input, "VersionId");
    let message = format!("Policy {} version {id} does not exist.", text(input, "PolicyArn"));
    Failure::new("NoSuchEntity", 404, message)
}

pub(super) fn get(input: &Value, state: &State) -> Outcome {
    let (arn, policy) = find(state, input)?;
    Ok(json!({"Policy": shown(state, arn, policy)}))
}

pub(super) fn get_version(input: &Value, state: &State) -> Outcome {
    let (_, policy) = find(state, input)?;
    let version = policy.version(text(input, "VersionId")).ok_or_else(|| no_version(input))?;
    Ok(json!({"PolicyVersion": policy.shown(version, true)}))
}

pub(super) fn list_versions(input: &Value, state: &State) -> Outcome {
    let (_, policy) = find(state, input)?;
    let all: Vec<Value> = policy.versions.iter().rev().map(|v| policy.shown(v, false)).collect();
    Ok(json!({"Versions": all, "IsTruncated": false}))
}

pub(super) fn create_version(
    input: &Value,
    state: &mut State,
    context: &mut Context<'_>,
) -> Outcome {
    let document = text(input, "PolicyDocument");
    parse_policy(document)?;
    let arn = text(input, "PolicyArn");
    let policy = state.managed.get_mut(arn).ok_or_else(|| missing(arn))?;
    if policy.versions.len() >= MOST_VERSIONS {
        let message =
            format!("A managed policy can have up to {MOST_VERSIONS} versions. Delete one first.");
        return Err(Failure::new("LimitExceeded", 409, message));
    }
    let version = Version {
        id: format!("v{}", policy.next),
        document: document.to_owned(),
        created: iso_time(context.now),
    };
    policy.next += 1;
    if input.get("SetAsDefault").and_then(Value::as_bool) == Some(true) {
        policy.current.clone_from(&version.id);
    }
    policy.described["UpdateDate"] = json!(version.created);
    let answer = json!({"PolicyVersion": policy.shown(&version, false)});
    policy.versions.push(version);
    Ok(answer)
}

pub(super) fn delete_version(input: &Value, state: &mut State) -> Outcome {
    let (arn, id) = (text(input, "PolicyArn"), text(input, "VersionId"));
    let policy = state.managed.get_mut(arn).ok_or_else(|| missing(arn))?;
    if policy.version(id).is_none() {
        return Err(no_version(input));
    }
    if policy.current == id {
        let message = "Cannot delete the default version of a policy.";
        return Err(Failure::new("DeleteConflict", 409, message));
    }
    policy.versions.retain(|version| version.id != id);
    Ok(Value::Null)
}

pub(super) fn delete(input: &Value, state: &mut State) -> Outcome {
    let (arn, policy) = find(state, input)?;
    let attached = state.roles.values().any(|role| role.attached.iter().any(|a| a == arn));
    if attached || policy.versions.len() > 1 {
        let message = match attached {
            true => "Cannot delete a policy attached to entities.",
            false => {
                "This policy has more than one version. Before you delete a policy, you must delete the policy's versions."
            }
        };
        return Err(Failure::new("DeleteConflict", 409, message));
    }
    state.managed.remove(text(input, "PolicyArn"));
    Ok(Value::Null)
}

pub(super) fn attach(input: &Value, state: &mut State) -> Outcome {
    let arn = text(input, "PolicyArn").to_owned();
    role(state, input)?;
    state.document(&arn).ok_or_else(|| missing(&arn))?;
    let role = role_mut(state, input)?;
    if !role.attached.contains(&arn) {
        role.attached.push(arn);
    }
    Ok(Value::Null)
}

pub(super) fn detach(input: &Value, state: &mut State) -> Outcome {
    let arn = text(input, "PolicyArn");
    let role = role_mut(state, input)?;
    let before = role.attached.len();
    role.attached.retain(|attached| attached != arn);
    if role.attached.len() == before {
        let message = format!("Policy {arn} was not found.");
        return Err(Failure::new("NoSuchEntity", 404, message));
    }
    Ok(Value::Null)
}

pub(super) fn list_attached(input: &Value, state: &State) -> Outcome {
    let attached = role(state, input)?.attached.iter().map(|arn| {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        json!({"PolicyName": name, "PolicyArn": arn})
    });
    let attached: Vec<Value> = attached.collect();
    Ok(json!({"AttachedPolicies": attached, "IsTruncated": false}))
}
