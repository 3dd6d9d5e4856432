//! What is told outside of the state: the run of an action, the row of an execution.

use super::Machine;
use super::definition::manual;
use super::state::{Execution, Place};
use crate::action::{ActionRun, ArtifactRef};
use crate::event::{ActionStatus, ConditionStatus};
use crate::ports::ExecutionRow;
use trunkline_model::pipeline::{ActionType, ActionVariable, ArtifactName, Category, Rule};

impl Machine {
    /// What an action or rule that is under way needs to be carried out. Nothing where it has ended,
    /// or is evaluated by the machine itself.
    pub fn run(&self, execution: &str, action_execution: &str) -> Option<ActionRun> {
        let execution = &self.state.executions[&self.state.number(execution)?];
        let Place::In(place) = execution.place else { return None };
        let run = execution.stages.get(&place)?;
        let mut slots = run.actions.iter();
        let slot = slots.position(|a| a.as_ref().is_some_and(|a| a.id == action_execution));
        match slot {
            Some(slot) => self.action_run(execution, place, slot),
            None => self.rule_run(execution, place, action_execution),
        }
    }

    fn action_run(&self, execution: &Execution, place: usize, slot: usize) -> Option<ActionRun> {
        let state = execution.stages[&place].actions[slot].as_ref()?;
        if state.status != ActionStatus::InProgress {
            return None;
        }
        let definition = self.state.definition_of(execution);
        let stage = definition.stage(place);
        let action = &stage.actions[slot];
        let mut configuration = action.configuration.clone();
        configuration.extend(state.resolved.iter().map(|(k, v)| (k.clone(), v.clone())));
        let environment = action.environment_variables.iter().map(|variable| {
            let value = state.environment.get(&variable.name).unwrap_or(&variable.value).clone();
            ActionVariable { value, ..variable.clone() }
        });
        let source = action.action_type_id.category == Category::Source;
        let asked =
            execution.start.source_revisions.iter().filter(|r| r.action_name == action.name);
        Some(ActionRun {
            pipeline: self.state.name.clone(),
            version: execution.start.version,
            execution: execution.start.execution.clone(),
            stage: stage.name.clone(),
            action: action.name.clone(),
            rule: None,
            action_execution: state.id.clone(),
            attempt: state.attempt,
            recovered: state.attempt > 1,
            type_id: action.action_type_id.clone(),
            configuration,
            commands: action.commands.clone(),
            environment: environment.collect(),
            inputs: inputs(execution, &action.input_artifacts),
            outputs: action.output_artifacts.clone(),
            output_variables: action.output_variables.clone(),
            source_revisions: if source { asked.cloned().collect() } else { Vec::new() },
            trigger: execution.start.trigger.clone(),
            rollback_target: execution.start.rollback.as_ref().map(|r| r.target.clone()),
            role_arn: action.role_arn.clone(),
            pipeline_role_arn: definition.pipeline.role_arn.clone(),
            region: action.region.clone(),
            deadline: state.deadline,
            token: state.token.clone().filter(|_| manual(action)),
        })
    }

    fn rule_run(&self, execution: &Execution, place: usize, id: &str) -> Option<ActionRun> {
        let definition = self.state.definition_of(execution);
        let stage = definition.stage(place);
        let (kind, name, state) =
            execution.stages[&place].conditions.iter().find_map(|(kind, condition)| {
                let mut rules = condition.rules.iter();
                rules.find(|(_, r)| r.id == id).map(|(name, rule)| (*kind, name, rule))
            })?;
        let (declared, _) = super::definition::condition(stage, kind)?;
        let rule: &Rule = declared.rules.iter().find(|r| &r.name == name)?;
        let provider = &rule.rule_type_id.provider;
        let outside = super::conditions::RULES.iter().any(|(known, out)| known == provider && *out);
        if state.status != ConditionStatus::InProgress || !outside {
            return None;
        }
        Some(ActionRun {
            pipeline: self.state.name.clone(),
            version: execution.start.version,
            execution: execution.start.execution.clone(),
            stage: stage.name.clone(),
            action: rule.name.clone(),
            rule: Some(kind),
            action_execution: state.id.clone(),
            attempt: state.attempt,
            recovered: state.attempt > 1,
            type_id: ActionType {
                category: Category::Compute,
                owner: "AWS".to_owned(),
                provider: provider.clone(),
                version: "1".to_owned(),
            },
            configuration: state.configuration.clone(),
            commands: rule.commands.clone(),
            environment: Vec::new(),
            inputs: inputs(execution, &rule.input_artifacts),
            outputs: Vec::new(),
            output_variables: Vec::new(),
            source_revisions: Vec::new(),
            trigger: execution.start.trigger.clone(),
            rollback_target: execution.start.rollback.as_ref().map(|r| r.target.clone()),
            role_arn: rule.role_arn.clone(),
            pipeline_role_arn: definition.pipeline.role_arn.clone(),
            region: rule.region.clone(),
            deadline: state.deadline,
            token: None,
        })
    }

    /// The row of an execution as it is now.
    pub(super) fn row(&self, number: u64) -> ExecutionRow {
        let execution = &self.state.executions[&number];
        ExecutionRow {
            id: execution.start.execution.clone(),
            status: execution.status,
            status_summary: execution.reason.clone(),
            started_at: execution.started_at,
            updated_at: execution.updated_at,
            version: execution.start.version,
            mode: self.state.definition_of(execution).pipeline.execution_mode,
            trigger: execution.start.trigger.clone(),
            rollback_target: execution.start.rollback.as_ref().map(|r| r.target.clone()),
            variables: execution.start.variables.clone(),
            source_revisions: execution.start.source_revisions.clone(),
            revisions: execution.revisions.clone(),
            artifacts: execution.artifacts.values().cloned().collect(),
            namespaces: execution.namespaces.clone(),
            succeeded_stages: execution.succeeded_stages.clone(),
        }
    }
}

fn inputs(execution: &Execution, names: &[ArtifactName]) -> Vec<ArtifactRef> {
    names.iter().filter_map(|a| execution.artifacts.get(&a.name)).cloned().collect()
}
