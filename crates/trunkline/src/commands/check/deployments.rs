//! What pipelines deploy, held against the environments of `trunkline.yaml`: an action that names an environment or a
//! region which is not there fails only once it runs, and a region that was added to an environment, but to none of its
//! pipelines, stays as it is without anybody being told.

use crate::pipelines::definitions::{Defined, Definitions};
use crate::triggers::is_deployment;
use std::collections::BTreeSet;
use trunkline_config::Project;
use trunkline_model::pipeline::Action;
use trunkline_model::{Diagnostic, Region, Target};

/// What actions name that is not there. TL0105 and TL0110; TL0106: it is no region at all.
pub(super) fn unknown(definitions: &Definitions, project: &Project) -> Vec<Diagnostic> {
    let pipelines = definitions.pipelines.values();
    let actions = pipelines.flat_map(|d| d.pipeline.actions().map(move |action| (d, action)));
    actions
        .filter(|(_, action)| is_deployment(action) || is_export(action))
        .filter_map(|(defined, action)| {
            let wrong = named(project, action).err()?;
            let (action, pipeline) = (&action.name, &defined.pipeline.name);
            let on = format!("action \"{action}\" of pipeline \"{pipeline}\"");
            Some(wrong.in_file(&defined.file).on(on))
        })
        .collect()
}

/// Looks for what an action names.
fn named(project: &Project, action: &Action) -> Result<(), Diagnostic> {
    let fixed = |key| setting(action, key).filter(|value| !value.is_empty() && !variable(value));
    let Some(environment) = fixed("Environment") else { return Ok(()) };
    let environment = project.environment(environment)?;
    let region = fixed("Region").map(Region::parse).transpose();
    let region = region.map_err(|error| Diagnostic::error("TL0106", error.to_string()))?;
    project.targets(environment, region.as_ref()).map(drop)
}

fn is_export(action: &Action) -> bool {
    let id = &action.action_type_id;
    id.owner == "Custom" && id.provider == "TrunklineExport"
}

/// What a variable stands for is known only when an execution runs.
fn variable(value: &str) -> bool {
    value.contains("#{")
}

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
    let deploys =
        |action: &&Action| is_deployment(action) && setting(action, "Mode") != Some("plan");
    defined.pipeline.actions().filter(deploys).map(move |action| (defined, action))
}

fn missing(deployments: &[(&Defined, &Action)], target: &Target) -> Option<Diagnostic> {
    let environment = &target.environment;
    // A variable may be any environment, and any region.
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
