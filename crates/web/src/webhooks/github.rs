//! GitHub's payloads.

use super::{at, short_commit};
use crate::events::{Event, Moved, PullAction, PullRequest, commit};
use serde_json::Value;

pub(super) fn parse(event: Option<&str>, payload: &Value) -> Event {
    match event {
        Some("ping") => Event::Ping,
        Some("push") => push(payload).unwrap_or_else(|| Event::Other("push".to_owned())),
        Some("pull_request") => {
            pull(payload).unwrap_or_else(|| Event::Other("pull_request".to_owned()))
        }
        other => Event::Other(other.unwrap_or("no event").to_owned()),
    }
}

fn push(payload: &Value) -> Option<Event> {
    let reference = at(payload, "/ref");
    let (before, after) = (commit(at(payload, "/before")), commit(at(payload, "/after")));
    // Nothing before and nothing after is no push that git knows.
    (reference.starts_with("refs/") && (before.is_some() || after.is_some()))
        .then(|| Event::Push(vec![Moved { reference: reference.to_owned(), before, after }]))
}

fn pull(payload: &Value) -> Option<Event> {
    let action = match at(payload, "/action") {
        "opened" | "reopened" => PullAction::Open,
        "synchronize" => PullAction::Updated,
        "closed" => PullAction::Closed,
        _ => return None,
    };
    let repository = |side: &str| payload.pointer(&format!("/pull_request/{side}/repo/full_name"));
    Some(Event::PullRequest(PullRequest {
        action,
        number: payload.pointer("/pull_request/number").and_then(Value::as_u64)?,
        base: at(payload, "/pull_request/base/ref").to_owned(),
        head: at(payload, "/pull_request/head/ref").to_owned(),
        commit: short_commit(at(payload, "/pull_request/head/sha"))?,
        foreign: repository("head") != repository("base"),
    }))
}
