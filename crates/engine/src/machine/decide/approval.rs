//! Answers to approvals.

use super::{Decided, refuse};
use crate::action::{ActionOutcome, FailureKind};
use crate::command::{Answer, Approval, Refusal, RefusalKind};
use crate::event::{ActionStatus, Millis};
use crate::machine::Machine;
use crate::machine::definition::manual;
use crate::machine::stage::ended;

/// The longest comment.
const SUMMARY: usize = 512;

impl Machine {
    pub(super) fn approve(&mut self, approval: &Approval, yes: bool, now: Millis) -> Decided {
        let Approval { stage, action, token, summary, by } = approval;
        if summary.chars().count() > SUMMARY {
            let message = format!("a comment has at most {SUMMARY} characters");
            return refuse(RefusalKind::Validation, message);
        }
        let Some((execution, id, status)) = self.with_token(stage, action, token) else {
            self.has_approval(stage, action)?;
            let message = format!("no approval {action} waits with this token");
            return refuse(RefusalKind::InvalidApprovalToken, message);
        };
        if status != ActionStatus::InProgress {
            let message = format!("the approval {action} is answered, or no longer waits");
            return refuse(RefusalKind::ApprovalAlreadyCompleted, message);
        }
        let mut outcome = match yes {
            true => ActionOutcome::success(),
            false => {
                let code = "ApprovalRejected";
                ActionOutcome::failed(FailureKind::JobFailed, code, "the approval was rejected")
            }
        };
        outcome.summary = Some(summary.clone()).filter(|s| !s.is_empty());
        self.emit(now, ended(execution, stage.clone(), id, outcome, by.clone()));
        Ok(Answer::Answered { at: now })
    }

    /// Refuses where the current definition has no such approval.
    fn has_approval(&self, stage: &str, action: &str) -> Result<(), Refusal> {
        let place = self.place(stage)?;
        let stage = self.state.current().expect("the stage is in it").stage(place);
        if stage.actions.iter().any(|a| a.name == action && manual(a)) {
            return Ok(());
        }
        let message = format!("stage {} has no approval {action}", stage.name);
        refuse(RefusalKind::ActionNotFound, message)
    }

    /// The execution, id and status of the approval with that token, newest execution first. An
    /// execution may follow an older definition than the current one.
    fn with_token(
        &self,
        stage: &str,
        action: &str,
        token: &str,
    ) -> Option<(String, String, ActionStatus)> {
        self.state.executions.values().rev().find_map(|execution| {
            let definition = self.state.definition_of(execution);
            let place = definition.place(stage)?;
            let slot = definition.stage(place).actions.iter().position(|a| a.name == action)?;
            let begun = execution.stages.get(&place)?.actions[slot].as_ref()?;
            let has = begun.token.as_deref() == Some(token);
            has.then(|| (execution.start.execution.clone(), begun.id.clone(), begun.status))
        })
    }
}
