//! Answers to approvals.

use super::{Decided, refuse};
use crate::action::{ActionOutcome, FailureKind};
use crate::command::{Answer, Approval, RefusalKind};
use crate::event::{ActionStatus, Millis};
use crate::machine::Machine;
use crate::machine::definition::manual;
use crate::machine::stage::ended;
use crate::machine::state::ActionRunState;

/// The longest comment.
const SUMMARY: usize = 512;

impl Machine {
    pub(super) fn approve(&mut self, approval: &Approval, yes: bool, now: Millis) -> Decided {
        let Approval { stage, action, token, summary, by } = approval;
        let place = self.place(stage)?;
        let definition = self.state.current().expect("the stage is in it").stage(place);
        let declared = definition.actions.iter().find(|a| &a.name == action);
        if !declared.is_some_and(manual) {
            let message = format!("stage {stage} has no approval {action}");
            return refuse(RefusalKind::ActionNotFound, message);
        }
        if summary.chars().count() > SUMMARY {
            let message = format!("a comment has at most {SUMMARY} characters");
            return refuse(RefusalKind::Validation, message);
        }
        let Some((execution, id, status)) = self.with_token(stage, token) else {
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

    /// The execution, id and status of the approval with that token, newest execution first.
    fn with_token(&self, stage: &str, token: &str) -> Option<(String, String, ActionStatus)> {
        self.state.executions.values().rev().find_map(|execution| {
            let place = self.state.definition_of(execution).place(stage)?;
            let mut actions = execution.stages.get(&place)?.actions.iter().flatten();
            let has = |a: &&ActionRunState| a.token.as_deref() == Some(token);
            let action = actions.find(has)?;
            Some((execution.start.execution.clone(), action.id.clone(), action.status))
        })
    }
}
