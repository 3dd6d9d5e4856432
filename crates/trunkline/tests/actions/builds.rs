//! CodeBuild and Commands: what they are given, what they leave, and how they fail.

use crate::project::{DATA, Project, action, commands, says, source, stage};
use serde_json::json;

const JUNIT: &str = "<testsuite name=\"menu\"><testcase classname=\"menu\" name=\"opens\"/>\
    <testcase classname=\"menu\" name=\"closes\"><failure message=\"still open\"/></testcase></testsuite>";

const SPEC: &str = "\
version: 0.2
env:
  variables: { WHO: nobody, STAGE: none }
  exported-variables: [VERSION, WHERE]
phases:
  build:
    commands:
    - export VERSION=1.$(cat number)
    - export WHERE=\"$Environment in $AccountNumber\"
    - echo \"by $WHO at $STAGE, build $CODEBUILD_BUILD_NUMBER, with $(cat $CODEBUILD_SRC_DIR_More/extra)\"
    - mkdir -p out && echo made > out/main.txt && echo more > out/other.txt
reports:
  unit: { files: [junit.xml] }
  lines: { files: [clover.xml], file-format: CLOVERXML }
artifacts:
  files: [main.txt]
  base-directory: out
  secondary-artifacts:
    Other: { files: [other.txt], base-directory: out }
";

const PROJECTS: &str = "\
projects:
- name: app
  source: { type: CODEPIPELINE, buildspec: ci/spec.yml }
  environment:
    environmentVariables: [{ name: STAGE, value: project }, { name: WHO, value: project }]
- name: inline
  source:
    type: CODEPIPELINE
    buildspec: |
      version: 0.2
      phases: { build: { commands: ['echo inline $CODEBUILD_BUILD_NUMBER'] } }
";

const CACHED: &str = "\
projects:
- name: cached
  cache: { type: LOCAL }
  source:
    type: CODEPIPELINE
    buildspec: |
      version: 0.2
      phases: { build: { commands: ['echo again >> kept/runs', 'echo runs $(wc -l < kept/runs)'] } }
      cache: { paths: [kept/**/*] }
";

#[test]
fn a_project_with_a_cache_keeps_paths_from_build_to_build() {
    let project = Project::new();
    project.write("kept/runs", "");
    let build = action(
        "Build",
        "Build/AWS/CodeBuild",
        &["configuration: { ProjectName: cached }", "inputArtifacts: [{ name: App }]"],
    );
    project.define("main", &[source("main"), stage("Build", &[build])], CACHED);
    project.push("main", "Build");
    says(&project.succeeds("main", &[]), &["runs 1", "Kept 1 file(s) in the cache"]);
    says(&project.succeeds("main", &[]), &["runs 2"]);
}

fn codebuild(name: &str, project: &str, variables: &str, rest: &[&str]) -> String {
    let configuration = format!(
        "configuration: {{ ProjectName: {project}, PrimarySource: App, EnvironmentVariables: '{variables}' }}"
    );
    action(name, "Build/AWS/CodeBuild", &[&[configuration.as_str()], rest].concat())
}

#[test]
fn a_build_gets_what_its_project_and_action_say_and_hands_on_what_it_makes() {
    let project = Project::new();
    project.write("ci/spec.yml", SPEC);
    project.write("number", "7");
    project.write("junit.xml", JUNIT);
    let clover = "<coverage><project><metrics statements=\"10\" coveredstatements=\"8\" \
        conditionals=\"0\" coveredconditionals=\"0\"/></project></coverage>";
    project.write("clover.xml", clover);
    let variables = json!([
        { "name": "WHO", "value": "action", "type": "PLAINTEXT" },
        { "name": "Environment", "value": "prod" },
    ]);
    let build = codebuild(
        "Compile",
        "app",
        &variables.to_string(),
        &[
            "namespace: build",
            "inputArtifacts: [{ name: More }, { name: App }]",
            "outputArtifacts: [{ name: Made }, { name: Other }]",
        ],
    );
    let use_it = commands(
        "Use",
        "Made",
        &["echo \"$VERSION, $WHERE: $(cat main.txt)\"", "ls $CODEBUILD_SRC_DIR"],
        &[
            "environmentVariables: [{ name: VERSION, value: '#{build.VERSION}' }, { name: WHERE, value: '#{build.WHERE}' }]",
        ],
    );
    let other = commands("UseOther", "Other", &["cat other.txt"], &[]);
    let more = ["outputArtifacts: [{ name: More, files: [extra] }]"];
    let stages = [
        source("main"),
        stage("More", &[commands("Add", "App", &["echo extra > extra"], &more)]),
        stage(
            "Build",
            &[build, codebuild("Inline", "inline", "[]", &["inputArtifacts: [{ name: App }]"])],
        ),
        stage("Use", &[use_it, other]),
    ];
    project.define("main", &stages, PROJECTS);
    project.push("main", "Build");

    let logs = project.succeeds("main", &[]);
    says(
        &logs,
        &[
            "by action at project, build 1, with extra",
            "1.7, prod in 444455556666: made",
            "inline 1",
            "Report unit: 2 tests, 1 failed",
            "failed: menu.closes: still open",
        ],
    );
    assert!(logs.lines().any(|l| l.ends_with("more")), "{logs}");
    let shown = project.action("main", "Compile");
    assert_eq!(shown["outputVariables"]["VERSION"], "1.7", "{shown}");
    let reports = shown["reports"].as_array().expect("reports");
    let of = |group: &str| reports.iter().find(|r| r["group"] == group).expect("a group");
    assert_eq!(
        (&of("unit")["tests"]["total"], &of("unit")["tests"]["failed"]),
        (&2.into(), &1.into())
    );
    assert_eq!(of("lines")["coverage"]["linesCovered"], 8, "{shown}");
    says(
        shown["summary"].as_str().expect("a summary"),
        &["2 tests, 1 failed", "80.0 % of 10 lines"],
    );
    // Each project counts for itself, over runs.
    let logs = project.succeeds("main", &[]);
    says(&logs, &["build 2, with extra", "inline 2"]);
}

#[test]
fn a_failed_build_says_why_its_phase_failed_and_what_its_tests_said() {
    let project = Project::new();
    project.write("junit.xml", JUNIT);
    let spec = "projects:\n- name: app\n  source:\n    type: CODEPIPELINE\n    buildspec: |\n      \
        version: 0.2\n      phases:\n        build: { commands: ['echo looking', 'sh -c \"exit 7\"'] }\n        \
        post_build: { commands: ['echo after'] }\n      reports: { unit: { files: [junit.xml] } }\n";
    let build = action(
        "Compile",
        "Build/AWS/CodeBuild",
        &["configuration: { ProjectName: app }", "inputArtifacts: [{ name: App }]"],
    );
    project.define("main", &[source("main"), stage("Build", &[build])], spec);
    project.push("main", "Fail");
    let said = project.fails("main", &[]);
    says(&said, &["Reason: exit status 7", "Report unit: 2 tests, 1 failed"]);
    let shown = project.action("main", "Compile");
    let message = shown["failure"]["message"].as_str().expect("a message");
    says(message, &["Error while executing command: sh -c \"exit 7\"", "exit status 7"]);
    assert_eq!(shown["failure"]["kind"], "JobFailed");
    assert_eq!(shown["reports"][0]["failed"][0], "menu.closes: still open", "{shown}");
}

#[test]
fn an_artifact_that_is_not_what_it_was_is_refused() {
    let project = Project::new();
    let marker = project.stage.home.join("marker").display().to_string();
    let make = commands(
        "Make",
        "App",
        &["echo one > a.txt", "echo two > b.txt"],
        &["outputArtifacts: [{ name: First, files: [a.txt] }, { name: Second, files: ['b.*'] }]"],
    );
    let use_it = [
        commands("One", "First", &["ls", "cat a.txt", "test ! -e b.txt"], &[]),
        commands("Two", "Second", &["cat b.txt", &format!("test -e {marker}")], &[]),
    ];
    let stages = [source("main"), stage("Make", &[make]), stage("Use", &use_it)];
    project.define("main", &stages, "");
    project.push("main", "Two artifacts");
    let said = project.fails("main", &[]);
    says(&said, &["one", "two", "exit status 1"]);

    let made = project.action("main", "Make");
    let id = made["artifacts"][1]["id"].as_str().expect("an id");
    assert_eq!((&made["artifacts"][1]["name"], id.len()), (&"Second".into(), 64));
    let path = format!("{DATA}/artifacts/{id}.zip");
    let mut bytes = std::fs::read(project.stage.home.join(&path)).expect("the artifact");
    bytes.push(0);
    project.write(&path, bytes);
    project.write("marker", "");
    let ran = project.stage.run(&["pipeline", "retry", "main"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    says(&ran.err, &["the artifact `Second` cannot be used"]);
    assert_eq!(project.action("main", "Two")["failure"]["code"], "TL0719");
}

#[test]
fn builds_find_this_program_whatever_its_file_is_called() {
    let project = Project::new();
    // The first of that name in the PATH is another one.
    let other = project.write("other/trunkline", "#!/bin/sh\necho the wrong one\n");
    std::fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("it is ours");
    let ask = commands("Ask", "App", &["trunkline --version", "trunkline check"], &[]);
    project.define("main", &[source("main"), stage("Ask", &[ask])], "");
    project.push("main", "Ask");
    let program = project.stage.home.join("next-version");
    // By a process of its own: no process that is started meanwhile inherits a program that is being written, which
    // could not be run.
    let mut copy = project.stage.home.command("cp");
    let copied = copy.arg(env!("CARGO_BIN_EXE_trunkline")).arg(&program).status();
    assert!(copied.expect("cp is there").success());
    let mut command = project.stage.home.program(
        program.to_str().expect("UTF-8"),
        &project.stage.server.url(),
        crate::stage::TOOLS,
        &["pipeline", "run", "main"],
    );
    let folder = other.parent().expect("a folder").display().to_string();
    let path = std::env::var("PATH").expect("there is one");
    let output = command.env("PATH", format!("{folder}:{path}")).output().expect("it runs");
    let logs = project.logs("main");
    assert!(output.status.success(), "{output:?}\n{logs}");
    says(&logs, &[env!("CARGO_PKG_VERSION"), "and 1 pipeline checked"]);
    assert!(!logs.contains("the wrong one"), "{logs}");
}

#[test]
fn an_action_starts_another_pipeline_with_variables() {
    let project = Project::new();
    let invoke = action(
        "Start",
        "Invoke/AWS/CodePipeline",
        &[
            "namespace: started",
            "configuration: { PipelineName: other, Variables: '[{\"name\": \"Word\", \"value\": \"hello\"}]' }",
        ],
    );
    let tell = commands(
        "Tell",
        "App",
        &["echo \"it is $ID\""],
        &["environmentVariables: [{ name: ID, value: '#{started.PipelineExecutionId}' }]"],
    );
    project.define("main", &[source("main"), stage("Next", &[invoke]), stage("Tell", &[tell])], "");
    let say = commands(
        "Say",
        "App",
        &["echo \"$WORD world\""],
        &["environmentVariables: [{ name: WORD, value: '#{variables.Word}' }]"],
    );
    let stages = [source("main"), stage("Say", &[say])].concat();
    let text = format!(
        "pipeline:\n  name: other\n  pipelineType: V2\n  variables: [{{ name: Word, defaultValue: bye }}]\n  stages:\n{stages}"
    );
    project.write("pipelines/other.yaml", text);
    project.push("main", "Invoke");
    let logs = project.succeeds("main", &[]);
    let ran = project.stage.run(&["pipeline", "run", "other", "--continue"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let view = project.stage.done(&["pipeline", "show", "other", "latest", "--json"]).json();
    let id = view["id"].as_str().expect("an id");
    says(&logs, &[&format!("started other {id}"), &format!("it is {id}")]);
    assert_eq!(
        (&view["variables"]["Word"], &view["status"]),
        (&"hello".into(), &"Succeeded".into())
    );
    says(&project.logs("other"), &["hello world"]);
}
