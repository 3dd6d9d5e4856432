//! Which steps can be begun: those whose needs are done, a few of each operation at a time.
//!
//! Each operation has its own rate bucket at AWS. If one that has many steps took every place, the
//! others would wait behind it for nothing.

use crate::plan::{Plan, Step};
use std::collections::{BTreeMap, BTreeSet};

/// Steps of one operation that are under way at once: enough to keep its bucket busy.
const OF_ONE_OPERATION: usize = 8;

/// The steps that wait, are ready, or are under way.
pub(super) struct Ready {
    /// How many needs of a step are not done.
    waiting: Vec<usize>,
    dependents: Vec<Vec<usize>>,
    ready: BTreeSet<usize>,
    busy: BTreeMap<String, usize>,
}

impl Ready {
    pub(super) fn new(plan: &Plan, places: &BTreeMap<String, usize>) -> Self {
        let mut dependents = vec![Vec::new(); plan.steps.len()];
        let mut waiting = vec![0; plan.steps.len()];
        for (place, step) in plan.steps.iter().enumerate() {
            for need in &step.needs {
                // A need that the plan does not have can never be done; the step never begins.
                waiting[place] += 1;
                if let Some(need) = places.get(need) {
                    dependents[*need].push(place);
                }
            }
        }
        let ready = (0..waiting.len()).filter(|place| waiting[*place] == 0).collect();
        Self { waiting, dependents, ready, busy: BTreeMap::new() }
    }

    /// Takes the first step that can be begun now.
    pub(super) fn take(&mut self, steps: &[Step]) -> Option<usize> {
        let free = |place: &&usize| {
            let busy = self.busy.get(&steps[**place].call.operation);
            busy.is_none_or(|count| *count < OF_ONE_OPERATION)
        };
        let place = *self.ready.iter().find(free)?;
        self.ready.remove(&place);
        *self.busy.entry(steps[place].call.operation.clone()).or_default() += 1;
        Some(place)
    }

    /// A step that was taken is no longer under way.
    pub(super) fn ended(&mut self, step: &Step) {
        if let Some(count) = self.busy.get_mut(&step.call.operation) {
            *count = count.saturating_sub(1);
        }
    }

    /// A step is done: what needs it may be ready now.
    pub(super) fn done(&mut self, place: usize) {
        self.ready.remove(&place);
        for dependent in std::mem::take(&mut self.dependents[place]) {
            self.waiting[dependent] -= 1;
            if self.waiting[dependent] == 0 {
                self.ready.insert(dependent);
            }
        }
    }
}
