//! What an action is given and what it gives back.
//!
//! Everything in an `ActionRun` is resolved: who carries it out needs no state of the pipeline. Rules of
//! stage conditions that run something come by the same way, with `rule` set.

use crate::event::{ConditionKind, Millis, RevisionOverride, TriggerRef};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trunkline_model::pipeline::{ActionType, ActionVariable, OutputArtifact};

/// One start of an action (or of a rule).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionRun {
    /// The pipeline.
    pub pipeline: String,
    /// The version of its definition.
    pub version: u32,
    /// The execution.
    pub execution: String,
    /// The stage.
    pub stage: String,
    /// The action, or the rule.
    pub action: String,
    /// The condition whose rule this is; nothing for an action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<ConditionKind>,
    /// The id of this execution of the action. A retry has a new one, a start after an interruption the same.
    pub action_execution: String,
    /// Counts the starts of this action execution, from 1.
    pub attempt: u32,
    /// An earlier start of this action execution was interrupted: what it did may be there.
    pub recovered: bool,
    /// What carries it out.
    pub type_id: ActionType,
    /// Its settings, variables resolved.
    pub configuration: BTreeMap<String, String>,
    /// Its commands.
    pub commands: Vec<String>,
    /// Variables of its commands' environment; values of the type `SECRETS_MANAGER` are ids of secrets.
    pub environment: Vec<ActionVariable>,
    /// The artifacts that it reads, in the order of the definition.
    pub inputs: Vec<ArtifactRef>,
    /// The artifacts that it makes.
    pub outputs: Vec<OutputArtifact>,
    /// The variables that commands export.
    pub output_variables: Vec<String>,
    /// Of a source action: the revisions that the start asked for; the latest where there are none.
    pub source_revisions: Vec<RevisionOverride>,
    /// What started the execution.
    pub trigger: TriggerRef,
    /// The execution to whose content this one goes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_target: Option<String>,
    /// The role that it works as: the action's, else none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// The role of the pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_role_arn: Option<String>,
    /// The region that it works in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// When it counts as failed; the machine then stops it.
    pub deadline: Millis,
    /// Of an approval: what it is answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// How an action ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionOutcome {
    /// Why it failed; nothing where it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Its output variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// The artifacts that it made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<ArtifactRef>,
    /// Of a source action: what it found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// The id of what carried it out, such as a build's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Where more is to be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_url: Option<String>,
    /// One line for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// What its reports say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<ReportSummary>,
}

/// What the reports of one group of a build say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportSummary {
    /// The group's name.
    pub group: String,
    /// How many files there were.
    pub files: u64,
    /// Tests by how they ended: `total`, `succeeded`, `failed`, `error`, `skipped`, `unknown`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tests: BTreeMap<String, u64>,
    /// What they ran through: `linesCovered`, `linesMissed`, `branchesCovered`, `branchesMissed`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub coverage: BTreeMap<String, u64>,
    /// The first tests that failed, with why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
    /// Files that could not be read, with why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}

impl ActionOutcome {
    /// Success without outputs.
    pub fn success() -> Self {
        Self::default()
    }

    /// A failure.
    pub fn failed(kind: FailureKind, code: &str, message: impl Into<String>) -> Self {
        let failure = Failure { kind, code: code.to_owned(), message: message.into() };
        Self { failure: Some(failure), ..Self::default() }
    }

    /// Whether it succeeded.
    pub fn succeeded(&self) -> bool {
        self.failure.is_none()
    }
}

/// Why an action failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// CodePipeline's failure type.
    pub kind: FailureKind,
    /// A stable word for programs, such as `ApprovalRejected` or a diagnostic's code.
    pub code: String,
    /// One sentence for people.
    pub message: String,
}

/// CodePipeline's failure types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// What was asked for did not work.
    JobFailed,
    /// The configuration makes no sense.
    ConfigurationError,
    /// Something is not allowed.
    PermissionError,
    /// The revision is not the one that was expected.
    RevisionOutOfSync,
    /// The revision is not there.
    RevisionUnavailable,
    /// What is needed does not answer.
    SystemUnavailable,
}

/// An artifact in the artifact store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactRef {
    /// Its name in the pipeline.
    pub name: String,
    /// Its sha256.
    pub id: String,
    /// Bytes.
    pub size: u64,
    /// What it came from, where it is a source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
}

/// A revision of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// A commit, a version of an object.
    pub id: String,
    /// Its first line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Where it is to be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
