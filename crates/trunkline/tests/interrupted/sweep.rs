//! One point is a call, what happens at it, and how somebody goes on from there; a sweep is many points, and
//! its table says how each kind of blow ended.

use crate::scene::{Keeps, Scene, Version, World};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use trunkline_testkit::{Class, Ran, Strike};

const APPLY: &[&str] = &["apply", "--env", "prod", "--yes", "--include", "users"];
const RESUME: &[&str] = &["resume", "--env", "prod"];
const ROLLBACK: &[&str] = &["rollback", "--env", "prod", "--yes"];

/// How somebody goes on, in a fresh clone with another home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Recovery {
    /// `resume`.
    Resume,
    /// `rollback` of the run.
    Rollback,
}

/// One point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) version: Version,
    pub(crate) class: Class,
    pub(crate) call: usize,
    pub(crate) strike: Strike,
    pub(crate) recovery: Recovery,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Result {
    point: Point,
    /// The call that was struck.
    struck: String,
    /// Why it is not equal; empty where it is.
    wrong: Vec<String>,
    /// Writes beyond those of an undisturbed run.
    repeated: usize,
    /// Steps that the journal has as begun and not as done.
    open: usize,
    seconds: f64,
}

/// An undisturbed deployment: its writes by name, and how many calls of each class it makes.
pub(crate) struct Undisturbed {
    writes: BTreeMap<String, usize>,
    pub(crate) calls: BTreeMap<Class, usize>,
}

pub(crate) fn undisturbed(world: &World, version: Version) -> Undisturbed {
    let (scene, clone) = begin(world, version, Keeps::Bucket);
    let ran = scene.run(&clone, APPLY);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let writes = scene.proxy.writes();
    let calls = [Class::Write, Class::State].map(|class| (class, scene.proxy.count(class)));
    assert_eq!(scene.differences(&clone), [""; 0]);
    Undisturbed { writes, calls: calls.into() }
}

/// A scene in which the version before is deployed, and a clone of this one.
fn begin(world: &World, version: Version, keeps: Keeps) -> (Scene<'_>, trunkline_testkit::Home) {
    let scene = world.scene(keeps);
    if version == Version::Changed {
        let first = scene.run(&scene.clone_of_project(Version::First), APPLY);
        assert_eq!(first.code, Some(0), "{}", first.err);
        scene.proxy.let_through();
    }
    let clone = scene.clone_of_project(version);
    (scene, clone)
}

/// Carries out one point.
pub(crate) fn attempt(world: &World, point: Point, usual: &Undisturbed) -> Result {
    let started = Instant::now();
    let in_folder = point.class == Class::Write && point.call.is_multiple_of(2);
    let keeps = if in_folder { Keeps::Folder } else { Keeps::Bucket };
    let (scene, first) = begin(world, point.version, keeps);
    let before = (point.recovery == Recovery::Rollback).then(|| scene.dump()).flatten();
    scene.proxy.strike_at(point.class, point.call, point.strike);
    let disturbed = scene.run(&first, APPLY);
    // Only what is in the state store outlives the first clone.
    drop(first);
    let struck = scene.proxy.struck();
    let reached = struck.is_some();
    let struck = struck.unwrap_or_else(|| "not reached".to_owned());
    let (mut writes, open) = (scene.proxy.writes(), scene.open_steps());
    let mut wrong = as_it_should_end(point, reached, &disturbed);
    scene.proxy.let_through();
    let second = scene.clone_of_project(point.version);
    let ended = go_on(&scene, &second, point.recovery, &disturbed);
    if ended.code != Some(0) {
        wrong.push(format!("the recovery ended with {:?}: {}", ended.code, ended.err));
    }
    for (name, count) in scene.proxy.writes() {
        *writes.entry(name).or_default() += count;
    }
    let mut repeated = 0;
    if point.recovery == Recovery::Rollback {
        let after = scene.dump();
        let unlike = before.zip(after).map(|(b, a)| unlike(&b, &a)).unwrap_or_default();
        wrong.extend(unlike.into_iter().filter(|line| !is_foretold(line, &ended)));
    } else {
        wrong.extend(scene.differences(&second));
        let more = more_calls(&usual.writes, &writes);
        repeated = more.values().sum();
        // What the journal says to be begun and not done may have to be made again, and nothing else.
        if repeated > open.max(1) {
            wrong.push(format!("{repeated} calls more, {open} were open: {more:?}"));
        }
    }
    Result { point, struck, wrong, repeated, open, seconds: started.elapsed().as_secs_f64() }
}

/// A killed program has no exit code; one that lost an answer or was throttled helps itself.
fn as_it_should_end(point: Point, reached: bool, ran: &Ran) -> Vec<String> {
    let unexpected = match point.strike {
        // Answers that come together share a flush, so a run may make fewer calls to the store than another.
        _ if !reached && point.class == Class::State => ran.code != Some(0),
        strike if strike.kills() => ran.code.is_some(),
        Strike::Throttle => ran.code != Some(0),
        Strike::Expire => ran.code == Some(0),
        _ => ran.code.is_none(),
    };
    if unexpected {
        vec![format!("the disturbed run ended with {:?}: {}", ran.code, ran.err)]
    } else {
        Vec::new()
    }
}

fn go_on(scene: &Scene<'_>, clone: &trunkline_testkit::Home, how: Recovery, first: &Ran) -> Ran {
    match how {
        // Where the run came to its end by itself, there is nothing to resume.
        Recovery::Resume if first.code == Some(0) => scene.run(clone, APPLY),
        Recovery::Resume => {
            let ran = scene.run(clone, RESUME);
            // A run that was not written down yet has done nothing, and is begun anew.
            let none = ran.code == Some(0) && ran.err.contains("nothing to resume");
            if none { scene.run(clone, APPLY) } else { ran }
        }
        Recovery::Rollback => scene.run(clone, ROLLBACK),
    }
}

/// Calls of which there were more than usual.
fn more_calls(
    usual: &BTreeMap<String, usize>,
    found: &BTreeMap<String, usize>,
) -> BTreeMap<String, usize> {
    let more = |(name, count): (&String, &usize)| {
        let beyond = count.saturating_sub(usual.get(name).copied().unwrap_or_default());
        (beyond > 0).then(|| (name.clone(), beyond))
    };
    found.iter().filter_map(more).collect()
}

/// Whether the program said beforehand that it cannot undo this: what the service cannot delete.
fn is_foretold(line: &str, ran: &Ran) -> bool {
    let Some((kind, name)) = line.split(" was ").next().and_then(|key| key.split_once(':')) else {
        return false;
    };
    ran.err.contains(&format!("warning[TL0530]: {kind} \"{name}\""))
}

/// What is not as it was, by resource.
fn unlike(before: &serde_json::Value, after: &serde_json::Value) -> Vec<String> {
    let keys = |value: &serde_json::Value| {
        value.as_object().map(|m| m.keys().cloned().collect::<BTreeSet<_>>()).unwrap_or_default()
    };
    let all = &keys(before) | &keys(after);
    let differs = |key: &&String| before.get(key.as_str()) != after.get(key.as_str());
    let say = |key: &String| {
        let of = |value: &serde_json::Value| value.get(key).cloned().unwrap_or_default();
        let short = |text: String| text.chars().take(160).collect::<String>();
        let (was, is) = (short(of(before).to_string()), short(of(after).to_string()));
        format!("{key} was {was} and is {is}")
    };
    all.iter().filter(differs).map(say).collect()
}

/// Carries out all points on two threads, each with a lab of its own, and prints the table.
pub(crate) fn sweep(points: &[Point], usual: &Undisturbed) -> Vec<Result> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        let world = World::new();
        while let Some(point) = points.get(next.fetch_add(1, Ordering::SeqCst)) {
            let result = attempt(&world, *point, usual);
            if !result.wrong.is_empty() {
                // A whole sweep is long; what is wrong is told at once.
                eprintln!("{:?} at {}: {}", result.point, result.struck, result.wrong.join("; "));
            }
            results.lock().expect("no test panics while it holds this").push(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    let results = results.into_inner().expect("all threads have ended");
    table(&results);
    results
}

/// Prints how each kind of blow ended.
fn table(results: &[Result]) {
    let mut rows: BTreeMap<String, Vec<&Result>> = BTreeMap::new();
    for result in results {
        let point = &result.point;
        let name = format!("{:?}", point.strike).split('(').next().unwrap_or("").to_owned();
        let key = format!(
            "{:<8} {:<9} {:<6} {name:<14}",
            format!("{:?}", point.version),
            format!("{:?}", point.recovery),
            format!("{:?}", point.class)
        );
        rows.entry(key).or_default().push(result);
    }
    println!(
        "version  recovery  at     blow            points  equal  not equal  open  repeated  seconds"
    );
    for (key, all) in &rows {
        let equal = all.iter().filter(|r| r.wrong.is_empty()).count();
        let repeated: usize = all.iter().map(|r| r.repeated).sum();
        let open: usize = all.iter().map(|r| r.open).sum();
        let seconds: f64 = all.iter().map(|r| r.seconds).sum();
        let (count, wrong) = (all.len(), all.len() - equal);
        println!("{key}  {count:>6} {equal:>6} {wrong:>10} {open:>5} {repeated:>9} {seconds:>8.1}");
    }
    let equal = results.iter().filter(|r| r.wrong.is_empty()).count();
    println!("all: {} points, {equal} equal, {} not equal", results.len(), results.len() - equal);
}

/// Fails with the points that are not equal.
#[track_caller]
pub(crate) fn all_equal(results: &[Result]) {
    let wrong: Vec<String> = results
        .iter()
        .filter(|r| !r.wrong.is_empty())
        .map(|r| format!("{:?} at {}:\n    {}", r.point, r.struck, r.wrong.join("\n    ")))
        .collect();
    let shown = wrong.iter().take(12).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {} points:\n{shown}", wrong.len(), results.len());
}
