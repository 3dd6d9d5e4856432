//! CloudFormation templates: the pipelines and build projects among a template's resources.
//!
//! `functions` evaluates what stands in the way of plain values, `values` says what parameters,
//! pseudo parameters and resources stand for. Only what pipelines and projects need is evaluated,
//! so that the rest of a template may hold anything. Templates are not checked otherwise.

mod dynamic;
mod functions;
mod given;
mod values;

pub use given::Parameters;

use super::members::{Members, shorten};
use super::structure::entries;
use super::{Definitions, DisabledTransition, ReadOptions, check, finish, projects, structure};
use crate::suggest::nearest;
use crate::yaml::{Key, Node, Spot, Value};
use std::collections::{BTreeMap, BTreeSet};
use trunkline_model::Diagnostic;

/// The types of resources that are read.
const PIPELINE: &str = "AWS::CodePipeline::Pipeline";
const PROJECT: &str = "AWS::CodeBuild::Project";

/// Properties that mean nothing here, so that what they refer to need not be known.
const IDLE: &[&str] = &[
    "ArtifactStore",
    "ArtifactStores",
    "Cache",
    "EncryptionKey",
    "FileSystemLocations",
    "LogsConfig",
    "RoleArn",
    "ServiceRole",
    "Tags",
    "VpcConfig",
];

/// A template while it is evaluated.
struct Template<'n> {
    m: Members,
    node: &'n Node,
    options: &'n ReadOptions,
    stack: String,
    /// The name of the file that may give values.
    beside: String,
    /// Conditions that are known; `None` while one is being evaluated.
    conditions: BTreeMap<String, Option<bool>>,
    /// Names of resources that are known; `None` while one is being evaluated.
    names: BTreeMap<String, Option<String>>,
    /// Texts that stand for values which are not known here.
    assumed: BTreeSet<String>,
    /// What was already told, and whether as an error.
    noted: BTreeSet<(String, bool)>,
    /// Whether what is evaluated means nothing here.
    idle: bool,
    /// What was given and asked for.
    used: BTreeSet<String>,
    /// Where the names of the build projects stand.
    projects: Vec<Spot>,
    /// How many values may still be evaluated; what refers to itself through others grows fast.
    fuel: u32,
}

/// Reads a template's pipelines and projects.
pub(super) fn read(
    node: &Node,
    file: &str,
    options: &ReadOptions,
) -> (Option<Definitions>, Vec<Diagnostic>) {
    let mut template = Template::new(node, file, options);
    let mut definitions = Definitions::default();
    let mut seen = 0;
    template.sections();
    template.macros();
    let resources = node.get("Resources").map(entries).unwrap_or_default();
    // Projects first: actions are held against them.
    for wanted in [PROJECT, PIPELINE] {
        for (key, resource) in resources.iter().filter(|(_, r)| kind_of(r) == wanted) {
            seen += 1;
            if template.is_there(resource) {
                template.resource(&key.text, wanted, resource, &mut definitions);
            }
        }
    }
    for (key, resource) in resources {
        if key.text.starts_with("Fn::ForEach::") && holds_ours(resource) {
            seen += 1;
            let message = "`Fn::ForEach` is not carried out: what it makes is not read";
            template.note(key.spot, &key.text, message.to_owned());
        }
        let kind = kind_of(resource);
        if let Some(meant) = nearest(kind, [PIPELINE, PROJECT]).filter(|_| slip(kind)) {
            seen += 1;
            let spot = resource.get("Type").map_or(resource.spot, |t| t.spot);
            let message = format!("`{}` is no type of resource", shorten(kind));
            template.m.error(spot, "TL0822", message).help =
                Some(format!("did you mean `{meant}`?"));
        }
    }
    if seen == 0 {
        let found = template.m.error(node.spot, "TL0802", "this template holds no pipeline");
        found.notes.push(format!("it has no resource of type {PIPELINE} or {PROJECT}"));
    }
    check::projects(&mut template.m, &definitions.projects, &template.projects);
    template.given_for_nothing();
    (Some(definitions), template.m.found)
}

/// Whether a text is a resource that is read here, or some of them, without the template around it.
pub(super) fn is_part(node: &Node) -> bool {
    let ours = |node: &Node| [PIPELINE, PROJECT].contains(&kind_of(node));
    ours(node) || entries(node).iter().any(|(_, resource)| ours(resource))
}

/// Whether a loop makes pipelines or build projects.
fn holds_ours(node: &Node) -> bool {
    match &node.value {
        Value::List(items) => items.iter().any(holds_ours),
        Value::Map(all) => {
            [PIPELINE, PROJECT].contains(&kind_of(node)) || all.iter().any(|(_, v)| holds_ours(v))
        }
        _ => false,
    }
}

fn kind_of(resource: &Node) -> &str {
    resource.get("Type").and_then(Node::spelling).unwrap_or_default()
}

/// Whether a type is none of the services' own other ones, which are near in spelling.
fn slip(kind: &str) -> bool {
    const OTHERS: &[&str] = &["AWS::CodePipeline::Webhook", "AWS::CodePipeline::CustomActionType"];
    let service = kind.split("::").nth(1).unwrap_or_default();
    !OTHERS.contains(&kind)
        && ![PIPELINE, PROJECT].contains(&kind)
        && !matches!(service, "CodeCommit" | "CodeDeploy" | "CodeArtifact" | "CodeStar")
}

impl<'n> Template<'n> {
    fn new(node: &'n Node, file: &str, options: &'n ReadOptions) -> Self {
        let stack = options.stack_name.clone().unwrap_or_else(|| values::stack_name(file));
        Self {
            m: Members::new(true),
            node,
            options,
            stack,
            beside: Parameters::beside(file),
            conditions: BTreeMap::new(),
            names: BTreeMap::new(),
            assumed: BTreeSet::new(),
            noted: BTreeSet::new(),
            idle: false,
            used: BTreeSet::new(),
            projects: Vec::new(),
            fuel: 1_000_000,
        }
    }

    /// Reports sections of the template that are none.
    fn sections(&mut self) {
        const SECTIONS: &[&str] = &[
            "AWSTemplateFormatVersion",
            "Description",
            "Metadata",
            "Parameters",
            "Rules",
            "Mappings",
            "Conditions",
            "Transform",
            "Hooks",
            "Globals",
            "Resources",
            "Outputs",
        ];
        for (key, _) in entries(self.node).iter().filter(|(k, _)| !SECTIONS.contains(&&*k.text)) {
            let message = format!("`{}` is no section of a template", shorten(&key.text));
            let near = nearest(&key.text, SECTIONS.iter().copied());
            self.m.error(key.spot, "TL0805", message).help =
                near.map(|near| format!("did you mean `{near}`?"));
        }
        self.m.no_repeats(self.node);
        if let Some(resources) = self.node.get("Resources") {
            self.m.no_repeats(resources);
        }
    }

    /// Says whether a resource's condition holds.
    fn is_there(&mut self, resource: &Node) -> bool {
        let Some(condition) = resource.get("Condition") else { return true };
        match condition.spelling() {
            Some(name) => self.condition(name, condition.spot),
            None => true,
        }
    }

    fn resource(
        &mut self,
        logical: &str,
        kind: &str,
        resource: &Node,
        definitions: &mut Definitions,
    ) {
        self.m.about("resource", logical);
        let Some(properties) = resource.get("Properties") else {
            self.m.error(resource.spot, "TL0803", "the resource lacks `Properties`");
            return;
        };
        let Some(node) = self.properties(properties) else { return };
        let name = self.name_of(logical, node.spot);
        if kind == PROJECT {
            if let Some(project) = projects::project(&mut self.m, &node, Some(&name)) {
                self.projects.push(self.m.spot(&node, "name"));
                definitions.projects.push(project);
            }
            return;
        }
        if let Some((mut pipeline, spots)) = structure::pipeline(&mut self.m, &node, Some(&name)) {
            if self.m.get(&node, "roleArn").is_none() {
                self.m.missing(&node, "roleArn", "the pipeline");
            }
            let projects = &definitions.projects;
            finish(&mut self.m, &mut pipeline, &spots, self.options, projects);
            if definitions.pipelines.iter().any(|other| other.name == pipeline.name) {
                let message = format!("two pipelines are named `{}`", shorten(&pipeline.name));
                self.m.error(self.m.spot(&node, "name"), "TL0808", message);
            }
            definitions.disabled.extend(disabled(&mut self.m, &node, &pipeline.name));
            definitions.pipelines.push(pipeline);
        }
    }

    /// Evaluates the properties of a resource; those that mean nothing here last, and what is made up for them
    /// is not remembered.
    fn properties(&mut self, properties: &Node) -> Option<Node> {
        let function =
            |all: &[(Key, Node)]| all.iter().any(|(key, _)| key.text.starts_with("Fn::"));
        let all = match &properties.value {
            Value::Map(all) if !function(all) => all,
            _ => return self.evaluate(properties),
        };
        let mut entries = Vec::new();
        let (idle, rest): (Vec<_>, Vec<_>) =
            all.iter().partition(|(key, _)| IDLE.contains(&key.text.as_str()));
        for (key, value) in rest {
            entries.extend(self.evaluate(value).map(|value| (key.clone(), value)));
        }
        let known = (self.names.clone(), self.conditions.clone());
        self.idle = true;
        for (key, value) in idle {
            entries.extend(self.evaluate(value).map(|value| (key.clone(), value)));
        }
        self.idle = false;
        (self.names, self.conditions) = known;
        Some(Node { spot: properties.spot, value: Value::Map(entries) })
    }

    /// Tells that something is not known here, once for each thing: what is to be run needs it.
    fn note(&mut self, spot: Spot, what: &str, message: String) -> Option<&mut Diagnostic> {
        let needed = self.options.to_run && !self.idle;
        if !self.noted.insert((what.to_owned(), needed)) {
            return None;
        }
        Some(match needed {
            true => self.m.error(spot, "TL0823", message),
            false => self.m.note(spot, "TL0823", message),
        })
    }

    /// Tells of macros; the service's own begin with `AWS::`, and what they change is none of ours.
    fn macros(&mut self) {
        let Some(node) = self.node.get("Transform") else { return };
        let all = match &node.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        for name in all.iter().filter_map(|n| n.get("Name").unwrap_or(n).spelling()) {
            if !name.starts_with("AWS::") {
                let message = format!("the macro `{}` is not carried out", shorten(name));
                let found = self.m.note(node.spot, "TL0823", message);
                found.notes.push("the template is read as it is before it".to_owned());
            }
        }
    }

    /// A text at a place.
    fn text(spot: Spot, text: impl Into<String>) -> Node {
        Node { spot, value: Value::Text(text.into()) }
    }
}

fn disabled(m: &mut Members, node: &Node, pipeline: &str) -> Vec<DisabledTransition> {
    let mut transitions = Vec::new();
    for item in m.list(node, "disableInboundStageTransitions") {
        if m.shape(item, "a disabled transition", &["stageName", "reason"]) {
            let stage = m.required(item, "stageName", "the disabled transition");
            let reason = m.required(item, "reason", "the disabled transition");
            let pipeline = pipeline.to_owned();
            if let (Some(stage), Some(reason)) = (stage, reason) {
                transitions.push(DisabledTransition { pipeline, stage, reason });
            }
        }
    }
    transitions
}
