//! What follows where an answer was lost and the service refuses the second try: is what is there ours?

use super::{Effect, Machine, Purpose};
use crate::apply::event::StepResult;
use crate::apply::recognise;
use crate::cloud::{Answer, Call, CallError};
use crate::plan::{Action, StepCall};
use crate::snapshot::call_failed;
use serde_json::{Value, json};

impl Machine {
    /// What follows from a refusal that says that the call may have taken effect before; None: nothing does.
    pub(super) fn took_effect_before(
        &mut self,
        place: usize,
        error: &CallError,
    ) -> Option<Vec<Effect>> {
        let step = self.step(place);
        if recognise::is_associated_already(step, error) {
            return Some(self.finish(place, StepResult::Adopted));
        }
        let taken = ["DuplicateResourceException", "ResourceConflictException"];
        let create = step.action == Action::Create && taken.iter().any(|code| error.is(code));
        if create || error.is(taken[0]) {
            return Some(self.locate(place, None));
        }
        let sent = self.resolved(place, &step.call.input).ok()?;
        let call = recognise::confirm_call(step, &sent, error)?;
        self.progress[place].refusal = Some(error.clone());
        Some(vec![Effect { step: place, purpose: Purpose::Confirm, call }])
    }

    pub(super) fn locate(&mut self, place: usize, token: Option<&str>) -> Vec<Effect> {
        let Some(adopt) = self.step(place).adopt.clone() else {
            let step = self.step(place);
            let report = recognise::stranger(step);
            self.fail(place, report);
            return Vec::new();
        };
        let mut input = match self.resolved(place, &adopt.list_input) {
            Ok(input) => input,
            Err(report) => {
                self.fail(place, report);
                return Vec::new();
            }
        };
        input["InstanceId"] = json!(self.instance.id);
        if let Some(token) = token {
            input["NextToken"] = json!(token);
        }
        let call = Call::new("connect", &adopt.list.0, input);
        vec![Effect { step: place, purpose: Purpose::Locate, call }]
    }

    pub(super) fn located(
        &mut self,
        place: usize,
        answer: Result<Answer, CallError>,
    ) -> Vec<Effect> {
        let output = match answer {
            Ok(answer) => answer.output,
            Err(error) => {
                self.fail(place, call_failed(&error));
                return Vec::new();
            }
        };
        let step = self.step(place);
        let rows = recognise::rows_of(step, &output);
        self.progress[place].found.extend(rows);
        match output.get("NextToken").and_then(Value::as_str) {
            Some(token) => self.locate(place, Some(token)),
            None => self.look_at(place),
        }
    }

    /// Describes the last of the rows that were found.
    fn look_at(&mut self, place: usize) -> Vec<Effect> {
        let Some(entry) = self.progress[place].found.last() else { return self.stranger(place) };
        let sent = self.resolved(place, &self.current_call(place).input).unwrap_or_default();
        match recognise::describe_call(self.step(place), &sent, &entry.id, &self.instance.id) {
            Some(call) => vec![Effect { step: place, purpose: Purpose::Recognise, call }],
            None => self.stranger(place),
        }
    }

    pub(super) fn recognised(
        &mut self,
        place: usize,
        answer: Result<Answer, CallError>,
    ) -> Vec<Effect> {
        let found = self.progress[place].found.pop();
        let created = answer.ok().and_then(|answer| self.created_by(place, &answer.output));
        match (found, created) {
            (Some(entry), Some(call)) => {
                self.progress[place].draft_call = call;
                self.progress[place].made = entry.clone();
                self.provide(place, entry);
                let more = call.map(|n| n + 1);
                if let Some(next) = more.filter(|n| *n < self.step(place).as_draft.len()) {
                    self.progress[place].draft_call = Some(next);
                    return self.write(place);
                }
                let draft = call.is_some();
                self.finish(place, if draft { StepResult::Draft } else { StepResult::Adopted })
            }
            // Names can be taken more than once, each within something else.
            _ => self.look_at(place),
        }
    }

    /// Which of the step's calls made what is there: its own, or one of those that make a draft.
    fn created_by(&self, place: usize, output: &Value) -> Option<Option<usize>> {
        let step = self.step(place);
        let drafts = step.as_draft.iter().enumerate().map(|(n, call)| (Some(n), call));
        let creates = std::iter::once((None, &step.call)).chain(drafts);
        let mut creates = creates.filter(|(_, call)| call.operation == step.call.operation);
        let made = |call: &StepCall| {
            let sent = self.resolved(place, &call.input).ok()?;
            recognise::is_ours(step, &sent, output).then_some(())
        };
        creates.find(|(_, call)| made(call).is_some()).map(|(number, _)| number)
    }

    /// Looks whether what is associated already is what was sent.
    pub(super) fn confirmed(
        &mut self,
        place: usize,
        answer: Result<Answer, CallError>,
    ) -> Vec<Effect> {
        let sent = self.resolved(place, &self.step(place).call.input).unwrap_or_default();
        let there = match &answer {
            Ok(answer) => recognise::is_confirmed(self.step(place), &sent, &answer.output),
            Err(_) => false,
        };
        if there {
            return self.finish(place, StepResult::Adopted);
        }
        let refusal = self.progress[place].refusal.take();
        if let Some(error) = answer.err().or(refusal) {
            let report = recognise::failure(self.step(place), &self.plan.target, &error);
            self.fail(place, report);
        }
        Vec::new()
    }

    fn stranger(&mut self, place: usize) -> Vec<Effect> {
        let report = recognise::stranger(self.step(place));
        self.fail(place, report);
        Vec::new()
    }
}
