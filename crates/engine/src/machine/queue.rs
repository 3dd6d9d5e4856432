//! Between stages: who may enter, who waits, who is superseded.

use super::Machine;
use super::state::Place;
use crate::event::{Event, ExecutionStatus, Millis};
use trunkline_model::pipeline::ExecutionMode;

impl Machine {
    /// An execution that came before a stage enters it, or waits.
    pub(super) fn arrive(&mut self, number: u64, place: usize, now: Millis) {
        let execution = &self.state.executions[&number];
        let id = execution.start.execution.clone();
        let definition = self.state.definition_of(execution);
        let mode = definition.pipeline.execution_mode;
        let stage = definition.stage(place).name.clone();
        let nobody_waits = self.state.stages.get(&stage).is_none_or(|s| s.queue.is_empty());
        let rollback = execution.is_rollback() && self.free(number, &stage);
        if rollback || (nobody_waits && self.may_enter(number, place)) {
            return self.emit(now, Event::StageEntered { execution: id, stage });
        }
        if mode == ExecutionMode::Superseded {
            self.supersede(&stage, &id, now);
        }
        self.emit(now, Event::ExecutionWaits { execution: id, stage });
    }

    /// Ends those that wait before a stage: a newer one came.
    fn supersede(&mut self, stage: &str, newer: &str, now: Millis) {
        let waiting: Vec<u64> =
            self.state.stages.get(stage).map_or(vec![], |s| s.queue.iter().copied().collect());
        for number in waiting {
            let execution = &self.state.executions[&number];
            let mode = self.state.definition_of(execution).pipeline.execution_mode;
            if mode != ExecutionMode::Superseded || execution.is_rollback() {
                continue;
            }
            let event = Event::ExecutionEnded {
                execution: execution.start.execution.clone(),
                status: ExecutionStatus::Superseded,
                superseded_by: Some(newer.to_owned()),
                reason: None,
            };
            self.emit(now, event);
        }
    }

    /// Lets in who waits at the head of each line, the last stage first.
    pub(super) fn admit(&mut self, now: Millis) {
        let Some(definition) = self.state.current() else { return };
        let pipeline = definition.pipeline.clone();
        let removed: Vec<String> = self
            .state
            .stages
            .iter()
            .filter(|(name, s)| !s.queue.is_empty() && definition.place(name).is_none())
            .map(|(name, _)| name.clone())
            .collect();
        let current = pipeline.stages.iter().rev().map(|s| &s.name);
        for stage in current.chain(&removed) {
            while let Some(number) = self.head(stage) {
                let execution = &self.state.executions[&number];
                let Place::Before(place) = execution.place else { break };
                if !self.may_enter(number, place) {
                    break;
                }
                let execution = execution.start.execution.clone();
                self.emit(now, Event::StageEntered { execution, stage: stage.clone() });
            }
        }
    }

    fn head(&self, stage: &str) -> Option<u64> {
        self.state.stages.get(stage)?.queue.front().copied()
    }

    /// Whether the stage's lock is free, or does not concern this execution.
    fn free(&self, number: u64, stage: &str) -> bool {
        let parallel = self.state.definition_of(&self.state.executions[&number]).parallel();
        parallel || self.state.stages.get(stage).is_none_or(|s| s.lock.is_none())
    }

    /// Whether lock and transitions let an execution in.
    fn may_enter(&self, number: u64, place: usize) -> bool {
        let definition = self.state.definition_of(&self.state.executions[&number]);
        let stage = &definition.stage(place).name;
        let before = place.checked_sub(1).map(|before| &definition.stage(before).name);
        let state = |name: &String| self.state.stages.get(name);
        let open = state(stage).is_none_or(|s| s.inbound.is_none())
            && before.and_then(state).is_none_or(|s| s.outbound.is_none());
        open && self.free(number, stage)
    }
}
