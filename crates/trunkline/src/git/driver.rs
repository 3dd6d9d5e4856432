//! The merge driver: which files git gives to `trunkline merge-driver`, and where that is written.
//!
//! `.gitattributes` travels with the repository and names the driver; what the driver runs is in the
//! configuration of each clone. An export brings both along for its own merge.

use super::{Repository, words};
use std::path::Path;
use std::process::{Command, Stdio};
use trunkline_model::Report;

/// The file that says how files are merged.
pub(crate) const ATTRIBUTES_FILE: &str = ".gitattributes";

/// Its lines, for a project in the same folder.
pub(crate) const ATTRIBUTES: [&str; 3] = [
    "connect/flows/*.json merge=trunkline",
    "connect/modules/*.json merge=trunkline",
    "connect/renames.yaml merge=union",
];

const DRIVER: &str = "merge.trunkline.driver";
const NAME: &str = "merge.trunkline.name";
const NAME_VALUE: &str = "Contact flows, merged by block";

/// The command that git runs, for a program and what both sides are called.
fn command(program: &str, [ours, theirs]: [&str; 2]) -> String {
    let program = if program == "trunkline" { program } else { &quoted(program) };
    format!("{program} merge-driver %O %A %B %P --marker-size %L --ours {ours} --theirs {theirs}")
}

/// What git puts the names of both sides for; one before 2.44 does not.
const LABELS: [&str; 2] = ["%X", "%Y"];

/// Quoted for a shell and for git, to which a percent sign begins a placeholder.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''").replace('%', "%%"))
}

/// This program as a command: by name where the search path leads to it, else by its path.
fn own_program(by_name: bool) -> String {
    let Ok(own) = std::env::current_exe() else { return "trunkline".to_owned() };
    let path = crate::context::variable("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("trunkline"));
    let same = |path: &Path| path.canonicalize().ok() == own.canonicalize().ok();
    let first = found.into_iter().find(|path| path.is_file());
    if by_name && first.is_some_and(|path| same(&path)) {
        return "trunkline".to_owned();
    }
    own.display().to_string()
}

impl Repository {
    /// Writes the driver into this clone's configuration; says whether it was not there.
    pub(crate) fn install_driver(&self) -> Result<bool, Report> {
        let wanted = command(&own_program(true), LABELS);
        if self.line(&["config", "--get", DRIVER]).is_some_and(|now| now == wanted) {
            return Ok(false);
        }
        self.run(&["config", NAME, NAME_VALUE])?;
        self.run(&["config", DRIVER, &wanted])?;
        Ok(true)
    }

    /// The same, where nothing stands there yet.
    pub(crate) fn install_driver_if_missing(&self) -> Result<bool, Report> {
        if self.line(&["config", "--get", DRIVER]).is_some() {
            return Ok(false);
        }
        self.install_driver()
    }

    /// Whether git gives flows to the driver.
    pub(crate) fn has_attributes(&self) -> bool {
        let said = self.run(&["check-attr", "merge", "--", "connect/flows/any.json"]);
        said.is_ok_and(|text| !text.trim_end().ends_with(": unspecified"))
    }

    /// Settings for one merge into HEAD that has the driver, whatever the configuration says and git's version is.
    pub(super) fn driver_settings(&self, theirs: &str) -> [String; 2] {
        let command = command(&own_program(false), ["HEAD", &quoted(theirs)]);
        [format!("{DRIVER}={command}"), format!("{NAME}={NAME_VALUE}")]
    }

    /// The same lines with the project's folder, for a file of attributes outside of it.
    pub(super) fn attributes_from_above(&self) -> String {
        ATTRIBUTES.iter().map(|line| format!("{}{line}\n", self.prefix.replace(' ', "?"))).collect()
    }
}

/// What git's own merge of lines made of a file.
pub(crate) enum Lines {
    Merged,
    Conflicts,
    Failed(String),
}

/// Merges three files as lines, into the first.
pub(crate) fn merge_lines(files: [&Path; 3], labels: [&str; 2], size: usize) -> Lines {
    let mut command = Command::new("git");
    command.args(["merge-file", "-L", labels[0], "-L", "base", "-L", labels[1]]);
    command.arg(format!("--marker-size={size}")).args(files).stdin(Stdio::null());
    match command.output() {
        Err(error) => Lines::Failed(error.to_string()),
        Ok(output) => match output.status.code() {
            Some(0) => Lines::Merged,
            Some(1..=127) => Lines::Conflicts,
            _ => Lines::Failed(words(&output)),
        },
    }
}

/// What of three versions of a flow conflicts, named for people; empty where it cannot be told.
pub(crate) fn in_conflict(base: Option<&[u8]>, ours: &[u8], theirs: &[u8]) -> Vec<String> {
    let text = |bytes| std::str::from_utf8(bytes).ok();
    let base = base.map(text);
    let (Some(ours), Some(theirs)) = (text(ours), text(theirs)) else { return Vec::new() };
    let merged = trunkline_flow::merge::merge_texts(base.flatten(), ours, theirs);
    merged.map(|merged| merged.conflicts).unwrap_or_default()
}
