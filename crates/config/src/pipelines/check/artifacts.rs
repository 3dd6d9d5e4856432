//! Artifacts: each is made once, by an action that certainly ended before those that read it, and
//! each provider takes and gives as many as it can.

use super::names::ARTIFACT;
use super::{Check, Place, Spot};
use crate::suggest::nearest;
use std::collections::HashMap;

/// Who makes an artifact.
struct Maker {
    stage: usize,
    order: u32,
    action: String,
}

impl<'a, 'n> Check<'a, 'n> {
    /// Checks all artifacts.
    pub(super) fn artifacts(&mut self) {
        let mut seen: HashMap<&str, Spot> = HashMap::new();
        let mut makers: HashMap<&str, Maker> = HashMap::new();
        self.each(|c, place| {
            let items = c.m.named(place.node, "outputArtifacts");
            for (artifact, item) in place.action.output_artifacts.iter().zip(items) {
                let spot = c.m.spot(item, "name");
                c.name(spot, "an artifact", &artifact.name, &ARTIFACT);
                c.unique(&mut seen, spot, "output artifacts are", &artifact.name);
                makers.entry(&artifact.name).or_insert_with(|| Maker {
                    stage: place.at,
                    order: place.action.run_order,
                    action: format!("{} > {}", place.stage.name, place.action.name),
                });
                c.files(item, artifact.files.len(), &place.action.action_type_id.provider);
            }
            c.counts(place);
        });
        self.each(|c, place| {
            let before = |maker: &Maker| {
                maker.stage < place.at
                    || (maker.stage == place.at && maker.order < place.action.run_order)
            };
            let mut own: HashMap<&str, Spot> = HashMap::new();
            let items = c.m.named(place.node, "inputArtifacts");
            for (artifact, item) in place.action.input_artifacts.iter().zip(items) {
                let spot = c.m.spot(item, "name");
                c.unique(&mut own, spot, "input artifacts are", &artifact.name);
                c.input(spot, &artifact.name, &makers, &before);
            }
        });
    }

    /// Reports an input that is not there yet.
    fn input(
        &mut self,
        spot: Spot,
        name: &str,
        makers: &HashMap<&str, Maker>,
        before: &dyn Fn(&Maker) -> bool,
    ) {
        match makers.get(name) {
            Some(maker) if before(maker) => {}
            Some(maker) => {
                let message = format!("the artifact `{name}` is not there yet");
                let note = format!("{} makes it", maker.action);
                self.m.error(spot, "TL0810", message).notes.push(note);
            }
            None => {
                let mut there: Vec<&str> =
                    makers.iter().filter(|(_, m)| before(m)).map(|(name, _)| *name).collect();
                there.sort_unstable();
                let message = format!("no action makes the artifact `{}`", super::shorten(name));
                let near = nearest(name, there.iter().copied());
                let found = self.m.error(spot, "TL0810", message);
                found.help = near.map(|near| format!("did you mean `{near}`?"));
                if near.is_none() && !there.is_empty() {
                    found.notes.push(format!("there are {}", there.join(", ")));
                }
            }
        }
    }

    fn files(&mut self, item: &'n super::Node, count: usize, provider: &str) {
        self.count(self.m.key_spot(item, "files"), "files of an artifact", count, (0, 10));
        if count > 0 && provider != "Commands" {
            let message = "`files` of an artifact belong to actions of Commands";
            self.m.warning(self.m.key_spot(item, "files"), "TL0824", message);
        }
    }

    /// Reports a plan of a plan, and what an apply would have to make.
    fn plans(&mut self, place: Place<'a, 'n>) {
        let (action, node) = (place.action, place.node);
        let plans = match action.configuration.get("Mode").map(String::as_str) {
            None | Some("apply") => false,
            Some("plan") => true,
            Some(_) => return,
        };
        if plans && action.input_artifacts.len() == 2 {
            let spot = self.m.key_spot(node, "inputArtifacts");
            self.m.error(spot, "TL0811", "`Mode: plan` takes one input artifact, the documents");
        }
        if !plans && !action.output_artifacts.is_empty() {
            let spot = self.m.key_spot(node, "outputArtifacts");
            let found = self.m.error(spot, "TL0811", "`Mode: apply` makes no output artifact");
            found.help =
                Some("an action with `Mode: plan` makes the plan that it takes".to_owned());
        }
    }

    fn counts(&mut self, place: Place<'a, 'n>) {
        let Some(provider) = self.provider(place) else { return };
        let (action, node) = (place.action, place.node);
        if provider.owner == "Custom" && provider.name == "Trunkline" {
            self.plans(place);
        }
        let sides = [
            ("inputArtifacts", "input", action.input_artifacts.len(), provider.inputs),
            ("outputArtifacts", "output", action.output_artifacts.len(), provider.outputs),
        ];
        for (key, side, count, (least, most)) in sides {
            // Entries that could not be read were reported, and are not counted.
            if (least..=most).contains(&count)
                || self.m.get(node, key).is_some_and(|n| length(n) != count)
            {
                continue;
            }
            let wanted = match (least, most) {
                (0, 0) => format!("takes no {side} artifact"),
                (1, 1) => format!("takes one {side} artifact"),
                (0, most) => format!("takes at most {most} {side} artifacts"),
                (least, most) => format!("takes {least} to {most} {side} artifacts"),
            };
            let message = format!("{} {wanted}, here are {count}", provider.name);
            let spot = self.m.key_spot(node, key);
            // A build without a source is newer than what the documentation says.
            match (provider.name, count) {
                ("CodeBuild", 0) => self.m.warning(spot, "TL0811", message),
                _ => self.m.error(spot, "TL0811", message),
            };
        }
    }
}

fn length(node: &super::Node) -> usize {
    match &node.value {
        crate::yaml::Value::List(items) => items.len(),
        _ => usize::MAX,
    }
}
