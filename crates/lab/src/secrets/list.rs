//! ListSecrets: filters, order and pages.

use super::{Secret, State, described, wrong};
use crate::page;
use crate::request::text;
use crate::service::{Failure, Outcome};
use serde_json::{Value, json};

pub(super) fn list(input: &Value, state: &State) -> Outcome {
    let deleted = input.get("IncludePlannedDeletion").and_then(Value::as_bool).unwrap_or(false);
    let filters = input.get("Filters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut found = Vec::new();
    for secret in state.0.iter().filter(|secret| deleted || secret.deleted.is_none()) {
        let mut taken = true;
        for filter in filters {
            taken &= takes(filter, secret)?;
        }
        if taken {
            found.push(secret);
        }
    }
    match text(input, "SortBy") {
        "name" => found.sort_by(|a, b| a.name.cmp(&b.name)),
        "last-changed-date" => found.sort_by_key(|secret| secret.changed),
        _ => {}
    }
    // Without an order the newest is first.
    if text(input, "SortOrder") != "asc" {
        found.reverse();
    }
    let size = input.get("MaxResults").and_then(Value::as_u64).unwrap_or(100);
    if !(1..=100).contains(&size) {
        return Err(wrong("MaxResults must be from 1 to 100".to_owned()));
    }
    let bad = |message: &str| Failure::new("InvalidNextTokenException", 400, message);
    let size = usize::try_from(size).unwrap_or(100);
    let (page, next) = page::cut(found, input.get("NextToken"), size, bad)?;
    let shown: Vec<Value> =
        page.into_iter().map(|secret| described(secret, "SecretVersionsToStages")).collect();
    let mut answer = json!({ "SecretList": shown });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

/// Whether a filter takes a secret: texts are compared by their begin, `!` turns a value around.
fn takes(filter: &Value, secret: &Secret) -> Result<bool, Failure> {
    let tags = |member: &str| -> Vec<String> {
        let tags = secret.tags.as_array().map_or(&[][..], Vec::as_slice);
        tags.iter().map(|tag| text(tag, member).to_owned()).collect()
    };
    let own = match text(filter, "Key") {
        "name" => vec![secret.name.clone()],
        "description" => vec![secret.description.clone()],
        "tag-key" => tags("Key"),
        "tag-value" => tags("Value"),
        "all" => {
            let names = vec![secret.name.clone(), secret.description.clone()];
            [names, tags("Key"), tags("Value")].concat()
        }
        other => return Err(wrong(format!("the lab has no filter {other}"))),
    };
    let values = filter.get("Values").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    Ok(values.iter().filter_map(Value::as_str).any(|value| match value.strip_prefix('!') {
        Some(value) => !own.iter().any(|text| text.starts_with(value)),
        None => own.iter().any(|text| text.starts_with(value)),
    }))
}
