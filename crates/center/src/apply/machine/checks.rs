//! The reads before writes: whether what a step overwrites is as the plan saw it.
//!
//! Everything that people use is looked at before the first step that anybody notices, so that an apply
//! which has to stop stops before it. Each step looks once more right before its write.

use super::{Effect, Machine, Purpose, State};
use crate::apply::event::StepResult;
use crate::apply::recognise::{self, Seen};
use crate::cloud::{Answer, Call, CallError};
use crate::document::subject;
use crate::plan::{Check, StepCall, Survey};
use trunkline_model::{Diagnostic, Report};

/// The reads before the first step that anybody notices.
#[derive(Debug, Default)]
pub(super) struct Surveys {
    waiting: Vec<Survey>,
    flying: Vec<Survey>,
}

impl Machine {
    /// The reads of the survey that can be made now, at most `limit`.
    pub(super) fn survey(&mut self, limit: usize) -> Vec<Effect> {
        if self.surveys.is_none() {
            let left = |place: &usize| matches!(self.progress[*place].state, State::Waiting);
            let mut waiting = self.plan.surveys();
            waiting.iter_mut().for_each(|s| s.steps.retain(left));
            waiting.retain(|s| !s.steps.is_empty());
            self.surveys = Some(Surveys { waiting, flying: Vec::new() });
        }
        let mut effects = Vec::new();
        while effects.len() < limit && self.failures.is_empty() {
            let Some(survey) = self.surveys.as_mut().and_then(|s| s.waiting.pop()) else { break };
            // What cannot be read yet is read right before its write.
            let Ok(input) = self.resolved(survey.steps[0], &survey.input) else { continue };
            let call = Call::new("connect", &survey.operation, input);
            effects.push(Effect { step: survey.steps[0], purpose: Purpose::Survey, call });
            self.surveys.iter_mut().for_each(|s| s.flying.push(survey.clone()));
        }
        effects
    }

    /// Whether everything that people use was looked at.
    pub(super) fn is_surveyed(&self) -> bool {
        self.surveys.as_ref().is_some_and(|s| s.waiting.is_empty() && s.flying.is_empty())
    }

    pub(super) fn surveyed(
        &mut self,
        place: usize,
        answer: Result<Answer, CallError>,
    ) -> Vec<Effect> {
        let flying = self.surveys.as_mut().map(|s| &mut s.flying);
        let survey = flying.and_then(|all| {
            let at = all.iter().position(|s| s.steps.first() == Some(&place))?;
            Some(all.swap_remove(at))
        });
        for place in survey.map(|s| s.steps).unwrap_or_default() {
            if let Err(report) = self.judged(place, &answer) {
                self.fail(place, report);
                // One resource is told of once.
                break;
            }
        }
        Vec::new()
    }

    /// Begins the step's current call: with a read where it overwrites something.
    pub(super) fn begin(&mut self, place: usize) -> Vec<Effect> {
        let Some(check) = self.step(place).check.clone() else { return self.write(place) };
        match self.resolved(place, &check.input) {
            Ok(input) => {
                let call = Call::new("connect", &check.operation, input);
                vec![Effect { step: place, purpose: Purpose::Check, call }]
            }
            Err(report) => {
                self.fail(place, report);
                Vec::new()
            }
        }
    }

    pub(super) fn checked(
        &mut self,
        place: usize,
        answer: Result<Answer, CallError>,
    ) -> Vec<Effect> {
        match self.judged(place, &answer) {
            Ok(Seen::AsSent) => {
                let draft = self.progress[place].draft_call.is_some();
                self.finish(place, if draft { StepResult::Draft } else { StepResult::Adopted })
            }
            Ok(_) => self.write(place),
            Err(report) => {
                self.fail(place, report);
                Vec::new()
            }
        }
    }

    /// What a read says of a step: it may be sent, it was sent already, or it must not be.
    fn judged(&self, place: usize, answer: &Result<Answer, CallError>) -> Result<Seen, Report> {
        let step = self.step(place);
        let how = match (answer, &step.check) {
            (Ok(answer), Some(check)) => match self.seen(place, check, answer) {
                Seen::Moved => "changed",
                seen => return Ok(seen),
            },
            (Err(error), _) if !error.is("ResourceNotFoundException") => {
                return Err(recognise::failure(step, &self.plan.target, error));
            }
            (Err(_), _) => "is gone",
            (Ok(_), None) => return Ok(Seen::Unchanged),
        };
        let who = subject(&step.kind, &step.name);
        Err(Diagnostic::error("TL0502", format!("{who} {how} since the plan"))
            .on(who)
            .because("somebody changed the instance after the plan was made")
            .help("plan again and look at what changed")
            .report())
    }

    fn seen(&self, place: usize, check: &Check, answer: &Answer) -> Seen {
        let step = self.step(place);
        if !self.progress[place].in_doubt {
            let same = recognise::is_unchanged(step, check, &answer.output);
            return if same { Seen::Unchanged } else { Seen::Moved };
        }
        // Any of its calls may be the one that took effect; the current one was the last.
        let own: &StepCall = self.current_call(place);
        let sent = self.resolved(place, &own.input).unwrap_or_default();
        recognise::seen(step, check, &sent, &answer.output)
    }
}
