//! IAM policies, as far as the lab enforces them: effect, action, resource and the conditions whose keys it
//! knows, in a role's policies and in its trust policy.
//!
//! Conditions on other keys are taken as fulfilled. Policies on resources, boundaries and the policies of
//! organizations are deliberately absent. What a request needs stands in `targets`.

mod conditions;
mod targets;

use crate::request::text;
use serde_json::Value;

pub(crate) use conditions::Facts;
pub(crate) use targets::{Need, needs, resources};

/// What policies say about one action on one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Allowed,
    /// A statement denies it.
    Denied,
    /// No statement allows it.
    Silent,
}

/// What the statements say about the action on the resource: a Deny wins, silence denies.
pub(crate) fn decide(policies: &[Value], need: &Need, facts: &Facts) -> Decision {
    let mut decision = Decision::Silent;
    for statement in policies.iter().flat_map(statements) {
        let meant = action_matches(statement, &need.action)
            && resource_matches(statement, &need.resource)
            && conditions::hold(statement.get("Condition"), facts);
        match (meant, text(statement, "Effect")) {
            (false, _) => {}
            (true, "Allow") => decision = Decision::Allowed,
            (true, _) => return Decision::Denied,
        }
    }
    decision
}

/// Whether a trust policy lets this caller do `action` (`sts:AssumeRole` ...) with the role.
pub(crate) fn trusts(policy: &Value, action: &str, caller: &Caller<'_>, facts: &Facts) -> bool {
    let mut trusted = false;
    for statement in statements(policy) {
        let meant = action_matches(statement, action)
            && principal_matches(statement.get("Principal"), caller)
            && conditions::hold(statement.get("Condition"), facts);
        match (meant, text(statement, "Effect")) {
            (false, _) => {}
            (true, "Allow") => trusted = true,
            (true, _) => return false,
        }
    }
    trusted
}

/// Who wants to assume a role.
pub(crate) struct Caller<'a> {
    pub(crate) account: &'a str,
    /// The caller's ARN.
    pub(crate) arn: &'a str,
    /// The ARN of the caller's role, where it has one.
    pub(crate) role: Option<&'a str>,
}

fn statements(policy: &Value) -> &[Value] {
    match policy.get("Statement") {
        Some(Value::Array(list)) => list,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}

/// A text or list of texts as a list.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one],
        _ => Vec::new(),
    }
}

fn action_matches(statement: &Value, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let any = |list: &Value| texts(list).iter().any(|p| glob(&p.to_ascii_lowercase(), &action));
    match (statement.get("Action"), statement.get("NotAction")) {
        (Some(list), _) => any(list),
        (None, Some(list)) => !any(list),
        (None, None) => false,
    }
}

fn resource_matches(statement: &Value, resource: &str) -> bool {
    let any = |list: &Value| texts(list).iter().any(|pattern| glob(pattern, resource));
    match (statement.get("Resource"), statement.get("NotResource")) {
        (Some(list), _) => any(list),
        (None, Some(list)) => !any(list),
        (None, None) => false,
    }
}

fn principal_matches(principal: Option<&Value>, caller: &Caller<'_>) -> bool {
    let Some(principal) = principal else { return false };
    if principal == "*" || principal.get("Federated").is_some() {
        return true;
    }
    let Some(names) = principal.get("AWS") else { return false };
    texts(names).iter().any(|name| {
        let root = name.strip_suffix(":root").and_then(|n| n.rsplit(':').next());
        *name == "*"
            || *name == caller.account
            || root == Some(caller.account)
            || *name == caller.arn
            || Some(*name) == caller.role
    })
}

/// `*` and `?`, as IAM has them.
pub(crate) fn glob(pattern: &str, value: &str) -> bool {
    let (pattern, value): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), value.chars().collect());
    let (mut p, mut v, mut star) = (0, 0, None);
    while v < value.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, v));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == value[v]) {
            p += 1;
            v += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            p = at + 1;
            v = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn wildcards() {
        for (pattern, value, expected) in [
            ("*", "", true),
            ("connect:List*", "connect:ListQueues", true),
            ("connect:*Queue", "connect:CreateQueues", false),
            ("a?c", "abc", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b", "axxc", false),
        ] {
            assert_eq!(glob(pattern, value), expected, "{pattern} {value}");
        }
    }

    #[test]
    fn deny_wins_and_silence_denies() {
        let policy = json!({"Statement": [
            {"Effect": "Allow", "Action": ["connect:*"], "Resource": "arn:aws:connect:*:111122223333:instance/*"},
            {"Effect": "Deny", "Action": "connect:Delete*", "Resource": "*"},
        ]});
        let check = |action: &str, resource: &str, expected: Decision| {
            let need = Need { action: action.to_owned(), resource: resource.to_owned() };
            let decided = decide(std::slice::from_ref(&policy), &need, &Facts::default());
            assert_eq!(decided, expected, "{action}");
        };
        let instance = "arn:aws:connect:us-west-2:111122223333:instance/i";
        check("connect:CreateQueue", instance, Decision::Allowed);
        check("connect:createqueue", &format!("{instance}/queue/*"), Decision::Allowed);
        check("connect:DeleteQueue", instance, Decision::Denied);
        let other = "arn:aws:connect:us-west-2:222233334444:instance/i";
        check("connect:CreateQueue", other, Decision::Silent);
        check("connect:ListInstances", "*", Decision::Silent);
        check("s3:GetObject", "arn:aws:s3:::b/k", Decision::Silent);
    }

    #[test]
    fn trust_names_accounts_roles_and_external_ids() {
        let caller = Caller {
            account: "111122223333",
            arn: "arn:aws:sts::111122223333:assumed-role/build/s",
            role: Some("arn:aws:iam::111122223333:role/build"),
        };
        let policy = |principal: Value| {
            json!({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal,
                "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}}})
        };
        for (principal, external_id, expected) in [
            (json!({"AWS": "arn:aws:iam::111122223333:root"}), Some("secret"), true),
            (json!({"AWS": ["arn:aws:iam::111122223333:role/build"]}), Some("secret"), true),
            (json!({"AWS": "111122223333"}), Some("other"), false),
            (json!({"AWS": "111122223333"}), None, false),
            (json!({"AWS": "arn:aws:iam::222233334444:root"}), Some("secret"), false),
            (json!("*"), Some("secret"), true),
        ] {
            let policy = policy(principal);
            let facts = Facts::default().with("sts:ExternalId", external_id);
            assert_eq!(trusts(&policy, "sts:AssumeRole", &caller, &facts), expected, "{policy}");
        }
    }
}
