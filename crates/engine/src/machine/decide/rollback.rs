//! Rolling a stage back on demand. What it goes back to comes from outside: finished executions are
//! not in the state.

use super::{Decided, refuse};
use crate::command::{Answer, RefusalKind, RollbackTarget};
use crate::event::{Event, ExecutionStart, Millis, TriggerKind, TriggerRef};
use crate::machine::Machine;
use crate::ports::Ids;

impl Machine {
    pub(super) fn rollback(
        &mut self,
        stage: &str,
        target: &str,
        by: Option<&String>,
        found: Option<&RollbackTarget>,
        now: Millis,
        ids: &mut dyn Ids,
    ) -> Decided {
        let unable = |message: String| refuse(RefusalKind::UnableToRollbackStage, message);
        let place = self.place(stage)?;
        let definition = self.state.current().expect("the stage is in it");
        if definition.parallel() {
            return unable("a pipeline in PARALLEL mode has no rollback of stages".to_owned());
        }
        if place == 0 {
            return unable(format!("stage {stage} is the first, with the sources"));
        }
        let Some(found) = found else {
            let message = format!("there is no execution {target}");
            return refuse(RefusalKind::PipelineExecutionNotFound, message);
        };
        if found.is_rollback {
            return unable(format!("execution {target} is a rollback itself"));
        }
        if found.version != self.state.version {
            let message =
                format!("the definition of the pipeline changed since execution {target}");
            return refuse(RefusalKind::PipelineExecutionOutdated, message);
        }
        if !found.succeeded_stages.iter().any(|s| s == stage) {
            return unable(format!("execution {target} did not succeed in stage {stage}"));
        }
        self.room()?;
        self.unlocked(stage)?;
        let start = ExecutionStart {
            execution: ids.next(),
            version: self.state.version,
            trigger: TriggerRef {
                kind: TriggerKind::ManualRollback,
                detail: by.cloned().unwrap_or_default(),
            },
            variables: found.variables.clone(),
            source_revisions: Vec::new(),
            client_request_token: None,
            rollback: Some(found.start.clone()),
        };
        let (execution, stage) = (start.execution.clone(), stage.to_owned());
        self.emit(now, Event::ExecutionStarted(Box::new(start)));
        self.emit(now, Event::StageEntered { execution: execution.clone(), stage });
        Ok(Answer::Started { execution })
    }
}
