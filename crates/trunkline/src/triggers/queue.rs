//! Messages of SQS: EventBridge's events of CodeCommit and of S3, as they are or as SNS wraps them.
//!
//! `serve` runs one `listen` for each queue of `server.yaml`. A message is a hint, as a webhook is: it says which
//! repository to look at, and nothing that follows is taken from it. It is deleted once what follows is recorded; a
//! message that comes twice, late or in another order finds nothing new. One that nobody can read stays, for the
//! queue's redrive policy. Deliberately absent: FIFO queues, and messages that are longer than the queue hides them.

use super::look::{Cause, Found, Triggers};
pub(crate) use super::settings::Queue;
use super::{decide, look};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use trunkline_aws::{Aws, Client, Options, Role};
use trunkline_center::{Call, CallError, Cloud as _};
use trunkline_engine::Command;
use trunkline_engine::event::{TriggerKind, TriggerRef};
use trunkline_model::{Diagnostic, Region, Report};

/// Seconds that a receipt waits for a message: the most that SQS allows.
const WAIT: u32 = 20;
/// Seconds between attempts at a queue that cannot be read: they double up to the second of these.
const PAUSES: (u64, u64) = (1, 60);
/// Messages that cannot be read and were told of; beyond that they may be told of again.
const REMEMBERED: usize = 1000;

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    /// A reference of a repository moved, to there or away.
    Moved { repository: String, reference: String, after: Option<String> },
    /// An object was written. Sequencers of one key are in the order of its writes.
    Written { bucket: String, key: String, sequencer: String },
    /// Something that starts nothing.
    Nothing(String),
}

/// Told of what happens: what a look found, or what went wrong.
pub(crate) type Say = Box<dyn Fn(Result<Found, Report>) + Send + Sync>;

/// What was told of already, so that what goes on being wrong is told once.
#[derive(Default)]
struct Noted {
    /// Messages, by their ids.
    messages: BTreeSet<String>,
    /// What is wrong with a repository, a bucket or the queue itself.
    troubles: BTreeMap<String, String>,
}

/// A queue that can be read.
struct Line {
    client: Client,
    url: String,
}

/// Reads a queue for as long as it is polled; `aws` makes the connections.
pub(crate) async fn listen(queue: Queue, aws: Aws, triggers: Arc<Triggers>, say: Say) {
    let mut noted = Noted::default();
    let mut line = None;
    let mut pause = PAUSES.0;
    loop {
        match hear(&queue, &aws, &triggers, &mut line, &mut noted, &say).await {
            Ok(()) => {
                pause = PAUSES.0;
                // When it cannot be read again, that is told anew.
                noted.troubles.remove("");
            }
            Err(error) => {
                let report = unreadable(&queue, &error);
                noted.trouble("", report, &say);
                line = None;
                tokio::time::sleep(Duration::from_secs(pause)).await;
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }
}

/// The region of a queue: as it says, or as its URL has it. An error says what is wrong with the queue's settings.
pub(super) fn region(queue: &Queue) -> Result<Region, String> {
    if queue.name.is_some() == queue.url.is_some() {
        return Err("a queue has one of `name` and `url`".to_owned());
    }
    let host = queue.url.as_deref().and_then(|url| url.split_once("://sqs.")).map(|(_, host)| host);
    let told = queue.region.as_deref().or_else(|| host?.split('.').next());
    let told = told.ok_or("a queue has a `region`, unless its URL is one of AWS")?;
    Region::parse(told).map_err(|error| error.to_string())
}

async fn connect(queue: &Queue, aws: &Aws) -> Result<Line, CallError> {
    let region = region(queue).expect("the settings were checked when they were read");
    let roles = queue.role.iter().map(|arn| Role::new(arn.as_str(), "trunkline-serve")).collect();
    let client = aws.client(Options { roles, ..Options::new(region) }).await?;
    let url = match (&queue.url, &queue.name) {
        (Some(url), _) => url.clone(),
        (None, name) => {
            let call = Call::new("sqs", "GetQueueUrl", json!({ "QueueName": name }));
            let answer = client.call(call).await?;
            answer.output["QueueUrl"].as_str().unwrap_or_default().to_owned()
        }
    };
    Ok(Line { client, url })
}

/// Receives once, waiting for messages where there are none, and does what they ask for.
async fn hear(
    queue: &Queue,
    aws: &Aws,
    triggers: &Triggers,
    line: &mut Option<Line>,
    noted: &mut Noted,
    say: &Say,
) -> Result<(), CallError> {
    let line = match line {
        Some(line) => line,
        None => line.insert(connect(queue, aws).await?),
    };
    let input = json!({
        "QueueUrl": line.url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": WAIT,
    });
    let answer = line.client.call(Call::new("sqs", "ReceiveMessage", input)).await?.output;
    let messages = answer["Messages"].as_array().map_or(&[][..], Vec::as_slice);
    let mut moved: BTreeMap<String, Vec<(String, Option<String>)>> = BTreeMap::new();
    let mut handles: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for message in messages {
        let text = |member: &str| message[member].as_str().unwrap_or_default();
        let handle = text("ReceiptHandle");
        match read(text("Body")) {
            Err(why) => noted.message(text("MessageId"), queue, &why, say),
            Ok(Heard::Nothing(why)) => {
                say(Ok(Found { notes: vec![why], ..Found::default() }));
                line.delete(handle).await?;
            }
            Ok(Heard::Moved { repository, reference, after }) => {
                moved.entry(repository.clone()).or_default().push((reference, after));
                handles.entry(repository).or_default().push(handle);
            }
            Ok(Heard::Written { bucket, key, sequencer }) => {
                let written = triggers.object_written(&bucket, &key, &sequencer, say).await;
                if noted.done(&format!("s3://{bucket}/{key}"), written, say) {
                    line.delete(handle).await?;
                }
            }
        }
    }
    for (repository, told) in moved {
        let looked = match triggers.repositories().contains(&repository) {
            true => triggers.look(&repository, Cause::Webhook, &told).await,
            false => {
                let note = format!("no pipeline reads the repository `{repository}`");
                Ok(Found { notes: vec![note], ..Found::default() })
            }
        };
        if noted.done(&repository, looked, say) {
            for handle in handles.get(&repository).into_iter().flatten() {
                line.delete(handle).await?;
            }
        }
    }
    Ok(())
}

impl Line {
    async fn delete(&self, handle: &str) -> Result<(), CallError> {
        let input = json!({ "QueueUrl": self.url, "ReceiptHandle": handle });
        self.client.call(Call::new("sqs", "DeleteMessage", input)).await.map(drop)
    }
}

impl Noted {
    /// Whether the message behind a result can go; tells what was found, and what is wrong where that is new.
    fn done(&mut self, subject: &str, result: Result<Found, Report>, say: &Say) -> bool {
        match result {
            Ok(found) => {
                self.troubles.remove(subject);
                say(Ok(found));
                true
            }
            Err(report) => {
                self.trouble(subject, report, say);
                false
            }
        }
    }

    fn trouble(&mut self, subject: &str, report: Report, say: &Say) {
        let text = report.to_string();
        if self.troubles.insert(subject.to_owned(), text.clone()).as_ref() != Some(&text) {
            say(Err(report));
        }
    }

    /// Tells once of a message that cannot be read.
    fn message(&mut self, id: &str, queue: &Queue, why: &str, say: &Say) {
        if self.messages.len() >= REMEMBERED {
            self.messages.clear();
        }
        if self.messages.insert(id.to_owned()) {
            let message = format!("a message of the queue `{queue}` cannot be read");
            let found = Diagnostic::error("TL0741", message).on(format!("message {id}"));
            say(Err(found.because(why).report()));
        }
    }
}

impl Triggers {
    /// Starts the pipelines that take an object as their source, unless it was written again since. The source
    /// takes what is there when it runs.
    async fn object_written(
        &self,
        bucket: &str,
        key: &str,
        sequencer: &str,
        say: &Say,
    ) -> Result<Found, Report> {
        let place = format!("s3://{bucket}");
        let lock = self.lock(&place);
        let _held = lock.lock().await;
        let off = self.starter.switched_off();
        let (mut found, mut failed) = (Found::default(), None);
        for defined in self.starter.definitions().pipelines.values() {
            let pipeline = &defined.pipeline;
            if !decide::reads_object(pipeline, bucket, key) {
                continue;
            }
            let note =
                |why: &str| format!("{} is not started by {place}/{key}: {why}", pipeline.name);
            let seen = self.store.head(&pipeline.name, &place, key);
            let seen = seen.map_err(|error| self.unreadable(&error))?;
            if seen.is_some_and(|head| !is_later(sequencer, &head.revision)) {
                found.notes.push(note("it was started from this or a later state"));
                continue;
            }
            if let Some(why) = decide::switched_off(pipeline, &off) {
                found.notes.push(note(&why));
            } else {
                let token = [&place, key, sequencer].join("\n");
                let trigger = TriggerRef {
                    kind: TriggerKind::CloudWatchEvent,
                    detail: format!("{place}/{key} {}", look::short(sequencer)),
                };
                let command = Command::Start {
                    trigger,
                    variables: BTreeMap::new(),
                    source_revisions: Vec::new(),
                    client_request_token: Some(trunkline_center::state::version_of(
                        token.as_bytes(),
                    )),
                };
                match self.starter.start(&pipeline.name, command).await {
                    Ok(execution) => found.started.push((pipeline.name.clone(), execution)),
                    // The message comes again; the other pipelines do not wait for that.
                    Err(report) => {
                        failed = Some(report);
                        continue;
                    }
                }
            }
            self.remember(&pipeline.name, &place, key, sequencer)?;
        }
        match failed {
            None => Ok(found),
            Some(report) => {
                say(Ok(found));
                Err(report)
            }
        }
    }
}

/// Whether the first of two sequencers is of a later write: as hex digits of one length, the shorter one filled up
/// at its end.
fn is_later(one: &str, other: &str) -> bool {
    let length = one.len().max(other.len());
    let filled = |text: &str| format!("{text:0<length$}").to_ascii_lowercase();
    filled(one) > filled(other)
}

/// What the body of a message says; an error is the reason why it cannot be read.
fn read(body: &str) -> Result<Heard, String> {
    let event: Value =
        serde_json::from_str(body).map_err(|error| format!("it is no JSON: {error}"))?;
    if event["Type"] == "Notification"
        && let Some(inner) = event["Message"].as_str()
    {
        let inner: Value = serde_json::from_str(inner)
            .map_err(|error| format!("what SNS wrapped is no JSON: {error}"))?;
        return of_event(&inner);
    }
    of_event(&event)
}

fn of_event(event: &Value) -> Result<Heard, String> {
    let kind = event["detail-type"].as_str().ok_or("it is no event of EventBridge")?;
    let text = |path: &str| {
        let found = event.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
        found.map(str::to_owned).ok_or_else(|| format!("the event has no {path}"))
    };
    let nothing = |what: &str| Ok(Heard::Nothing(format!("an event starts nothing: {what}")));
    match kind {
        "CodeCommit Repository State Change" => {
            let change = text("/detail/event")?;
            let after = match change.as_str() {
                "referenceCreated" | "referenceUpdated" => Some(text("/detail/commitId")?),
                "referenceDeleted" => None,
                other => return nothing(other),
            };
            let folder = match text("/detail/referenceType")?.as_str() {
                "branch" => "heads",
                "tag" => "tags",
                other => return nothing(other),
            };
            let reference = format!("refs/{folder}/{}", text("/detail/referenceName")?);
            Ok(Heard::Moved { repository: text("/detail/repositoryName")?, reference, after })
        }
        "Object Created" => Ok(Heard::Written {
            bucket: text("/detail/bucket/name")?,
            key: text("/detail/object/key")?,
            sequencer: text("/detail/object/sequencer")?,
        }),
        other => nothing(other),
    }
}

fn unreadable(queue: &Queue, error: &CallError) -> Report {
    Diagnostic::error("TL0740", format!("the queue `{queue}` cannot be read"))
        .because(error.to_string())
        .report()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codecommit(detail: Value) -> Value {
        json!({ "version": "0", "id": "e", "source": "aws.codecommit", "account": "111122223333",
            "detail-type": "CodeCommit Repository State Change", "detail": detail })
    }

    fn moved(reference: &str, after: Option<&str>) -> Result<Heard, String> {
        let (repository, reference) = ("acme".to_owned(), reference.to_owned());
        Ok(Heard::Moved { repository, reference, after: after.map(str::to_owned) })
    }

    #[test]
    fn events_of_codecommit_name_a_reference_that_moved() {
        for (event, kind, name, expected) in [
            ("referenceCreated", "branch", "feature/a", moved("refs/heads/feature/a", Some("c1"))),
            ("referenceUpdated", "branch", "main", moved("refs/heads/main", Some("c1"))),
            ("referenceDeleted", "tag", "v1", moved("refs/tags/v1", None)),
        ] {
            let detail = json!({ "event": event, "repositoryName": "acme", "referenceType": kind,
                "referenceName": name, "commitId": "c1", "oldCommitId": "c0" });
            let event = codecommit(detail);
            assert_eq!(read(&event.to_string()), expected, "{event}");
            let wrapped = json!({ "Type": "Notification", "Message": event.to_string() });
            assert_eq!(read(&wrapped.to_string()), expected, "by SNS: {event}");
        }
    }

    #[test]
    fn an_event_of_s3_names_the_object() {
        let event = json!({ "detail-type": "Object Created", "source": "aws.s3", "detail": {
            "bucket": { "name": "code" }, "object": { "key": "a b.zip", "sequencer": "0062" } } });
        let (bucket, key) = ("code".to_owned(), "a b.zip".to_owned());
        let expected = Heard::Written { bucket, key, sequencer: "0062".to_owned() };
        assert_eq!(read(&event.to_string()), Ok(expected));
    }

    #[test]
    fn other_events_start_nothing_and_what_is_no_event_cannot_be_read() {
        let check = |body: &str, readable: bool| {
            let found = read(body);
            let nothing = matches!(found, Ok(Heard::Nothing(_)));
            assert_eq!((nothing, found.is_ok()), (readable, readable), "{body}: {found:?}");
        };
        let pull = json!({ "detail-type": "CodeCommit Pull Request State Change", "detail": {} });
        check(&pull.to_string(), true);
        let merged = json!({ "event": "unreferencedMergeCommitCreated", "repositoryName": "acme" });
        check(&codecommit(merged).to_string(), true);
        check("not JSON", false);
        check("[]", false);
        check("{\"Service\": \"Amazon S3\", \"Event\": \"s3:TestEvent\"}", false);
        check("{\"Type\": \"Notification\", \"Message\": \"hello\"}", false);
        let partial = json!({ "event": "referenceUpdated", "repositoryName": "acme",
            "referenceType": "branch", "referenceName": "main" });
        check(&codecommit(partial).to_string(), false);
    }

    #[test]
    fn sequencers_tell_which_write_was_later() {
        for (one, other, later) in [
            ("0055AED6DCD90281E6", "0055AED6DCD90281E5", true),
            ("0055AED6DCD90281E5", "0055AED6DCD90281E5", false),
            ("0055AED6DCD90281E5", "0055aed6dcd90281e500", false),
            ("01", "00FF", true),
        ] {
            assert_eq!(is_later(one, other), later, "{one} {other}");
        }
    }

    #[test]
    fn what_goes_on_being_wrong_is_told_once() {
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = count.clone();
        let say: Say = Box::new(move |_| {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        });
        let told = || count.swap(0, std::sync::atomic::Ordering::Relaxed);
        let queue = Queue { name: Some("events".to_owned()), ..Queue::default() };
        let mut noted = Noted::default();
        for _ in 0..3 {
            noted.message("m1", &queue, "it is no JSON", &say);
        }
        noted.message("m2", &queue, "it is no JSON", &say);
        assert_eq!(told(), 2, "each message once");
        let wrong = |why: &str| Err(Diagnostic::error("TL0895", why).report());
        assert!(!noted.done("acme", wrong("a"), &say) && !noted.done("acme", wrong("a"), &say));
        assert!(!noted.done("acme", wrong("b"), &say));
        assert_eq!(told(), 2, "each reason once");
        assert!(noted.done("acme", Ok(Found::default()), &say));
        assert!(!noted.done("acme", wrong("b"), &say));
        assert_eq!(told(), 2, "what was well in between is told anew");
    }

    #[test]
    fn a_queue_has_a_name_or_a_url_and_a_region() {
        let queue = |name: &str, url: &str, region: &str| {
            let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let queue =
                Queue { name: given(name), url: given(url), region: given(region), role: None };
            super::region(&queue).map(|region| region.as_str().to_owned()).ok()
        };
        let url = "https://sqs.eu-west-1.amazonaws.com/111122223333/events";
        assert_eq!(queue("events", "", "us-west-2").as_deref(), Some("us-west-2"));
        assert_eq!(queue("", url, "").as_deref(), Some("eu-west-1"));
        assert_eq!(queue("events", "", ""), None);
        assert_eq!(queue("events", url, "us-west-2"), None);
        assert_eq!(queue("", "http://127.0.0.1:4566/111122223333/events", ""), None);
    }
}
