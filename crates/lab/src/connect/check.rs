//! Checks an input against its contract: required members, types, lengths, ranges, enumerations.
//!
//! Called once a request, before the operation's own function. Members that the contract does not name
//! are let through: the service ignores them.

use crate::service::Failure;
use serde_json::Value;

use super::call::invalid;
use super::contract::{enumeration, shape};

/// Checks all members that `spec` names.
pub(super) fn input(spec: &str, value: &Value) -> Result<(), Failure> {
    members(spec, value, "")
}

fn members(spec: &str, value: &Value, path: &str) -> Result<(), Failure> {
    for member in spec.split_ascii_whitespace() {
        let Some(at) = member.find(['*', ':']) else { continue };
        let (name, kind) = (&member[..at], &member[at + 1..]);
        let place = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match value.get(name) {
            None | Some(Value::Null) if member.as_bytes()[at] == b'*' => {
                return Err(failed(&place, "null", "Member must not be null"));
            }
            None | Some(Value::Null) => {}
            Some(found) => one(kind, found, &place)?,
        }
    }
    Ok(())
}

fn one(kind: &str, value: &Value, place: &str) -> Result<(), Failure> {
    let (letter, rest) = kind.split_at(1);
    match (letter, value) {
        ("s", Value::String(text)) => {
            within(rest, text.chars().count() as f64, place, text, "length")
        }
        ("i" | "f", Value::Number(number)) => {
            let number = number.as_f64().unwrap_or_default();
            within(rest, number, place, &number.to_string(), "value")
        }
        ("b", Value::Bool(_)) => Ok(()),
        ("=", Value::String(text)) => match enumeration(rest) {
            Some(values) if !values.split_ascii_whitespace().any(|known| known == text) => {
                let values: Vec<&str> = values.split_ascii_whitespace().collect();
                let rule = format!("Member must satisfy enum value set: [{}]", values.join(", "));
                Err(failed(place, text, &rule))
            }
            _ => Ok(()),
        },
        ("@", Value::Object(_)) => members(shape(rest), value, place),
        ("[", Value::Array(items)) => {
            let (inner, range) = split_close(rest, ']');
            within(range, items.len() as f64, place, "list", "length")?;
            let mut each = items.iter().enumerate();
            each.try_for_each(|(index, item)| {
                one(inner, item, &format!("{place}.{}.member", index + 1))
            })
        }
        ("{", Value::Object(entries)) => {
            let (inner, range) = split_close(rest, '}');
            within(range, entries.len() as f64, place, "map", "length")?;
            entries.iter().try_for_each(|(key, item)| one(inner, item, &format!("{place}.{key}")))
        }
        _ => Err(Failure::new(
            "SerializationException",
            400,
            format!("the member {place} has the wrong type"),
        )),
    }
}

/// Splits `@Shape]1-50` at its last closing bracket.
fn split_close(rest: &str, close: char) -> (&str, &str) {
    rest.rsplit_once(close).unwrap_or((rest, ""))
}

fn within(range: &str, size: f64, place: &str, shown: &str, word: &str) -> Result<(), Failure> {
    // A range such as `-1-31` starts with a sign, so the separator is looked for after it.
    let cut = range.get(1..).and_then(|tail| tail.find('-')).map(|at| at + 1);
    let cut = if range.starts_with('-') && cut.is_none() { Some(0) } else { cut };
    let Some(cut) = cut else { return Ok(()) };
    let (least, most) = (range[..cut].parse::<f64>(), range[cut + 1..].parse::<f64>());
    if least.is_ok_and(|least| size < least) {
        let least = &range[..cut];
        let rule = format!("Member must have {word} greater than or equal to {least}");
        return Err(failed(place, shown, &rule));
    }
    if most.is_ok_and(|most| size > most) {
        let most = &range[cut + 1..];
        let rule = format!("Member must have {word} less than or equal to {most}");
        return Err(failed(place, shown, &rule));
    }
    Ok(())
}

fn failed(place: &str, shown: &str, rule: &str) -> Failure {
    let shown: String = shown.chars().take(100).collect();
    invalid(format!(
        "1 validation error detected: Value '{shown}' at '{place}' failed to satisfy constraint: {rule}"
    ))
}
