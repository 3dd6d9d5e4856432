//! A new definition: what runs by the older one is cancelled, as CodePipeline does.

use super::{Decided, check_reason, refuse};
use crate::command::{Answer, Refusal, RefusalKind};
use crate::event::{ConditionStatus, Event, ExecutionStatus, Millis, StageStatus, TransitionSide};
use crate::machine::Machine;
use crate::machine::conditions::RULES;
use crate::machine::definition::condition;
use crate::machine::state::Place;
use crate::{event::ConditionKind, window};
use std::collections::HashSet;
use trunkline_model::pipeline::{Pipeline, Rule, Stage};

impl Machine {
    pub(super) fn define(
        &mut self,
        pipeline: &Pipeline,
        closed: &[(String, String)],
        by: Option<&String>,
        now: Millis,
    ) -> Decided {
        check(pipeline)?;
        let first = self.state.version == 0;
        let closed = if first { closed } else { &[] };
        for (stage, reason) in closed {
            check_reason(reason)?;
            if !pipeline.stages.iter().any(|s| &s.name == stage) {
                let message = format!("pipeline {} has no stage {stage}", pipeline.name);
                return refuse(RefusalKind::StageNotFound, message);
            }
        }
        if pipeline.name != self.state.name {
            let message = format!("this is pipeline {}, not {}", self.state.name, pipeline.name);
            return refuse(RefusalKind::Validation, message);
        }
        let version = self.state.version;
        let mut next = pipeline.clone();
        if let Some(current) = self.state.current() {
            next.version = version;
            if next == *current.pipeline {
                return Ok(Answer::Defined { version, changed: false });
            }
        }
        next.version = version + 1;
        if self.settings.cancel_on_edit {
            self.cancel_all(now);
        }
        let version = next.version;
        self.emit(now, Event::Defined { pipeline: Box::new(next), by: by.cloned() });
        for (stage, reason) in closed {
            self.transition(stage, TransitionSide::Inbound, Some(reason), by, now)?;
        }
        Ok(Answer::Defined { version, changed: true })
    }

    /// Cancels what is under way, other than in PARALLEL, where an execution keeps its definition.
    fn cancel_all(&mut self, now: Millis) {
        let live: Vec<u64> = self.state.live.iter().copied().collect();
        for number in live {
            let execution = &self.state.executions[&number];
            if self.state.definition_of(execution).parallel() {
                continue;
            }
            if let Place::In(place) = execution.place {
                self.give_up(number, place, true, ConditionStatus::Cancelled, now);
                self.end_stage(number, place, StageStatus::Cancelled, now);
            }
            let reason = "the definition changed".to_owned();
            self.end(number, ExecutionStatus::Cancelled, Some(reason), now);
        }
    }
}

/// What an execution could not go on with. All other rules are those of whoever reads definitions.
fn check(pipeline: &Pipeline) -> Result<(), Refusal> {
    let problem = pipeline_problem(pipeline);
    problem.map_or(Ok(()), |message| refuse(RefusalKind::Validation, message))
}

fn pipeline_problem(pipeline: &Pipeline) -> Option<String> {
    if pipeline.stages.is_empty() {
        return Some(format!("pipeline {} has no stages", pipeline.name));
    }
    let mut names = HashSet::new();
    if let Some(stage) = pipeline.stages.iter().find(|s| !names.insert(&s.name)) {
        return Some(format!("two stages have the name {}", stage.name));
    }
    pipeline.stages.iter().find_map(stage_problem)
}

fn stage_problem(stage: &Stage) -> Option<String> {
    let mut names = HashSet::new();
    if let Some(action) = stage.actions.iter().find(|a| !names.insert(&a.name)) {
        return Some(format!("stage {} has two actions {}", stage.name, action.name));
    }
    let kinds = [ConditionKind::BeforeEntry, ConditionKind::OnSuccess, ConditionKind::OnFailure];
    let mut declared = kinds.iter().filter_map(|kind| condition(stage, *kind));
    declared.find_map(|(condition, _)| {
        let mut names = HashSet::new();
        if let Some(rule) = condition.rules.iter().find(|r| !names.insert(&r.name)) {
            return Some(format!(
                "a condition of stage {} has two rules {}",
                stage.name, rule.name
            ));
        }
        condition.rules.iter().find_map(|rule| rule_problem(stage, rule))
    })
}

fn rule_problem(stage: &Stage, rule: &Rule) -> Option<String> {
    let provider = rule.rule_type_id.provider.as_str();
    let told = |why: String| Some(format!("rule {} of stage {}: {why}", rule.name, stage.name));
    let value = |key: &str| rule.configuration.get(key).map_or("", String::as_str);
    if !RULES.iter().any(|(known, _)| *known == provider) {
        let known: Vec<&str> = RULES.iter().map(|(known, _)| *known).collect();
        return told(format!("{provider} is not supported, only {}", known.join(", ")));
    }
    if provider == "DeploymentWindow" && !value("Cron").contains("#{") {
        return window::next(value("Cron"), value("TimeZone"), 0).err().and_then(told);
    }
    None
}
