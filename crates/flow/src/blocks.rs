//! What people call an action: the designer's names of blocks, and the names that people gave.
//!
//! In an export, `isFriendlyName` in the layout says that a person named the block: its identifier is
//! then that name. Other blocks have UUIDs, which say nothing; those are told by kind and first digits.

use crate::content::{actions, object, text_of};
use crate::find::is_uuid;
use crate::validate::action_rule;
use serde_json::Value;
use std::collections::BTreeMap;

/// The designer's name of a type of action, such as `Get customer input`; unknown types name themselves.
pub fn console_name(action_type: &str) -> &str {
    action_rule(action_type).map_or(action_type, |rule| rule.console_name)
}

/// The names of all blocks by identifier: a name that a person gave, else the identifier itself.
pub fn block_names(content: &Value) -> BTreeMap<&str, String> {
    let layout = content.get("Metadata").and_then(|layout| object(layout, "ActionMetadata"));
    let named = |identifier: &str| {
        let block = layout?.get(identifier)?;
        let name =
            ["friendlyName", "FriendlyName", "name"].iter().find_map(|key| block.get(key))?;
        (block.get("isFriendlyName") == Some(&Value::Bool(true))).then(|| name.as_str()).flatten()
    };
    let identifiers = actions(content).iter().map(|action| text_of(action, "Identifier"));
    identifiers.map(|id| (id, named(id).unwrap_or(id).to_owned())).collect()
}

/// One block for a reader: `Main menu`, or `Play prompt 6c4b0d2e` where nobody named it.
pub fn label(identifier: &str, name: &str, action_type: &str) -> String {
    if is_uuid(name) {
        format!("{} {}", console_name(action_type), &identifier[..8.min(identifier.len())])
    } else {
        name.to_owned()
    }
}
