//! Two people apply the same project to the same environment.

use super::{APPLY, Shared};
use crate::stage::{Stage, TARGET};

/// What an undisturbed apply makes, each once.
fn each_was_made_once(stage: &Stage) {
    for operation in ["CreateHoursOfOperation", "CreateQueue", "CreateContactFlow"] {
        assert_eq!(stage.count(operation), 1, "{operation}");
    }
    stage.id(TARGET, ("ListContactFlows", "ContactFlowSummaryList"), "Main");
}

#[test]
fn of_two_clones_that_apply_at_once_one_is_told_who_works_there_and_one_may_wait() {
    let shared = Shared::with_lease(10);
    let second = shared.clone_of_project();
    shared.hold("CreateQueue");
    let first = shared.start(&shared.stage.home, APPLY);
    shared.is_begun("CreateQueue");
    let refused = shared.run(&second, APPLY);
    assert_ne!(refused.code, 0);
    for says in ["error[TL0508]", "deploy", "apply"] {
        assert!(refused.err.contains(says), "`{says}` is not in:\n{}", refused.err);
    }
    let waits = shared.start(&second, &[APPLY, &["--lock-timeout", "600"]].concat());
    shared.let_go();
    let (first, waited) = (first.ends(), waits.ends());
    assert_eq!((first.code, waited.code), (0, 0), "{}\n{}", first.err, waited.err);
    assert!(waited.err.contains("No changes") || waited.err.contains("0 to create"), "{waited:?}");
    each_was_made_once(&shared.stage);
}

#[test]
fn the_lock_of_a_killed_holder_is_taken_over_under_a_higher_token() {
    let shared = Shared::new();
    let second = shared.clone_of_project();
    shared.hold("CreateQueue");
    let first = shared.start(&shared.stage.home, APPLY);
    shared.is_begun("CreateQueue");
    first.kill();
    shared.let_go();
    let resumed = shared.done(&second, &["resume", "--env", "prod", "--lock-timeout", "600"]);
    assert!(resumed.err.contains("as token 2"), "{}", resumed.err);
    each_was_made_once(&shared.stage);
}

/// The old holder sleeps while it waits for an answer, wakes when somebody else has finished its run, and
/// makes no further call.
#[cfg(target_os = "linux")]
#[test]
fn a_holder_that_slept_through_a_takeover_makes_no_further_write() {
    let shared = Shared::new();
    let second = shared.clone_of_project();
    shared.hold("CreateHoursOfOperation");
    let first = shared.start(&shared.stage.home, APPLY);
    shared.is_begun("CreateHoursOfOperation");
    first.signal("STOP");
    shared.let_go();
    // Its lease runs out; nobody can tell that it lives.
    let words = ["resume", "--env", "prod", "--lock-timeout", "600"];
    let resumed = shared.run(&second, &words);
    let resumed = if resumed.code == 0 {
        resumed
    } else {
        // The process is seen on this machine, so a person has to say it.
        shared.done(&second, &["resume", "--env", "prod", "--take-over"])
    };
    assert!(resumed.err.contains("as token 2"), "{}", resumed.err);
    let writes = shared.stage.writes();
    first.signal("CONT");
    let first = first.ends();
    assert_ne!(first.code, 0, "{}", first.err);
    assert!(first.err.contains("error[TL0509]"), "{}", first.err);
    assert_eq!(shared.stage.writes(), writes, "the old holder wrote");
    each_was_made_once(&shared.stage);
}
