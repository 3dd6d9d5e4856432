//! References in text: `${queue:Sales}` stands for the queue of that name, wherever a text is.
//!
//! Documents hold references, instances hold ARNs and ids; the exporter renders pieces to text, the
//! resolver parses text to pieces. Any text and any name survive the round, because a literal `${` is
//! written `$${` and because `%` and `}` are percent-encoded inside names. What a kind or a form means
//! is not known here.

mod name;

use std::fmt;

/// A name that stands for another resource, written `${kind:name}` or `${kind.form:name}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// What it is: `queue`, `lambda`, `hours` ... (`[a-z][a-z0-9-]*`).
    pub kind: String,
    /// In which form it is wanted where that is not the usual one, such as `id`.
    pub form: Option<String>,
    /// The name as people write it, decoded; never empty.
    pub name: String,
}

impl Reference {
    /// Makes a reference in the usual form.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), form: None, name: name.into() }
    }

    /// Sets the form.
    #[must_use]
    pub fn form(mut self, form: impl Into<String>) -> Self {
        self.form = Some(form.into());
        self
    }

    /// Reads a text that is one reference and nothing else.
    pub fn whole(text: &str) -> Option<Self> {
        if !text.starts_with("${") {
            return None;
        }
        match parse(text) {
            Ok(pieces) if pieces.len() == 1 => match pieces.into_iter().next() {
                Some(Piece::Ref(reference)) => Some(reference),
                _ => None,
            },
            _ => None,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${{{}", self.kind)?;
        if let Some(form) = &self.form {
            write!(f, ".{form}")?;
        }
        write!(f, ":{}}}", name::encode(&self.name))
    }
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is meant, without escapes.
    Text(String),
    /// A reference.
    Ref(Reference),
}

/// Why a text cannot be read; with the place of the `${`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
pub struct ReferenceError {
    /// Byte offset of the `$` that opens the reference.
    pub offset: usize,
    /// What is wrong, and how it is written right.
    pub reason: String,
}

/// Whether a text may hold a reference or an escape; a cheap first look.
pub fn is_candidate(text: &str) -> bool {
    text.contains("${")
}

/// Splits a document's text into pieces: no empty text, no two texts side by side.
pub fn parse(text: &str) -> Result<Vec<Piece>, ReferenceError> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = 0;
    while let Some(found) = text[rest..].find("${") {
        let open = rest + found;
        let run = open + 1 - text[rest..=open].trim_end_matches('$').len() - rest;
        let start = open + 1 - run;
        literal.push_str(&text[rest..start]);
        literal.extend(std::iter::repeat_n('$', run / 2));
        rest = open + 2;
        if run.is_multiple_of(2) {
            literal.push('{');
            continue;
        }
        let (reference, end) = parse_reference(text, open)?;
        if !literal.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Ref(reference));
        rest = end;
    }
    literal.push_str(&text[rest..]);
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    Ok(pieces)
}

/// Writes pieces as a document's text; `parse` gives them back where no name is empty.
pub fn render(pieces: &[Piece]) -> String {
    let mut out = String::new();
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Ref(reference) => {
                escape_into(&mut out, &text);
                // The dollars before a reference belong to its run, so they are doubled too.
                let dollars = text.len() - text.trim_end_matches('$').len();
                out.extend(std::iter::repeat_n('$', dollars));
                out.push_str(&reference.to_string());
                text.clear();
            }
        }
    }
    escape_into(&mut out, &text);
    out
}

/// Writes a text that holds no references as a document's text.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape_into(&mut out, text);
    out
}

fn escape_into(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(open) = rest.find("${") {
        let (before, after) = rest.split_at(open + 1);
        let run = before.len() - before.trim_end_matches('$').len();
        out.push_str(before);
        out.extend(std::iter::repeat_n('$', run));
        rest = after;
    }
    out.push_str(rest);
}

/// Reads the reference whose `${` starts at `open`; returns it with the offset after its `}`.
fn parse_reference(text: &str, open: usize) -> Result<(Reference, usize), ReferenceError> {
    let fail = |reason: String| ReferenceError { offset: open, reason };
    let inner = &text[open + 2..];
    let Some(end) = inner.find('}') else {
        return Err(fail("a reference has no closing `}`; a literal `${` is written `$${`".into()));
    };
    let body = &inner[..end];
    let Some((head, raw_name)) = body.split_once(':') else {
        return Err(fail(format!(
            "`${{{body}}}` is no reference: it is written `${{kind:name}}`; if it is meant \
             literally, write `$${{{body}}}`"
        )));
    };
    let (kind, form) = match head.split_once('.') {
        Some((kind, form)) => (kind, Some(form)),
        None => (head, None),
    };
    if let Some(word) = [Some(kind), form].into_iter().flatten().find(|word| !is_word(word)) {
        return Err(fail(bad_word(word, body)));
    }
    let name = name::decode(raw_name).map_err(|why| fail(format!("`${{{body}}}`: {why}")))?;
    let (kind, form) = (kind.to_owned(), form.map(str::to_owned));
    Ok((Reference { kind, form, name }, open + 2 + end + 1))
}

fn bad_word(word: &str, body: &str) -> String {
    let guess = word.trim().to_ascii_lowercase().replace([' ', '_'], "-");
    let hint = if is_word(&guess) { format!("; did you mean `{guess}`?") } else { String::new() };
    format!(
        "`${{{body}}}` is no reference: `{word}` is not a kind or form of small letters, digits and \
         hyphens{hint}; if it is meant literally, write `$${{{body}}}`"
    )
}

/// Whether a text can be a kind or a form: `[a-z][a-z0-9-]*`.
pub fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests;
