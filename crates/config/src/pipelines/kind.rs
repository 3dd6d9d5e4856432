//! What kind of file a text is, by its content: `pipeline validate` takes all of them.
//!
//! A slip of the keyboard must not make a pipeline something else, so several members count.

use crate::suggest::nearest;
use crate::yaml::{self, Node};

use super::structure::entries;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A pipeline in CodePipeline's own structure, or build projects.
    Pipeline,
    /// A CloudFormation template.
    Template,
    /// A buildspec.
    Buildspec,
    /// Something else.
    Other,
}

/// The members at the top of each kind of file; two of them, or one that is in capitals here, tell it.
const TOP: &[(FileKind, &[&str], &[&str])] = &[
    (
        FileKind::Template,
        &["Resources", "AWSTemplateFormatVersion"],
        &[
            "Parameters",
            "Outputs",
            "Description",
            "Mappings",
            "Conditions",
            "Transform",
            "Metadata",
        ],
    ),
    (
        FileKind::Pipeline,
        &["pipeline", "projects", "stages"],
        &[
            "name",
            "roleArn",
            "artifactStore",
            "artifactStores",
            "executionMode",
            "pipelineType",
            "triggers",
            "variables",
            "version",
            "metadata",
        ],
    ),
    (
        FileKind::Buildspec,
        &["phases"],
        &["version", "env", "artifacts", "reports", "cache", "batch", "proxy", "run-as"],
    ),
];

/// Tells what kind of file a text is. A text that is not valid YAML is told by its lines.
pub fn kind_of(text: &str) -> FileKind {
    match yaml::read_tagged(text) {
        Ok(node) => of_node(&node),
        Err(_) => of_keys(&keys_of_lines(text)),
    }
}

/// The same of a tree.
pub(super) fn of_node(node: &Node) -> FileKind {
    let keys: Vec<&str> = entries(node).iter().map(|(key, _)| key.text.as_str()).collect();
    of_keys(&keys)
}

fn of_keys(keys: &[&str]) -> FileKind {
    let by = |wanted: &dyn Fn(&[&str], &[&str]) -> bool| {
        TOP.iter().find(|(_, telling, others)| wanted(telling, others)).map(|(kind, ..)| *kind)
    };
    by(&|telling, _| telling.iter().any(|k| keys.contains(k)))
        .or_else(|| by(&|_, others| keys.iter().filter(|k| others.contains(k)).count() >= 2))
        .or_else(|| {
            // `project` is a setting of trunkline.yaml, and no slip.
            let slips: Vec<&&str> = keys.iter().filter(|k| **k != "project").collect();
            by(&|telling, _| slips.iter().any(|k| nearest(k, telling.iter().copied()).is_some()))
        })
        .unwrap_or(FileKind::Other)
}

/// Finds what looks like the keys of the outermost mapping.
fn keys_of_lines(text: &str) -> Vec<&str> {
    let json = text.trim_start().starts_with('{');
    text.lines()
        .filter(|line| json || !line.starts_with([' ', '\t', '#', '-']))
        .filter_map(|line| line.split_once(':'))
        .map(|(key, _)| key.trim().trim_start_matches(['{', ' ']).trim_matches(['"', '\'']))
        .collect()
}
