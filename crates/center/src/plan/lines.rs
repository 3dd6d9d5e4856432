//! Changes of fields as lines for people: short values whole, long ones by what differs in them.

use super::Change;
use crate::read::is_empty;
use serde_json::Value;

/// Longer values are cut in the middle of a line.
const VALUE_CHARACTERS_AT_MOST: usize = 60;

/// One line a change, `+`, `-` or `~` first. Lists and objects are gone into.
pub fn field_lines(change: &Change<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if change.live.is_none() {
        let facts = change.fields.iter().filter_map(|f| {
            let value = f.after.as_ref().filter(|v| !v.is_array() && !v.is_object())?;
            Some(format!("{}: {}", f.field, short(value)))
        });
        return facts.take(4).collect();
    }
    for field in &change.fields {
        let none = Value::Null;
        let (before, after) =
            (field.before.as_ref().unwrap_or(&none), field.after.as_ref().unwrap_or(&none));
        differences(&field.field, before, after, &mut lines);
    }
    lines
}

fn differences(path: &str, before: &Value, after: &Value, lines: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let keys = old.keys().chain(new.keys().filter(|k| !old.contains_key(*k)));
            for key in keys {
                let of = |map: &serde_json::Map<String, Value>| {
                    map.get(key).cloned().unwrap_or_default()
                };
                let (old, new) = (of(old), of(new));
                if old != new {
                    differences(&format!("{path}.{key}"), &old, &new, lines);
                }
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            let gone = old.iter().filter(|v| !new.contains(v));
            let added = new.iter().filter(|v| !old.contains(v));
            let mut some: Vec<String> = gone.map(|v| format!("- {path}  {}", short(v))).collect();
            some.extend(added.map(|v| format!("+ {path}  {}", short(v))));
            if some.is_empty() {
                some.push(format!("~ {path}  order"));
            }
            lines.extend(some);
        }
        (old, new) if is_empty(old) => lines.push(format!("+ {path}  {}", short(new))),
        (old, new) if is_empty(new) => lines.push(format!("- {path}  {}", short(old))),
        (old, new) => lines.push(format!("~ {path}  {}  ->  {}", short(old), short(new))),
    }
}

/// A value on one line.
pub fn short(value: &Value) -> String {
    let text = match value {
        Value::Object(map) => {
            let members = map.iter().map(|(k, v)| match v {
                Value::String(s) => format!("{k}: {s}"),
                other => format!("{k}: {other}"),
            });
            members.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    if text.chars().count() <= VALUE_CHARACTERS_AT_MOST {
        return text;
    }
    let cut: String = text.chars().take(VALUE_CHARACTERS_AT_MOST).collect();
    format!("{cut}…")
}
