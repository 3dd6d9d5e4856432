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

/// The tag of a resource that was retired where the service knows no state for it.
pub const RETIRED_TAG: &str = "trunkline:retired";

/// Adds the steps that retire or delete what is not wanted any more.
pub(super) fn retire(
    input: &PlanInput<'_>,
    steps: &mut Vec<Step>,
    changes: &mut Vec<PlannedChange>,
) {
    for resource in &input.snapshot.resources {
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
            input.insert(kind.spec().id_member.to_owned(), json!(resource.id));
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
    let mut input: Map<String, Value> = Map::new();
    input.insert(kind.spec().id_member.to_owned(), json!(resource.id));
    steps.connect(Action::Delete, operation, input);
    Some(Action::Delete)
}
