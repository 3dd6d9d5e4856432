//! Takes out of use what this project made and no longer holds. Asked for, never by default.
//!
//! A first apply archives, disables or tags; only a later one deletes. What belongs to another project
//! or to nobody carries no tag of ours and is never here.

use super::steps::PROJECT_TAG;
use super::{Action, PlanInput, PlannedChange, Step, StepsOf};
use crate::kind::{Kind, Retire};
use crate::kinds;
use crate::read::{as_map, json_of};
use crate::resource::Resource;
use serde_json::{Map, Value, json};
use trunkline_flow::reference::escape;

/// The tag of a resource that was retired where the service knows no state for it.
pub const RETIRED_TAG: &str = "trunkline:retired";

/// The kind under which the ordering knows what is deleted; no reference can have it.
const DELETED: &str = "(deleted)";

/// Adds the steps that retire or delete what is not wanted any more.
pub(super) fn retire(
    input: &PlanInput<'_>,
    steps: &mut Vec<Step>,
    changes: &mut Vec<PlannedChange>,
) {
    // What refers to others goes before them: kinds and names in the opposite order of their making.
    for resource in input.snapshot.resources.iter().rev() {
        let ours = resource.tags.get(PROJECT_TAG) == Some(&input.options.project);
        let held = input.documents.get(resource.kind, &resource.name).is_some();
        let Some(kind) = kinds::get(resource.kind) else { continue };
        if !ours || held || kind.system(resource) {
            continue;
        }
        let retired = resource.retired || resource.tags.contains_key(RETIRED_TAG);
        let mut findings = Vec::new();
        let (name, spec) = (resource.name.as_str(), kind.spec());
        let mut of = StepsOf { spec, kind, name, steps, findings: &mut findings };
        let action =
            if retired { delete(kind, resource, &mut of) } else { first(kind, resource, &mut of) };
        if let Some(action) = action {
            let lines = vec!["the project does not hold it any more".to_owned()];
            let (kind, name) = (resource.kind.to_owned(), resource.name.clone());
            changes.push(PlannedChange { action, kind, name, lines, layout_only: false });
        }
    }
}

fn first(kind: &dyn Kind, resource: &Resource, steps: &mut StepsOf<'_>) -> Option<Action> {
    match kind.spec().retire {
        Retire::Never => return None,
        Retire::First { operation, input } => {
            let mut input = as_map(json_of(input));
            input.extend(super::beside(kind.spec(), &resource.body, false));
            input.insert(kind.spec().id_member.to_owned(), json!(escape(&resource.id)));
            steps.connect(Action::Retire, operation, input);
        }
        Retire::Tagged => {
            let call = super::StepCall {
                service: "connect".to_owned(),
                operation: "TagResource".to_owned(),
                input: json!({ "resourceArn": resource.arn, "tags": { RETIRED_TAG: "yes" } }),
                attachment: None,
            };
            steps.step(Action::Retire, call);
        }
    }
    Some(Action::Retire)
}

fn delete(kind: &dyn Kind, resource: &Resource, steps: &mut StepsOf<'_>) -> Option<Action> {
    let operation = kind.spec().delete?;
    let mut input: Map<String, Value> = super::beside(kind.spec(), &resource.body, false);
    input.insert(kind.spec().id_member.to_owned(), json!(escape(&resource.id)));
    let before = steps.steps.iter().rev().find(|s| s.action == Action::Delete);
    let after = before.and_then(|s| s.provides.clone());
    let step = steps.connect(Action::Delete, operation, input);
    // One after the other, so that nothing goes while something else that goes as well still uses it.
    step.provides = Some((DELETED.to_owned(), step.id.clone()));
    step.after.extend(after);
    Some(Action::Delete)
}
