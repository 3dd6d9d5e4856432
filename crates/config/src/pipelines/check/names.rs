//! Which characters names have and how long they are, and that no two things share one.

use super::{Check, Spot};
use std::collections::HashMap;
use trunkline_model::pipeline::Pipeline;

/// What a name consists of: the characters beside letters and digits, and the most of them.
pub(super) struct Form {
    also: &'static str,
    most: usize,
}

pub(super) const NAME: Form = Form { also: ".@-_", most: 100 };
pub(super) const ARTIFACT: Form = Form { also: "-_", most: 100 };
const NAMESPACE: Form = Form { also: "@-_", most: 100 };
pub(super) const VARIABLE: Form = Form { also: "@-_", most: 128 };
const ENVIRONMENT: Form = Form { also: "_", most: 128 };
const PROVIDER: Form = Form { also: "-_", most: 35 };
const VERSION: Form = Form { also: "-_", most: 9 };

impl<'a, 'n> Check<'a, 'n> {
    /// Checks all names.
    pub(super) fn names(&mut self) {
        let Pipeline { name, stages, variables, .. } = self.pipeline;
        self.name(self.m.spot(self.spots.node, "name"), "a pipeline", name, &NAME);
        let mut seen = HashMap::new();
        for (stage, spots) in stages.iter().zip(&self.spots.stages) {
            let spot = self.m.spot(spots.node, "name");
            self.name(spot, "a stage", &stage.name, &NAME);
            self.unique(&mut seen, spot, "stages are", &stage.name);
            let mut actions = HashMap::new();
            for (action, node) in stage.actions.iter().zip(&spots.actions) {
                let spot = self.m.spot(node, "name");
                self.unique(&mut actions, spot, "actions of this stage are", &action.name);
            }
        }
        let mut seen = HashMap::new();
        for (variable, node) in variables.iter().zip(&self.spots.variables) {
            let spot = self.m.spot(node, "name");
            self.name(spot, "a variable", &variable.name, &VARIABLE);
            self.unique(&mut seen, spot, "variables are", &variable.name);
            self.variable_value(node, variable.default_value.as_deref());
            self.length(
                self.m.spot(node, "description"),
                "a description",
                variable.description.as_deref(),
                200,
            );
        }
        self.namespaces();
        self.each(|c, place| {
            let (action, node) = (place.action, place.node);
            c.name(c.m.spot(node, "name"), "an action", &action.name, &NAME);
            let id = &action.action_type_id;
            c.name(c.type_spot(node, "provider"), "a provider", &id.provider, &PROVIDER);
            c.name(c.type_spot(node, "version"), "a version", &id.version, &VERSION);
            for (variable, item) in
                action.environment_variables.iter().zip(c.m.maps(node, "environmentVariables"))
            {
                let spot = c.m.spot(item, "name");
                c.name(spot, "an environment variable", &variable.name, &ENVIRONMENT);
                c.length(c.m.spot(item, "value"), "the value", Some(&variable.value), 2000);
            }
        });
    }

    fn variable_value(&mut self, node: &'n super::Node, value: Option<&str>) {
        let spot = self.m.spot(node, "defaultValue");
        match value.map(|value| value.chars().count()) {
            Some(0) => {
                self.m.error(spot, "TL0804", "the default value of a variable is empty").help =
                    Some("leave it out; every start must then give a value".to_owned());
            }
            Some(1001..) => {
                self.m.error(spot, "TL0806", "a default value has at most 1000 characters");
            }
            _ => {}
        }
    }

    /// Reports a text that is too long.
    pub(super) fn length(&mut self, spot: Spot, what: &str, text: Option<&str>, most: usize) {
        let length = text.map_or(0, |text| text.chars().count());
        if length > most {
            let message = format!("{what} has at most {most} characters, here are {length}");
            self.m.error(spot, "TL0806", message);
        }
    }

    fn namespaces(&mut self) {
        let mut seen = HashMap::new();
        let artifacts: Vec<&str> = self
            .places()
            .iter()
            .flat_map(|p| p.action.output_artifacts.iter().map(|a| a.name.as_str()))
            .collect();
        self.each(|c, place| {
            let Some(namespace) = place.action.namespace.as_deref() else { return };
            let spot = c.m.spot(place.node, "namespace");
            c.name(spot, "a namespace", namespace, &NAMESPACE);
            c.unique(&mut seen, spot, "namespaces are", namespace);
            if artifacts.contains(&namespace) {
                let message = format!("the namespace `{namespace}` is also an artifact's name");
                c.m.error(spot, "TL0808", message);
            }
            if matches!(namespace, "codepipeline" | "variables") {
                let message = format!("the namespace `{namespace}` is the pipeline's own");
                c.m.error(spot, "TL0806", message);
            }
        });
    }

    /// Reports a name of other characters or length. An empty one was reported as missing.
    pub(super) fn name(&mut self, spot: Spot, what: &str, name: &str, form: &Form) {
        let other = name.chars().find(|c| !c.is_ascii_alphanumeric() && !form.also.contains(*c));
        let length = name.chars().count();
        let message = match other {
            Some(' ') => format!("the name of {what} has a space"),
            Some(other) => format!("the name of {what} has `{}`", other.escape_debug()),
            None if length > form.most => format!("the name of {what} has {length} characters"),
            None => return,
        };
        let also: Vec<String> = form.also.chars().map(String::from).collect();
        let found = self.m.error(spot, "TL0806", message);
        found.notes.push(format!("it has 1 to {} of `A-Z a-z 0-9 {}`", form.most, also.join(" ")));
        if name.contains("${") {
            found.help =
                Some("only `Fn::Sub` puts in what `${...}` names: write `!Sub`".to_owned());
        }
    }

    /// Reports a name that was there before.
    pub(super) fn unique<'t>(
        &mut self,
        seen: &mut HashMap<&'t str, Spot>,
        spot: Spot,
        what: &str,
        name: &'t str,
    ) {
        if name.is_empty() {
            return;
        }
        match seen.get(name) {
            Some(first) => {
                let message = format!("two {what} named `{}`", super::shorten(name));
                let line = first.line;
                self.m
                    .error(spot, "TL0808", message)
                    .notes
                    .push(format!("the first one is in line {line}"));
            }
            None => {
                seen.insert(name, spot);
            }
        }
    }
}
