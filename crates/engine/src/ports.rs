//! What the executor needs from outside. `store` implements `Log`, the binary the others.

use crate::action::{ActionOutcome, ActionRun, ArtifactRef};
use crate::event::{
    ExecutionStatus, Millis, Recorded, RevisionOverride, SourceRevision, TriggerRef,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use trunkline_model::pipeline::ExecutionMode;

/// A future that can be sent.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The events of pipelines, durable once `append` returned.
pub trait Log: Send + Sync {
    /// The latest snapshot and the events after it.
    fn load(&self, pipeline: &str) -> Result<Loaded, LogError>;

    /// Writes a batch in one transaction, or nothing. Refused with `Moved` where the last event
    /// of the pipeline is not `batch.after`.
    fn append(&self, pipeline: &str, batch: &Batch<'_>) -> Result<(), LogError>;

    /// Keeps a snapshot of the state after the event `seq`. Older ones may go.
    fn snapshot(&self, pipeline: &str, seq: u64, state: &str) -> Result<(), LogError>;

    /// One execution.
    fn execution(&self, pipeline: &str, execution: &str) -> Result<Option<ExecutionRow>, LogError>;

    /// Executions, newest first.
    fn executions(&self, pipeline: &str, query: &Query) -> Result<Vec<ExecutionRow>, LogError>;

    /// The events of one execution, in order.
    fn events(&self, pipeline: &str, execution: &str) -> Result<Vec<Recorded>, LogError>;

    /// The names of all pipelines that have events.
    fn pipelines(&self) -> Result<Vec<String>, LogError>;
}

/// What a log knows of a pipeline.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The state after an event, and the number of that event.
    pub snapshot: Option<(u64, String)>,
    /// The events after it.
    pub events: Vec<Recorded>,
}

/// What is written in one transaction.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The number of the last event before these.
    pub after: u64,
    /// The events. `Event::execution` says to which execution one belongs.
    pub events: &'a [Recorded],
    /// Executions as they are after them: inserted, or put in the place of the row with that id.
    pub rows: &'a [ExecutionRow],
    /// What is to be told outside: kept until it was delivered.
    pub notices: &'a [Notice],
}

/// An event in the shape of EventBridge, as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The number of the event that it tells.
    pub seq: u64,
    /// The JSON.
    pub body: String,
}

/// Which executions.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// At most so many; 0 is all.
    pub limit: usize,
    /// Only those before (older than) this one.
    pub before: Option<String>,
    /// Only those that have not ended.
    pub unfinished: bool,
}

/// An execution in lists, and all that a rollback to it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionRow {
    /// Its id.
    pub id: String,
    /// Its status.
    pub status: ExecutionStatus,
    /// Why, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_summary: Option<String>,
    /// When it began.
    pub started_at: Millis,
    /// When its row was last written.
    pub updated_at: Millis,
    /// The version of the definition.
    pub version: u32,
    /// The mode under which it began.
    pub mode: ExecutionMode,
    /// What started it.
    pub trigger: TriggerRef,
    /// The execution that it goes back to: it is a ROLLBACK.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_target: Option<String>,
    /// The values of the pipeline's variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// What it was asked to take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source_revisions: Vec<RevisionOverride>,
    /// What its sources found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<SourceRevision>,
    /// Its artifacts, from stages that succeeded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<ArtifactRef>,
    /// Its variables by namespace, from stages that succeeded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// The stages that it succeeded in, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub succeeded_stages: Vec<String>,
}

/// Why a log failed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Somebody else wrote events of this pipeline.
    #[error("the log of pipeline {pipeline} goes to event {found}, not {expected}")]
    Moved { pipeline: String, expected: u64, found: u64 },
    /// It does not read as events.
    #[error("the log of pipeline {pipeline} cannot be read: {reason}")]
    Unreadable { pipeline: String, reason: String },
    /// The storage failed, such as a full disk.
    #[error("the log cannot be used: {0}")]
    Storage(String),
}

/// What carries out actions.
pub trait Actions: Send + Sync {
    /// Carries out an action or a rule. The future is dropped when the server shuts down; the
    /// action then counts as interrupted, and is started again with `recovered`.
    fn start(&self, run: ActionRun) -> Later<ActionOutcome>;

    /// Ends what `start` began: its future is to resolve soon. Called for actions that timed out,
    /// that are abandoned where `abandon`, and for rules that are no longer of use.
    fn stop(&self, action_execution: &str, abandon: bool);

    /// Tells approvers that an approval waits (`run.token`). Called again after a restart.
    fn ask(&self, run: ActionRun) -> Later<()>;
}

/// Whom committed events are told.
pub trait Notify: Send + Sync {
    /// Whether notices are kept at all.
    fn wanted(&self) -> bool;

    /// The account and region that notices name.
    fn origin(&self) -> Origin;

    /// Notices were committed. Returns at once.
    fn wake(&self);
}

/// What notices name as their origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
}

/// The time.
pub trait Clock: Send + Sync {
    /// Now, for what takes time: it does not jump.
    fn now(&self) -> Millis;

    /// What the clock on the wall says, for what is bound to times of day.
    fn wall(&self) -> Millis;

    /// Resolves at that time or earlier (a clock that jumps is looked at again).
    fn sleep_until(&self, at: Millis) -> Later<()>;
}

/// Makes ids, in the form of UUIDs.
pub trait Ids: Send {
    /// A fresh one.
    fn next(&mut self) -> String;
}
