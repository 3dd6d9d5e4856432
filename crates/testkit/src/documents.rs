//! Documents of a small contact center: what tests deploy where it does not matter what.

use serde_json::{Value, json};

/// Hours of operation with the name `Main line`.
pub const HOURS: &str = "\
Name: Main line
TimeZone: America/Los_Angeles
Config:
- Day: MONDAY
  StartTime: { Hours: 9, Minutes: 0 }
  EndTime: { Hours: 17, Minutes: 0 }
";

/// A flow's document: it sets a queue and hangs up.
pub fn flow(name: &str, queue: &str) -> String {
    document(name, json!({ "QueueId": queue }))
}

/// The same with other parameters of its first block.
pub fn document(name: &str, parameters: Value) -> String {
    let document = json!({
        "name": name, "type": "CONTACT_FLOW", "status": "published",
        "content": content("UpdateContactTargetQueue", parameters),
        "layout": { "entryPointPosition": { "x": 1, "y": 2 }, "ActionMetadata": {} },
    });
    format!("{document:#}\n")
}

/// Content in the flow language: one block and the end of the call.
pub fn content(action: &str, parameters: Value) -> Value {
    let errors = json!([{ "ErrorType": "NoMatchingError", "NextAction": "bye" }]);
    json!({
        "Version": "2019-10-30", "StartAction": "to queue",
        "Actions": [
            {
                "Identifier": "to queue", "Type": action, "Parameters": parameters,
                "Transitions": { "NextAction": "bye", "Errors": errors, "Conditions": [] },
            },
            {
                "Identifier": "bye", "Type": "DisconnectParticipant",
                "Parameters": {}, "Transitions": {},
            },
        ],
    })
}
