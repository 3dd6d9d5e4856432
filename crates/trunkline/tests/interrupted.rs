//! The real program is killed, cut off, throttled and refused in the middle of an apply, at any write, by a
//! proxy between it and the lab; gone on with from a fresh clone, it ends like the run that nothing disturbed,
//! or like the instance was before.
//!
//! A sample by default; every write and every blow with `TRUNKLINE_FAULTS=all` (`cargo xtask faults`).

#[path = "interrupted/scene.rs"]
mod scene;
#[path = "interrupted/sweep.rs"]
mod sweep;

use scene::{Keeps, Version, World};
use sweep::{Point, Recovery, Undisturbed, all_equal, sweep, undisturbed};
use trunkline_testkit::{Class, Strike};

/// How many points of each blow a sample has.
const SAMPLE: usize = 2;

fn whole() -> bool {
    std::env::var("TRUNKLINE_FAULTS").is_ok_and(|v| v == "all")
}

/// A part of the bytes, different for each point and the same in each run.
fn part(call: usize) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    let turned = call as f64 * 0.618_033_988_75;
    turned.fract()
}

fn blows(call: usize) -> [Strike; 9] {
    [
        Strike::KillBefore,
        Strike::KillInRequest(part(call)),
        Strike::KillAfter,
        Strike::KillInAnswer(part(call + 7)),
        Strike::LoseCall,
        Strike::LoseAnswer,
        Strike::Throttle,
        Strike::Fail,
        Strike::Expire,
    ]
}

/// Every call with every blow, or some calls for each blow, other ones for each. What the state store does not
/// answer the program sends again, so there only deaths and lost answers matter.
fn points(usual: &Undisturbed, version: Version, class: Class, recovery: Recovery) -> Vec<Point> {
    let count = usual.calls[&class];
    let matters =
        |strike: &Strike| class == Class::Write || strike.kills() || *strike == Strike::LoseAnswer;
    let mut all = Vec::new();
    for call in 1..=count {
        for (number, strike) in blows(call).into_iter().filter(matters).enumerate() {
            let step = (count / SAMPLE).max(1);
            if whole() || (call + number * 5).is_multiple_of(step) {
                all.push(Point { version, class, call, strike, recovery });
            }
        }
    }
    all
}

#[test]
fn a_disturbed_first_deployment_goes_on_from_a_fresh_clone_to_the_same_end() {
    goes_on(Version::First, &[Class::Write, Class::State]);
}

#[test]
fn a_disturbed_change_of_every_kind_goes_on_from_a_fresh_clone_to_the_same_end() {
    goes_on(Version::Changed, &[Class::Write]);
}

#[test]
fn a_disturbed_first_deployment_is_rolled_back_from_a_fresh_clone_to_what_was_there() {
    is_rolled_back(Version::First);
}

#[test]
fn a_disturbed_change_of_every_kind_is_rolled_back_from_a_fresh_clone_to_what_was_there() {
    is_rolled_back(Version::Changed);
}

/// Ctrl-C: the calls under way are awaited, and the journal says so.
#[test]
fn an_interrupted_apply_ends_what_is_under_way_and_is_resumed() {
    let world = World::new();
    let scene = world.scene(Keeps::Folder);
    let clone = scene.clone_of_project(Version::First);
    scene.hold("CreateHoursOfOperation", 5_000);
    let ran = scene.run_until_begun(&clone, "CreateHoursOfOperation", "INT");
    assert_eq!(ran.code, Some(130), "{}", ran.err);
    assert_eq!(scene.open_steps(), 0, "{}", ran.err);
    let second = scene.clone_of_project(Version::First);
    let ran = scene.run(&second, &["resume", "--env", "prod"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(scene.differences(&second), [""; 0]);
}

fn goes_on(version: Version, classes: &[Class]) {
    let usual = undisturbed(&World::new(), version);
    let of = |class: &Class| points(&usual, version, *class, Recovery::Resume);
    let all: Vec<Point> = classes.iter().flat_map(of).collect();
    all_equal(&sweep(&all, &usual));
}

fn is_rolled_back(version: Version) {
    let usual = undisturbed(&World::new(), version);
    all_equal(&sweep(&points(&usual, version, Class::Write, Recovery::Rollback), &usual));
}
