//! A definition with what is asked of it often: groups of actions, and who owns a namespace.

use crate::event::ConditionKind;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::HashMap;
use std::sync::Arc;
use trunkline_model::pipeline::{
    Action, Category, Condition, ConditionResult, ExecutionMode, Pipeline, Stage,
};

/// A definition. Serialised as the pipeline alone.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) pipeline: Arc<Pipeline>,
    /// For each stage its groups in order; each the places of its actions.
    pub(crate) groups: Arc<Vec<Vec<Vec<usize>>>>,
    /// For each namespace the stage and run order of the action that fills it.
    pub(crate) owners: Arc<HashMap<String, (usize, u32)>>,
}

impl PartialEq for Definition {
    fn eq(&self, other: &Self) -> bool {
        self.pipeline == other.pipeline
    }
}

impl Serialize for Definition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.pipeline.as_ref().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Definition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Pipeline::deserialize(deserializer).map(Self::new)
    }
}

impl Definition {
    /// Prepares a pipeline.
    pub(crate) fn new(pipeline: Pipeline) -> Self {
        let groups = pipeline.stages.iter().map(groups_of).collect();
        let mut owners = HashMap::new();
        for (place, stage) in pipeline.stages.iter().enumerate() {
            for action in &stage.actions {
                if let Some(namespace) = &action.namespace {
                    owners.insert(namespace.clone(), (place, action.run_order));
                }
            }
        }
        Self { pipeline: Arc::new(pipeline), groups: Arc::new(groups), owners: Arc::new(owners) }
    }

    /// Whether executions do not notice each other.
    pub(crate) fn parallel(&self) -> bool {
        self.pipeline.execution_mode == ExecutionMode::Parallel
    }

    /// The place of a stage.
    pub(crate) fn place(&self, stage: &str) -> Option<usize> {
        self.pipeline.stages.iter().position(|s| s.name == stage)
    }

    /// A stage by its place.
    pub(crate) fn stage(&self, place: usize) -> &Stage {
        &self.pipeline.stages[place]
    }
}

/// The places of a stage's actions by run order.
fn groups_of(stage: &Stage) -> Vec<Vec<usize>> {
    let mut places: Vec<usize> = (0..stage.actions.len()).collect();
    places.sort_by_key(|place| stage.actions[*place].run_order);
    let same = |a: &usize, b: &usize| stage.actions[*a].run_order == stage.actions[*b].run_order;
    places.chunk_by(same).map(<[usize]>::to_vec).collect()
}

/// The condition of a stage, with what follows where it is engaged.
pub(crate) fn condition(
    stage: &Stage,
    kind: ConditionKind,
) -> Option<(&Condition, ConditionResult)> {
    let all = match kind {
        ConditionKind::BeforeEntry => stage.before_entry.as_ref().map(|c| &c.conditions),
        ConditionKind::OnSuccess => stage.on_success.as_ref().map(|c| &c.conditions),
        ConditionKind::OnFailure => stage.on_failure.as_ref().map(|f| &f.conditions),
    };
    let condition = all?.first()?;
    let own = stage.on_failure.as_ref().filter(|_| kind == ConditionKind::OnFailure);
    let result = condition.result.or(own.and_then(|f| f.result));
    Some((condition, result.unwrap_or(ConditionResult::Fail)))
}

/// Whether a person carries the action out.
pub(crate) fn manual(action: &Action) -> bool {
    action.action_type_id.category == Category::Approval
}
