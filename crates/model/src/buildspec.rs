//! Buildspecs and build projects as CodeBuild declares them.
//!
//! `config` reads a `Buildspec` from YAML and a `BuildProject` from JSON, YAML and templates;
//! `build` carries them out. Values are literal: nothing in them is expanded when they are read.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of a buildspec's grammar, which decides how long a shell lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BuildspecVersion {
    /// Each command has a shell of its own.
    #[serde(rename = "0.1")]
    V01,
    /// Exports and the working folder persist from command to command.
    #[default]
    #[serde(rename = "0.2")]
    V02,
}

/// What a build does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Buildspec {
    /// The grammar's version.
    pub version: BuildspecVersion,
    /// The user of all commands, where one is given.
    pub run_as: Option<String>,
    /// The environment.
    pub env: BuildEnv,
    /// The phases that are given, in the order install, pre_build, build, post_build.
    pub phases: Vec<(PhaseName, Phase)>,
    /// Report groups by name.
    pub reports: Vec<ReportGroup>,
    /// The primary artifact and the secondary ones.
    pub artifacts: Option<Artifacts>,
    /// Paths that are kept from build to build.
    pub cache: Vec<String>,
}

/// The environment of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BuildEnv {
    /// `bash` or `/bin/sh`; sh where it is absent.
    pub shell: Option<String>,
    /// Literal values.
    pub variables: BTreeMap<String, String>,
    /// Names of parameters of the parameter store.
    pub parameter_store: BTreeMap<String, String>,
    /// `secret-id[:json-key[:version-stage[:version-id]]]`.
    pub secrets_manager: BTreeMap<String, String>,
    /// Variables that later actions of a pipeline can read.
    pub exported_variables: Vec<String>,
    /// Whether git asks the source's credentials.
    pub git_credential_helper: bool,
}

/// A phase that a buildspec can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PhaseName {
    /// Tools.
    Install,
    /// Before the build.
    PreBuild,
    /// The build.
    Build,
    /// After it, even if it failed.
    PostBuild,
}

/// The commands of a phase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Phase {
    /// The user of its commands.
    pub run_as: Option<String>,
    /// What its failure does.
    pub on_failure: OnFailure,
    /// Run one after the other until one fails.
    pub commands: Vec<String>,
    /// Run in any case.
    pub finally: Vec<String>,
    /// Languages and versions; images without a runtime manager only warn of them.
    pub runtime_versions: BTreeMap<String, String>,
}

/// What the failure of a phase does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum OnFailure {
    /// What CodeBuild does where nothing is said: BUILD goes on to POST_BUILD, the phases before it end the build.
    #[default]
    Default,
    /// The build ends.
    Abort,
    /// The next phase is entered.
    Continue,
    /// The build is made again, at most that often, where the message matches.
    Retry {
        /// How often, 3 where it is not given.
        times: u32,
        /// A regular expression on the error's message.
        pattern: Option<String>,
    },
}

/// The artifacts of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Artifacts {
    /// The primary one.
    pub primary: ArtifactFiles,
    /// Others, by identifier.
    pub secondary: BTreeMap<String, ArtifactFiles>,
}

/// The files of one artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ArtifactFiles {
    /// Globs, relative to the base folder.
    pub files: Vec<String>,
    /// Expanded by the shell when the build ends.
    pub name: Option<String>,
    /// The base folder, itself a glob; the source's root where it is absent.
    pub base_directory: Option<String>,
    /// Whether folders are dropped.
    pub discard_paths: bool,
    /// Globs that are left out, relative to the base folder.
    pub exclude_paths: Vec<String>,
    /// Whether links are kept as links.
    pub enable_symlinks: bool,
    /// A prefix of the object's key, for artifacts in S3.
    pub s3_prefix: Option<String>,
}

/// A group of reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReportGroup {
    /// Its name or ARN.
    pub name: String,
    /// Globs, relative to the base folder.
    pub files: Vec<String>,
    /// The base folder.
    pub base_directory: Option<String>,
    /// Whether folders are dropped.
    pub discard_paths: bool,
    /// The format in upper case; JUNITXML where it is absent.
    pub file_format: Option<String>,
}

/// A build project: what CodeBuild knows of a build beside its buildspec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BuildProject {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// A path within the source, or the text of a buildspec; `buildspec.yml` where it is absent.
    pub buildspec: Option<String>,
    /// The image that CodeBuild would use; only told to the build here.
    pub image: Option<String>,
    /// The environment's variables; they win over those of the buildspec.
    pub environment_variables: Vec<ProjectVariable>,
    /// Minutes that a build may take, 5 to 2160; 60 where it is absent.
    pub timeout_in_minutes: Option<u32>,
    /// Minutes that it may wait.
    pub queued_timeout_in_minutes: Option<u32>,
    /// How many builds may run at once.
    pub concurrent_build_limit: Option<u32>,
    /// The identifiers of its secondary artifacts.
    pub secondary_artifacts: Vec<String>,
    /// Whether the artifact's name is that of the buildspec.
    pub override_artifact_name: bool,
    /// Where paths are kept from build to build: `NO_CACHE`, `S3` or `LOCAL`.
    pub cache_type: Option<String>,
    /// The role that a build works as.
    pub service_role: Option<String>,
}

/// A variable of a build project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectVariable {
    /// Its name.
    pub name: String,
    /// Its value, the parameter's name or the secret's id.
    pub value: String,
    /// What the value is.
    #[serde(default, rename = "type")]
    pub kind: VariableKind,
}

/// What the value of a variable is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VariableKind {
    /// The value itself.
    #[default]
    Plaintext,
    /// The name of a parameter.
    ParameterStore,
    /// The id of a secret.
    SecretsManager,
}
