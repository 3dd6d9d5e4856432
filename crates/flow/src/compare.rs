//! What changed between two contents of one flow: blocks, fields, branches, with the layout apart.
//!
//! Plans and pages show this instead of JSON. Actions are matched by identifier, so their order does not
//! matter. Contents may be documents (with references in their texts) or what an instance holds.

mod branches;
mod lines;

use crate::blocks::{block_names, console_name, label};
use crate::content::{actions, object, text_of};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

pub use lines::lines;

/// A block, as people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The action's identifier.
    pub identifier: String,
    /// The action's type.
    pub action_type: String,
    /// The designer's name of that type.
    pub console_name: String,
    /// The name that people gave it; else its kind and the first digits of its identifier.
    pub name: String,
    /// Its parameters' plain values, by path.
    pub values: Vec<(String, String)>,
}

/// A field that differs; `None` where it is absent.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// Path inside the parameters, such as `Attributes.tier`; otherwise from the block or the flow.
    pub path: String,
    /// Before.
    pub old: Option<Value>,
    /// After.
    pub new: Option<Value>,
}

/// A branch that differs; `None` where it is absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchChange {
    /// `key 3`, `no match`, `error`, `next` ...
    pub branch: String,
    /// The name of the block that it led to.
    pub old: Option<String>,
    /// The name of the block that it leads to.
    pub new: Option<String>,
}

/// A block that is on both sides and differs.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockChange {
    /// The block as it is after.
    pub block: Block,
    /// Fields that differ.
    pub fields: Vec<FieldChange>,
    /// Branches that differ.
    pub branches: Vec<BranchChange>,
}

/// What differs between two contents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlowDiff {
    /// The first block, where another one is first now.
    pub start: Option<BranchChange>,
    /// Fields of the flow itself, such as `Settings`.
    pub fields: Vec<FieldChange>,
    /// Blocks that are new, in the order of the flow.
    pub added: Vec<Block>,
    /// Blocks that are gone.
    pub removed: Vec<Block>,
    /// Blocks that differ.
    pub changed: Vec<BlockChange>,
    /// How many blocks were moved in the designer.
    pub layout_changed: usize,
    /// Whether the layout differs, and nothing else does.
    pub only_layout: bool,
}

impl FlowDiff {
    /// Whether nothing differs, the layout included.
    pub fn is_empty(&self) -> bool {
        !self.only_layout && !self.changes_logic() && self.layout_changed == 0
    }

    /// Whether anything differs that a caller could meet.
    pub fn changes_logic(&self) -> bool {
        self.start.is_some()
            || !self.fields.is_empty()
            || !self.added.is_empty()
            || !self.removed.is_empty()
            || !self.changed.is_empty()
    }
}

/// One side of a comparison.
struct Side<'a> {
    content: &'a Value,
    by_identifier: HashMap<&'a str, &'a Value>,
    names: BTreeMap<&'a str, String>,
}

impl<'a> Side<'a> {
    fn new(content: &'a Value) -> Self {
        let by_identifier =
            actions(content).iter().map(|action| (text_of(action, "Identifier"), action)).collect();
        Self { content, by_identifier, names: block_names(content) }
    }

    /// The name of the block that a branch leads to.
    fn name(&self, identifier: &str) -> String {
        let Some(action) = self.by_identifier.get(identifier) else { return identifier.to_owned() };
        let name = self.names.get(identifier).map_or(identifier, String::as_str);
        label(identifier, name, text_of(action, "Type"))
    }

    fn block(&self, action: &Value) -> Block {
        let (identifier, action_type) = (text_of(action, "Identifier"), text_of(action, "Type"));
        let mut values = Vec::new();
        plain_values(action.get("Parameters"), "", &mut values);
        Block {
            identifier: identifier.to_owned(),
            action_type: action_type.to_owned(),
            console_name: console_name(action_type).to_owned(),
            name: self.name(identifier),
            values,
        }
    }
}

fn plain_values(value: Option<&Value>, path: &str, out: &mut Vec<(String, String)>) {
    match value {
        Some(Value::Object(map)) => {
            for (key, value) in map {
                plain_values(Some(value), &join(path, key), out);
            }
        }
        Some(Value::String(text)) => out.push((path.to_owned(), text.clone())),
        _ => {}
    }
}

/// Compares two contents of one flow.
pub fn compare(before: &Value, after: &Value) -> FlowDiff {
    let mut diff = FlowDiff::default();
    if before == after {
        return diff;
    }
    let (old, new) = (Side::new(before), Side::new(after));
    compare_top(&old, &new, &mut diff);
    for action in actions(after) {
        match old.by_identifier.get(text_of(action, "Identifier")) {
            None => diff.added.push(new.block(action)),
            Some(earlier) if *earlier != action => {
                diff.changed.extend(compare_action(&old, &new, earlier, action));
            }
            Some(_) => {}
        }
    }
    for action in actions(before) {
        if !new.by_identifier.contains_key(text_of(action, "Identifier")) {
            diff.removed.push(old.block(action));
        }
    }
    let (old_layout, new_layout) = (before.get("Metadata"), after.get("Metadata"));
    diff.layout_changed = moved(old_layout, new_layout);
    diff.only_layout = old_layout != new_layout && !diff.changes_logic();
    diff
}

fn compare_top(old: &Side<'_>, new: &Side<'_>, diff: &mut FlowDiff) {
    let start = |side: &Side<'_>| {
        side.content.get("StartAction").and_then(Value::as_str).map(|s| side.name(s))
    };
    if old.content.get("StartAction") != new.content.get("StartAction") {
        let branch = "start".to_owned();
        diff.start = Some(BranchChange { branch, old: start(old), new: start(new) });
    }
    let apart = ["StartAction", "Actions", "Metadata"];
    for key in keys_of(old.content, new.content) {
        if !apart.contains(&key) {
            fields(old.content.get(key), new.content.get(key), key, &mut diff.fields);
        }
    }
}

fn compare_action(
    old: &Side<'_>,
    new: &Side<'_>,
    before: &Value,
    after: &Value,
) -> Option<BlockChange> {
    let mut changed = Vec::new();
    for key in keys_of(before, after) {
        let path = if key == "Parameters" { "" } else { key };
        if key != "Transitions" {
            fields(before.get(key), after.get(key), path, &mut changed);
        }
    }
    let branches = branches::compare(old, new, before, after);
    let (earlier, later) = (before.get("Transitions"), after.get("Transitions"));
    if branches.is_empty() && earlier != later {
        // The order of conditions, or something in the transitions that is not known.
        fields(earlier, later, "Transitions", &mut changed);
    }
    let block = new.block(after);
    (!changed.is_empty() || !branches.is_empty()).then_some(BlockChange {
        block,
        fields: changed,
        branches,
    })
}

fn keys_of<'a>(before: &'a Value, after: &'a Value) -> Vec<&'a str> {
    let keys = |value: &'a Value| value.as_object().into_iter().flat_map(Map::keys);
    let known = |key: &String| before.get(key).is_some();
    keys(before).chain(keys(after).filter(|key| !known(key))).map(String::as_str).collect()
}

/// Adds the fields that differ, down to plain values; lists are compared as wholes.
fn fields(before: Option<&Value>, after: Option<&Value>, path: &str, out: &mut Vec<FieldChange>) {
    if before == after {
        return;
    }
    let empty = Value::Object(Map::new());
    let maps = match (before, after) {
        (Some(a @ Value::Object(_)), Some(b @ Value::Object(_))) => Some((a, b)),
        (None, Some(b @ Value::Object(map))) if !map.is_empty() => Some((&empty, b)),
        (Some(a @ Value::Object(map)), None) if !map.is_empty() => Some((a, &empty)),
        _ => None,
    };
    let Some((a, b)) = maps else {
        let path = if path.is_empty() { "Parameters" } else { path }.to_owned();
        out.push(FieldChange { path, old: before.cloned(), new: after.cloned() });
        return;
    };
    for key in keys_of(a, b) {
        fields(a.get(key), b.get(key), &join(path, key), out);
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// How many blocks that are on both sides have another position.
fn moved(before: Option<&Value>, after: Option<&Value>) -> usize {
    let blocks = |layout| object(layout, "ActionMetadata");
    let (Some(before), Some(after)) = (before.and_then(blocks), after.and_then(blocks)) else {
        return 0;
    };
    let position = |block: &Value| block.get("position").or(block.get("Position")).cloned();
    let both = after.iter().filter_map(|(id, block)| Some((before.get(id)?, block)));
    both.filter(|(old, new)| position(old) != position(new)).count()
}

#[cfg(test)]
mod tests;
