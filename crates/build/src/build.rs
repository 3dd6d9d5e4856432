//! What a build is given and what it gives back.
//!
//! The binary fills a `Build` from an action, calls `run`, and stores the `BuildResult`. Nothing
//! here reads a clock, an environment or a file.

use crate::artifacts::{Artifact, Key};
use crate::log::LogSink;
use crate::phases::{BuildPhase, PhaseStatus};
use crate::process::standby::Standby;
use crate::vault::Vault;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;
use trunkline_model::Diagnostic;
use trunkline_model::buildspec::{ArtifactFiles, Phase, PhaseName};
use trunkline_model::buildspec::{Artifacts, BuildEnv, BuildProject, Buildspec, ProjectVariable};

/// A build that can be carried out.
#[derive(Clone, Debug)]
pub struct Build {
    /// Its id, unique on this machine: all its processes carry it, and `leftovers` finds them by it.
    pub id: String,
    /// Which phases there are.
    pub kind: Kind,
    /// What is done.
    pub spec: Buildspec,
    /// Its project; its variables win over those of the buildspec.
    pub project: BuildProject,
    /// Variables of this start, which win over those of the project.
    pub variables: Vec<ProjectVariable>,
    /// What `environment::Facts::predefined` gives; wins over everything.
    pub predefined: BTreeMap<String, String>,
    /// The environment of this program. Only PATH, HOME, LANG and TMPDIR of it reach the build.
    pub host: BTreeMap<String, String>,
    /// Where it works.
    pub folders: Folders,
    /// What its log must never show.
    pub secrets: Vec<Secret>,
    /// What it may use.
    pub limits: Limits,
    /// What keeps it apart.
    pub sandbox: Sandbox,
    /// Seals artifacts where one is given.
    pub key: Option<Key>,
}

impl Build {
    /// Makes the build of a Commands action: one shell, no phases but BUILD.
    ///
    /// `files` are the globs of its output artifact, none if it has none; `outputs` the variables
    /// that later actions can read.
    pub fn of_commands(
        id: impl Into<String>,
        commands: Vec<String>,
        files: Vec<String>,
        outputs: Vec<String>,
        folders: Folders,
    ) -> Self {
        let phase = Phase { commands, ..Phase::default() };
        let primary = ArtifactFiles { files, ..ArtifactFiles::default() };
        let artifacts =
            (!primary.files.is_empty()).then(|| Artifacts { primary, secondary: BTreeMap::new() });
        let spec = Buildspec {
            env: BuildEnv { exported_variables: outputs, ..BuildEnv::default() },
            phases: vec![(PhaseName::Build, phase)],
            artifacts,
            ..Buildspec::default()
        };
        Self {
            kind: Kind::Commands,
            ..Self::of_buildspec(id, spec, BuildProject::default(), folders)
        }
    }

    /// Makes the build of a buildspec, without variables, secrets or a sandbox, with the limits of its project.
    pub fn of_buildspec(
        id: impl Into<String>,
        spec: Buildspec,
        project: BuildProject,
        folders: Folders,
    ) -> Self {
        let minutes = project.timeout_in_minutes.unwrap_or(60);
        let timeout = Duration::from_secs(u64::from(minutes) * 60);
        Self {
            id: id.into(),
            kind: Kind::Buildspec,
            spec,
            project,
            variables: Vec::new(),
            predefined: BTreeMap::new(),
            host: BTreeMap::new(),
            folders,
            secrets: Vec::new(),
            limits: Limits { timeout, ..Limits::default() },
            sandbox: Sandbox::None,
            key: None,
        }
    }
}

/// Which phases a build has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All of CodeBuild's.
    Buildspec,
    /// Only BUILD, and UPLOAD_ARTIFACTS where files are declared and it succeeded.
    Commands,
}

/// The folders of a build, all absolute. The caller makes and removes them.
#[derive(Clone, Debug, Default)]
pub struct Folders {
    /// The primary source, in place; commands start here.
    pub source: PathBuf,
    /// The other sources by identifier, in place (`CODEBUILD_SRC_DIR_<id>`).
    pub secondary: BTreeMap<String, PathBuf>,
    /// An empty folder outside of the source, for the shell's state and the artifacts. It may lack
    /// until something is written to it.
    pub scratch: PathBuf,
    /// The project's cache folder, shared by its builds; none keeps nothing.
    pub cache: Option<PathBuf>,
}

/// A value that must not be shown.
#[derive(Clone)]
pub struct Secret {
    /// What it is called in messages, and the variable's name if it is one.
    pub name: String,
    /// Its value, four characters at least.
    pub value: String,
    /// Whether commands get it as an environment variable.
    pub variable: bool,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({})", self.name)
    }
}

/// What a build may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// From its start to its end; 60 minutes unless the project says otherwise.
    pub timeout: Duration,
    /// Between asking processes to end (SIGTERM) and ending them (SIGKILL).
    pub grace: Duration,
    /// Processes at once.
    pub processes: usize,
    /// Resident bytes of all its processes together.
    pub memory: Option<u64>,
    /// Bytes of address space of one process (`ulimit -v`).
    pub address_space: Option<u64>,
    /// CPU seconds of one process (`ulimit -t`).
    pub cpu_seconds: Option<u64>,
    /// Bytes of the log; a build that writes more is ended.
    pub output: u64,
    /// Whether the kernel may keep the limit of processes, in a control group, where one can be made.
    pub control_group: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(3600),
            grace: Duration::from_secs(10),
            processes: 2048,
            memory: None,
            address_space: None,
            cpu_seconds: None,
            output: 256 << 20,
            control_group: true,
        }
    }
}

/// What keeps a build apart from the machine, beside its process group and environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sandbox {
    /// Nothing.
    #[default]
    None,
    /// `bwrap`: the machine's files are read-only, other processes out of sight.
    Bubblewrap,
    /// Each command in a container.
    Container {
        /// `docker` or `podman`.
        engine: String,
        /// The image.
        image: String,
    },
}

/// What a build reaches of the world.
#[derive(Clone)]
pub struct Ports<'a> {
    /// Parameters and secrets.
    pub vault: &'a dyn Vault,
    /// Where its lines go.
    pub log: &'a dyn LogSink,
    /// The time.
    pub clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
    /// Becomes true when somebody stops it.
    pub stop: watch::Receiver<bool>,
    /// Has a process for its first shell, perhaps.
    pub standby: Option<&'a Standby>,
}

/// How a build ended; CodeBuild's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BuildStatus {
    /// Every phase succeeded.
    Succeeded,
    /// A phase failed.
    Failed,
    /// The machine failed it: a folder, the log or a process could not be used.
    Fault,
    /// It took longer than its limit.
    TimedOut,
    /// Somebody stopped it.
    Stopped,
}

/// One phase that was entered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PhaseResult {
    /// Which.
    pub phase: BuildPhase,
    /// How it ended.
    pub status: PhaseStatus,
    /// A status code such as `COMMAND_EXECUTION_ERROR`, where it failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
    /// What happened, masked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// When it was entered.
    pub started: Timestamp,
    /// When it was left.
    pub ended: Timestamp,
}

/// The report files of one group, absolute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportFiles {
    /// The group's name.
    pub group: String,
    /// The format in upper case; JUNITXML where it is not given.
    pub format: String,
    /// The files.
    pub files: Vec<PathBuf>,
}

/// What came of a build.
#[derive(Clone, Debug)]
pub struct BuildResult {
    /// How it ended.
    pub status: BuildStatus,
    /// The phases in the order in which they were entered.
    pub phases: Vec<PhaseResult>,
    /// The exported variables; a value that holds a secret is masked.
    pub variables: BTreeMap<String, String>,
    /// Artifacts; the primary one has the identifier "".
    pub artifacts: Vec<Artifact>,
    /// Report files that were found.
    pub reports: Vec<ReportFiles>,
    /// Why it did not succeed, masked.
    pub reason: Option<Diagnostic>,
}
