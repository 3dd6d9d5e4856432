//! The one way in which the state changes: an event is applied.
//!
//! Happy path, replay and recovery all go through here. An event that names what is not there changes
//! nothing: logs of later versions stay readable.

use super::definition::Definition;
use super::state::{
    ActionRunState, Closed, ConditionRun, Execution, Place, RuleRun, StageRun, StageState, State,
    Stop,
};
use crate::action::ActionOutcome;
use crate::event::{
    ActionStart, ActionStatus, ConditionStatus, Event, ExecutionStart, ExecutionStatus, Millis,
    SourceRevision, StageStatus, TransitionSide,
};
use std::collections::BTreeMap;
use trunkline_model::pipeline::{Category, Pipeline, RetryMode};

/// Start tokens that are remembered.
const REMEMBERED_TOKENS: usize = 1_000;

impl State {
    /// Applies an event.
    pub(crate) fn apply(&mut self, at: Millis, event: &Event) {
        if let Some(number) = event.execution().and_then(|id| self.number(id)) {
            if let Some(execution) = self.executions.get_mut(&number) {
                execution.updated_at = at;
            }
            self.apply_to_execution(number, at, event);
            return;
        }
        match event {
            Event::Defined { pipeline, .. } => self.define(pipeline),
            Event::ExecutionStarted(start) => self.start(start, at),
            Event::TransitionDisabled { stage, side, reason, .. } => {
                self.transition(stage, *side, Some(reason));
            }
            Event::TransitionEnabled { stage, side, .. } => {
                self.transition(stage, *side, None);
            }
            _ => {}
        }
    }

    fn apply_to_execution(&mut self, number: u64, at: Millis, event: &Event) {
        match event {
            Event::ExecutionWaits { stage, .. } => {
                self.execution(number).waits = true;
                self.stages.entry(stage.clone()).or_default().queue.push_back(number);
            }
            Event::ExecutionEnded { status, superseded_by, reason, .. } => {
                self.leave_queue(number);
                self.live.remove(&number);
                let execution = self.execution(number);
                execution.status = *status;
                execution.superseded_by.clone_from(superseded_by);
                execution.reason.clone_from(reason);
            }
            Event::StopRequested { abandon, reason, .. } => self.stop(number, *abandon, reason),
            Event::StageEntered { stage, .. } => self.enter(number, stage),
            Event::StageRetried { stage, mode, automatic, .. } => {
                self.resume(number, stage);
                if let Some(run) = self.run(number, stage) {
                    retry(run, *mode, *automatic);
                }
            }
            Event::StageEnded { stage, status, .. } => self.leave(number, stage, *status, at),
            Event::ActionStarted(start) => self.start_action(number, start),
            Event::ActionInterrupted { stage, action_execution, attempt, deadline, .. } => {
                let Some(run) = self.run(number, stage) else { return };
                if let Some(action) = run.action_mut(action_execution) {
                    (action.attempt, action.deadline) = (*attempt, *deadline);
                } else if let Some(rule) = run.rule_mut(action_execution) {
                    (rule.attempt, rule.deadline) = (*attempt, *deadline);
                }
            }
            Event::ActionEnded { stage, action_execution, outcome, .. } => {
                self.end_action(number, stage, action_execution, outcome);
            }
            Event::ActionAbandoned { stage, action_execution, .. } => {
                let run = self.run(number, stage);
                if let Some(action) = run.and_then(|run| run.action_mut(action_execution)) {
                    action.status = ActionStatus::Abandoned;
                }
            }
            _ => self.apply_to_condition(number, event),
        }
    }

    fn apply_to_condition(&mut self, number: u64, event: &Event) {
        match event {
            Event::ConditionStarted { stage, condition, .. } => {
                let fresh =
                    ConditionRun { status: ConditionStatus::InProgress, rules: BTreeMap::new() };
                if let Some(run) = self.run(number, stage) {
                    run.conditions.insert(*condition, fresh);
                }
            }
            Event::RuleStarted {
                stage,
                condition,
                rule,
                action_execution,
                configuration,
                deadline,
                ..
            } => {
                let fresh = RuleRun {
                    id: action_execution.clone(),
                    status: ConditionStatus::InProgress,
                    attempt: 1,
                    configuration: configuration.clone(),
                    deadline: *deadline,
                };
                let run = self.run(number, stage);
                if let Some(all) = run.and_then(|run| run.conditions.get_mut(condition)) {
                    all.rules.insert(rule.clone(), fresh);
                }
            }
            Event::RuleEnded { stage, condition, rule, outcome, .. } => {
                let run = self.run(number, stage);
                let all = run.and_then(|run| run.conditions.get_mut(condition));
                if let Some(rule) = all.and_then(|all| all.rules.get_mut(rule)) {
                    rule.status = super::conditions::judged(outcome);
                }
            }
            Event::ConditionEnded { stage, condition, status, .. } => {
                self.end_condition(number, stage, *condition, *status);
            }
            _ => {}
        }
    }

    fn execution(&mut self, number: u64) -> &mut Execution {
        self.executions.get_mut(&number).expect("a number stands for an execution")
    }

    /// The run of a stage by an execution.
    fn run(&mut self, number: u64, stage: &str) -> Option<&mut StageRun> {
        let place = self.definition_of(&self.executions[&number]).place(stage)?;
        self.execution(number).stages.get_mut(&place)
    }

    fn define(&mut self, pipeline: &Pipeline) {
        self.name.clone_from(&pipeline.name);
        self.version = pipeline.version;
        self.definitions.insert(pipeline.version, Definition::new(pipeline.clone()));
        let in_use = |name: &String, stage: &StageState| {
            pipeline.stages.iter().any(|s| &s.name == name)
                || stage.lock.is_some()
                || !stage.queue.is_empty()
        };
        self.stages.retain(|name, stage| in_use(name, stage));
        for stage in &pipeline.stages {
            self.stages.entry(stage.name.clone()).or_default();
        }
    }

    fn start(&mut self, start: &ExecutionStart, at: Millis) {
        let Some(definition) = self.definitions.get(&start.version) else { return };
        let rollback = start.rollback.as_ref();
        let first = rollback.and_then(|r| definition.place(&r.stage)).unwrap_or(0);
        self.count += 1;
        let execution = Execution {
            start: start.clone(),
            started_at: at,
            updated_at: at,
            status: ExecutionStatus::InProgress,
            reason: None,
            superseded_by: None,
            stop: None,
            place: Place::Before(first),
            waits: false,
            stages: BTreeMap::new(),
            artifacts: rollback
                .map(|r| r.artifacts.iter().map(|a| (a.name.clone(), a.clone())).collect())
                .unwrap_or_default(),
            namespaces: rollback.map(|r| r.namespaces.clone()).unwrap_or_default(),
            revisions: rollback.map(|r| r.revisions.clone()).unwrap_or_default(),
            succeeded_stages: Vec::new(),
        };
        self.executions.insert(self.count, execution);
        self.live.insert(self.count);
        if let Some(token) = &start.client_request_token {
            self.tokens.push_back((token.clone(), start.execution.clone()));
            if self.tokens.len() > REMEMBERED_TOKENS {
                self.tokens.pop_front();
            }
        }
    }

    fn stop(&mut self, number: u64, abandon: bool, reason: &Option<String>) {
        let execution = self.execution(number);
        execution.status = ExecutionStatus::Stopping;
        let reason = reason.clone().or(execution.stop.take().and_then(|s| s.reason));
        execution.stop = Some(Stop { abandon, reason });
        if let Place::In(place) = execution.place
            && let Some(run) = execution.stages.get_mut(&place)
        {
            run.status = StageStatus::Stopping;
        }
    }

    fn leave_queue(&mut self, number: u64) {
        if !std::mem::take(&mut self.execution(number).waits) {
            return;
        }
        for stage in self.stages.values_mut() {
            stage.queue.retain(|n| *n != number);
        }
    }

    fn enter(&mut self, number: u64, stage: &str) {
        self.leave_queue(number);
        let definition = self.definition_of(&self.executions[&number]);
        let parallel = definition.parallel();
        let Some(place) = definition.place(stage) else { return };
        let actions = definition.stage(place).actions.len();
        let state = self.stages.entry(stage.to_owned()).or_default();
        state.latest = Some(number);
        if !parallel {
            state.lock = Some(number);
        }
        let execution = self.execution(number);
        execution.place = Place::In(place);
        execution.stages.insert(place, StageRun::new(actions));
    }

    /// An execution that had ended goes on in the stage where it ended.
    fn resume(&mut self, number: u64, stage: &str) {
        let parallel = self.definition_of(&self.executions[&number]).parallel();
        if !parallel && let Some(state) = self.stages.get_mut(stage) {
            state.lock = Some(number);
        }
        self.live.insert(number);
        let execution = self.execution(number);
        execution.status = ExecutionStatus::InProgress;
        execution.stop = None;
        execution.reason = None;
        if let Some(run) = self.run(number, stage) {
            run.status = StageStatus::InProgress;
            run.ended_at = None;
        }
    }

    fn leave(&mut self, number: u64, stage: &str, status: StageStatus, at: Millis) {
        let execution = &self.executions[&number];
        let (rollback, stages) = {
            let definition = self.definition_of(execution);
            (execution.is_rollback(), definition.pipeline.stages.len())
        };
        if let Some(state) = self.stages.get_mut(stage) {
            if state.lock == Some(number) {
                state.lock = None;
            }
            if status == StageStatus::Succeeded && !rollback {
                state.last_success = Some(number);
            }
        }
        if let Some(run) = self.run(number, stage) {
            (run.status, run.ended_at) = (status, Some(at));
        }
        let execution = self.execution(number);
        let Place::In(place) = execution.place else { return };
        if matches!(status, StageStatus::Succeeded | StageStatus::Skipped) {
            let last = rollback || place + 1 == stages;
            execution.place = if last { Place::Through } else { Place::Before(place + 1) };
        }
        if status == StageStatus::Succeeded {
            execution.succeeded_stages.push(stage.to_owned());
        }
    }

    fn start_action(&mut self, number: u64, start: &ActionStart) {
        let definition = self.definition_of(&self.executions[&number]);
        let Some(place) = definition.place(&start.stage) else { return };
        let mut actions = definition.stage(place).actions.iter();
        let Some(slot) = actions.position(|a| a.name == start.action) else { return };
        let fresh = ActionRunState {
            id: start.action_execution.clone(),
            status: ActionStatus::InProgress,
            attempt: 1,
            deadline: start.deadline,
            token: start.token.clone(),
            resolved: start.resolved.clone(),
            environment: start.environment.clone(),
        };
        if let Some(run) = self.execution(number).stages.get_mut(&place) {
            run.actions[slot] = Some(fresh);
        }
    }

    fn end_action(&mut self, number: u64, stage: &str, id: &str, outcome: &ActionOutcome) {
        let definition = self.definition_of(&self.executions[&number]).clone();
        let Some(place) = definition.place(stage) else { return };
        let execution = self.execution(number);
        let Some(run) = execution.stages.get_mut(&place) else { return };
        let mut actions = run.actions.iter();
        let Some(slot) = actions.position(|a| a.as_ref().is_some_and(|a| a.id == id)) else {
            return;
        };
        let action = run.actions[slot].as_mut().expect("it was just found");
        let succeeded = outcome.succeeded();
        action.status = if succeeded { ActionStatus::Succeeded } else { ActionStatus::Failed };
        if !succeeded {
            return;
        }
        let declared = &definition.stage(place).actions[slot];
        for artifact in &outcome.artifacts {
            execution.artifacts.insert(artifact.name.clone(), artifact.clone());
        }
        if let Some(namespace) = &declared.namespace {
            execution.namespaces.insert(namespace.clone(), outcome.variables.clone());
        }
        if declared.action_type_id.category == Category::Source
            && let Some(revision) = &outcome.revision
        {
            execution.revisions.retain(|r| r.action_name != declared.name);
            let action_name = declared.name.clone();
            execution.revisions.push(SourceRevision { action_name, revision: revision.clone() });
        }
    }

    fn end_condition(
        &mut self,
        number: u64,
        stage: &str,
        kind: crate::event::ConditionKind,
        status: ConditionStatus,
    ) {
        let Some(run) = self.run(number, stage) else { return };
        let ended = run.ended_at.is_some();
        if let Some(condition) = run.conditions.get_mut(&kind) {
            condition.status = status;
            for rule in condition.rules.values_mut() {
                if rule.status == ConditionStatus::InProgress {
                    rule.status = status;
                }
            }
        }
        if status == ConditionStatus::Overridden && ended {
            self.resume(number, stage);
        }
    }

    fn transition(&mut self, stage: &str, side: TransitionSide, reason: Option<&String>) {
        let Some(state) = self.stages.get_mut(stage) else { return };
        let closed = reason.map(|reason| Closed { reason: reason.clone() });
        match side {
            TransitionSide::Inbound => state.inbound = closed,
            TransitionSide::Outbound => state.outbound = closed,
        }
    }
}

/// Makes what is to be made again as if it had not begun.
fn retry(run: &mut StageRun, mode: RetryMode, automatic: bool) {
    let all = mode == RetryMode::AllActions;
    for slot in &mut run.actions {
        let again = |a: &ActionRunState| {
            all || matches!(a.status, ActionStatus::Failed | ActionStatus::Abandoned)
        };
        if slot.as_ref().is_some_and(again) {
            *slot = None;
        }
    }
    let passed = [ConditionStatus::Succeeded, ConditionStatus::Overridden];
    run.conditions.retain(|kind, c| {
        !all && *kind == crate::event::ConditionKind::BeforeEntry && passed.contains(&c.status)
    });
    run.automatic_retries += u32::from(automatic);
}
