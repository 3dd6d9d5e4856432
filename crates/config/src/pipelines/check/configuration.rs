//! The configuration of actions and rules against the settings that their provider knows.
//!
//! A value with `#{...}` in it is not known before the action starts, and is only measured.

use super::super::members::one_of;
use super::super::structure::entries;
use super::providers::{Allowed, Key, Provider};
use super::{Check, Place, Spot, cron, shorten};
use crate::suggest::nearest;
use crate::yaml::Node;
use std::collections::BTreeMap;

/// The longest value of an action.
const ACTION_VALUE: usize = 1000;

impl<'a, 'n> Check<'a, 'n> {
    /// Checks the configurations of all actions.
    pub(super) fn configurations(&mut self) {
        self.each(|c, place| {
            let values = &place.action.configuration;
            match c.provider(place) {
                Some(provider) => {
                    c.settings(place.node, values, provider, ACTION_VALUE);
                    c.together(place, provider);
                }
                None => c.lengths(place.node, ACTION_VALUE),
            }
        });
    }

    /// Checks the settings of one action or rule.
    pub(super) fn settings(
        &mut self,
        node: &'n Node,
        values: &BTreeMap<String, String>,
        provider: &Provider,
        longest: usize,
    ) {
        let given = self.m.get(node, "configuration").map(entries).unwrap_or_default();
        for (key, value) in given {
            let Some(known) = provider.keys.iter().find(|k| k.name == key.text) else {
                self.unknown(&key.text, key.spot, provider);
                continue;
            };
            if let Some(text) = values.get(&key.text) {
                self.value(known, text, value.spot);
            }
        }
        for key in provider.keys.iter().filter(|k| k.required && !values.contains_key(k.name)) {
            // A value that could not be read was reported.
            if given.iter().any(|(k, v)| k.text == key.name && v.spelling().is_none()) {
                continue;
            }
            let spot = match given.is_empty() {
                true => node.spot,
                false => self.m.key_spot(node, "configuration"),
            };
            let message = format!("{} needs `{}`", provider.name, key.name);
            self.m.error(spot, "TL0815", message);
        }
        self.lengths(node, longest);
    }

    fn unknown(&mut self, key: &str, spot: Spot, provider: &Provider) {
        if provider.open && provider.keys.is_empty() && !provider.here {
            return;
        }
        let message = format!("{} has no setting `{}`", provider.name, shorten(key));
        let names: Vec<&str> = provider.keys.iter().map(|k| k.name).collect();
        let near = nearest(key, names.iter().copied());
        let found = match provider.open {
            true => self.m.warning(spot, "TL0814", message),
            false => self.m.error(spot, "TL0814", message),
        };
        match near {
            Some(near) => found.help = Some(format!("did you mean `{near}`?")),
            None if names.is_empty() => found.notes.push("it has no settings".to_owned()),
            None => found.notes.push(format!("its settings are {}", names.join(", "))),
        }
    }

    fn value(&mut self, key: &Key, text: &str, spot: Spot) {
        // An empty value is reported for all settings alike.
        if text.contains("#{") || text.is_empty() {
            return;
        }
        let wanted = match key.value {
            Allowed::Flag if !matches!(text, "true" | "false") => {
                "must be true or false".to_owned()
            }
            Allowed::OneOf(words) if !words.contains(&text) => {
                format!("must be {}", one_of(words))
            }
            Allowed::Number if text.parse::<u32>().is_err() => "must be a whole number".to_owned(),
            Allowed::Json if serde_json::from_str::<serde_json::Value>(text).is_err() => {
                "must be a text of JSON".to_owned()
            }
            Allowed::Environment => match environment_problem(text) {
                Some(problem) => problem,
                None => return,
            },
            Allowed::Cron(least, most) => match cron::problem(text, least, most) {
                Some(problem) => problem,
                None => return,
            },
            Allowed::Zone if jiff::tz::TimeZone::get(text).is_err() => {
                self.zone(text, spot);
                return;
            }
            _ => return,
        };
        let message = format!("`{}` {wanted}", key.name);
        self.m.error(spot, "TL0816", message).help = match key.value {
            Allowed::OneOf(words) => {
                nearest(text, words.iter().copied()).map(|near| format!("did you mean `{near}`?"))
            }
            _ => None,
        };
    }

    /// Reports a time zone that is not known here; CodePipeline takes abbreviations as well.
    fn zone(&mut self, text: &str, spot: Spot) {
        let message = format!("`{}` is no time zone that is known here", shorten(text));
        let found = match self.options.to_run {
            true => self.m.error(spot, "TL0816", message),
            false => self.m.warning(spot, "TL0816", message),
        };
        found.help = Some("name a place, such as `America/Los_Angeles`".to_owned());
    }

    fn lengths(&mut self, node: &'n Node, longest: usize) {
        for (key, value) in self.m.get(node, "configuration").map(entries).unwrap_or_default() {
            let length = value.spelling().map_or(0, |text| text.chars().count());
            if key.text.chars().count() > 50 {
                let message = "a setting's name has at most 50 characters";
                self.m.error(key.spot, "TL0816", message);
            }
            if length == 0 && value.spelling().is_some() {
                let message = format!("`{}` is empty", shorten(&key.text));
                self.m.error(value.spot, "TL0816", message).help =
                    Some("leave it out where it shall have no value".to_owned());
            }
            if length > longest {
                let name = shorten(&key.text);
                let message =
                    format!("`{name}` has {length} characters, at most {longest} are allowed");
                self.m.error(value.spot, "TL0816", message);
            }
        }
    }

    /// Checks settings that depend on others.
    fn together(&mut self, place: Place<'a, 'n>, provider: &Provider) {
        let action = place.action;
        let get = |key: &str| action.configuration.get(key).map(String::as_str);
        let spot = self.m.key_spot(place.node, "configuration");
        let name = provider.name;
        let lacking = match name {
            "CodeBuild" if action.input_artifacts.len() > 1 && get("PrimarySource").is_none() => {
                Some(("PrimarySource", "it has several input artifacts"))
            }
            "S3" if get("Extract") == Some("false") && get("ObjectKey").is_none() => {
                Some(("ObjectKey", "the artifact is not extracted"))
            }
            "CloudFormation" => match get("ActionMode") {
                Some("CHANGE_SET_REPLACE" | "CHANGE_SET_EXECUTE")
                    if get("ChangeSetName").is_none() =>
                {
                    Some(("ChangeSetName", "the mode works on a change set"))
                }
                Some("CREATE_UPDATE" | "REPLACE_ON_FAILURE" | "CHANGE_SET_REPLACE")
                    if get("TemplatePath").is_none() =>
                {
                    Some(("TemplatePath", "the mode needs a template"))
                }
                _ => None,
            },
            _ => None,
        };
        if let Some((key, why)) = lacking {
            let found = self.m.error(spot, "TL0815", format!("{name} needs `{key}`"));
            found.notes.push(why.to_owned());
        }
        self.primary_source(place);
        self.project(place);
    }

    /// Warns of a build project that the file does not define; another file may do so.
    fn project(&mut self, place: Place<'a, 'n>) {
        let Some(name) = place.action.configuration.get("ProjectName") else { return };
        let is_build = place.action.action_type_id.provider == "CodeBuild";
        let names: Vec<&str> = self.projects.iter().map(|p| p.name.as_str()).collect();
        if !is_build || name.contains("#{") || names.contains(&name.as_str()) {
            return;
        }
        let spot = self.setting_spot(place.node, "ProjectName");
        let message = format!("the build project `{}` is not in this file", shorten(name));
        self.m.warning(spot, "TL0826", message).help =
            nearest(name, names).map(|near| format!("did you mean `{near}`?"));
    }

    /// Returns where the value of a setting stands.
    fn setting_spot(&self, node: &Node, key: &str) -> Spot {
        let settings = self.m.get(node, "configuration");
        settings.and_then(|n| n.get(key)).map_or(node.spot, |n| n.spot)
    }

    fn primary_source(&mut self, place: Place<'a, 'n>) {
        let Some(primary) = place.action.configuration.get("PrimarySource") else { return };
        let names: Vec<&str> =
            place.action.input_artifacts.iter().map(|a| a.name.as_str()).collect();
        if primary.contains("#{") || names.contains(&primary.as_str()) {
            return;
        }
        let spot = self.setting_spot(place.node, "PrimarySource");
        let message = format!("`{}` is no input artifact of this action", shorten(primary));
        self.m.error(spot, "TL0816", message).help =
            nearest(primary, names).map(|near| format!("did you mean `{near}`?"));
    }
}

/// Says what is wrong with the environment variables of a CodeBuild action.
fn environment_problem(text: &str) -> Option<String> {
    const KINDS: &[&str] = &["PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER"];
    let Ok(serde_json::Value::Array(items)) = serde_json::from_str(text) else {
        return Some("must be a JSON array of objects with `name` and `value`".to_owned());
    };
    items.iter().find_map(|item| {
        let get = |key: &str| item.get(key).and_then(serde_json::Value::as_str);
        if get("name").is_none() || get("value").is_none() {
            return Some("needs a text for `name` and `value` in each entry".to_owned());
        }
        let kind = item.get("type")?.as_str().unwrap_or_default();
        (!KINDS.contains(&kind)).then(|| format!("has a `type` that is not {}", one_of(KINDS)))
    })
}
