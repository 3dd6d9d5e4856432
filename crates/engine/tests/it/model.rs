//! Random histories: whatever people, actions and crashes do in whatever order, some things always hold.

use crate::world::{World, failure, pipeline, source_outcome};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};
use trunkline_engine::command::Approval;
use trunkline_engine::event::{ExecutionStatus, TransitionSide};
use trunkline_engine::{ActionOutcome, Command, Event, Log, Machine, Recorded, Settings};
use trunkline_model::pipeline::ExecutionMode::{Parallel, Queued, Superseded};
use trunkline_model::pipeline::{
    Category, ConditionResult, ExecutionMode, OnFailure, Pipeline, RetryMode,
};

const STAGES: [&str; 4] = ["Source", "Build", "Approve", "Deploy"];

#[derive(Clone, Debug)]
enum Step {
    Push,
    /// The nth action that is under way ends.
    End(usize, bool),
    Retry(usize, usize, bool),
    Stop(usize, bool),
    Disable(usize),
    Enable(usize),
    Edit(usize),
    Override(usize, usize),
    Rollback(usize, usize),
    Later(i64),
    Crash,
    Snapshot,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Push),
        14 => (0..6_usize, prop::bool::weighted(0.75)).prop_map(|(n, ok)| Step::End(n, ok)),
        4 => (0..4_usize, 0..4_usize, any::<bool>()).prop_map(|(s, e, all)| Step::Retry(s, e, all)),
        2 => (0..6_usize, any::<bool>()).prop_map(|(n, abandon)| Step::Stop(n, abandon)),
        1 => (0..4_usize).prop_map(Step::Disable),
        2 => (0..4_usize).prop_map(Step::Enable),
        1 => (0..4_usize).prop_map(Step::Edit),
        1 => (0..4_usize, 0..4_usize).prop_map(|(s, e)| Step::Override(s, e)),
        2 => (0..4_usize, 0..6_usize).prop_map(|(s, e)| Step::Rollback(s, e)),
        1 => (0..200_i64).prop_map(|minutes| Step::Later(minutes * 60_000)),
        2 => Just(Step::Crash),
        1 => Just(Step::Snapshot),
    ]
}

/// Four stages, with an automatic retry, an automatic rollback, a condition that is carried out and an
/// approval. `edit` tells definitions apart.
fn definition(mode: ExecutionMode, edit: usize) -> Pipeline {
    let mut made = pipeline(
        mode,
        &[("Build", &["a", "b", "c@2"]), ("Approve", &["Ask!"]), ("Deploy", &["d", "e@2"])],
    );
    let on_failure = |result| Some(OnFailure { result: Some(result), ..OnFailure::default() });
    made.stages[1].on_failure = on_failure(ConditionResult::Retry);
    made.stages[3].on_failure = on_failure(ConditionResult::Rollback);
    let rule = crate::vectors::conditions::rule("Commands", &[]);
    let result = if edit.is_multiple_of(2) { ConditionResult::Skip } else { ConditionResult::Fail };
    made.stages[3].before_entry =
        Some(crate::vectors::conditions::condition(Some(result), vec![rule]));
    made.stages[1].actions[0].configuration.insert("Edit".into(), edit.to_string());
    made
}

struct Run {
    world: World,
    mode: ExecutionMode,
    started: Vec<String>,
}

/// Something under way: execution, id, whether it is a source, and the token of an approval.
type Busy = (String, String, bool, Option<(String, String, String)>);

impl Run {
    fn new(mode: ExecutionMode) -> Self {
        let settings = Settings { concurrent_executions: 8, ..Settings::default() };
        let mut world = World::with(definition(mode, 0), settings);
        world.compare = false;
        Self { world, mode, started: Vec::new() }
    }

    /// What is under way, by the log alone.
    fn busy(&self) -> Vec<Busy> {
        let busy = |recorded: &Recorded| {
            let (execution, id) = match &recorded.event {
                Event::ActionStarted(start) => (&start.execution, &start.action_execution),
                Event::RuleStarted { execution, action_execution, .. } => {
                    (execution, action_execution)
                }
                _ => return None,
            };
            let run = self.world.machine.run(execution, id)?;
            let token = run.token.map(|token| (run.stage, run.action, token));
            let source = run.type_id.category == Category::Source;
            Some((execution.clone(), id.clone(), source, token))
        };
        self.world.log.look(crate::world::NAME, |all| all.iter().filter_map(busy).collect())
    }

    fn end(&mut self, busy: Busy, ok: bool) {
        let (execution, id, source, token) = busy;
        if let Some((stage, action, token)) = token {
            let approval = Approval { stage, action, token, summary: String::new(), by: None };
            let command = if ok { Command::Approve(approval) } else { Command::Reject(approval) };
            // An approval of a stage that an edit took away cannot be answered.
            let _ = self.world.give(command);
            return;
        }
        let outcome = match (ok, source) {
            (true, true) => source_outcome(),
            (true, false) => ActionOutcome::success(),
            (false, _) => failure(),
        };
        self.world.now += 1;
        self.world.machine.outcome(&execution, &id, outcome, self.world.now);
        self.world.settle();
    }

    fn execution(&self, nth: usize) -> Option<String> {
        self.started.iter().rev().nth(nth).cloned()
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Push => self.started.extend(self.world.try_start()),
            Step::End(nth, ok) => {
                let busy = self.busy();
                if !busy.is_empty() {
                    let one = busy[nth % busy.len()].clone();
                    self.end(one, *ok);
                }
            }
            Step::Retry(stage, nth, all) => {
                let mode = if *all { RetryMode::AllActions } else { RetryMode::FailedActions };
                if let Some(execution) = self.execution(*nth) {
                    let _ = self.world.retry(STAGES[*stage], &execution, mode);
                }
            }
            Step::Stop(nth, abandon) => {
                if let Some(execution) = self.execution(*nth) {
                    let _ = self.world.stop(&execution, *abandon);
                }
            }
            Step::Disable(stage) => self.world.disable(STAGES[*stage]),
            Step::Enable(stage) => self.world.enable(STAGES[*stage]),
            Step::Edit(edit) => self.world.define(definition(self.mode, *edit)),
            Step::Override(stage, nth) => {
                if let Some(execution) = self.execution(*nth) {
                    let (stage, by) = (STAGES[*stage].to_owned(), None);
                    let condition = trunkline_engine::event::ConditionKind::BeforeEntry;
                    let _ = self.world.give(Command::OverrideCondition {
                        stage,
                        execution,
                        condition,
                        by,
                    });
                }
            }
            Step::Rollback(stage, nth) => {
                if let Some(execution) = self.execution(*nth) {
                    let _ = self.world.roll_back(STAGES[*stage], &execution);
                }
            }
            Step::Later(milliseconds) => {
                self.world.now += milliseconds;
                self.world.settle();
            }
            Step::Crash => {
                self.same_after_replay();
                self.world.crash();
            }
            Step::Snapshot => {
                let (seq, state) = (self.world.machine.seq(), self.world.machine.snapshot());
                self.world.log.snapshot(crate::world::NAME, seq, &state).unwrap();
            }
        }
    }

    /// A replay from a snapshot, and one from the first event, are the machine.
    fn same_after_replay(&self) {
        let live = self.world.machine.snapshot();
        assert!(self.world.replayed().snapshot() == live, "a replay from the snapshot differs");
        let mut whole = Machine::new(crate::world::NAME, self.world.settings.clone());
        self.world.log.look(crate::world::NAME, |all| all.iter().for_each(|e| whole.replay(e)));
        assert!(whole.snapshot() == live, "a replay from the first event differs");
    }

    /// Everything is answered and open: every execution ends.
    fn finish(&mut self) {
        for stage in STAGES {
            self.world.enable(stage);
            let (stage, side) = (stage.to_owned(), TransitionSide::Outbound);
            self.world.give(Command::EnableTransition { stage, side, by: None }).unwrap();
        }
        for _ in 0..1_000 {
            let Some(one) = self.busy().into_iter().next() else { break };
            self.end(one, true);
        }
        assert_eq!(self.world.machine.live(), 0, "not every execution ended");
        for row in self.world.log.executions(crate::world::NAME, &Default::default()).unwrap() {
            assert!(row.status.ended(), "{} is {:?} in the list", row.id, row.status);
        }
    }
}

/// An action of an execution: execution, stage, name.
type Key = (String, String, String);

/// What the log of any history says, read event by event.
#[derive(Default)]
struct History {
    parallel: bool,
    /// For each stage who is in it.
    inside: HashMap<String, String>,
    within: HashSet<String>,
    ended: HashSet<String>,
    busy: HashMap<Key, String>,
    done: HashSet<Key>,
    ids: HashSet<String>,
}

impl History {
    fn read(&mut self, nth: usize, recorded: &Recorded) {
        assert_eq!(recorded.seq, nth as u64 + 1, "an event is missing");
        let event = &recorded.event;
        if let Some(execution) = event.execution()
            && self.ended.remove(execution)
        {
            let resumes =
                matches!(event, Event::StageRetried { .. } | Event::ConditionEnded { .. });
            assert!(resumes, "{execution} had ended: {event:?}");
        }
        match event {
            Event::StageEntered { execution, stage } => self.enter(stage, execution),
            Event::StageRetried { execution, stage, .. } => {
                self.enter(stage, execution);
                self.done.retain(|(e, s, _)| (e, s) != (execution, stage));
            }
            Event::StageEnded { execution, stage, .. } => {
                self.inside.remove(stage);
                self.within.remove(execution);
            }
            Event::ExecutionEnded { execution, status, .. } => {
                self.ended.insert(execution.clone());
                let superseded = *status == ExecutionStatus::Superseded;
                let within = self.within.contains(execution);
                assert!(!superseded || !within, "superseded inside a stage");
            }
            _ => self.read_action(event),
        }
    }

    fn enter(&mut self, stage: &str, execution: &str) {
        let before = self.inside.insert(stage.to_owned(), execution.to_owned());
        let other = before.filter(|other| other != execution);
        let alone = self.parallel || other.is_none();
        assert!(alone, "two executions are in {stage}: {other:?}, {execution}");
        self.within.insert(execution.to_owned());
    }

    fn read_action(&mut self, event: &Event) {
        match event {
            Event::ActionStarted(start) => {
                let key = (start.execution.clone(), start.stage.clone(), start.action.clone());
                assert!(self.ids.insert(start.action_execution.clone()), "an id repeats");
                assert!(!self.busy.contains_key(&key), "{key:?} began while it was under way");
                assert!(!self.done.contains(&key), "{key:?} began again without a retry");
                self.busy.insert(key, start.action_execution.clone());
            }
            Event::RuleStarted { action_execution, .. } => {
                assert!(self.ids.insert(action_execution.clone()), "an id repeats");
            }
            Event::ActionEnded { action_execution, .. }
            | Event::ActionAbandoned { action_execution, .. } => {
                let mut busy = self.busy.iter();
                let key = busy.find(|(_, id)| *id == action_execution).map(|(k, _)| k.clone());
                let key = key.expect("what ends had begun");
                self.busy.remove(&key);
                self.done.insert(key);
            }
            Event::ActionInterrupted { action_execution, .. } => {
                assert!(self.ids.contains(action_execution), "what was interrupted had begun");
            }
            _ => {}
        }
    }
}

fn check_history(events: &[Recorded], parallel: bool) {
    let mut history = History { parallel, ..History::default() };
    events.iter().enumerate().for_each(|(nth, recorded)| history.read(nth, recorded));
    assert!(history.busy.is_empty(), "some actions never ended: {:?}", history.busy);
}

fn check(mode: ExecutionMode, steps: &[Step]) {
    let mut run = Run::new(mode);
    for step in steps {
        run.step(step);
    }
    run.same_after_replay();
    run.finish();
    run.same_after_replay();
    let events = run.world.log.kept(crate::world::NAME).events;
    check_history(&events, mode == Parallel);
}

/// Few for every day; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_breaks_what_always_holds_when_superseding(steps in prop::collection::vec(step(), 1..60)) {
        check(Superseded, &steps);
    }

    #[test]
    fn no_history_breaks_what_always_holds_in_a_queue(steps in prop::collection::vec(step(), 1..60)) {
        check(Queued, &steps);
    }

    #[test]
    fn no_history_breaks_what_always_holds_in_parallel(steps in prop::collection::vec(step(), 1..60)) {
        check(Parallel, &steps);
    }
}
