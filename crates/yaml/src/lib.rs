//! YAML as a tree in which every key and value knows its place and keeps its spelling.
//!
//! Built from the parser's events rather than through serde, because the reader wants what serde
//! loses: whether a text was quoted, how a number was written, and keys that occur twice.
//! Anchors, aliases and `<<` work; what they expand to is limited. `config` reads its files with it,
//! `center` its documents. Writing YAML is not done here.

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Tag};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use trunkline_model::Diagnostic;

/// More values than any real project has; aliases that expand beyond it are an attack or a slip.
const MOST_VALUES: usize = 200_000;

/// Deeper than any real file; the reader calls itself for each level.
const MOST_LEVELS: usize = 100;

/// A place in the text, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    pub line: u32,
    pub column: u32,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    pub spot: Spot,
    pub value: Value,
}

/// A key and where it stands.
#[derive(Clone, Debug)]
pub struct Key {
    pub spot: Spot,
    pub text: String,
}

/// Why a text could not be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The place.
    pub spot: Spot,
    /// What is wrong, in lower case.
    pub message: String,
    note: Option<String>,
    help: Option<&'static str>,
}

impl Broken {
    /// The same for a person, with the code that the kind of file has for it.
    pub fn diagnostic(self, code: &str) -> Diagnostic {
        let found = Diagnostic::error(code, self.message).at(self.spot.line, self.spot.column);
        let found = self.note.into_iter().fold(found, Diagnostic::because);
        self.help.into_iter().fold(found, Diagnostic::help)
    }

    fn because(mut self, note: String) -> Self {
        self.note = Some(note);
        self
    }

    fn help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
        self
    }
}

/// What a value is. `Bool` and `Number` keep the spelling.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

impl Node {
    /// Returns the value of a key of a mapping; the first where it occurs twice.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(k, _)| k.text == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// Returns a scalar as it was written; nothing for null, lists and mappings.
    pub fn spelling(&self) -> Option<&str> {
        match &self.value {
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            Value::Number(text) | Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Says what the value is, for messages.
    pub fn what(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// Converts to JSON. Numbers that JSON cannot hold stay texts.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(b) => (*b).into(),
            Value::Number(n) => serde_json::from_str(n).unwrap_or_else(|_| n.as_str().into()),
            Value::Text(t) => t.as_str().into(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => {
                let pairs = entries.iter().map(|(k, v)| (k.text.clone(), v.to_json()));
                serde_json::Value::Object(pairs.collect())
            }
        }
    }

    /// Returns the second one of a key that occurs twice in a mapping, here or deeper.
    pub fn repeated(&self) -> Option<&Key> {
        match &self.value {
            Value::List(items) => items.iter().find_map(Self::repeated),
            Value::Map(entries) => {
                let mut seen = HashSet::new();
                let twice = entries.iter().find(|(key, _)| !seen.insert(key.text.as_str()));
                let here = twice.map(|(key, _)| key);
                here.or_else(|| entries.iter().find_map(|(_, value)| value.repeated()))
            }
            _ => None,
        }
    }

    fn count(&self) -> usize {
        1 + match &self.value {
            Value::List(items) => items.iter().map(Self::count).sum(),
            Value::Map(entries) => entries.iter().map(|(_, v)| v.count()).sum(),
            _ => 0,
        }
    }
}

/// Reads one document. An empty text is `Null` at 1:1.
pub fn read(text: &str) -> Result<Node, Broken> {
    read_as(text, false)
}

/// The same for CloudFormation: a local tag becomes the long form of its function, so that
/// `!Ref X` is read as `{ Ref: X }` and `!Sub X` as `{ "Fn::Sub": X }`.
pub fn read_tagged(text: &str) -> Result<Node, Broken> {
    read_as(text, true)
}

fn read_as(text: &str, tags: bool) -> Result<Node, Broken> {
    // A byte-order mark is no part of the text; some editors on Windows write one.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = &*without_tabs(text);
    let parser = Parser::new_from_str(text);
    let mut builder = Builder { text, parser, tags, anchors: HashMap::new(), values: 0, levels: 0 };
    let mut document = None;
    loop {
        let (event, spot) = builder.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            Event::StreamEnd => break,
            _ if document.is_some() => {
                return Err(problem("the file holds more than one YAML document", spot)
                    .help("keep one document, and remove the line `---` before the second"));
            }
            event => document = Some(builder.node(event, spot)?),
        }
    }
    Ok(document.unwrap_or(Node { spot: Spot { line: 1, column: 1 }, value: Value::Null }))
}

struct Builder<'t, P> {
    text: &'t str,
    parser: P,
    tags: bool,
    anchors: HashMap<usize, Node>,
    values: usize,
    levels: usize,
}

type Item<'a> = Result<(Event<'a>, granit_parser::Span), ScanError>;

impl<'a, P: Iterator<Item = Item<'a>>> Builder<'_, P> {
    /// Returns the next event.
    fn next(&mut self) -> Result<(Event<'a>, Spot), Broken> {
        match self.parser.next() {
            None => Ok((Event::StreamEnd, Spot::default())),
            Some(Err(error)) => Err(scan_problem(&error, self.text)),
            Some(Ok((event, span))) => Ok((event, spot(span.start.line(), span.start.col()))),
        }
    }

    fn node(&mut self, event: Event<'a>, spot: Spot) -> Result<Node, Broken> {
        self.spend(1, spot)?;
        self.levels += 1;
        if self.levels > MOST_LEVELS {
            return Err(problem("the file is nested too deeply", spot)
                .because(format!("at most {MOST_LEVELS} levels are read")));
        }
        let function = if self.tags { event.tag().and_then(long_form) } else { None };
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                (if plain { resolve(&text) } else { Value::Text(text.into_owned()) }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => (self.list()?, anchor),
            Event::MappingStart(_, anchor, _) => (self.map()?, anchor),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(problem("an alias stands inside the value that it names", spot));
                };
                self.spend(node.count(), spot)?;
                self.levels -= 1;
                return Ok(Node { spot, value: node.value });
            }
            _ => return Err(problem("a value is missing here", spot)),
        };
        let mut node = Node { spot, value };
        if let Some(text) = function {
            node = Node { spot, value: Value::Map(vec![(Key { spot, text }, node)]) };
        }
        if anchor != 0 {
            self.spend(node.count(), spot)?;
            self.anchors.insert(anchor, node.clone());
        }
        self.levels -= 1;
        Ok(node)
    }

    fn list(&mut self) -> Result<Value, Broken> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, spot) => items.push(self.node(event, spot)?),
            }
        }
    }

    fn map(&mut self) -> Result<Value, Broken> {
        let (mut entries, mut merged) = (Vec::new(), Vec::new());
        loop {
            let (event, spot) = match self.next()? {
                (Event::MappingEnd, _) => break,
                other => other,
            };
            let merge = matches!(&event, Event::Scalar(t, ScalarStyle::Plain, ..) if t == "<<");
            let text = key_text(event, spot)?;
            let (event, value_spot) = self.next()?;
            let value = self.node(event, value_spot)?;
            match (merge, value.value) {
                (true, Value::Map(more)) => merged.extend(more),
                (true, Value::List(items)) => {
                    merged.extend(items.into_iter().flat_map(|i| {
                        if let Value::Map(more) = i.value { more } else { Vec::new() }
                    }))
                }
                (_, other) => {
                    entries.push((Key { spot, text }, Node { spot: value.spot, value: other }));
                }
            }
        }
        let mut own: HashSet<String> = match merged.is_empty() {
            true => HashSet::new(),
            false => entries.iter().map(|(key, _): &(Key, Node)| key.text.clone()).collect(),
        };
        entries.extend(merged.into_iter().filter(|(key, _)| own.insert(key.text.clone())));
        Ok(Value::Map(entries))
    }

    fn spend(&mut self, values: usize, spot: Spot) -> Result<(), Broken> {
        self.values += values;
        if self.values > MOST_VALUES {
            return Err(problem("the file expands to too many values", spot)
                .because(format!("at most {MOST_VALUES} values are read, aliases included")));
        }
        Ok(())
    }
}

/// Returns the key that a short form such as `!GetAtt` stands for.
fn long_form(tag: &Tag) -> Option<String> {
    match tag.suffix() {
        name @ ("Ref" | "Condition") => Some(name.to_owned()),
        name if tag.handle() == "!" && !name.is_empty() => Some(format!("Fn::{name}")),
        _ => None,
    }
}

/// JSON may be indented with tabs, which YAML refuses even between braces. Where the text is JSON,
/// those outside its texts become spaces; every place stays what it was.
fn without_tabs(text: &str) -> Cow<'_, str> {
    if !text.contains('\t') || !text.trim_start().starts_with(['{', '[']) {
        return Cow::Borrowed(text);
    }
    let (mut inside, mut escaped) = (false, false);
    let spaced = text.chars().map(|c| {
        let outside = !inside;
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = inside,
            '"' => inside = !inside,
            '\t' if outside => return ' ',
            _ => {}
        }
        c
    });
    Cow::Owned(spaced.collect())
}

fn key_text(event: Event<'_>, spot: Spot) -> Result<String, Broken> {
    match event {
        Event::Scalar(text, ..) => Ok(text.into_owned()),
        _ => Err(problem("a key must be a text", spot)),
    }
}

/// Resolves a plain scalar. `yes`, `no`, `on` and `off` stay texts, so that `no` can be a name.
fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(text) => Value::Number(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts = body.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let other_base = |p, radix| {
        body.strip_prefix(p)
            .is_some_and(|d: &str| !d.is_empty() && d.chars().all(|c| c.is_digit(radix)))
    };
    starts && (body.parse::<f64>().is_ok() || other_base("0x", 16) || other_base("0o", 8))
}

fn scan_problem(error: &ScanError, text: &str) -> Broken {
    let mark = error.marker();
    let found =
        |line, column| problem(format!("not valid YAML: {}", error.info()), spot(line, column));
    if error.info().contains("tab") {
        // The parser may point to where the value before the tab began; the tab is what matters.
        let (line, column) = tab_from(text, mark.line()).unwrap_or((mark.line(), mark.col()));
        return found(line, column).help("indent with spaces; YAML does not allow tabs there");
    }
    found(mark.line(), mark.col()).help(
        "look at this line and the one before it: an open quote or bracket, or a wrong indent",
    )
}

/// Finds the first indent with a tab from a line (from 1) on; the column is from 0.
fn tab_from(text: &str, line: usize) -> Option<(usize, usize)> {
    text.lines().enumerate().skip(line.saturating_sub(1)).find_map(|(number, content)| {
        let indent = &content[..content.len() - content.trim_start().len()];
        Some((number + 1, indent.find('\t')?))
    })
}

fn problem(message: impl Into<String>, spot: Spot) -> Broken {
    let spot = Spot { line: spot.line.max(1), column: spot.column.max(1) };
    Broken { spot, message: message.into(), note: None, help: None }
}

fn spot(line: usize, column: usize) -> Spot {
    let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Spot { line: small(line), column: small(column.saturating_add(1)) }
}
