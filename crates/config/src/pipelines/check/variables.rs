//! Variables: `#{namespace.key}` is resolved right before an action starts, so what gives it must
//! certainly have ended by then.

use super::super::structure::entries;
use super::providers::Variables;
use super::{Check, Place, Spot, shorten};
use crate::suggest::nearest;
use crate::yaml::Node;
use std::collections::HashMap;
use trunkline_model::pipeline::Action;

/// The variables that the pipeline itself gives.
const OWN: &[&str] = &["PipelineExecutionId"];

/// Which action gives a namespace.
#[derive(Clone, Copy)]
pub(super) struct Giver<'a> {
    stage: usize,
    order: u32,
    action: &'a Action,
    variables: Option<Variables>,
}

/// From where a reference is made: what ended before it.
#[derive(Clone, Copy)]
pub(super) struct From {
    /// The stage's number from 0.
    pub(super) stage: usize,
    /// The action's group; everything of the stage has ended for `u32::MAX`, nothing for 0.
    pub(super) order: u32,
}

impl<'a, 'n> Check<'a, 'n> {
    /// Checks the references of all actions.
    pub(super) fn variables(&mut self) {
        self.each(|c, place| {
            let from = From { stage: place.at, order: place.action.run_order };
            c.references(place.node, from);
            for item in c.m.maps(place.node, "environmentVariables") {
                if let Some(value) = c.m.get(item, "value") {
                    c.reference_texts(value, from);
                }
            }
            c.listed(place);
        });
    }

    fn listed(&mut self, place: Place<'a, 'n>) {
        let mut seen = HashMap::new();
        let items = self.m.plain(place.node, "outputVariables");
        for (name, item) in place.action.output_variables.iter().zip(items) {
            self.unique(&mut seen, item.spot, "output variables are", name);
            self.length(item.spot, "an output variable", Some(name), 128);
        }
    }

    /// Checks the references in the configuration of an action or rule.
    pub(super) fn references(&mut self, node: &'n Node, from: From) {
        for (_, value) in self.m.get(node, "configuration").map(entries).unwrap_or_default() {
            self.reference_texts(value, from);
        }
    }

    fn reference_texts(&mut self, value: &Node, from: From) {
        let Some(text) = value.spelling() else { return };
        let mut rest = text;
        while let Some(start) = rest.find("#{") {
            rest = &rest[start + 2..];
            let Some(end) = rest.find('}') else {
                self.m.error(value.spot, "TL0817", "`#{` is not closed");
                return;
            };
            self.reference(value.spot, &rest[..end], from);
            rest = &rest[end + 1..];
        }
    }

    fn reference(&mut self, spot: Spot, inner: &str, from: From) {
        let shown = format!("#{{{}}}", shorten(inner));
        let Some((namespace, key)) = inner.split_once('.') else {
            let found = self.m.error(spot, "TL0817", format!("`{shown}` has no namespace"));
            found.notes.push("a variable is written `#{namespace.key}`".to_owned());
            return;
        };
        match namespace {
            "variables" => self.own_variable(spot, &shown, key),
            "codepipeline" if OWN.contains(&key) => {}
            "codepipeline" => {
                let found = self.m.error(spot, "TL0817", format!("there is no `{shown}`"));
                found.help = Some(format!("there is `#{{codepipeline.{}}}`", OWN[0]));
            }
            _ => self.given(spot, &shown, namespace, key, from),
        }
    }

    fn own_variable(&mut self, spot: Spot, shown: &str, key: &str) {
        let names: Vec<&str> = self.pipeline.variables.iter().map(|v| v.name.as_str()).collect();
        if names.contains(&key) {
            return;
        }
        let near = nearest(key, names.iter().copied());
        let message = format!("the pipeline declares no variable for `{shown}`");
        let found = self.m.error(spot, "TL0817", message);
        found.help = Some(match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare `{}` under `variables`", shorten(key)),
        });
    }

    /// Returns the namespaces and the actions that give them; the first where two have one.
    pub(super) fn givers(&self) -> HashMap<&'a str, Giver<'a>> {
        let mut givers = HashMap::new();
        for place in self.places() {
            let Some(namespace) = place.action.namespace.as_deref() else { continue };
            let variables = self.provider(place).map(|p| p.variables);
            let (action, order) = (place.action, place.action.run_order);
            givers.entry(namespace).or_insert(Giver { stage: place.at, order, action, variables });
        }
        givers
    }

    fn given(&mut self, spot: Spot, shown: &str, namespace: &str, key: &str, from: From) {
        let Some(giver) = self.givers.get(namespace).copied() else {
            let mut names: Vec<&str> = self.givers.keys().copied().collect();
            names.sort_unstable();
            let names = names.into_iter().chain(["codepipeline", "variables"]);
            let near = nearest(namespace, names).map(|near| format!("did you mean `{near}`?"));
            let message = format!("no action has the namespace of `{shown}`");
            self.m.error(spot, "TL0817", message).help =
                near.or_else(|| Some(format!("give an earlier action `namespace: {namespace}`")));
            return;
        };
        let before =
            giver.stage < from.stage || (giver.stage == from.stage && giver.order < from.order);
        if !before {
            let message = format!("`{shown}` is not there before this starts");
            let name = &giver.action.name;
            let found = self.m.error(spot, "TL0817", message);
            found.notes.push(match giver.stage == from.stage && giver.order == from.order {
                true => format!("`{name}` has the same `runOrder`, and may end later"),
                false => format!("`{name}` gives it, and runs later"),
            });
            return;
        }
        self.known_key(spot, shown, key, giver);
    }

    /// Reports a key that the giving action does not have.
    fn known_key(&mut self, spot: Spot, shown: &str, key: &str, giver: Giver<'a>) {
        let names: Vec<&str> = match giver.variables {
            Some(Variables::Only(names)) => names.to_vec(),
            Some(Variables::Listed) => {
                giver.action.output_variables.iter().map(String::as_str).collect()
            }
            Some(Variables::Any) | None => return,
        };
        if names.contains(&key) {
            return;
        }
        let listed = matches!(giver.variables, Some(Variables::Listed));
        let message = format!("`{}` gives no variable for `{shown}`", giver.action.name);
        let near = nearest(key, names.iter().copied());
        let found = match listed || near.is_some() {
            true => self.m.error(spot, "TL0817", message),
            // A provider may have gained a variable since.
            false => self.m.warning(spot, "TL0817", message),
        };
        found.help = match (near, listed) {
            (Some(near), _) => Some(format!("did you mean `{near}`?")),
            (None, true) => {
                Some(format!("list it under `outputVariables` of `{}`", giver.action.name))
            }
            (None, false) => None,
        };
        if near.is_none() && !names.is_empty() {
            found.notes.push(format!("it gives {}", names.join(", ")));
        }
    }
}
