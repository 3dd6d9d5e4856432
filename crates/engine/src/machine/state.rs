//! What a machine remembers, as it is kept in a snapshot.
//!
//! Executions have numbers in the order of their start; stages refer to them by these. An execution that
//! ended stays only while a stage shows it, retries it or may go back to it.

use super::definition::Definition;
use crate::action::ArtifactRef;
use crate::event::{
    ActionStatus, ConditionKind, ConditionStatus, ExecutionStart, ExecutionStatus, Millis,
    SourceRevision, StageStatus,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The state of a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct State {
    pub(crate) name: String,
    /// The number of the last event.
    pub(crate) seq: u64,
    /// The current version; 0 where there is no definition yet.
    pub(crate) version: u32,
    /// The current definition and those that executions here follow.
    pub(crate) definitions: BTreeMap<u32, Definition>,
    pub(crate) stages: BTreeMap<String, StageState>,
    /// How many executions began.
    pub(crate) count: u64,
    pub(crate) executions: BTreeMap<u64, Execution>,
    /// Those that have not ended.
    pub(crate) live: BTreeSet<u64>,
    /// Start tokens, oldest first, with their executions.
    pub(crate) tokens: VecDeque<(String, String)>,
}

/// A stage, whatever execution is in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StageState {
    pub(crate) inbound: Option<Closed>,
    pub(crate) outbound: Option<Closed>,
    /// The execution inside, other than in PARALLEL.
    pub(crate) lock: Option<u64>,
    /// Those that wait before it, first come first.
    pub(crate) queue: VecDeque<u64>,
    /// The last that entered.
    pub(crate) latest: Option<u64>,
    /// The last that succeeded in it and was not a rollback.
    pub(crate) last_success: Option<u64>,
}

/// A closed transition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Closed {
    pub(crate) reason: String,
}

/// Where an execution is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Place {
    /// It has to go into this stage.
    Before(usize),
    /// It is (or ended) in this stage.
    In(usize),
    /// It went through all stages that it goes through.
    Through,
}

/// An execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Execution {
    pub(crate) start: ExecutionStart,
    pub(crate) started_at: Millis,
    pub(crate) updated_at: Millis,
    pub(crate) status: ExecutionStatus,
    pub(crate) reason: Option<String>,
    pub(crate) superseded_by: Option<String>,
    pub(crate) stop: Option<Stop>,
    pub(crate) place: Place,
    /// It stands in a stage's queue.
    pub(crate) waits: bool,
    /// By the place of the stage in the definition.
    pub(crate) stages: BTreeMap<usize, StageRun>,
    pub(crate) artifacts: BTreeMap<String, ArtifactRef>,
    pub(crate) namespaces: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) revisions: Vec<SourceRevision>,
    pub(crate) succeeded_stages: Vec<String>,
}

/// A stop that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stop {
    pub(crate) abandon: bool,
    pub(crate) reason: Option<String>,
}

/// A stage as one execution goes through it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StageRun {
    pub(crate) status: StageStatus,
    pub(crate) ended_at: Option<Millis>,
    /// By the place of the action in the stage; nothing where it has not begun (again).
    pub(crate) actions: Vec<Option<ActionRunState>>,
    pub(crate) conditions: BTreeMap<ConditionKind, ConditionRun>,
    pub(crate) automatic_retries: u32,
}

/// An action as one execution carries it out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActionRunState {
    pub(crate) id: String,
    pub(crate) status: ActionStatus,
    pub(crate) attempt: u32,
    pub(crate) deadline: Millis,
    pub(crate) token: Option<String>,
    pub(crate) resolved: BTreeMap<String, String>,
    pub(crate) environment: BTreeMap<String, String>,
}

/// A condition as one execution meets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConditionRun {
    pub(crate) status: ConditionStatus,
    pub(crate) rules: BTreeMap<String, RuleRun>,
}

/// A rule of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RuleRun {
    pub(crate) id: String,
    pub(crate) status: ConditionStatus,
    pub(crate) attempt: u32,
    pub(crate) configuration: BTreeMap<String, String>,
    pub(crate) deadline: Millis,
}

impl State {
    /// The number of an execution.
    pub(crate) fn number(&self, execution: &str) -> Option<u64> {
        let newest_first = self.executions.iter().rev();
        newest_first.into_iter().find(|(_, e)| e.start.execution == execution).map(|(n, _)| *n)
    }

    /// The current definition.
    pub(crate) fn current(&self) -> Option<&Definition> {
        self.definitions.get(&self.version)
    }

    /// The definition that an execution follows.
    pub(crate) fn definition_of(&self, execution: &Execution) -> &Definition {
        self.definitions.get(&execution.start.version).expect("kept while an execution follows it")
    }

    /// Forgets executions that nothing refers to, and definitions that nobody follows.
    pub(crate) fn prune(&mut self) {
        let mut keep: BTreeSet<u64> = self.live.clone();
        for stage in self.stages.values() {
            keep.extend(stage.latest);
            keep.extend(stage.last_success);
        }
        keep.extend(self.retryable_in_parallel());
        self.executions.retain(|number, _| keep.contains(number));
        let followed: BTreeSet<u32> =
            self.executions.values().map(|e| e.start.version).chain([self.version]).collect();
        self.definitions.retain(|version, _| followed.contains(version));
    }

    /// In PARALLEL, stages do not hold who failed in them; the newest fifty can be retried.
    fn retryable_in_parallel(&self) -> Vec<u64> {
        let failed = |e: &Execution| {
            matches!(e.status, ExecutionStatus::Failed | ExecutionStatus::Stopped)
                && matches!(e.place, Place::In(_))
                && e.start.version == self.version
                && self.definition_of(e).parallel()
        };
        self.executions.iter().rev().filter(|(_, e)| failed(e)).map(|(n, _)| *n).take(50).collect()
    }
}

impl Execution {
    /// It goes back to what an earlier one brought.
    pub(crate) fn is_rollback(&self) -> bool {
        self.start.rollback.is_some()
    }
}

impl StageRun {
    /// A stage that was just entered.
    pub(crate) fn new(actions: usize) -> Self {
        Self {
            status: StageStatus::InProgress,
            ended_at: None,
            actions: vec![None; actions],
            conditions: BTreeMap::new(),
            automatic_retries: 0,
        }
    }

    /// The action with that id.
    pub(crate) fn action_mut(&mut self, id: &str) -> Option<&mut ActionRunState> {
        self.actions.iter_mut().flatten().find(|a| a.id == id)
    }

    /// The rule with that id.
    pub(crate) fn rule_mut(&mut self, id: &str) -> Option<&mut RuleRun> {
        self.conditions.values_mut().flat_map(|c| c.rules.values_mut()).find(|r| r.id == id)
    }

    /// Whether an action is under way.
    pub(crate) fn busy(&self) -> bool {
        self.actions.iter().flatten().any(|a| a.status == ActionStatus::InProgress)
    }

    /// The condition whose rules are evaluated now.
    pub(crate) fn evaluating(&self) -> Option<ConditionKind> {
        let mut all = self.conditions.iter();
        all.find(|(_, c)| c.status == ConditionStatus::InProgress).map(|(kind, _)| *kind)
    }
}
