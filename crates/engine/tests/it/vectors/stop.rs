//! Stopping executions.

use crate::world::{World, pipeline};
use trunkline_engine::RefusalKind;
use trunkline_model::pipeline::ExecutionMode::Superseded;
use trunkline_model::pipeline::RetryMode;

#[test]
fn vector_07_a_stop_waits_and_may_be_escalated() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a", "b", "c@2"])]));
    let one = world.start();
    world.source();
    world.stop(&one, false).unwrap();
    assert_eq!(
        (world.status(&one), world.stage_is("Build")),
        ("Stopping".into(), "Stopping".into())
    );
    world.succeed("Build", "a");
    assert_eq!(world.status(&one), "Stopping");
    assert_eq!(world.stop(&one, false), Err(RefusalKind::DuplicatedStopRequest));
    world.stop(&one, true).unwrap();
    assert_eq!((world.status(&one), world.stage_is("Build")), ("Stopped".into(), "Stopped".into()));
    assert_eq!(world.action_is("Build", "a"), "Succeeded");
    assert_eq!(world.action_is("Build", "b"), "Abandoned");
    assert_eq!(world.action_is("Build", "c"), "-");
    assert_eq!(world.stop(&one, true), Err(RefusalKind::PipelineExecutionNotStoppable));
}

#[test]
fn vector_07_a_stop_ends_when_the_actions_do() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a", "c@2"])]));
    let one = world.start();
    world.source();
    world.stop(&one, false).unwrap();
    world.succeed("Build", "a");
    assert_eq!(world.status(&one), "Stopped");
    // The lock is free, and what was stopped can go on.
    world.retry("Build", &one, RetryMode::FailedActions).unwrap();
    assert_eq!(world.action_is("Build", "c"), "InProgress");
    world.succeed("Build", "c");
    assert_eq!(world.status(&one), "Succeeded");
}

#[test]
fn an_execution_that_waits_is_stopped_at_once_and_not_retried() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a"])]));
    world.disable("Build");
    let one = world.start();
    world.source();
    world.stop(&one, false).unwrap();
    assert_eq!(world.status(&one), "Stopped");
    assert!(world.waiting("Build").is_empty());
    assert!(world.retry("Build", &one, RetryMode::FailedActions).is_err());
}

#[test]
fn what_was_abandoned_is_not_heard_any_more() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a"])]));
    let one = world.start();
    world.source();
    world.stop(&one, true).unwrap();
    let before = world.machine.seq();
    world.succeed("Build", "a");
    assert_eq!(world.machine.seq(), before);
    assert_eq!(world.status(&one), "Stopped");
}
