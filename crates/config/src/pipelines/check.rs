//! The rules of a pipeline that compare its parts with each other and with the providers.
//!
//! One file a subject; each adds its findings and none depends on another's. What AWS documents as a
//! limit of its own, or only an old text says, is a warning.

mod artifacts;
mod conditions;
mod configuration;
mod cron;
mod names;
mod stages;
mod triggers;
mod variables;

use super::ReadOptions;
use super::members::{Members, shorten};
use super::providers::{self, Lookup, Provider};
use super::structure::{CATEGORIES, Spots};
use crate::yaml::{Node, Spot};
use std::collections::HashMap;
use trunkline_model::buildspec::BuildProject;
use trunkline_model::pipeline::{Action, Category, Pipeline, PipelineType, Stage};

/// A pipeline while it is checked.
struct Check<'a, 'n> {
    m: &'a mut Members,
    pipeline: &'a Pipeline,
    spots: &'a Spots<'n>,
    options: &'a ReadOptions,
    /// The build projects beside the pipeline.
    projects: &'a [BuildProject],
    /// Which actions give the variables of a namespace.
    givers: HashMap<&'a str, variables::Giver<'a>>,
}

/// An action, and where it is.
#[derive(Clone, Copy)]
struct Place<'a, 'n> {
    /// The stage's number from 0.
    at: usize,
    stage: &'a Stage,
    action: &'a Action,
    node: &'n Node,
}

/// Checks a pipeline, and settles its type.
pub(super) fn pipeline(
    m: &mut Members,
    pipeline: &mut Pipeline,
    spots: &Spots<'_>,
    options: &ReadOptions,
    projects: &[BuildProject],
) {
    let mut check = Check { m, pipeline, spots, options, projects, givers: HashMap::new() };
    check.givers = check.givers();
    check.names();
    check.stages();
    check.artifacts();
    check.configurations();
    check.variables();
    check.triggers();
    check.conditions();
    let needs = check.second_type();
    if pipeline.pipeline_type.is_none() && needs {
        pipeline.pipeline_type = Some(PipelineType::V2);
    }
}

/// Checks that build projects have names of their own. `spots` are those of their names.
pub(super) fn projects(m: &mut Members, projects: &[BuildProject], spots: &[Spot]) {
    let mut seen: Vec<&str> = Vec::new();
    for (project, spot) in projects.iter().zip(spots) {
        if seen.contains(&project.name.as_str()) {
            m.about("build project", &project.name);
            let message = format!("two build projects are named `{}`", shorten(&project.name));
            m.error(*spot, "TL0808", message);
        }
        seen.push(&project.name);
    }
}

impl<'a, 'n> Check<'a, 'n> {
    /// Returns the actions in their order.
    fn places(&self) -> Vec<Place<'a, 'n>> {
        let mut places = Vec::new();
        for (at, (stage, spots)) in self.pipeline.stages.iter().zip(&self.spots.stages).enumerate()
        {
            for (action, node) in stage.actions.iter().zip(&spots.actions) {
                places.push(Place { at, stage, action, node });
            }
        }
        places
    }

    /// Calls something for each action, with its place named in what it reports.
    fn each(&mut self, mut look: impl FnMut(&mut Self, Place<'a, 'n>)) {
        for place in self.places() {
            self.m.enter("stage", &place.stage.name);
            self.m.enter("action", &place.action.name);
            look(self, place);
            self.m.leave();
            self.m.leave();
        }
    }

    /// Returns the category that an action gives, where it gives one that exists.
    fn category(&self, node: &Node) -> Option<Category> {
        let id = self.m.get(node, "actionTypeId")?;
        let written = self.m.get(id, "category")?.spelling()?;
        CATEGORIES.iter().find(|(name, _)| *name == written).map(|(_, category)| *category)
    }

    /// Returns where a member of an action's type stands.
    fn type_spot(&self, node: &Node, key: &str) -> Spot {
        self.m.get(node, "actionTypeId").map_or(node.spot, |id| self.m.spot(id, key))
    }

    /// Returns what is known of an action's provider.
    fn provider(&self, place: Place<'_, '_>) -> Option<&'static Provider> {
        let category = self.category(place.node)?;
        let id = &place.action.action_type_id;
        match providers::lookup(category, &id.owner, &id.provider) {
            Lookup::Known(provider) => Some(provider),
            _ => None,
        }
    }

    /// Reports a list with too many or too few entries.
    fn count(&mut self, spot: Spot, what: &str, count: usize, range: (usize, usize)) {
        let (least, most) = range;
        if count < least || count > most {
            let wanted = match range {
                (least, most) if least == most => format!("{least}"),
                (0, most) => format!("at most {most}"),
                (least, usize::MAX) => format!("at least {least}"),
                (least, most) => format!("{least} to {most}"),
            };
            let message = format!("{what}: {wanted}, here are {count}");
            self.m.error(spot, "TL0807", message);
        }
    }

    /// Says whether the pipeline uses what only V2 has, and reports it where it says V1.
    fn second_type(&mut self) -> bool {
        use trunkline_model::pipeline::ExecutionMode;
        let conditions = |s: &Stage| {
            s.before_entry.is_some() || s.on_success.is_some() || s.on_failure.is_some()
        };
        let node = self.spots.node;
        let mode = self.pipeline.execution_mode != ExecutionMode::Superseded;
        let uses = [
            (mode, self.m.spot(node, "executionMode"), "`executionMode` QUEUED and PARALLEL need"),
            (!self.pipeline.triggers.is_empty(), self.m.spot(node, "triggers"), "triggers need"),
            (!self.pipeline.variables.is_empty(), self.m.spot(node, "variables"), "variables need"),
        ];
        let first = self.pipeline.pipeline_type == Some(PipelineType::V1);
        let mut needs = false;
        for (used, spot, what) in uses {
            needs |= used;
            if used && first {
                let found = self.m.error(spot, "TL0819", format!("{what} type V2"));
                found.help = Some("write V2 for the pipeline's type".to_owned());
            }
        }
        let stages: Vec<_> = self.pipeline.stages.iter().zip(&self.spots.stages).collect();
        for (stage, spots) in stages {
            if conditions(stage) {
                needs = true;
                if first {
                    let message = format!("the conditions of stage `{}` need type V2", stage.name);
                    self.m.error(spots.node.spot, "TL0819", message);
                }
            }
        }
        for place in self.places() {
            if self.category(place.node) == Some(Category::Compute) {
                needs = true;
                if first {
                    let spot = self.type_spot(place.node, "category");
                    self.m.error(spot, "TL0819", "commands need a pipeline of type V2");
                }
            }
        }
        needs
    }
}
