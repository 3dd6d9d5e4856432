//! What is told while a run goes on: the call that is made, the steps that are done, the time left.

use crate::clock::Stopwatch;
use crate::printer::Printer;
use crate::progress::Progress;
use crate::render::plan::steps;
use trunkline_center::apply::{Machine, Progress as Step};

/// Tells how far a run is.
pub(super) struct Telling<'a> {
    progress: Progress<'a>,
    watch: Stopwatch,
    steps: usize,
    /// Steps that an earlier process has done.
    before: usize,
}

impl<'a> Telling<'a> {
    pub(super) fn new(printer: &'a Printer, machine: &Machine) -> Self {
        let (steps, before) = (machine.plan().steps.len(), machine.done_count());
        Self { progress: Progress::new(printer), watch: Stopwatch::start(), steps, before }
    }

    /// Calls done, calls left, and the time that they will take at the speed so far.
    pub(super) fn tell(&mut self, step: Step) {
        match step {
            Step::Calling(kind, name, _) => self.progress.update(&format!("  … {kind} {name}")),
            Step::Done(done, _) => {
                let elapsed = self.watch.elapsed().as_secs_f64();
                let here = done.saturating_sub(self.before).max(1);
                let left = (self.steps - done) as f64 * elapsed / here as f64;
                self.progress
                    .update(&format!("  {done} of {}, about {left:.0} s left", steps(self.steps)));
            }
        }
    }

    /// Says how it ended, and how long it took.
    pub(super) fn end(&self, line: &str) {
        let seconds = self.watch.elapsed().as_secs_f64();
        self.progress.state(&format!("{line} in {seconds:.1} s"));
    }
}
