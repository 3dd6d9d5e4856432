//! A comparison as lines of text: block, then field and branch, with `+`, `-` and `~`.

use super::{Block, BranchChange, FieldChange, FlowDiff};
use serde_json::Value;

const LONGEST_VALUE: usize = 60;

/// The lines of a comparison, without indentation of the first level; empty where nothing differs.
pub fn lines(diff: &FlowDiff) -> Vec<String> {
    let mut out = Vec::new();
    out.extend(diff.start.iter().map(branch));
    out.extend(diff.fields.iter().map(field));
    for change in &diff.changed {
        out.push(format!("~ {}", title(&change.block)));
        out.extend(change.fields.iter().map(|change| format!("    {}", field(change))));
        out.extend(change.branches.iter().map(|change| format!("    {}", branch(change))));
    }
    out.extend(diff.added.iter().map(|block| format!("+ {}{}", title(block), summary(block))));
    out.extend(diff.removed.iter().map(|block| format!("- {}", title(block))));
    if diff.only_layout {
        out.push(layout(diff.layout_changed));
    }
    out
}

fn layout(moved: usize) -> String {
    match moved {
        0 => "layout only".to_owned(),
        1 => "layout only (1 block moved)".to_owned(),
        _ => format!("layout only ({moved} blocks moved)"),
    }
}

/// `Main menu (Get customer input)`; blocks without a name have the kind in it already.
fn title(block: &Block) -> String {
    if block.name.starts_with(&block.console_name) {
        block.name.clone()
    } else {
        format!("{} ({})", block.name, block.console_name)
    }
}

/// The first value of a new block, to tell it by.
fn summary(block: &Block) -> String {
    let first = block.values.first();
    first.map_or(String::new(), |(path, text)| format!("   {path}: {}", shorten(text)))
}

fn field(change: &FieldChange) -> String {
    let FieldChange { path, old, new } = change;
    match (old, new) {
        (None, Some(new)) => format!("+ {path}   {}", show(new)),
        (Some(old), None) => format!("- {path}   {}", show(old)),
        (old, new) => {
            let show = |value: &Option<Value>| value.as_ref().map(show).unwrap_or_default();
            format!("~ {path}   {}  ->  {}", show(old), show(new))
        }
    }
}

fn branch(change: &BranchChange) -> String {
    let BranchChange { branch, old, new } = change;
    match (old, new) {
        (None, Some(new)) => format!("+ {branch}   -> {new}"),
        (Some(old), None) => format!("- {branch}   -> {old}"),
        (old, new) => {
            let show = |target: &Option<String>| target.clone().unwrap_or_default();
            format!("~ {branch}   -> {}  (was -> {})", show(new), show(old))
        }
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", shorten(text)),
        other => shorten(&other.to_string()),
    }
}

/// One line, not too long.
fn shorten(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= LONGEST_VALUE {
        return line;
    }
    let head: String = line.chars().take(LONGEST_VALUE - 3).collect();
    format!("{head}...")
}
