//! Rules for Rust and Python sources: lengths, and what must not be left behind.

use super::{Found, Source};
use crate::workspace::Workspace;
use anyhow::Result;

const FILE_NOTE: usize = 600;
const FILE_ERROR: usize = 1000;
const FUNCTION_NOTE: usize = 70;
const FUNCTION_ERROR: usize = 120;

/// Macros and attributes that must not be committed. Split, so that this file does not name them.
const LEFTOVERS: &[&str] = &[
    concat!("todo", "!("),
    concat!("dbg", "!("),
    concat!("unimplemented", "!("),
    concat!("#[ign", "ore"),
];

fn rust(sources: &[Source]) -> impl Iterator<Item = &Source> {
    sources.iter().filter(|s| s.path.ends_with(".rs"))
}

/// Files that nobody wants to read in one go.
pub(super) fn files(_: &Workspace, sources: &[Source], found: &mut Found) -> Result<()> {
    let code = sources.iter().filter(|s| s.path.ends_with(".rs") || s.path.ends_with(".py"));
    let (mut over_300, mut total) = (0, 0);
    for source in code {
        let lines = source.text.lines().count();
        total += 1;
        over_300 += usize::from(lines > 300);
        if lines > FILE_ERROR {
            found.errors.push(format!("{}: {lines} lines, at most {FILE_ERROR}", source.path));
        } else if lines > FILE_NOTE {
            found.notes.push(format!("{}: {lines} lines", source.path));
        }
    }
    found.notes.push(format!("{over_300} of {total} source files are over 300 lines"));
    Ok(())
}

/// Functions that do not fit a screen.
pub(super) fn functions(_: &Workspace, sources: &[Source], found: &mut Found) -> Result<()> {
    for source in rust(sources) {
        for (line, name, length) in lengths(&source.text) {
            let text = format!("{}:{line}: {name} has {length} lines", source.path);
            if length > FUNCTION_ERROR {
                found.errors.push(text);
            } else if length > FUNCTION_NOTE {
                found.notes.push(text);
            }
        }
    }
    Ok(())
}

/// Every function's first line, name and length. Relies on the formatter: a function ends at the first
/// closing brace that is indented as its `fn` is.
fn lengths(text: &str) -> Vec<(usize, String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut all = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let end = format!("{}}}", " ".repeat(indent));
        let length =
            lines[at..].iter().position(|l| *l == end || (*l == *line && l.ends_with('}')));
        if let Some(length) = length {
            all.push((at + 1, name, length + 1));
        }
    }
    all
}

fn function_name(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    loop {
        match words.next()? {
            "fn" => break,
            "pub" | "const" | "async" | "pub(crate)" | "pub(super)" => {}
            _ => return None,
        }
    }
    let name: String =
        words.next()?.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty() && !line.trim_end().ends_with(';')).then_some(name)
}

/// What must not be left behind.
pub(super) fn leftovers(_: &Workspace, sources: &[Source], found: &mut Found) -> Result<()> {
    for source in rust(sources) {
        for (at, line) in source.text.lines().enumerate() {
            for word in LEFTOVERS.iter().filter(|w| line.contains(**w)) {
                found.errors.push(format!("{}:{}: {word}", source.path, at + 1));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::lengths;

    #[test]
    fn a_function_ends_at_its_own_brace() {
        let text =
            "impl X {\n    fn a() {\n        if b {\n        }\n    }\n}\npub fn c() {}\nfn d();\n";
        assert_eq!(lengths(text), [(2, "a".to_owned(), 4), (7, "c".to_owned(), 1)]);
    }
}
