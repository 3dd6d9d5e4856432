//! Checks an action's parameters: names, required ones, values, and those that exclude each other.

use super::rules::{ActionRule, Kind, Parameter};
use super::{Findings, is_dynamic};
use crate::find::is_uuid;
use serde_json::{Map, Value};

const MAX_TAGS: usize = 6;

pub(super) fn check(rule: &ActionRule, action: &Value, index: usize, out: &mut Findings) {
    let none = Map::new();
    let given = crate::content::object(action, "Parameters").unwrap_or(&none);
    let prefix = format!("Actions[{index}].Parameters");
    for (name, value) in given {
        if !rule.parameters.iter().any(|parameter| top(parameter.path) == name) {
            let text = format!("Invalid Action property name. Path: {prefix}.{name}");
            out.add(rule.tried, text);
        } else if value.as_str() == Some("") {
            out.refuse(format!("Invalid Action property value. Path: {prefix}.{name}"));
        }
    }
    for parameter in &rule.parameters {
        walk(rule, parameter, parameter.path, given, &prefix, out);
    }
    for names in &rule.exclusive {
        let both: Vec<_> = names.iter().copied().filter(|name| given.contains_key(*name)).collect();
        if both.len() > 1 {
            let list = both.join(", ");
            let text = format!("Only one of these properties may be defined. Properties: [{list}]");
            out.refuse(text);
        }
    }
    check_maps(given, &prefix, out);
}

/// The parameter itself, of a path into it.
fn top(path: &str) -> &str {
    &path[..path.find(['.', '[']).unwrap_or(path.len())]
}

/// Follows a path, through every item of a list, and checks what is at its end.
fn walk(
    rule: &ActionRule,
    parameter: &Parameter,
    path: &str,
    given: &Map<String, Value>,
    at: &str,
    out: &mut Findings,
) {
    let (head, rest) = path.split_once('.').unwrap_or((path, ""));
    let (name, list) = head.strip_suffix("[]").map_or((head, false), |name| (name, true));
    let place = format!("{at}.{name}");
    let missing = |rest: &str| {
        let rest = if rest.is_empty() { String::new() } else { format!(".{rest}") };
        format!("Action is missing required property. Path: {place}{rest}")
    };
    match given.get(name) {
        None | Some(Value::Null) => {
            // What every item of a list must have is no reason to have the list.
            if parameter.required && (!list || rest.is_empty()) && !rest.contains("[]") {
                out.add(rule.tried, missing(rest));
            }
        }
        Some(value) if rest.is_empty() => check_value(rule, parameter, value, &place, out),
        Some(Value::Array(items)) if list => {
            for (item, value) in items.iter().enumerate() {
                if let Value::Object(map) = value {
                    walk(rule, parameter, rest, map, &format!("{place}[{item}]"), out);
                }
            }
        }
        Some(Value::Object(map)) => walk(rule, parameter, rest, map, &place, out),
        Some(_) => {}
    }
}

fn check_value(
    rule: &ActionRule,
    parameter: &Parameter,
    value: &Value,
    at: &str,
    out: &mut Findings,
) {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        _ => return,
    };
    // An empty parameter is refused by its name already.
    if text.is_empty() && !parameter.path.contains('.') {
        return;
    }
    let valid = match &parameter.kind {
        Kind::JsonPath => is_dynamic(&text),
        _ if is_dynamic(&text) => true,
        Kind::Text => !text.is_empty(),
        Kind::Structure => false,
        Kind::Integer => text.parse::<u64>().is_ok(),
        Kind::OneOf(values) => values.iter().any(|value| value.eq_ignore_ascii_case(&text)),
        Kind::Reference("queue" | "prompt" | "flow" | "hours" | "module") => {
            if !is_uuid(&text) && !text.starts_with("arn:") {
                out.add(rule.tried, "Not a supported id format".to_owned());
            }
            return;
        }
        Kind::Reference("lambda" | "lex") => text.starts_with("arn:"),
        Kind::Reference(_) => !text.is_empty(),
    };
    if !valid {
        out.add(rule.tried, format!("Invalid Action property value. Path: {at}"));
    }
}

/// What holds for maps with free keys, whichever action has them.
fn check_maps(given: &Map<String, Value>, prefix: &str, out: &mut Findings) {
    let map = |name: &str| given.get(name).and_then(Value::as_object);
    let is_empty = |value: &Value| value.as_str() == Some("");
    if map("Attributes").is_some_and(|map| map.values().any(is_empty)) {
        out.refuse("Empty value in Parameters.Attributes".to_owned());
    }
    if map("Tags").is_some_and(|map| map.len() > MAX_TAGS) {
        out.refuse("More than 6 tags in Parameters.Tags".to_owned());
    }
    for (name, value) in map("FlowAttributes").into_iter().flatten() {
        if !value.is_object() {
            let at = format!("{prefix}.FlowAttributes.{name}");
            out.refuse(format!("Invalid Action property value. Path: {at}"));
        }
    }
}
