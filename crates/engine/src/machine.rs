//! The state machine of one pipeline: what CodePipeline does, without doing it.
//!
//! Commands (`decide`), outcomes (`outcome`), recovery (`recover`) and what follows by itself
//! (`advance`) make events, which are applied at once and wait in `batch` to be committed. `replay` is
//! the same application without the decisions. Time and ids are parameters; the next time at which
//! something happens by itself is a value, `wakes_at`.

mod apply;
mod conditions;
mod decide;
pub(crate) mod definition;
mod queue;
mod resolve;
mod run;
mod stage;
pub(crate) mod state;

use crate::action::{ActionOutcome, FailureKind};
use crate::event::{ActionStatus, ConditionStatus, Event, Millis, Recorded};
use crate::notify;
use crate::ports::{ExecutionRow, Ids, Notice, Origin};
use crate::settings::{Interrupted, Settings};
use crate::{timeouts, window};
use stage::ended;
use state::{Place, State};
use std::collections::BTreeSet;
use trunkline_model::pipeline::Pipeline;

/// A pipeline.
#[derive(Clone, Debug)]
pub struct Machine {
    settings: Settings,
    state: State,
    pending: Vec<Recorded>,
    /// Executions whose row changed.
    touched: BTreeSet<u64>,
    notices: Vec<Notice>,
    /// Whom notices name; without it there are none.
    origin: Option<Origin>,
    /// How far the clock on the wall is ahead of the times that are given; windows go by that clock.
    ahead: Millis,
}

/// What is to be committed at once.
#[derive(Clone, Debug, Default)]
pub struct Pending {
    /// The number of the event before the first.
    pub after: u64,
    /// The events.
    pub events: Vec<Recorded>,
    /// The executions that they changed.
    pub rows: Vec<ExecutionRow>,
    /// What they tell outside.
    pub notices: Vec<Notice>,
}

impl Machine {
    /// A pipeline of which nothing is known.
    pub fn new(name: &str, settings: Settings) -> Self {
        let state = State { name: name.to_owned(), ..State::default() };
        Self::with(state, settings)
    }

    fn with(state: State, settings: Settings) -> Self {
        Self {
            settings,
            state,
            pending: Vec::new(),
            touched: BTreeSet::new(),
            notices: Vec::new(),
            origin: None,
            ahead: 0,
        }
    }

    /// From now on, events make notices of that origin.
    pub fn tell(&mut self, origin: Origin) {
        self.origin = Some(origin);
    }

    /// From now on, the clock on the wall is so far ahead of the times that are given.
    pub fn set_ahead(&mut self, milliseconds: Millis) {
        self.ahead = milliseconds;
    }

    /// A pipeline as a snapshot tells it.
    pub fn restore(snapshot: &str, settings: Settings) -> Result<Self, serde_json::Error> {
        serde_json::from_str(snapshot).map(|state| Self::with(state, settings))
    }

    /// The state as JSON, for `restore`. Committed events only: call it when nothing is pending.
    pub fn snapshot(&self) -> String {
        serde_json::to_string(&self.state).expect("the state has only string and number keys")
    }

    /// Applies a stored event.
    pub fn replay(&mut self, recorded: &Recorded) {
        self.state.apply(recorded.at, &recorded.event);
        self.state.seq = recorded.seq;
        if releases(&recorded.event) {
            self.state.prune();
        }
    }

    /// The number of its last event.
    pub fn seq(&self) -> u64 {
        self.state.seq
    }

    /// The current definition; nothing before the first.
    pub fn definition(&self) -> Option<&Pipeline> {
        self.state.current().map(|d| d.pipeline.as_ref())
    }

    /// How many executions have not ended.
    pub fn live(&self) -> usize {
        self.state.live.len()
    }

    /// Makes an event: it is applied now and committed with the next batch.
    fn emit(&mut self, at: Millis, event: Event) {
        self.state.apply(at, &event);
        self.state.seq += 1;
        if changes_row(&event)
            && let Some(number) = event.execution().and_then(|id| self.state.number(id))
        {
            self.touched.insert(number);
        }
        let recorded = Recorded { seq: self.state.seq, at, event };
        if let Some(origin) = &self.origin {
            self.notices.extend(notify::notices(&self.state, &recorded, origin));
        }
        self.pending.push(recorded);
    }

    /// Takes what is to be committed.
    pub fn batch(&mut self) -> Pending {
        let events = std::mem::take(&mut self.pending);
        let rows = std::mem::take(&mut self.touched);
        let rows = rows.into_iter().map(|number| self.row(number)).collect();
        let notices = std::mem::take(&mut self.notices);
        let after = self.state.seq - events.len() as u64;
        if events.iter().any(|e| releases(&e.event)) {
            self.state.prune();
        }
        Pending { after, events, rows, notices }
    }

    /// Takes the end of an action or rule. What is no longer awaited is ignored.
    pub fn outcome(
        &mut self,
        execution: &str,
        action_execution: &str,
        outcome: ActionOutcome,
        now: Millis,
    ) {
        let Some(number) = self.state.number(execution) else { return };
        let found = &self.state.executions[&number];
        let Place::In(place) = found.place else { return };
        let Some(run) = found.stages.get(&place) else { return };
        let mut actions = run.actions.iter().flatten();
        let busy = |id: &str, status| id == action_execution && status == ActionStatus::InProgress;
        if actions.any(|a| busy(&a.id, a.status)) {
            let stage = self.state.definition_of(found).stage(place).name.clone();
            let outcome = self.within_limits(outcome);
            let (execution, id) = (execution.to_owned(), action_execution.to_owned());
            return self.emit(now, ended(execution, stage, id, outcome, None));
        }
        for (kind, condition) in &run.conditions {
            for (name, rule) in &condition.rules {
                if rule.id == action_execution && rule.status == ConditionStatus::InProgress {
                    let (kind, name) = (*kind, name.clone());
                    return self.end_rule(number, place, kind, &name, outcome, now);
                }
            }
        }
    }

    /// An outcome whose variables are too large is a failure.
    fn within_limits(&self, outcome: ActionOutcome) -> ActionOutcome {
        let bytes: usize = outcome.variables.iter().map(|(k, v)| k.len() + v.len()).sum();
        let limit = self.settings.output_variables_bytes;
        if bytes <= limit {
            return outcome;
        }
        let why = format!("the output variables have {bytes} bytes, more than {limit}");
        let kind = FailureKind::JobFailed;
        let failed = ActionOutcome::failed(kind, "OutputVariablesSizeExceeded", why);
        ActionOutcome { external_id: outcome.external_id, ..failed }
    }

    /// Does what follows by itself: timeouts, entering stages, starting actions, superseding.
    pub fn advance(&mut self, now: Millis, ids: &mut dyn Ids) {
        self.expire(now);
        loop {
            let before = self.pending.len();
            let live: Vec<u64> = self.state.live.iter().copied().collect();
            for number in live {
                self.drive(number, now, ids);
            }
            self.admit(now);
            if self.pending.len() == before {
                return;
            }
        }
    }

    /// Fails actions and rules whose time is over.
    fn expire(&mut self, now: Millis) {
        let mut over = Vec::new();
        self.each_under_way(|d| {
            if d.at <= now {
                over.push((d.execution.to_owned(), d.id.to_owned(), d.approval));
            }
        });
        for (execution, id, approval) in over {
            let why = match approval {
                true => "nobody answered the approval in time",
                false => "it took longer than its timeout",
            };
            let outcome = ActionOutcome::failed(FailureKind::JobFailed, "Timeout", why);
            self.outcome(&execution, &id, outcome, now);
        }
    }

    /// When `advance` has something to do although nothing happened.
    pub fn wakes_at(&self, now: Millis) -> Option<Millis> {
        let mut earliest: Option<Millis> = None;
        let mut consider = |at: Millis| earliest = Some(earliest.map_or(at, |e| e.min(at)));
        self.each_under_way(|d| {
            consider(d.at);
            if let Some((cron, zone)) = d.window
                && let Ok(Some(at)) = window::next(cron, zone, now + self.ahead)
            {
                consider(at - self.ahead);
            }
        });
        earliest
    }

    /// Calls for every action and rule that is under way.
    fn each_under_way(&self, mut with: impl FnMut(UnderWay<'_>)) {
        for number in &self.state.live {
            let execution = &self.state.executions[number];
            let Place::In(place) = execution.place else { continue };
            let Some(run) = execution.stages.get(&place) else { continue };
            let execution = execution.start.execution.as_str();
            let busy = run.actions.iter().flatten();
            for action in busy.filter(|a| a.status == ActionStatus::InProgress) {
                with(UnderWay {
                    execution,
                    id: &action.id,
                    at: action.deadline,
                    attempt: action.attempt,
                    approval: action.token.is_some(),
                    rule: false,
                    window: None,
                });
            }
            let evaluated = run.conditions.values();
            let evaluated = evaluated.filter(|c| c.status == ConditionStatus::InProgress);
            let rules = evaluated.flat_map(|c| c.rules.values());
            for rule in rules.filter(|r| r.status == ConditionStatus::InProgress) {
                let value = |key| rule.configuration.get(key).map(String::as_str);
                with(UnderWay {
                    execution,
                    id: &rule.id,
                    at: rule.deadline,
                    attempt: rule.attempt,
                    approval: false,
                    rule: true,
                    window: value("Cron").map(|c| (c, value("TimeZone").unwrap_or_default())),
                });
            }
        }
    }

    /// The approvals that wait: execution and action execution.
    pub fn approvals(&self) -> Vec<(String, String)> {
        let mut waiting = Vec::new();
        self.each_under_way(|d| {
            if d.approval {
                waiting.push((d.execution.to_owned(), d.id.to_owned()));
            }
        });
        waiting
    }

    /// After a start of the server: what was under way was interrupted, and begins again (or fails).
    /// Approvals and windows go on waiting.
    pub fn recover(&mut self, now: Millis) {
        let mut interrupted = Vec::new();
        self.each_under_way(|d| {
            if !d.approval && d.window.is_none() {
                let again = self.again(&d, now);
                let (execution, id) = (d.execution.to_owned(), d.id.to_owned());
                interrupted.push((execution, id, d.rule, d.attempt + 1, again));
            }
        });
        for (execution, action_execution, rule, attempt, again) in interrupted {
            if self.settings.interrupted == Interrupted::Fail && !rule {
                let why = "the server ended while the action was under way";
                let kind = FailureKind::SystemUnavailable;
                let outcome = ActionOutcome::failed(kind, "Interrupted", why);
                self.outcome(&execution, &action_execution, outcome, now);
                continue;
            }
            let Some((stage, deadline)) = again else { continue };
            let event =
                Event::ActionInterrupted { execution, stage, action_execution, attempt, deadline };
            self.emit(now, event);
        }
    }

    /// The stage of an interrupted action, and its new deadline.
    fn again(&self, one: &UnderWay<'_>, now: Millis) -> Option<(String, Millis)> {
        let execution = &self.state.executions[&self.state.number(one.execution)?];
        let Place::In(place) = execution.place else { return None };
        let stage = self.state.definition_of(execution).stage(place);
        let mut actions = execution.stages.get(&place)?.actions.iter();
        let slot = actions.position(|a| a.as_ref().is_some_and(|a| a.id == one.id));
        let allowed = |slot: usize| now + timeouts::of(&stage.actions[slot], &self.settings);
        Some((stage.name.clone(), slot.map_or(one.at.max(now + timeouts::MINUTE), allowed)))
    }
}

/// Something that is under way, and until when.
#[derive(Clone, Copy, Debug)]
struct UnderWay<'a> {
    execution: &'a str,
    id: &'a str,
    at: Millis,
    attempt: u32,
    approval: bool,
    rule: bool,
    /// A window that is waited for: expression and time zone.
    window: Option<(&'a str, &'a str)>,
}

/// Whether an event may leave an execution that nothing refers to any more.
fn releases(event: &Event) -> bool {
    matches!(
        event,
        Event::ExecutionEnded { .. }
            | Event::Defined { .. }
            | Event::StageEntered { .. }
            | Event::StageEnded { .. }
    )
}

/// Whether an event changes what lists show.
fn changes_row(event: &Event) -> bool {
    matches!(
        event,
        Event::ExecutionStarted(_)
            | Event::ExecutionEnded { .. }
            | Event::StopRequested { .. }
            | Event::StageEnded { .. }
            | Event::StageRetried { .. }
            | Event::ConditionEnded { status: ConditionStatus::Overridden, .. }
    )
}
