//! Inside a stage: conditions, groups of actions, what follows a failure.

use super::Machine;
use super::conditions::Verdict;
use super::definition::manual;
use super::resolve::Scope;
use super::state::{Place, StageRun};
use crate::action::{ActionOutcome, FailureKind};
use crate::event::{
    ActionStart, ActionStatus, ConditionKind, ConditionStatus, Event, ExecutionStart,
    ExecutionStatus, Millis, RollbackStart, StageStatus, TriggerKind, TriggerRef,
};
use crate::ports::Ids;
use crate::timeouts;
use trunkline_model::pipeline::{ConditionResult, RetryMode};

/// How far the actions of a stage are.
enum Progress {
    /// Some are under way.
    Busy,
    /// These have to begin.
    Begin(Vec<usize>),
    /// All succeeded.
    Done,
    /// One failed, none is under way.
    Failed,
}

impl Machine {
    /// Does what follows for one execution.
    pub(super) fn drive(&mut self, number: u64, now: Millis, ids: &mut dyn Ids) {
        let Some(execution) = self.state.executions.get(&number) else { return };
        if execution.status.ended() {
            return;
        }
        let stopping = execution.stop.is_some();
        match execution.place {
            Place::Before(_) if stopping => self.end(number, ExecutionStatus::Stopped, None, now),
            Place::Before(_) if execution.waits => {}
            Place::Before(place) => self.arrive(number, place, now),
            Place::In(place) if stopping => self.drive_stopping(number, place, now),
            Place::In(place) => self.drive_stage(number, place, now, ids),
            Place::Through => self.end(number, ExecutionStatus::Succeeded, None, now),
        }
    }

    fn drive_stage(&mut self, number: u64, place: usize, now: Millis, ids: &mut dyn Ids) {
        match self.condition(number, place, ConditionKind::BeforeEntry, now, ids) {
            Verdict::Waits => return,
            Verdict::Engaged(ConditionResult::Skip) => {
                return self.end_stage(number, place, StageStatus::Skipped, now);
            }
            Verdict::Engaged(_) => {
                return self.fail_stage(number, place, "a condition before the entry failed", now);
            }
            Verdict::Passed => {}
        }
        match self.progress(number, place) {
            Progress::Busy => {}
            Progress::Begin(actions) => {
                for action in actions {
                    self.begin(number, place, action, now, ids);
                }
            }
            Progress::Done => self.finish(number, place, now, ids),
            Progress::Failed => self.failed(number, place, now, ids),
        }
    }

    fn progress(&self, number: u64, place: usize) -> Progress {
        let execution = &self.state.executions[&number];
        let groups = &self.state.definition_of(execution).groups[place];
        let run = &execution.stages[&place];
        for group in groups {
            let (mut begin, mut busy, mut failed) = (Vec::new(), false, false);
            for slot in group {
                match run.actions[*slot].as_ref().map(|a| a.status) {
                    None => begin.push(*slot),
                    Some(ActionStatus::InProgress) => busy = true,
                    Some(ActionStatus::Succeeded) => {}
                    Some(ActionStatus::Failed | ActionStatus::Abandoned) => failed = true,
                }
            }
            match (begin.is_empty(), busy, failed) {
                (false, ..) => return Progress::Begin(begin),
                (true, true, _) => return Progress::Busy,
                (true, false, true) => return Progress::Failed,
                (true, false, false) => {}
            }
        }
        Progress::Done
    }

    /// Starts an action, or fails it where its settings do not resolve.
    fn begin(&mut self, number: u64, place: usize, slot: usize, now: Millis, ids: &mut dyn Ids) {
        let execution = &self.state.executions[&number];
        let definition = self.state.definition_of(execution);
        let action = &definition.stage(place).actions[slot];
        let scope = Scope { definition, execution, stage: place, run_order: action.run_order };
        let variables = action.environment_variables.iter().map(|v| (&v.name, &v.value));
        let resolved = scope
            .changed(action.configuration.iter())
            .and_then(|settings| Ok((settings, scope.changed(variables)?)))
            .map_err(|why| ("UnresolvedVariable", why));
        let missing = action.input_artifacts.iter();
        let missing =
            missing.map(|a| &a.name).find(|name| !execution.artifacts.contains_key(*name));
        let (resolved, environment, problem) = match resolved {
            Err(problem) => (Default::default(), Default::default(), Some(problem)),
            Ok((settings, environment)) => {
                let problem = missing
                    .map(|name| ("ArtifactMissing", format!("there is no artifact {name}")))
                    .or_else(|| self.too_large(&action.configuration, &settings));
                (settings, environment, problem)
            }
        };
        let (id, stage) = (ids.next(), definition.stage(place).name.clone());
        let start = ActionStart {
            execution: execution.start.execution.clone(),
            stage: stage.clone(),
            action: action.name.clone(),
            action_execution: id.clone(),
            resolved,
            environment,
            deadline: now + timeouts::of(action, &self.settings),
            token: manual(action).then(|| ids.next()),
        };
        let execution = start.execution.clone();
        self.emit(now, Event::ActionStarted(Box::new(start)));
        if let Some((code, why)) = problem {
            let outcome = ActionOutcome::failed(FailureKind::ConfigurationError, code, why);
            self.emit(now, ended(execution, stage, id, outcome, None));
        }
    }

    fn too_large(
        &self,
        written: &std::collections::BTreeMap<String, String>,
        resolved: &std::collections::BTreeMap<String, String>,
    ) -> Option<(&'static str, String)> {
        if resolved.is_empty() {
            return None;
        }
        let value = |key: &String, value: &String| resolved.get(key).unwrap_or(value).len();
        let bytes: usize = written.iter().map(|(k, v)| k.len() + value(k, v)).sum();
        let limit = self.settings.configuration_bytes;
        let told = || format!("the resolved configuration has {bytes} bytes, more than {limit}");
        (bytes > limit).then(|| ("ConfigurationSizeExceeded", told()))
    }

    /// All actions succeeded.
    fn finish(&mut self, number: u64, place: usize, now: Millis, ids: &mut dyn Ids) {
        match self.condition(number, place, ConditionKind::OnSuccess, now, ids) {
            Verdict::Waits => {}
            Verdict::Passed => self.end_stage(number, place, StageStatus::Succeeded, now),
            Verdict::Engaged(result) => {
                self.fail_stage(number, place, "a condition after success failed", now);
                if result == ConditionResult::Rollback {
                    self.roll_back(number, place, now, ids);
                }
            }
        }
    }

    /// An action failed, and none is under way.
    fn failed(&mut self, number: u64, place: usize, now: Millis, ids: &mut dyn Ids) {
        let execution = &self.state.executions[&number];
        let definition = self.state.definition_of(execution);
        let (id, retries) =
            (execution.start.execution.clone(), execution.stages[&place].automatic_retries);
        let stage = definition.stage(place).clone();
        let Some(on_failure) = &stage.on_failure else {
            return self.fail_stage(number, place, "an action failed", now);
        };
        let result = match self.condition(number, place, ConditionKind::OnFailure, now, ids) {
            Verdict::Waits => return,
            Verdict::Engaged(result) => result,
            Verdict::Passed if on_failure.conditions.is_empty() => {
                on_failure.result.unwrap_or(ConditionResult::Fail)
            }
            Verdict::Passed => ConditionResult::Fail,
        };
        match result {
            ConditionResult::Retry if retries == 0 => {
                let mode =
                    on_failure.retry_configuration.map_or(RetryMode::default(), |c| c.retry_mode);
                let stage = stage.name.clone();
                let retried =
                    Event::StageRetried { execution: id, stage, mode, automatic: true, by: None };
                self.emit(now, retried);
            }
            ConditionResult::Skip => self.end_stage(number, place, StageStatus::Skipped, now),
            ConditionResult::Rollback => {
                self.fail_stage(number, place, "an action failed", now);
                self.roll_back(number, place, now, ids);
            }
            ConditionResult::Fail | ConditionResult::Retry => {
                self.fail_stage(number, place, "an action failed", now);
            }
        }
    }

    /// A stage goes back by itself to what last succeeded in it, where it may.
    fn roll_back(&mut self, number: u64, place: usize, now: Millis, ids: &mut dyn Ids) {
        let execution = &self.state.executions[&number];
        let definition = self.state.definition_of(execution);
        let stage = definition.stage(place).name.clone();
        let version = execution.start.version;
        if place == 0 || execution.is_rollback() || definition.parallel() {
            return;
        }
        let last = self.state.stages.get(&stage).and_then(|s| s.last_success);
        let Some(target) = last.and_then(|number| self.state.executions.get(&number)) else {
            return;
        };
        if target.start.version != version {
            return;
        }
        let id = target.start.execution.clone();
        let start = ExecutionStart {
            execution: ids.next(),
            version,
            trigger: TriggerRef { kind: TriggerKind::AutomatedRollback, detail: id.clone() },
            variables: target.start.variables.clone(),
            source_revisions: target.start.source_revisions.clone(),
            client_request_token: None,
            rollback: Some(RollbackStart {
                stage: stage.clone(),
                target: id,
                artifacts: target.artifacts.values().cloned().collect(),
                namespaces: target.namespaces.clone(),
                revisions: target.revisions.clone(),
            }),
        };
        let execution = start.execution.clone();
        self.emit(now, Event::ExecutionStarted(Box::new(start)));
        self.emit(now, Event::StageEntered { execution, stage });
    }

    /// Stops what can be stopped; ends the execution once nothing is under way.
    fn drive_stopping(&mut self, number: u64, place: usize, now: Millis) {
        let execution = &self.state.executions[&number];
        let abandon = execution.stop.as_ref().is_some_and(|s| s.abandon);
        let status = if abandon { ConditionStatus::Abandoned } else { ConditionStatus::Cancelled };
        self.give_up(number, place, abandon, status, now);
        if !self.state.executions[&number].stages[&place].busy() {
            self.end_stage(number, place, StageStatus::Stopped, now);
            let reason =
                self.state.executions[&number].stop.as_ref().and_then(|s| s.reason.clone());
            self.end(number, ExecutionStatus::Stopped, reason, now);
        }
    }

    /// Ends the evaluation of a condition and, where asked, all actions.
    pub(super) fn give_up(
        &mut self,
        number: u64,
        place: usize,
        actions: bool,
        status: ConditionStatus,
        now: Millis,
    ) {
        let execution = &self.state.executions[&number];
        let id = execution.start.execution.clone();
        let stage = self.state.definition_of(execution).stage(place).name.clone();
        let Some(run) = execution.stages.get(&place) else { return };
        let condition = run.evaluating();
        let busy: Vec<String> = if actions { under_way(run) } else { Vec::new() };
        if let Some(condition) = condition {
            let (execution, stage) = (id.clone(), stage.clone());
            self.emit(now, Event::ConditionEnded { execution, stage, condition, status, by: None });
        }
        for action_execution in busy {
            let (execution, stage) = (id.clone(), stage.clone());
            self.emit(now, Event::ActionAbandoned { execution, stage, action_execution });
        }
    }

    fn fail_stage(&mut self, number: u64, place: usize, reason: &str, now: Millis) {
        self.end_stage(number, place, StageStatus::Failed, now);
        let definition = self.state.definition_of(&self.state.executions[&number]);
        let reason = format!("{reason} in stage {}", definition.stage(place).name);
        self.end(number, ExecutionStatus::Failed, Some(reason), now);
    }

    pub(super) fn end_stage(
        &mut self,
        number: u64,
        place: usize,
        status: StageStatus,
        now: Millis,
    ) {
        let execution = &self.state.executions[&number];
        let stage = self.state.definition_of(execution).stage(place).name.clone();
        let execution = execution.start.execution.clone();
        self.emit(now, Event::StageEnded { execution, stage, status });
    }

    pub(super) fn end(
        &mut self,
        number: u64,
        status: ExecutionStatus,
        reason: Option<String>,
        now: Millis,
    ) {
        let execution = self.state.executions[&number].start.execution.clone();
        self.emit(now, Event::ExecutionEnded { execution, status, superseded_by: None, reason });
    }
}

/// The event that an action ended.
pub(super) fn ended(
    execution: String,
    stage: String,
    action_execution: String,
    outcome: ActionOutcome,
    by: Option<String>,
) -> Event {
    Event::ActionEnded { execution, stage, action_execution, outcome: Box::new(outcome), by }
}

fn under_way(run: &StageRun) -> Vec<String> {
    let busy = run.actions.iter().flatten().filter(|a| a.status == ActionStatus::InProgress);
    busy.map(|a| a.id.clone()).collect()
}
