//! Rolling a stage back.

use crate::world::{World, pipeline};
use trunkline_engine::{Answer, RefusalKind};
use trunkline_model::pipeline::ExecutionMode::{self, Parallel, Superseded};
use trunkline_model::pipeline::{ConditionResult, OnFailure, Pipeline};

fn definition(mode: ExecutionMode) -> Pipeline {
    pipeline(mode, &[("Deploy", &["d"]), ("Last", &["l"])])
}

/// A whole execution, with the commit as its artifact's id.
fn whole(world: &mut World, commit: &str) -> String {
    let execution = world.start();
    let mut outcome = crate::world::source_outcome();
    outcome.artifacts[0].id = commit.to_owned();
    world.end("Source", "Source", outcome);
    world.succeed("Deploy", "d");
    world.succeed("Last", "l");
    execution
}

#[test]
fn vector_05_a_rollback_makes_the_one_stage_with_the_targets_artifacts() {
    let mut world = World::new(definition(Superseded));
    let one = whole(&mut world, "first");
    whole(&mut world, "second");
    let Ok(Answer::Started { execution }) = world.roll_back("Deploy", &one) else {
        panic!("refused")
    };
    assert_eq!(world.inside("Deploy"), execution);
    assert_eq!(world.row(&execution).rollback_target.as_deref(), Some(one.as_str()));
    let run = world.run("Deploy", "d");
    assert_eq!(run.inputs[0].id, "first");
    assert_eq!(run.rollback_target.as_deref(), Some(one.as_str()));
    world.succeed("Deploy", "d");
    assert_eq!(world.status(&execution), "Succeeded");
    assert_ne!(world.inside("Last"), execution);
}

#[test]
fn vector_05_what_a_stage_may_go_back_to() {
    let mut world = World::new(definition(Superseded));
    let one = whole(&mut world, "first");
    let failed = world.start();
    world.source();
    world.fail("Deploy", "d");
    let unable = Err(RefusalKind::UnableToRollbackStage);
    assert_eq!(world.roll_back("Source", &one), unable, "the source stage");
    assert_eq!(world.roll_back("Deploy", &failed), unable, "it failed there");
    let unknown = world.roll_back("Deploy", "nobody");
    assert_eq!(unknown, Err(RefusalKind::PipelineExecutionNotFound));
    let Ok(Answer::Started { execution }) = world.roll_back("Deploy", &one) else {
        panic!("refused")
    };
    let busy = world.roll_back("Deploy", &one);
    assert_eq!(busy, Err(RefusalKind::Conflict), "the stage is busy");
    world.succeed("Deploy", "d");
    assert_eq!(world.roll_back("Deploy", &execution), unable, "it is a rollback");
    let mut changed = definition(Superseded);
    changed.stages[2].actions[0].name = "other".into();
    world.define(changed);
    let outdated = world.roll_back("Deploy", &one);
    assert_eq!(outdated, Err(RefusalKind::PipelineExecutionOutdated));
}

#[test]
fn vector_05_there_is_no_rollback_in_parallel() {
    let mut world = World::new(definition(Parallel));
    let one = whole(&mut world, "first");
    assert_eq!(world.roll_back("Deploy", &one), Err(RefusalKind::UnableToRollbackStage));
}

fn rolling_back() -> Pipeline {
    let mut definition = definition(Superseded);
    let result = Some(ConditionResult::Rollback);
    definition.stages[1].on_failure = Some(OnFailure { result, ..OnFailure::default() });
    definition
}

#[test]
fn vector_05_a_failed_stage_goes_back_by_itself_to_its_last_success() {
    let mut world = World::new(rolling_back());
    let one = whole(&mut world, "first");
    let two = world.start();
    world.source();
    world.fail("Deploy", "d");
    assert_eq!(world.status(&two), "Failed");
    let rollback = world.inside("Deploy");
    assert_eq!(world.run("Deploy", "d").inputs[0].id, "first");
    assert_eq!(world.run("Deploy", "d").rollback_target.as_deref(), Some(one.as_str()));
    // A rollback that fails does not roll back.
    world.fail("Deploy", "d");
    assert_eq!(world.status(&rollback), "Failed");
    assert_eq!(world.inside("Deploy"), rollback);
}

#[test]
fn vector_05_without_a_success_there_is_nothing_to_go_back_to() {
    let mut world = World::new(rolling_back());
    let one = world.start();
    world.source();
    world.fail("Deploy", "d");
    assert_eq!(world.status(&one), "Failed");
    assert_eq!(world.inside("Deploy"), one);
}
