//! IAM's roles, their inline policies, and managed policies; one state an account, whatever the region.
//! Users, groups, instance profiles and permissions boundaries are deliberately absent.

mod managed;
mod simulate;

use crate::request::text;
use crate::service::{Context, Failure, Outcome};
use crate::text::{encode, iso_time};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The roles of an account by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    roles: BTreeMap<String, Role>,
    /// Managed policies by ARN.
    managed: BTreeMap<String, managed::Policy>,
}

#[derive(Clone, Debug)]
struct Role {
    /// The members that GetRole answers.
    described: Value,
    trust: Value,
    /// Documents by name, as they were given.
    policies: BTreeMap<String, String>,
    /// ARNs of managed policies.
    attached: Vec<String>,
}

impl State {
    /// The trust policy of a role.
    pub(crate) fn trust(&self, role: &str) -> Option<&Value> {
        self.roles.get(role).map(|r| &r.trust)
    }

    /// The role's id (`AROA...`).
    pub(crate) fn role_id(&self, role: &str) -> Option<&str> {
        self.roles.get(role).map(|r| text(&r.described, "RoleId"))
    }

    /// The documents of a role's inline policies and of those that are attached.
    pub(crate) fn policies(&self, role: &str) -> Vec<Value> {
        let Some(role) = self.roles.get(role) else { return Vec::new() };
        let attached = role.attached.iter().filter_map(|arn| self.document(arn));
        let documents = role.policies.values().map(String::as_str).chain(attached);
        documents.filter_map(|d| serde_json::from_str(d).ok()).collect()
    }

    /// The text of a managed policy's version in force; AWS's own are known by ARN.
    fn document(&self, arn: &str) -> Option<&str> {
        self.managed.get(arn).map(managed::Policy::document).or_else(|| managed::of_aws(arn))
    }
}

type Run = fn(&Value, &mut State, &mut Context<'_>) -> Outcome;

/// Every operation with its function.
const OPERATIONS: &[(&str, Run)] = &[
    ("CreateRole", create),
    ("GetRole", |input, state, _| Ok(json!({"Role": role(state, input)?.described}))),
    ("ListRoles", list),
    ("UpdateRole", |input, state, _| update(input, state)),
    ("UpdateAssumeRolePolicy", |input, state, _| update_trust(input, state)),
    ("DeleteRole", |input, state, _| delete(input, state)),
    ("PutRolePolicy", |input, state, _| put_policy(input, state)),
    ("GetRolePolicy", |input, state, _| get_policy(input, state)),
    ("ListRolePolicies", |input, state, _| list_policies(input, state)),
    ("DeleteRolePolicy", |input, state, _| delete_policy(input, state)),
    ("CreatePolicy", managed::create),
    ("GetPolicy", |input, state, _| managed::get(input, state)),
    ("GetPolicyVersion", |input, state, _| managed::get_version(input, state)),
    ("ListPolicyVersions", |input, state, _| managed::list_versions(input, state)),
    ("CreatePolicyVersion", managed::create_version),
    ("DeletePolicyVersion", |input, state, _| managed::delete_version(input, state)),
    ("DeletePolicy", |input, state, _| managed::delete(input, state)),
    ("AttachRolePolicy", |input, state, _| managed::attach(input, state)),
    ("DetachRolePolicy", |input, state, _| managed::detach(input, state)),
    ("ListAttachedRolePolicies", |input, state, _| managed::list_attached(input, state)),
    ("SimulatePrincipalPolicy", |input, state, _| simulate::principal(input, state)),
];

/// Answers one operation.
pub(crate) fn call(
    operation: &str,
    input: &Value,
    state: &mut State,
    context: &mut Context<'_>,
) -> Outcome {
    match OPERATIONS.iter().find(|(name, _)| *name == operation) {
        Some((_, run)) => run(input, state, context),
        None => Err(Failure::unknown("iam", operation)),
    }
}

fn create(input: &Value, state: &mut State, context: &mut Context<'_>) -> Outcome {
    let name = text(input, "RoleName");
    if state.roles.contains_key(name) {
        let message = format!("Role with name {name} already exists.");
        return Err(Failure::new("EntityAlreadyExists", 409, message));
    }
    let document = text(input, "AssumeRolePolicyDocument");
    let trust = parse_policy(document)?;
    let path = Some(text(input, "Path")).filter(|p| !p.is_empty()).unwrap_or("/");
    let partition = context.region.partition().as_str();
    let mut described = json!({
        "Path": path,
        "RoleName": name,
        "RoleId": format!("AROA{}", context.ids.letters(17)),
        "Arn": format!("arn:{partition}:iam::{}:role{path}{name}", context.account),
        "CreateDate": iso_time(context.now),
        "AssumeRolePolicyDocument": encode(document.as_bytes(), b""),
    });
    for member in ["Description", "MaxSessionDuration", "Tags"] {
        if let Some(value) = input.get(member) {
            described[member] = value.clone();
        }
    }
    let answer = json!({"Role": described.clone()});
    state.roles.insert(
        name.to_owned(),
        Role { described, trust, policies: BTreeMap::new(), attached: Vec::new() },
    );
    Ok(answer)
}

fn list(input: &Value, state: &mut State, _: &mut Context<'_>) -> Outcome {
    let start = Some(text(input, "PathPrefix")).filter(|p| !p.is_empty()).unwrap_or("/");
    let roles = state.roles.values().map(|role| &role.described);
    let roles: Vec<&Value> = roles.filter(|role| text(role, "Path").starts_with(start)).collect();
    Ok(json!({"Roles": roles, "IsTruncated": false}))
}

fn update(input: &Value, state: &mut State) -> Outcome {
    let role = role_mut(state, input)?;
    for member in ["Description", "MaxSessionDuration"] {
        if let Some(value) = input.get(member) {
            role.described[member] = value.clone();
        }
    }
    Ok(Value::Null)
}

fn update_trust(input: &Value, state: &mut State) -> Outcome {
    let document = text(input, "PolicyDocument");
    let trust = parse_policy(document)?;
    let role = role_mut(state, input)?;
    role.described["AssumeRolePolicyDocument"] = json!(encode(document.as_bytes(), b""));
    role.trust = trust;
    Ok(Value::Null)
}

fn list_policies(input: &Value, state: &State) -> Outcome {
    let names: Vec<&String> = role(state, input)?.policies.keys().collect();
    Ok(json!({"PolicyNames": names, "IsTruncated": false}))
}

fn put_policy(input: &Value, state: &mut State) -> Outcome {
    let document = text(input, "PolicyDocument");
    parse_policy(document)?;
    let role = role_mut(state, input)?;
    role.policies.insert(text(input, "PolicyName").to_owned(), document.to_owned());
    Ok(Value::Null)
}

fn get_policy(input: &Value, state: &State) -> Outcome {
    let (role_name, name) = (text(input, "RoleName"), text(input, "PolicyName"));
    let document = role(state, input)?.policies.get(name).ok_or_else(|| no_policy(name))?;
    Ok(
        json!({"RoleName": role_name, "PolicyName": name, "PolicyDocument": encode(document.as_bytes(), b"")}),
    )
}

fn delete_policy(input: &Value, state: &mut State) -> Outcome {
    let name = text(input, "PolicyName");
    role_mut(state, input)?.policies.remove(name).ok_or_else(|| no_policy(name))?;
    Ok(Value::Null)
}

fn delete(input: &Value, state: &mut State) -> Outcome {
    let role = role(state, input)?;
    let left = match (role.policies.is_empty(), role.attached.is_empty()) {
        (true, true) => None,
        (false, _) => Some("Cannot delete entity, must delete policies first."),
        (true, false) => Some("Cannot delete entity, must detach all policies first."),
    };
    if let Some(message) = left {
        return Err(Failure::new("DeleteConflict", 409, message));
    }
    state.roles.remove(text(input, "RoleName"));
    Ok(Value::Null)
}

fn parse_policy(document: &str) -> Result<Value, Failure> {
    let parsed: Result<Value, _> = serde_json::from_str(document);
    match parsed {
        Ok(policy) if policy.get("Statement").is_some() => Ok(policy),
        _ => Err(Failure::new("MalformedPolicyDocument", 400, "Syntax errors in policy.")),
    }
}

fn role<'a>(state: &'a State, input: &Value) -> Result<&'a Role, Failure> {
    let name = text(input, "RoleName");
    state.roles.get(name).ok_or_else(|| no_role(name))
}

fn role_mut<'a>(state: &'a mut State, input: &Value) -> Result<&'a mut Role, Failure> {
    let name = text(input, "RoleName");
    state.roles.get_mut(name).ok_or_else(|| no_role(name))
}

fn no_role(name: &str) -> Failure {
    Failure::new("NoSuchEntity", 404, format!("The role with name {name} cannot be found."))
}

fn no_policy(name: &str) -> Failure {
    Failure::new("NoSuchEntity", 404, format!("The role policy with name {name} cannot be found."))
}
