//! Two who apply at once, and a lock whose holder died, hangs or wakes up again.

use crate::stage::says_all;
use crate::team::{Place, Team};
use serde_json::json;
use std::time::Duration;
use trunkline_lab::When;

const APPLY: &[&str] = &["apply", "--env", "prod", "--yes"];
/// Of the team's projects.
const LEASE: Duration = Duration::from_secs(1);
const OTHER_MACHINE: &str = "0000/pid:[1]/7/8";

#[test]
fn of_two_applies_at_once_the_second_is_refused_with_the_holders_name() {
    for place in [Place::Folder, Place::Bucket] {
        let team = Team::of_the_living(place);
        let (ann, bob) = (team.clone_of_project(), team.clone_of_project());
        let running = team.hangs_at(&ann, "CreateQueue", When::Before);
        let run = team.run_id();
        let refused = team.run(&bob, APPLY);
        says_all(&refused, 5, "TL0508", &[&run, "`apply`", "--lock-timeout", "state show"]);
        assert_eq!(team.run_id(), run, "{place:?}: the second began a run");
        assert_eq!(team.stage.count("CreateContactFlow"), 0, "{place:?}: the second wrote");
        // Reads need no lock.
        team.done(&bob, &["plan", "--env", "prod"]);
        running.kill();
        team.stage.server.lab().clear_faults();
        team.done(&bob, APPLY);
        team.is_complete(&bob);
    }
}

#[test]
fn who_waits_long_enough_goes_on_after_the_first() {
    let team = Team::of_the_living(Place::Folder);
    let (ann, bob) = (team.clone_of_project(), team.clone_of_project());
    let first = team.hangs_at(&ann, "CreateQueue", When::Before);
    let mut second = team.begin(&bob, &[APPLY, &["--lock-timeout", "600"]].concat());
    second.says("waits for");
    team.stage.server.lab().clear_faults();
    let second = second.ends();
    assert_eq!(second.code, 0, "{}", second.err);
    assert!(second.err.contains("No changes"), "{}", second.err);
    assert_eq!(first.ends().code, 0);
    team.is_complete(&bob);
}

#[test]
fn a_holder_that_was_killed_is_taken_over_with_its_token_raised() {
    for place in [Place::Folder, Place::Bucket] {
        let team = Team::new(place);
        let (ann, bob) = (team.clone_of_project(), team.clone_of_project());
        team.hangs_at(&ann, "CreateQueue", When::Before).kill();
        team.stage.server.lab().clear_faults();
        let token = team.lock()["token"].as_u64().expect("a token");
        let ran = team.done(&bob, &["resume", "--env", "prod"]);
        let told = ["TL0525", &format!("token {}", token + 1), &team.run_id()].map(str::to_owned);
        told.iter().for_each(|t| assert!(ran.err.contains(t), "`{t}` is not in:\n{}", ran.err));
        assert_eq!(team.lock()["token"], json!(token + 1));
        team.is_complete(&bob);
    }
}

#[test]
fn a_holder_elsewhere_is_taken_over_after_a_lease_without_a_sign_of_life_whatever_its_clock_said() {
    // A clock that was set back, or ahead, neither hastens the end of a lease nor puts it off.
    for since in ["1999-01-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
        let team = Team::new(Place::Folder);
        let (ann, bob) = (team.clone_of_project(), team.clone_of_project());
        team.hangs_at(&ann, "CreateQueue", When::After).kill();
        team.stage.server.lab().clear_faults();
        team.edit("prod-us-west-2/lock.json", |lock| {
            // Whether a process of another machine lives cannot be looked up.
            lock["holder"]["process"] = json!(OTHER_MACHINE);
            lock["holder"]["since"] = json!(since);
        });
        let begun = std::time::Instant::now();
        let ran = team.done(&bob, APPLY);
        assert!(begun.elapsed() >= LEASE, "sooner than after a lease");
        assert!(ran.err.contains("waits for") && ran.err.contains("TL0525"), "{}", ran.err);
        team.is_complete(&bob);
    }
}

#[test]
fn a_holder_that_slept_stops_before_its_next_call() {
    for resumes in [true, false] {
        let team = Team::new(Place::Folder);
        let (ann, bob) = (team.clone_of_project(), team.clone_of_project());
        // The hours are made; their answer reaches a process that sleeps.
        let sleeper = team.hangs_at(&ann, "CreateHoursOfOperation", When::After);
        sleeper.signal("STOP");
        team.stage.server.lab().clear_faults();
        let command = if resumes { &["resume", "--env", "prod"][..] } else { APPLY };
        let ran = team.done(&bob, command);
        assert!(ran.err.contains("TL0525"), "{}", ran.err);
        let writes = team.writes();
        sleeper.signal("CONT");
        let late = sleeper.ends();
        says_all(&late, 1, "TL0509", &["took over", "trunkline log"]);
        assert_eq!(team.writes(), writes, "it made a call");
        team.is_complete(&bob);
    }
}

#[test]
fn an_unlocked_holder_stops_before_its_next_call_and_the_run_can_be_resumed() {
    let team = Team::new(Place::Folder);
    let (ann, bob) = (team.clone_of_project(), team.clone_of_project());
    let running = team.hangs_for(&ann, "CreateHoursOfOperation", When::Before, 8_000);
    let refused = team.run(&bob, &["state", "unlock", "--env", "prod"]);
    says_all(&refused, 64, "TL0505", &["--yes"]);
    let ran = team.done(&bob, &["state", "unlock", "--env", "prod", "--yes"]);
    assert!(ran.err.contains("unlocked") && ran.err.contains(&team.run_id()), "{}", ran.err);
    says_all(&running.ends(), 1, "TL0509", &["broken by hand"]);
    team.done(&bob, &["resume"]);
    team.is_complete(&bob);
}
