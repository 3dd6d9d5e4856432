//! SimulatePrincipalPolicy: what a role's policies say about actions on resources, one result for each pair.
//!
//! Context entries, further policies and boundaries are deliberately left out, and refused by name.

use super::{State, no_role};
use crate::policy::{self, Decision, Facts, Need};
use crate::request::text;
use crate::service::{Failure, Outcome};
use serde_json::{Value, json};

/// Members of the input that the lab does not take.
const UNSUPPORTED: [&str; 4] = [
    "PermissionsBoundaryPolicyInputList",
    "PolicyExclusionList",
    "ResourcePolicy",
    "ContextEntries",
];

pub(super) fn principal(input: &Value, state: &State) -> Outcome {
    if let Some(member) = UNSUPPORTED.iter().find(|member| input.get(**member).is_some()) {
        return Err(invalid(format!("the lab does not simulate with {member}")));
    }
    let source = text(input, "PolicySourceArn");
    let name = source.split_once(":role/").map(|(_, path)| path.rsplit('/').next().unwrap_or(path));
    let name =
        name.ok_or_else(|| invalid(format!("Invalid Entity Arn: {source} is not a role's")))?;
    if state.role_id(name).is_none() {
        return Err(no_role(name));
    }
    let mut policies = state.policies(name);
    for document in texts(input, "PolicyInputList") {
        policies.push(super::parse_policy(document)?);
    }
    let resources = texts(input, "ResourceArns");
    let resources = if resources.is_empty() { vec!["*"] } else { resources };
    let facts = Facts::default().with("aws:PrincipalArn", Some(source));
    let mut results = Vec::new();
    for action in texts(input, "ActionNames") {
        if !action.contains(':') {
            return Err(invalid(format!("Invalid Action: {action}")));
        }
        for resource in &resources {
            let need = Need { action: action.to_owned(), resource: (*resource).to_owned() };
            results.push(json!({
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": match policy::decide(&policies, &need, &facts) {
                    Decision::Allowed => "allowed",
                    Decision::Denied => "explicitDeny",
                    Decision::Silent => "implicitDeny",
                },
                "MatchedStatements": [],
                "MissingContextValues": [],
            }));
        }
    }
    Ok(json!({"EvaluationResults": results, "IsTruncated": false}))
}

fn texts<'a>(input: &'a Value, member: &str) -> Vec<&'a str> {
    let list = input.get(member).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn invalid(message: String) -> Failure {
    Failure::new("InvalidInput", 400, message)
}
