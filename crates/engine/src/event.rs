//! What happened to a pipeline, as it is stored. A state is what these events make of nothing.
//!
//! Stored: members may be added with a default, never renamed or removed. An event holds what a
//! replay cannot find out again (ids, resolved values, copies of what a rollback goes back to).

use crate::action::{ActionOutcome, ArtifactRef, Revision};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trunkline_model::pipeline::{Pipeline, RetryMode};

/// Milliseconds since the Unix epoch.
pub type Millis = i64;

/// An event in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Counts the events of one pipeline, from 1, without gaps.
    pub seq: u64,
    /// When it was decided.
    pub at: Millis,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Event {
    /// The pipeline has a new definition; its `version` says which.
    Defined {
        /// The definition.
        pipeline: Box<Pipeline>,
        /// Who, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// An execution began. It stands before its first stage.
    ExecutionStarted(Box<ExecutionStart>),
    /// An execution waits before a stage.
    ExecutionWaits { execution: String, stage: String },
    /// An execution ended.
    ExecutionEnded {
        execution: String,
        status: ExecutionStatus,
        /// The newer execution, where it was superseded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        superseded_by: Option<String>,
        /// Why, in one sentence, where there is more to say than the status.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Somebody asked for a stop (again, with `abandon`).
    StopRequested {
        execution: String,
        abandon: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// An execution entered a stage and holds its lock.
    StageEntered { execution: String, stage: String },
    /// A stage is made again by the execution that failed or was stopped in it.
    StageRetried {
        execution: String,
        stage: String,
        mode: RetryMode,
        automatic: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// A stage ended for this execution; its lock is free.
    StageEnded { execution: String, stage: String, status: StageStatus },
    /// An action began.
    ActionStarted(Box<ActionStart>),
    /// The process that ran an action went away; it is started again (or fails, by the settings).
    ActionInterrupted {
        execution: String,
        stage: String,
        action_execution: String,
        /// Which start this is, from 2.
        attempt: u32,
        deadline: Millis,
    },
    /// An action ended.
    ActionEnded {
        execution: String,
        stage: String,
        action_execution: String,
        outcome: Box<ActionOutcome>,
        /// Who answered an approval.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// An action was given up; what it does outside may go on.
    ActionAbandoned { execution: String, stage: String, action_execution: String },
    /// A condition of a stage is evaluated.
    ConditionStarted { execution: String, stage: String, condition: ConditionKind },
    /// A rule of it began, with its configuration resolved.
    RuleStarted {
        execution: String,
        stage: String,
        condition: ConditionKind,
        rule: String,
        action_execution: String,
        configuration: BTreeMap<String, String>,
        deadline: Millis,
    },
    /// A rule ended.
    RuleEnded {
        execution: String,
        stage: String,
        condition: ConditionKind,
        rule: String,
        outcome: Box<ActionOutcome>,
    },
    /// A condition ended.
    ConditionEnded {
        execution: String,
        stage: String,
        condition: ConditionKind,
        status: ConditionStatus,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// Nothing enters (or leaves) a stage until it is enabled.
    TransitionDisabled {
        stage: String,
        side: TransitionSide,
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// A transition is open again.
    TransitionEnabled {
        stage: String,
        side: TransitionSide,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
}

/// How an execution began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionStart {
    /// Its id.
    pub execution: String,
    /// The version of the definition that it follows.
    pub version: u32,
    /// What started it.
    pub trigger: TriggerRef,
    /// The values of the pipeline's variables, defaults included.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// Revisions that it was asked to take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source_revisions: Vec<RevisionOverride>,
    /// Makes a start idempotent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_request_token: Option<String>,
    /// Where this goes back to what an earlier execution brought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RollbackStart>,
}

/// What a rollback goes back to: a copy, because the earlier execution is no longer in the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RollbackStart {
    /// The stage, the only one that it makes.
    pub stage: String,
    /// The earlier execution.
    pub target: String,
    /// Its artifacts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<ArtifactRef>,
    /// Its variables by namespace.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// Its sources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<SourceRevision>,
}

/// How an action began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionStart {
    /// The execution.
    pub execution: String,
    /// The stage.
    pub stage: String,
    /// The action.
    pub action: String,
    /// The id of this execution of it.
    pub action_execution: String,
    /// Its configuration with variables resolved; only what differs from the definition.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resolved: BTreeMap<String, String>,
    /// Variables of its environment that had variables in them, resolved.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// When it counts as failed.
    pub deadline: Millis,
    /// Of an approval: what it is answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// What started an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerRef {
    /// CodePipeline's trigger type.
    pub kind: TriggerKind,
    /// Who or what, at most 1024 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// CodePipeline's trigger types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TriggerKind {
    /// The pipeline was made.
    CreatePipeline,
    /// Somebody asked for it.
    StartPipelineExecution,
    /// Polling found a new revision.
    PollForSourceChanges,
    /// A webhook of the older kind.
    Webhook,
    /// An event, or a schedule.
    CloudWatchEvent,
    /// A revision was put.
    PutActionRevision,
    /// A push or pull request that a trigger's filters took.
    WebhookV2,
    /// Somebody rolled a stage back.
    ManualRollback,
    /// A stage rolled itself back.
    AutomatedRollback,
}

/// A revision that a start asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevisionOverride {
    /// The source action.
    pub action_name: String,
    /// `COMMIT_ID`, `IMAGE_DIGEST`, `S3_OBJECT_VERSION_ID`, `S3_OBJECT_KEY`.
    pub revision_type: String,
    /// The revision.
    pub revision_value: String,
}

/// A revision that a source action found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceRevision {
    /// The source action.
    pub action_name: String,
    /// What it found.
    #[serde(flatten)]
    pub revision: Revision,
}

/// The status of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExecutionStatus {
    /// Under way, or waiting.
    InProgress,
    /// Asked to stop; actions end first.
    Stopping,
    /// Stopped.
    Stopped,
    /// Done.
    Succeeded,
    /// A stage failed.
    Failed,
    /// A newer one took its place before a stage.
    Superseded,
    /// The definition changed.
    Cancelled,
}

impl ExecutionStatus {
    /// Whether nothing more happens by itself.
    pub fn ended(self) -> bool {
        !matches!(self, Self::InProgress | Self::Stopping)
    }
}

/// The status of a stage for one execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StageStatus {
    /// Its actions or conditions are under way.
    InProgress,
    /// Stopped after the actions end.
    Stopping,
    /// Stopped.
    Stopped,
    /// Done.
    Succeeded,
    /// An action or condition failed.
    Failed,
    /// Passed over by a condition.
    Skipped,
    /// The definition changed.
    Cancelled,
}

/// The status of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActionStatus {
    /// Under way.
    InProgress,
    /// Given up.
    Abandoned,
    /// Done.
    Succeeded,
    /// Not done.
    Failed,
}

/// Which condition of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConditionKind {
    /// Before the stage is entered.
    BeforeEntry,
    /// After its actions succeeded.
    OnSuccess,
    /// After an action failed.
    OnFailure,
}

/// The status of a condition or a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConditionStatus {
    /// Its rules are evaluated.
    InProgress,
    /// All rules hold.
    Succeeded,
    /// A rule does not hold.
    Failed,
    /// A rule could not be evaluated.
    Errored,
    /// The definition changed, or the execution was stopped.
    Cancelled,
    /// Given up.
    Abandoned,
    /// Somebody went on without it.
    Overridden,
}

/// Which side of a stage a transition is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TransitionSide {
    /// Into the stage.
    Inbound,
    /// Out of the stage.
    Outbound,
}

impl Event {
    /// The execution that it belongs to.
    pub fn execution(&self) -> Option<&str> {
        match self {
            Self::ExecutionStarted(start) => Some(&start.execution),
            Self::ActionStarted(start) => Some(&start.execution),
            Self::ExecutionWaits { execution, .. }
            | Self::ExecutionEnded { execution, .. }
            | Self::StopRequested { execution, .. }
            | Self::StageEntered { execution, .. }
            | Self::StageRetried { execution, .. }
            | Self::StageEnded { execution, .. }
            | Self::ActionInterrupted { execution, .. }
            | Self::ActionEnded { execution, .. }
            | Self::ActionAbandoned { execution, .. }
            | Self::ConditionStarted { execution, .. }
            | Self::RuleStarted { execution, .. }
            | Self::RuleEnded { execution, .. }
            | Self::ConditionEnded { execution, .. } => Some(execution),
            Self::Defined { .. }
            | Self::TransitionDisabled { .. }
            | Self::TransitionEnabled { .. } => None,
        }
    }
}
