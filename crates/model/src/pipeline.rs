//! Pipelines as CodePipeline declares them: the structure of `get-pipeline`, field for field.
//!
//! `config` reads these from YAML, JSON and templates and checks them; `engine` executes them. The
//! serialised form is CodePipeline's own JSON, so that a definition can be kept, compared and
//! handed on. Nothing here judges: a value of these types may break every rule of the service.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A pipeline's definition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pipeline {
    /// Its name, unique among the pipelines of one server.
    pub name: String,
    /// The role that the pipeline works as, where one is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// Where CodePipeline keeps artifacts. Kept as it was written; builds here have their own store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_store: Option<serde_json::Value>,
    /// The same by region, for actions of several regions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_stores: Option<serde_json::Value>,
    /// The stages, in order.
    #[serde(default)]
    pub stages: Vec<Stage>,
    /// Counts the definitions of this name, from 1.
    #[serde(default = "one")]
    pub version: u32,
    /// What happens when several executions meet.
    #[serde(default)]
    pub execution_mode: ExecutionMode,
    /// V1 or V2. V2 where a field of V2 is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_type: Option<PipelineType>,
    /// Variables that a start may set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<PipelineVariable>,
    /// Which pushes and pull requests start it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<Trigger>,
}

impl Pipeline {
    /// The actions of all stages, in order.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.stages.iter().flat_map(|stage| &stage.actions)
    }
}

const fn one() -> u32 {
    1
}

/// What happens when several executions meet at a stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ExecutionMode {
    /// A newer execution replaces one that waits between stages.
    #[default]
    Superseded,
    /// They wait in line.
    Queued,
    /// They do not notice each other.
    Parallel,
}

/// The type of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PipelineType {
    /// Without variables, triggers, QUEUED and PARALLEL.
    V1,
    /// With them.
    V2,
}

/// A variable of a pipeline: `#{variables.NAME}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PipelineVariable {
    /// Its name.
    pub name: String,
    /// The value of a start that gives none; without it, every start must give one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_value: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A stage: actions behind one lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stage {
    /// Its name, unique in the pipeline.
    pub name: String,
    /// Its actions, grouped by `run_order`.
    #[serde(default)]
    pub actions: Vec<Action>,
    /// What must hold before the stage is entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_entry: Option<Conditions>,
    /// What must hold after its actions succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_success: Option<Conditions>,
    /// What to do after an action failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
}

/// Conditions of a stage; CodePipeline allows exactly one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conditions {
    /// The conditions.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

/// What follows a failed stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OnFailure {
    /// The result that applies without conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ConditionResult>,
    /// How it is retried where the result is RETRY.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_configuration: Option<RetryConfiguration>,
    /// Conditions, each with a result of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// How an automatic retry is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryConfiguration {
    /// Which actions are made again.
    #[serde(default)]
    pub retry_mode: RetryMode,
}

/// Which actions a retry makes again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RetryMode {
    /// Those that failed.
    #[default]
    FailedActions,
    /// All of the stage.
    AllActions,
}

/// Rules that must all succeed, and what follows when they do not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ConditionResult>,
    /// The rules, evaluated together.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// What a condition leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ConditionResult {
    /// The stage goes back to its last success.
    Rollback,
    /// The stage fails.
    Fail,
    /// The stage is made again, once.
    Retry,
    /// The stage is passed over.
    Skip,
}

/// A rule of a condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What evaluates it.
    pub rule_type_id: RuleType,
    /// The settings of that type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub configuration: BTreeMap<String, String>,
    /// The commands of the type Commands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// Artifacts that it reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub input_artifacts: Vec<ArtifactName>,
    /// A role of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// A region of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Minutes until it counts as failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_in_minutes: Option<u32>,
}

/// What evaluates a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleType {
    /// Always `Rule`.
    pub category: String,
    /// Always `AWS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// `DeploymentWindow`, `VariableCheck`, `Commands` ...
    pub provider: String,
    /// Always `1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// One thing that a stage does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// Its name, unique in the stage.
    pub name: String,
    /// What carries it out.
    pub action_type_id: ActionType,
    /// Its group; groups run one after the other, from 1.
    #[serde(default = "one")]
    pub run_order: u32,
    /// The settings of its type, with `#{namespace.key}` in values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub configuration: BTreeMap<String, String>,
    /// The commands of the type Commands, one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// Artifacts that it makes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output_artifacts: Vec<OutputArtifact>,
    /// Artifacts that it reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub input_artifacts: Vec<ArtifactName>,
    /// Variables that commands export.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output_variables: Vec<String>,
    /// Variables of its commands' environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment_variables: Vec<ActionVariable>,
    /// The role that it works as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// The region that it works in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The namespace of its output variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Minutes until it counts as failed. CodePipeline allows it for approvals only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_in_minutes: Option<u32>,
}

/// What carries out an action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionType {
    /// The category.
    pub category: Category,
    /// `AWS`, `ThirdParty` or `Custom`.
    pub owner: String,
    /// `CodeBuild`, `Manual`, `Trunkline` ...
    pub provider: String,
    /// The version of the provider, usually `1`.
    pub version: String,
}

/// What an action is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Category {
    /// Brings a revision.
    Source,
    /// Makes artifacts.
    #[default]
    Build,
    /// Brings something to a target.
    Deploy,
    /// Judges.
    Test,
    /// Calls something else.
    Invoke,
    /// Waits for a person.
    Approval,
    /// Runs commands.
    Compute,
}

/// An artifact that an action reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ArtifactName {
    /// Its name.
    pub name: String,
}

/// An artifact that an action makes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputArtifact {
    /// Its name, unique in the pipeline.
    pub name: String,
    /// The files of it, for commands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// A variable of an action's environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionVariable {
    /// Its name.
    pub name: String,
    /// Its value, or the secret's id.
    pub value: String,
    /// `PLAINTEXT` (also where it is absent) or `SECRETS_MANAGER`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// Which pushes and pull requests start a pipeline, for one source action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// Always `CodeStarSourceConnection`.
    pub provider_type: String,
    /// The filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_configuration: Option<GitConfiguration>,
}

/// The filters of a trigger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GitConfiguration {
    /// The source action that it is for.
    pub source_action_name: String,
    /// Pushes; one of them must match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub push: Vec<GitFilter>,
    /// Pull requests; one of them must match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pull_request: Vec<GitFilter>,
}

/// One filter; all of its parts must match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GitFilter {
    /// Of a pull request: `OPEN`, `UPDATED`, `CLOSED`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// Branches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branches: Option<Patterns>,
    /// Files that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_paths: Option<Patterns>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Patterns>,
}

/// Globs; excludes win over includes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patterns {
    /// One of them must match, where there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub includes: Vec<String>,
    /// None of them may match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excludes: Vec<String>,
}
