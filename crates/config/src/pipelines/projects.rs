//! A build project's mapping as a `BuildProject`: of `batch-get-projects`, or of a template.
//!
//! Only what a build here uses is read; the many other members of a project pass without a word,
//! save for slips that come close to one that is read.

use super::members::Members;
use super::structure::entries;
use crate::suggest::nearest;
use crate::yaml::{Node, Value};
use trunkline_model::buildspec::{BuildProject, ProjectVariable, VariableKind};

/// The members of a project, of both spellings' services.
const PROJECT: &[&str] = &[
    "name",
    "arn",
    "description",
    "source",
    "secondarySources",
    "sourceVersion",
    "secondarySourceVersions",
    "artifacts",
    "secondaryArtifacts",
    "cache",
    "environment",
    "serviceRole",
    "timeoutInMinutes",
    "queuedTimeoutInMinutes",
    "encryptionKey",
    "tags",
    "created",
    "lastModified",
    "webhook",
    "vpcConfig",
    "badge",
    "logsConfig",
    "fileSystemLocations",
    "buildBatchConfig",
    "concurrentBuildLimit",
    "projectVisibility",
    "publicProjectAlias",
    "resourceAccessRole",
    "autoRetryLimit",
];
const IN_TEMPLATES: &[&str] = &["triggers", "badgeEnabled", "visibility"];
const KINDS: &[(&str, VariableKind)] = &[
    ("PLAINTEXT", VariableKind::Plaintext),
    ("PARAMETER_STORE", VariableKind::ParameterStore),
    ("SECRETS_MANAGER", VariableKind::SecretsManager),
];
/// What a name consists of.
const NAME: &str = "a letter or digit, then 1 to 254 of `A-Z a-z 0-9 - _`";

/// Reads a project. `name` stands for one that is not given, in a template.
pub(super) fn project(m: &mut Members, node: &Node, name: Option<&str>) -> Option<BuildProject> {
    if let Some(name) = node.get(&m.spell("name")).and_then(Node::spelling).or(name) {
        m.about("build project", name);
    }
    let known: Vec<&str> = match m.capital {
        true => PROJECT.iter().chain(IN_TEMPLATES).copied().collect(),
        false => PROJECT.to_vec(),
    };
    if !m.shape(node, "a build project", &known) {
        return None;
    }
    let name = match (m.get(node, "name"), name) {
        (None, Some(name)) => Some(name.to_owned()),
        _ => m.required(node, "name", "the build project"),
    };
    if let Some(name) = name.as_deref().filter(|name| !is_name(name)) {
        let message = format!("`{name}` is no name for a build project");
        m.error(m.spot(node, "name"), "TL0825", message).notes.push(format!("a name has {NAME}"));
    }
    let environment = part(m, node, "environment");
    let artifacts = part(m, node, "artifacts");
    let mut read = BuildProject {
        name: name.unwrap_or_default(),
        description: m.text(node, "description"),
        buildspec: part(m, node, "source").and_then(|source| buildspec(m, source)),
        image: environment.and_then(|e| m.text(e, "image")),
        environment_variables: environment.map(|e| variables(m, e)).unwrap_or_default(),
        timeout_in_minutes: limited(m, node, "timeoutInMinutes", (5, 2160)),
        queued_timeout_in_minutes: limited(m, node, "queuedTimeoutInMinutes", (5, 480)),
        concurrent_build_limit: limited(m, node, "concurrentBuildLimit", (1, u32::MAX)),
        secondary_artifacts: Vec::new(),
        override_artifact_name: artifacts
            .and_then(|a| m.flag(a, "overrideArtifactName"))
            .unwrap_or_default(),
        cache_type: part(m, node, "cache").and_then(|c| cache(m, c)),
        service_role: m.text(node, "serviceRole"),
    };
    for item in m.list(node, "secondaryArtifacts") {
        read.secondary_artifacts.extend(m.required(item, "artifactIdentifier", "the artifact"));
    }
    Some(read)
}

fn is_name(name: &str) -> bool {
    (2..=255).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

/// Returns a member that must be a mapping. Slips among its members are found by `near_misses`.
fn part<'n>(m: &mut Members, node: &'n Node, key: &str) -> Option<&'n Node> {
    const READ: &[(&str, &[&str])] = &[
        ("environment", &["image", "environmentVariables", "computeType", "type"]),
        ("source", &["buildspec", "type", "location"]),
        ("artifacts", &["type", "overrideArtifactName"]),
        ("cache", &["type"]),
    ];
    let value = m.get(node, key)?;
    if !matches!(value.value, Value::Map(_)) {
        let message = format!("`{}` must be a mapping, this is {}", m.spell(key), value.what());
        m.error(value.spot, "TL0804", message);
        return None;
    }
    let read = READ.iter().find(|(name, _)| *name == key).map_or(&[][..], |(_, read)| read);
    near_misses(m, value, read);
    Some(value)
}

/// Reports keys that are nearly a member that is read.
fn near_misses(m: &mut Members, node: &Node, read: &[&str]) {
    let spelled: Vec<String> = read.iter().map(|k| m.spell(k)).collect();
    for (key, _) in entries(node).iter().filter(|(key, _)| !spelled.contains(&key.text)) {
        // `certificate` and the like are members that are not read; only slips are of interest.
        let near = nearest(&key.text, spelled.iter().map(String::as_str)).map(str::to_owned);
        if let Some(near) = near.filter(|n| n.len() > 4) {
            let message = format!("`{}` is not known here", key.text);
            m.error(key.spot, "TL0805", message).help = Some(format!("did you mean `{near}`?"));
        }
    }
    m.no_repeats(node);
}

fn buildspec(m: &mut Members, source: &Node) -> Option<String> {
    let value = m.get(source, "buildspec")?;
    match &value.value {
        // Templates may hold the buildspec as a mapping; JSON is YAML too.
        Value::Map(_) if m.capital => Some(value.to_json().to_string()),
        _ => m.text(source, "buildspec").filter(|text| !text.trim().is_empty()),
    }
}

fn cache(m: &mut Members, node: &Node) -> Option<String> {
    let types = &[("NO_CACHE", "NO_CACHE"), ("S3", "S3"), ("LOCAL", "LOCAL")];
    m.choice(node, "type", types).map(str::to_owned)
}

fn variables(m: &mut Members, node: &Node) -> Vec<ProjectVariable> {
    let mut variables = Vec::new();
    for item in m.list(node, "environmentVariables") {
        if m.shape(item, "an environment variable", &["name", "value", "type"]) {
            if m.get(item, "value").is_none() {
                m.missing(item, "value", "the environment variable");
            }
            variables.push(ProjectVariable {
                name: m.required(item, "name", "the environment variable").unwrap_or_default(),
                value: m.text(item, "value").unwrap_or_default(),
                kind: m.choice(item, "type", KINDS).unwrap_or_default(),
            });
        }
    }
    variables
}

fn limited(m: &mut Members, node: &Node, key: &str, range: (u32, u32)) -> Option<u32> {
    let before = m.found.len();
    let number = m.number(node, key, range);
    for finding in &mut m.found[before..] {
        finding.code = "TL0825".to_owned();
    }
    number
}
