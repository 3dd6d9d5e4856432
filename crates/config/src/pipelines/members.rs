//! Typed reading of a definition's members, in both spellings: `runOrder` as `get-pipeline` prints
//! it, `RunOrder` as templates write it. Every misfit becomes a finding, and the reader goes on.
//!
//! Used by everything below `pipelines`. What a value means is judged in `check`.

use crate::suggest::nearest;
use crate::yaml::{Node, Spot, Value};
use std::collections::{BTreeMap, HashMap};
use trunkline_model::Diagnostic;

/// Collects what is wrong while a definition is read, and knows where the reader is.
pub(super) struct Members {
    /// What was found, in the order of reading.
    pub(super) found: Vec<Diagnostic>,
    /// Whether members begin with a capital, as in templates.
    pub(super) capital: bool,
    subject: String,
    path: Vec<String>,
}

impl Members {
    /// Makes a reader for one spelling.
    pub(super) fn new(capital: bool) -> Self {
        Self { found: Vec::new(), capital, subject: String::new(), path: Vec::new() }
    }

    /// Says what the following findings are about, such as `pipeline "site"`.
    pub(super) fn about(&mut self, what: &str, name: &str) {
        self.subject = format!("{what} \"{}\"", shorten(name));
        self.path.clear();
    }

    /// Steps into a part of it; `leave` steps out.
    pub(super) fn enter(&mut self, what: &str, name: &str) {
        self.path.push(format!("{what} \"{}\"", shorten(name)));
    }

    /// Steps out of the part that was entered last.
    pub(super) fn leave(&mut self) {
        self.path.pop();
    }

    /// Adds an error and returns it for reasons and help.
    pub(super) fn error(
        &mut self,
        spot: Spot,
        code: &str,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.add(spot, Diagnostic::error(code, message))
    }

    /// Adds a warning.
    pub(super) fn warning(
        &mut self,
        spot: Spot,
        code: &str,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.add(spot, Diagnostic::warning(code, message))
    }

    /// Adds a note.
    pub(super) fn note(
        &mut self,
        spot: Spot,
        code: &str,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.add(spot, Diagnostic::note(code, message))
    }

    fn add(&mut self, spot: Spot, mut diagnostic: Diagnostic) -> &mut Diagnostic {
        diagnostic = diagnostic.at(spot.line.max(1), spot.column.max(1));
        if !self.subject.is_empty() {
            diagnostic.place.subject = Some(self.subject.clone());
        }
        if !self.path.is_empty() {
            diagnostic.place.path = Some(self.path.join(" > "));
        }
        self.found.push(diagnostic);
        self.found.last_mut().expect("one was pushed")
    }

    /// Spells a member as the file does.
    pub(super) fn spell(&self, key: &str) -> String {
        match (self.capital, key) {
            // The one member whose spellings differ by more than their first letter.
            (true, "buildspec") => "BuildSpec".to_owned(),
            (true, _) => key[..1].to_uppercase() + &key[1..],
            (false, _) => key.to_owned(),
        }
    }

    /// Returns a member's value; absent and null are the same.
    pub(super) fn get<'n>(&self, node: &'n Node, key: &str) -> Option<&'n Node> {
        node.get(&self.spell(key)).filter(|v| !matches!(v.value, Value::Null))
    }

    /// Returns where a member stands, or where the mapping begins that lacks it.
    pub(super) fn spot(&self, node: &Node, key: &str) -> Spot {
        self.get(node, key).map_or(node.spot, |v| v.spot)
    }

    /// Returns where the key of a member stands.
    pub(super) fn key_spot(&self, node: &Node, key: &str) -> Spot {
        let spelled = self.spell(key);
        match &node.value {
            Value::Map(entries) => entries.iter().find(|(k, _)| k.text == spelled),
            _ => None,
        }
        .map_or(node.spot, |(key, _)| key.spot)
    }

    /// Says whether the value is a mapping, and reports unknown and repeated members of it.
    pub(super) fn shape(&mut self, node: &Node, what: &str, known: &[&str]) -> bool {
        let Value::Map(entries) = &node.value else {
            self.error(
                node.spot,
                "TL0804",
                format!("{what} must be a mapping, this is {}", node.what()),
            );
            return false;
        };
        let spelled: Vec<String> = known.iter().map(|k| self.spell(k)).collect();
        for (key, _) in entries.iter().filter(|(k, _)| !spelled.contains(&k.text)) {
            let message = format!("`{}` is no member of {what}", shorten(&key.text));
            let near = nearest(&key.text, spelled.iter().map(String::as_str)).map(str::to_owned);
            let found = self.error(key.spot, "TL0805", message);
            match near {
                Some(near) => found.help = Some(format!("did you mean `{near}`?")),
                None => found.notes.push(format!("its members are {}", spelled.join(", "))),
            }
        }
        self.no_repeats(node);
        true
    }

    /// Reports keys that a mapping has twice.
    pub(super) fn no_repeats(&mut self, node: &Node) {
        let Value::Map(entries) = &node.value else { return };
        let mut seen: HashMap<&str, Spot> = HashMap::new();
        for (key, _) in entries {
            if let Some(first) = seen.insert(&key.text, key.spot) {
                let message = format!("`{}` stands here a second time", shorten(&key.text));
                self.error(key.spot, "TL0808", message)
                    .notes
                    .push(format!("the first one is in line {}", first.line));
            }
        }
    }

    /// Returns a text. Numbers and booleans are taken as written where the file is a template.
    pub(super) fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        let value = self.get(node, key)?;
        match (&value.value, value.spelling()) {
            (Value::Text(text), _) => Some(text.clone()),
            (_, Some(written)) if self.capital => Some(written.to_owned()),
            (_, written) => {
                let spelled = self.spell(key);
                let message = format!("`{spelled}` must be a text, this is {}", value.what());
                let help = written.map(|w| format!("put it in quotes: `{spelled}: \"{w}\"`"));
                self.error(value.spot, "TL0804", message).help = help;
                None
            }
        }
    }

    /// Returns a text that must be there and must not be empty.
    pub(super) fn required(&mut self, node: &Node, key: &str, what: &str) -> Option<String> {
        if self.get(node, key).is_none() {
            self.missing(node, key, what);
            return None;
        }
        let text = self.text(node, key)?;
        if text.is_empty() {
            let message = format!("`{}` is empty", self.spell(key));
            self.error(self.spot(node, key), "TL0804", message);
            return None;
        }
        Some(text)
    }

    /// Reports that a member is missing.
    pub(super) fn missing(&mut self, node: &Node, key: &str, what: &str) -> &mut Diagnostic {
        let message = format!("{what} lacks `{}`", self.spell(key));
        self.error(node.spot, "TL0803", message)
    }

    /// Returns a scalar as it is written; for members where a number reads naturally.
    pub(super) fn written(&mut self, node: &Node, key: &str) -> Option<String> {
        let value = self.get(node, key)?;
        if let Some(written) = value.spelling() {
            return Some(written.to_owned());
        }
        let message = format!("`{}` must be a text, this is {}", self.spell(key), value.what());
        self.error(value.spot, "TL0804", message);
        None
    }

    /// Returns a whole number within a range. Templates may write it as a text.
    pub(super) fn number(&mut self, node: &Node, key: &str, range: (u32, u32)) -> Option<u32> {
        let value = self.get(node, key)?;
        let written = match &value.value {
            Value::Number(n) => n.parse::<u32>().ok(),
            Value::Text(t) if self.capital => t.trim().parse().ok(),
            _ => None,
        };
        if let Some(number) = written.filter(|n| (range.0..=range.1).contains(n)) {
            return Some(number);
        }
        let (least, most, spelled) = (range.0, range.1, self.spell(key));
        let shown = value.spelling().map_or(value.what().to_owned(), |s| format!("`{s}`"));
        let quoted = matches!(&value.value, Value::Text(t) if t.parse::<u32>().is_ok());
        let message =
            format!("`{spelled}` must be a whole number from {least} to {most}, this is {shown}");
        let found = self.error(value.spot, "TL0804", message);
        if quoted {
            found.help = Some("write it without quotes".to_owned());
        }
        None
    }

    /// Returns true or false. Templates may write it as a text.
    pub(super) fn flag(&mut self, node: &Node, key: &str) -> Option<bool> {
        let value = self.get(node, key)?;
        match value.spelling() {
            Some("true") => return Some(true),
            Some("false") => return Some(false),
            _ => {}
        }
        let message = format!("`{}` must be true or false", self.spell(key));
        self.error(value.spot, "TL0804", message);
        None
    }

    /// Returns the choice that a text names.
    pub(super) fn choice<T: Copy>(
        &mut self,
        node: &Node,
        key: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let value = self.get(node, key)?;
        let written = value.spelling().unwrap_or_default();
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == written) {
            return Some(*choice);
        }
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        let shown = value.spelling().map_or(value.what().to_owned(), |s| format!("`{s}`"));
        let message = format!("`{}` must be {}, this is {shown}", self.spell(key), one_of(&words));
        let help = nearest(written, words.iter().copied()).map(|n| format!("did you mean `{n}`?"));
        self.error(value.spot, "TL0804", message).help = help;
        None
    }

    /// Returns the entries of a list; nothing where it is absent.
    pub(super) fn list<'n>(&mut self, node: &'n Node, key: &str) -> &'n [Node] {
        let Some(value) = self.get(node, key) else { return &[] };
        if let Value::List(items) = &value.value {
            return items;
        }
        let message = format!("`{}` must be a list, this is {}", self.spell(key), value.what());
        self.error(value.spot, "TL0804", message);
        &[]
    }

    /// Returns the entries of a list that are mappings, without a word about the others: `list` was
    /// there before, and what it read is in the same order.
    pub(super) fn maps<'n>(&self, node: &'n Node, key: &str) -> Vec<&'n Node> {
        self.entries(node, key, |item| matches!(item.value, Value::Map(_)))
    }

    /// The same of entries that are mappings with a name.
    pub(super) fn named<'n>(&self, node: &'n Node, key: &str) -> Vec<&'n Node> {
        self.entries(node, key, |item| {
            let name = self.get(item, "name").and_then(Node::spelling);
            name.is_some_and(|name| !name.is_empty())
        })
    }

    /// The same of entries that are texts.
    pub(super) fn plain<'n>(&self, node: &'n Node, key: &str) -> Vec<&'n Node> {
        self.entries(node, key, |item| item.spelling().is_some())
    }

    fn entries<'n>(
        &self,
        node: &'n Node,
        key: &str,
        wanted: impl Fn(&Node) -> bool,
    ) -> Vec<&'n Node> {
        match self.get(node, key).map(|value| &value.value) {
            Some(Value::List(items)) => items.iter().filter(|item| wanted(item)).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns a list of texts.
    pub(super) fn texts(&mut self, node: &Node, key: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for item in self.list(node, key) {
            match item.spelling() {
                Some(text) => texts.push(text.to_owned()),
                None => {
                    let spelled = self.spell(key);
                    let message = format!("`{spelled}` must hold texts, this is {}", item.what());
                    self.error(item.spot, "TL0804", message);
                }
            }
        }
        texts
    }

    /// Returns a mapping of texts; numbers and booleans as they are written.
    pub(super) fn pairs(&mut self, node: &Node, key: &str) -> BTreeMap<String, String> {
        let mut pairs = BTreeMap::new();
        let Some(value) = self.get(node, key) else { return pairs };
        let Value::Map(entries) = &value.value else {
            let message =
                format!("`{}` must be a mapping, this is {}", self.spell(key), value.what());
            self.error(value.spot, "TL0804", message);
            return pairs;
        };
        self.no_repeats(value);
        for (key, value) in entries {
            match value.spelling() {
                Some(text) => {
                    pairs.insert(key.text.clone(), text.to_owned());
                }
                None => {
                    let name = shorten(&key.text);
                    let message = format!("`{name}` must be a text, this is {}", value.what());
                    let found = self.error(value.spot, "TL0816", message);
                    if matches!(value.value, Value::Map(_) | Value::List(_)) {
                        found.help = Some("write it as a text of JSON".to_owned());
                    }
                }
            }
        }
        pairs
    }
}

/// Joins choices for a message.
pub(super) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.join(""),
    }
}

/// Shortens a text for a message.
pub(super) fn shorten(text: &str) -> String {
    const MOST: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= MOST && line.len() == text.len() {
        return text.to_owned();
    }
    line.chars().take(MOST).chain(['…']).collect()
}
