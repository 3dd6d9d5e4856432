//! XML as a small tree: local names, attributes, texts. No entity is expanded but the five of XML.
//!
//! The tree has limits of depth, size and texts, so that a file from a build cannot fill the memory.

use super::Unreadable;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::borrow::Cow;

/// How deep elements may lie in each other.
const MOST_LEVELS: usize = 200;
/// How many elements are kept.
const MOST_ELEMENTS: usize = 1_000_000;
/// How many bytes of one element's text are kept: more than a message may have.
const MOST_TEXT: usize = 32 * 1024;

/// An element.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// Returns an attribute; empty where it is absent.
    pub(super) fn get(&self, name: &str) -> &str {
        self.attributes.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// Returns an attribute as a count.
    pub(super) fn count(&self, name: &str) -> Option<u64> {
        self.get(name).trim().parse().ok()
    }

    /// Returns the first child of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Returns the text below a path of names; empty where there is none.
    pub(super) fn text_at(&self, path: &[&str]) -> &str {
        let mut element = self;
        for name in path {
            match element.child(name) {
                Some(child) => element = child,
                None => return "",
            }
        }
        &element.text
    }

    /// Calls for each element below this one, parents first.
    pub(super) fn each<'e>(&'e self, act: &mut impl FnMut(&'e Element)) {
        for child in &self.children {
            act(child);
            child.each(act);
        }
    }
}

/// Decodes a file: UTF-8, UTF-16 with its mark, or Latin-1 where the declaration says so.
pub(super) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units).map(Cow::Owned).map_err(|_| Unreadable::NotText)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => return utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return utf16(rest, u16::from_be_bytes),
        _ => {}
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text));
    }
    let begin = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).to_ascii_lowercase();
    let declaration = begin.split("?>").next().unwrap_or_default();
    if ["iso-8859-1", "latin1", "windows-1252"].iter().any(|name| declaration.contains(name)) {
        return Ok(Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()));
    }
    Err(Unreadable::NotText)
}

/// Reads a document. Elements of the names in `skip` are checked and left out, with what is below them.
pub(super) fn parse(text: &str, skip: &[&str]) -> Result<Element, Unreadable> {
    let mut reader = Reader::from_str(text);
    let mut tree = Tree { open: Vec::new(), root: None, elements: 0, skipped: 0, skip };
    loop {
        let event = reader.read_event().map_err(|error| {
            Unreadable::Damaged(format!("{error}, at byte {}", reader.error_position()))
        })?;
        match event {
            Event::Start(start) => tree.open(&start)?,
            Event::Empty(start) => {
                tree.open(&start)?;
                tree.close();
            }
            Event::End(_) => tree.close(),
            Event::Text(text) => tree.text(&String::from_utf8_lossy(&text)),
            Event::CData(data) => tree.text(&String::from_utf8_lossy(&data)),
            Event::GeneralRef(name) => {
                tree.text(&unescape(&format!("&{};", String::from_utf8_lossy(&name)))?);
            }
            Event::DocType(declared) => {
                if String::from_utf8_lossy(&declared).contains("<!ENTITY") {
                    return Err(Unreadable::Entities("it declares some".to_owned()));
                }
            }
            Event::Eof => return tree.end(),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

struct Tree<'s> {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
    /// How many levels deep the reader is within something that is left out.
    skipped: usize,
    skip: &'s [&'s str],
}

impl Tree<'_> {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), Unreadable> {
        let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
        if self.open.is_empty() && self.root.is_some() {
            return Err(Unreadable::Damaged(format!("<{name}> follows the end of the document")));
        }
        if self.skipped > 0 || self.skip.contains(&name.as_str()) {
            self.skipped += 1;
            return Ok(());
        }
        self.elements += 1;
        if self.open.len() >= MOST_LEVELS || self.elements > MOST_ELEMENTS {
            let most = format!("at most {MOST_ELEMENTS} elements in {MOST_LEVELS} levels are read");
            return Err(Unreadable::TooLarge(most));
        }
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute =
                attribute.map_err(|error| Unreadable::Damaged(format!("in <{name}>: {error}")))?;
            let key = String::from_utf8_lossy(attribute.key.local_name().as_ref()).into_owned();
            attributes.push((key, unescape(&String::from_utf8_lossy(&attribute.value))?));
        }
        self.open.push(Element { name, attributes, ..Element::default() });
        Ok(())
    }

    fn close(&mut self) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        // The reader itself refuses an end without its begin.
        let Some(element) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, text: &str) {
        if let (0, Some(element)) = (self.skipped, self.open.last_mut())
            && element.text.len() < MOST_TEXT
        {
            let mut end = text.len().min(MOST_TEXT);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            element.text.push_str(&text[..end]);
        }
    }

    fn end(mut self) -> Result<Element, Unreadable> {
        match (self.open.pop(), self.root) {
            (Some(element), _) => Err(Unreadable::CutOff(element.name)),
            (None, Some(root)) if self.skipped == 0 => Ok(root),
            (None, _) => Err(Unreadable::OtherFormat("it holds no element".to_owned())),
        }
    }
}

/// Replaces the five entities of XML and character references; a lone `&` stays.
fn unescape(text: &str) -> Result<String, Unreadable> {
    const NAMED: &[(&str, char)] =
        &[("lt", '<'), ("gt", '>'), ("amp", '&'), ("quot", '"'), ("apos", '\'')];
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let named = |c: char| c.is_alphanumeric() || matches!(c, '#' | '_' | '-' | '.' | ':');
        let Some(name) = after.split_once(';').map(|(n, _)| n).filter(|n| n.chars().all(named))
        else {
            plain.push('&');
            rest = after;
            continue;
        };
        rest = &after[name.len() + 1..];
        if let Some(number) = name.strip_prefix('#') {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok(),
                None => number.parse().ok(),
            };
            // Tools write characters that XML does not have, such as those of terminals.
            plain.push(code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
        } else if let Some((_, c)) = NAMED.iter().find(|(n, _)| *n == name) {
            plain.push(*c);
        } else {
            let mut name = name.to_owned();
            super::cut(&mut name, 60);
            return Err(Unreadable::Entities(format!("&{name};")));
        }
    }
    plain.push_str(rest);
    Ok(plain)
}
