//! The reads before writes: whether what a step overwrites is as the plan saw it.
//!
//! Everything that people use is looked at before the first step that anybody notices, so that an apply
//! which has to stop stops before it. Each step looks once more right before its write.

use super::{Effect, Machine, Purpose, State};
use crate::apply::event::StepResult;
use crate::apply::recognise::{self, Seen};
use crate::cloud::{Answer, Call, CallError};
use crate::document::subject;
use crate::plan::{Action, Check, StepCall, Survey};
use serde_json::Value;
use std::collections::BTreeMap;
use trunkline_model::{Diagnostic, Report};

/// The reads before the first step that anybody notices, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Surveys {
    waiting: Vec<usize>,
    flying: BTreeMap<usize, Pages>,
    all: Vec<Survey>,
}

/// How far the reads before one write are.
#[derive(Clone, Debug, Default)]
pub(super) struct Reads {
    /// Which of the step's checks is being made.
    at: usize,
    pages: Pages,
    /// One of them says that the write took effect.
    as_sent: bool,
}

/// The rows of a List answer that came so far.
#[derive(Clone, Debug, Default)]
struct Pages(Vec<Value>);

impl Pages {
    /// Takes a page. Returns the token of the next one; after the last one the answer has all rows.
    fn add(&mut self, items: &str, answer: &mut Result<Answer, CallError>) -> Option<String> {
        let output = answer.as_mut().ok()?.output.as_object_mut()?;
        if let Some(Value::Array(page)) = output.get_mut(items) {
            self.0.append(page);
        }
        let next = output.get("NextToken").and_then(Value::as_str).filter(|t| !t.is_empty());
        let next = next.map(str::to_owned);
        if next.is_none() {
            output.insert(items.to_owned(), Value::Array(std::mem::take(&mut self.0)));
        }
        next
    }
}

impl Machine {
    /// The reads of the survey that can be made now, at most `limit`.
    pub(super) fn survey(&mut self, limit: usize) -> Vec<Effect> {
        if self.surveys.is_none() {
            let left = |place: &usize| matches!(self.progress[*place].state, State::Waiting);
            let mut all = self.plan.surveys();
            all.iter_mut().for_each(|s| s.steps.retain(left));
            all.retain(|s| !s.steps.is_empty());
            let waiting = (0..all.len()).collect();
            self.surveys = Some(Surveys { waiting, flying: BTreeMap::new(), all });
        }
        let mut effects = Vec::new();
        while effects.len() < limit && self.failures.is_empty() {
            let Some(number) = self.surveys.as_mut().and_then(|s| s.waiting.pop()) else { break };
            // What cannot be read yet is read right before its write.
            let Some(effect) = self.survey_call(number, None) else { continue };
            effects.push(effect);
            self.surveys.iter_mut().for_each(|s| {
                s.flying.insert(number, Pages::default());
            });
        }
        effects
    }

    fn survey_call(&self, number: usize, token: Option<String>) -> Option<Effect> {
        let survey = self.surveys.as_ref()?.all.get(number)?;
        let step = survey.steps[0];
        let input = self.resolved(step, &survey.input).ok()?;
        let call = Call::new("connect", &survey.operation, with_token(input, token));
        Some(Effect { step, purpose: Purpose::Survey(number), call })
    }

    /// Whether everything that people use was looked at.
    pub(super) fn is_surveyed(&self) -> bool {
        self.surveys.as_ref().is_some_and(|s| s.waiting.is_empty() && s.flying.is_empty())
    }

    pub(super) fn surveyed(
        &mut self,
        number: usize,
        mut answer: Result<Answer, CallError>,
    ) -> Vec<Effect> {
        let surveys = self.surveys.as_mut();
        let flying = surveys.and_then(|s| {
            let survey = s.all.get(number)?.clone();
            Some((survey, s.flying.remove(&number)?))
        });
        let Some((survey, mut pages)) = flying else { return Vec::new() };
        if let Some(listed) = recognise::listed_by(self.step(survey.steps[0]), &survey.operation)
            && let Some(token) = pages.add(listed.items, &mut answer)
        {
            self.surveys.iter_mut().for_each(|s| {
                s.flying.insert(number, pages.clone());
            });
            return self.survey_call(number, Some(token)).into_iter().collect();
        }
        for place in survey.steps {
            let same = |c: &&Check| (&c.operation, &c.input) == (&survey.operation, &survey.input);
            let check = self.step(place).checks().find(same).cloned();
            // What names something that is not there yet is looked at right before its write.
            let Some(Ok(check)) = check.map(|c| self.ready(place, c)) else { continue };
            if let Err(report) = self.judged(place, &check, &answer) {
                self.fail(place, report);
                // One resource is told of once.
                break;
            }
        }
        Vec::new()
    }

    /// Begins the step's current call: with reads where it overwrites something.
    pub(super) fn begin(&mut self, place: usize) -> Vec<Effect> {
        self.progress[place].reads = Reads::default();
        self.read(place, None)
    }

    /// Makes the next read of the step; writes once nothing is left to be read.
    fn read(&mut self, place: usize, token: Option<String>) -> Vec<Effect> {
        let Reads { at, as_sent, .. } = self.progress[place].reads;
        let Some(check) = self.step(place).checks().nth(at) else {
            let draft = self.progress[place].draft_call.is_some();
            return match as_sent {
                true => {
                    self.finish(place, if draft { StepResult::Draft } else { StepResult::Adopted })
                }
                false => self.write(place),
            };
        };
        match self.resolved(place, &check.input) {
            Ok(input) => {
                let call = Call::new("connect", &check.operation, with_token(input, token));
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
        mut answer: Result<Answer, CallError>,
    ) -> Vec<Effect> {
        let at = self.progress[place].reads.at;
        let Some(check) = self.step(place).checks().nth(at).cloned() else { return Vec::new() };
        if let Some(listed) = recognise::listed_by(self.step(place), &check.operation)
            && let Some(token) = self.progress[place].reads.pages.add(listed.items, &mut answer)
        {
            return self.read(place, Some(token));
        }
        let judged = self.ready(place, check).and_then(|c| self.judged(place, &c, &answer));
        match judged {
            Ok(seen) => {
                let reads = &mut self.progress[place].reads;
                reads.at += 1;
                reads.as_sent |= seen == Seen::AsSent;
                self.read(place, None)
            }
            Err(report) => {
                self.fail(place, report);
                Vec::new()
            }
        }
    }

    /// A check with everything in it that stood for something else.
    fn ready(&self, place: usize, mut check: Check) -> Result<Check, Report> {
        for value in check.values_mut() {
            *value = self.resolved(place, value)?;
        }
        Ok(check)
    }

    /// What a read says of a step: it may be sent, it was sent already, or it must not be.
    fn judged(
        &self,
        place: usize,
        check: &Check,
        answer: &Result<Answer, CallError>,
    ) -> Result<Seen, Report> {
        let step = self.step(place);
        let how = match answer {
            Ok(answer) => match self.seen(place, check, answer) {
                Seen::Moved => "changed",
                seen => return Ok(seen),
            },
            Err(error) if !error.is("ResourceNotFoundException") => {
                return Err(recognise::failure(step, &self.plan.target, error));
            }
            // What is to go is gone.
            Err(_) if step.action == Action::Delete => return Ok(Seen::AsSent),
            Err(_) => "is gone",
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

/// The input for the page after the one that gave a token.
fn with_token(mut input: Value, token: Option<String>) -> Value {
    if let Some(token) = token {
        input["NextToken"] = Value::String(token);
    }
    input
}
