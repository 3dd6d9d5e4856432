//! Variables.

use crate::world::{World, action, pipeline, source_outcome};
use trunkline_engine::{ActionOutcome, Settings};
use trunkline_model::pipeline::ExecutionMode::Superseded;
use trunkline_model::pipeline::{ActionVariable, Pipeline, PipelineVariable};

/// The stage Build with actions `a` (namespace Made) and `b`, whose settings has this value.
fn using(value: &str, run_order: u32) -> Pipeline {
    let mut definition = pipeline(Superseded, &[("Build", &["a"])]);
    definition.variables = vec![PipelineVariable {
        name: "Environment".into(),
        default_value: Some("dev".into()),
        description: None,
    }];
    let actions = &mut definition.stages[1].actions;
    actions[0].namespace = Some("Made".into());
    let mut second = action("b");
    second.run_order = run_order;
    second.configuration.insert("Key".into(), value.to_owned());
    actions.push(second);
    definition
}

fn until_b(definition: Pipeline) -> World {
    let mut world = World::new(definition);
    world.start();
    world.source();
    let variables = [("Bucket".to_owned(), "acme".to_owned())].into();
    if world.action_is("Build", "a") == "InProgress" {
        world.end("Build", "a", ActionOutcome { variables, ..ActionOutcome::success() });
    }
    world
}

#[test]
fn variables_are_resolved_when_an_action_starts() {
    let value = "s3://#{Made.Bucket}/#{variables.Environment}/#{Git.CommitId}";
    let world = until_b(using(value, 2));
    assert_eq!(world.run("Build", "b").configuration["Key"], "s3://acme/dev/c0ffee");
    let world = until_b(using("#{codepipeline.PipelineExecutionId}", 2));
    assert_eq!(world.run("Build", "b").configuration["Key"], world.inside("Build"));
}

#[test]
fn variables_are_resolved_in_the_environment_too() {
    let mut definition = using("plain", 2);
    definition.stages[1].actions[1].environment_variables =
        vec![ActionVariable { name: "BUCKET".into(), value: "#{Made.Bucket}".into(), kind: None }];
    let world = until_b(definition);
    assert_eq!(world.run("Build", "b").environment[0].value, "acme");
}

#[test]
fn vector_09_a_variable_of_a_sibling_is_rejected() {
    let world = until_b(using("#{Made.Bucket}", 1));
    let error = world.failure("Build", "b");
    assert_eq!(format!("{:?}", error.kind), "ConfigurationError");
    assert!(error.message.contains("does not come before"), "{}", error.message);
    assert_eq!(world.stage_is("Build"), "Failed");
}

#[test]
fn vector_09_a_variable_of_a_sibling_is_rejected_after_a_retry_too() {
    let mut world = until_b(using("#{Made.Bucket}", 1));
    let execution = world.inside("Build");
    world.retry("Build", &execution, Default::default()).unwrap();
    assert_eq!(world.stage_is("Build"), "Failed");
}

#[test]
fn what_does_not_resolve_fails_the_action() {
    for value in ["#{Nobody.Key}", "#{Made.Other}", "#{variables.Other}", "#{Made.Bucket", "#{x}"] {
        let world = until_b(using(value, 2));
        let error = world.failure("Build", "b");
        assert_eq!(error.code, "UnresolvedVariable", "{value}");
    }
}

#[test]
fn output_variables_and_configuration_have_limits() {
    let mut world = World::new(using("#{Made.Bucket}#{Made.Bucket}", 2));
    world.start();
    world.source();
    let outcome = |bytes: usize| ActionOutcome {
        variables: [("Bucket".to_owned(), "x".repeat(bytes))].into(),
        ..ActionOutcome::success()
    };
    world.end("Build", "a", outcome(60_000));
    let error = world.failure("Build", "b");
    assert_eq!(error.code, "ConfigurationSizeExceeded");
    let execution = world.inside("Build");
    world.retry("Build", &execution, trunkline_model::pipeline::RetryMode::AllActions).unwrap();
    world.end("Build", "a", outcome(122_880));
    let error = world.failure("Build", "a");
    assert_eq!(error.code, "OutputVariablesSizeExceeded");
}

#[test]
fn all_sources_run_again_and_take_the_revision_that_was_asked_for() {
    let mut definition = pipeline(Superseded, &[("Build", &["a"])]);
    let mut second = definition.stages[0].actions[0].clone();
    (second.name, second.namespace) = ("Other".into(), None);
    second.output_artifacts[0].name = "More".into();
    definition.stages[0].actions.push(second);
    let mut world = World::with(definition, Settings::default());
    let trunkline_engine::Command::Start { trigger, .. } = crate::world::start() else { panic!() };
    let revision = trunkline_engine::event::RevisionOverride {
        action_name: "Source".into(),
        revision_type: "COMMIT_ID".into(),
        revision_value: "abc".into(),
    };
    world
        .give(trunkline_engine::Command::Start {
            trigger,
            variables: Default::default(),
            source_revisions: vec![revision.clone()],
            client_request_token: None,
        })
        .unwrap();
    assert_eq!(world.run("Source", "Source").source_revisions, [revision]);
    assert!(world.run("Source", "Other").source_revisions.is_empty());
    world.source();
    assert_eq!(world.stage_is("Source"), "InProgress");
    world.end("Source", "Other", source_outcome());
    assert_eq!(world.run("Build", "a").inputs[0].name, "Code");
}
