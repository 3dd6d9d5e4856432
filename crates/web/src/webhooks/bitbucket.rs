//! The payloads of Bitbucket Cloud and Bitbucket Data Center. Neither lists files.

use super::{at, short_commit};
use crate::events::{Event, Moved, PullAction, PullRequest, commit};
use serde_json::Value;

/// Bitbucket Cloud. Without the header, a payload is known by its member.
pub(super) fn cloud(event: Option<&str>, payload: &Value) -> Event {
    let event = event.unwrap_or(if payload.get("push").is_some() { "repo:push" } else { "" });
    let found = match event {
        "diagnostics:ping" => Some(Event::Ping),
        "repo:push" => moved(payload.pointer("/push/changes"), cloud_change),
        "pullrequest:created" => cloud_pull(payload, PullAction::Open),
        "pullrequest:updated" => cloud_pull(payload, PullAction::Updated),
        "pullrequest:fulfilled" | "pullrequest:rejected" => cloud_pull(payload, PullAction::Closed),
        _ => None,
    };
    found.unwrap_or_else(|| other(event))
}

fn other(event: &str) -> Event {
    Event::Other(if event.is_empty() { "no event" } else { event }.to_owned())
}

fn moved(changes: Option<&Value>, read: impl Fn(&Value) -> Option<Moved>) -> Option<Event> {
    let all: Vec<_> = changes?.as_array()?.iter().filter_map(read).collect();
    (!all.is_empty()).then_some(Event::Push(all))
}

fn cloud_change(change: &Value) -> Option<Moved> {
    let side = |name: &str| change.get(name).filter(|side| side.is_object());
    let known = side("new").or_else(|| side("old"))?;
    let folder = if at(known, "/type").contains("tag") { "tags" } else { "heads" };
    let revision = |name| side(name).and_then(|s| commit(at(s, "/target/hash")));
    let name = Some(at(known, "/name")).filter(|name| !name.is_empty())?;
    let (before, after) = (revision("old"), revision("new"));
    (before.is_some() || after.is_some()).then(|| Moved {
        reference: format!("refs/{folder}/{name}"),
        before,
        after,
    })
}

fn cloud_pull(payload: &Value, action: PullAction) -> Option<Event> {
    let inside = |path: &str| at(payload, &format!("/pullrequest/{path}"));
    Some(Event::PullRequest(PullRequest {
        action,
        number: payload.pointer("/pullrequest/id").and_then(Value::as_u64)?,
        base: inside("destination/branch/name").to_owned(),
        head: inside("source/branch/name").to_owned(),
        commit: short_commit(inside("source/commit/hash"))?,
        foreign: inside("source/repository/uuid") != inside("destination/repository/uuid"),
    }))
}

/// Bitbucket Data Center.
pub(super) fn server(event: Option<&str>, payload: &Value) -> Event {
    let event = event.unwrap_or_else(|| at(payload, "/eventKey"));
    let found = match event {
        "diagnostics:ping" => Some(Event::Ping),
        "repo:refs_changed" => moved(payload.get("changes"), server_change),
        "pr:opened" => server_pull(payload, PullAction::Open),
        "pr:from_ref_updated" => server_pull(payload, PullAction::Updated),
        "pr:merged" | "pr:declined" | "pr:deleted" => server_pull(payload, PullAction::Closed),
        _ => None,
    };
    found.unwrap_or_else(|| other(event))
}

fn server_change(change: &Value) -> Option<Moved> {
    let reference = match at(change, "/ref/id") {
        "" => at(change, "/refId"),
        id => id,
    };
    let (before, after) = (commit(at(change, "/fromHash")), commit(at(change, "/toHash")));
    (reference.starts_with("refs/") && (before.is_some() || after.is_some())).then(|| Moved {
        reference: reference.to_owned(),
        before,
        after,
    })
}

fn server_pull(payload: &Value, action: PullAction) -> Option<Event> {
    let inside = |path: &str| payload.pointer(&format!("/pullRequest/{path}"));
    let text = |path: &str| inside(path).and_then(Value::as_str).unwrap_or_default();
    Some(Event::PullRequest(PullRequest {
        action,
        number: inside("id").and_then(Value::as_u64)?,
        base: text("toRef/displayId").to_owned(),
        head: text("fromRef/displayId").to_owned(),
        commit: short_commit(text("fromRef/latestCommit"))?,
        foreign: inside("fromRef/repository/id") != inside("toRef/repository/id"),
    }))
}
