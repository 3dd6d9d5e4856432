//! The real program is killed, cut off, throttled and refused in the middle of an apply, at any write, by a
//! proxy between it and the lab; gone on with from a fresh clone, it ends like the run that nothing disturbed,
//! or like the instance was before.
//!
//! A sample by default; every write and every blow with `TRUNKLINE_FAULTS=all` (`cargo xtask faults`).

#[path = "interrupted/scene.rs"]
mod scene;
#[path = "interrupted/sweep.rs"]
mod sweep;

use scene::{World, has_command};
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
fn points(usual: &Undisturbed, class: Class, recovery: Recovery) -> Vec<Point> {
    let count = usual.calls[&class];
    let matters =
        |strike: &Strike| class == Class::Write || strike.kills() || *strike == Strike::LoseAnswer;
    let mut all = Vec::new();
    for call in 1..=count {
        for (number, strike) in blows(call).into_iter().filter(matters).enumerate() {
            let step = (count / SAMPLE).max(1);
            if whole() || (call + number * 5).is_multiple_of(step) {
                all.push(Point { class, call, strike, recovery });
            }
        }
    }
    all
}

#[test]
fn a_disturbed_apply_goes_on_from_a_fresh_clone_to_the_same_end() {
    let usual = undisturbed(&World::new());
    let recovery = if has_command("resume") { Recovery::Resume } else { Recovery::Again };
    let mut all = points(&usual, Class::Write, recovery);
    all.extend(points(&usual, Class::State, recovery));
    all_equal(&sweep(&all, &usual));
}

#[test]
fn a_disturbed_apply_is_rolled_back_from_a_fresh_clone_to_what_was_there() {
    if !has_command("rollback") {
        println!("SKIP: there is no `rollback`");
        return;
    }
    let usual = undisturbed(&World::new());
    all_equal(&sweep(&points(&usual, Class::Write, Recovery::Rollback), &usual));
}
