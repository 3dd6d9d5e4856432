//! The one order of keys, so that the same flow is always the same bytes; and writing JSON.
//!
//! Nothing is dropped or changed, and lists keep their order: only an object's keys move. A flow reads
//! from the top: version, start, then each action with identifier and type first; layout comes last.

use serde_json::{Map, Value};

const TOP: (&[&str], &[&str]) = (&["Version", "StartAction", "Settings"], &["Actions", "Metadata"]);
const ACTION: (&[&str], &[&str]) = (&["Identifier", "Type", "Parameters", "Transitions"], &[]);
const TRANSITIONS: (&[&str], &[&str]) = (&["NextAction", "Conditions", "Errors"], &[]);
const PLAIN: (&[&str], &[&str]) = (&[], &[]);

/// Puts the keys of a flow's content, or of its logic without layout, into canonical order.
pub fn canonicalise(content: &mut Value) {
    let Some(top) = content.as_object_mut() else { return };
    order(top, TOP);
    for (key, value) in top.iter_mut() {
        match value {
            Value::Array(actions) if key == "Actions" => actions.iter_mut().for_each(action),
            _ => sort_keys(value),
        }
    }
}

/// Sorts the keys of every object inside a value.
pub fn sort_keys(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(sort_keys),
        Value::Object(map) => {
            order(map, PLAIN);
            map.values_mut().for_each(sort_keys);
        }
        _ => {}
    }
}

fn action(value: &mut Value) {
    let Some(map) = value.as_object_mut() else { return };
    order(map, ACTION);
    for (key, field) in map.iter_mut() {
        sort_keys(field);
        if key == "Transitions"
            && let Some(transitions) = field.as_object_mut()
        {
            order(transitions, TRANSITIONS);
        }
    }
}

/// Orders an object's keys: the first ones, the others by name, the last ones.
fn order(map: &mut Map<String, Value>, keys: (&[&str], &[&str])) {
    let rank = |key: &str| rank(key, keys);
    if map.keys().is_sorted_by(|a, b| (rank(a), a) <= (rank(b), b)) {
        return;
    }
    let mut entries: Vec<_> = std::mem::take(map).into_iter().collect();
    entries.sort_by(|(a, _), (b, _)| (rank(a), a).cmp(&(rank(b), b)));
    map.extend(entries);
}

fn rank(key: &str, (first, last): (&[&str], &[&str])) -> usize {
    let at = |keys: &[&str]| keys.iter().position(|wanted| *wanted == key);
    at(first).or_else(|| at(last).map(|at| first.len() + 1 + at)).unwrap_or(first.len())
}

/// Sorts the keys of a flow's content, or of its layout, as `canonicalise` orders them.
pub(crate) fn sort_top(keys: &mut [String]) {
    keys.sort_by(|a, b| (rank(a, TOP), a).cmp(&(rank(b, TOP), b)));
}

/// Writes JSON with two spaces and a newline at the end, as documents are stored.
pub fn to_pretty_string(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("JSON values can be written");
    text.push('\n');
    text
}

/// Writes JSON without spaces, as it is sent.
pub fn to_compact_string(value: &Value) -> String {
    serde_json::to_string(value).expect("JSON values can be written")
}
