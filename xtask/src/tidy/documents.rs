//! Rules for documents: pages of diagnostics, links, and commands that a README names.

use super::{Found, Source};
use crate::COMMANDS;
use crate::workspace::Workspace;
use anyhow::Result;
use std::collections::BTreeSet;
use std::path::Path;

const TABLE: &str = "crates/model/src/diagnostic.rs";
const PAGES: &str = "docs/diagnostics/";

/// Every code has a page, and every page a code.
pub(super) fn diagnostics(_: &Workspace, sources: &[Source], found: &mut Found) -> Result<()> {
    let table =
        sources.iter().find(|s| s.path == TABLE).map(|s| s.text.as_str()).unwrap_or_default();
    let codes: BTreeSet<&str> =
        table.split("code(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let pages = sources.iter().filter_map(|s| s.path.strip_prefix(PAGES)?.strip_suffix(".md"));
    let pages: BTreeSet<&str> = pages.filter(|page| page.starts_with("TL")).collect();
    if codes.is_empty() {
        found.errors.push(format!("{TABLE}: no code was found in it"));
    }
    found.errors.extend(
        codes.difference(&pages).map(|code| format!("{code} has no page {PAGES}{code}.md")),
    );
    found
        .errors
        .extend(pages.difference(&codes).map(|page| format!("{PAGES}{page}.md has no code")));
    Ok(())
}

/// Every link of a Markdown file leads to a file that is there.
pub(super) fn links(workspace: &Workspace, sources: &[Source], found: &mut Found) -> Result<()> {
    for source in sources.iter().filter(|s| s.path.ends_with(".md")) {
        let folder = workspace.root.join(&source.path);
        let folder = folder.parent().unwrap_or(&workspace.root);
        for target in targets(&source.text) {
            let file = target.split('#').next().unwrap_or_default();
            let elsewhere = file.is_empty() || file.contains("://") || file.starts_with("mailto:");
            if !elsewhere && !folder.join(file).exists() {
                found
                    .errors
                    .push(format!("{}: a link to {target}, which is not there", source.path));
            }
        }
    }
    Ok(())
}

/// The targets of `[text](target)` outside fenced code.
fn targets(text: &str) -> Vec<&str> {
    let outside = text.split("```").step_by(2);
    let parts = outside.flat_map(|part| part.split("](").skip(1));
    parts.filter_map(|rest| rest.split([')', ' ', '\n']).next()).collect()
}

/// Every command of ours that the README shows exists.
pub(super) fn commands(_: &Workspace, sources: &[Source], found: &mut Found) -> Result<()> {
    let Some(readme) = sources.iter().find(|s| s.path == "README.md") else {
        found.errors.push("README.md is missing".to_owned());
        return Ok(());
    };
    let known = subcommands(sources);
    for line in readme.text.split("```").skip(1).step_by(2).flat_map(str::lines) {
        let line = line.trim_start_matches("$ ").trim();
        if let Some(word) = after(line, "cargo xtask ")
            && !COMMANDS.iter().any(|(name, _)| *name == word)
        {
            found.errors.push(format!("README.md: cargo xtask has no {word}"));
        }
        let ours = after(line, "trunkline ").filter(|_| line.starts_with("trunkline "));
        let run = after(line, " -- ").filter(|_| line.starts_with("cargo run"));
        for word in ours.into_iter().chain(run).filter(|w| !w.starts_with('-')) {
            if !known.contains(&word.replace('-', "_")) {
                found.errors.push(format!("README.md: trunkline has no {word}"));
            }
        }
    }
    Ok(())
}

/// The commands of the binary: one file each.
fn subcommands(sources: &[Source]) -> BTreeSet<String> {
    let files = sources
        .iter()
        .filter_map(|s| s.path.strip_prefix("crates/trunkline/src/")?.strip_suffix(".rs"));
    files
        .filter_map(|f| Path::new(f).file_name())
        .map(|f| f.to_string_lossy().into_owned())
        .collect()
}

fn after<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = &line[line.find(prefix)? + prefix.len()..];
    rest.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::{after, targets};

    #[test]
    fn links_inside_code_do_not_count() {
        assert_eq!(targets("a [b](c.md#d) ```x [y](z)``` [e](https://f)"), ["c.md#d", "https://f"]);
    }

    #[test]
    fn a_command_is_the_word_after_its_program() {
        assert_eq!(after("cargo run --release -- demo --headless", " -- "), Some("demo"));
        assert_eq!(after("cargo build", "cargo xtask "), None);
    }
}
