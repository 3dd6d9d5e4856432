//! Conditions of stages: their rules are evaluated together, and all of them must hold.
//!
//! DeploymentWindow and VariableCheck are evaluated here, Commands by the port for actions.

use super::Machine;
use super::definition::condition;
use super::resolve::Scope;
use crate::action::{ActionOutcome, FailureKind};
use crate::event::{ConditionKind, ConditionStatus, Event, Millis};
use crate::ports::Ids;
use crate::settings::OnFailureEngages;
use crate::timeouts::MINUTE;
use crate::window;
use std::collections::BTreeMap;
use trunkline_model::pipeline::{ConditionResult, Rule};

/// The rules that a definition may have, and whether the port for actions evaluates them.
pub(super) const RULES: &[(&str, bool)] =
    &[("DeploymentWindow", false), ("VariableCheck", false), ("Commands", true)];

/// What a condition says.
pub(super) enum Verdict {
    /// There is none, or it asks for nothing.
    Passed,
    /// Its rules are evaluated.
    Waits,
    /// Its result applies.
    Engaged(ConditionResult),
}

/// The status of a rule that ended.
pub(crate) fn judged(outcome: &ActionOutcome) -> ConditionStatus {
    match &outcome.failure {
        None => ConditionStatus::Succeeded,
        Some(failure) if failure.kind == FailureKind::JobFailed => ConditionStatus::Failed,
        Some(_) => ConditionStatus::Errored,
    }
}

impl Machine {
    /// Begins a condition, looks after it, and says what it says.
    pub(super) fn condition(
        &mut self,
        number: u64,
        place: usize,
        kind: ConditionKind,
        now: Millis,
        ids: &mut dyn Ids,
    ) -> Verdict {
        let execution = &self.state.executions[&number];
        let stage = self.state.definition_of(execution).stage(place);
        let Some((declared, result)) = condition(stage, kind) else { return Verdict::Passed };
        let status = execution.stages[&place].conditions.get(&kind).map(|c| c.status);
        let status = match status {
            None => {
                let rules = declared.rules.clone();
                self.begin_condition(number, place, kind, &rules, now, ids);
                self.judge(number, place, kind, now)
            }
            Some(ConditionStatus::InProgress) => self.judge(number, place, kind, now),
            Some(status) => status,
        };
        let when_met = kind == ConditionKind::OnFailure
            && self.settings.on_failure_engages == OnFailureEngages::WhenMet;
        match status {
            ConditionStatus::InProgress => Verdict::Waits,
            ConditionStatus::Overridden => Verdict::Passed,
            ConditionStatus::Succeeded if when_met => Verdict::Engaged(result),
            ConditionStatus::Succeeded => Verdict::Passed,
            _ if when_met => Verdict::Passed,
            _ => Verdict::Engaged(result),
        }
    }

    fn begin_condition(
        &mut self,
        number: u64,
        place: usize,
        condition: ConditionKind,
        rules: &[Rule],
        now: Millis,
        ids: &mut dyn Ids,
    ) {
        let execution = &self.state.executions[&number];
        let id = execution.start.execution.clone();
        let stage = self.state.definition_of(execution).stage(place).name.clone();
        let started =
            Event::ConditionStarted { execution: id.clone(), stage: stage.clone(), condition };
        self.emit(now, started);
        for rule in rules {
            let minutes = match (rule.timeout_in_minutes, rule.rule_type_id.provider.as_str()) {
                (Some(minutes), _) => minutes,
                (None, "DeploymentWindow") => self.settings.window_minutes,
                (None, _) => self.settings.rule_minutes,
            };
            let (configuration, problem) = match self.rule_settings(number, place, condition, rule)
            {
                Ok(configuration) => (configuration, None),
                Err(why) => (BTreeMap::new(), Some(why)),
            };
            let started = Event::RuleStarted {
                execution: id.clone(),
                stage: stage.clone(),
                condition,
                rule: rule.name.clone(),
                action_execution: ids.next(),
                configuration,
                deadline: now + Millis::from(minutes) * MINUTE,
            };
            self.emit(now, started);
            if let Some(why) = problem {
                let code = "UnresolvedVariable";
                let outcome = ActionOutcome::failed(FailureKind::ConfigurationError, code, why);
                self.end_rule(number, place, condition, &rule.name, outcome, now);
            }
        }
    }

    fn rule_settings(
        &self,
        number: u64,
        place: usize,
        condition: ConditionKind,
        rule: &Rule,
    ) -> Result<BTreeMap<String, String>, String> {
        let execution = &self.state.executions[&number];
        let definition = self.state.definition_of(execution);
        let run_order = if condition == ConditionKind::BeforeEntry { 0 } else { u32::MAX };
        let scope = Scope { definition, execution, stage: place, run_order };
        let mut configuration = rule.configuration.clone();
        configuration.extend(scope.changed(rule.configuration.iter())?);
        Ok(configuration)
    }

    /// Evaluates the rules that are evaluated here; ends the condition when all of them ended.
    fn judge(
        &mut self,
        number: u64,
        place: usize,
        kind: ConditionKind,
        now: Millis,
    ) -> ConditionStatus {
        let execution = &self.state.executions[&number];
        let stage = self.state.definition_of(execution).stage(place);
        let Some((declared, _)) = condition(stage, kind) else { return ConditionStatus::Succeeded };
        let run = &execution.stages[&place].conditions[&kind];
        let mut ended = Vec::new();
        for rule in &declared.rules {
            let Some(state) = run.rules.get(&rule.name) else { continue };
            if state.status == ConditionStatus::InProgress
                && let Some(outcome) = self.evaluate(rule, &state.configuration, now + self.ahead)
            {
                ended.push((rule.name.clone(), outcome));
            }
        }
        for (rule, outcome) in ended {
            self.end_rule(number, place, kind, &rule, outcome, now);
        }
        self.sum_up(number, place, kind, now)
    }

    fn sum_up(
        &mut self,
        number: u64,
        place: usize,
        condition: ConditionKind,
        now: Millis,
    ) -> ConditionStatus {
        let execution = &self.state.executions[&number];
        let rules = &execution.stages[&place].conditions[&condition].rules;
        let any = |status| rules.values().any(|r| r.status == status);
        let status = if any(ConditionStatus::InProgress) {
            return ConditionStatus::InProgress;
        } else if any(ConditionStatus::Errored) {
            ConditionStatus::Errored
        } else if rules.values().all(|r| r.status == ConditionStatus::Succeeded) {
            ConditionStatus::Succeeded
        } else {
            ConditionStatus::Failed
        };
        let stage = self.state.definition_of(execution).stage(place).name.clone();
        let execution = execution.start.execution.clone();
        self.emit(now, Event::ConditionEnded { execution, stage, condition, status, by: None });
        status
    }

    /// The outcome of a rule that is evaluated here; nothing while it has to wait.
    fn evaluate(
        &self,
        rule: &Rule,
        configuration: &BTreeMap<String, String>,
        wall: Millis,
    ) -> Option<ActionOutcome> {
        let value = |key: &str| configuration.get(key).map_or("", String::as_str);
        match rule.rule_type_id.provider.as_str() {
            "VariableCheck" => {
                Some(variable_check(value("Variable"), value("Operator"), value("Value")))
            }
            "DeploymentWindow" => match window::open(value("Cron"), value("TimeZone"), wall) {
                Ok(true) => Some(ActionOutcome::success()),
                Ok(false) if self.settings.window_waits => None,
                Ok(false) => Some(not_met("OutsideWindow", "it is outside of the window".into())),
                Err(why) => Some(mistaken(why)),
            },
            _ => None,
        }
    }

    pub(super) fn end_rule(
        &mut self,
        number: u64,
        place: usize,
        condition: ConditionKind,
        rule: &str,
        outcome: ActionOutcome,
        now: Millis,
    ) {
        let execution = &self.state.executions[&number];
        let ended = Event::RuleEnded {
            execution: execution.start.execution.clone(),
            stage: self.state.definition_of(execution).stage(place).name.clone(),
            condition,
            rule: rule.to_owned(),
            outcome: Box::new(outcome),
        };
        self.emit(now, ended);
    }
}

/// The rule VariableCheck.
fn variable_check(variable: &str, operator: &str, value: &str) -> ActionOutcome {
    let holds = match operator {
        "EQ" => variable == value,
        "NE" => variable != value,
        "CONTAINS" => variable.contains(value),
        "MATCHES" => match regex_lite::Regex::new(&format!("^(?:{value})$")) {
            Ok(pattern) => pattern.is_match(variable),
            Err(problem) => return mistaken(format!("\"{value}\" is no pattern: {problem}")),
        },
        other => return mistaken(format!("\"{other}\" is no operator")),
    };
    if holds {
        return ActionOutcome::success();
    }
    not_met("NotMet", format!("\"{variable}\" {operator} \"{value}\" does not hold"))
}

fn not_met(code: &str, why: String) -> ActionOutcome {
    ActionOutcome::failed(FailureKind::JobFailed, code, why)
}

fn mistaken(why: String) -> ActionOutcome {
    ActionOutcome::failed(FailureKind::ConfigurationError, "InvalidRule", why)
}
