//! Regions that were added to an environment in `trunkline.yaml`, but not to the pipelines that deploy it. Such a
//! region stays as it is, and nobody is told.

use crate::pipelines::definitions::{Defined, Definitions};
use std::collections::BTreeSet;
use trunkline_model::pipeline::{Action, Category};
use trunkline_model::{Diagnostic, Target};

/// What the actions of all pipelines deploy. TL0534: not this region, but others of its environment.
pub(super) fn undeployed(definitions: &Definitions, targets: &[Target]) -> Vec<Diagnostic> {
    // What a file deploys that cannot be read, nobody knows; what is wrong in it is told.
    if !definitions.broken().is_empty() {
        return Vec::new();
    }
    let deployments: Vec<_> = definitions.pipelines.values().flat_map(deployments).collect();
    targets.iter().filter_map(|target| missing(&deployments, target)).collect()
}

/// The deployments of a pipeline; a plan alone is none.
fn deployments(defined: &Defined) -> impl Iterator<Item = (&Defined, &Action)> {
    let deploys = |action: &&Action| {
        let id = &action.action_type_id;
        id.category == Category::Deploy
            && (id.owner.as_str(), id.provider.as_str()) == ("Custom", "Trunkline")
            && setting(action, "Mode") != Some("plan")
    };
    defined.pipeline.actions().filter(deploys).map(move |action| (defined, action))
}

fn missing(deployments: &[(&Defined, &Action)], target: &Target) -> Option<Diagnostic> {
    let environment = &target.environment;
    // A variable may be any environment, and any region.
    let variable = |value: &str| value.contains("#{");
    let is_it = |value: &str| {
        variable(value)
            || value == environment.name
            || environment.aliases.iter().any(|a| a == value)
    };
    let own: Vec<_> =
        deployments.iter().filter(|(_, a)| setting(a, "Environment").is_some_and(is_it)).collect();
    let (first, _) = own.first()?;
    let region = target.region.as_str();
    let covered = |action: &Action| {
        setting(action, "Region").is_none_or(|value| variable(value) || value == region)
    };
    if own.iter().any(|(_, action)| covered(action)) {
        return None;
    }
    let regions: BTreeSet<&str> = own.iter().filter_map(|(_, a)| setting(a, "Region")).collect();
    let regions = regions.into_iter().collect::<Vec<_>>().join(", ");
    let name = &environment.name;
    let message = format!("no pipeline deploys {}", target.label());
    let found = Diagnostic::warning("TL0534", message)
        .in_file(&first.file)
        .on(format!("pipeline \"{}\"", first.pipeline.name))
        .because(format!(
            "of the regions of `{name}` in trunkline.yaml, it deploys {regions} only"
        ));
    Some(found.help(format!(
        "add an action to it like that of another region, with `Environment: {name}` and `Region: {region}`"
    )))
}

fn setting<'a>(action: &'a Action, key: &str) -> Option<&'a str> {
    action.configuration.get(key).map(String::as_str)
}
