//! Typed reading of a buildspec's mappings. Every misfit becomes a finding; the reader goes on, also
//! below a key whose name is a slip, so that one slip hides no other.

use crate::suggest::nearest;
use crate::yaml::{Key, Node, Spot, Value};
use trunkline_model::Diagnostic;
use trunkline_model::buildspec::BuildspecVersion;

/// Collects what is wrong while the tree is read.
pub(super) struct Reader<'t> {
    lines: Vec<&'t str>,
    pub(super) found: Vec<Diagnostic>,
    pub(super) version: BuildspecVersion,
}

/// A mapping whose keys were held against the known ones.
pub(super) struct Section<'n> {
    /// Where the mapping begins.
    pub(super) spot: Spot,
    entries: Vec<(&'static str, Spot, &'n Node)>,
    meant: Vec<&'static str>,
}

impl<'n> Section<'n> {
    /// Returns the value of a key, or of the slip that stands for it.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(k, ..)| *k == key).map(|(.., node)| *node)
    }

    /// Returns where the key stands; the mapping's begin where it does not.
    pub(super) fn key_spot(&self, key: &str) -> Spot {
        self.entries.iter().find(|(k, ..)| *k == key).map_or(self.spot, |(_, spot, _)| *spot)
    }

    /// Says whether a slip was reported that meant this key.
    pub(super) fn meant(&self, key: &str) -> bool {
        self.meant.contains(&key)
    }
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str, found: Vec<Diagnostic>) -> Self {
        Self { lines: text.lines().collect(), found, version: BuildspecVersion::V02 }
    }

    /// Adds a finding at a spot and returns it for notes and help.
    pub(super) fn report(&mut self, spot: Spot, diagnostic: Diagnostic) -> &mut Diagnostic {
        self.found.push(diagnostic.at(spot.line, spot.column));
        self.found.last_mut().expect("one was pushed")
    }

    /// Adds TL0834: a value of the wrong form.
    pub(super) fn wrong(&mut self, node: &Node, message: impl Into<String>) -> &mut Diagnostic {
        self.report(node.spot, Diagnostic::error("TL0834", message))
    }

    /// Adds TL0833, unless a slip was reported that meant the key.
    pub(super) fn missing(
        &mut self,
        section: &Section<'_>,
        key: &str,
        place: &str,
        help: &str,
    ) -> Option<&mut Diagnostic> {
        if section.meant(key) {
            return None;
        }
        let message = format!("`{key}` is missing in {place}");
        Some(self.report(section.spot, Diagnostic::error("TL0833", message).help(help)))
    }

    /// Opens a mapping of which some keys are known; null is a mapping without keys. A key near to a known
    /// one is an error, one that CodeBuild ignores a warning.
    pub(super) fn section<'n>(
        &mut self,
        node: &'n Node,
        place: &str,
        known: &[&'static str],
    ) -> Option<Section<'n>> {
        self.open(node, place, known, false)
    }

    /// Opens a mapping in which every unknown key is an error.
    pub(super) fn closed_section<'n>(
        &mut self,
        node: &'n Node,
        place: &str,
        known: &[&'static str],
    ) -> Option<Section<'n>> {
        self.open(node, place, known, true)
    }

    fn open<'n>(
        &mut self,
        node: &'n Node,
        place: &str,
        known: &[&'static str],
        closed: bool,
    ) -> Option<Section<'n>> {
        let mut section = Section { spot: node.spot, entries: Vec::new(), meant: Vec::new() };
        let mut unknown: Vec<(&Key, &Node)> = Vec::new();
        for (key, value) in self.entries(node, place)? {
            match known.iter().find(|k| **k == key.text) {
                Some(name) => section.entries.push((name, key.spot, value)),
                None => unknown.push((key, value)),
            }
        }
        for (key, value) in unknown {
            let elsewhere = home(&key.text);
            let Some(name) = near(&key.text, known).filter(|_| elsewhere.is_none()) else {
                let variable = place == "`env`" && value.spelling().is_some();
                let found = self.unknown(key, place, known, closed);
                found.help = match elsewhere {
                    Some(home) => Some(format!("it belongs to {home}: look at its indent")),
                    None if variable => Some("variables stand below `variables:`".to_owned()),
                    None => None,
                };
                continue;
            };
            let message = format!("`{}` is no key of {place}", shorten(&key.text));
            let found = Diagnostic::error("TL0832", message);
            self.report(key.spot, found.help(format!("did you mean `{name}`?")));
            section.meant.push(name);
            if section.get(name).is_none() {
                section.entries.push((name, key.spot, value));
            }
        }
        Some(section)
    }

    fn unknown(&mut self, key: &Key, place: &str, known: &[&str], closed: bool) -> &mut Diagnostic {
        let message = format!("`{}` is no key of {place}", shorten(&key.text));
        let keys = format!("the keys here are {}", known.join(", "));
        let found = match closed {
            true => Diagnostic::error("TL0832", message),
            false => Diagnostic::warning("TL0835", message).because("CodeBuild ignores it"),
        };
        self.report(key.spot, found.because(keys))
    }

    /// Returns a mapping's entries, each key once; null has none. What is no mapping is reported.
    pub(super) fn entries<'n>(
        &mut self,
        node: &'n Node,
        place: &str,
    ) -> Option<Vec<(&'n Key, &'n Node)>> {
        let entries = match &node.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Null => &[],
            _ => {
                let message = format!("{place} must be a mapping, this is {}", node.what());
                self.wrong(node, message);
                return None;
            }
        };
        let mut seen = std::collections::HashMap::new();
        let mut kept = Vec::new();
        for (key, value) in entries {
            if let Some(line) = seen.insert(key.text.as_str(), key.spot.line) {
                let message = format!("`{}` stands twice in {place}", shorten(&key.text));
                let found = Diagnostic::error("TL0839", message);
                self.report(key.spot, found.because(format!("the other is on line {line}")));
            } else {
                kept.push((key, value));
            }
        }
        Some(kept)
    }

    /// Refuses keys that the older version does not have.
    pub(super) fn only_in_02(&mut self, section: &Section<'_>, keys: &[&str]) {
        if self.version == BuildspecVersion::V02 {
            return;
        }
        for key in keys.iter().filter(|key| section.get(key).is_some()) {
            let found = Diagnostic::error("TL0832", format!("`{key}` needs version 0.2"));
            let help = "write `version: 0.2`; commands then share folder and exported variables";
            self.report(section.key_spot(key), found.help(help));
        }
    }

    /// Returns a scalar as it was written; nothing for null, lists and mappings.
    pub(super) fn spelling(&self, node: &Node) -> Option<String> {
        let spelling = node.spelling()?;
        if !matches!(node.value, Value::Bool(_)) {
            return Some(spelling.to_owned());
        }
        // The tree keeps no spelling of `True`; the text has it, unless an alias stands there.
        let word: String = self.rest(node).chars().take(spelling.len()).collect();
        Some(if word.eq_ignore_ascii_case(spelling) { word } else { spelling.to_owned() })
    }

    /// Returns what the node's line holds from where it begins.
    pub(super) fn rest(&self, node: &Node) -> &'t str {
        self.split(node).1
    }

    /// Says whether an item of a list has a tag of its own before it, on its line.
    pub(super) fn is_tagged(&self, node: &Node) -> bool {
        let before = self.split(node).0.trim_start().strip_prefix("- ").unwrap_or("").trim_start();
        before.starts_with('!') && !before.starts_with("!!")
    }

    fn split(&self, node: &Node) -> (&'t str, &'t str) {
        let line = self.lines.get(node.spot.line.saturating_sub(1) as usize).copied().unwrap_or("");
        let column = node.spot.column.saturating_sub(1) as usize;
        let at = line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
        line.split_at(at)
    }

    /// Returns a scalar that is not empty.
    pub(super) fn text(&mut self, section: &Section<'_>, key: &str) -> Option<String> {
        let node = section.get(key)?;
        let text = self.spelling(node);
        if text.as_deref().is_none_or(|t| t.trim().is_empty()) {
            let what = if text.is_some() { "an empty text" } else { node.what() };
            self.wrong(node, format!("`{key}` must be a text, this is {what}"));
            return None;
        }
        text
    }

    /// Returns a flag: YAML's booleans, or yes and no.
    pub(super) fn flag(&mut self, section: &Section<'_>, key: &str) -> bool {
        let Some(node) = section.get(key) else { return false };
        match self.spelling(node).unwrap_or_default().to_ascii_lowercase().as_str() {
            "yes" | "true" => true,
            "no" | "false" => false,
            _ => {
                self.wrong(node, format!("`{key}` must be yes or no"));
                false
            }
        }
    }

    /// Returns a list of texts that are not empty; a single text is a list of one. An empty list
    /// is reported, and so is what is no list.
    pub(super) fn texts(&mut self, section: &Section<'_>, key: &str) -> Vec<String> {
        let Some(node) = section.get(key) else { return Vec::new() };
        let mut texts = Vec::new();
        match &node.value {
            Value::List(items) if !items.is_empty() => {
                for item in items {
                    match self.spelling(item).filter(|t| !t.trim().is_empty()) {
                        Some(text) => texts.push(text),
                        None => {
                            self.wrong(
                                item,
                                format!("`{key}` must hold texts, this is {}", item.what()),
                            );
                        }
                    }
                }
            }
            _ => match self.spelling(node).filter(|t| !t.trim().is_empty()) {
                Some(text) => texts.push(text),
                None => {
                    let what = match &node.value {
                        Value::List(_) => "an empty list",
                        _ => node.what(),
                    };
                    self.wrong(node, format!("`{key}` must be a list of texts, this is {what}"));
                }
            },
        }
        texts
    }
}

/// Returns where a key belongs that stands in another place.
fn home(key: &str) -> Option<&'static str> {
    const HOMES: &[(&str, &[&str])] = &[
        ("the top of the file", &["phases", "env", "artifacts", "cache", "reports", "batch"]),
        ("`phases`", &["install", "pre_build", "build", "post_build"]),
        ("a phase", &["commands", "finally", "on-failure"]),
        ("phase `install`", &["runtime-versions"]),
        ("`env`", &["variables", "parameter-store", "secrets-manager", "exported-variables"]),
        ("`artifacts`", &["secondary-artifacts", "exclude-paths"]),
        ("a report group", &["file-format"]),
    ];
    HOMES.iter().find(|(_, keys)| keys.contains(&key)).map(|(home, _)| *home)
}

/// Returns the known key that a word is a slip of; `_`, `-`, spaces and case count as nothing.
fn near(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let plain = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let same = known.iter().find(|k| plain(k) == plain(word));
    same.copied().or_else(|| nearest(word, known.iter().copied()))
}

/// Shortens a text for a message; some slips make a key of a whole paragraph.
pub(super) fn shorten(text: &str) -> String {
    const MOST: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    if line == text && text.chars().count() <= MOST {
        return text.to_owned();
    }
    line.chars().take(MOST).chain(['…']).collect()
}
