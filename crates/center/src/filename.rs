//! File names of documents: readable, legal on every file system, unique without regard to case.
//!
//! The name inside the document is what counts; a file may be called anything when it is read.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The longest stem in bytes; a hash follows what is cut.
const STEM_BYTES_AT_MOST: usize = 200;

/// Returns a file stem for each name, in the order given.
pub fn stems(names: &[&str]) -> Vec<String> {
    let encoded: Vec<String> = names.iter().map(|n| encode(n)).collect();
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for stem in &encoded {
        *count.entry(folded(stem)).or_default() += 1;
    }
    let collides = |stem: &String| count.get(&folded(stem)).is_some_and(|n| *n > 1);
    let with_hash = |(stem, name): (String, &&str)| {
        if stem.len() > STEM_BYTES_AT_MOST || collides(&stem) {
            format!("{}~{}", cut(&stem), short_hash(name))
        } else {
            stem
        }
    };
    encoded.into_iter().zip(names).map(with_hash).collect()
}

/// What a file system that knows no case may take for the same: some fold `ß` to `ss`.
fn folded(stem: &str) -> String {
    stem.to_uppercase().to_lowercase()
}

/// Letters that some file systems exchange for others that look the same.
fn is_exchanged(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11FF}' | '\u{A960}'..='\u{A97F}' | '\u{D7B0}'..='\u{D7FF}'
        | '\u{2126}'..='\u{212B}' | '\u{F900}'..='\u{FAFF}' | '\u{FB1D}'..='\u{FB4E}'
        | '\u{0340}'..='\u{0345}' | '\u{0958}'..='\u{095F}' | '\u{2F800}'..='\u{2FA1F}')
}

/// Percent-encodes what a file system, a shell or git could misread.
fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let last = name.chars().count().saturating_sub(1);
    for (i, c) in name.chars().enumerate() {
        let inside = i > 0 && i < last;
        let safe = c.is_ascii_alphanumeric()
            || matches!(c, '_' | '(' | ')' | '+' | '=' | '@')
            || (c == '-' && i > 0)
            || (matches!(c, ' ' | '.' | ',' | '&') && inside)
            || (!c.is_ascii() && c.is_alphabetic() && !is_exchanged(c));
        if safe {
            out.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                let written = write!(out, "%{byte:02X}");
                debug_assert!(written.is_ok(), "a String takes everything");
            }
        }
    }
    if is_reserved(&out) { format!("{out}%20") } else { out }
}

/// Names that Windows keeps for devices, with or without an ending.
fn is_reserved(stem: &str) -> bool {
    let base = stem.split('.').next().unwrap_or_default().to_ascii_uppercase();
    matches!(base.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (base.len() == 4
            && (base.starts_with("COM") || base.starts_with("LPT"))
            && base.ends_with(|c: char| c.is_ascii_digit()))
}

/// Cuts at a character's border and never inside a percent code.
fn cut(stem: &str) -> &str {
    if stem.len() <= STEM_BYTES_AT_MOST {
        return stem;
    }
    let mut end = STEM_BYTES_AT_MOST;
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    let head = &stem[..end];
    match head.rfind('%') {
        Some(at) if at + 3 > head.len() => &head[..at],
        _ => head,
    }
}

/// A few digits that tell a name from others.
pub(crate) fn short_hash(name: &str) -> String {
    hex(&Sha256::digest(name.as_bytes())[..4])
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        let written = write!(out, "{b:02x}");
        debug_assert!(written.is_ok(), "a String takes everything");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_legal_and_unique_stems() {
        let long = "é".repeat(127);
        let names =
            ["Main", "main", "a/b", "..", "Sales & more", " x ", "${y}", "con", &long, "😀", "-rf"];
        let stems = stems(&names);
        let mut lower: Vec<String> = stems.iter().map(|s| s.to_lowercase()).collect();
        lower.sort();
        lower.dedup();
        assert_eq!(lower.len(), names.len());
        assert!(stems.iter().all(|s| s.len() <= STEM_BYTES_AT_MOST + 9 && !s.contains('/')));
        assert_eq!(stems[2], "a%2Fb");
        assert_eq!(stems[3], "%2E%2E");
        assert_eq!(stems[4], "Sales & more");
        assert_eq!(stems[5], "%20x%20");
        assert_eq!(stems[7], "con%20");
        assert_eq!(stems[9], "%F0%9F%98%80");
        assert_eq!(stems[10], "%2Drf");
    }

    #[test]
    fn letters_that_a_file_system_takes_for_others_are_told_apart() {
        let names = ["ß", "SS", "가", "\u{1100}\u{1161}", "Å", "\u{212B}"];
        let stems = stems(&names);
        assert_eq!(stems[0], format!("ß~{}", short_hash("ß")));
        assert_eq!(stems[1], format!("SS~{}", short_hash("SS")));
        assert_eq!(&stems[2..4], ["가", "%E1%84%80%E1%85%A1"]);
        assert_eq!(&stems[4..], ["Å", "%E2%84%AB"]);
    }

    #[test]
    fn a_stem_does_not_depend_on_order() {
        assert_eq!(stems(&["B", "b", "c"])[1], stems(&["b", "c", "B"])[0]);
    }
}
