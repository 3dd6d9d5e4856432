//! One point is a moment and what happens at it; `attempt` carries one out and looks at what came of it, a sweep
//! is many points, and its table says how each kind of blow ended.

use crate::judge;
use crate::processes;
use crate::site::{NAME, Site, builds, more_of_log};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use trunkline_engine::{Event, Recorded};
use trunkline_store::{Access, Store};

/// For a run; the machine may have much else to do.
const LIMIT: Duration = Duration::from_secs(900);

/// What happens to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Blow {
    /// SIGKILL; the processes of its builds live on.
    Server,
    /// SIGKILL, to the processes of its builds as well.
    Everything,
    /// SIGTERM.
    Stop,
    /// SIGKILL, and again as soon as the next server is there.
    Twice,
}

/// When it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum When {
    /// Once the event of this number is committed.
    Event(u64),
    /// Once so many writes to AWS have arrived.
    Write(usize),
    /// Once the log of a build shows its first line: its processes run.
    Build,
}

/// One point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) when: When,
    pub(crate) blow: Blow,
}

/// What a blow met.
pub(crate) struct Struck {
    /// The events that were committed, at the first and at the last blow.
    pub(crate) events: Vec<Vec<Recorded>>,
    /// Logs as far as somebody had read them.
    pub(crate) shown: BTreeMap<String, Vec<u8>>,
    /// Processes of builds that were there again after the next start, of attempts before it.
    pub(crate) alive: Vec<String>,
}

/// A run to its end.
pub(crate) struct Attempt {
    pub(crate) events: Vec<Recorded>,
    /// The number of the first event of the execution.
    pub(crate) first: u64,
    /// The execution as the API tells it.
    pub(crate) shown: Value,
    /// What changed in AWS.
    pub(crate) effects: BTreeMap<String, usize>,
    /// Writes that the lab was given.
    pub(crate) writes: BTreeMap<String, usize>,
    pub(crate) content: BTreeMap<String, Vec<String>>,
    /// What a plan finds to do.
    pub(crate) left: Option<String>,
    /// What builds noted outside of their folders.
    pub(crate) ledger: String,
    /// The releases of the environment, as texts.
    pub(crate) releases: Vec<String>,
    /// Whole logs at the end.
    pub(crate) logs: BTreeMap<String, Vec<u8>>,
    /// Steps of deployments that were begun again.
    pub(crate) begun_again: usize,
    /// Answers to approvals that the server took.
    pub(crate) approved: usize,
    /// Processes of builds at the end.
    pub(crate) alive: Vec<String>,
    pub(crate) struck: Option<Struck>,
    pub(crate) seconds: f64,
}

/// Runs the execution to its end; something happens to the server meanwhile.
pub(crate) fn attempt(point: Option<Point>) -> Attempt {
    let started = Instant::now();
    let mut site = Site::new();
    site.push();
    let mut follower = Follower::start(&site);
    let (mut due, mut struck, mut approved) = (point, None, 0);
    let mut store = site.store();
    let end = Instant::now() + LIMIT;
    loop {
        let seq = store.last_event(NAME).expect("it can be read");
        if due.is_some_and(|point| is_due(point, seq, &site, &follower)) {
            let blow = due.take().expect("it is due").blow;
            drop(store);
            struck = Some(strike(&mut site, blow, &mut follower));
            store = site.store();
            continue;
        }
        let events = store.events_after(NAME, 0).expect("they can be read");
        if let Some((stage, action, token)) = waiting(&events) {
            let (status, body) = site.approve(&stage, &action, &token);
            assert_eq!(status, 200, "{body}");
            approved += 1;
        } else if has_ended(&events) && due.is_none() {
            break;
        }
        assert!(Instant::now() < end, "it does not end: {}", tail(&events));
        std::thread::sleep(Duration::from_millis(1));
    }
    follower.end();
    look(&site, struck, approved, started)
}

/// What is left behind at the end.
fn look(site: &Site, struck: Option<Struck>, approved: usize, started: Instant) -> Attempt {
    let events = site.events();
    let first = events.iter().find_map(|e| match &e.event {
        Event::ExecutionStarted(start) => Some((e.seq, start.execution.clone())),
        _ => None,
    });
    let (first, execution) = first.expect("an execution");
    let ids = action_ids(&events);
    let releases = site.store().releases(Some("prod"), 99).expect("releases");
    Attempt {
        first,
        shown: site.server.api(&format!("pipelines/{NAME}/executions/{execution}")),
        effects: site.effects(),
        writes: site.proxy.writes(),
        content: site.content(),
        left: site.left_to_do(),
        ledger: site.server.home.read("ledger"),
        releases: releases.iter().map(|r| format!("{} {}", r.release, r.body["regions"])).collect(),
        logs: ids.iter().map(|id| (id.clone(), site.log(id))).collect(),
        begun_again: judge::begun_again(&site.server.home.join("project/.trunkline/state")),
        approved,
        alive: processes::of_builds(&builds(&events, 1..=9)),
        struck,
        seconds: started.elapsed().as_secs_f64(),
        events,
    }
}

fn is_due(point: Point, seq: u64, site: &Site, follower: &Follower) -> bool {
    match point.when {
        When::Event(event) => seq >= event,
        When::Write(count) => site.writes() >= count,
        When::Build => follower.has_seen("the first line of the build\n"),
    }
}

/// Ends the server by a blow, and starts the next one.
fn strike(site: &mut Site, blow: Blow, follower: &mut Follower) -> Struck {
    match blow {
        Blow::Stop => site.server.stop(),
        Blow::Server | Blow::Everything | Blow::Twice => site.server.kill(),
    }
    let shown = follower.end();
    let mut events = vec![site.events()];
    if blow == Blow::Everything {
        processes::kill(&builds(&events[0], 1..=1));
    }
    site.server.start();
    if blow == Blow::Twice {
        site.server.kill();
        events.push(site.events());
        site.server.start();
    }
    // Nothing runs from now on of attempts that were cut off, nor of what ended.
    let last = u32::try_from(events.len()).expect("one or two");
    let again = judge::interruptions(&events[events.len() - 1]);
    let cut = |id: &String| again.keys().any(|a| id.starts_with(a)) || id.ends_with("-1");
    let mut before = builds(&events[events.len() - 1], 1..=last);
    before.retain(cut);
    Struck { shown, alive: processes::of_builds(&before), events }
}

/// The approval that waits: stage, action and token.
fn waiting(events: &[Recorded]) -> Option<(String, String, String)> {
    let ended: BTreeSet<&str> = events.iter().filter_map(judge::ended).collect();
    events.iter().find_map(|recorded| match &recorded.event {
        Event::ActionStarted(start) if !ended.contains(start.action_execution.as_str()) => {
            Some((start.stage.clone(), start.action.clone(), start.token.clone()?))
        }
        _ => None,
    })
}

fn has_ended(events: &[Recorded]) -> bool {
    events.iter().any(|e| matches!(e.event, Event::ExecutionEnded { .. }))
}

fn action_ids(events: &[Recorded]) -> Vec<String> {
    let of = |e: &Recorded| match &e.event {
        Event::ActionStarted(start) => Some(start.action_execution.clone()),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

fn tail(events: &[Recorded]) -> String {
    let last = events.iter().rev().take(4).map(|e| format!("{e:?}"));
    last.collect::<Vec<_>>().join("\n")
}

/// Somebody who reads all logs while they grow, through the API.
struct Follower {
    shown: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    fn start(site: &Site) -> Self {
        let shown = Arc::<Mutex<BTreeMap<String, Vec<u8>>>>::default();
        let ended = Arc::<AtomicBool>::default();
        let (url, bearer) = (site.server.url.clone(), site.server.bearer());
        let database = site.server.home.join("data/trunkline.db");
        let (to, over) = (shown.clone(), ended.clone());
        let thread = std::thread::spawn(move || {
            let store = Store::open(&database, Access::Read).expect("the database can be read");
            while !over.load(Ordering::SeqCst) {
                let events = store.events_after(NAME, 0).unwrap_or_default();
                for id in action_ids(&events) {
                    let offset = to.lock().expect("nobody panics").get(&id).map_or(0, Vec::len);
                    let Some(more) = more_of_log(&url, &bearer, &id, offset) else { return };
                    to.lock().expect("nobody panics").entry(id).or_default().extend(more);
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        Self { shown, ended, thread: Some(thread) }
    }

    /// Whether a log says something.
    fn has_seen(&self, text: &str) -> bool {
        let shown = self.shown.lock().expect("nobody panics");
        let says = |log: &Vec<u8>| log.windows(text.len()).any(|part| part == text.as_bytes());
        shown.values().any(says)
    }

    /// What was shown until now, or until the server went away.
    fn end(&mut self) -> BTreeMap<String, Vec<u8>> {
        self.ended.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the reader of logs does not panic");
        }
        std::mem::take(&mut *self.shown.lock().expect("nobody panics"))
    }
}

/// How a point ended.
pub(crate) struct Outcome {
    point: Point,
    wrong: Vec<String>,
    /// Writes that were sent again.
    repeated: usize,
    /// Which these are.
    again: BTreeMap<String, usize>,
    /// Actions that the blow interrupted.
    interrupted: usize,
    /// Deployments that went on with the run of an earlier start.
    resumed: usize,
    seconds: f64,
}

/// Carries out all points on two threads, and prints the table.
pub(crate) fn sweep(points: &[Point], usual: &Attempt) -> Vec<Outcome> {
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(point) = points.get(next.fetch_add(1, Ordering::SeqCst)) {
            let got = attempt(Some(*point));
            let wrong = judge::unlike(&got, usual);
            if !wrong.is_empty() {
                // A whole sweep is long; what is wrong is told at once.
                eprintln!("{point:?}: {}", wrong.join("; "));
            }
            let again = judge::more_calls(&usual.writes, &got.writes);
            let outcome = Outcome {
                point: *point,
                wrong,
                repeated: again.values().sum(),
                again,
                resumed: judge::resumed(&got),
                interrupted: judge::interruptions(&got.events).values().sum(),
                seconds: got.seconds,
            };
            outcomes.lock().expect("nobody panics while holding it").push(outcome);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    let outcomes = outcomes.into_inner().expect("all threads have ended");
    table(&outcomes, usual);
    outcomes
}

fn table(outcomes: &[Outcome], usual: &Attempt) {
    let mut rows: BTreeMap<(&str, Blow), Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        let at = match outcome.point.when {
            When::Event(_) => "event",
            When::Write(_) => "write",
            When::Build => "build",
        };
        rows.entry((at, outcome.point.blow)).or_default().push(outcome);
    }
    let (events, writes) = (usual.count(), usual.writes.values().sum::<usize>());
    println!("the undisturbed run: {events} events, {writes} writes, {:.1} s", usual.seconds);
    println!(
        "at     blow        points  equal  not equal  interrupted  resumed  sent again  seconds"
    );
    for ((at, blow), all) in &rows {
        let equal = all.iter().filter(|o| o.wrong.is_empty()).count();
        let sum = |of: fn(&Outcome) -> usize| all.iter().map(|o| of(o)).sum::<usize>();
        let (repeated, resumed) = (sum(|o| o.repeated), sum(|o| o.resumed));
        let interrupted = sum(|o| o.interrupted);
        let seconds: f64 = all.iter().map(|o| o.seconds).sum();
        let (points, not) = (all.len(), all.len() - equal);
        let blow = format!("{blow:?}");
        println!(
            "{at:<6} {blow:<10} {points:>7} {equal:>6} {not:>10} {interrupted:>12} {resumed:>8} \
             {repeated:>11} {seconds:>8.1}"
        );
    }
    for outcome in outcomes.iter().filter(|o| o.repeated > 0) {
        println!("{:?}: sent again {:?}", outcome.point, outcome.again);
    }
    let equal = outcomes.iter().filter(|o| o.wrong.is_empty()).count();
    println!("all: {} points, {equal} equal, {} not equal", outcomes.len(), outcomes.len() - equal);
}

/// Fails with the points that are not equal, and where no deployment was met in its middle.
#[track_caller]
pub(crate) fn all_equal(outcomes: &[Outcome]) {
    let resumed: usize = outcomes.iter().map(|outcome| outcome.resumed).sum();
    assert!(resumed > 0, "no deployment went on with its run");
    let wrong: Vec<String> = outcomes
        .iter()
        .filter(|o| !o.wrong.is_empty())
        .map(|o| format!("{:?}:\n    {}", o.point, o.wrong.join("\n    ")))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} points:\n{}",
        wrong.len(),
        outcomes.len(),
        wrong.join("\n")
    );
}

impl Attempt {
    /// How many events the execution has.
    pub(crate) fn count(&self) -> usize {
        self.events.iter().filter(|e| e.seq >= self.first).count()
    }

    /// What is wrong with it by itself.
    pub(crate) fn problems(&self) -> Vec<String> {
        judge::problems(self)
    }
}
