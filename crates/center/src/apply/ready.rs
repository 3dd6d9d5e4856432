//! Which steps can be begun: those of the phase whose needs are done, a few of each operation at a time.
//!
//! A phase begins when the ones before it are done, and those that people notice not before everything that
//! they overwrite was looked at.
//!
//! Each operation has its own rate bucket at AWS. If one that has many steps took every place, the
//! others would wait behind it for nothing.

use crate::plan::{PHASES, Phase, Plan, Step, phases};
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
    phases: Vec<Phase>,
    /// How many steps of each phase are not done, as `PHASES`.
    left: [usize; PHASES.len()],
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
        let phases = phases(&plan.steps);
        let left = PHASES.map(|phase| phases.iter().filter(|p| **p == phase).count());
        Self { waiting, dependents, ready, busy: BTreeMap::new(), phases, left }
    }

    /// Takes the first step that can be begun now; `surveyed` says whether what people use was looked at.
    pub(super) fn take(&mut self, steps: &[Step], surveyed: bool) -> Option<usize> {
        let current = PHASES.into_iter().zip(self.left).find(|(_, left)| *left > 0)?.0;
        if current > Phase::Quiet && !surveyed {
            return None;
        }
        let free = |place: &&usize| {
            let busy = self.busy.get(&steps[**place].call.operation);
            busy.is_none_or(|count| *count < OF_ONE_OPERATION)
        };
        let place = *self.ready.iter().filter(|i| self.phases[**i] == current).find(free)?;
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

    /// A step is done, for the first time: what needs it may be ready now.
    pub(super) fn done(&mut self, place: usize) {
        self.ready.remove(&place);
        let phase = PHASES.iter().position(|p| *p == self.phases[place]);
        let left = phase.map(|phase| &mut self.left[phase]);
        if let Some(left) = left {
            *left -= 1;
        }
        for dependent in std::mem::take(&mut self.dependents[place]) {
            self.waiting[dependent] -= 1;
            if self.waiting[dependent] == 0 {
                self.ready.insert(dependent);
            }
        }
    }
}
