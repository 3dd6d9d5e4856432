//! IAM policies, as far as the lab enforces them: effect, action and resource of a role's inline
//! policies; principal and external id of its trust policy. Conditions on anything else are taken
//! as fulfilled, and policies on resources are deliberately absent.

use crate::request::{Request, text};
use serde_json::Value;

/// Whether the statements allow the action on the resource; a Deny wins, silence denies.
pub(crate) fn allows(policies: &[Value], action: &str, resource: Option<&str>) -> bool {
    let mut allowed = false;
    for statement in policies.iter().flat_map(statements) {
        if !action_matches(statement, action) || !resource_matches(statement, resource) {
            continue;
        }
        match text(statement, "Effect") {
            "Allow" => allowed = true,
            _ => return false,
        }
    }
    allowed
}

/// Whether a trust policy lets this caller assume the role.
pub(crate) fn trusts(policy: &Value, action: &str, caller: &Caller<'_>) -> bool {
    let mut trusted = false;
    for statement in statements(policy) {
        let meant = action_matches(statement, action)
            && principal_matches(statement.get("Principal"), caller)
            && conditions_hold(statement.get("Condition"), caller.external_id);
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
    pub(crate) external_id: Option<&'a str>,
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

/// A resource that is not known matches every pattern; so does what lies below a known one.
fn resource_matches(statement: &Value, resource: Option<&str>) -> bool {
    let (Some(patterns), Some(resource)) = (statement.get("Resource"), resource) else {
        return true;
    };
    texts(patterns).iter().any(|p| glob(p, resource) || glob_prefix(p, resource))
}

/// Whether a pattern for something inside `resource` (`RESOURCE/...`) is meant.
fn glob_prefix(pattern: &str, resource: &str) -> bool {
    let depth = resource.split('/').count();
    let start: Vec<&str> = pattern.split('/').take(depth).collect();
    pattern.split('/').count() > depth && glob(&start.join("/"), resource)
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

fn conditions_hold(condition: Option<&Value>, external_id: Option<&str>) -> bool {
    let operators = condition.and_then(Value::as_object).into_iter().flatten();
    operators
        .flat_map(|(operator, keys)| {
            keys.as_object().into_iter().flatten().map(move |(k, v)| (operator, k, v))
        })
        .filter(|(_, key, _)| key.eq_ignore_ascii_case("sts:ExternalId"))
        .all(|(operator, _, wanted)| {
            let given = external_id.unwrap_or_default();
            texts(wanted).iter().any(|w| {
                if operator.starts_with("StringLike") { glob(w, given) } else { *w == given }
            })
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

/// Operations whose action has another name.
const ACTIONS: [(&str, &str, &str); 6] = [
    ("connect", "ListPhoneNumbersV2", "connect:ListPhoneNumbers"),
    ("s3", "HeadObject", "s3:GetObject"),
    ("s3", "HeadBucket", "s3:ListBucket"),
    ("s3", "ListObjectsV2", "s3:ListBucket"),
    ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
    ("lexv2-models", "ListBots", "lex:ListBots"),
];

/// The action that a request needs.
pub(crate) fn action(service: &str, operation: &str) -> String {
    let renamed = ACTIONS.iter().find(|(s, o, _)| (*s, *o) == (service, operation));
    match renamed {
        Some((_, _, action)) => (*action).to_owned(),
        None if service == "lexv2-models" => format!("lex:{operation}"),
        None => format!("{service}:{operation}"),
    }
}

/// The ARN of what a request touches, where its input tells.
pub(crate) fn resource(request: &Request) -> Option<String> {
    let Request { account, region, input, .. } = request;
    let given = |member: &str| Some(text(input, member)).filter(|t| !t.is_empty());
    let partition = region.partition().as_str();
    match request.service.as_str() {
        "connect" => given("InstanceId").map(|id| {
            let id = id.rsplit('/').next().unwrap_or(id);
            format!("arn:{partition}:connect:{region}:{account}:instance/{id}")
        }),
        "lambda" => given("FunctionName").map(|name| {
            let name = name.split(":function:").last().unwrap_or(name);
            format!("arn:{partition}:lambda:{region}:{account}:function:{name}")
        }),
        "lexv2-models" => {
            given("botId").map(|id| format!("arn:{partition}:lex:{region}:{account}:bot/{id}"))
        }
        "s3" => given("Bucket").map(|bucket| match given("Key") {
            Some(key) => format!("arn:{partition}:s3:::{bucket}/{key}"),
            None => format!("arn:{partition}:s3:::{bucket}"),
        }),
        "sts" => given("RoleArn").map(str::to_owned),
        "iam" => {
            given("RoleName").map(|name| format!("arn:{partition}:iam::{account}:role/{name}"))
        }
        _ => None,
    }
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
        let check = |action: &str, resource: Option<&str>, expected: bool| {
            assert_eq!(
                allows(std::slice::from_ref(&policy), action, resource),
                expected,
                "{action}"
            );
        };
        let instance = "arn:aws:connect:us-west-2:111122223333:instance/i";
        check("connect:CreateQueue", Some(instance), true);
        check("connect:DeleteQueue", Some(instance), false);
        check(
            "connect:CreateQueue",
            Some("arn:aws:connect:us-west-2:222233334444:instance/i"),
            false,
        );
        check("connect:ListInstances", None, true);
        check("s3:GetObject", None, false);
    }

    #[test]
    fn trust_names_accounts_roles_and_external_ids() {
        let caller = |external_id| Caller {
            account: "111122223333",
            arn: "arn:aws:sts::111122223333:assumed-role/build/s",
            role: Some("arn:aws:iam::111122223333:role/build"),
            external_id,
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
            assert_eq!(
                trusts(&policy, "sts:AssumeRole", &caller(external_id)),
                expected,
                "{policy}"
            );
        }
    }
}
