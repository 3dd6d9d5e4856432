//! The tree of a buildspec, also where a space is missing after a colon (`version:0.2`), or the colon
//! after `version`.
//!
//! Such a line makes the whole text unreadable as YAML, at a place that the parser can only guess. Here it
//! is found, named, and mended for the rest of the reading, so that the other problems show as well.

use crate::yaml::{self, Node};
use trunkline_model::Diagnostic;

/// The tree, the text that it was read from, and what was found on the way.
pub(super) struct Source {
    pub(super) text: String,
    pub(super) root: Node,
    pub(super) found: Vec<Diagnostic>,
}

/// Keys that nobody writes with a colon in a command.
const KEYS: &[&str] = &[
    "version",
    "run-as",
    "phases",
    "env",
    "shell",
    "commands",
    "finally",
    "on-failure",
    "files",
    "name",
    "base-directory",
    "discard-paths",
    "file-format",
    "paths",
];

/// Reads the tree.
pub(super) fn read(text: &str) -> Result<Source, Vec<Diagnostic>> {
    let problem = match yaml::read(text) {
        Ok(root) => return Ok(Source { text: text.to_owned(), root, found: Vec::new() }),
        Err(problem) => coded(text, problem),
    };
    let (mended, found) = mend(text);
    if found.is_empty() {
        return Err(vec![problem]);
    }
    match yaml::read(&mended) {
        Ok(root) => Ok(Source { text: mended, root, found }),
        Err(other) => {
            // Nothing says that the missing space is the reason, so the parser's word comes with it.
            let other = coded(&mended, other);
            Err(found.into_iter().chain([other]).collect())
        }
    }
}

/// Gives the parser's finding a buildspec's code, and says so where a value begins with a sign that YAML keeps.
fn coded(text: &str, problem: Diagnostic) -> Diagnostic {
    let mut problem = Diagnostic { code: "TL0830".to_owned(), ..problem };
    let line = problem.place.line.unwrap_or(1).saturating_sub(1) as usize;
    let line = text.lines().nth(line).unwrap_or("").trim_start();
    let item = line.strip_prefix("- ");
    let value = line.split_once(": ").map(|(_, value)| value);
    let signs = item.into_iter().chain(value).filter_map(|v| v.trim_start().chars().next());
    if let Some(sign) = signs.into_iter().find(|sign| "[{*&!@`%\"',|>".contains(*sign)) {
        problem.notes.push(format!("YAML has a meaning of its own for `{sign}` at the start"));
        problem.help = Some(match sign {
            '|' | '>' => format!("begin the text on the line below `{sign}`, indented"),
            _ => "put the whole text in single quotes".to_owned(),
        });
    }
    problem
}

/// Puts in the missing spaces and colons; a finding for each.
fn mend(text: &str) -> (String, Vec<Diagnostic>) {
    let mut mended = String::with_capacity(text.len() + 8);
    let mut found = Vec::new();
    for (number, line) in (1u32..).zip(text.split_inclusive('\n')) {
        if let Some(rest) = line.strip_prefix("version ").map(str::trim_start)
            && rest.starts_with(|c: char| c.is_ascii_digit())
        {
            mended.extend(["version: ", rest]);
            found.push(
                Diagnostic::error("TL0830", "a colon is missing after `version`")
                    .at(number, 1)
                    .help(format!("write `version: {}`", super::reader::shorten(rest.trim()))),
            );
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let slip = KEYS.iter().find(|key| {
            let rest = line[indent..].strip_prefix(**key).and_then(|rest| rest.strip_prefix(':'));
            rest.is_some_and(|rest| rest.starts_with(|c: char| !c.is_whitespace()))
        });
        let Some(key) = slip else {
            mended.push_str(line);
            continue;
        };
        let (before, after) = line.split_at(indent + key.len() + 1);
        mended.extend([before, " ", after]);
        let column = u32::try_from(line[..indent].chars().count() + 1).unwrap_or(u32::MAX);
        found.push(
            Diagnostic::error("TL0830", format!("a space is missing after `{key}:`"))
                .at(number, column)
                .help(format!("write `{key}: {}`", super::reader::shorten(after.trim()))),
        );
    }
    (mended, found)
}
