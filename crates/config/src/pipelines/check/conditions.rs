//! Conditions of stages: how many, with which results, and their rules.

use super::names::NAME;
use super::providers::{Provider, RULES};
use super::variables::From;
use super::{Check, Spot};
use crate::suggest::nearest;
use crate::yaml::Node;
use std::collections::HashMap;
use trunkline_model::pipeline::ConditionResult::{self, Fail, Retry, Rollback, Skip};
use trunkline_model::pipeline::{Condition, ExecutionMode, Rule, Stage};

/// Where conditions stand, the results that they may have there, and what has ended by then.
const PLACES: &[(&str, &[ConditionResult], u32)] = &[
    ("beforeEntry", &[Fail, Skip], 0),
    ("onSuccess", &[Fail, Rollback], u32::MAX),
    ("onFailure", &[Rollback, Retry, Fail, Skip], u32::MAX),
];
const RULE_VALUE: usize = 10_000;

impl<'a, 'n> Check<'a, 'n> {
    /// Checks the conditions of all stages.
    pub(super) fn conditions(&mut self) {
        let nodes: Vec<&'n Node> = self.spots.stages.iter().map(|s| s.node).collect();
        for (at, (stage, node)) in self.pipeline.stages.iter().zip(nodes).enumerate() {
            self.m.enter("stage", &stage.name);
            for (key, results, order) in PLACES {
                if let Some(value) = self.m.get(node, key) {
                    self.m.enter("condition", key);
                    let from = From { stage: at, order: *order };
                    self.list(value, conditions(stage, key), (key, results), from);
                    self.m.leave();
                }
            }
            self.failure(at, stage, node);
            self.m.leave();
        }
    }

    fn list(
        &mut self,
        node: &'n Node,
        conditions: &[Condition],
        (key, results): (&str, &[ConditionResult]),
        from: From,
    ) {
        let there = self.m.get(node, "conditions").is_some();
        if conditions.len() != 1 && (there || key != "onFailure") {
            let spot = self.m.key_spot(node, "conditions");
            let message = format!("`{}` has exactly one condition", self.m.spell(key));
            self.m.error(spot, "TL0820", message);
        }
        for (condition, item) in conditions.iter().zip(self.m.maps(node, "conditions")) {
            if let Some(result) = condition.result {
                self.result(self.m.spot(item, "result"), key, result, results, from.stage);
            }
            let count = condition.rules.len();
            if !(1..=5).contains(&count) {
                let spot = self.m.key_spot(item, "rules");
                self.m.error(
                    spot,
                    "TL0820",
                    format!("a condition has 1 to 5 rules, here are {count}"),
                );
            }
            let mut seen = HashMap::new();
            for (rule, item) in condition.rules.iter().zip(self.m.maps(item, "rules")) {
                let spot = self.m.spot(item, "name");
                self.name(spot, "a rule", &rule.name, &NAME);
                self.unique(&mut seen, spot, "rules are", &rule.name);
                self.rule(item, rule, from);
            }
        }
    }

    fn result(
        &mut self,
        spot: Spot,
        key: &str,
        result: ConditionResult,
        allowed: &[ConditionResult],
        stage: usize,
    ) {
        let shown = word(result);
        if !allowed.contains(&result) {
            let words: Vec<&str> = allowed.iter().map(|r| word(*r)).collect();
            let message = format!("`{}` cannot have the result {shown}", self.m.spell(key));
            let found = self.m.error(spot, "TL0820", message);
            found.notes.push(format!("it has {}", words.join(" or ")));
        } else if result == Rollback {
            self.rollback(spot, stage);
        }
    }

    fn rollback(&mut self, spot: Spot, stage: usize) {
        if self.pipeline.execution_mode == ExecutionMode::Parallel {
            self.m.error(spot, "TL0820", "a pipeline that is PARALLEL cannot roll back");
        }
        if stage == 0 {
            self.m.error(spot, "TL0820", "the first stage cannot roll back");
        }
    }

    fn failure(&mut self, at: usize, stage: &Stage, node: &'n Node) {
        let (Some(failure), Some(value)) = (&stage.on_failure, self.m.get(node, "onFailure"))
        else {
            return;
        };
        let spot = self.m.spot(value, "result");
        if failure.result == Some(Rollback) {
            self.rollback(spot, at);
        }
        if failure.retry_configuration.is_some() && failure.result != Some(Retry) {
            let message = "a retry's mode has no effect without the result RETRY";
            let spot = self.m.key_spot(value, "retryConfiguration");
            self.m.warning(spot, "TL0824", message);
        }
        if failure.result.is_none() && failure.conditions.is_empty() {
            let message = "`onFailure` has neither a result nor a condition";
            self.m.error(value.spot, "TL0820", message);
        }
    }

    fn rule(&mut self, node: &'n Node, rule: &Rule, from: From) {
        self.references(node, from);
        self.rule_inputs(node, rule, from);
        let Some(id) = self.m.get(node, "ruleTypeId") else { return };
        let kind = &rule.rule_type_id;
        if !kind.category.is_empty() && kind.category != "Rule" {
            let spot = self.m.spot(id, "category");
            self.m.error(spot, "TL0812", "the category of a rule is `Rule`");
        }
        if kind.provider.is_empty() {
            return;
        }
        let spot = self.m.spot(id, "provider");
        let Some(provider) = RULES.iter().find(|p| p.name == kind.provider) else {
            let names: Vec<&str> = RULES.iter().map(|p| p.name).collect();
            let near = nearest(&kind.provider, names.iter().copied());
            let message = format!("there is no rule of {}", super::shorten(&kind.provider));
            let found = self.m.error(spot, "TL0812", message);
            found.help = near.map(|near| format!("did you mean `{near}`?"));
            found.notes.push(format!("rules are of {}", names.join(", ")));
            return;
        };
        if !provider.here {
            self.rule_not_here(spot, provider);
        }
        self.settings(node, &rule.configuration, provider, RULE_VALUE);
        self.commands(node, &rule.commands);
        if provider.name == "Commands" && rule.commands.is_empty() {
            self.m.missing(node, "commands", "a rule of Commands");
        }
    }

    fn rule_not_here(&mut self, spot: Spot, provider: &Provider) {
        let message = format!("a rule of {} is not carried out here", provider.name);
        let found = match self.options.to_run {
            true => self.m.error(spot, "TL0813", message),
            false => self.m.warning(spot, "TL0813", message),
        };
        let here: Vec<&str> = RULES.iter().filter(|p| p.here).map(|p| p.name).collect();
        found.notes.push(format!("rules of {} are", here.join(", ")));
    }

    fn rule_inputs(&mut self, node: &'n Node, rule: &Rule, from: From) {
        let places = self.places();
        for (artifact, item) in
            rule.input_artifacts.iter().zip(self.m.named(node, "inputArtifacts"))
        {
            let there = places.iter().any(|p| {
                let before =
                    p.at < from.stage || (p.at == from.stage && p.action.run_order < from.order);
                before && p.action.output_artifacts.iter().any(|o| o.name == artifact.name)
            });
            if !there {
                let spot = self.m.spot(item, "name");
                let name = super::shorten(&artifact.name);
                let message =
                    format!("the artifact `{name}` is not there when the rule is evaluated");
                self.m.error(spot, "TL0810", message);
            }
        }
    }
}

fn conditions<'s>(stage: &'s Stage, key: &str) -> &'s [Condition] {
    match key {
        "beforeEntry" => stage.before_entry.as_ref().map_or(&[], |c| &c.conditions),
        "onSuccess" => stage.on_success.as_ref().map_or(&[], |c| &c.conditions),
        _ => stage.on_failure.as_ref().map_or(&[], |c| &c.conditions),
    }
}

fn word(result: ConditionResult) -> &'static str {
    match result {
        Rollback => "ROLLBACK",
        Fail => "FAIL",
        Retry => "RETRY",
        Skip => "SKIP",
    }
}
