//! Pipeline definitions: a text to `Pipeline`s and `BuildProject`s, with every problem at once.
//!
//! Read are CodePipeline's own structure as JSON or YAML, with build projects beside it, and
//! CloudFormation templates. `serve`, `pipeline run` and `pipeline validate` call `read`; the
//! buildspecs that projects name are read in `buildspec`. Nothing here opens a file.

mod check;
mod kind;
mod members;
mod projects;
mod providers;
mod starter;
mod structure;
mod template;

pub use kind::{FileKind, kind_of};
pub use providers::carried_out_here;
pub use starter::{Component, StarterOptions, default_pipeline, pipeline_name};
pub use template::Parameters;

use crate::yaml::{self, Node, Value};
use members::Members;
use std::collections::BTreeMap;
use structure::Spots;
use trunkline_model::Diagnostic;
use trunkline_model::buildspec::BuildProject;
use trunkline_model::pipeline::Pipeline;

/// What one file defines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definitions {
    /// The pipelines, in the file's order. Their type is V2 where they use what only V2 has.
    pub pipelines: Vec<Pipeline>,
    /// The build projects, in the file's order.
    pub projects: Vec<BuildProject>,
    /// Inbound transitions that a template disables.
    pub disabled: Vec<DisabledTransition>,
}

/// An inbound transition that is disabled from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisabledTransition {
    /// The pipeline.
    pub pipeline: String,
    /// The stage that is not entered.
    pub stage: String,
    /// Why.
    pub reason: String,
}

/// What a reader knows beside the text.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Whether the pipelines are to be run: a provider that is not carried out here is then an
    /// error (TL0813) rather than a warning, and so is a value that nobody gave (TL0823).
    pub to_run: bool,
    /// Values of a template's parameters, and of what else a file beside it may give.
    pub parameters: BTreeMap<String, String>,
    /// What the file beside a template gives, where `parameters` does not.
    pub beside: Option<Parameters>,
    /// `AWS::StackName`; the file's name without its ending where it is absent.
    pub stack_name: Option<String>,
    /// `AWS::Region`; `us-east-1` where it is absent.
    pub region: Option<String>,
    /// `AWS::AccountId`; `111122223333` where it is absent.
    pub account: Option<String>,
}

/// The parameters of a template; none where the text is something else. `None`: it cannot be read.
pub fn parameter_names(text: &str) -> Option<Vec<String>> {
    let node = yaml::read_tagged(text).ok()?;
    let declared = node.get("Parameters").filter(|_| kind::of_node(&node) == FileKind::Template);
    let names = declared.map(structure::entries).unwrap_or_default();
    Some(names.iter().map(|(key, _)| key.text.clone()).collect())
}

/// Reads a text. The definitions are there where no finding is an error; the findings are in the
/// order of their lines, each with the file's name.
pub fn read(
    text: &str,
    file: &str,
    options: &ReadOptions,
) -> (Option<Definitions>, Vec<Diagnostic>) {
    let (definitions, mut found) = match yaml::read_tagged(text) {
        Ok(node) => read_node(&node, file, options),
        Err(mut problem) => {
            problem.code = "TL0801".to_owned();
            (None, vec![problem])
        }
    };
    found.sort_by_key(|d| (d.place.line, d.place.column));
    found.dedup();
    for finding in &mut found {
        // What is wrong in the file of parameters was said to be there.
        finding.place.file.get_or_insert_with(|| file.to_owned());
    }
    let failed = found.iter().any(|d| d.severity == trunkline_model::Severity::Error);
    (definitions.filter(|_| !failed), found)
}

fn read_node(
    node: &Node,
    file: &str,
    options: &ReadOptions,
) -> (Option<Definitions>, Vec<Diagnostic>) {
    let kind = kind::of_node(node);
    if kind != FileKind::Template && template::is_part(node) {
        let mut m = Members::new(false);
        let found = m.error(node.spot, "TL0802", "this file holds no pipeline");
        found.notes.push("it is a part of a template".to_owned());
        found.help = Some("write `Resources:` above its resources".to_owned());
        return (None, m.found);
    }
    match kind {
        FileKind::Template => template::read(node, file, options),
        FileKind::Pipeline => {
            let mut m = Members::new(false);
            let definitions = plain(&mut m, node, options);
            (Some(definitions), m.found)
        }
        other => {
            let mut m = Members::new(false);
            let found = m.error(node.spot, "TL0802", "this file holds no pipeline");
            found.notes.push(match other {
                FileKind::Buildspec => "it is a buildspec".to_owned(),
                _ if matches!(node.value, Value::Null) => {
                    "it is empty, or holds comments only".to_owned()
                }
                _ => {
                    "a definition has `pipeline:`, `projects:`, or a template's `Resources`".into()
                }
            });
            (None, m.found)
        }
    }
}

/// Reads the structure of `get-pipeline`, and projects beside it.
fn plain(m: &mut Members, node: &Node, options: &ReadOptions) -> Definitions {
    let mut definitions = Definitions::default();
    let bare = node.get("stages").is_some() && node.get("pipeline").is_none();
    let pipeline = if bare { Some(node) } else { node.get("pipeline") };
    if !bare {
        // `metadata` is of `get-pipeline`, `tags` of what `create-pipeline --cli-input-json` reads.
        let known = ["pipeline", "metadata", "tags", "projects", "projectsNotFound"];
        m.shape(node, "the file", &known);
    }
    // Among the members of a bare pipeline, `projects` is none of its own.
    let without = bare.then(|| without(node, &["projects", "metadata", "tags"]));
    let mut named = Vec::new();
    for item in m.list(node, "projects") {
        if let Some(project) = projects::project(m, item, None) {
            definitions.projects.push(project);
            named.push(m.spot(item, "name"));
        }
    }
    check::projects(m, &definitions.projects, &named);
    if let Some(node) = without.as_ref().or(pipeline)
        && let Some((mut pipeline, spots)) = structure::pipeline(m, node, None)
    {
        finish(m, &mut pipeline, &spots, options, &definitions.projects);
        definitions.pipelines.push(pipeline);
    }
    definitions
}

/// Checks a pipeline against the rules, and settles its type.
fn finish(
    m: &mut Members,
    pipeline: &mut Pipeline,
    spots: &Spots<'_>,
    options: &ReadOptions,
    projects: &[BuildProject],
) {
    m.about("pipeline", &pipeline.name);
    check::pipeline(m, pipeline, spots, options, projects);
}

fn without(node: &Node, keys: &[&str]) -> Node {
    let mut node = node.clone();
    if let Value::Map(entries) = &mut node.value {
        entries.retain(|(key, _)| !keys.contains(&key.text.as_str()));
    }
    node
}

#[cfg(test)]
mod tests {
    use crate::yaml;

    #[test]
    fn json_is_read_as_what_it_is() {
        for text in [
            r#"{"a": "\ud83d\ude00 \/ \u0041\b\f\t", "b": [1.0e5, -3, true, null]}"#,
            "{\r\n\t\"a\" :\t\"x\"\r\n}",
            "\t{\n\t\t\"a\":\n\"b\\\"\\t\"\n,\n\"c\":\"# no\"}",
            "{\"a b: c\":\"- x\", \"\":\"\", \"~\": \"null\", \"d\": \"2020-01-01\"}",
        ] {
            let json: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
            assert_eq!(yaml::read(text).expect("it is YAML, too").to_json(), json, "{text}");
        }
        let node = yaml::read_tagged("{\n\t\"a\": !Ref\n\t\t\"b\"}").expect("tabs and a tag");
        let spot = node.get("a").expect("a").spot;
        assert_eq!((spot.line, spot.column), (3, 3));
    }
}
