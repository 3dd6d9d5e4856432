//! Typed reading of a mapping's keys. Every misfit becomes a finding; the reader goes on.

use crate::suggest::nearest;
use crate::yaml::{Node, Spot, Value};
use trunkline_model::Diagnostic;

/// Collects what is wrong while the tree is read.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) found: Vec<Diagnostic>,
}

impl Fields {
    /// Adds a finding at a spot and returns it for notes and help.
    pub(super) fn report(&mut self, spot: Spot, diagnostic: Diagnostic) -> &mut Diagnostic {
        self.found.push(diagnostic.at(spot.line, spot.column));
        self.found.last_mut().expect("one was pushed")
    }

    /// Adds TL0106: a value of the wrong form.
    pub(super) fn wrong(&mut self, node: &Node, message: impl Into<String>) -> &mut Diagnostic {
        self.report(node.spot, Diagnostic::error("TL0106", message))
    }

    /// Reports TL0107 for each key that is not among the known ones.
    pub(super) fn known_keys(&mut self, node: &Node, place: &str, known: &[&str]) {
        let Value::Map(entries) = &node.value else { return };
        for (key, _) in entries.iter().filter(|(k, _)| !known.contains(&k.text.as_str())) {
            let message = format!("`{}` is not a setting of {place}", shorten(&key.text));
            let found = self.report(key.spot, Diagnostic::error("TL0107", message));
            found.notes.push(format!("the settings here are {}", known.join(", ")));
            if let Some(near) = nearest(&key.text, known.iter().copied()) {
                found.help = Some(format!("did you mean `{near}`?"));
            }
        }
    }

    /// Returns a text; absent and null are the same. A number is refused: its spelling was not
    /// promised to survive other tools.
    pub(super) fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        let value = node.get(key)?;
        match &value.value {
            Value::Null => None,
            Value::Text(text) if !text.trim().is_empty() => Some(text.clone()),
            Value::Text(_) => {
                self.wrong(value, format!("`{key}` is an empty text"));
                None
            }
            _ => {
                let found =
                    self.wrong(value, format!("`{key}` must be a text, this is {}", value.what()));
                if let Some(written) = value.spelling() {
                    found.help = Some(format!("put it in quotes: `{key}: \"{written}\"`"));
                }
                None
            }
        }
    }

    /// Returns a text; TL0102 where it is absent.
    pub(super) fn required_text(&mut self, node: &Node, key: &str, place: &str) -> Option<String> {
        if node.get(key).is_none_or(|v| matches!(v.value, Value::Null)) {
            self.missing(node, key, place);
            return None;
        }
        self.text(node, key)
    }

    /// Adds TL0102.
    pub(super) fn missing(&mut self, node: &Node, key: &str, place: &str) -> &mut Diagnostic {
        let spot = node.get(key).map_or(node.spot, |v| v.spot);
        self.report(spot, Diagnostic::error("TL0102", format!("`{key}` is missing in {place}")))
    }

    /// Returns a list of texts; a single text is a list of one.
    pub(super) fn texts(&mut self, node: &Node, key: &str) -> Vec<String> {
        let Some(value) = node.get(key) else { return Vec::new() };
        let items: Vec<&Node> = match &value.value {
            Value::Null => Vec::new(),
            Value::List(items) => items.iter().collect(),
            _ => vec![value],
        };
        let mut texts = Vec::new();
        for item in items {
            match &item.value {
                Value::Text(text) => texts.push(text.clone()),
                _ => {
                    self.wrong(item, format!("`{key}` must hold texts, this is {}", item.what()));
                }
            }
        }
        texts
    }

    /// Returns `true` or `false`.
    pub(super) fn flag(&mut self, node: &Node, key: &str) -> Option<bool> {
        let value = node.get(key)?;
        match value.value {
            Value::Bool(flag) => Some(flag),
            Value::Null => None,
            _ => {
                self.wrong(value, format!("`{key}` must be true or false"));
                None
            }
        }
    }

    /// Returns the choice that a text names.
    pub(super) fn choice<T: Copy>(
        &mut self,
        node: &Node,
        key: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let value = node.get(key)?;
        let written = value.spelling().unwrap_or_default();
        let found = choices.iter().find(|(word, _)| *word == written).map(|(_, choice)| *choice);
        if found.is_none() && !matches!(value.value, Value::Null) {
            let words: Vec<_> = choices.iter().map(|(word, _)| format!("`{word}`")).collect();
            self.wrong(value, format!("`{key}` must be {}", words.join(" or ")));
        }
        found
    }

    /// Says whether the value is a mapping, and reports where it is something else.
    pub(super) fn is_map(&mut self, node: &Node, what: &str) -> bool {
        match node.value {
            Value::Map(_) => true,
            Value::Null => false,
            _ => {
                self.wrong(node, format!("`{what}` must be a mapping, this is {}", node.what()));
                false
            }
        }
    }
}

/// Shortens a text for a message; some slips make a key of a whole paragraph.
pub(super) fn shorten(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain(['…']).collect()
}
