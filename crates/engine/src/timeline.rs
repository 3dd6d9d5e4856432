//! One execution from its events alone: stages, actions, conditions, in the order in which they happened.
//!
//! For executions that the machine forgot. Retries leave their traces: an action that was made twice is
//! there twice.

use crate::action::{ArtifactRef, Revision};
use crate::event::{
    ActionStatus, ConditionKind, ConditionStatus, Event, ExecutionStart, ExecutionStatus, Recorded,
    StageStatus,
};
use crate::notify::rfc3339;
use crate::view::{ErrorView, error};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    /// How it began.
    pub start: ExecutionStart,
    /// Its status.
    pub status: ExecutionStatus,
    /// Why, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_summary: Option<String>,
    /// When it began.
    pub started: String,
    /// When something last happened.
    pub last_update: String,
    /// The stages that it entered, in order; one that was retried is there once.
    pub stages: Vec<StageTimeline>,
}

/// A stage of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageTimeline {
    /// Its name.
    pub stage_name: String,
    /// Its status.
    pub status: StageStatus,
    /// When it was entered.
    pub started: String,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// How often it was retried.
    pub retries: u32,
    /// Its actions, each time that they began.
    pub actions: Vec<ActionTimeline>,
    /// Its conditions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<ConditionKind, ConditionStatus>,
}

/// An action, or a rule of a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionTimeline {
    /// Its name.
    pub action_name: String,
    /// The condition whose rule it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_of: Option<ConditionKind>,
    /// Its id; its log has that name.
    pub action_execution_id: String,
    /// Its status.
    pub status: ActionStatus,
    /// Counts its starts.
    pub attempt: u32,
    /// When it began.
    pub started: String,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// One line for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Who answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The id of what carried it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_execution_id: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_details: Option<ErrorView>,
    /// What it made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output_artifacts: Vec<ArtifactRef>,
    /// Its output variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub output_variables: BTreeMap<String, String>,
    /// Of a source: what it found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
}

/// Reads an execution from its events; nothing where its start is not among them.
pub fn timeline(events: &[Recorded]) -> Option<Timeline> {
    let mut made: Option<Timeline> = None;
    for recorded in events {
        let at = rfc3339(recorded.at);
        if let Event::ExecutionStarted(start) = &recorded.event {
            made = Some(Timeline {
                start: start.as_ref().clone(),
                status: ExecutionStatus::InProgress,
                status_summary: None,
                started: at.clone(),
                last_update: at,
                stages: Vec::new(),
            });
        } else if let Some(timeline) = &mut made {
            timeline.last_update.clone_from(&at);
            timeline.add(&recorded.event, at);
        }
    }
    made
}

impl Timeline {
    fn add(&mut self, event: &Event, at: String) {
        match event {
            Event::ExecutionEnded { status, reason, superseded_by, .. } => {
                self.status = *status;
                let newer = superseded_by.as_ref().map(|id| format!("superseded by {id}"));
                self.status_summary = reason.clone().or(newer);
            }
            Event::StopRequested { reason, .. } => {
                self.status = ExecutionStatus::Stopping;
                self.status_summary.clone_from(reason);
            }
            Event::StageEntered { stage, .. } => self.stages.push(StageTimeline {
                stage_name: stage.clone(),
                status: StageStatus::InProgress,
                started: at,
                ended: None,
                retries: 0,
                actions: Vec::new(),
                conditions: BTreeMap::new(),
            }),
            Event::StageRetried { stage, .. } => {
                self.resume(stage);
                if let Some(stage) = self.stage(stage) {
                    stage.retries += 1;
                }
            }
            Event::StageEnded { stage, status, .. } => {
                if let Some(stage) = self.stage(stage) {
                    (stage.status, stage.ended) = (*status, Some(at));
                }
            }
            Event::ConditionStarted { stage, condition, .. } => {
                if let Some(stage) = self.stage(stage) {
                    stage.conditions.insert(*condition, ConditionStatus::InProgress);
                }
            }
            Event::ConditionEnded { stage, condition, status, .. } => {
                if *status == ConditionStatus::Overridden {
                    self.resume(stage);
                }
                if let Some(stage) = self.stage(stage) {
                    stage.conditions.insert(*condition, *status);
                }
            }
            _ => self.add_to_action(event, at),
        }
    }

    fn add_to_action(&mut self, event: &Event, at: String) {
        match event {
            Event::ActionStarted(start) => {
                if let Some(stage) = self.stage(&start.stage) {
                    stage.actions.push(begun(&start.action, &start.action_execution, None, at));
                }
            }
            Event::RuleStarted { stage, condition, rule, action_execution, .. } => {
                if let Some(stage) = self.stage(stage) {
                    stage.actions.push(begun(rule, action_execution, Some(*condition), at));
                }
            }
            Event::ActionInterrupted { stage, action_execution, attempt, .. } => {
                if let Some(action) = self.action(stage, action_execution) {
                    action.attempt = *attempt;
                }
            }
            Event::ActionAbandoned { stage, action_execution, .. } => {
                if let Some(action) = self.action(stage, action_execution) {
                    (action.status, action.ended) = (ActionStatus::Abandoned, Some(at));
                }
            }
            Event::ActionEnded { stage, action_execution, outcome, by, .. } => {
                if let Some(action) = self.action(stage, action_execution) {
                    action.by.clone_from(by);
                    action.end(outcome, at);
                }
            }
            Event::RuleEnded { stage, condition, rule, outcome, .. } => {
                let Some(stage) = self.stage(stage) else { return };
                let is = |a: &&mut ActionTimeline| {
                    a.rule_of == Some(*condition) && &a.action_name == rule
                };
                if let Some(action) = stage.actions.iter_mut().rev().find(is) {
                    action.end(outcome, at);
                }
            }
            _ => {}
        }
    }

    fn resume(&mut self, stage: &str) {
        self.status = ExecutionStatus::InProgress;
        self.status_summary = None;
        if let Some(stage) = self.stage(stage) {
            (stage.status, stage.ended) = (StageStatus::InProgress, None);
        }
    }

    fn stage(&mut self, name: &str) -> Option<&mut StageTimeline> {
        self.stages.iter_mut().rev().find(|s| s.stage_name == name)
    }

    fn action(&mut self, stage: &str, id: &str) -> Option<&mut ActionTimeline> {
        self.stage(stage)?.actions.iter_mut().rev().find(|a| a.action_execution_id == id)
    }
}

impl ActionTimeline {
    fn end(&mut self, outcome: &crate::action::ActionOutcome, at: String) {
        let succeeded = outcome.succeeded();
        self.status = if succeeded { ActionStatus::Succeeded } else { ActionStatus::Failed };
        self.ended = Some(at);
        self.summary.clone_from(&outcome.summary);
        self.external_execution_id.clone_from(&outcome.external_id);
        self.error_details = error(outcome);
        self.output_artifacts.clone_from(&outcome.artifacts);
        self.output_variables.clone_from(&outcome.variables);
        self.revision.clone_from(&outcome.revision);
    }
}

fn begun(name: &str, id: &str, rule_of: Option<ConditionKind>, at: String) -> ActionTimeline {
    ActionTimeline {
        action_name: name.to_owned(),
        rule_of,
        action_execution_id: id.to_owned(),
        status: ActionStatus::InProgress,
        attempt: 1,
        started: at,
        ended: None,
        summary: None,
        by: None,
        external_execution_id: None,
        error_details: None,
        output_artifacts: Vec::new(),
        output_variables: BTreeMap::new(),
        revision: None,
    }
}
