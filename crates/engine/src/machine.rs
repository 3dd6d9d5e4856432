//! The state machine of one pipeline: what CodePipeline does, without doing it.
//!
//! Commands (`decide`), outcomes (`outcome`), recovery (`recover`) and what follows by itself
//! (`advance`) make events, which are applied at once and wait in `take` to be committed. `replay` is
//! the same application without the decisions. Time and ids are parameters.

use crate::action::{ActionOutcome, ActionRun};
use crate::command::{Answer, Command, Refusal};
use crate::event::{Millis, Recorded};
use crate::ports::Ids;
use crate::settings::Settings;

/// A pipeline.
#[derive(Clone, Debug)]
pub struct Machine {
    settings: Settings,
    pending: Vec<Recorded>,
}

impl Machine {
    /// A pipeline of which nothing is known.
    pub fn new(_name: &str, settings: Settings) -> Self {
        Self { settings, pending: Vec::new() }
    }

    /// Applies a stored event.
    pub fn replay(&mut self, _recorded: &Recorded) {}

    /// Does what a person asks, or refuses and changes nothing.
    pub fn decide(
        &mut self,
        _command: &Command,
        _now: Millis,
        _ids: &mut dyn Ids,
    ) -> Result<Answer, Refusal> {
        Ok(Answer::Done)
    }

    /// Takes the end of an action or rule. What is no longer awaited is ignored.
    pub fn outcome(&mut self, _action_execution: &str, _outcome: ActionOutcome, _now: Millis) {}

    /// Does what follows by itself.
    pub fn advance(&mut self, _now: Millis, _ids: &mut dyn Ids) {}

    /// When `advance` has something to do although nothing happened.
    pub fn wakes_at(&self) -> Option<Millis> {
        None
    }

    /// The actions and rules under way, after a start of the server.
    pub fn recover(&mut self, _now: Millis) -> Vec<ActionRun> {
        Vec::new()
    }

    /// The events that are to be committed.
    pub fn take(&mut self) -> Vec<Recorded> {
        std::mem::take(&mut self.pending)
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}
