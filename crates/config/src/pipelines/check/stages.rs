//! How many stages and actions there are, where source actions stand, and which types of actions
//! there are. A provider that is not carried out here is named here, before anything runs.

use super::super::members::one_of;
use super::providers::{self, Lookup, Provider};
use super::{Check, Place};
use crate::yaml::{Node, Value};
use std::collections::BTreeMap;
use trunkline_model::Diagnostic;
use trunkline_model::pipeline::Category;

/// The most actions of a pipeline. Newer texts say 1000; which one holds is not known.
const MOST_ACTIONS: usize = 500;

impl<'a, 'n> Check<'a, 'n> {
    /// Checks numbers, order and types.
    pub(super) fn stages(&mut self) {
        let stages = self.m.key_spot(self.spots.node, "stages");
        // What is no list was told of.
        let listed =
            |value: Option<&Node>| value.is_some_and(|v| matches!(v.value, Value::List(_)));
        if listed(self.m.get(self.spots.node, "stages")) {
            self.count(stages, "stages of a pipeline", self.pipeline.stages.len(), (2, 50));
        }
        let total: usize = self.pipeline.stages.iter().map(|s| s.actions.len()).sum();
        if total > MOST_ACTIONS {
            let message =
                format!("a pipeline has at most {MOST_ACTIONS} actions, here are {total}");
            self.m.warning(stages, "TL0807", message);
        }
        let variables = self.m.key_spot(self.spots.node, "variables");
        self.count(variables, "variables of a pipeline", self.pipeline.variables.len(), (0, 50));
        for (stage, spots) in self.pipeline.stages.iter().zip(&self.spots.stages) {
            self.m.enter("stage", &stage.name);
            if listed(self.m.get(spots.node, "actions")) {
                let spot = self.m.key_spot(spots.node, "actions");
                self.count(spot, "actions of a stage", stage.actions.len(), (1, 50));
            }
            self.m.leave();
        }
        self.sources();
        self.stores();
        self.each(|c, place| {
            c.kind(place);
            c.region(place);
            c.limits(place);
        });
    }

    fn sources(&mut self) {
        let places = self.places();
        let mut categories: Vec<_> =
            places.iter().map(|p| (*p, self.category(p.node))).collect::<Vec<_>>();
        // What has no category that exists was reported.
        categories.retain(|(_, category)| category.is_some());
        self.each(|c, place| match (place.at, c.category(place.node)) {
            (0, Some(category)) if category != Category::Source => {
                let spot = c.type_spot(place.node, "category");
                c.m.error(spot, "TL0809", "the first stage holds source actions only");
            }
            (1.., Some(Category::Source)) => {
                let spot = c.type_spot(place.node, "category");
                c.m.error(spot, "TL0809", "a source action stands in the first stage only");
            }
            _ => {}
        });
        let only_sources =
            !categories.is_empty() && categories.iter().all(|(_, c)| *c == Some(Category::Source));
        if only_sources && self.pipeline.stages.len() > 1 {
            let spot = self.m.key_spot(self.spots.node, "stages");
            self.m.error(spot, "TL0809", "a pipeline needs an action that is no source action");
        }
    }

    fn stores(&mut self) {
        let node = self.spots.node;
        if self.m.get(node, "artifactStore").is_some()
            && self.m.get(node, "artifactStores").is_some()
        {
            let spot = self.m.key_spot(node, "artifactStores");
            let (one, many) = (self.m.spell("artifactStore"), self.m.spell("artifactStores"));
            self.m.error(spot, "TL0804", format!("`{one}` and `{many}` exclude each other"));
        }
    }

    /// Checks category, owner, provider and version.
    fn kind(&mut self, place: Place<'a, 'n>) {
        let id = &place.action.action_type_id;
        let Some(category) = self.category(place.node) else { return };
        if id.owner.is_empty() || id.provider.is_empty() {
            return;
        }
        match providers::lookup(category, &id.owner, &id.provider) {
            Lookup::Known(provider) => {
                if !provider.here {
                    self.not_here(place);
                }
                if provider.owner == "AWS" && id.version != "1" {
                    let spot = self.type_spot(place.node, "version");
                    let message = format!("{} has the version 1, not {}", id.provider, id.version);
                    self.m.warning(spot, "TL0812", message);
                }
            }
            Lookup::Misplaced(provider) => self.misplaced(place, category, provider),
            Lookup::Misspelt(near) => {
                let spot = self.type_spot(place.node, "provider");
                let message = format!("there is no provider `{}` of {category:?}", id.provider);
                self.m.error(spot, "TL0812", message).help =
                    Some(format!("did you mean `{near}`?"));
            }
            Lookup::Unknown => self.not_here(place),
        }
    }

    fn misplaced(&mut self, place: Place<'a, 'n>, category: Category, provider: &Provider) {
        let id = &place.action.action_type_id;
        let rows = || providers::PROVIDERS.iter().filter(|p| p.name == provider.name);
        let of_category: Vec<_> = rows().filter(|p| p.categories.contains(&category)).collect();
        if let Some(right) = of_category.first() {
            let spot = self.type_spot(place.node, "owner");
            let message =
                format!("{} belongs to {}, not to {}", id.provider, right.owner, id.owner);
            self.m.error(spot, "TL0812", message);
            return;
        }
        let names: Vec<String> =
            rows().flat_map(|p| p.categories.iter().map(|c| format!("{c:?}"))).collect();
        let words: Vec<&str> = names.iter().map(String::as_str).collect();
        let spot = self.type_spot(place.node, "category");
        let message =
            format!("{} is of category {}, not {category:?}", id.provider, one_of(&words));
        self.m.error(spot, "TL0812", message);
    }

    /// Names a provider that is not carried out here: an error only where it is to be run.
    fn not_here(&mut self, place: Place<'a, 'n>) {
        let id = &place.action.action_type_id;
        let spot = self.type_spot(place.node, "provider");
        let owner = if id.owner == "AWS" { "" } else { &format!(" of {}", id.owner) };
        let message = format!("{}{owner} is not carried out here", id.provider);
        let found: &mut Diagnostic = match self.options.to_run {
            true => self.m.error(spot, "TL0813", message),
            false => self.m.warning(spot, "TL0813", message),
        };
        let here = providers::PROVIDERS
            .iter()
            .filter(|p| p.here && p.categories.contains(&id.category))
            .map(|p| p.name)
            .collect::<Vec<_>>();
        if !here.is_empty() {
            let here = here.join(", ");
            found.notes.push(format!("of category {:?}, carried out here: {here}", id.category));
        }
    }

    fn region(&mut self, place: Place<'a, 'n>) {
        let Some(region) = place.action.region.as_deref() else { return };
        let spot = self.m.spot(place.node, "region");
        let id = &place.action.action_type_id;
        if self.category(place.node) == Some(Category::Source) || id.owner != "AWS" {
            // `get-pipeline` prints the pipeline's own region with every action.
            let first = self.pipeline.stages.first().map(|s| s.actions.as_slice());
            let own = first.unwrap_or_default().iter().find_map(|a| a.region.as_deref());
            if own.is_none_or(|own| own != region) {
                let message = "actions of category Source and of other owners than AWS have no region of their own";
                self.m.warning(spot, "TL0824", message);
            }
            return;
        }
        let stores = self.m.get(self.spots.node, "artifactStores").map(|s| s.to_json().to_string());
        if stores.is_some_and(|stores| !stores.contains(&format!("\"{region}\""))) {
            let spelled = self.m.spell("artifactStores");
            let message = format!("`{spelled}` has no store for the region {region}");
            self.m.error(spot, "TL0804", message);
        }
    }

    /// Checks commands, timeouts, and what else only some actions have.
    fn limits(&mut self, place: Place<'a, 'n>) {
        let (action, node) = (place.action, place.node);
        let provider = action.action_type_id.provider.as_str();
        let is_commands = provider == "Commands";
        self.commands(node, &action.commands);
        if is_commands && action.commands.is_empty() && self.m.get(node, "commands").is_none() {
            self.m.missing(node, "commands", "an action of Commands");
        }
        let only: BTreeMap<&str, bool> = [
            ("commands", !action.commands.is_empty()),
            ("outputVariables", !action.output_variables.is_empty()),
        ]
        .into();
        for (key, used) in only {
            if used && !is_commands {
                let message = format!("`{}` belongs to actions of Commands", self.m.spell(key));
                self.m.error(self.m.key_spot(node, key), "TL0804", message);
            }
        }
        let lists = [
            ("outputVariables", action.output_variables.len(), 15),
            ("environmentVariables", action.environment_variables.len(), 10),
        ];
        for (key, count, most) in lists {
            let what = format!("`{}` of an action", self.m.spell(key));
            self.count(self.m.key_spot(node, key), &what, count, (0, most));
        }
        if action.timeout_in_minutes.is_some() && provider != "Manual" {
            let spot = self.m.key_spot(node, "timeoutInMinutes");
            let message = "CodePipeline takes a timeout for approvals only; here it holds";
            self.m.warning(spot, "TL0824", message);
        }
    }

    /// Checks that commands are single lines.
    pub(super) fn commands(&mut self, node: &'n super::Node, commands: &[String]) {
        self.count(
            self.m.key_spot(node, "commands"),
            "commands of an action",
            commands.len(),
            (0, 50),
        );
        for item in self.m.plain(node, "commands") {
            let command = item.spelling().unwrap_or_default().trim_end_matches('\n');
            let message = match command.chars().count() {
                _ if command.contains('\n') => "a command is a single line".to_owned(),
                0 => "a command is empty".to_owned(),
                length @ 1001.. => {
                    format!("a command has at most 1000 characters, here are {length}")
                }
                _ => continue,
            };
            self.m.error(item.spot, "TL0821", message);
        }
    }
}
