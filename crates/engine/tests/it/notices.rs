//! What is told outside.

use crate::world::{NAME, World, pipeline};
use serde_json::Value;
use trunkline_model::pipeline::ExecutionMode::Superseded;
use trunkline_model::pipeline::RetryMode;

fn told(world: &World) -> Vec<Value> {
    let notices = world.log.kept(NAME).notices;
    notices.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

#[test]
fn every_change_is_told_in_the_shape_of_eventbridge() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a"])]));
    let one = world.start();
    world.source();
    world.fail("Build", "a");
    world.retry("Build", &one, RetryMode::FailedActions).unwrap();
    world.succeed("Build", "a");
    let told = told(&world);
    let line = |n: &Value| {
        let kind = n["detail-type"].as_str().unwrap().split(' ').nth(1).unwrap().to_owned();
        format!("{kind} {}", n["detail"]["state"].as_str().unwrap())
    };
    let lines: Vec<String> = told.iter().map(line).collect();
    let expected = [
        "Pipeline STARTED",
        "Stage STARTED",
        "Action STARTED",
        "Action SUCCEEDED",
        "Stage SUCCEEDED",
        "Stage STARTED",
        "Action STARTED",
        "Action FAILED",
        "Stage FAILED",
        "Pipeline FAILED",
        "Pipeline RESUMED",
        "Stage RESUMED",
        "Action STARTED",
        "Action SUCCEEDED",
        "Stage SUCCEEDED",
        "Pipeline SUCCEEDED",
    ];
    assert_eq!(lines, expected);
    let first = &told[0];
    assert_eq!(first["source"], "aws.codepipeline");
    assert_eq!(first["account"], "111122223333");
    assert_eq!(first["detail"]["execution-id"], one.as_str());
    assert_eq!(first["detail"]["execution-trigger"]["trigger-type"], "StartPipelineExecution");
    let failed = &told[7]["detail"];
    assert_eq!(failed["action"], "a");
    assert_eq!(failed["stage"], "Build");
    assert_eq!(failed["type"]["provider"], "Commands");
    assert_eq!(failed["input-artifacts"][0]["name"], "Code");
    assert_eq!(failed["execution-result"]["error-code"], "JobFailed");
    let mut ids: Vec<&str> = told.iter().map(|n| n["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), told.len(), "ids repeat");
}

#[test]
fn a_stop_tells_its_reason() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a"])]));
    let one = world.start();
    world.stop(&one, true).unwrap();
    let told = told(&world);
    let stopping = told.iter().find(|n| n["detail"]["state"] == "STOPPING").unwrap();
    assert_eq!(stopping["detail"]["stop-execution-comments"], "enough");
    assert!(told.iter().any(|n| n["detail"]["state"] == "ABANDONED"));
}
