//! The attributes of queues: which there are, what they may be, and what they are when nobody set them.

use super::Queue;
use crate::service::{Context, Failure, Outcome};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Attributes that are numbers: name, smallest, largest, default.
const NUMBERS: [(&str, i64, i64, i64); 5] = [
    ("DelaySeconds", 0, 900, 0),
    ("MaximumMessageSize", 1024, 1_048_576, 1_048_576),
    ("MessageRetentionPeriod", 60, 1_209_600, 345_600),
    ("ReceiveMessageWaitTimeSeconds", 0, 20, 0),
    ("VisibilityTimeout", 0, 43_200, 30),
];

/// Attributes that are kept as they are; those that are JSON are looked at.
const TEXTS: [(&str, bool); 5] = [
    ("KmsMasterKeyId", false),
    ("Policy", true),
    ("RedriveAllowPolicy", true),
    ("RedrivePolicy", true),
    ("SqsManagedSseEnabled", false),
];

/// Attributes that are counted or made up for an answer.
const TOLD: [&str; 6] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];

/// What an attribute is when nobody set it.
pub(super) fn default(name: &str) -> i64 {
    NUMBERS.iter().find(|row| row.0 == name).map_or(0, |row| row.3)
}

/// The attributes that a request sets.
pub(super) fn check(input: &Value) -> Result<BTreeMap<String, String>, Failure> {
    let given = input.get("Attributes").and_then(Value::as_object);
    let mut checked = BTreeMap::new();
    for (name, value) in given.into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        let fits = if let Some((_, least, most, _)) = NUMBERS.iter().find(|row| row.0 == name) {
            value.parse::<i64>().is_ok_and(|number| (*least..=*most).contains(&number))
        } else if let Some((_, json)) = TEXTS.iter().find(|row| row.0 == name) {
            let parsed = || serde_json::from_str::<Value>(value).is_ok_and(|v| v.is_object());
            !json || value.is_empty() || parsed()
        } else {
            return Err(unknown(name));
        };
        if !fits {
            let message = format!("Invalid value for the parameter {name}.");
            return Err(Failure::new("InvalidAttributeValue", 400, message));
        }
        checked.insert(name.clone(), value.to_owned());
    }
    Ok(checked)
}

/// GetQueueAttributes.
pub(super) fn get(input: &Value, name: &str, queue: &Queue, context: &Context<'_>) -> Outcome {
    let wanted = input.get("AttributeNames").and_then(Value::as_array);
    let wanted: Vec<&str> = wanted.into_iter().flatten().filter_map(Value::as_str).collect();
    let numbers = NUMBERS.iter().map(|row| row.0);
    let known: Vec<&str> = numbers.chain(TEXTS.iter().map(|row| row.0)).chain(TOLD).collect();
    if let Some(other) = wanted.iter().find(|name| **name != "All" && !known.contains(name)) {
        return Err(unknown(other));
    }
    let mut found = Map::new();
    for attribute in known {
        if wanted.contains(&"All") || wanted.contains(&attribute) {
            let value = queue.shown(attribute).or_else(|| told(attribute, name, queue, context));
            found.extend(value.map(|value| (attribute.to_owned(), json!(value))));
        }
    }
    Ok(if found.is_empty() { json!({}) } else { json!({ "Attributes": found }) })
}

impl Queue {
    /// An attribute that can be set, as it is now.
    pub(super) fn shown(&self, name: &str) -> Option<String> {
        match NUMBERS.iter().any(|row| row.0 == name) {
            true => Some(self.number(name).to_string()),
            false => self.attributes.get(name).filter(|text| !text.is_empty()).cloned(),
        }
    }
}

fn told(attribute: &str, name: &str, queue: &Queue, context: &Context<'_>) -> Option<String> {
    let now = context.now;
    let (visible, hidden): (Vec<_>, Vec<_>) =
        queue.messages.iter().partition(|m| m.is_visible(now));
    let delayed = hidden.iter().filter(|message| message.is_delayed()).count();
    Some(match attribute {
        "ApproximateNumberOfMessages" => visible.len().to_string(),
        "ApproximateNumberOfMessagesDelayed" => delayed.to_string(),
        "ApproximateNumberOfMessagesNotVisible" => (hidden.len() - delayed).to_string(),
        "CreatedTimestamp" => queue.created.as_second().to_string(),
        "LastModifiedTimestamp" => queue.changed.as_second().to_string(),
        "QueueArn" => {
            let (partition, region) = (context.region.partition().as_str(), context.region);
            format!("arn:{partition}:sqs:{region}:{}:{name}", context.account)
        }
        _ => return None,
    })
}

fn unknown(name: &str) -> Failure {
    Failure::new("InvalidAttributeName", 400, format!("Unknown Attribute {name}."))
}
