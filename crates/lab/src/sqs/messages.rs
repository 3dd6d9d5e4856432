//! Messages: sent, received for a while, deleted; one by one and in batches.
//!
//! A receipt handle holds the message's id, so that a deletion means the same when the lab's log is replayed.

use super::{Queue, invalid};
use crate::request::text;
use crate::service::{Context, Failure, Outcome};
use crate::text::{base64, from_base64, hex};
use jiff::{SignedDuration, Timestamp};
use md5::{Digest, Md5};
use serde_json::{Map, Value, json};

/// A message that nobody has deleted.
pub(super) struct Message {
    id: String,
    body: String,
    sender: String,
    pub(super) sent: Timestamp,
    /// From when on it can be received.
    visible: Timestamp,
    received: u64,
    /// When it was received first.
    first: Option<Timestamp>,
}

/// Entries of a batch.
const MOST: usize = 10;
/// The largest message, and the largest batch, in bytes.
const LARGEST: i64 = 1_048_576;

impl Message {
    pub(super) fn is_visible(&self, now: Timestamp) -> bool {
        self.visible <= now
    }

    /// Whether nobody could receive it yet.
    pub(super) fn is_delayed(&self) -> bool {
        self.received == 0
    }

    /// The attributes that a receipt names.
    fn attributes(&self, wanted: &[&str]) -> Map<String, Value> {
        let milliseconds = |time: Timestamp| time.as_millisecond().to_string();
        let all = [
            ("ApproximateReceiveCount", self.received.to_string()),
            ("ApproximateFirstReceiveTimestamp", self.first.map(milliseconds).unwrap_or_default()),
            ("SenderId", self.sender.clone()),
            ("SentTimestamp", milliseconds(self.sent)),
        ];
        let wanted = |name: &str| wanted.contains(&"All") || wanted.contains(&name);
        let all = all.into_iter().filter(|(name, _)| wanted(name));
        all.map(|(name, value)| (name.to_owned(), json!(value))).collect()
    }
}

pub(super) fn send(input: &Value, queue: &mut Queue, context: &mut Context<'_>) -> Outcome {
    let body = text(input, "MessageBody");
    for member in ["MessageAttributes", "MessageSystemAttributes"] {
        if input.get(member).and_then(Value::as_object).is_some_and(|given| !given.is_empty()) {
            return Err(unsupported(member));
        }
    }
    if let Some(member) = ["MessageGroupId", "MessageDeduplicationId"]
        .into_iter()
        .find(|member| !text(input, member).is_empty())
    {
        return Err(unsupported(member));
    }
    let allowed = |c: char| "\t\n\r".contains(c) || c >= ' ' && !"\u{fffe}\u{ffff}".contains(c);
    if !body.chars().all(allowed) {
        let message = "Invalid characters in the message body.";
        return Err(Failure::new("InvalidMessageContents", 400, message));
    }
    let most = queue.number("MaximumMessageSize");
    if body.is_empty() || i64::try_from(body.len()).unwrap_or(i64::MAX) > most {
        return Err(invalid(&format!("A message must have 1 to {most} bytes.")));
    }
    let delay = input.get("DelaySeconds").and_then(Value::as_i64);
    let delay = delay.unwrap_or_else(|| queue.number("DelaySeconds"));
    if !(0..=900).contains(&delay) {
        return Err(invalid("DelaySeconds must be between 0 and 900"));
    }
    let id = context.ids.uuid();
    queue.messages.push(Message {
        id: id.clone(),
        body: body.to_owned(),
        sender: context.account.to_string(),
        sent: context.now,
        visible: context.now + SignedDuration::from_secs(delay),
        received: 0,
        first: None,
    });
    Ok(json!({ "MD5OfMessageBody": digest(body), "MessageId": id }))
}

pub(super) fn receive(input: &Value, queue: &mut Queue, context: &Context<'_>) -> Outcome {
    let number = |member: &str, least: i64, most: i64, default: i64| {
        let value = input.get(member).and_then(Value::as_i64).unwrap_or(default);
        let fits = (least..=most).contains(&value);
        let message = format!(
            "Value {value} for parameter {member} is invalid. Must be between {least} and {most}"
        );
        if fits { Ok(value) } else { Err(invalid(&message)) }
    };
    let most = number("MaxNumberOfMessages", 1, 10, 1)?;
    number("WaitTimeSeconds", 0, 20, 0)?;
    let hidden = number("VisibilityTimeout", 0, 43_200, queue.number("VisibilityTimeout"))?;
    let lists = ["AttributeNames", "MessageSystemAttributeNames"];
    let wanted = lists.iter().filter_map(|member| input.get(member)?.as_array()).flatten();
    let wanted: Vec<&str> = wanted.filter_map(Value::as_str).collect();
    let now = context.now;
    let ready = queue.messages.iter_mut().filter(|message| message.is_visible(now));
    let mut taken = Vec::new();
    for message in ready.take(usize::try_from(most).unwrap_or(1)) {
        message.received += 1;
        message.first.get_or_insert(now);
        message.visible = now + SignedDuration::from_secs(hidden);
        let handle = base64(format!("{} {}", message.id, message.received).as_bytes());
        let mut shown = json!({
            "MessageId": message.id,
            "ReceiptHandle": handle,
            "MD5OfBody": digest(&message.body),
            "Body": message.body,
        });
        let attributes = message.attributes(&wanted);
        if !attributes.is_empty() {
            shown["Attributes"] = Value::Object(attributes);
        }
        taken.push(shown);
    }
    Ok(if taken.is_empty() { json!({}) } else { json!({ "Messages": taken }) })
}

pub(super) fn delete(input: &Value, queue: &mut Queue) -> Outcome {
    let id = received(input)?;
    queue.messages.retain(|message| message.id != id);
    Ok(Value::Null)
}

pub(super) fn change_visibility(input: &Value, queue: &mut Queue, now: Timestamp) -> Outcome {
    let id = received(input)?;
    let seconds = input.get("VisibilityTimeout").and_then(Value::as_i64).unwrap_or(-1);
    if !(0..=43_200).contains(&seconds) {
        return Err(invalid("VisibilityTimeout must be between 0 and 43200"));
    }
    let in_flight = |message: &&mut Message| message.id == id && !message.is_visible(now);
    let Some(message) = queue.messages.iter_mut().find(in_flight) else {
        let text = "The message referred to is not in flight.";
        return Err(Failure::new("MessageNotInflight", 400, text));
    };
    message.visible = now + SignedDuration::from_secs(seconds);
    Ok(Value::Null)
}

pub(super) fn send_batch(input: &Value, queue: &mut Queue, context: &mut Context<'_>) -> Outcome {
    let entries = entries(input)?;
    let size: usize = entries.iter().map(|entry| text(entry, "MessageBody").len()).sum();
    if i64::try_from(size).unwrap_or(i64::MAX) > LARGEST {
        let message = format!("A batch must have at most {LARGEST} bytes.");
        return Err(Failure::new("BatchRequestTooLong", 400, message));
    }
    Ok(each(entries, |entry| send(entry, queue, context)))
}

pub(super) fn delete_batch(input: &Value, queue: &mut Queue) -> Outcome {
    Ok(each(entries(input)?, |entry| delete(entry, queue)))
}

/// The id in a receipt handle.
fn received(input: &Value) -> Result<String, Failure> {
    let handle = text(input, "ReceiptHandle");
    let bytes = from_base64(handle).and_then(|bytes| String::from_utf8(bytes).ok());
    let parts = bytes.as_deref().and_then(|plain| plain.split_once(' '));
    let id = parts.filter(|(_, number)| number.parse::<u64>().is_ok()).map(|(id, _)| id.to_owned());
    id.ok_or_else(|| {
        let message =
            format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
        Failure::new("ReceiptHandleIsInvalid", 400, message)
    })
}

/// The entries of a batch, whose ids have to be distinct.
fn entries(input: &Value) -> Result<&[Value], Failure> {
    let entries = input.get("Entries").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let refuse = |name: &str, message: &str| Err(Failure::new(name, 400, message));
    if entries.is_empty() {
        return refuse("EmptyBatchRequest", "There should be at least one entry in the request.");
    }
    if entries.len() > MOST {
        return refuse(
            "TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10.",
        );
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    for (at, entry) in entries.iter().enumerate() {
        let id = text(entry, "Id");
        if id.is_empty() || id.len() > 80 || !id.chars().all(allowed) {
            return refuse(
                "InvalidBatchEntryId",
                "A batch entry id has 1 to 80 letters, digits, - and _.",
            );
        }
        if entries[..at].iter().any(|other| text(other, "Id") == id) {
            return refuse("BatchEntryIdsNotDistinct", &format!("Id {id} repeated."));
        }
    }
    Ok(entries)
}

/// What came of each entry.
fn each(entries: &[Value], mut deed: impl FnMut(&Value) -> Outcome) -> Value {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let id = text(entry, "Id");
        match deed(entry) {
            Ok(mut answer) => {
                if answer.is_null() {
                    answer = json!({});
                }
                answer["Id"] = json!(id);
                done.push(answer);
            }
            Err(failure) => failed.push(json!({
                "Id": id, "SenderFault": true, "Code": failure.name, "Message": failure.message,
            })),
        }
    }
    json!({ "Successful": done, "Failed": failed })
}

fn unsupported(member: &str) -> Failure {
    let message = format!("the lab does not implement {member}");
    Failure::new("UnsupportedOperation", 400, message)
}

/// By which clients see that a body arrived whole.
fn digest(body: &str) -> String {
    hex(&Md5::digest(body.as_bytes()))
}
