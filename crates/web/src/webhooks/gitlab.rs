//! GitLab's payloads, of projects and of the whole system. The kind stands in the body.

use super::{at, short_commit};
use crate::events::{Event, Moved, PullAction, PullRequest, commit};
use serde_json::Value;

pub(super) fn parse(payload: &Value) -> Event {
    let kind = match at(payload, "/object_kind") {
        "" => at(payload, "/event_name"),
        kind => kind,
    };
    let found = match kind {
        "push" | "tag_push" => push(payload),
        "merge_request" => merge_request(payload),
        _ => None,
    };
    found
        .unwrap_or_else(|| Event::Other(if kind.is_empty() { "no event" } else { kind }.to_owned()))
}

fn push(payload: &Value) -> Option<Event> {
    let reference = at(payload, "/ref");
    let before = commit(at(payload, "/before"));
    // Of an annotated tag `after` is the tag, `checkout_sha` its commit; the mirror knows either.
    let after = commit(at(payload, "/after"));
    (reference.starts_with("refs/") && (before.is_some() || after.is_some()))
        .then(|| Event::Push(vec![Moved { reference: reference.to_owned(), before, after }]))
}

fn merge_request(payload: &Value) -> Option<Event> {
    let attribute = |name: &str| at(payload, &format!("/object_attributes/{name}"));
    let action = match (attribute("action"), attribute("oldrev")) {
        ("open" | "reopen", _) => PullAction::Open,
        // Without an older revision only its title or labels changed.
        ("update", "") => return None,
        ("update", _) => PullAction::Updated,
        ("close" | "merge", _) => PullAction::Closed,
        _ => return None,
    };
    let number = |name: &str| payload.pointer(&format!("/object_attributes/{name}"));
    Some(Event::PullRequest(PullRequest {
        action,
        number: number("iid").and_then(Value::as_u64)?,
        base: attribute("target_branch").to_owned(),
        head: attribute("source_branch").to_owned(),
        commit: short_commit(attribute("last_commit/id"))?,
        foreign: number("source_project_id") != number("target_project_id"),
    }))
}
