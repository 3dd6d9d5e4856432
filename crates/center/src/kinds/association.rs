//! What the kinds share that only associate something with the instance: a document has a name and the
//! field that says what is associated, as a reference of that name.

use crate::kind::Spec;
use crate::plan::{Action, Change, Step, StepsOf};
use serde_json::{Map, Value, json};
use trunkline_flow::reference;
use trunkline_model::Diagnostic;

/// Adds the step that associates what the document says.
pub(super) fn associate<'s>(
    operation: &str,
    input: Map<String, Value>,
    steps: &'s mut StepsOf<'_>,
) -> &'s mut Step {
    steps.connect(Action::Associate, operation, input)
}

/// Adds the step that takes an association away. It is a deletion for an apply: what is gone already is gone.
pub(super) fn take_away(
    operation: &str,
    input: Map<String, Value>,
    steps: &mut StepsOf<'_>,
) -> bool {
    steps.connect(Action::Delete, operation, input);
    true
}

/// Refuses a document whose name and field say different things: the instance knows only the field.
pub(super) fn refuse_other_name(
    spec: &Spec,
    change: &Change<'_>,
    field: &str,
    expected: &str,
) -> Vec<Diagnostic> {
    let found = change.wanted.body.get(field).and_then(Value::as_str).unwrap_or_default();
    if found == expected {
        return Vec::new();
    }
    let mut problem = Diagnostic::error(
        "TL0202",
        format!("`{field}` of a {} must be what its name says: {expected}", spec.name),
    )
    .on(change.wanted.subject())
    .path(format!("/{field}"))
    .help(format!("write `{field}: {expected}`, or rename the document"));
    if let Some(file) = &change.wanted.file {
        problem = problem.in_file(file);
    }
    vec![problem]
}

/// A text as it stands in a step's input: literal, whatever it holds.
pub(super) fn literal(text: &str) -> Value {
    json!(reference::escape(text))
}
