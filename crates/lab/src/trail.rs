//! CloudTrail's event history: every write that succeeded, as LookupEvents shows it.
//!
//! Objects of S3 and messages of SQS are left out, as in the service (they are data, not management). Failed calls, reads, trails and
//! CloudTrail Lake are deliberately absent. What the event says in detail is `record`'s.

mod record;

use crate::ids::Seeded;
use crate::request::{Request, text};
use crate::service::{Context, Failure, Ids as _, Outcome};
use crate::text::epoch;
use crate::world::Terms;
use jiff::Timestamp;
use record::Record;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use trunkline_model::{AccountId, Region};

/// The events of every account and region, oldest first.
#[derive(Default)]
pub(crate) struct State {
    events: BTreeMap<(AccountId, Region), VecDeque<Record>>,
    /// The number of the last event.
    last: u64,
}

/// The history of one account and region holds at most so many events; the service's holds 90 days.
const MOST: usize = 20_000;

/// Operations that are data events, which LookupEvents does not show.
const DATA: [(&str, &str); 6] = [
    ("s3", "PutObject"),
    ("s3", "DeleteObject"),
    ("sqs", "DeleteMessage"),
    ("sqs", "DeleteMessageBatch"),
    ("sqs", "SendMessage"),
    ("sqs", "SendMessageBatch"),
];

/// Services whose events all stand in one region.
const GLOBAL: &str = "us-east-1";

impl State {
    /// Keeps a write that succeeded.
    pub(crate) fn note(&mut self, request: &Request, answer: &Value, terms: &Terms<'_>) {
        if DATA.contains(&(request.service.as_str(), request.operation.as_str())) {
            return;
        }
        self.last += 1;
        let region = match request.service.as_str() {
            "iam" => Region::parse(GLOBAL).expect("us-east-1 is a region"),
            _ => request.region.clone(),
        };
        // Another stream of ids than the operation's own.
        let mut ids = Seeded::new(terms.seed ^ 0x7261_696C);
        let record = Record::of(request, answer, (self.last, terms.now), (ids.uuid(), ids.uuid()));
        let events = self.events.entry((request.account.clone(), region)).or_default();
        events.push_back(record);
        if events.len() > MOST {
            events.pop_front();
        }
    }
}

/// Answers one operation.
pub(crate) fn call(
    operation: &str,
    input: &Value,
    state: &State,
    context: &Context<'_>,
) -> Outcome {
    match operation {
        "LookupEvents" => lookup(input, state, context),
        _ => Err(Failure::unknown("cloudtrail", operation)),
    }
}

fn lookup(input: &Value, state: &State, context: &Context<'_>) -> Outcome {
    let wanted = attribute(input)?;
    let (start, end) = (time(input, "StartTime"), time(input, "EndTime"));
    if matches!((start, end), (Some(start), Some(end)) if start > end) {
        let message = "The start time must be before the end time.";
        return Err(Failure::new("InvalidTimeRangeException", 400, message));
    }
    if input.get("EventCategory").is_some() {
        let message = "the lab has no insights events";
        return Err(Failure::new("InvalidEventCategoryException", 400, message));
    }
    let size = input.get("MaxResults").and_then(Value::as_u64).unwrap_or(50);
    if !(1..=50).contains(&size) {
        let message = "A maximum of 50 results can be returned.";
        return Err(Failure::new("InvalidMaxResultsException", 400, message));
    }
    let before = before(input)?;
    let place = (context.account.clone(), context.region.clone());
    let none = VecDeque::new();
    let events = state.events.get(&place).unwrap_or(&none).iter().rev();
    let seconds = |time: Timestamp| time.as_millisecond() as f64 / 1000.0;
    let now = seconds(context.now);
    let lag = context.settings.trail_lag_seconds;
    let mut found = events.filter(|event| {
        let at = seconds(event.time);
        event.number < before
            && at + lag <= now
            && start.is_none_or(|start| at >= start)
            && end.is_none_or(|end| at <= end)
            && wanted.is_none_or(|(key, value)| event.has(key, value))
    });
    let size = usize::try_from(size).unwrap_or(50);
    let page: Vec<&Record> = found.by_ref().take(size).collect();
    let more = found.next().is_some();
    let shown: Vec<Value> = page.iter().map(|event| shown(event)).collect();
    let mut answer = json!({ "Events": shown });
    if let (true, Some(last)) = (more, page.last()) {
        answer["NextToken"] = json!(last.number.to_string());
    }
    Ok(answer)
}

fn shown(event: &Record) -> Value {
    json!({
        "EventId": event.id,
        "EventName": event.name,
        "ReadOnly": "false",
        "EventTime": epoch(event.time),
        "EventSource": event.source,
        "Username": event.user,
        "Resources": event.resources,
        "CloudTrailEvent": event.document().to_string(),
    })
}

/// The one attribute that a lookup may name.
fn attribute(input: &Value) -> Result<Option<(&str, &str)>, Failure> {
    let all =
        input.get("LookupAttributes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let (first, rest) = match all {
        [] => return Ok(None),
        [first, rest @ ..] => (first, rest),
    };
    let (key, value) = (text(first, "AttributeKey"), text(first, "AttributeValue"));
    if !rest.is_empty() || value.is_empty() || !record::ATTRIBUTES.contains(&key) {
        let message = "You can specify one lookup attribute, with a key that is known and a value.";
        return Err(Failure::new("InvalidLookupAttributesException", 400, message));
    }
    Ok(Some((key, value)))
}

fn time(input: &Value, member: &str) -> Option<f64> {
    input.get(member).and_then(Value::as_f64)
}

/// The number that the next page stays below.
fn before(input: &Value) -> Result<u64, Failure> {
    let token = text(input, "NextToken");
    let refused = || Failure::new("InvalidNextTokenException", 400, "The token is not valid.");
    if token.is_empty() { Ok(u64::MAX) } else { token.parse().map_err(|_| refused()) }
}
