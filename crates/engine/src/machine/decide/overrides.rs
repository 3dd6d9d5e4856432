//! Going on without a condition.

use super::{Decided, refuse};
use crate::command::{Answer, RefusalKind};
use crate::event::{ConditionKind, ConditionStatus, Event, Millis};
use crate::machine::Machine;

impl Machine {
    pub(super) fn override_condition(
        &mut self,
        stage: &str,
        id: &str,
        condition: ConditionKind,
        by: Option<&String>,
        now: Millis,
    ) -> Decided {
        self.place(stage)?;
        let number = self.known(id)?;
        if condition == ConditionKind::OnFailure {
            let message = "conditions before the entry and after success can be overridden";
            return refuse(RefusalKind::Validation, message);
        }
        self.latest(stage, number)?;
        let Some(place) = self.inside(number, stage) else {
            let message = format!("execution {id} is not in stage {stage}");
            return refuse(RefusalKind::ConditionNotOverridable, message);
        };
        let execution = &self.state.executions[&number];
        let run = &execution.stages[&place];
        let status = run.conditions.get(&condition).map(|c| c.status);
        let waits = status == Some(ConditionStatus::InProgress) && execution.stop.is_none();
        let failed = matches!(status, Some(ConditionStatus::Failed | ConditionStatus::Errored));
        let overridable = waits || (failed && execution.status.ended());
        if !overridable {
            let message = format!("no such condition of stage {stage} waits or failed");
            return refuse(RefusalKind::ConditionNotOverridable, message);
        }
        if failed {
            self.same_structure(number, RefusalKind::ConditionNotOverridable)?;
            self.room()?;
            self.unlocked(stage)?;
        }
        let (execution, stage) = (id.to_owned(), stage.to_owned());
        let (status, by) = (ConditionStatus::Overridden, by.cloned());
        self.emit(now, Event::ConditionEnded { execution, stage, condition, status, by });
        Ok(Answer::Done)
    }
}
