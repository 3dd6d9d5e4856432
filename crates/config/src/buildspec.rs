//! Buildspecs: a text to `trunkline_model::buildspec::Buildspec`, with every problem at once.
//!
//! `parse` is called by whoever carries out or checks a build. What CodeBuild refuses is an error;
//! what it would silently leave out (a key that it does not know, a variable that it does not export) is
//! a warning, unless the key is so near to a known one that it can only be a slip: then it is an error
//! as well. Names of phases are closed: a phase that never runs is never what was meant. Nothing
//! is expanded or looked up here.

mod artifacts;
mod env;
mod phases;
mod reader;
mod secret;
mod slips;
#[cfg(test)]
mod tests;

pub use secret::{SecretProblem, SecretRef};

use crate::yaml::{Node, Value};
use reader::{Reader, Section};
use trunkline_model::buildspec::{Buildspec, BuildspecVersion};
use trunkline_model::{Diagnostic, Report, Severity};

/// A buildspec that can be carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadBuildspec {
    /// What it says.
    pub spec: Buildspec,
    /// What is odd but usable, by line.
    pub warnings: Vec<Diagnostic>,
}

/// The keys of a buildspec, of both versions.
const TOP_KEYS: &[&str] = &[
    "version",
    "run-as",
    "env",
    "environment_variables",
    "proxy",
    "batch",
    "phases",
    "reports",
    "artifacts",
    "cache",
];

/// Reads a buildspec (YAML, of which JSON is a part). `file` is how messages name it. On failure the
/// report holds every problem and warning, by line.
pub fn parse(text: &str, file: &str) -> Result<ReadBuildspec, Report> {
    let in_file = |found: Vec<Diagnostic>| -> Vec<Diagnostic> {
        let mut found: Vec<_> = found.into_iter().map(|d| d.in_file(file)).collect();
        found.sort_by_key(|d| (d.place.line, d.place.column));
        found
    };
    let source = slips::read(text).map_err(|found| Report(in_file(found)))?;
    let mut reader = Reader::new(&source.text, source.found);
    let spec = read(&source.root, &mut reader);
    let found = in_file(reader.found);
    if found.iter().any(|d| d.severity == Severity::Error) {
        return Err(Report(found));
    }
    Ok(ReadBuildspec { spec, warnings: found })
}

fn read(root: &Node, r: &mut Reader<'_>) -> Buildspec {
    if matches!(root.value, Value::Null) {
        r.report(root.spot, Diagnostic::error("TL0833", "the buildspec is empty"))
            .help
            .get_or_insert_with(|| "start with `version: 0.2` and `phases:`".to_owned());
        return Buildspec::default();
    }
    let Some(top) = r.section(root, "the buildspec", TOP_KEYS) else { return Buildspec::default() };
    let version = read_version(&top, r);
    r.version = version;
    r.only_in_02(&top, &["run-as", "reports"]);
    not_carried_out(&top, r);
    Buildspec {
        version,
        run_as: r.text(&top, "run-as"),
        env: env::read(&top, r),
        phases: phases::read(&top, r),
        reports: artifacts::reports(&top, r),
        artifacts: artifacts::artifacts(&top, r),
        cache: artifacts::cache(&top, r),
    }
}

fn read_version(top: &Section<'_>, r: &mut Reader<'_>) -> BuildspecVersion {
    let wrong = |message: String| {
        Diagnostic::error("TL0831", message)
            .because("the versions are 0.1 and 0.2")
            .help("write `version: 0.2`")
    };
    let Some(node) = top.get("version") else {
        if !top.meant("version") {
            r.report(top.spot, wrong("`version` is missing".to_owned()));
        }
        return BuildspecVersion::V02;
    };
    match r.spelling(node).as_deref() {
        Some("0.1") => BuildspecVersion::V01,
        Some("0.2") => BuildspecVersion::V02,
        Some(other) => {
            let message = format!("there is no version {} of buildspecs", reader::shorten(other));
            r.report(node.spot, wrong(message));
            BuildspecVersion::V02
        }
        None => {
            r.report(
                node.spot,
                wrong(format!("`version` must be a number, this is {}", node.what())),
            );
            BuildspecVersion::V02
        }
    }
}

/// Names what is read, known, and without effect here.
fn not_carried_out(top: &Section<'_>, r: &mut Reader<'_>) {
    const WITHOUT_EFFECT: &[(&str, &str)] = &[
        ("batch", "the build is carried out as a single one, from the phases of this file"),
        ("proxy", "a build reaches the network as the machine that it runs on does"),
    ];
    for (key, instead) in WITHOUT_EFFECT {
        if top.get(key).is_some() {
            let found = Diagnostic::warning("TL0836", format!("`{key}` is not carried out"));
            r.report(top.key_spot(key), found.because(*instead));
        }
    }
}
