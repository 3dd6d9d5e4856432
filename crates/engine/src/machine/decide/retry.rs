//! Retrying a stage in which an execution failed or was stopped.

use super::{Decided, refuse};
use crate::command::{Answer, Refusal, RefusalKind};
use crate::event::{ActionStatus, ConditionStatus, Event, Millis, StageStatus};
use crate::machine::Machine;
use crate::machine::state::StageRun;
use trunkline_model::pipeline::RetryMode;

impl Machine {
    pub(super) fn retry(
        &mut self,
        stage: &str,
        id: &str,
        mode: RetryMode,
        by: Option<&String>,
        now: Millis,
    ) -> Decided {
        self.place(stage)?;
        let number = self.known(id)?;
        self.same_structure(number, RefusalKind::StageNotRetryable)?;
        self.latest(stage, number)?;
        let not_retryable = |message: String| refuse(RefusalKind::StageNotRetryable, message);
        let Some(place) = self.inside(number, stage) else {
            return not_retryable(format!("execution {id} did not fail in stage {stage}"));
        };
        let execution = &self.state.executions[&number];
        let run = &execution.stages[&place];
        match run.status {
            StageStatus::Failed | StageStatus::Stopped => {
                self.room()?;
                self.unlocked(stage)?;
            }
            StageStatus::InProgress if execution.stop.is_none() => {
                if mode == RetryMode::AllActions {
                    let message = format!("actions of stage {stage} are still under way");
                    return refuse(RefusalKind::Conflict, message);
                }
                if !failed_something(run) {
                    return not_retryable(format!("no action of stage {stage} failed"));
                }
            }
            status => {
                return not_retryable(format!("stage {stage} is {status:?}"));
            }
        }
        // A condition after the failure has nothing to judge any more; what evaluates it is ended.
        self.give_up(number, place, false, ConditionStatus::Cancelled, now);
        let (execution, stage) = (id.to_owned(), stage.to_owned());
        let by = by.cloned();
        self.emit(now, Event::StageRetried { execution, stage, mode, automatic: false, by });
        Ok(Answer::Done)
    }

    /// Refuses where the execution follows an older definition.
    pub(super) fn same_structure(&self, number: u64, kind: RefusalKind) -> Result<(), Refusal> {
        if self.state.executions[&number].start.version == self.state.version {
            return Ok(());
        }
        refuse(kind, "the definition of the pipeline changed since the execution began")
    }

    /// Refuses where another execution entered the stage since.
    pub(super) fn latest(&self, stage: &str, number: u64) -> Result<(), Refusal> {
        let parallel = self.state.definition_of(&self.state.executions[&number]).parallel();
        let latest = self.state.stages.get(stage).and_then(|s| s.latest);
        if parallel || latest.is_none_or(|latest| latest == number) {
            return Ok(());
        }
        let message = format!("another execution entered stage {stage} since");
        refuse(RefusalKind::NotLatestPipelineExecution, message)
    }

    /// Refuses where an execution is in the stage.
    pub(super) fn unlocked(&self, stage: &str) -> Result<(), Refusal> {
        match self.state.stages.get(stage).and_then(|s| s.lock) {
            None => Ok(()),
            Some(_) => refuse(RefusalKind::Conflict, format!("an execution is in stage {stage}")),
        }
    }
}

fn failed_something(run: &StageRun) -> bool {
    let failed = |s| matches!(s, ActionStatus::Failed | ActionStatus::Abandoned);
    run.actions.iter().flatten().any(|a| failed(a.status))
        || run.conditions.values().any(|c| c.status == ConditionStatus::Failed)
}
