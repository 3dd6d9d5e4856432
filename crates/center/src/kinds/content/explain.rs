//! What a plan says of a change of content, and when it refuses to make one.

use super::{draft_fingerprint, is_stub};
use crate::plan::Change;
use crate::read::text;
use serde_json::{Map, Value, json};
use trunkline_flow::{compare, content};
use trunkline_model::Diagnostic;

/// Somebody's unpublished work is not overwritten without being told to.
pub(in crate::kinds) fn refuse(change: &Change<'_>) -> Vec<Diagnostic> {
    let Some(live) = change.live else { return Vec::new() };
    let touched = ["content", "layout", "status"].iter().any(|f| change.differs(f));
    let saved_only = live.body.get("status") == Some(&json!("saved"));
    let draft = live.draft.as_ref().or(saved_only.then_some(&live.body));
    let Some(draft) = draft.filter(|_| touched && !change.options.overwrite_drafts) else {
        return Vec::new();
    };
    let ours = is_stub(draft) || change.options.own_drafts.contains(&draft_fingerprint(draft));
    // A draft that already says what is wanted loses nothing.
    let said = if saved_only { change.before } else { change.draft };
    if ours || said.is_some_and(|b| b.get("content") == change.wanted.body.get("content")) {
        return Vec::new();
    }
    let subject = change.wanted.subject();
    vec![
        Diagnostic::error("TL0405", format!("{subject} has a draft that nobody has published"))
            .on(subject)
            .because("deploying over it would lose what somebody saved in the console")
            .help(
                "publish or discard it in the console, or overwrite it with `--overwrite-drafts`",
            ),
    ]
}

/// Blocks and branches where the content differs; fields for the rest.
pub(in crate::kinds) fn describe_content(change: &Change<'_>) -> (Vec<String>, bool) {
    let of = |body: Option<&Map<String, Value>>| {
        let body = body.cloned().unwrap_or_default();
        let logic = body.get("content").cloned().unwrap_or_default();
        content::join(logic, body.get("layout").cloned())
    };
    let diff = compare::compare(&of(change.before), &of(Some(&change.wanted.body)));
    (compare::lines(&diff), diff.only_layout)
}

/// Says what changes.
pub(in crate::kinds) fn describe(change: &Change<'_>) -> (Vec<String>, bool) {
    if change.live.is_none() {
        let count = change.wanted.body.get("content").and_then(|c| c.get("Actions"));
        let count = count.and_then(Value::as_array).map_or(0, Vec::len);
        let status = text(&Value::Object(change.wanted.body.clone()), "status");
        return (
            vec![format!(
                "{} blocks, {}",
                count,
                if status.is_empty() { "published" } else { &status }
            )],
            false,
        );
    }
    let content_differs = change.differs("content") || change.differs("layout");
    let (mut lines, only_layout) =
        if content_differs { describe_content(change) } else { (Vec::new(), false) };
    let others: Vec<_> = change
        .fields
        .iter()
        .filter(|f| f.field != "content" && f.field != "layout")
        .cloned()
        .collect();
    let only_layout = only_layout && others.is_empty();
    let rest = Change { fields: others, ..*change };
    lines.extend(crate::plan::field_lines(&rest));
    (lines, only_layout)
}
