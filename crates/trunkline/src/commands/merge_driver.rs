//! `trunkline merge-driver`: merges three versions of a flow by block. Git runs it, where `.gitattributes` and
//! the configuration of the clone say so (`trunkline init` writes both).
//!
//! The result goes into our version's file. By git's rules, 0 is a merge, 1 a conflict, and what is above 128
//! that nothing was merged. What is no document of ours is merged as lines, as git would have done it.

use super::Outcome;
use crate::context::App;
use crate::exit::Exit;
use crate::files;
use crate::git::{Lines, merge_lines};
use crate::render::printable;
use std::fs;
use std::path::PathBuf;
use trunkline_flow::merge::{Marks, merge_texts};
use trunkline_model::{Diagnostic, Report};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The version that both sides began with (%O)
    base: PathBuf,
    /// Our version; the result is written into it (%A)
    ours: PathBuf,
    /// The other version (%B)
    theirs: PathBuf,
    /// The file's path, for messages (%P)
    path: Option<String>,
    /// How many characters a conflict marker has (%L)
    #[arg(short = 'L', long, value_name = "NUMBER", default_value = "7")]
    marker_size: String,
    /// What our version is called (%X)
    #[arg(long = "ours", value_name = "LABEL", default_value = "ours")]
    our_label: String,
    /// What the other version is called (%Y)
    #[arg(long = "theirs", value_name = "LABEL", default_value = "theirs")]
    their_label: String,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    Ok(merge(arguments, app).unwrap_or_else(|report| {
        app.printer.failure(&report);
        Exit::NotMerged
    }))
}

fn merge(arguments: &Arguments, app: &App) -> Result<Exit, Report> {
    let read =
        |path: &PathBuf| fs::read(path).map_err(|e| files::failed(&path.display().to_string(), &e));
    let (base, ours, theirs) =
        (read(&arguments.base)?, read(&arguments.ours)?, read(&arguments.theirs)?);
    let text = |bytes| std::str::from_utf8(bytes).ok();
    // Where both sides added the file, git gives an empty one as the base.
    let base = if base.is_empty() { Some(None) } else { text(&base).map(Some) };
    let merged = base.zip(text(&ours)).zip(text(&theirs));
    let merged = merged.and_then(|((base, ours), theirs)| merge_texts(base, ours, theirs));
    // An older git does not know the placeholders and leaves them as they are.
    let label = |given: &str, plain: &'static str| {
        if given.is_empty() || given.starts_with('%') { plain.to_owned() } else { given.to_owned() }
    };
    let our_label = label(&arguments.our_label, "ours");
    let their_label = label(&arguments.their_label, "theirs");
    let size = arguments.marker_size.parse().unwrap_or(7).clamp(1, 1000);
    let Some(merged) = merged else {
        let files = [&arguments.ours, &arguments.base, &arguments.theirs].map(PathBuf::as_path);
        return match merge_lines(files, [&our_label, &their_label], size) {
            Lines::Merged => Ok(Exit::Done),
            Lines::Conflicts => Ok(Exit::Failed),
            Lines::Failed(words) => Err(Diagnostic::error("TL0714", "`git merge-file` failed")
                .because(format!("git says: {words}"))
                .report()),
        };
    };
    let text = merged.text(&Marks { ours: &our_label, theirs: &their_label, size });
    fs::write(&arguments.ours, text)
        .map_err(|e| files::failed(&arguments.ours.display().to_string(), &e))?;
    if merged.conflicts.is_empty() {
        return Ok(Exit::Done);
    }
    let path = arguments.path.as_deref().unwrap_or("the flow");
    app.printer.say(&printable(&format!("{path}: conflict in {}", merged.conflicts.join(", "))));
    Ok(Exit::Failed)
}
