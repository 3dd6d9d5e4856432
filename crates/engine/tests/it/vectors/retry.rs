//! Retries, by people and automatic.

use crate::world::{World, pipeline};
use trunkline_engine::settings::Interrupted;
use trunkline_engine::{RefusalKind, Settings};
use trunkline_model::pipeline::ExecutionMode::Superseded;
use trunkline_model::pipeline::{
    ConditionResult, OnFailure, Pipeline, RetryConfiguration, RetryMode,
};

#[test]
fn vector_02_a_failed_stage_that_was_overtaken_is_not_retried() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a"])]));
    let one = world.start();
    world.source();
    world.fail("Build", "a");
    let two = world.start();
    world.source();
    assert_eq!(world.inside("Build"), two);
    let refused = world.retry("Build", &one, RetryMode::FailedActions);
    assert_eq!(refused, Err(RefusalKind::NotLatestPipelineExecution));
}

#[test]
fn vector_03_failed_actions_are_retried_while_siblings_run() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a", "b", "c@2"])]));
    let one = world.start();
    world.source();
    let sibling = world.id("Build", "b");
    world.fail("Build", "a");
    let first = world.id("Build", "a");
    let refused = world.retry("Build", &one, RetryMode::AllActions);
    assert_eq!(refused, Err(RefusalKind::Conflict));
    world.retry("Build", &one, RetryMode::FailedActions).unwrap();
    assert_ne!(world.id("Build", "a"), first);
    assert_eq!(world.id("Build", "b"), sibling);
    world.succeed("Build", "a");
    world.succeed("Build", "b");
    world.succeed("Build", "c");
    assert_eq!(world.status(&one), "Succeeded");
}

#[test]
fn a_retry_keeps_what_succeeded_unless_all_are_asked_for() {
    for (mode, again) in [(RetryMode::FailedActions, false), (RetryMode::AllActions, true)] {
        let mut world = World::new(pipeline(Superseded, &[("Build", &["a", "b@2"])]));
        let one = world.start();
        world.source();
        world.succeed("Build", "a");
        world.fail("Build", "b");
        assert_eq!(world.status(&one), "Failed");
        world.retry("Build", &one, mode).unwrap();
        assert_eq!(world.status(&one), "InProgress");
        assert_eq!(world.action_is("Build", "a") == "InProgress", again);
        assert_eq!(world.action_is("Build", "b") == "InProgress", !again);
        assert_eq!(world.retries("Build"), (0, 1));
    }
}

#[test]
fn only_what_failed_is_retried() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a"]), ("Deploy", &["d"])]));
    let one = world.start();
    world.source();
    let refused = world.retry("Build", &one, RetryMode::FailedActions);
    assert_eq!(refused, Err(RefusalKind::StageNotRetryable));
    world.succeed("Build", "a");
    world.fail("Deploy", "d");
    let refused = world.retry("Build", &one, RetryMode::AllActions);
    assert_eq!(refused, Err(RefusalKind::StageNotRetryable));
    assert_eq!(
        world.retry("Nowhere", &one, RetryMode::AllActions),
        Err(RefusalKind::StageNotFound)
    );
    let unknown = world.retry("Build", "nobody", RetryMode::AllActions);
    assert_eq!(unknown, Err(RefusalKind::PipelineExecutionNotFound));
}

fn retrying(mode: RetryMode) -> Pipeline {
    let mut definition = pipeline(Superseded, &[("Build", &["a", "b@2"])]);
    definition.stages[1].on_failure = Some(OnFailure {
        result: Some(ConditionResult::Retry),
        retry_configuration: Some(RetryConfiguration { retry_mode: mode }),
        conditions: vec![],
    });
    definition
}

#[test]
fn vector_04_there_is_one_automatic_retry() {
    let mut world = World::new(retrying(RetryMode::FailedActions));
    let one = world.start();
    world.source();
    world.succeed("Build", "a");
    world.fail("Build", "b");
    assert_eq!(world.status(&one), "InProgress");
    assert_eq!(world.action_is("Build", "a"), "Succeeded");
    assert_eq!(world.action_is("Build", "b"), "InProgress");
    assert_eq!(world.retries("Build"), (1, 0));
    world.fail("Build", "b");
    assert_eq!(world.status(&one), "Failed");
}

#[test]
fn vector_04_an_automatic_retry_may_make_all_actions_again() {
    let mut world = World::new(retrying(RetryMode::AllActions));
    world.start();
    world.source();
    world.succeed("Build", "a");
    world.fail("Build", "b");
    assert_eq!(
        (world.action_is("Build", "a"), world.action_is("Build", "b")),
        ("InProgress".into(), "-".into())
    );
}

#[test]
fn an_interrupted_action_begins_again_as_the_same_action_execution() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a", "b"])]));
    world.start();
    world.source();
    world.succeed("Build", "a");
    let id = world.id("Build", "b");
    assert!(!world.run("Build", "b").recovered);
    world.crash();
    let run = world.run("Build", "b");
    assert_eq!((run.action_execution.as_str(), run.attempt, run.recovered), (id.as_str(), 2, true));
    assert_eq!(world.action("Build", "a").unwrap().interruptions, 0);
}

#[test]
fn by_a_setting_an_interrupted_action_fails() {
    let settings = Settings { interrupted: Interrupted::Fail, ..Settings::default() };
    let mut world = World::with(pipeline(Superseded, &[("Build", &["a"])]), settings);
    let one = world.start();
    world.source();
    world.crash();
    assert_eq!(world.status(&one), "Failed");
    assert_eq!(world.failure("Build", "a").code, "Interrupted");
}

#[test]
fn an_action_that_takes_too_long_fails() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a"])]));
    let one = world.start();
    world.source();
    // Commands have 55 minutes.
    assert_eq!(world.machine.wakes_at(world.now), Some(world.now + 55 * 60_000));
    world.now += 55 * 60_000;
    world.settle();
    assert_eq!(world.status(&one), "Failed");
    assert_eq!(world.failure("Build", "a").code, "Timeout");
}
