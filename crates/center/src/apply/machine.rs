//! The apply as a state machine without IO: it says which calls to make, and is told what came back.
//!
//! The driver must make the events of `take_events` durable before it makes the calls of `next`.

use super::event::{Event, StepResult};
use super::ready::Ready;
use super::recognise;
use crate::bindings::Bindings;
use crate::cloud::{Answer, Call, CallError, CallErrorKind};
use crate::document::subject;
use crate::plan::{Action, Plan, Step, StepCall};
use crate::resolve::Resolver;
use crate::resource::{Entry, Instance, Names};
use crate::snapshot::call_failed;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use trunkline_model::{Diagnostic, Report};

/// How often a write is sent again when its answer was lost.
const TRIES_AT_MOST: u32 = 4;

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reads what the step is about to overwrite.
    Check,
    /// Does what the step is for.
    Write,
    /// Lists, to find a resource whose create may have taken effect.
    Locate,
    /// Describes it, to see whether it is ours.
    Recognise,
}

/// A call to make.
#[derive(Clone, Debug)]
pub struct Effect {
    /// The step, by its place in the plan.
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
    made: Entry,
    /// Rows of a List that have the name; the last one is being looked at.
    found: Vec<Entry>,
}

/// The state of one apply.
pub struct Machine {
    plan: Plan,
    instance: Instance,
    names: Names,
    progress: Vec<Progress>,
    places: BTreeMap<String, usize>,
    ready: Ready,
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
            made: Entry::default(),
            found: Vec::new(),
        };
        let places: BTreeMap<String, usize> =
            plan.steps.iter().enumerate().map(|(i, s)| (s.id.clone(), i)).collect();
        let ready = Ready::new(&plan, &places);
        let progress = vec![fresh; plan.steps.len()];
        let names = Names::default();
        let (events, failures, drafts) = (Vec::new(), Vec::new(), Vec::new());
        Self { plan, instance, names, progress, places, ready, events, failures, drafts }
    }

    /// Replays what an earlier run of the same plan journalled.
    pub fn replay<'a>(&mut self, events: impl IntoIterator<Item = &'a Event>) {
        for event in events {
            match event {
                Event::StepStarted { step, .. } => {
                    if let Some(place) = self.places.get(step) {
                        self.progress[*place].in_doubt = true;
                    }
                }
                Event::StepDone { step, result, id, arn, .. } => {
                    if let Some(place) = self.places.get(step).copied() {
                        let made = Entry { id: id.clone(), arn: arn.clone() };
                        self.done(place, *result, made);
                    }
                }
                Event::StepFailed { step, .. } => {
                    if let Some(place) = self.places.get(step) {
                        self.progress[*place].in_doubt = false;
                    }
                }
                Event::Started { .. }
                | Event::Ended { .. }
                | Event::Resumed { .. }
                | Event::Superseded { .. } => {}
            }
        }
    }

    /// Calls that can be made now, at most `limit`; none once a step has failed.
    pub fn next(&mut self, limit: usize) -> Vec<Effect> {
        let mut effects = Vec::new();
        while effects.len() < limit && self.failures.is_empty() {
            let Some(place) = self.ready.take(&self.plan.steps) else { break };
            self.progress[place].state = State::Busy;
            let check = self.plan.steps[place].check.clone();
            match check.filter(|_| !self.progress[place].in_doubt) {
                Some(check) => match self.resolved(place, &check.input) {
                    Ok(input) => {
                        let call = Call::new("connect", &check.operation, input);
                        effects.push(Effect { step: place, purpose: Purpose::Check, call });
                    }
                    Err(report) => self.fail(place, report),
                },
                None => effects.extend(self.write(place)),
            }
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
            Purpose::Check => self.checked(place, answer),
            Purpose::Write => self.written(place, answer),
            Purpose::Locate => self.located(place, answer),
            Purpose::Recognise => self.recognised(place, answer),
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
            });
        }
    }

    fn checked(&mut self, place: usize, answer: Result<Answer, CallError>) -> Vec<Effect> {
        let step = self.step(place);
        let who = subject(&step.kind, &step.name);
        let same = match (&answer, &step.check) {
            (Ok(answer), Some(check)) => recognise::is_unchanged(step, check, &answer.output),
            _ => false,
        };
        match answer {
            Err(error) if !error.is("ResourceNotFoundException") => {
                let report = recognise::failure(step, &self.plan.target, &error);
                self.fail(place, report);
                Vec::new()
            }
            Ok(_) if same => self.write(place),
            moved => {
                let how = if moved.is_ok() { "changed" } else { "is gone" };
                let changed = Diagnostic::error("TL0502", format!("{who} {how} since the plan"))
                    .on(who)
                    .because("somebody changed the instance after the plan was made")
                    .help("plan again and look at what changed");
                self.fail(place, changed.report());
                Vec::new()
            }
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
        if error.kind == CallErrorKind::Uncertain && progress.tries < TRIES_AT_MOST {
            self.progress[place].in_doubt = true;
            return self.write(place);
        }
        if error.kind == CallErrorKind::Refused {
            if invalid && progress.draft_call.is_none() && !step.as_draft.is_empty() {
                self.drafts.push(recognise::draft_warning(step, error));
                self.progress[place].draft_call = Some(0);
                return self.write(place);
            }
            if progress.in_doubt && recognise::is_associated_already(step, error) {
                return self.finish(place, StepResult::Adopted);
            }
            if error.code == "DuplicateResourceException" && progress.in_doubt {
                return self.locate(place, None);
            }
            if error.code == "ResourceNotFoundException" && step.action == Action::Delete {
                return self.finish(place, StepResult::Adopted);
            }
        }
        let report = recognise::failure(step, &self.plan.target, error);
        self.fail(place, report);
        Vec::new()
    }

    fn locate(&mut self, place: usize, token: Option<&str>) -> Vec<Effect> {
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

    fn located(&mut self, place: usize, answer: Result<Answer, CallError>) -> Vec<Effect> {
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
        let sent = self.resolved(place, &self.step(place).call.input).unwrap_or_default();
        match recognise::describe_call(self.step(place), &sent, &entry.id, &self.instance.id) {
            Some(call) => vec![Effect { step: place, purpose: Purpose::Recognise, call }],
            None => self.stranger(place),
        }
    }

    fn recognised(&mut self, place: usize, answer: Result<Answer, CallError>) -> Vec<Effect> {
        let call = self.current_call(place).clone();
        let sent = self.resolved(place, &call.input).unwrap_or_default();
        let ours = match &answer {
            Ok(answer) => recognise::is_ours(self.step(place), &sent, &answer.output),
            Err(_) => false,
        };
        let found = self.progress[place].found.pop();
        match found {
            Some(entry) if ours => {
                self.progress[place].made = entry.clone();
                self.provide(place, entry);
                let more = self.progress[place].draft_call.map(|n| n + 1);
                if let Some(next) = more.filter(|n| *n < self.step(place).as_draft.len()) {
                    self.progress[place].draft_call = Some(next);
                    return self.write(place);
                }
                self.finish(place, StepResult::Adopted)
            }
            // Names can be taken more than once, each within something else.
            _ => self.look_at(place),
        }
    }

    fn stranger(&mut self, place: usize) -> Vec<Effect> {
        let report = recognise::stranger(self.step(place));
        self.fail(place, report);
        Vec::new()
    }

    fn finish(&mut self, place: usize, result: StepResult) -> Vec<Effect> {
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
        if self.progress[place].state == State::Busy {
            self.ready.ended(&self.plan.steps[place]);
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
        self.ready.ended(&self.plan.steps[place]);
        self.progress[place].state = State::Failed;
        for diagnostic in report.0 {
            self.events.push(Event::StepFailed {
                step: self.step(place).id.clone(),
                code: diagnostic.code.clone(),
                message: diagnostic.message.clone(),
            });
            self.failures.push(diagnostic);
        }
    }
}
