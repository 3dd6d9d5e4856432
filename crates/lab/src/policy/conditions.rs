//! The `Condition` of a statement, for the keys that the lab knows the values of.

use super::{glob, texts};
use serde_json::Value;
use std::collections::BTreeMap;

/// The keys whose values the lab knows at a request; any other key is taken as fulfilled.
const KNOWN: [&str; 7] = [
    "sts:externalid",
    "sts:sourceidentity",
    "sts:rolesessionname",
    "aws:sourceidentity",
    "aws:requestedregion",
    "aws:principalarn",
    "aws:principalaccount",
];

/// What is known about a request, by condition key in lower case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts(BTreeMap<String, String>);

impl Facts {
    /// Adds a fact, unless there is none.
    pub(crate) fn with(mut self, key: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.0.insert(key.to_ascii_lowercase(), value.to_owned());
        }
        self
    }
}

/// Whether every condition is met.
pub(super) fn hold(condition: Option<&Value>, facts: &Facts) -> bool {
    let operators = condition.and_then(Value::as_object).into_iter().flatten();
    operators
        .flat_map(|(operator, keys)| {
            keys.as_object().into_iter().flatten().map(move |(key, wanted)| (operator, key, wanted))
        })
        .filter(|(_, key, _)| KNOWN.contains(&key.to_ascii_lowercase().as_str()))
        .all(|(operator, key, wanted)| {
            holds(operator, facts.0.get(&key.to_ascii_lowercase()), wanted)
        })
}

/// One operator. A key without a value meets only what is optional or negated.
fn holds(operator: &str, given: Option<&String>, wanted: &Value) -> bool {
    if operator == "Null" {
        let absent = texts(wanted).first().is_none_or(|text| *text == "true");
        return absent == given.is_none();
    }
    let (operator, optional) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let negated = operator.contains("Not");
    let Some(given) = given else { return optional || negated };
    let patterns = operator.contains("Like") || operator.starts_with("Arn");
    let any = texts(wanted).iter().any(|wanted| match operator {
        _ if patterns => glob(wanted, given),
        "StringEqualsIgnoreCase" | "StringNotEqualsIgnoreCase" => {
            wanted.eq_ignore_ascii_case(given)
        }
        _ => wanted == given,
    });
    any != negated
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conditions_on_known_keys_are_held_and_others_taken_as_met() {
        let facts = Facts::default().with("sts:SourceIdentity", Some("jane"));
        for (condition, expected) in [
            (json!({}), true),
            (json!({"StringEquals": {"sts:SourceIdentity": "jane"}}), true),
            (json!({"StringEquals": {"sts:sourceidentity": ["joe", "jane"]}}), true),
            (json!({"StringLike": {"sts:SourceIdentity": "j*"}}), true),
            (json!({"StringNotEquals": {"sts:SourceIdentity": "jane"}}), false),
            (json!({"StringEquals": {"sts:ExternalId": "acme"}}), false),
            (json!({"StringEqualsIfExists": {"sts:ExternalId": "acme"}}), true),
            (json!({"Null": {"sts:ExternalId": "true"}}), true),
            (json!({"Null": {"sts:SourceIdentity": "true"}}), false),
            (json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}), true),
        ] {
            assert_eq!(hold(Some(&condition), &facts), expected, "{condition}");
        }
    }
}
