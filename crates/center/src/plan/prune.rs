//! Takes out of use what this project made and no longer holds. Asked for, never by default.
//!
//! A first apply archives, disables or tags; only a later one deletes. What belongs to another project
//! or to nobody carries no tag of ours, nor is it in the ledger, and is never here. What cannot carry tags is
//! retired by a mark in the ledger alone. What something that stays still uses is neither (`used`).

mod used;

pub(crate) use used::named as names_used;

use super::{Action, PlanInput, PlanOptions, PlannedChange, Step, StepsOf};
use crate::kind::{Kind, Retire};
use crate::kinds;
use crate::ownership::{self, Claim, ClaimChange, Owner, Ownership};
use crate::read::{as_map, json_of};
use crate::resource::Resource;
use serde_json::{Map, Value, json};
use trunkline_flow::reference::escape;
use trunkline_model::Diagnostic;

/// The tag of a resource that was retired where the service knows no state for it.
pub const RETIRED_TAG: &str = "trunkline:retired";

/// The kind under which the ordering knows what is deleted; no reference can have it.
const DELETED: &str = "(deleted)";

/// Adds the steps that retire or delete what is not wanted any more and nothing that stays uses.
pub(super) fn retire(
    input: &PlanInput<'_>,
    steps: &mut Vec<Step>,
    changes: &mut Vec<PlannedChange>,
    claims: &mut Vec<Claim>,
    found: &mut Vec<Diagnostic>,
) {
    let unheld = unheld(input);
    let used = used::of(input, &unheld);
    let ledger = &input.baseline.ledger;
    let mut deleted: Vec<&Resource> = Vec::new();
    for resource in unheld {
        let Some(kind) = kinds::get(resource.kind) else { continue };
        if let Some(users) = used.get(&(resource.kind, resource.name.clone())) {
            found.push(used::stays(resource, users));
            continue;
        }
        let tagged = resource.tags.contains_key(RETIRED_TAG);
        let listed = ownership::is_retired(ledger, resource.kind, &resource.name);
        let retired = resource.retired || tagged || listed;
        let mut findings = Vec::new();
        let (name, spec) = (resource.name.as_str(), kind.spec());
        let mut of = StepsOf { spec, kind, name, steps, findings: &mut findings };
        let action = if retired {
            delete(kind, resource, &mut of)
        } else {
            first(kind, resource, claims, &mut of)
        };
        if let Some(step) = of.steps.last().filter(|_| listed && action == Some(Action::Delete)) {
            let (kind, name) = (resource.kind.to_owned(), resource.name.clone());
            let step = Some(step.id.clone());
            claims.push(Claim { kind, name, change: ClaimChange::Lost, step });
        }
        if let Some(action) = action {
            deleted.extend((action == Action::Delete).then_some(resource));
            let lines = vec!["the project does not hold it any more".to_owned()];
            let (kind, name) = (resource.kind.to_owned(), resource.name.clone());
            changes.push(PlannedChange { action, kind, name, lines, layout_only: false });
        }
    }
    found.extend(used::unknown(input, &deleted));
}

/// What is the project's and it no longer holds. What refers to others goes before them: kinds and names in
/// the opposite order of their making.
fn unheld<'a>(input: &PlanInput<'a>) -> Vec<&'a Resource> {
    let PlanOptions { project, limits, .. } = input.options;
    let is_unheld = |resource: &&Resource| {
        let Some(kind) = kinds::get(resource.kind) else { return false };
        let owner = ownership::owner(kind, resource, project, &input.baseline.ledger);
        let held = input.documents.get(resource.kind, &resource.name).is_some()
            || limits.leave_alone(resource.kind, &resource.name);
        owner == Owner::Ours && !held && !kind.system(resource)
    };
    input.snapshot.resources.iter().rev().filter(is_unheld).collect()
}

/// Whether a prune, now or a later one, takes resources of the kind away, and not only out of use.
fn goes(kind: &dyn Kind) -> bool {
    let spec = kind.spec();
    match spec.ownership() {
        Ownership::Setting => false,
        // Associations are taken away at once.
        Ownership::Listed => true,
        Ownership::Tagged => spec.delete.is_some() && !matches!(spec.retire, Retire::Never),
    }
}

fn first(
    kind: &dyn Kind,
    resource: &Resource,
    claims: &mut Vec<Claim>,
    steps: &mut StepsOf<'_>,
) -> Option<Action> {
    let spec = kind.spec();
    if spec.ownership() == Ownership::Listed {
        // An association is taken away at once: nothing is lost with it.
        if kind.disassociate(resource, steps) {
            return Some(Action::Delete);
        }
        let (kind, name) = (resource.kind.to_owned(), resource.name.clone());
        let claim = Claim { kind, name, change: ClaimChange::Retired, step: None };
        return spec.delete.map(|_| {
            claims.push(claim);
            Action::Retire
        });
    }
    match spec.retire {
        Retire::Never => return None,
        Retire::First { operation, input, .. } => {
            let mut input = as_map(json_of(input));
            input.extend(super::beside(kind.spec(), &resource.body, false));
            input.insert(kind.spec().id_member.to_owned(), json!(escape(&resource.id)));
            let check = super::check_retired(spec, resource);
            steps.connect(Action::Retire, operation, input).check = check;
        }
        Retire::Tagged => {
            let mut tags = Map::new();
            tags.insert(RETIRED_TAG.to_owned(), json!("yes"));
            let call = super::StepCall {
                service: "connect".to_owned(),
                operation: "TagResource".to_owned(),
                input: json!({ "resourceArn": resource.arn, "tags": tags }),
                attachment: None,
            };
            // Whose it is must be as the plan saw it, too.
            let ours = resource.tags.get_key_value(super::PROJECT_TAG);
            tags.extend(ours.map(|(key, value)| (key.clone(), json!(escape(value)))));
            let check = super::check_tags(spec, resource, &tags, &[]);
            steps.step(Action::Retire, call).check = check;
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
    step.check = super::check_deleted(kind.spec(), resource);
    // One after the other, so that nothing goes while something else that goes as well still uses it.
    step.provides = Some((DELETED.to_owned(), step.id.clone()));
    step.after.extend(after);
    Some(Action::Delete)
}
