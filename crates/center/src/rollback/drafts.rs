//! Steps that bring drafts back beside what is published.

use super::RollbackInput;
use super::touched::by_id;
use super::wanted::{Draft, Goal};
use crate::document::Document;
use crate::kind::Kind;
use crate::kinds;
use crate::plan::{
    Action, Change, FieldChange, PlanOptions, PlannedChange, RESTORED, Step, StepsOf,
};
use crate::read::text;
use crate::resource::Resource;
use serde_json::{Map, Value, json};

type Body = Map<String, Value>;

pub(super) fn add(
    input: &RollbackInput<'_>,
    options: &PlanOptions,
    goal: &Goal,
    steps: &mut Vec<Step>,
    changes: &mut Vec<PlannedChange>,
) {
    for draft in &goal.drafts {
        let Some(kind) = kinds::get(draft.kind) else { continue };
        let published = publishing(kind, &draft.name, steps);
        // Publishing leaves no draft beside it.
        let is_left = published.is_none() && draft.is_there;
        let none_left = draft.content.is_none() && published.is_some();
        if is_left || none_left {
            continue;
        }
        let before = input.before.get(draft.kind, &draft.before);
        let now = before.and_then(|b| by_id(input.now, draft.kind, &b.id));
        let now = now.or_else(|| input.now.get(draft.kind, &draft.name));
        let Some(document) = goal.documents.get(draft.kind, &draft.name) else { continue };
        let live = now.cloned().or_else(|| {
            // It is made again: its id is known then.
            before.map(|b| Resource { id: String::new(), ..b.clone() })
        });
        let Some(live) = live else { continue };
        write(kind, document, draft, &live, published, options, input, steps);
        if published.is_none() {
            changes.push(PlannedChange {
                action: Action::Update,
                kind: draft.kind.to_owned(),
                name: draft.name.clone(),
                lines: vec!["~ its draft".to_owned()],
                layout_only: false,
            });
        }
    }
}

/// The place of the last step that publishes the resource's content.
fn publishing(kind: &dyn Kind, name: &str, steps: &[Step]) -> Option<usize> {
    let publishes = |step: &Step| {
        let own = step.kind == kind.spec().name && step.name == name;
        let content = step.call.input.get("Content").is_some();
        own && content && !text(&step.call.input, kind.spec().id_member).ends_with(":$SAVED")
    };
    steps.iter().rposition(publishes)
}

/// Writes the draft; where there shall be none, publishes what is published once more.
#[expect(clippy::too_many_arguments, reason = "one place calls it")]
fn write(
    kind: &'static dyn Kind,
    document: &Document,
    draft: &Draft,
    live: &Resource,
    published: Option<usize>,
    options: &PlanOptions,
    input: &RollbackInput<'_>,
    steps: &mut Vec<Step>,
) {
    let mut wanted = document.clone();
    if let Some(content) = &draft.content {
        for field in ["content", "layout", "settings"] {
            wanted.body.shift_remove(field);
        }
        wanted.body.extend(content.clone());
        wanted.body.insert("status".to_owned(), json!("saved"));
    }
    let differs = |field: &str| FieldChange { field: field.to_owned(), before: None, after: None };
    let none: Body = Map::new();
    let change = Change {
        wanted: &wanted,
        live: Some(live),
        before: Some(&none),
        draft: None,
        fields: vec![differs("content")],
        instance: &input.now.instance,
        options,
    };
    let from = steps.len();
    let mut findings = Vec::new();
    let (spec, name) = (kind.spec(), document.name.as_str());
    let mut of = StepsOf { spec, kind, name, steps, findings: &mut findings };
    kind.steps(&change, &mut of);
    let Some(at) = published else { return };
    let key = (RESTORED.to_owned(), steps[at].id.clone());
    for step in &mut steps[from..] {
        // What it overwrites is what the step before it published.
        step.check = None;
        step.after.push(key.clone());
        step.id = format!("{}#draft", step.id);
    }
    if steps[at].provides.is_none() {
        steps[at].provides = Some(key);
    }
}
