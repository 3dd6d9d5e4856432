//! Says a problem text with the block's name instead of its number, for people.

use crate::blocks::{block_names, label};
use crate::content::{actions, text_of};
use serde_json::Value;

/// Puts the block before the problem: `block "Main menu" (GetParticipantInput): ...`.
///
/// The service counts actions from 0 in the order of `content`; a text that names none stays as it is.
pub fn explain(problem: &str, content: &Value) -> String {
    let Some(action) = index_of(problem).and_then(|index| actions(content).get(index)) else {
        return problem.to_owned();
    };
    let (identifier, kind) = (text_of(action, "Identifier"), text_of(action, "Type"));
    let names = block_names(content);
    let name = names.get(identifier).map_or(identifier, String::as_str);
    let label = label(identifier, name, kind);
    format!("block \"{label}\" ({kind}): {problem}")
}

/// The number in `Actions[3]` or in `Path: 3.Evaluate`.
fn index_of(problem: &str) -> Option<usize> {
    let mut starts = ["Actions[", "Path: "].iter();
    let rest = starts.find_map(|mark| problem.split_once(*mark).map(|(_, rest)| rest))?;
    rest[..rest.find(|c: char| !c.is_ascii_digit())?].parse().ok()
}
