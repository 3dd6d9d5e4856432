//! What is shown of pipelines and executions, as the JSON that the API and `--json` have.
//!
//! Made from the definition, an execution's row and its events alone; so it is the same with a server and
//! without one, and for executions that ended long ago.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trunkline_engine::event::{
    ActionStatus, ConditionKind, ConditionStatus, ExecutionStatus, SourceRevision, StageStatus,
    TransitionSide, TriggerRef,
};
use trunkline_engine::{
    ArtifactRef, Event, ExecutionRow, Failure, Millis, Recorded, ReportSummary,
};
use trunkline_model::pipeline::{Action, Category, ExecutionMode, Pipeline};

/// A pipeline in a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(crate) execution_mode: ExecutionMode,
    /// The newest execution.
    #[serde(default)]
    pub(crate) latest: Option<Brief>,
    /// Approvals that wait, of any execution that is under way.
    #[serde(default)]
    pub(crate) waiting: Vec<Waiting>,
}

/// An execution in a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Brief {
    pub(crate) id: String,
    pub(crate) status: ExecutionStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status_summary: Option<String>,
    pub(crate) started_at: String,
    pub(crate) updated_at: String,
    pub(crate) version: u32,
    pub(crate) trigger: TriggerRef,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) revisions: Vec<SourceRevision>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rollback_target: Option<String>,
}

/// A pipeline with the state of its stages.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PipelineView {
    pub(crate) name: String,
    pub(crate) definition: Pipeline,
    pub(crate) transitions: Vec<Transition>,
    /// Each stage with the execution that was in it last.
    pub(crate) stages: Vec<StageView>,
    /// The newest executions, newest first.
    pub(crate) executions: Vec<Brief>,
    pub(crate) waiting: Vec<Waiting>,
    /// The number of the pipeline's last event.
    pub(crate) seq: u64,
}

/// A transition that is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Transition {
    pub(crate) stage: String,
    pub(crate) side: TransitionSide,
    pub(crate) reason: String,
    pub(crate) at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
}

/// An execution with its stages and actions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExecutionView {
    pub(crate) pipeline: String,
    #[serde(flatten)]
    pub(crate) brief: Brief,
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) stages: Vec<StageView>,
    pub(crate) waiting: Vec<Waiting>,
    /// The number of its last event.
    pub(crate) seq: u64,
}

/// A stage.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StageView {
    pub(crate) name: String,
    /// The execution that this is of; none where it was never entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) execution: Option<String>,
    /// None before it was entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<StageStatus>,
    /// Whether the execution stands before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) waits: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) conditions: Vec<ConditionView>,
    pub(crate) actions: Vec<ActionView>,
}

/// A condition of a stage.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConditionView {
    pub(crate) kind: ConditionKind,
    pub(crate) status: ConditionStatus,
}

/// An action, as its last execution left it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActionView {
    pub(crate) name: String,
    /// `Category/Owner/Provider`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) run_order: u32,
    /// None before it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<ActionStatus>,
    /// The id of its last execution, which names its log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action_execution: Option<String>,
    /// How often it was begun in this execution of the pipeline.
    pub(crate) attempts: u32,
    /// How often its process was lost.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) interruptions: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) started_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<Failure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) summary: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_url: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) output_variables: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) artifacts: Vec<ArtifactRef>,
    /// What the reports of its build say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) reports: Vec<ReportSummary>,
    /// Who answered an approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
}

/// An approval that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Waiting {
    pub(crate) execution: String,
    pub(crate) stage: String,
    pub(crate) action: String,
    pub(crate) token: String,
    /// When it lapses.
    pub(crate) expires: String,
    /// What its definition tells the approver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A time, as it is shown to programs.
pub(crate) fn time(at: Millis) -> String {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

impl Brief {
    pub(crate) fn of(row: &ExecutionRow) -> Self {
        Self {
            id: row.id.clone(),
            status: row.status,
            status_summary: row.status_summary.clone(),
            started_at: time(row.started_at),
            updated_at: time(row.updated_at),
            version: row.version,
            trigger: row.trigger.clone(),
            revisions: row.revisions.clone(),
            rollback_target: row.rollback_target.clone(),
        }
    }
}

impl StageView {
    fn planned(stage: &trunkline_model::pipeline::Stage) -> Self {
        let action = |a: &Action| ActionView {
            name: a.name.clone(),
            kind: kind(a),
            run_order: a.run_order,
            ..ActionView::default()
        };
        Self {
            name: stage.name.clone(),
            execution: None,
            status: None,
            waits: false,
            conditions: Vec::new(),
            actions: stage.actions.iter().map(action).collect(),
        }
    }
}

fn kind(action: &Action) -> String {
    let of = &action.action_type_id;
    format!("{:?}/{}/{}", of.category, of.owner, of.provider)
}

/// The stages of a definition before anything ran.
pub(crate) fn planned(definition: &Pipeline) -> Vec<StageView> {
    definition.stages.iter().map(StageView::planned).collect()
}

/// An execution out of its row and its events. `definition` is the one that it follows.
pub(crate) fn execution(
    definition: &Pipeline,
    row: &ExecutionRow,
    events: &[Recorded],
) -> ExecutionView {
    let mut view = ExecutionView {
        pipeline: definition.name.clone(),
        brief: Brief::of(row),
        variables: row.variables.clone(),
        stages: planned(definition),
        waiting: Vec::new(),
        seq: 0,
    };
    for recorded in events {
        apply(&mut view, recorded, definition);
    }
    view
}

/// Takes one more event into a view.
fn apply(view: &mut ExecutionView, recorded: &Recorded, definition: &Pipeline) {
    view.seq = recorded.seq;
    let at = time(recorded.at);
    let id = view.brief.id.clone();
    match &recorded.event {
        Event::ExecutionWaits { stage, .. } => on_stage(view, stage, |s| s.waits = true),
        Event::ExecutionEnded { .. } => {
            view.stages.iter_mut().for_each(|s| s.waits = false);
            view.waiting.clear();
        }
        Event::StageEntered { stage, .. } | Event::StageRetried { stage, .. } => {
            on_stage(view, stage, |s| {
                s.waits = false;
                s.execution = Some(id);
                s.status = Some(StageStatus::InProgress);
            });
        }
        Event::StageEnded { stage, status, .. } => {
            on_stage(view, stage, |s| s.status = Some(*status));
        }
        Event::ActionStarted(start) => {
            let found = declared(definition, &start.stage, &start.action);
            let approval = start
                .token
                .clone()
                .filter(|_| found.is_some_and(|a| a.action_type_id.category == Category::Approval));
            if let Some(token) = approval {
                let setting = |name: &str| {
                    let resolved = start.resolved.get(name);
                    resolved.or_else(|| found?.configuration.get(name)).cloned()
                };
                view.waiting.push(Waiting {
                    execution: start.execution.clone(),
                    stage: start.stage.clone(),
                    action: start.action.clone(),
                    token,
                    expires: time(start.deadline),
                    message: setting("CustomData"),
                    link: setting("ExternalEntityLink"),
                });
            }
            on_action(
                view,
                &start.stage,
                |a| a.name == start.action,
                |a| {
                    a.action_execution = Some(start.action_execution.clone());
                    a.status = Some(ActionStatus::InProgress);
                    a.attempts += 1;
                    a.started_at = Some(at);
                    (a.ended_at, a.failure, a.summary, a.by) = (None, None, None, None);
                },
            );
        }
        Event::ActionInterrupted { stage, action_execution, .. } => {
            on_running(view, stage, action_execution, |a| a.interruptions += 1);
        }
        Event::ActionEnded { stage, action_execution, outcome, by, .. } => {
            answered(view, stage, action_execution);
            on_running(view, stage, action_execution, |a| {
                let good = outcome.succeeded();
                a.status = Some(if good { ActionStatus::Succeeded } else { ActionStatus::Failed });
                a.ended_at = Some(at);
                a.failure = outcome.failure.clone();
                a.summary = outcome.summary.clone();
                a.external_id = outcome.external_id.clone();
                a.external_url = outcome.external_url.clone();
                a.output_variables = outcome.variables.clone();
                a.artifacts = outcome.artifacts.clone();
                a.reports = outcome.reports.clone();
                a.by = by.clone();
            });
        }
        Event::ActionAbandoned { stage, action_execution, .. } => {
            answered(view, stage, action_execution);
            on_running(view, stage, action_execution, |a| {
                a.status = Some(ActionStatus::Abandoned);
                a.ended_at = Some(at);
            });
        }
        Event::ConditionStarted { stage, condition, .. } => {
            on_condition(view, stage, *condition, ConditionStatus::InProgress);
        }
        Event::ConditionEnded { stage, condition, status, .. } => {
            on_condition(view, stage, *condition, *status);
        }
        _ => {}
    }
}

/// An approval that ended does not wait any more.
fn answered(view: &mut ExecutionView, stage: &str, action_execution: &str) {
    let stages = view.stages.iter().filter(|s| s.name == stage);
    let ended = |a: &&ActionView| a.action_execution.as_deref() == Some(action_execution);
    let name = stages.flat_map(|s| &s.actions).find(ended).map(|a| a.name.clone());
    view.waiting.retain(|w| w.stage != stage || Some(&w.action) != name.as_ref());
}

fn declared<'a>(definition: &'a Pipeline, stage: &str, action: &str) -> Option<&'a Action> {
    let stage = definition.stages.iter().find(|s| s.name == stage)?;
    stage.actions.iter().find(|a| a.name == action)
}

fn on_stage(view: &mut ExecutionView, stage: &str, change: impl FnOnce(&mut StageView)) {
    if let Some(found) = view.stages.iter_mut().find(|s| s.name == stage) {
        change(found);
    }
}

fn on_action(
    view: &mut ExecutionView,
    stage: &str,
    which: impl Fn(&ActionView) -> bool,
    change: impl FnOnce(&mut ActionView),
) {
    on_stage(view, stage, |s| {
        if let Some(found) = s.actions.iter_mut().find(|a| which(a)) {
            change(found);
        }
    });
}

fn on_running(
    view: &mut ExecutionView,
    stage: &str,
    id: &str,
    change: impl FnOnce(&mut ActionView),
) {
    on_action(view, stage, |a| a.action_execution.as_deref() == Some(id), change);
}

fn on_condition(
    view: &mut ExecutionView,
    stage: &str,
    kind: ConditionKind,
    status: ConditionStatus,
) {
    on_stage(view, stage, |s| match s.conditions.iter_mut().find(|c| c.kind == kind) {
        Some(found) => found.status = status,
        None => s.conditions.push(ConditionView { kind, status }),
    });
}

/// The closed transitions that a pipeline's own events (those of no execution) lead to.
pub(crate) fn transitions(events: &[Recorded]) -> Vec<Transition> {
    let mut closed: Vec<Transition> = Vec::new();
    for recorded in events {
        match &recorded.event {
            Event::TransitionDisabled { stage, side, reason, by } => {
                closed.retain(|t| (&t.stage, t.side) != (stage, *side));
                closed.push(Transition {
                    stage: stage.clone(),
                    side: *side,
                    reason: reason.clone(),
                    at: time(recorded.at),
                    by: by.clone(),
                });
            }
            Event::TransitionEnabled { stage, side, .. } => {
                closed.retain(|t| (&t.stage, t.side) != (stage, *side));
            }
            _ => {}
        }
    }
    closed
}
