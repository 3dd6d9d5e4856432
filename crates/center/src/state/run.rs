//! A run as it is remembered: what was to be done and by whom, and how it ended. The history of a target
//! is the list of its runs; nothing of it is ever changed, and only `state prune` removes a run.

use crate::apply::Event;
use crate::plan::{Action, Plan};
use crate::snapshot::Snapshot;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known when a run begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunMeta {
    /// `STATE_VERSION` of the program that wrote it.
    pub version: u32,
    /// Its id.
    pub run: String,
    /// The token of the lock under which it began: orders the runs, whatever clocks say.
    pub token: u64,
    /// `environment / region`.
    pub target: String,
    /// The ARN of the instance.
    pub instance: String,
    /// What was asked for: `apply`, `rollback RUN`, `drift revert`.
    pub command: String,
    /// The caller's ARN.
    pub caller: String,
    /// The name of the machine.
    pub host: String,
    /// The commit of the documents; with `+` at its end where files differed from it. None without git.
    pub commit: Option<String>,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// Rules that were broken for the reason, as codes of diagnostics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken_rules: Vec<String>,
    /// When it began, by the caller's clock.
    pub started: String,
    /// The version of the program.
    pub program: String,
    /// How many steps it has.
    pub steps: usize,
    /// How many resources are created, updated and so on.
    pub changes: BTreeMap<String, usize>,
}

/// How a run ended for good. A run that only stopped has none, and can be resumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// `STATE_VERSION` of the program that wrote it.
    pub version: u32,
    /// How.
    pub result: RunResult,
    /// When, by the clock of who wrote it.
    pub ended: String,
    /// Steps that were done.
    pub done: usize,
    /// Steps whose content the service took as drafts only.
    pub drafts: usize,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunResult {
    /// Every step is done.
    Complete,
    /// It had stopped, and another run took the target; the other run's id, empty where that had nothing to do.
    Superseded(String),
}

/// An event with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedEvent {
    /// When it was written, by the writer's clock.
    pub at: String,
    /// What happened.
    pub event: Event,
}

/// A run without its plan and snapshot, as `log` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunHead {
    /// What was known at its beginning.
    pub meta: RunMeta,
    /// How it ended; None while it runs, or where it stopped.
    pub end: Option<RunEnd>,
}

/// Everything that is known of a run.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// What was known at its beginning.
    pub meta: RunMeta,
    /// The plan.
    pub plan: Plan,
    /// What was read before it, drafts of what it touched and the audio of prompts included.
    pub before: Option<Snapshot>,
    /// What happened, oldest first.
    pub events: Vec<TimedEvent>,
    /// How it ended; None while it runs, or where it stopped.
    pub end: Option<RunEnd>,
}

impl RunMeta {
    /// Counts what a plan changes.
    pub fn counted(mut self, plan: &Plan) -> Self {
        self.steps = plan.steps.len();
        for change in &plan.changes {
            *self.changes.entry(word(change.action)).or_default() += 1;
        }
        self
    }
}

impl RunRecord {
    /// The events without their times.
    pub fn plain_events(&self) -> Vec<Event> {
        self.events.iter().map(|e| e.event.clone()).collect()
    }
}

/// An action's word in the history: the one by which plans store it.
fn word(action: Action) -> String {
    let stored = serde_json::to_value(action).unwrap_or_default();
    stored.as_str().unwrap_or("change").to_owned()
}
