//! The phases of a build as a state machine: which follows which, and what the build's status is.
//!
//! Pure. `run` asks it what to enter next and tells it how a phase ended. The transitions are those
//! of docs/builds.md.

use crate::build::{BuildStatus, Kind};
use serde::{Deserialize, Serialize};
use trunkline_model::buildspec::{OnFailure, PhaseName};

/// A phase of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BuildPhase {
    /// Secrets, tools and limits are made ready.
    Provisioning,
    /// Caches are put in place; the source itself is there already.
    DownloadSource,
    /// Commands: tools.
    Install,
    /// Commands: before the build.
    PreBuild,
    /// Commands: the build.
    Build,
    /// Commands: after it.
    PostBuild,
    /// Artifacts and reports are gathered.
    UploadArtifacts,
    /// Caches are kept, what still runs is ended.
    Finalizing,
    /// The end.
    Completed,
}

impl BuildPhase {
    /// Its name as CodeBuild writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::DownloadSource => "DOWNLOAD_SOURCE",
            Self::Install => "INSTALL",
            Self::PreBuild => "PRE_BUILD",
            Self::Build => "BUILD",
            Self::PostBuild => "POST_BUILD",
            Self::UploadArtifacts => "UPLOAD_ARTIFACTS",
            Self::Finalizing => "FINALIZING",
            Self::Completed => "COMPLETED",
        }
    }

    /// Its name in a buildspec, if it has commands.
    pub fn declared(self) -> Option<PhaseName> {
        match self {
            Self::Install => Some(PhaseName::Install),
            Self::PreBuild => Some(PhaseName::PreBuild),
            Self::Build => Some(PhaseName::Build),
            Self::PostBuild => Some(PhaseName::PostBuild),
            _ => None,
        }
    }
}

/// How a phase ended; CodeBuild's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PhaseStatus {
    /// All of it succeeded.
    Succeeded,
    /// A command or the phase itself failed.
    Failed,
    /// The machine failed it.
    Fault,
    /// The build's time was over.
    TimedOut,
    /// Somebody stopped the build.
    Stopped,
}

impl PhaseStatus {
    /// Its name as CodeBuild writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Fault => "FAULT",
            Self::TimedOut => "TIMED_OUT",
            Self::Stopped => "STOPPED",
        }
    }
}

/// What follows a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// That phase.
    Enter(BuildPhase),
    /// INSTALL with the environment of the beginning: the build is made again.
    Again,
}

/// Where a build stands.
#[derive(Clone, Debug)]
pub struct Course {
    kind: Kind,
    phase: BuildPhase,
    failed: bool,
    ended: Option<BuildStatus>,
    again: u32,
}

impl Course {
    /// Stands at the first phase, PROVISIONING.
    pub fn new(kind: Kind) -> Self {
        Self { kind, phase: BuildPhase::Provisioning, failed: false, ended: None, again: 0 }
    }

    /// The phase that is entered.
    pub fn phase(&self) -> BuildPhase {
        self.phase
    }

    /// What CODEBUILD_BUILD_SUCCEEDING says.
    pub fn succeeding(&self) -> bool {
        !self.failed && self.ended.is_none()
    }

    /// How often the build was made again.
    pub fn retries(&self) -> u32 {
        self.again
    }

    /// The status, final once COMPLETED is reached: FAILED if any phase failed.
    pub fn status(&self) -> BuildStatus {
        match self.ended {
            Some(status) => status,
            None if self.failed => BuildStatus::Failed,
            None => BuildStatus::Succeeded,
        }
    }

    /// Notes how the phase ended, and enters what follows it.
    pub fn ended(&mut self, status: PhaseStatus, on_failure: &OnFailure, message: &str) -> Step {
        let failed = match status {
            PhaseStatus::Succeeded => false,
            PhaseStatus::Failed => true,
            PhaseStatus::Fault => return self.cut_short(BuildStatus::Fault),
            PhaseStatus::TimedOut => return self.cut_short(BuildStatus::TimedOut),
            PhaseStatus::Stopped => return self.cut_short(BuildStatus::Stopped),
        };
        if failed && self.phase.declared().is_some() && self.again_for(on_failure, message) {
            self.again += 1;
            self.failed = false;
            self.phase = BuildPhase::Install;
            return Step::Again;
        }
        self.failed |= failed;
        self.phase = if failed { self.after_failure(on_failure) } else { self.after_success() };
        Step::Enter(self.phase)
    }

    fn cut_short(&mut self, status: BuildStatus) -> Step {
        self.ended.get_or_insert(status);
        self.phase = match self.phase {
            BuildPhase::Finalizing | BuildPhase::Completed => BuildPhase::Completed,
            _ if self.kind == Kind::Commands => BuildPhase::Completed,
            _ => BuildPhase::Finalizing,
        };
        Step::Enter(self.phase)
    }

    fn again_for(&self, on_failure: &OnFailure, message: &str) -> bool {
        let OnFailure::Retry { times, pattern } = on_failure else { return false };
        let matches = |pattern: &String| {
            regex_lite::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(message))
        };
        self.again < *times && pattern.as_ref().is_none_or(matches)
    }

    fn after_success(&self) -> BuildPhase {
        use BuildPhase::*;
        match (self.kind, self.phase) {
            (Kind::Commands, Provisioning) => Build,
            (Kind::Commands, Build) if self.failed => Completed,
            (Kind::Commands, Build) => UploadArtifacts,
            (Kind::Commands, _) => Completed,
            (_, Provisioning) => DownloadSource,
            (_, DownloadSource) => Install,
            (_, Install) => PreBuild,
            (_, PreBuild) => Build,
            (_, Build) => PostBuild,
            (_, PostBuild) => UploadArtifacts,
            (_, UploadArtifacts) => Finalizing,
            (_, Finalizing | Completed) => Completed,
        }
    }

    fn after_failure(&self, on_failure: &OnFailure) -> BuildPhase {
        use BuildPhase::*;
        match (self.phase, on_failure) {
            _ if self.kind == Kind::Commands => Completed,
            (Provisioning, _) => Completed,
            (DownloadSource, _) => Finalizing,
            (Install | PreBuild, OnFailure::Continue) => self.after_success(),
            (Install | PreBuild, _) => Finalizing,
            (Build, OnFailure::Abort) => UploadArtifacts,
            _ => self.after_success(),
        }
    }
}

#[cfg(test)]
mod tests;
