//! People's commands: checked first, so that a refusal changes nothing.

mod approval;
mod define;
mod overrides;
mod retry;
mod rollback;
mod start;

use super::Machine;
use super::state::Place;
use crate::command::{Answer, Command, Refusal, RefusalKind};
use crate::event::{Event, Millis, TransitionSide};
use crate::ports::Ids;
use trunkline_model::pipeline::ExecutionMode;

/// The longest comment of a stop.
const STOP_REASON: usize = 200;

/// The longest reason for a closed transition.
const TRANSITION_REASON: usize = 300;

type Decided = Result<Answer, Refusal>;

fn refuse<T>(kind: RefusalKind, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(kind, message))
}

impl Machine {
    /// Does what a person asks, or refuses and changes nothing. `advance` does what follows.
    pub fn decide(&mut self, command: &Command, now: Millis, ids: &mut dyn Ids) -> Decided {
        if self.state.version == 0 && !matches!(command, Command::Define { .. }) {
            let message = format!("there is no pipeline {}", self.state.name);
            return refuse(RefusalKind::PipelineNotFound, message);
        }
        match command {
            Command::Define { pipeline, closed, by } => {
                self.define(pipeline, closed, by.as_ref(), now)
            }
            Command::Start { .. } => self.start(command, now, ids),
            Command::Stop { execution, abandon, reason, by } => {
                self.stop(execution, *abandon, reason.as_ref(), by.as_ref(), now)
            }
            Command::Retry { stage, execution, mode, by } => {
                self.retry(stage, execution, *mode, by.as_ref(), now)
            }
            Command::Rollback { stage, target, by, found } => {
                self.rollback(stage, target, by.as_ref(), found.as_deref(), now, ids)
            }
            Command::Approve(approval) => self.approve(approval, true, now),
            Command::Reject(approval) => self.approve(approval, false, now),
            Command::EnableTransition { stage, side, by } => {
                self.transition(stage, *side, None, by.as_ref(), now)
            }
            Command::DisableTransition { stage, side, reason, by } => {
                self.transition(stage, *side, Some(reason), by.as_ref(), now)
            }
            Command::OverrideCondition { stage, execution, condition, by } => {
                self.override_condition(stage, execution, *condition, by.as_ref(), now)
            }
        }
    }

    /// The number of an execution that the state knows.
    fn known(&self, execution: &str) -> Result<u64, Refusal> {
        let message = || format!("there is no execution {execution} in progress");
        let refusal = || Refusal::new(RefusalKind::PipelineExecutionNotFound, message());
        self.state.number(execution).ok_or_else(refusal)
    }

    /// The place of a stage in the current definition.
    fn place(&self, stage: &str) -> Result<usize, Refusal> {
        let place = self.state.current().and_then(|d| d.place(stage));
        let message = || format!("pipeline {} has no stage {stage}", self.state.name);
        place.ok_or_else(|| Refusal::new(RefusalKind::StageNotFound, message()))
    }

    /// Refuses another execution where as many are under way as may be.
    fn room(&self) -> Result<(), Refusal> {
        let mode = self.state.current().map(|d| d.pipeline.execution_mode);
        let limit = self.settings.concurrent_executions;
        if mode == Some(ExecutionMode::Superseded) || self.state.live.len() < limit {
            return Ok(());
        }
        let are = if limit == 1 { "execution is" } else { "executions are" };
        let message = format!("{limit} {are} under way, which is the limit");
        refuse(RefusalKind::ConcurrentPipelineExecutionsLimitExceeded, message)
    }

    fn stop(
        &mut self,
        id: &str,
        abandon: bool,
        reason: Option<&String>,
        by: Option<&String>,
        now: Millis,
    ) -> Decided {
        let execution = &self.state.executions[&self.known(id)?];
        if reason.is_some_and(|r| r.chars().count() > STOP_REASON) {
            let message = format!("the reason of a stop has at most {STOP_REASON} characters");
            return refuse(RefusalKind::Validation, message);
        }
        if execution.status.ended() {
            let message = format!("execution {id} has ended: it is {:?}", execution.status);
            return refuse(RefusalKind::PipelineExecutionNotStoppable, message);
        }
        if let Some(stop) = &execution.stop
            && (stop.abandon || !abandon)
        {
            let message = format!("execution {id} is stopping already");
            return refuse(RefusalKind::DuplicatedStopRequest, message);
        }
        let execution = id.to_owned();
        let (reason, by) = (reason.cloned(), by.cloned());
        self.emit(now, Event::StopRequested { execution, abandon, reason, by });
        Ok(Answer::Done)
    }

    fn transition(
        &mut self,
        stage: &str,
        side: TransitionSide,
        reason: Option<&String>,
        by: Option<&String>,
        now: Millis,
    ) -> Decided {
        self.place(stage)?;
        let state = &self.state.stages[stage];
        let closed = match side {
            TransitionSide::Inbound => &state.inbound,
            TransitionSide::Outbound => &state.outbound,
        };
        let closed = closed.as_ref().map(|c| &c.reason);
        if let Some(reason) = reason {
            check_reason(reason)?;
        }
        if closed == reason {
            return Ok(Answer::Done);
        }
        let (stage, by) = (stage.to_owned(), by.cloned());
        let event = match reason.cloned() {
            Some(reason) => Event::TransitionDisabled { stage, side, reason, by },
            None => Event::TransitionEnabled { stage, side, by },
        };
        self.emit(now, event);
        Ok(Answer::Done)
    }

    /// The stage in which an execution is or ended, if it is this one.
    fn inside(&self, number: u64, stage: &str) -> Option<usize> {
        let execution = &self.state.executions[&number];
        let Place::In(place) = execution.place else { return None };
        let here = self.state.definition_of(execution).stage(place).name == stage;
        here.then_some(place)
    }
}

/// CodePipeline takes letters, digits, spaces and a few signs.
fn check_reason(reason: &str) -> Result<(), Refusal> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "!@ ().*?-".contains(c);
    if reason.is_empty() || reason.len() > TRANSITION_REASON {
        let message = format!("a reason of 1 to {TRANSITION_REASON} characters is needed");
        return refuse(RefusalKind::Validation, message);
    }
    match reason.chars().find(|c| !legal(*c)) {
        None => Ok(()),
        Some(c) => {
            let message = format!(
                "the reason has \"{c}\"; letters, digits, spaces and ! @ ( ) . * ? - are possible"
            );
            refuse(RefusalKind::Validation, message)
        }
    }
}
