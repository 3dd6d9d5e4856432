//! What people ask of a pipeline, and how it refuses, by CodePipeline's names.

use crate::event::{
    ConditionKind, ExecutionStatus, Millis, RevisionOverride, RollbackStart, TransitionSide,
    TriggerRef,
};
use crate::ports::ExecutionRow;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use trunkline_model::pipeline::{Pipeline, RetryMode};

/// A command. `by` says who, where it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Command {
    /// Gives the pipeline a definition. The same definition again changes nothing.
    Define {
        pipeline: Box<Pipeline>,
        /// Where it is the first: the stages that are closed from the start, with why.
        #[serde(default)]
        closed: Vec<(String, String)>,
        #[serde(default)]
        by: Option<String>,
    },
    /// Starts an execution.
    Start {
        trigger: TriggerRef,
        #[serde(default)]
        variables: BTreeMap<String, String>,
        #[serde(default)]
        source_revisions: Vec<RevisionOverride>,
        #[serde(default)]
        client_request_token: Option<String>,
    },
    /// Stops an execution: after its actions ended, or at once with `abandon`.
    Stop {
        execution: String,
        #[serde(default)]
        abandon: bool,
        #[serde(default)]
        reason: Option<String>,
        #[serde(default)]
        by: Option<String>,
    },
    /// Makes failed actions of a stage again, or all of them.
    Retry {
        stage: String,
        execution: String,
        mode: RetryMode,
        #[serde(default)]
        by: Option<String>,
    },
    /// Brings a stage back to what an earlier execution brought there.
    Rollback {
        stage: String,
        target: String,
        #[serde(default)]
        by: Option<String>,
        /// What the target brought; the executor fills this in from the log.
        #[serde(default)]
        found: Option<Box<RollbackTarget>>,
    },
    /// Approves.
    Approve(Approval),
    /// Rejects.
    Reject(Approval),
    /// Opens a transition.
    EnableTransition {
        stage: String,
        side: TransitionSide,
        #[serde(default)]
        by: Option<String>,
    },
    /// Closes a transition.
    DisableTransition {
        stage: String,
        side: TransitionSide,
        reason: String,
        #[serde(default)]
        by: Option<String>,
    },
    /// Goes on without a condition.
    OverrideCondition {
        stage: String,
        execution: String,
        condition: ConditionKind,
        #[serde(default)]
        by: Option<String>,
    },
}

/// The answer to an approval action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The stage.
    pub stage: String,
    /// The action.
    pub action: String,
    /// The token of this approval.
    pub token: String,
    /// A comment of at most 512 characters.
    #[serde(default)]
    pub summary: String,
    /// Who.
    #[serde(default)]
    pub by: Option<String>,
}

/// What is known of an execution to which a stage may go back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RollbackTarget {
    /// The version of the definition that it followed.
    pub version: u32,
    /// It is a rollback itself.
    pub is_rollback: bool,
    /// The stages that it succeeded in.
    pub succeeded_stages: Vec<String>,
    /// The values of the pipeline's variables.
    pub variables: BTreeMap<String, String>,
    /// What is copied.
    pub start: RollbackStart,
}

impl RollbackTarget {
    /// What the log tells of an execution.
    pub fn of_row(stage: &str, row: ExecutionRow) -> Self {
        Self {
            version: row.version,
            is_rollback: row.rollback_target.is_some(),
            succeeded_stages: row.succeeded_stages,
            variables: row.variables,
            start: RollbackStart {
                stage: stage.to_owned(),
                target: row.id,
                artifacts: row.artifacts,
                namespaces: row.namespaces,
                revisions: row.revisions,
            },
        }
    }
}

/// What a command led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Answer {
    /// It is done.
    Done,
    /// The definition; `changed` is false where it was the same already.
    Defined { version: u32, changed: bool },
    /// An execution began (or had begun, with the same client request token).
    Started { execution: String },
    /// An approval was answered.
    Answered { at: Millis },
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// CodePipeline's error.
    pub kind: RefusalKind,
    /// One sentence, lower case, no full stop.
    pub message: String,
}

impl Refusal {
    /// Refuses.
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl Refusal {
    /// The refusal of a command for an execution that is known only to the log: it is over.
    #[must_use]
    pub fn of_ended(self, command: &Command, status: ExecutionStatus) -> Self {
        let (kind, id) = match command {
            Command::Stop { execution, .. } => {
                (RefusalKind::PipelineExecutionNotStoppable, execution)
            }
            Command::Retry { execution, .. } | Command::OverrideCondition { execution, .. } => {
                (RefusalKind::NotLatestPipelineExecution, execution)
            }
            _ => return self,
        };
        Self::new(kind, format!("execution {id} has ended: it is {status:?}"))
    }
}

impl Command {
    /// The execution that it is for.
    pub fn execution(&self) -> Option<&str> {
        match self {
            Self::Stop { execution, .. }
            | Self::Retry { execution, .. }
            | Self::OverrideCondition { execution, .. } => Some(execution),
            _ => None,
        }
    }
}

/// CodePipeline's errors, by their names without `Exception`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusalKind {
    Validation,
    PipelineNotFound,
    PipelineExecutionNotFound,
    StageNotFound,
    ActionNotFound,
    InvalidApprovalToken,
    ApprovalAlreadyCompleted,
    StageNotRetryable,
    NotLatestPipelineExecution,
    Conflict,
    PipelineExecutionNotStoppable,
    DuplicatedStopRequest,
    ConcurrentPipelineExecutionsLimitExceeded,
    PipelineExecutionOutdated,
    UnableToRollbackStage,
    ConditionNotOverridable,
}

impl RefusalKind {
    /// The name on the wire, such as `StageNotRetryableException`.
    pub fn wire(self) -> String {
        format!("{self:?}Exception")
    }
}

impl fmt::Display for RefusalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}Exception")
    }
}
