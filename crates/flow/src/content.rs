//! A flow's content: reading it with the service's limits, its layout apart, what is known of it.
//!
//! Content stays JSON from end to end: unknown actions, numbers and nulls are kept as they are. What a
//! text in it means, and which resources exist, is known elsewhere; see `canonical` for key order.

use crate::canonical::to_compact_string;
use serde_json::{Map, Value};
use trunkline_model::{Diagnostic, Report};

/// The longest serialised content that the service takes, in characters.
pub const MAX_CHARACTERS: usize = 256_000;
/// The most actions in one flow.
pub const MAX_ACTIONS: usize = 250;

/// Reads content in the flow language and checks format and limits; a byte order mark is passed over.
pub fn parse(text: &str) -> Result<Value, Report> {
    let content = parse_json(text)?;
    check_format(&content)?;
    let problems = limit_problems(&content, Some(text));
    if problems.is_empty() { Ok(content) } else { Err(Report(problems)) }
}

/// Reads JSON of any shape; the error has line and column (TL0201).
pub fn parse_json(text: &str) -> Result<Value, Report> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let reason = message.split(" at line ").next().unwrap_or(&message).to_owned();
        let at = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Diagnostic::error("TL0201", format!("not valid JSON: {reason}"))
            .at(at(error.line()), at(error.column()))
            .report()
    })
}

/// Tells the flow language from the console's old format (TL0301) and from anything else (TL0303).
#[allow(clippy::result_large_err, reason = "it is met once, when a command is about to end")]
pub fn check_format(content: &Value) -> Result<(), Diagnostic> {
    let has = |key: &str| content.get(key).is_some();
    if content.get("modules").is_some_and(Value::is_array) && !has("Actions") {
        return Err(Diagnostic::error("TL0301", "the flow is in the console's old format")
            .because("it has `modules` and `start`, as exports before 2020 had")
            .help(
                "import it into an instance with the console's legacy import, save it, and export \
                 it again",
            ));
    }
    let wanted = ["Version", "StartAction", "Actions"];
    let missing: Vec<_> = wanted.into_iter().filter(|key| !has(key)).collect();
    if missing.is_empty() && content["Actions"].is_array() {
        return Ok(());
    }
    let reason = if missing.is_empty() {
        "`Actions` is not a list".to_owned()
    } else {
        format!("it lacks {}", missing.join(", "))
    };
    Err(Diagnostic::error("TL0303", "this is not a flow in the flow language").because(reason))
}

/// What exceeds the service's limits (TL0302): the size of the compact text, the number of actions.
///
/// `text` is a text that the content was read from, if there is one: where it is short enough, the
/// content need not be written to be measured.
pub fn limit_problems(content: &Value, text: Option<&str>) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    if text.is_none_or(|text| text.len() > MAX_CHARACTERS) {
        let size = to_compact_string(content).chars().count();
        if size > MAX_CHARACTERS {
            problems.push(too_large(size, MAX_CHARACTERS, "characters"));
        }
    }
    let actions = actions(content).len();
    if actions > MAX_ACTIONS {
        problems.push(too_large(actions, MAX_ACTIONS, "actions"));
    }
    problems
}

fn too_large(found: usize, limit: usize, what: &str) -> Diagnostic {
    Diagnostic::error("TL0302", format!("the flow has {found} {what}; the service takes {limit}"))
        .help("move a part of it into a flow module, or into a flow that it transfers to")
}

/// The actions, or none.
pub fn actions(content: &Value) -> &[Value] {
    content.get("Actions").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A text field of an action, such as `Identifier` or `Type`; empty where it is missing.
pub fn text_of<'a>(action: &'a Value, field: &str) -> &'a str {
    action.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Takes the designer's layout (`Metadata`) out of the content.
pub fn split(mut content: Value) -> (Value, Option<Value>) {
    let layout = content.as_object_mut().and_then(|map| map.shift_remove("Metadata"));
    (content, layout)
}

/// Puts the layout back; the opposite of `split` up to the position of keys.
pub fn join(mut logic: Value, layout: Option<Value>) -> Value {
    if let (Some(map), Some(layout)) = (logic.as_object_mut(), layout) {
        map.insert("Metadata".to_owned(), layout);
    }
    logic
}

/// Whether the content is a module's: modules have `Settings`, flows must not.
pub fn is_module(content: &Value) -> bool {
    content.get("Settings").is_some()
}

/// The flow type that the designer noted in the layout (`contactFlow` is `CONTACT_FLOW`).
pub fn flow_type_from_metadata(content: &Value) -> Option<&'static str> {
    flow_type(content.get("Metadata")?.get("type")?.as_str()?)
}

/// The API's spelling of a flow type in any spelling: `customerQueue`, `CUSTOMER_QUEUE`.
pub fn flow_type(text: &str) -> Option<&'static str> {
    let plain = |text: &str| text.replace(['_', '-', ' '], "").to_ascii_uppercase();
    let wanted = plain(text);
    FLOW_TYPES.iter().find(|known| plain(known) == wanted).copied()
}

/// The types of flow that the API has; `MODULE` is none of them.
pub const FLOW_TYPES: &[&str] = &[
    "CONTACT_FLOW",
    "CUSTOMER_QUEUE",
    "CUSTOMER_HOLD",
    "CUSTOMER_WHISPER",
    "AGENT_HOLD",
    "AGENT_WHISPER",
    "OUTBOUND_WHISPER",
    "AGENT_TRANSFER",
    "QUEUE_TRANSFER",
    "CAMPAIGN",
];

pub(crate) fn object<'a>(value: &'a Value, key: &str) -> Option<&'a Map<String, Value>> {
    value.get(key).and_then(Value::as_object)
}

#[cfg(test)]
mod tests;
