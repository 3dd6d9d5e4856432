use super::*;
use crate::build::Folders;
use trunkline_model::buildspec::{BuildProject, Buildspec};

fn build() -> Build {
    Build::of_buildspec("b1", Buildspec::default(), BuildProject::default(), Folders::default())
}

fn variable(name: &str, value: &str) -> ProjectVariable {
    ProjectVariable { name: name.into(), value: value.into(), kind: VariableKind::Plaintext }
}

#[test]
fn the_start_wins_over_the_project_and_the_project_over_the_buildspec() {
    let mut build = build();
    for name in ["A", "B", "C"] {
        build.spec.env.variables.insert(name.into(), "spec".into());
    }
    build.project.environment_variables = vec![variable("B", "project"), variable("C", "project")];
    build.variables = vec![variable("C", "start")];
    let got = declared(&build);
    for (name, value) in [("A", "spec"), ("B", "project"), ("C", "start")] {
        assert_eq!(got[name], Origin::Literal(value.into()), "{name}");
    }
}

#[test]
fn only_four_variables_of_the_machine_reach_a_build() {
    let mut build = build();
    for name in ["PATH", "HOME", "LANG", "TMPDIR", "AWS_SECRET_ACCESS_KEY", "SSH_AUTH_SOCK"] {
        build.host.insert(name.into(), "machine".into());
    }
    let got = together(&build, BTreeMap::new());
    let kept: Vec<_> =
        got.iter().filter(|(_, v)| *v == "machine").map(|(n, _)| n.as_str()).collect();
    assert_eq!(kept, ["HOME", "LANG", "PATH", "TMPDIR"]);
}

#[test]
fn predefined_variables_are_those_whose_facts_are_known() {
    let facts = Facts {
        project: "site".into(),
        id: "0001".into(),
        number: 7,
        start: Timestamp::from_millisecond(1_700_000_000_123).unwrap(),
        initiator: "codepipeline/agency".into(),
        partition: "aws".into(),
        account: Some("111122223333".into()),
        region: Some("eu-central-1".into()),
        webhook: BTreeMap::from([("TRIGGER".into(), "branch/main".into())]),
        ..Facts::default()
    };
    let got = facts.predefined();
    let arn = "arn:aws:codebuild:eu-central-1:111122223333:build/site:0001";
    assert_eq!(got["CODEBUILD_BUILD_ARN"], arn);
    assert_eq!(got["CODEBUILD_BUILD_ID"], "site:0001");
    assert_eq!(got["CODEBUILD_BUILD_NUMBER"], "7");
    assert_eq!(got["CODEBUILD_START_TIME"], "1700000000123");
    assert_eq!(got["CODEBUILD_WEBHOOK_TRIGGER"], "branch/main");
    assert!(!got.contains_key("CODEBUILD_SOURCE_VERSION"));
}
