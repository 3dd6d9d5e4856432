//! The environment of a build: predefined variables, precedence, and what is scrubbed.
//!
//! Pure: the binary gives the facts, `run` fetches what is wanted. Values are literal.

use crate::build::Build;
use crate::vault::SecretId;
use jiff::Timestamp;
use std::collections::BTreeMap;
use trunkline_model::buildspec::{ProjectVariable, VariableKind};

/// The variable by which the processes of a build are found.
pub const MARKER: &str = "TRUNKLINE_BUILD_ID";

/// What of the program's own environment reaches a build.
const PASSED: &[&str] = &["HOME", "LANG", "PATH", "TMPDIR"];

/// Where programs are looked for when the program itself has no PATH.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What the predefined variables are made of.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The project's name; for a Commands action that of the pipeline.
    pub project: String,
    /// The build's own id, a UUID.
    pub id: String,
    /// Counts the builds of the project, from 1.
    pub number: u64,
    /// When it was started.
    pub start: Timestamp,
    /// `codepipeline/NAME`, or a user's name.
    pub initiator: String,
    /// The partition of its ARN: `aws`.
    pub partition: String,
    /// The account, where one is known.
    pub account: Option<String>,
    /// The region, where one is known.
    pub region: Option<String>,
    /// The image that CodeBuild would use.
    pub image: Option<String>,
    /// Where the log lies.
    pub log_path: Option<String>,
    /// The URL of the primary source.
    pub source_repo_url: Option<String>,
    /// The version that was asked for.
    pub source_version: Option<String>,
    /// The commit that it stands for.
    pub resolved_source_version: Option<String>,
    /// The versions of the secondary sources.
    pub secondary_versions: BTreeMap<String, String>,
    /// What follows `CODEBUILD_WEBHOOK_`: `TRIGGER`, `HEAD_REF` and so on.
    pub webhook: BTreeMap<String, String>,
}

impl Facts {
    /// Gives CodeBuild's variables, as far as the facts are known.
    pub fn predefined(&self) -> BTreeMap<String, String> {
        let id = format!("{}:{}", self.project, self.id);
        let arn = match (&self.account, &self.region) {
            (Some(account), Some(region)) => {
                Some(format!("arn:{}:codebuild:{region}:{account}:build/{id}", self.partition))
            }
            _ => None,
        };
        let known = [
            ("AWS_DEFAULT_REGION", self.region.clone()),
            ("AWS_REGION", self.region.clone()),
            ("CODEBUILD_BUILD_ARN", arn),
            ("CODEBUILD_BUILD_ID", Some(id)),
            ("CODEBUILD_BUILD_IMAGE", self.image.clone()),
            ("CODEBUILD_BUILD_NUMBER", Some(self.number.to_string())),
            ("CODEBUILD_INITIATOR", Some(self.initiator.clone())),
            ("CODEBUILD_LOG_PATH", self.log_path.clone()),
            ("CODEBUILD_RESOLVED_SOURCE_VERSION", self.resolved_source_version.clone()),
            ("CODEBUILD_SOURCE_REPO_URL", self.source_repo_url.clone()),
            ("CODEBUILD_SOURCE_VERSION", self.source_version.clone()),
            ("CODEBUILD_START_TIME", Some(self.start.as_millisecond().to_string())),
        ];
        let mut variables: BTreeMap<String, String> =
            known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        for (id, version) in &self.secondary_versions {
            variables.insert(format!("CODEBUILD_SOURCE_VERSION_{id}"), version.clone());
        }
        for (name, value) in &self.webhook {
            variables.insert(format!("CODEBUILD_WEBHOOK_{name}"), value.clone());
        }
        variables
    }
}

/// Where the value of a variable comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It is this.
    Literal(String),
    /// A parameter's name.
    Parameter(String),
    /// A secret.
    Secret(SecretId),
}

/// The variables that somebody declared, by precedence: start, project, buildspec.
pub(crate) fn declared(build: &Build) -> BTreeMap<String, Origin> {
    let env = &build.spec.env;
    let mut all = BTreeMap::new();
    for (name, value) in &env.variables {
        all.insert(name.clone(), Origin::Literal(value.clone()));
    }
    for (name, parameter) in &env.parameter_store {
        all.insert(name.clone(), Origin::Parameter(parameter.clone()));
    }
    for (name, secret) in &env.secrets_manager {
        all.insert(name.clone(), Origin::Secret(SecretId::parse(secret)));
    }
    for variable in build.project.environment_variables.iter().chain(&build.variables) {
        all.insert(variable.name.clone(), origin(variable));
    }
    all
}

fn origin(variable: &ProjectVariable) -> Origin {
    let value = variable.value.clone();
    match variable.kind {
        VariableKind::Plaintext => Origin::Literal(value),
        VariableKind::ParameterStore => Origin::Parameter(value),
        VariableKind::SecretsManager => Origin::Secret(SecretId::parse(&value)),
    }
}

/// Puts the environment together: what is passed on, what was declared, what is predefined.
pub(crate) fn together(
    build: &Build,
    declared: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut all = BTreeMap::from([("PATH".to_owned(), DEFAULT_PATH.to_owned())]);
    let passed = build.host.iter().filter(|(name, _)| PASSED.contains(&name.as_str()));
    all.extend(passed.map(|(name, value)| (name.clone(), value.clone())));
    all.extend(declared);
    let secrets = build.secrets.iter().filter(|s| s.variable);
    all.extend(secrets.map(|s| (s.name.clone(), s.value.clone())));
    all.extend(build.predefined.clone());
    let source = build.folders.source.display().to_string();
    all.insert("CODEBUILD_SRC_DIR".to_owned(), source.clone());
    for (id, folder) in &build.folders.secondary {
        all.insert(format!("CODEBUILD_SRC_DIR_{id}"), folder.display().to_string());
    }
    all.insert("CODEBUILD_BUILD_SUCCEEDING".to_owned(), "1".to_owned());
    all.insert("PWD".to_owned(), source);
    all.insert(MARKER.to_owned(), build.id.clone());
    all.retain(|name, value| {
        !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0')
    });
    all
}

#[cfg(test)]
mod tests;
