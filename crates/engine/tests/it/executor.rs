//! The executor: commits before it acts, recovers what was under way, loses nothing when the log fails.

use crate::memory::MemoryLog;
use crate::world::{Counting, NAME, pipeline, source_outcome, start};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use trunkline_engine::ports::{Later, Origin};
use trunkline_engine::{
    ActionOutcome, ActionRun, Actions, Answer, Clock, Command, Event, Executor, ExecutorError, Ids,
    Log, LogError, Millis, Notify, Ports, Recorded, RefusalKind, Settings,
};
use trunkline_model::pipeline::ExecutionMode::Superseded;
use trunkline_model::pipeline::Pipeline;

/// Actions that end when the test says so.
struct Script {
    starts: Mutex<Vec<ActionRun>>,
    asked: Mutex<Vec<String>>,
    stopped: Mutex<Vec<(String, bool)>>,
    held: watch::Sender<HashMap<String, bool>>,
}

impl Actions for Script {
    fn start(&self, run: ActionRun) -> Later<ActionOutcome> {
        let name = run.action.clone();
        self.starts.lock().unwrap().push(run);
        let mut held = self.held.subscribe();
        Box::pin(async move {
            assert!(name != "panics", "what carries it out breaks");
            let free = |held: &HashMap<String, bool>| !held.get(&name).copied().unwrap_or(false);
            if held.wait_for(free).await.is_err() {
                std::future::pending::<()>().await;
            }
            match name.as_str() {
                "Source" => source_outcome(),
                "fails" => crate::world::failure(),
                _ => ActionOutcome::success(),
            }
        })
    }

    fn stop(&self, action_execution: &str, abandon: bool) {
        self.stopped.lock().unwrap().push((action_execution.to_owned(), abandon));
    }

    fn ask(&self, run: ActionRun) -> Later<()> {
        self.asked.lock().unwrap().push(run.token.unwrap());
        Box::pin(async {})
    }
}

struct Quiet(AtomicU64);

impl Notify for Quiet {
    fn wanted(&self) -> bool {
        true
    }

    fn origin(&self) -> Origin {
        Origin { account: "111122223333".into(), region: "eu-west-1".into() }
    }

    fn wake(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A clock that the test moves on.
struct Hands(AtomicI64, watch::Sender<()>);

impl Clock for Hands {
    fn now(&self) -> Millis {
        self.0.load(Ordering::SeqCst)
    }

    fn wall(&self) -> Millis {
        self.now()
    }

    fn sleep_until(&self, at: Millis) -> Later<()> {
        let mut moved = self.1.subscribe();
        let over = at <= self.now();
        Box::pin(async move {
            if !over {
                let _ = moved.changed().await;
            }
        })
    }
}

struct House {
    log: Arc<MemoryLog>,
    actions: Arc<Script>,
    notify: Arc<Quiet>,
    clock: Arc<Hands>,
    ids: Arc<AtomicU64>,
}

impl House {
    fn new() -> Self {
        Self {
            log: Arc::default(),
            actions: Arc::new(Script {
                starts: Mutex::default(),
                asked: Mutex::default(),
                stopped: Mutex::default(),
                held: watch::Sender::new(HashMap::new()),
            }),
            notify: Arc::new(Quiet(AtomicU64::new(0))),
            clock: Arc::new(Hands(AtomicI64::new(1_700_000_000_000), watch::Sender::new(()))),
            ids: Arc::default(),
        }
    }

    async fn open(&self) -> Executor {
        let block = self.ids.clone();
        let ports = Ports {
            log: self.log.clone(),
            actions: self.actions.clone(),
            notify: self.notify.clone(),
            clock: self.clock.clone(),
            ids: Arc::new(move || {
                Box::new(Counting(block.fetch_add(100_000, Ordering::SeqCst))) as Box<dyn Ids>
            }),
        };
        Executor::open(NAME, ports, Settings::default()).await.unwrap()
    }

    async fn defined(&self, pipeline: Pipeline) -> Executor {
        let executor = self.open().await;
        let command = Command::Define { pipeline: Box::new(pipeline), closed: vec![], by: None };
        executor.command(command).await.unwrap();
        executor
    }

    fn hold(&self, action: &str, hold: bool) {
        self.actions.held.send_modify(|held| {
            held.insert(action.to_owned(), hold);
        });
    }

    fn later(&self, milliseconds: Millis) {
        self.clock.0.fetch_add(milliseconds, Ordering::SeqCst);
        self.clock.1.send_replace(());
    }

    fn starts(&self, action: &str) -> Vec<ActionRun> {
        let starts = self.actions.starts.lock().unwrap();
        starts.iter().filter(|run| run.action == action).cloned().collect()
    }

    /// How often a stage was entered.
    fn entered(&self) -> usize {
        let entered = |e: &&Recorded| matches!(e.event, Event::StageEntered { .. });
        self.log.look(NAME, |all| all.iter().filter(entered).count())
    }

    fn status(&self, execution: &str) -> String {
        let row = self.log.execution(NAME, execution).unwrap();
        row.map_or("-".into(), |row| format!("{:?}", row.status))
    }
}

async fn begin(executor: &Executor) -> String {
    match executor.command(start()).await.unwrap() {
        Answer::Started { execution } => execution,
        other => panic!("{other:?}"),
    }
}

async fn until(executor: &Executor, holds: impl Fn() -> bool) {
    let mut committed = executor.committed();
    let wait = async {
        while !holds() {
            committed.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it comes to that");
}

/// Waits until every execution has ended.
async fn until_quiet(house: &House, executor: &Executor) {
    let all = || house.log.executions(NAME, &Default::default()).unwrap();
    until(executor, || all().iter().all(|row| row.status.ended())).await;
}

fn two_stages() -> Pipeline {
    pipeline(Superseded, &[("Build", &["a", "b", "c@2"]), ("Deploy", &["d"])])
}

#[tokio::test]
async fn an_execution_goes_through_and_every_step_is_in_the_log() {
    let house = House::new();
    let executor = house.defined(two_stages()).await;
    let one = begin(&executor).await;
    until_quiet(&house, &executor).await;
    assert_eq!(house.status(&one), "Succeeded");
    let told = house.log.events(NAME, &one).unwrap();
    let names = told.iter().filter_map(|e| match &e.event {
        Event::ActionStarted(start) => Some(start.action.as_str()),
        _ => None,
    });
    assert_eq!(names.collect::<Vec<_>>(), ["Source", "a", "b", "c", "d"]);
    let ended = |e: &&Recorded| matches!(e.event, Event::StageEnded { .. });
    assert_eq!(told.iter().filter(ended).count(), 3);
    assert!(house.notify.0.load(Ordering::SeqCst) > 0);
    executor.shutdown().await;
    assert!(matches!(executor.command(start()).await, Err(ExecutorError::Closed)));
}

#[tokio::test]
async fn what_was_under_way_is_started_again_and_what_was_done_is_not() {
    let house = House::new();
    let executor = house.defined(two_stages()).await;
    house.hold("b", true);
    let one = begin(&executor).await;
    let ended = |e: &&Recorded| matches!(e.event, Event::ActionEnded { .. });
    // The source and `a`; `b` has begun together with that.
    until(&executor, || house.log.look(NAME, |all| all.iter().filter(ended).count()) == 2).await;
    executor.shutdown().await;
    assert_eq!(house.status(&one), "InProgress");
    house.hold("b", false);
    let executor = house.open().await;
    until_quiet(&house, &executor).await;
    assert_eq!(house.status(&one), "Succeeded");
    let b = house.starts("b");
    assert_eq!(b.len(), 2);
    assert_eq!(b[0].action_execution, b[1].action_execution);
    assert_eq!((b[1].attempt, b[1].recovered), (2, true));
    assert_eq!((house.starts("a").len(), house.starts("Source").len()), (1, 1));
}

#[tokio::test]
async fn approvers_are_asked_again_after_a_restart_for_the_same_approval() {
    let house = House::new();
    let executor = house.defined(pipeline(Superseded, &[("Approve", &["Ask!"])])).await;
    begin(&executor).await;
    until(&executor, || house.entered() == 2).await;
    executor.shutdown().await;
    house.open().await.shutdown().await;
    let asked = house.actions.asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0], asked[1]);
}

#[tokio::test]
async fn a_command_that_the_log_does_not_take_did_not_happen() {
    let house = House::new();
    let executor = house.defined(two_stages()).await;
    *house.log.failing.lock().unwrap() = 1;
    let refused = executor.command(start()).await;
    assert!(matches!(refused, Err(ExecutorError::Log(LogError::Storage(_)))));
    assert!(house.log.executions(NAME, &Default::default()).unwrap().is_empty());
    assert!(house.starts("Source").is_empty());
    let one = begin(&executor).await;
    until_quiet(&house, &executor).await;
    assert_eq!(house.status(&one), "Succeeded");
}

#[tokio::test]
async fn a_pipeline_whose_log_cannot_be_read_ends_and_is_opened_again() {
    let house = House::new();
    let executor = house.defined(pipeline(Superseded, &[("Build", &["a"])])).await;
    house.hold("a", true);
    let one = begin(&executor).await;
    until(&executor, || house.entered() == 2).await;
    *house.log.failing.lock().unwrap() = 1;
    *house.log.unreadable.lock().unwrap() = true;
    assert!(executor.is_open());
    let refused = executor.command(start()).await;
    assert!(matches!(refused, Err(ExecutorError::Log(LogError::Storage(_)))));
    assert!(!executor.is_open());
    *house.log.unreadable.lock().unwrap() = false;
    house.hold("a", false);
    let executor = house.open().await;
    until_quiet(&house, &executor).await;
    assert_eq!(house.status(&one), "Succeeded");
    assert!(house.starts("a")[1].recovered);
}

#[tokio::test]
async fn an_outcome_is_kept_until_the_log_takes_it() {
    let house = House::new();
    let executor = house.defined(pipeline(Superseded, &[("Build", &["a"])])).await;
    house.hold("a", true);
    let one = begin(&executor).await;
    until(&executor, || house.entered() == 2).await;
    *house.log.failing.lock().unwrap() = 2;
    house.hold("a", false);
    // Nothing is committed until the clock has moved on twice.
    let wait = async {
        while house.status(&one) != "Succeeded" {
            house.later(1_000);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("the log takes it");
    assert_eq!(house.starts("a").len(), 1);
}

#[tokio::test]
async fn an_action_whose_carrier_breaks_fails() {
    let house = House::new();
    let executor = house.defined(pipeline(Superseded, &[("Build", &["panics"])])).await;
    let one = begin(&executor).await;
    until_quiet(&house, &executor).await;
    assert_eq!(house.status(&one), "Failed");
}

#[tokio::test]
async fn an_action_that_takes_too_long_is_told_to_stop() {
    let house = House::new();
    let executor = house.defined(pipeline(Superseded, &[("Build", &["a"])])).await;
    house.hold("a", true);
    let one = begin(&executor).await;
    until(&executor, || house.entered() == 2).await;
    let id = house.starts("a")[0].action_execution.clone();
    let wait = async {
        while house.status(&one) != "Failed" {
            house.later(10 * 60_000);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it times out");
    until_quiet(&house, &executor).await;
    assert_eq!(*house.actions.stopped.lock().unwrap(), [(id, false)]);
}

#[tokio::test]
async fn abandoned_actions_are_told_to_stop() {
    let house = House::new();
    let executor = house.defined(pipeline(Superseded, &[("Build", &["a"])])).await;
    house.hold("a", true);
    let one = begin(&executor).await;
    until(&executor, || house.entered() == 2).await;
    let stop = Command::Stop { execution: one.clone(), abandon: true, reason: None, by: None };
    executor.command(stop).await.unwrap();
    assert_eq!(house.status(&one), "Stopped");
    let id = house.starts("a")[0].action_execution.clone();
    assert_eq!(*house.actions.stopped.lock().unwrap(), [(id, true)]);
}

fn kind(answer: Result<Answer, ExecutorError>) -> RefusalKind {
    match answer {
        Err(ExecutorError::Refused(refusal)) => refusal.kind,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn executions_that_the_state_forgot_are_found_in_the_log() {
    let house = House::new();
    let executor = house.defined(pipeline(Superseded, &[("Deploy", &["d"])])).await;
    let one = begin(&executor).await;
    until_quiet(&house, &executor).await;
    begin(&executor).await;
    until_quiet(&house, &executor).await;
    let stop = Command::Stop { execution: one.clone(), abandon: false, reason: None, by: None };
    assert_eq!(kind(executor.command(stop).await), RefusalKind::PipelineExecutionNotStoppable);
    let (stage, execution) = ("Deploy".to_owned(), one.clone());
    let retry = Command::Retry { stage, execution, mode: Default::default(), by: None };
    assert_eq!(kind(executor.command(retry).await), RefusalKind::NotLatestPipelineExecution);
    let (stage, target) = ("Deploy".to_owned(), one.clone());
    let rollback = Command::Rollback { stage, target, by: None, found: None };
    executor.command(rollback).await.unwrap();
    until_quiet(&house, &executor).await;
    let last = house.starts("d").pop().unwrap();
    assert_eq!(last.rollback_target, Some(one));
    assert_eq!(last.inputs[0].name, "Code");
}

#[tokio::test]
async fn a_hundred_actions_in_two_stages_end_and_a_restart_reads_only_the_tail() {
    let house = House::new();
    let names: Vec<String> = (0..50).map(|n| format!("a{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut definition = pipeline(Superseded, &[("One", &names), ("Two", &names)]);
    definition.stages[0].actions[0].namespace = None;
    let executor = house.defined(definition).await;
    for _ in 0..5 {
        let one = begin(&executor).await;
        until_quiet(&house, &executor).await;
        assert_eq!(house.status(&one), "Succeeded");
    }
    let loaded = house.log.load(NAME).unwrap();
    let (at, _) = loaded.snapshot.expect("a snapshot was kept on the way");
    assert!(at > 0 && loaded.events.len() < 1_000);
    executor.shutdown().await;
    assert!(house.log.load(NAME).unwrap().events.is_empty());
    let executor = house.open().await;
    begin(&executor).await;
    until_quiet(&house, &executor).await;
}
