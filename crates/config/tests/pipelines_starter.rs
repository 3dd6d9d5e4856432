//! The pipelines that `pipeline new` writes are read by the same reader without a finding, and have
//! the stages that the environment asks for.

use trunkline_config::pipelines::{
    Component, Definitions, ReadOptions, StarterOptions, default_pipeline, read,
};
use trunkline_model::Severity;

const PROJECT: &str = r#"
version: 1
project: acme
environments:
  rnd: { account: "111122223333", regions: [us-west-2], instance: acme-rnd, use: build }
  dev: { account: "222233334444", regions: [us-west-2], instance: acme-dev, branch: develop }
  prod:
    account: "333344445555"
    regions: [us-west-2, us-east-1]
    instance: "acme-{region}"
    branch: main
    approval: required
"#;

/// Writes an environment's pipeline and reads it; the stages with their actions, and what was found.
fn written(environment: &str, options: &StarterOptions) -> (Definitions, String, Vec<String>) {
    let project = trunkline_config::parse(PROJECT, "trunkline.yaml").expect("a good project");
    let environment = project.environment(environment).expect("it is there");
    let text = default_pipeline(&project, environment, options);
    let to_run = ReadOptions { to_run: true, ..ReadOptions::default() };
    let (definitions, found) = read(&text, "pipelines/new.yaml", &to_run);
    assert!(found.iter().all(|d| d.severity == Severity::Note), "{text}\n{found:?}");
    let definitions = definitions.expect("no error");
    let stage = |s: &trunkline_model::pipeline::Stage| {
        let actions: Vec<String> =
            s.actions.iter().map(|a| format!("{}@{}", a.name, a.run_order)).collect();
        format!("{}: {}", s.name, actions.join(" "))
    };
    let stages: Vec<String> = definitions.pipelines[0].stages.iter().map(stage).collect();
    let notes = found.iter().map(|d| d.message.clone()).collect();
    (definitions, stages.join("\n"), notes)
}

#[test]
fn regions_follow_the_primary_one_and_approval_is_asked_where_it_is_required() {
    let (definitions, stages, notes) = written("prod", &StarterOptions::default());
    assert_eq!(
        stages,
        "Source: Documents@1\nCheck: Check@1\nDeploy: Plan@1 Approve@2 us-west-2@3 us-east-1@4"
    );
    assert!(notes.is_empty(), "{notes:?}");
    let pipeline = &definitions.pipelines[0];
    assert_eq!(pipeline.name, "acme-prod");
    let source = &pipeline.stages[0].actions[0].configuration;
    assert_eq!((&*source["RepositoryName"], &*source["BranchName"]), ("acme", "main"));
    assert_eq!(pipeline.stages[1].actions[0].commands, ["trunkline check"]);
    let (_, stages, _) = written("dev", &StarterOptions::default());
    assert_eq!(stages, "Source: Documents@1\nCheck: Check@1\nDeploy: Plan@1 us-west-2@2");
    let deploy = &pipeline.stages[2].actions;
    let inputs = |n: usize| deploy[n].input_artifacts.iter().map(|a| &*a.name).collect::<Vec<_>>();
    assert_eq!(
        (deploy[0].output_artifacts[0].name.as_str(), inputs(0)),
        ("Plan", vec!["Documents"])
    );
    assert!(
        [2, 3].iter().all(|n| inputs(*n) == ["Documents", "Plan"]),
        "what is planned is applied"
    );
}

#[test]
fn a_component_is_started_by_its_files() {
    let component =
        Component { name: "flows".into(), paths: vec!["connect/**".into(), "lex/**".into()] };
    let options = StarterOptions { component: Some(component), ..StarterOptions::default() };
    let (definitions, _, notes) = written("prod", &options);
    assert_eq!(notes.len(), 1, "a trigger of a hosted repository is not CodePipeline's: {notes:?}");
    let pipeline = &definitions.pipelines[0];
    assert_eq!(pipeline.name, "acme-prod-flows");
    let git = pipeline.triggers[0].git_configuration.as_ref().expect("filters");
    assert_eq!(git.push[0].file_paths.as_ref().expect("paths").includes, ["connect/**", "lex/**"]);
    let connection = Some("arn:aws:codeconnections:us-west-2:111122223333:connection/0".to_owned());
    let repository = Some("acme/center".to_owned());
    let (_, _, notes) = written("prod", &StarterOptions { connection, repository, ..options });
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn an_environment_that_people_build_in_is_exported() {
    let (definitions, stages, _) = written("rnd", &StarterOptions::default());
    assert_eq!(stages, "Source: Export@1\nCheck: Check@1");
    let export = &definitions.pipelines[0].stages[0].actions[0];
    assert_eq!(export.action_type_id.provider, "TrunklineExport");
    assert_eq!(export.configuration["Environment"], "rnd");
}
