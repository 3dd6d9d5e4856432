//! Builds: buildspecs and commands carried out as processes, as CodeBuild does it.
//!
//! The binary calls `run` for each CodeBuild, Commands, check and deploy action. Each build has a
//! process group, a work folder, an environment of its own and limits; secrets never reach its log.
//! Reading buildspecs is `config`'s work, pipelines are `engine`'s. Deliberately absent: batch
//! builds, and any clock or environment variable of the process itself (they are parameters).

pub mod artifacts;
pub mod build;
pub mod cache;
pub mod environment;
mod finish;
pub mod host;
pub mod log;
pub mod mask;
pub mod phases;
mod process;
pub mod reports;
mod run;
mod shell;
pub mod vault;

pub use artifacts::{Artifact, Key, UnpackError, UnpackLimits, Unpacked, unpack, unpack_bytes};
pub use build::{
    Build, BuildResult, BuildStatus, Folders, Kind, Limits, PhaseResult, Ports, ReportFiles,
    Sandbox, Secret,
};
pub use host::{Capabilities, containers_left, leftovers};
pub use log::{FileLog, LogLine, LogSink};
pub use phases::{BuildPhase, PhaseStatus};
pub use process::standby::{Standby, stand_by};
pub use run::run;
pub use vault::{NoVault, Parameter, SecretId, Vault, VaultError};
