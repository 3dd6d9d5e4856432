//! What the result of a build makes of its action: failure, variables, artifacts, reports.

use super::{Ended, Job, Shared, reports};
use trunkline_build::mask::Masker;
use trunkline_build::{BuildResult, BuildStatus, LogLine, PhaseStatus};
use trunkline_engine::{ActionOutcome, ArtifactRef, Failure, FailureKind, ReportSummary, Revision};
use trunkline_model::{Diagnostic, ExitKind, Report, code_info};

impl Shared {
    /// The outcome of a build. Its folder must still be there: reports are read, artifacts moved.
    pub(super) async fn outcome(
        &self,
        job: &Job,
        id: String,
        result: BuildResult,
        revision: Option<&Revision>,
        masker: Masker,
    ) -> Ended {
        let reports = self.reports(job, &result, masker).await?;
        let told: Vec<String> = reports.iter().map(reports::words).collect();
        let failure = failure(&result);
        let summary = failure.iter().map(|f| f.message.clone()).chain(told);
        let mut outcome = ActionOutcome {
            external_id: Some(id),
            summary: Some(summary.collect::<Vec<_>>().join("; ")).filter(|s| !s.is_empty()),
            failure,
            variables: result.variables.clone(),
            reports,
            ..ActionOutcome::default()
        };
        if outcome.failure.is_some() {
            return Ok(outcome);
        }
        for (number, output) in job.run.outputs.iter().enumerate() {
            let named = result.artifacts.iter().find(|a| a.identifier == output.name);
            let primary =
                || result.artifacts.iter().find(|a| a.identifier.is_empty() && number == 0);
            let Some(made) = named.or_else(primary) else {
                let message = format!("the build made no artifact for `{}`", output.name);
                let failed = ActionOutcome::failed(FailureKind::JobFailed, "TL0719", message);
                return Ok(ActionOutcome { failure: failed.failure, ..outcome });
            };
            self.artifacts.adopt(&made.sha256, &made.path).await?;
            outcome.artifacts.push(ArtifactRef {
                name: output.name.clone(),
                id: made.sha256.clone(),
                size: made.size,
                revision: revision.cloned(),
            });
        }
        Ok(outcome)
    }

    /// Reads what the build reported, and writes it at the end of the log.
    async fn reports(
        &self,
        job: &Job,
        result: &BuildResult,
        masker: Masker,
    ) -> Result<Vec<ReportSummary>, Report> {
        if result.reports.is_empty() {
            return Ok(Vec::new());
        }
        let groups = result.reports.clone();
        let read = tokio::task::spawn_blocking(move || reports::summaries(&groups, &masker)).await;
        let found = read.map_err(|error| {
            Diagnostic::error("TL0902", format!("reading reports broke off: {error}")).report()
        })?;
        self.say(&job.run.action_execution, reports::lines(&found));
        Ok(found)
    }
}

impl Shared {
    /// Why a process of this program did not succeed: its own last error where it said one, which tells more than
    /// how its command ended.
    pub(super) fn own_failure(&self, job: &Job, result: &BuildResult) -> Option<Failure> {
        let failure = failure(result)?;
        let path = self.setting.data.log(&job.run.action_execution);
        let bytes = path.and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(LOG_END)..]);
        let told = text.lines().rev().filter_map(LogLine::parse).find_map(|line| {
            let (code, message) = line.text.strip_prefix("error[")?.split_once("]: ")?;
            Some((code.to_owned(), message.to_owned()))
        });
        Some(match told {
            Some((code, message)) if failure.kind == FailureKind::JobFailed => {
                let denied = code == "TL0604"
                    || code_info(&code).is_some_and(|info| info.exit == ExitKind::Credentials);
                let kind = if denied { FailureKind::PermissionError } else { failure.kind };
                Failure { kind, code, message }
            }
            _ => failure,
        })
    }
}

/// How many bytes of the end of a log are looked at for an error.
const LOG_END: usize = 256 << 10;

/// Why a build did not succeed: what its first phase that failed says.
pub(super) fn failure(result: &BuildResult) -> Option<Failure> {
    let kind = match result.status {
        BuildStatus::Succeeded => return None,
        BuildStatus::Failed | BuildStatus::Stopped | BuildStatus::TimedOut => {
            FailureKind::JobFailed
        }
        BuildStatus::Fault => FailureKind::SystemUnavailable,
    };
    let word = match result.status {
        BuildStatus::Stopped => "it was stopped",
        BuildStatus::TimedOut => "it took longer than it may",
        _ => "it failed",
    };
    // What came before the last beginning was made again, and is no reason any more.
    let began = result.phases.iter().rposition(|p| p.phase == trunkline_build::BuildPhase::Install);
    let last = &result.phases[began.unwrap_or_default()..];
    let failed = last.iter().find(|phase| phase.status != PhaseStatus::Succeeded);
    let told = failed.and_then(|phase| phase.message.clone());
    let code = result.reason.as_ref().map(|reason| reason.code.clone());
    let message = told.or_else(|| result.reason.as_ref().map(|reason| reason.message.clone()));
    Some(Failure {
        kind,
        code: code.unwrap_or_else(|| "JobFailed".to_owned()),
        message: message.unwrap_or_else(|| word.to_owned()),
    })
}
