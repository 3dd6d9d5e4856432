//! SQS: queues, and messages that come back until somebody deletes them.
//!
//! FIFO queues, attributes of messages, queue policies and the move to a dead-letter queue are deliberately absent
//! (a RedrivePolicy is kept, and nothing follows from it). Who has received what is not kept over a restart: all
//! messages are visible then, which a queue that delivers at least once may do.

mod attributes;
mod messages;

use crate::page;
use crate::request::text;
use crate::service::{Context, Failure, Outcome};
use jiff::{SignedDuration, Timestamp};
use messages::Message;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The queues of an account in a region, by name.
#[derive(Default)]
pub(crate) struct State(BTreeMap<String, Queue>);

struct Queue {
    /// Those that were set, by name; `attributes` has the defaults of others.
    attributes: BTreeMap<String, String>,
    created: Timestamp,
    changed: Timestamp,
    purged: Option<Timestamp>,
    /// In the order in which they were sent.
    messages: Vec<Message>,
}

/// Names that clients from the time of the query protocol know errors by, where they differ.
const QUERY_CODES: [(&str, &str); 12] = [
    ("AccessDeniedException", "AccessDenied"),
    ("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
    ("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"),
    ("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
    ("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"),
    ("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"),
    ("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress"),
    ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
    ("QueueNameExists", "QueueAlreadyExists"),
    ("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
    ("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"),
    ("ValidationException", "InvalidParameterValue"),
];

/// Seconds between two purges.
const PURGE: i64 = 60;

/// What the header for older clients says of an error: its name there, and whose fault it is.
pub(crate) fn query_error(failure: &Failure) -> String {
    let row = QUERY_CODES.iter().find(|(name, _)| *name == failure.name);
    let code = row.map_or(failure.name.as_str(), |row| row.1);
    format!("{code};{}", if failure.status < 500 { "Sender" } else { "Receiver" })
}

impl State {
    /// Whether a receipt waits longer: it may wait, and there is nothing to receive yet.
    pub(crate) fn waits(&self, input: &Value, since: Timestamp, now: Timestamp) -> bool {
        let Some(queue) = self.0.get(name_of(text(input, "QueueUrl"))) else { return false };
        let given = input.get("WaitTimeSeconds").and_then(Value::as_i64);
        let most = given.unwrap_or_else(|| queue.number("ReceiveMessageWaitTimeSeconds"));
        let patience = SignedDuration::from_secs(most.clamp(0, 20));
        now.duration_since(since) < patience && !queue.messages.iter().any(|m| m.is_visible(now))
    }

    /// The queue that a request names by its URL.
    fn queue(&mut self, input: &Value, context: &Context<'_>) -> Result<&mut Queue, Failure> {
        let url = text(input, "QueueUrl");
        let account = url.rsplit('/').nth(1).unwrap_or_default();
        let queue = match account == context.account.as_str() {
            true => self.0.get_mut(name_of(url)),
            // Policies of queues, which could open them to others, are absent.
            false => None,
        };
        let queue = queue.ok_or_else(unknown_queue)?;
        queue.expire(context.now);
        Ok(queue)
    }
}

/// Answers one operation.
pub(crate) fn call(
    operation: &str,
    input: &Value,
    state: &mut State,
    context: &mut Context<'_>,
) -> Outcome {
    match operation {
        "CreateQueue" => create(input, state, context),
        "GetQueueUrl" => {
            let (name, owner) = (text(input, "QueueName"), text(input, "QueueOwnerAWSAccountId"));
            let own = owner.is_empty() || owner == context.account.as_str();
            let there = own && state.0.contains_key(name);
            there.then(|| json!({ "QueueUrl": url(name, context) })).ok_or_else(unknown_queue)
        }
        "ListQueues" => list(input, state, context),
        "GetQueueAttributes" => {
            let name = name_of(text(input, "QueueUrl"));
            attributes::get(input, name, state.queue(input, context)?, context)
        }
        "SetQueueAttributes" => {
            let queue = state.queue(input, context)?;
            let set = attributes::check(input)?;
            queue.attributes.extend(set);
            queue.changed = context.now;
            Ok(Value::Null)
        }
        "PurgeQueue" => purge(state.queue(input, context)?, context.now),
        "DeleteQueue" => {
            state.queue(input, context)?;
            state.0.remove(name_of(text(input, "QueueUrl")));
            Ok(Value::Null)
        }
        "SendMessage" => messages::send(input, state.queue(input, context)?, context),
        "SendMessageBatch" => messages::send_batch(input, state.queue(input, context)?, context),
        "ReceiveMessage" => messages::receive(input, state.queue(input, context)?, context),
        "DeleteMessage" => messages::delete(input, state.queue(input, context)?),
        "DeleteMessageBatch" => messages::delete_batch(input, state.queue(input, context)?),
        "ChangeMessageVisibility" => {
            messages::change_visibility(input, state.queue(input, context)?, context.now)
        }
        _ => Err(Failure::unknown("sqs", operation)),
    }
}

impl Queue {
    /// An attribute that is a number, as it was set or as it is by default.
    fn number(&self, name: &str) -> i64 {
        let set = self.attributes.get(name).and_then(|text| text.parse().ok());
        set.unwrap_or_else(|| attributes::default(name))
    }

    /// Forgets what is older than the queue keeps.
    fn expire(&mut self, now: Timestamp) {
        let kept = SignedDuration::from_secs(self.number("MessageRetentionPeriod"));
        self.messages.retain(|message| now.duration_since(message.sent) < kept);
    }
}

fn create(input: &Value, state: &mut State, context: &Context<'_>) -> Outcome {
    let name = text(input, "QueueName");
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if name.is_empty() || name.len() > 80 || !name.chars().all(allowed) {
        let message =
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
        return Err(invalid(message));
    }
    let attributes = attributes::check(input)?;
    if let Some(known) = state.0.get(name)
        && attributes.iter().any(|(name, value)| known.shown(name).as_deref() != Some(value))
    {
        let message =
            "A queue already exists with the same name and a different value for an attribute";
        return Err(Failure::new("QueueNameExists", 400, message));
    }
    let now = context.now;
    state.0.entry(name.to_owned()).or_insert_with(|| Queue {
        attributes,
        created: now,
        changed: now,
        purged: None,
        messages: Vec::new(),
    });
    Ok(json!({ "QueueUrl": url(name, context) }))
}

fn list(input: &Value, state: &State, context: &Context<'_>) -> Outcome {
    let prefix = text(input, "QueueNamePrefix");
    let names = state.0.keys().filter(|name| name.starts_with(prefix));
    let urls: Vec<String> = names.map(|name| url(name, context)).collect();
    let size = input.get("MaxResults").and_then(Value::as_u64).unwrap_or(1000);
    if !(1..=1000).contains(&size) {
        return Err(invalid(
            "Value for parameter MaxResults is invalid. Must be between 1 and 1000",
        ));
    }
    let size = usize::try_from(size).unwrap_or(1000);
    let (page, next) = page::cut(urls, input.get("NextToken"), size, invalid)?;
    let mut answer = json!({});
    if !page.is_empty() {
        answer["QueueUrls"] = json!(page);
    }
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

fn purge(queue: &mut Queue, now: Timestamp) -> Outcome {
    let within = |at: Timestamp| now.duration_since(at) < SignedDuration::from_secs(PURGE);
    if queue.purged.is_some_and(within) {
        let message = "Only one PurgeQueue operation is allowed every 60 seconds.";
        return Err(Failure::new("PurgeQueueInProgress", 400, message));
    }
    queue.purged = Some(now);
    queue.messages.clear();
    Ok(Value::Null)
}

fn url(name: &str, context: &Context<'_>) -> String {
    format!("{}/{}/{name}", context.neighbours.origin(), context.account)
}

/// The name at the end of a queue's URL.
pub(crate) fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

fn unknown_queue() -> Failure {
    Failure::new("QueueDoesNotExist", 400, "The specified queue does not exist.")
}

fn invalid(message: &str) -> Failure {
    Failure::new("ValidationException", 400, message)
}
