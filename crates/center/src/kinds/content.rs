//! What flows, modules and views share: content and layout, drafts, publishing, stubs.
//!
//! Reading is in `content/read.rs`, what a plan says and refuses in `content/explain.rs`, the steps in
//! `content/steps.rs`.

mod explain;
mod read;
mod steps;

pub(super) use explain::{describe, refuse};
pub(super) use read::{read, read_draft};
pub(super) use steps::{create, publish_in_cycles, saved_check, saved_read, update};
pub(crate) use steps::{is_stub_of_ours, stub_for};

use crate::document::Document;
use crate::kind::Spec;
use crate::plan::{Change, fingerprint};
use crate::resource::Resource;
use serde_json::{Map, Value, json};
use trunkline_flow::{canonical, content};
use trunkline_model::Diagnostic;

/// The identifier that tells a stub of ours from somebody's draft.
const STUB_IDENTIFIER: &str = "trunkline-stub";

/// How a kind with drafts calls things.
pub(super) struct Draftable {
    /// The kind's data.
    pub(super) spec: &'static Spec,
    /// The member of a List row that says SAVED.
    pub(super) status_of_summary: &'static str,
    /// What Describe answers for something that was never published.
    pub(super) not_published: &'static str,
    /// Changes the content.
    pub(super) update_content: &'static str,
    /// Changes description and state.
    pub(super) update_metadata: &'static str,
    /// The member of the metadata call that archives.
    pub(super) state_member: &'static str,
    /// Whether create takes `Status`.
    pub(super) create_takes_status: bool,
    /// Fields that the content call writes.
    pub(super) content_members: &'static [&'static str],
    /// Fields that travel beside the content as JSON in a text, and the members that take them.
    pub(super) beside_content: &'static [(&'static str, &'static str)],
}

/// A stub's content.
pub(super) fn stub_of(action: &str, parameters: Value, transitions: Value) -> Value {
    json!({
        "Version": "2019-10-30",
        "StartAction": STUB_IDENTIFIER,
        "Actions": [{
            "Identifier": STUB_IDENTIFIER, "Type": action,
            "Parameters": parameters, "Transitions": transitions,
        }],
    })
}

/// Whether a body holds a stub that an interrupted apply left behind.
fn is_stub(body: &Map<String, Value>) -> bool {
    let content = body.get("content");
    content.and_then(|c| c.get("StartAction")).and_then(Value::as_str) == Some(STUB_IDENTIFIER)
}

/// Splits the answer's `Content` into content and layout, and gives the other fields the document's names.
pub(super) fn normalise(body: &mut Map<String, Value>) {
    if let Some(Value::String(text)) = body.shift_remove("Content") {
        let (logic, layout) = match serde_json::from_str::<Value>(&text) {
            Ok(whole) => content::split(whole),
            // The service keeps what it was given; what does not parse stays a text.
            Err(_) => (Value::String(text), None),
        };
        body.insert("content".to_owned(), logic);
        if let Some(layout) = layout {
            body.insert("layout".to_owned(), layout);
        }
    }
    let renamed = [
        ("Type", "type"),
        ("Description", "description"),
        ("Status", "status"),
        ("State", "state"),
        // As a flow's update names it; what was sent is held against what was read.
        ("ContactFlowState", "state"),
    ];
    for (theirs, ours) in renamed {
        if let Some(Value::String(text)) = body.shift_remove(theirs) {
            let lower = matches!(ours, "status" | "state");
            body.insert(ours.to_owned(), json!(if lower { text.to_lowercase() } else { text }));
        }
    }
    if body.get("state") == Some(&json!("active")) {
        body.shift_remove("state");
    }
}

fn wants_draft(wanted: &Document) -> bool {
    wanted.body.get("status") == Some(&json!("saved"))
}

/// Held against a wanted draft: the draft where there is one, else what is published.
pub(crate) fn comparable(resource: &Resource, wanted: &Document) -> Map<String, Value> {
    let mut body = resource.body.clone();
    if wants_draft(wanted) {
        overlay(&mut body, resource);
    }
    body
}

/// Whether what is live is what an apply of ours left: a stub, or a draft that the service refused to publish.
pub(crate) fn expects(applied: &[&Map<String, Value>], change: &Change<'_>, field: &str) -> bool {
    let Some(before) = change.before else { return false };
    if change.live.is_some_and(|live| is_stub(&live.body)) {
        return true;
    }
    // A draft is held against a draft: whose it is decides, not what was applied.
    if wants_draft(change.wanted) && change.draft.is_some() {
        return matches!(field, "content" | "layout" | "settings" | "status");
    }
    let as_applied = |body: &Map<String, Value>| {
        let content = body.get("content");
        content.is_some() && applied.iter().any(|a| a.get("content") == content)
    };
    let drafted = change.draft.is_some_and(as_applied);
    match field {
        // Publishing by hand would have made the draft what is published.
        "content" | "layout" | "settings" => drafted,
        "status" => drafted || before.get("status") == Some(&json!("saved")) && as_applied(before),
        _ => false,
    }
}

fn overlay(body: &mut Map<String, Value>, resource: &Resource) {
    if let Some(draft) = &resource.draft {
        body.shift_remove("layout");
        body.extend(draft.clone());
    }
    body.insert("status".to_owned(), json!("saved"));
}

/// What is exported: the published content; with `drafts` the draft.
pub(crate) fn exportable(resource: &Resource, drafts: bool) -> Option<Map<String, Value>> {
    let mut body = resource.body.clone();
    let saved_only = body.get("status") == Some(&json!("saved"));
    if saved_only && !drafts || is_stub(&body) && resource.draft.is_none() {
        return None;
    }
    if drafts && (resource.draft.is_some() || saved_only) {
        overlay(&mut body, resource);
    }
    Some(body)
}

/// Canonical key order of content and layout.
pub(super) fn canonical(body: &mut Map<String, Value>) {
    for field in ["content", "layout"] {
        if let Some(value) = body.get_mut(field) {
            canonical::canonicalise(value);
        }
    }
}

/// Takes our own layout of a file, or another tool's; refuses the legacy format.
pub(super) fn adopt_file(
    path: &str,
    fields: Map<String, Value>,
    is_module: bool,
) -> Result<Map<String, Value>, Diagnostic> {
    let ours = fields.contains_key("content") && fields.contains_key("name");
    let mut fields = if ours { fields } else { super::foreign::read(path, fields, is_module)? };
    if let Some(content) = fields.get("content") {
        let problem = content::check_format(content).err();
        let problem = problem.or_else(|| content::limit_problems(content, None).into_iter().next());
        if let Some(problem) = problem {
            return Err(problem.on(format!("flow {}", fields["name"])));
        }
    }
    if !is_module {
        fields.entry("status").or_insert_with(|| json!("published"));
    }
    canonical(&mut fields);
    Ok(fields)
}

/// Fingerprints a draft as it stands in the instance.
pub(crate) fn draft_fingerprint(body: &Map<String, Value>) -> String {
    fingerprint(&["content", "layout"], body)
}
