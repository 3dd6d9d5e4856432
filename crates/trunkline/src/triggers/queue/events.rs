//! What the messages of a queue say. Whatever else an event tells (callers, sizes, times) is not looked at.

use serde_json::Value;

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A reference of a repository moved, to there or away.
    Moved { repository: String, reference: String, after: Option<String> },
    /// An object was written. Sequencers of one key are in the order of its writes.
    Written { bucket: String, key: String, sequencer: String },
    /// Something that starts nothing.
    Nothing(String),
}

/// What the body of a message says; an error is the reason why it cannot be read.
pub(super) fn read(body: &str) -> Result<Heard, String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
}
