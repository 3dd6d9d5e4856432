//! What is shown of pipelines and executions, as the JSON that the API and `--json` have.
//!
//! Made from the definition, an execution's row and its events alone; so it is the same with a server and
//! without one, and for executions that ended long ago. The tests of the engine read it, too.

use crate::action::{ActionOutcome, ArtifactRef, Failure, ReportSummary};
use crate::event::{
    ActionStatus, ConditionKind, ConditionStatus, Event, ExecutionStatus, Recorded, SourceRevision,
    StageStatus, TransitionSide, TriggerRef,
};
use crate::notify::rfc3339;
use crate::ports::ExecutionRow;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trunkline_model::pipeline::{Action, Category, ExecutionMode, Pipeline, RetryMode};

/// A pipeline in a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// The version of its definition.
    pub version: u32,
    /// Its mode.
    pub execution_mode: ExecutionMode,
    /// The newest execution.
    #[serde(default)]
    pub latest: Option<Brief>,
    /// Approvals that wait, of any execution that is under way.
    #[serde(default)]
    pub waiting: Vec<Waiting>,
}

/// An execution in a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Brief {
    /// Its id.
    pub id: String,
    /// Its status.
    pub status: ExecutionStatus,
    /// Why, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_summary: Option<String>,
    /// When it began. Times are in RFC 3339.
    pub started_at: String,
    /// When its row was last written.
    pub updated_at: String,
    /// The version of the definition that it follows.
    pub version: u32,
    /// What started it.
    pub trigger: TriggerRef,
    /// What its sources found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<SourceRevision>,
    /// The execution that it goes back to: it is a rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_target: Option<String>,
}

/// A pipeline with the state of its stages.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PipelineView {
    /// Its name.
    pub name: String,
    /// Its definition.
    pub definition: Pipeline,
    /// The transitions that are closed.
    pub transitions: Vec<Transition>,
    /// Each stage with the execution that was in it last.
    pub stages: Vec<StageView>,
    /// The newest executions and all that have not ended, newest first.
    pub executions: Vec<Brief>,
    /// Approvals that wait.
    pub waiting: Vec<Waiting>,
    /// The number of the pipeline's last event.
    pub seq: u64,
}

/// A transition that is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// The stage.
    pub stage: String,
    /// Which side of it.
    pub side: TransitionSide,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: String,
    /// Who closed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// An execution with its stages and actions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionView {
    /// The pipeline.
    pub pipeline: String,
    /// What lists show of it.
    #[serde(flatten)]
    pub brief: Brief,
    /// The values of the pipeline's variables.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The stages of its definition.
    pub stages: Vec<StageView>,
    /// Its approvals that wait.
    pub waiting: Vec<Waiting>,
    /// The number of its last event.
    pub seq: u64,
}

/// A stage.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageView {
    /// Its name.
    pub name: String,
    /// The execution that this is of; none where it was never entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// None before it was entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StageStatus>,
    /// Whether the execution stands before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
    /// The conditions that were evaluated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionView>,
    /// Its actions.
    pub actions: Vec<ActionView>,
}

/// A condition of a stage.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConditionView {
    /// Which.
    pub kind: ConditionKind,
    /// Its status.
    pub status: ConditionStatus,
    /// Its rules, as they were evaluated last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<ActionView>,
    /// Who went on without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// An action, or a rule of a condition, as its last execution left it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionView {
    /// Its name.
    pub name: String,
    /// `Category/Owner/Provider`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its place among the actions of the stage; 0 for a rule.
    pub run_order: u32,
    /// None before it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ActionStatus>,
    /// The id of its last execution, which names its log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_execution: Option<String>,
    /// How often it was begun in this execution of the pipeline.
    pub attempts: u32,
    /// How often its process was lost.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub interruptions: u32,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// One line for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The id of what carried it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Where more is to be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_url: Option<String>,
    /// Its output variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub output_variables: BTreeMap<String, String>,
    /// What it made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<ArtifactRef>,
    /// What the reports of its build say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<ReportSummary>,
    /// Who answered an approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// An approval that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// The execution.
    pub execution: String,
    /// The stage.
    pub stage: String,
    /// The action.
    pub action: String,
    /// What it is answered with.
    pub token: String,
    /// When it lapses.
    pub expires: String,
    /// What its definition tells the approver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Where there is more to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Brief {
    /// What lists show of an execution.
    pub fn of(row: &ExecutionRow) -> Self {
        Self {
            id: row.id.clone(),
            status: row.status,
            status_summary: row.status_summary.clone(),
            started_at: rfc3339(row.started_at),
            updated_at: rfc3339(row.updated_at),
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

impl ActionView {
    fn end(&mut self, outcome: &ActionOutcome, at: &str) {
        let good = outcome.succeeded();
        self.status = Some(if good { ActionStatus::Succeeded } else { ActionStatus::Failed });
        self.ended_at = Some(at.to_owned());
        self.failure = outcome.failure.clone();
        self.summary = outcome.summary.clone();
        self.external_id = outcome.external_id.clone();
        self.external_url = outcome.external_url.clone();
        self.output_variables = outcome.variables.clone();
        self.artifacts = outcome.artifacts.clone();
        self.reports = outcome.reports.clone();
    }
}

fn kind(action: &Action) -> String {
    let of = &action.action_type_id;
    format!("{:?}/{}/{}", of.category, of.owner, of.provider)
}

impl StageView {
    /// What is to be made again is as if it had not begun.
    fn retry(&mut self, mode: RetryMode) {
        let all = mode == RetryMode::AllActions;
        let failed = |s| matches!(s, ActionStatus::Failed | ActionStatus::Abandoned);
        for action in self.actions.iter_mut().filter(|a| all || a.status.is_some_and(failed)) {
            *action = ActionView {
                name: std::mem::take(&mut action.name),
                kind: std::mem::take(&mut action.kind),
                run_order: action.run_order,
                attempts: action.attempts,
                ..ActionView::default()
            };
        }
        let passed = [ConditionStatus::Succeeded, ConditionStatus::Overridden];
        self.conditions
            .retain(|c| !all && c.kind == ConditionKind::BeforeEntry && passed.contains(&c.status));
        self.status = Some(StageStatus::InProgress);
    }
}

/// The stages of a definition before anything ran.
pub fn planned(definition: &Pipeline) -> Vec<StageView> {
    definition.stages.iter().map(StageView::planned).collect()
}

/// An execution out of its row and its events. `definition` is the one that it follows.
pub fn execution(definition: &Pipeline, row: &ExecutionRow, events: &[Recorded]) -> ExecutionView {
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
    let at = rfc3339(recorded.at);
    let id = view.brief.id.clone();
    match &recorded.event {
        Event::ExecutionWaits { stage, .. } => on_stage(view, stage, |s| s.waits = true),
        Event::ExecutionEnded { .. } => {
            view.stages.iter_mut().for_each(|s| s.waits = false);
            view.waiting.clear();
        }
        Event::StopRequested { .. } => {
            let under_way = |s: &&mut StageView| s.status == Some(StageStatus::InProgress);
            let stages = view.stages.iter_mut().filter(under_way);
            stages.for_each(|s| s.status = Some(StageStatus::Stopping));
        }
        Event::StageEntered { stage, .. } => on_stage(view, stage, |s| {
            s.waits = false;
            s.execution = Some(id);
            s.status = Some(StageStatus::InProgress);
        }),
        Event::StageRetried { stage, mode, .. } => on_stage(view, stage, |s| s.retry(*mode)),
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
                    expires: rfc3339(start.deadline),
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
                },
            );
        }
        Event::ActionInterrupted { stage, action_execution, .. } => {
            on_running(view, stage, action_execution, |a| a.interruptions += 1);
        }
        Event::ActionEnded { stage, action_execution, outcome, by, .. } => {
            answered(view, stage, action_execution);
            on_running(view, stage, action_execution, |a| {
                a.end(outcome, &at);
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
        event => apply_to_condition(view, event, at),
    }
}

fn apply_to_condition(view: &mut ExecutionView, event: &Event, at: String) {
    match event {
        Event::ConditionStarted { stage, condition: kind, .. } => on_stage(view, stage, |s| {
            let (kind, status) = (*kind, ConditionStatus::InProgress);
            s.conditions.retain(|c| c.kind != kind);
            s.conditions.push(ConditionView { kind, status, rules: Vec::new(), by: None });
        }),
        Event::RuleStarted { stage, condition, rule, action_execution, .. } => {
            let begun = ActionView {
                name: rule.clone(),
                kind: "Rule".to_owned(),
                status: Some(ActionStatus::InProgress),
                action_execution: Some(action_execution.clone()),
                attempts: 1,
                started_at: Some(at),
                ..ActionView::default()
            };
            on_condition(view, stage, *condition, |c| c.rules.push(begun));
        }
        Event::RuleEnded { stage, condition, rule, outcome, .. } => {
            on_condition(view, stage, *condition, |c| {
                c.rules.iter_mut().filter(|r| &r.name == rule).for_each(|r| r.end(outcome, &at));
            });
        }
        Event::ConditionEnded { stage, condition, status, by, .. } => {
            let resumes = *status == ConditionStatus::Overridden;
            on_stage(view, stage, |s| {
                if resumes && s.status == Some(StageStatus::Failed) {
                    s.status = Some(StageStatus::InProgress);
                }
            });
            on_condition(view, stage, *condition, |c| {
                (c.status, c.by) = (*status, by.clone());
                let left = c.rules.iter_mut().filter(|r| r.ended_at.is_none());
                left.for_each(|r| {
                    (r.status, r.ended_at) = (Some(ActionStatus::Abandoned), Some(at.clone()));
                });
            });
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
        let rules = s.conditions.iter_mut().flat_map(|c| &mut c.rules);
        if let Some(found) = s.actions.iter_mut().chain(rules).find(|a| which(a)) {
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
    change: impl FnOnce(&mut ConditionView),
) {
    on_stage(view, stage, |s| {
        if let Some(found) = s.conditions.iter_mut().find(|c| c.kind == kind) {
            change(found);
        }
    });
}

/// The closed transitions that a pipeline's own events (those of no execution) lead to.
pub fn transitions(events: &[Recorded]) -> Vec<Transition> {
    let mut closed: Vec<Transition> = Vec::new();
    for recorded in events {
        match &recorded.event {
            Event::TransitionDisabled { stage, side, reason, by } => {
                closed.retain(|t| (&t.stage, t.side) != (stage, *side));
                closed.push(Transition {
                    stage: stage.clone(),
                    side: *side,
                    reason: reason.clone(),
                    at: rfc3339(recorded.at),
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
