//! A pipeline as people and programs see it: what `GetPipelineState` tells, and the executions under way.
//!
//! `pipeline show --json` prints it. Times are in RFC 3339.

use crate::action::{ActionOutcome, FailureKind, Revision};
use crate::event::{
    ActionStatus, ConditionKind, ConditionStatus, ExecutionStatus, SourceRevision, StageStatus,
    TriggerRef,
};
use crate::machine::Machine;
use crate::machine::definition::manual;
use crate::machine::state::{ActionRunState, ConditionRun, Execution, Place, StageRun, StageState};
use crate::notify::rfc3339;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trunkline_model::pipeline::{Action, Category, ExecutionMode, Stage};

/// A pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PipelineView {
    /// Its name.
    pub pipeline_name: String,
    /// The version of its definition; 0 where it has none.
    pub pipeline_version: u32,
    /// Its mode.
    pub execution_mode: ExecutionMode,
    /// When it was defined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// Its stages.
    pub stage_states: Vec<StageView>,
    /// The executions that have not ended, oldest first.
    pub executions: Vec<ExecutionView>,
    /// The number of the last event.
    pub seq: u64,
}

/// A stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageView {
    /// Its name.
    pub stage_name: String,
    /// Those that wait before it, in their order.
    pub inbound_executions: Vec<ExecutionRef>,
    /// The way in.
    pub inbound_transition_state: TransitionView,
    /// The way out.
    pub outbound_transition_state: TransitionView,
    /// Its actions, as the latest execution has them.
    pub action_states: Vec<ActionView>,
    /// The last that entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_execution: Option<StageExecutionView>,
    /// Its conditions, as the latest execution met them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<ConditionKind, ConditionView>,
    /// Whether `retry` would find something to do, for the latest execution.
    pub retryable: bool,
}

/// An execution, by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionRef {
    /// Its id.
    pub pipeline_execution_id: String,
    /// Its status.
    pub status: ExecutionStatus,
}

/// An execution under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionView {
    /// Its id.
    pub pipeline_execution_id: String,
    /// Its status.
    pub status: ExecutionStatus,
    /// What started it.
    pub trigger: TriggerRef,
    /// When.
    pub started: String,
    /// What its sources found.
    pub revisions: Vec<SourceRevision>,
    /// The stage that it waits before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_before: Option<String>,
    /// The stage that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_name: Option<String>,
    /// The actions of that stage; in PARALLEL, tokens of approvals are found here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub action_states: Vec<ActionView>,
}

/// A transition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransitionView {
    /// Whether executions pass.
    pub enabled: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<String>,
    /// Who changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_changed_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_changed_at: Option<String>,
}

/// An execution in a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageExecutionView {
    /// Its id.
    pub pipeline_execution_id: String,
    /// The status of the stage.
    pub status: StageStatus,
    /// `STANDARD` or `ROLLBACK`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Retries that the stage made by itself.
    pub auto_stage_retry_attempt: u32,
    /// Retries that people made.
    pub manual_stage_retry_attempt: u32,
    /// `AutomatedStageRetry` or `ManualStageRetry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_retry_trigger: Option<String>,
}

/// An action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionView {
    /// Its name.
    pub action_name: String,
    /// What it is for.
    pub category: Category,
    /// What carries it out.
    pub provider: String,
    /// As it was last begun; nothing where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_execution: Option<ActionExecutionView>,
    /// Of a source action: what it found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_revision: Option<Revision>,
}

/// An action as it was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionExecutionView {
    /// Its id; its log has that name.
    pub action_execution_id: String,
    /// Its status.
    pub status: ActionStatus,
    /// Counts its starts: more than 1 after an interruption.
    pub attempt: u32,
    /// When it began.
    pub started: String,
    /// When its status last changed.
    pub last_status_change: String,
    /// When it counts as failed, while it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// One line for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Of an approval that waits: what it is answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Of an approval: who answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_updated_by: Option<String>,
    /// The id of what carried it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_execution_id: Option<String>,
    /// Where more is to be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_execution_url: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_details: Option<ErrorView>,
    /// Its output variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub output_variables: BTreeMap<String, String>,
}

/// Why something failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorView {
    /// CodePipeline's failure type.
    pub failure_type: FailureKind,
    /// A word for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConditionView {
    /// Its status.
    pub status: ConditionStatus,
    /// When it last changed.
    pub last_status_change: String,
    /// Its rules by name.
    pub rules: BTreeMap<String, RuleView>,
}

/// A rule of a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleView {
    /// The id of its execution; its log has that name.
    pub rule_execution_id: String,
    /// Its status.
    pub status: ConditionStatus,
    /// Why it does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_details: Option<ErrorView>,
}

impl Machine {
    /// The pipeline as it is now.
    pub fn view(&self) -> PipelineView {
        let state = self.state();
        let Some(definition) = state.current() else {
            let pipeline_name = state.name.clone();
            return PipelineView { pipeline_name, ..PipelineView::default() };
        };
        let stages = definition.pipeline.stages.iter();
        let live = state.live.iter().map(|number| &state.executions[number]);
        PipelineView {
            pipeline_name: state.name.clone(),
            pipeline_version: state.version,
            execution_mode: definition.pipeline.execution_mode,
            updated: Some(rfc3339(state.defined_at)),
            stage_states: stages.map(|stage| self.stage_view(stage)).collect(),
            executions: live.map(|execution| self.execution_view(execution)).collect(),
            seq: state.seq,
        }
    }

    fn stage_view(&self, stage: &Stage) -> StageView {
        let state = self.state();
        let nothing = StageState::default();
        let known = state.stages.get(&stage.name).unwrap_or(&nothing);
        let latest = known.latest.and_then(|number| state.executions.get(&number));
        // The latest may follow an older definition, where the stage had another place.
        let run = latest.and_then(|execution| {
            let place = state.definition_of(execution).place(&stage.name)?;
            Some((
                execution,
                state.definition_of(execution).stage(place),
                execution.stages.get(&place)?,
            ))
        });
        let actions = stage.actions.iter().map(|action| {
            let begun = run.and_then(|(_, declared, run)| {
                let slot = declared.actions.iter().position(|a| a.name == action.name)?;
                run.actions[slot].as_ref()
            });
            action_view(action, begun)
        });
        let closed =
            |c: &Option<crate::machine::state::Closed>| c.as_ref().map(|c| c.reason.clone());
        let changed = known.inbound_changed.as_ref();
        StageView {
            stage_name: stage.name.clone(),
            inbound_executions: known
                .queue
                .iter()
                .map(|n| reference(&state.executions[n]))
                .collect(),
            inbound_transition_state: TransitionView {
                enabled: known.inbound.is_none(),
                disabled_reason: closed(&known.inbound),
                last_changed_by: changed.and_then(|(_, by)| by.clone()),
                last_changed_at: changed.map(|(at, _)| rfc3339(*at)),
            },
            outbound_transition_state: TransitionView {
                enabled: known.outbound.is_none(),
                disabled_reason: closed(&known.outbound),
                last_changed_by: None,
                last_changed_at: None,
            },
            action_states: actions.collect(),
            latest_execution: run.map(|(execution, _, run)| stage_execution(execution, run)),
            conditions: run.map(|(_, _, run)| conditions(run)).unwrap_or_default(),
            retryable: run.is_some_and(|(execution, _, run)| {
                execution.start.version == state.version
                    && matches!(run.status, StageStatus::Failed | StageStatus::Stopped)
            }),
        }
    }

    fn execution_view(&self, execution: &Execution) -> ExecutionView {
        let definition = self.state().definition_of(execution);
        let (waits_before, inside) = match execution.place {
            Place::Before(place) => (Some(definition.stage(place).name.clone()), None),
            Place::In(place) => (None, Some(place)),
            Place::Through => (None, None),
        };
        let actions = inside.map(|place| {
            let begun = execution.stages[&place].actions.iter();
            let declared = definition.stage(place).actions.iter();
            declared.zip(begun).map(|(action, begun)| action_view(action, begun.as_ref())).collect()
        });
        ExecutionView {
            pipeline_execution_id: execution.start.execution.clone(),
            status: execution.status,
            trigger: execution.start.trigger.clone(),
            started: rfc3339(execution.started_at),
            revisions: execution.revisions.clone(),
            waits_before,
            stage_name: inside.map(|place| definition.stage(place).name.clone()),
            action_states: actions.unwrap_or_default(),
        }
    }
}

fn reference(execution: &Execution) -> ExecutionRef {
    let pipeline_execution_id = execution.start.execution.clone();
    ExecutionRef { pipeline_execution_id, status: execution.status }
}

fn stage_execution(execution: &Execution, run: &StageRun) -> StageExecutionView {
    let kind = if execution.is_rollback() { "ROLLBACK" } else { "STANDARD" };
    let trigger = |automatic| if automatic { "AutomatedStageRetry" } else { "ManualStageRetry" };
    StageExecutionView {
        pipeline_execution_id: execution.start.execution.clone(),
        status: run.status,
        kind: kind.to_owned(),
        auto_stage_retry_attempt: run.automatic_retries,
        manual_stage_retry_attempt: run.manual_retries,
        latest_retry_trigger: run.last_retry_automatic.map(|a| trigger(a).to_owned()),
    }
}

fn action_view(action: &Action, begun: Option<&ActionRunState>) -> ActionView {
    let source = action.action_type_id.category == Category::Source;
    let revision = begun.and_then(|b| b.outcome.as_ref()).and_then(|o| o.revision.clone());
    ActionView {
        action_name: action.name.clone(),
        category: action.action_type_id.category,
        provider: action.action_type_id.provider.clone(),
        latest_execution: begun.map(|begun| begun_view(action, begun)),
        current_revision: revision.filter(|_| source),
    }
}

fn begun_view(action: &Action, begun: &ActionRunState) -> ActionExecutionView {
    let outcome = begun.outcome.as_deref();
    let busy = begun.status == ActionStatus::InProgress;
    ActionExecutionView {
        action_execution_id: begun.id.clone(),
        status: begun.status,
        attempt: begun.attempt,
        started: rfc3339(begun.started_at),
        last_status_change: rfc3339(begun.updated_at),
        expires: busy.then(|| rfc3339(begun.deadline)),
        summary: outcome.and_then(|o| o.summary.clone()),
        token: begun.token.clone().filter(|_| busy && manual(action)),
        last_updated_by: begun.by.clone(),
        external_execution_id: outcome.and_then(|o| o.external_id.clone()),
        external_execution_url: outcome.and_then(|o| o.external_url.clone()),
        error_details: outcome.and_then(error),
        output_variables: outcome.map(|o| o.variables.clone()).unwrap_or_default(),
    }
}

pub(crate) fn error(outcome: &ActionOutcome) -> Option<ErrorView> {
    outcome.failure.as_ref().map(|failure| ErrorView {
        failure_type: failure.kind,
        code: failure.code.clone(),
        message: failure.message.clone(),
    })
}

fn conditions(run: &StageRun) -> BTreeMap<ConditionKind, ConditionView> {
    let view = |condition: &ConditionRun| ConditionView {
        status: condition.status,
        last_status_change: rfc3339(condition.updated_at),
        rules: condition
            .rules
            .iter()
            .map(|(name, rule)| {
                let view = RuleView {
                    rule_execution_id: rule.id.clone(),
                    status: rule.status,
                    error_details: rule.outcome.as_deref().and_then(error),
                };
                (name.clone(), view)
            })
            .collect(),
    };
    run.conditions.iter().map(|(kind, condition)| (*kind, view(condition))).collect()
}
