//! Messages of SQS: EventBridge's events of CodeCommit and of S3, as they are or as SNS wraps them.
//!
//! `serve` runs one `listen` for each queue of `server.yaml`. A message is a hint, as a webhook is: it says which
//! repository to look at, and nothing that follows is taken from it. It is deleted once what follows is recorded; a
//! message that comes twice, late or in another order finds nothing new. One that nobody can read stays, for the
//! queue's redrive policy. Deliberately absent: FIFO queues, and messages that are longer than the queue hides them.

mod events;

use super::look::{Cause, Found, Triggers};
pub(crate) use super::settings::Queue;
use super::{decide, look};
use events::{Heard, read};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use trunkline_aws::{Aws, Client, Options, Role};
use trunkline_center::{Call, CallError, Cloud as _};
use trunkline_engine::event::{TriggerKind, TriggerRef};
use trunkline_model::{Diagnostic, Region, Report};
use trunkline_web::Boxed;

/// Seconds that a receipt waits for a message: the most that SQS allows.
const WAIT: u32 = 20;
/// Seconds between attempts at a queue that cannot be read: they double up to the second of these.
const PAUSES: (u64, u64) = (1, 60);
/// Messages that cannot be read and were told of; beyond that they may be told of again.
const REMEMBERED: usize = 1000;
/// Messages of one repository that wait while it is looked at.
const MOST: usize = 100;
/// What can go wrong with the queue itself.
const READING: &str = "reading the queue";
const DELETING: &str = "deleting messages";

/// Told of what happens: what a look found, or what went wrong.
pub(crate) type Say = Box<dyn Fn(Result<Found, Report>) + Send + Sync>;

/// What reads one queue.
struct Reader {
    queue: Queue,
    triggers: Arc<Triggers>,
    say: Say,
    noted: Mutex<Noted>,
    /// What is still to be followed, by repository. One that stands here is being looked at.
    waiting: Mutex<BTreeMap<String, Vec<Told>>>,
}

/// A reference that a message tells of, and the receipt handle by which the message is deleted.
struct Told {
    moved: (String, Option<String>),
    handle: String,
}

/// What was told of already, so that what goes on being wrong is told once.
#[derive(Default)]
struct Noted {
    /// Messages, by their ids.
    messages: BTreeSet<String>,
    /// What is wrong with a repository, an object, or the queue itself.
    troubles: BTreeMap<String, String>,
}

/// A queue that can be read.
struct Line {
    client: Client,
    url: String,
}

/// Reads a queue for as long as it is polled; `aws` makes the connections.
pub(crate) async fn listen(queue: Queue, aws: Aws, triggers: Arc<Triggers>, say: Say) {
    let (noted, waiting) = (Mutex::default(), Mutex::default());
    let reader = Arc::new(Reader { queue, triggers, say, noted, waiting });
    let (mut line, mut pause) = (None, PAUSES.0);
    let mut looking = JoinSet::new();
    loop {
        while looking.try_join_next().is_some() {}
        match reader.hear(&aws, &mut line, &mut looking).await {
            Ok(()) => {
                pause = PAUSES.0;
                reader.well(READING);
            }
            Err(error) => {
                reader.wrong(READING, reader.unreadable(&error));
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

impl Reader {
    /// Receives once, waiting for messages where there are none, and begins what they ask for.
    async fn hear(
        self: &Arc<Self>,
        aws: &Aws,
        line: &mut Option<Arc<Line>>,
        looking: &mut JoinSet<()>,
    ) -> Result<(), CallError> {
        let line = match line {
            Some(line) => line,
            None => line.insert(Arc::new(connect(&self.queue, aws).await?)),
        };
        let input = json!({
            "QueueUrl": line.url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": WAIT,
        });
        let answer = line.client.call(Call::new("sqs", "ReceiveMessage", input)).await?.output;
        let mut begun = Vec::new();
        for message in answer["Messages"].as_array().into_iter().flatten() {
            let text = |member: &str| message[member].as_str().unwrap_or_default();
            let handle = text("ReceiptHandle");
            match read(text("Body")) {
                Err(why) => self.garbled(text("MessageId"), &why),
                Ok(Heard::Nothing(why)) => {
                    self.done("", Ok(Found { notes: vec![why], ..Found::default() }));
                    self.delete(line, handle).await;
                }
                Ok(Heard::Moved { repository, reference, after }) => {
                    let mut waiting = held(&self.waiting);
                    let told = waiting.entry(repository.clone()).or_insert_with(|| {
                        begun.push(repository);
                        Vec::new()
                    });
                    // What is too much comes again, when the queue does not hide it any longer.
                    if told.len() < MOST {
                        let handle = handle.to_owned();
                        told.push(Told { moved: (reference, after), handle });
                    }
                }
                Ok(Heard::Written { bucket, key, sequencer }) => {
                    let written = self.triggers.object_written(&bucket, &key, &sequencer);
                    let (found, failed) =
                        written.await.unwrap_or_else(|r| (Found::default(), Some(r)));
                    (self.say)(Ok(found));
                    let result = failed.map_or_else(|| Ok(Found::default()), Err);
                    if self.done(&format!("s3://{bucket}/{key}"), result) {
                        self.delete(line, handle).await;
                    }
                }
            }
        }
        for repository in begun {
            // Each by itself: one whose remote hangs keeps no message of another one waiting.
            let follow: Boxed<'_, ()> = Box::pin(self.clone().follow(line.clone(), repository));
            looking.spawn(follow);
        }
        Ok(())
    }

    /// Looks at a repository until nothing more is told of it.
    async fn follow(self: Arc<Self>, line: Arc<Line>, repository: String) {
        let _guard = Followed { waiting: &self.waiting, repository: &repository };
        loop {
            let told = {
                let mut waiting = held(&self.waiting);
                let told = waiting.get_mut(&repository).map(std::mem::take).unwrap_or_default();
                if told.is_empty() {
                    waiting.remove(&repository);
                    return;
                }
                told
            };
            let looked = match self.triggers.repositories().contains(&repository) {
                true => {
                    let moved: Vec<_> = told.iter().map(|told| told.moved.clone()).collect();
                    self.triggers.look(&repository, Cause::Webhook, &moved).await
                }
                false => {
                    let note = format!("no pipeline reads the repository `{repository}`");
                    Ok(Found { notes: vec![note], ..Found::default() })
                }
            };
            if self.done(&repository, looked) {
                for told in &told {
                    self.delete(&line, &told.handle).await;
                }
            }
        }
    }

    /// Deletes a message. One that cannot be deleted comes again, and finds nothing new.
    async fn delete(&self, line: &Line, handle: &str) {
        let input = json!({ "QueueUrl": line.url, "ReceiptHandle": handle });
        match line.client.call(Call::new("sqs", "DeleteMessage", input)).await {
            Ok(_) => self.well(DELETING),
            Err(error) => self.wrong(DELETING, self.unreadable(&error)),
        }
    }

    /// Whether the message behind a result can go; tells what was found, and what is wrong where that is new.
    fn done(&self, subject: &str, result: Result<Found, Report>) -> bool {
        match result {
            Ok(found) => {
                self.well(subject);
                (self.say)(Ok(found));
                true
            }
            Err(report) => {
                self.wrong(subject, report);
                false
            }
        }
    }

    fn well(&self, subject: &str) {
        held(&self.noted).troubles.remove(subject);
    }

    fn wrong(&self, subject: &str, report: Report) {
        let new = held(&self.noted).is_new(subject, report.to_string());
        if new {
            (self.say)(Err(report));
        }
    }

    /// Tells once of a message that cannot be read.
    fn garbled(&self, id: &str, why: &str) {
        let new = held(&self.noted).is_new_message(id);
        if new {
            let message = format!("a message of the queue `{}` cannot be read", self.queue);
            let found = Diagnostic::error("TL0741", message).on(format!("message {id}"));
            (self.say)(Err(found.because(why).report()));
        }
    }

    fn unreadable(&self, error: &CallError) -> Report {
        Diagnostic::error("TL0740", format!("the queue `{}` cannot be read", self.queue))
            .because(error.to_string())
            .report()
    }
}

/// A repository that is being looked at.
struct Followed<'a> {
    waiting: &'a Mutex<BTreeMap<String, Vec<Told>>>,
    repository: &'a str,
}

impl Drop for Followed<'_> {
    /// After a panic, messages that come later would otherwise wait for somebody who is gone.
    fn drop(&mut self) {
        if std::thread::panicking() {
            held(self.waiting).remove(self.repository);
        }
    }
}

impl Noted {
    fn is_new(&mut self, subject: &str, trouble: String) -> bool {
        let before = self.troubles.insert(subject.to_owned(), trouble);
        before.as_ref() != self.troubles.get(subject)
    }

    fn is_new_message(&mut self, id: &str) -> bool {
        if self.messages.len() >= REMEMBERED {
            self.messages.clear();
        }
        self.messages.insert(id.to_owned())
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Triggers {
    /// Starts the pipelines that take an object as their source, unless it was written again since. The source
    /// takes what is there when it runs. A report is of those that could not be started yet; what was refused for good is
    /// a note.
    async fn object_written(
        &self,
        bucket: &str,
        key: &str,
        sequencer: &str,
    ) -> Result<(Found, Option<Report>), Report> {
        let place = format!("s3://{bucket}");
        let definitions = self.starter.definitions();
        let all = definitions.pipelines.values().map(|defined| &defined.pipeline);
        let readers: Vec<_> = all.filter(|p| decide::reads_object(p, bucket, key)).collect();
        let (mut found, mut failed) = (Found::default(), None);
        if readers.is_empty() {
            // A lock of each object that somebody tells of would stay for ever.
            return Ok((found, failed));
        }
        // Of the object alone: another queue may tell of it too, and what it starts keeps no other object waiting.
        let lock = self.lock(&format!("{place}/{key}"));
        let _held = lock.lock().await;
        let off = self.starter.switched_off();
        for pipeline in readers {
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
                let (name, none) = (&pipeline.name, BTreeMap::new());
                match self.start_once(name, trigger, none, Vec::new(), &token).await {
                    // The message comes again; the other pipelines do not wait for that.
                    Err(report) if !look::is_final(&report) => {
                        failed.get_or_insert_with(|| Report(Vec::new())).0.extend(report.0);
                        continue;
                    }
                    // What is refused for good would be so again, until the redrive policy takes the message.
                    started => _ = found.take(name, started),
                }
            }
            self.remember(&pipeline.name, &place, key, sequencer)?;
        }
        Ok((found, failed))
    }
}

/// Whether the first of two sequencers is of a later write: as hex digits of one length, the shorter one filled up
/// at its end.
fn is_later(one: &str, other: &str) -> bool {
    let length = one.len().max(other.len());
    let filled = |text: &str| format!("{text:0<length$}").to_ascii_lowercase();
    filled(one) > filled(other)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut noted = Noted::default();
        assert!(noted.is_new_message("m1") && !noted.is_new_message("m1"));
        assert!(noted.is_new_message("m2"));
        for (subject, trouble, new) in [
            ("acme", "a", true),
            ("acme", "a", false),
            ("acme", "b", true),
            ("other", "b", true),
            ("acme", "b", false),
        ] {
            assert_eq!(noted.is_new(subject, trouble.to_owned()), new, "{subject} {trouble}");
        }
        noted.troubles.remove("acme");
        assert!(noted.is_new("acme", "b".to_owned()), "what was well in between is told anew");
    }

    #[test]
    fn a_repository_is_followed_anew_after_a_panic_and_not_before() {
        let told = |handle: &str| Told { moved: (String::new(), None), handle: handle.to_owned() };
        let waiting = Mutex::new(BTreeMap::from([("acme".to_owned(), vec![told("h")])]));
        drop(Followed { waiting: &waiting, repository: "acme" });
        assert!(held(&waiting).contains_key("acme"));
        std::thread::scope(|scope| {
            let follows = scope.spawn(|| {
                let _guard = Followed { waiting: &waiting, repository: "acme" };
                std::panic::resume_unwind(Box::new(()));
            });
            assert!(follows.join().is_err());
        });
        assert!(held(&waiting).is_empty());
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
