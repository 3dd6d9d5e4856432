//! `cargo xtask tidy`: rules that the compiler does not know. Each check returns its findings as lines;
//! notes are printed and do not fail.

mod crates;
mod documents;
mod sources;
mod words;

use crate::workspace::Workspace;
use anyhow::Result;
use std::fs;
use std::path::Path;

/// What a check found.
#[derive(Default)]
pub(crate) struct Found {
    /// Each fails the run.
    pub(crate) errors: Vec<String>,
    /// Worth a look.
    pub(crate) notes: Vec<String>,
}

/// A file of the repository with its text.
pub(crate) struct Source {
    /// Relative to the root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

type Check = fn(&Workspace, &[Source], &mut Found) -> Result<()>;

const CHECKS: &[(&str, Check)] = &[
    ("who uses whom", crates::direction),
    ("lints", crates::lints),
    ("lengths of files", sources::files),
    ("lengths of functions", sources::functions),
    ("leftovers", sources::leftovers),
    ("words", words::words),
    ("made-up accounts", words::accounts),
    ("diagnostics", documents::diagnostics),
    ("links", documents::links),
    ("commands of the README", documents::commands),
];

/// Runs every check; true where none found an error.
pub(crate) fn run() -> Result<bool> {
    let workspace = Workspace::load()?;
    let sources = read(&workspace)?;
    let mut good = true;
    for (name, check) in CHECKS {
        let mut found = Found::default();
        check(&workspace, &sources, &mut found)?;
        for note in &found.notes {
            println!("note: {note}");
        }
        for error in &found.errors {
            println!("error: {error}");
        }
        println!("tidy: {name}: {}", if found.errors.is_empty() { "good" } else { "NOT GOOD" });
        good &= found.errors.is_empty();
    }
    Ok(good)
}

/// Reads every text file; what is not UTF-8 (audio) is left out.
fn read(workspace: &Workspace) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for file in workspace.files()? {
        let bytes = fs::read(workspace.root.join(&file))?;
        if let Ok(text) = String::from_utf8(bytes) {
            sources.push(Source { path: slashed(&file), text });
        }
    }
    Ok(sources)
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
