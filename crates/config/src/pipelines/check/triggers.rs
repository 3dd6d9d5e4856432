//! Triggers: which source action they are for, and which filters go together.
//!
//! CodePipeline has them for connections only. Here they work for every git source, which is noted.

use super::{Check, Spot};
use crate::suggest::nearest;
use crate::yaml::Node;
use std::collections::HashMap;
use trunkline_model::pipeline::{GitConfiguration, GitFilter, Patterns};

/// The provider that triggers name.
const CONNECTION: &str = "CodeStarSourceConnection";
const EVENTS: &[&str] = &["OPEN", "UPDATED", "CLOSED"];
/// The most patterns of a list, and the most characters of one.
const PATTERNS: usize = 8;
const PATTERN: usize = 255;

impl<'a, 'n> Check<'a, 'n> {
    /// Checks all triggers.
    pub(super) fn triggers(&mut self) {
        let spot = self.m.key_spot(self.spots.node, "triggers");
        self.count(spot, "triggers of a pipeline", self.pipeline.triggers.len(), (0, 50));
        let mut seen: HashMap<&str, Spot> = HashMap::new();
        for (trigger, node) in self.pipeline.triggers.iter().zip(self.spots.triggers.clone()) {
            if !trigger.provider_type.is_empty() && trigger.provider_type != CONNECTION {
                let spot = self.m.spot(node, "providerType");
                let message = format!("the provider of a trigger is `{CONNECTION}`");
                self.m.error(spot, "TL0818", message);
            }
            let Some(git) = self.m.get(node, "gitConfiguration") else {
                self.m.missing(node, "gitConfiguration", "the trigger");
                continue;
            };
            if let Some(filters) = &trigger.git_configuration {
                let source = self.m.spot(git, "sourceActionName");
                self.unique(
                    &mut seen,
                    source,
                    "triggers are for an action",
                    &filters.source_action_name,
                );
                self.trigger_source(source, &filters.source_action_name);
                self.filters(git, filters);
            }
        }
    }

    fn trigger_source(&mut self, spot: Spot, name: &str) {
        if name.is_empty() {
            return;
        }
        let places = self.places();
        let sources: Vec<_> = places.iter().filter(|p| p.at == 0).collect();
        let Some(source) = sources.iter().find(|p| p.action.name == name) else {
            let names: Vec<&str> = sources.iter().map(|p| p.action.name.as_str()).collect();
            let message = format!("there is no source action `{}`", super::shorten(name));
            self.m.error(spot, "TL0818", message).help =
                nearest(name, names).map(|near| format!("did you mean `{near}`?"));
            return;
        };
        match source.action.action_type_id.provider.as_str() {
            CONNECTION => {}
            "CodeCommit" => {
                let message = "CodePipeline has triggers for connections only; here it works";
                self.m.note(spot, "TL0818", message);
            }
            provider => {
                let message = format!("a trigger is for a git source, `{name}` is of {provider}");
                self.m.error(spot, "TL0818", message);
            }
        }
    }

    fn filters(&mut self, node: &'n Node, git: &GitConfiguration) {
        if git.push.is_empty() && git.pull_request.is_empty() {
            let spelled = self.m.spell("push");
            let message = format!(
                "a trigger without `{spelled}` filters starts on every push to the source's branch"
            );
            self.m.warning(node.spot, "TL0824", message);
        }
        let lists = [("push", &git.push), ("pullRequest", &git.pull_request)];
        for (key, filters) in lists {
            let what = format!("`{}` of a trigger", self.m.spell(key));
            if self.m.get(node, key).is_some() {
                self.count(self.m.key_spot(node, key), &what, filters.len(), (1, 3));
            }
            for (filter, item) in filters.iter().zip(self.m.maps(node, key)) {
                match key {
                    "push" => self.push(item, filter),
                    _ => self.pull_request(item, filter),
                }
                let parts = [
                    ("branches", &filter.branches),
                    ("filePaths", &filter.file_paths),
                    ("tags", &filter.tags),
                ];
                for (key, patterns) in parts {
                    if let (Some(patterns), Some(value)) = (patterns, self.m.get(item, key)) {
                        self.patterns(value, key, patterns);
                    }
                }
            }
        }
    }

    fn push(&mut self, node: &Node, filter: &GitFilter) {
        let allowed = "a push is filtered by tags, by branches, or by branches and file paths";
        let wrong = match (&filter.tags, &filter.branches, &filter.file_paths) {
            (Some(_), None, None) | (None, Some(_), _) => return,
            (None, None, None) => "the filter is empty",
            (Some(_), _, _) => "a filter by tags has nothing else",
            (None, None, Some(_)) => "a filter by file paths needs branches, too",
        };
        self.m.error(node.spot, "TL0818", wrong).notes.push(allowed.to_owned());
    }

    fn pull_request(&mut self, node: &Node, filter: &GitFilter) {
        if filter.branches.is_none() {
            let message = "a filter of pull requests needs branches";
            self.m.error(node.spot, "TL0818", message);
        }
        if self.m.get(node, "events").is_none() {
            return;
        }
        let spot = self.m.key_spot(node, "events");
        self.count(spot, "events of a filter", filter.events.len(), (1, 3));
        for (event, item) in filter.events.iter().zip(self.m.plain(node, "events")) {
            if !EVENTS.contains(&event.as_str()) {
                let message = format!("`{}` is no event of a pull request", super::shorten(event));
                let found = self.m.error(item.spot, "TL0818", message);
                found.notes.push(format!("events are {}", EVENTS.join(", ")));
                found.help = nearest(event, EVENTS.iter().copied())
                    .map(|near| format!("did you mean `{near}`?"));
            }
        }
    }

    fn patterns(&mut self, node: &Node, key: &str, patterns: &Patterns) {
        if patterns.includes.is_empty() && patterns.excludes.is_empty() {
            let message = format!("`{}` has neither includes nor excludes", self.m.spell(key));
            self.m.error(node.spot, "TL0818", message);
        }
        for (key, list) in [("includes", &patterns.includes), ("excludes", &patterns.excludes)] {
            if self.m.get(node, key).is_some() {
                let what = format!("`{}`", self.m.spell(key));
                self.count(self.m.key_spot(node, key), &what, list.len(), (1, PATTERNS));
            }
            for (pattern, item) in list.iter().zip(self.m.plain(node, key)) {
                if let Some(problem) = glob_problem(pattern) {
                    let shown = super::shorten(pattern);
                    let message = format!("the pattern `{shown}` {problem}");
                    self.m.error(item.spot, "TL0818", message);
                }
            }
        }
    }
}

/// Says what is wrong with a glob of Java's kind.
fn glob_problem(pattern: &str) -> Option<&'static str> {
    let (mut braces, mut brackets, mut characters) = (0_u32, false, pattern.chars());
    while let Some(c) = characters.next() {
        match c {
            '\\' if characters.next().is_none() => return Some("ends with a backslash"),
            '[' if !brackets => brackets = true,
            ']' if brackets => brackets = false,
            _ if brackets => {}
            '{' if braces > 0 => return Some("has braces within braces"),
            '{' => braces = 1,
            '}' => braces = braces.saturating_sub(1),
            _ => {}
        }
    }
    match pattern.chars().count() {
        0 => Some("is empty"),
        length if length > PATTERN => Some("has more than 255 characters"),
        _ if brackets => Some("has a bracket that is not closed"),
        _ if braces > 0 => Some("has a brace that is not closed"),
        _ => None,
    }
}
