//! IAM's roles and their inline policies; one state an account, whatever the region.
//! Users, groups and managed policies are deliberately absent.

use crate::request::text;
use crate::service::{Context, Failure, Outcome};
use crate::text::{encode, iso_time};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The roles of an account by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    roles: BTreeMap<String, Role>,
}

#[derive(Clone, Debug)]
struct Role {
    /// The members that GetRole answers.
    described: Value,
    trust: Value,
    /// Documents by name, as they were given.
    policies: BTreeMap<String, String>,
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

    /// The inline policies of a role.
    pub(crate) fn policies(&self, role: &str) -> Vec<Value> {
        let documents = self.roles.get(role).into_iter().flat_map(|r| r.policies.values());
        documents.filter_map(|d| serde_json::from_str(d).ok()).collect()
    }
}

/// Answers one operation.
pub(crate) fn call(
    operation: &str,
    input: &Value,
    state: &mut State,
    context: &mut Context<'_>,
) -> Outcome {
    match operation {
        "CreateRole" => create(input, state, context),
        "GetRole" => Ok(json!({"Role": role(state, input)?.described})),
        "PutRolePolicy" => put_policy(input, state),
        "GetRolePolicy" => get_policy(input, state),
        "DeleteRolePolicy" => delete_policy(input, state),
        "DeleteRole" => delete(input, state),
        _ => Err(Failure::unknown("iam", operation)),
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
    state.roles.insert(name.to_owned(), Role { described, trust, policies: BTreeMap::new() });
    Ok(answer)
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
    if !role(state, input)?.policies.is_empty() {
        let message = "Cannot delete entity, must delete policies first.";
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
