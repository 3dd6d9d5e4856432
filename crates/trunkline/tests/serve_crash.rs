//! `trunkline serve` is killed from outside, at every event of an execution with builds, an approval and a
//! deployment to two regions, and in the middle of its writes to AWS; started again, the execution ends as the one
//! that nothing disturbed. Beside that: pushes that a kill cuts off, and a full disk.
//!
//! A sample by default; every event and every write with `TRUNKLINE_FAULTS=all` (`cargo xtask faults`).

#[path = "serve_crash/judge.rs"]
mod judge;
#[path = "serve_crash/processes.rs"]
mod processes;
#[path = "serve_crash/pushes.rs"]
mod pushes;
#[path = "serve_crash/room.rs"]
mod room;
#[path = "serve/server.rs"]
#[allow(dead_code, reason = "the tests of the server use all of it")]
mod server;
#[path = "serve_crash/site.rs"]
mod site;
#[path = "serve_crash/sweep.rs"]
mod sweep;

use sweep::{Blow, Point, When, all_equal, attempt, sweep};

/// How many events, and how many writes, a sample strikes at.
const SAMPLE: (usize, usize) = (5, 3);

fn whole() -> bool {
    std::env::var("TRUNKLINE_FAULTS").is_ok_and(|v| v == "all")
}

const BLOWS: [Blow; 4] = [Blow::Server, Blow::Everything, Blow::Stop, Blow::Twice];

/// All of `1..=count`, each with every blow; or some, each with another blow.
fn points(count: usize, sample: usize, when: impl Fn(usize) -> When) -> Vec<Point> {
    let with = |nth: usize, blow: Blow| Point { when: when(nth), blow };
    if whole() {
        let every = |nth| BLOWS.into_iter().map(move |blow| (nth, blow));
        return (1..=count).flat_map(every).map(|(nth, blow)| with(nth, blow)).collect();
    }
    let nth = |number: usize| 1 + (number * 2 + 1) * count / (sample * 2);
    (0..sample).map(|number| with(nth(number), BLOWS[number % BLOWS.len()])).collect()
}

#[test]
fn a_server_that_is_killed_goes_on_to_the_end_of_the_undisturbed_run() {
    let usual = attempt(None);
    assert_eq!(usual.problems(), [""; 0]);
    let event = |nth: usize| When::Event(usual.first - 1 + nth as u64);
    let mut all = points(usual.count(), SAMPLE.0, event);
    let writes = usual.writes.values().sum();
    all.extend(points(writes, SAMPLE.1, When::Write));
    // In the middle of a build always, as that is where processes are left.
    all.extend(BLOWS.map(|blow| Point { when: When::Build, blow }));
    all_equal(&sweep(&all, &usual));
}
