//! The apply as a state machine without IO: it says which calls to make, and is told what came back.
//!
//! The driver must make the events of `take_events` durable before it makes the calls of `next`.
//! `checks` has the reads before writes, `adopt` what follows where an answer was lost.

mod adopt;
mod checks;

use self::checks::{Reads, Surveys};
use super::event::{Event, StepResult};
use super::ready::Ready;
use super::recognise;
use crate::bindings::Bindings;
use crate::cloud::{Answer, Call, CallError, CallErrorKind};
use crate::document::subject;
use crate::plan::{Action, Plan, Step, StepCall};
use crate::resolve::Resolver;
use crate::resource::{Entry, Instance, Names};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::collections::BTreeMap;
use trunkline_model::{Diagnostic, Report};

/// How often a write is sent again when its answer was lost.
const TRIES_AT_MOST: u32 = 4;

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reads what steps are going to overwrite, before the first one that anybody notices; its number.
    Survey(usize),
    /// Reads what the step is about to overwrite.
    Check,
    /// Does what the step is for.
    Write,
    /// Lists, to find a resource whose create may have taken effect.
    Locate,
    /// Describes it, to see whether it is ours.
    Recognise,
    /// Lists, to see whether an association whose answer was lost took effect.
    Confirm,
}

/// A call to make.
#[derive(Clone, Debug)]
pub struct Effect {
    /// The step, by its place in the plan; of a survey, the first of its steps.
    pub step: usize,
    /// What the call is for.
    pub purpose: Purpose,
    /// The call.
    pub call: Call,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Waiting,
    Busy,
    Done(StepResult),
    Failed,
}

#[derive(Clone, Debug)]
struct Progress {
    state: State,
    /// Begun before, and nobody knows whether it took effect.
    in_doubt: bool,
    tries: u32,
    /// The call that the journal knows of: which of `draft_call`'s.
    announced: Option<Option<usize>>,
    /// Which of the calls is made: None the step's own, otherwise one of `as_draft`.
    draft_call: Option<usize>,
    /// The reads before the write.
    reads: Reads,
    made: Entry,
    /// Rows of a List that have the name; the last one is being looked at.
    found: Vec<Entry>,
    /// The refusal that a read is to explain.
    refusal: Option<CallError>,
    /// Somebody was told that it stays a draft.
    warned: bool,
}

/// The state of one apply.
pub struct Machine {
    plan: Plan,
    instance: Instance,
    names: Names,
    progress: Vec<Progress>,
    places: BTreeMap<String, usize>,
    ready: Ready,
    /// The reads before the first step that anybody notices; None as long as nothing has begun.
    surveys: Option<Surveys>,
    events: Vec<Event>,
    failures: Vec<Diagnostic>,
    /// Flows and modules that stayed drafts, with the service's problems.
    drafts: Vec<Diagnostic>,
}

impl Machine {
    /// Starts with nothing done. The instance is the plan's.
    pub fn new(plan: Plan, instance: Instance) -> Self {
        let fresh = Progress {
            state: State::Waiting,
            in_doubt: false,
            tries: 0,
            announced: None,
            draft_call: None,
            reads: Reads::default(),
            made: Entry::default(),
            found: Vec::new(),
            refusal: None,
            warned: false,
        };
        let places: BTreeMap<String, usize> =
            plan.steps.iter().enumerate().map(|(i, s)| (s.id.clone(), i)).collect();
        let ready = Ready::new(&plan, &places);
        let progress = vec![fresh; plan.steps.len()];
        let names = Names::default();
        let (events, failures, drafts) = (Vec::new(), Vec::new(), Vec::new());
        let surveys = None;
        Self { plan, instance, names, progress, places, ready, surveys, events, failures, drafts }
    }

    /// Replays what an earlier run of the same plan journalled.
    pub fn replay<'a>(&mut self, events: impl IntoIterator<Item = &'a Event>) {
        for event in events {
            match event {
                Event::StepStarted { step, call, .. } => {
                    if let Some(place) = self.places.get(step) {
                        let progress = &mut self.progress[*place];
                        progress.in_doubt = true;
                        // What is written instead of publishing is begun anew: what is there is known again.
                        progress.draft_call = (*call > 0).then_some(0);
                    }
                }
                Event::StepDone { step, result, id, arn, .. } => {
                    if let Some(place) = self.places.get(step).copied() {
                        let made = Entry { id: id.clone(), arn: arn.clone() };
                        self.done(place, *result, made);
                        if *result == StepResult::Draft {
                            self.warn_of_draft(place, None);
                        }
                    }
                }
                Event::StepFailed { step, in_doubt, .. } => {
                    if let Some(place) = self.places.get(step) {
                        let progress = &mut self.progress[*place];
                        progress.in_doubt = *in_doubt;
                        progress.draft_call = progress.draft_call.filter(|_| *in_doubt);
                    }
                }
                Event::Started { .. }
                | Event::Resumed { .. }
                | Event::Superseded { .. }
                | Event::Ended { .. } => {}
            }
        }
    }

    /// Calls that can be made now, at most `limit`; none once a step has failed.
    pub fn next(&mut self, limit: usize) -> Vec<Effect> {
        let mut effects = self.survey(limit);
        while effects.len() < limit && self.failures.is_empty() {
            let surveyed = self.is_surveyed();
            let Some(place) = self.ready.take(&self.plan.steps, surveyed) else { break };
            self.progress[place].state = State::Busy;
            effects.extend(self.begin(place));
        }
        effects
    }

    /// Takes an answer; returns the calls that follow from it at once.
    pub fn answer(
        &mut self,
        place: usize,
        purpose: Purpose,
        answer: Result<Answer, CallError>,
    ) -> Vec<Effect> {
        match purpose {
            Purpose::Survey(number) => self.surveyed(number, answer),
            Purpose::Check => self.checked(place, answer),
            Purpose::Write => self.written(place, answer),
            Purpose::Locate => self.located(place, answer),
            Purpose::Recognise => self.recognised(place, answer),
            Purpose::Confirm => self.confirmed(place, answer),
        }
    }

    /// Events that happened since the last time, oldest first.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// How many steps are done.
    pub fn done_count(&self) -> usize {
        self.progress.iter().filter(|p| matches!(p.state, State::Done(_))).count()
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What failed.
    pub fn failures(&self) -> &[Diagnostic] {
        &self.failures
    }

    /// What stayed a draft.
    pub fn drafts(&self) -> &[Diagnostic] {
        &self.drafts
    }

    fn step(&self, place: usize) -> &Step {
        &self.plan.steps[place]
    }

    fn resolved(&self, place: usize, input: &Value) -> Result<Value, Report> {
        let bindings = Bindings::default();
        let resolver =
            Resolver { instance: &self.instance, names: &self.names, bindings: &bindings };
        let mut input = input.clone();
        resolver.value(&mut input).map_err(|failures| {
            let step = self.step(place);
            let (path, why) = failures.into_iter().next().unwrap_or_else(|| {
                (String::new(), crate::resolve::Unresolved::Malformed(String::new()))
            });
            Diagnostic::error("TL0204", format!("a step refers to what is not there: {why:?}"))
                .on(subject(&step.kind, &step.name))
                .path(path)
                .report()
        })?;
        Ok(input)
    }

    fn current_call(&self, place: usize) -> &StepCall {
        let step = self.step(place);
        match self.progress[place].draft_call {
            Some(number) => &step.as_draft[number],
            None => &step.call,
        }
    }

    fn write(&mut self, place: usize) -> Vec<Effect> {
        let call = self.current_call(place).clone();
        let input = match self.resolved(place, &call.input) {
            Ok(input) => input,
            Err(report) => {
                self.fail(place, report);
                return Vec::new();
            }
        };
        let body = match &call.attachment {
            None => None,
            Some(name) => {
                let text = self.plan.attachments.get(name);
                match text.and_then(|t| STANDARD.decode(t).ok()) {
                    Some(bytes) => Some(bytes),
                    None => {
                        let lost = format!("the plan lacks the bytes {name}");
                        self.fail(place, Diagnostic::error("TL0404", lost).report());
                        return Vec::new();
                    }
                }
            }
        };
        self.progress[place].tries += 1;
        self.announce(place, &input);
        let StepCall { service, operation, .. } = call;
        let call = Call { service, operation, input, body };
        vec![Effect { step: place, purpose: Purpose::Write, call }]
    }

    /// Each call goes into the journal before it is made for the first time.
    fn announce(&mut self, place: usize, sent: &Value) {
        let now = Some(self.progress[place].draft_call);
        if self.progress[place].announced != now {
            self.progress[place].announced = now;
            let step = self.step(place);
            self.events.push(Event::StepStarted {
                step: step.id.clone(),
                wrote: recognise::wrote(step, sent, &Entry::default()),
                draft: recognise::draft_written(step, sent),
                call: self.progress[place].draft_call.map_or(0, |n| n + 1),
            });
        }
    }

    fn written(&mut self, place: usize, answer: Result<Answer, CallError>) -> Vec<Effect> {
        match answer {
            Ok(answer) => self.took_effect(place, &answer.output),
            Err(error) => self.refused(place, &error),
        }
    }

    fn took_effect(&mut self, place: usize, output: &Value) -> Vec<Effect> {
        let step = self.step(place);
        if let Some((id, arn)) = &step.made {
            let member = |name: &str| recognise::member_of(step, output, name);
            if let Some(id) = member(id) {
                let made = Entry { id, arn: member(arn).unwrap_or_default() };
                self.progress[place].made = made.clone();
                self.provide(place, made);
            }
        }
        let (drafts, now) = (self.step(place).as_draft.len(), self.progress[place].draft_call);
        match now {
            Some(number) if number + 1 < drafts => {
                self.progress[place].draft_call = Some(number + 1);
                self.write(place)
            }
            Some(_) => self.finish(place, StepResult::Draft),
            None => self.finish(place, StepResult::Done),
        }
    }

    fn refused(&mut self, place: usize, error: &CallError) -> Vec<Effect> {
        let step = self.step(place);
        let progress = &self.progress[place];
        let invalid = error.code.starts_with("InvalidContactFlow");
        if matches!(error.kind, CallErrorKind::Uncertain | CallErrorKind::Malformed) {
            let again = error.kind == CallErrorKind::Uncertain && progress.tries < TRIES_AT_MOST;
            self.progress[place].in_doubt = true;
            if again {
                return self.begin(place);
            }
        } else if error.kind == CallErrorKind::Refused {
            if invalid && progress.draft_call.is_none() && !step.as_draft.is_empty() {
                self.warn_of_draft(place, Some(error));
                self.progress[place].draft_call = Some(0);
                return self.write(place);
            }
            let gone = error.is("ResourceNotFoundException") && step.action == Action::Delete;
            if progress.in_doubt
                && let Some(effects) = self.took_effect_before(place, error)
            {
                return effects;
            }
            if gone {
                return self.finish(place, StepResult::Adopted);
            }
        }
        let report = recognise::failure(self.step(place), &self.plan.target, error);
        self.fail(place, report);
        Vec::new()
    }

    fn warn_of_draft(&mut self, place: usize, error: Option<&CallError>) {
        if !std::mem::replace(&mut self.progress[place].warned, true) {
            self.drafts.push(recognise::draft_warning(self.step(place), error));
        }
    }

    fn finish(&mut self, place: usize, result: StepResult) -> Vec<Effect> {
        if result == StepResult::Draft {
            self.warn_of_draft(place, None);
        }
        let made = self.progress[place].made.clone();
        let call = self.current_call(place).clone();
        let sent = self.resolved(place, &call.input).unwrap_or_default();
        self.events.push(Event::StepDone {
            step: self.step(place).id.clone(),
            result,
            id: made.id.clone(),
            arn: made.arn.clone(),
            wrote: recognise::wrote(self.step(place), &sent, &made),
            draft: recognise::draft_written(self.step(place), &sent),
        });
        self.done(place, result, made);
        Vec::new()
    }

    fn done(&mut self, place: usize, result: StepResult, made: Entry) {
        match self.progress[place].state {
            State::Busy => self.ready.ended(&self.plan.steps[place]),
            State::Done(_) => return,
            State::Waiting | State::Failed => {}
        }
        self.progress[place].state = State::Done(result);
        self.ready.done(place);
        self.provide(place, made);
    }

    fn provide(&mut self, place: usize, made: Entry) {
        if let (Some((kind, name)), true) = (self.step(place).provides.clone(), !made.id.is_empty())
        {
            self.names.insert(&kind, &name, made);
        }
    }

    fn fail(&mut self, place: usize, report: Report) {
        let progress = &mut self.progress[place];
        if progress.state == State::Busy {
            self.ready.ended(&self.plan.steps[place]);
        }
        progress.state = State::Failed;
        // A call of several that took effect stays, too.
        let in_doubt = progress.in_doubt || !progress.made.id.is_empty();
        for diagnostic in report.0 {
            self.events.push(Event::StepFailed {
                step: self.plan.steps[place].id.clone(),
                code: diagnostic.code.clone(),
                message: diagnostic.message.clone(),
                in_doubt,
            });
            self.failures.push(diagnostic);
        }
    }
}
