//! Builds of CodeBuild projects in a pipeline: phases, shells, artifacts, variables, as logs and `--json` tell them.

use super::{Ran, Site, command};
use serde_json::Value;

/// A site whose stage Build carries a buildspec out, and whose stage Use reads its artifact.
fn site(buildspec: &str, output: bool) -> Site {
    let site = Site::new("");
    let outputs = if output { "      outputArtifacts: [{ name: Out }]\n" } else { "" };
    let build = format!(
        "  - name: Build\n    actions:\n    - name: Make\n      \
         actionTypeId: {{ category: Build, owner: AWS, provider: CodeBuild, version: '1' }}\n      \
         configuration: {{ ProjectName: app }}\n      inputArtifacts: [{{ name: App }}]\n{outputs}"
    );
    let from = |artifact: &str| format!("inputArtifacts: [{{ name: {artifact} }}]");
    let list = command("List", &["find . -type f | sort"]).replace(&from("App"), &from("Out"));
    let used = if output { format!("  - name: Use\n    actions:\n{list}") } else { String::new() };
    let project = format!(
        "projects:\n- name: app\n  source: {{ type: CODEPIPELINE, buildspec: {} }}\n",
        Value::from(buildspec)
    );
    site.define("main", "", &(build + &used + &project));
    site
}

/// What an action wrote.
fn log(site: &Site, action: &str) -> String {
    let logs = site.run(&["logs", "main", "--action", action, "--json"]).ends(0).json();
    let lines = logs["actions"][0]["lines"].as_array().expect("lines");
    lines.iter().map(|line| format!("{}\n", line["text"].as_str().expect("a text"))).collect()
}

#[track_caller]
fn check(log: &str, said: &[&str], unsaid: &[&str]) {
    for line in said {
        assert!(log.contains(&format!("{line}\n")), "{line}: {log}");
    }
    for line in unsaid {
        assert!(!log.contains(&format!("\n{line}\n")), "{line}: {log}");
    }
}

/// Three phases with a `finally` each; a phase that a file names fails.
const PHASES: &str = "\
version: 0.2
phases:
  pre_build:
    commands: ['test @ != pre_build']
    finally: ['echo finally 1']
  build:
    commands: ['echo building', 'test @ != build']
    finally: ['echo finally 2']
  post_build:
    commands: ['echo after, succeeding=$CODEBUILD_BUILD_SUCCEEDING']
    finally: ['echo finally 3']
artifacts: { files: [greeting.txt] }
";

#[test]
fn vector_11_post_build_and_the_upload_follow_a_build_that_failed_and_no_pre_build_that_did() {
    let uploaded = "Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED";
    let run = |phase: &str| -> (Ran, String) {
        let site = site(&PHASES.replace('@', phase), false);
        let ran = site.run(&["run", "main", "--json"]);
        (ran, log(&site, "Make"))
    };
    let (ran, said) = run("none");
    assert_eq!(ran.ends(0).json()["status"], "Succeeded");
    check(
        &said,
        &["building", "after, succeeding=1", "finally 1", "finally 2", "finally 3", uploaded],
        &[],
    );
    let (ran, said) = run("build");
    assert_eq!(ran.ends(1).json()["stages"][1]["actions"][0]["failure"]["kind"], "JobFailed");
    check(&said, &["after, succeeding=0", "finally 1", "finally 2", "finally 3", uploaded], &[]);
    let (ran, said) = run("pre_build");
    ran.ends(1);
    let later = ["building", "after, succeeding=0", "finally 2", "finally 3", uploaded];
    check(&said, &["finally 1"], &later);
}

#[test]
fn vector_12_exports_and_the_folder_persist_in_version_02_and_not_in_01() {
    for (version, said) in [("0.2", "A is kept in deep"), ("0.1", "A is unset in source")] {
        let spec = format!(
            "version: {version}\nphases:\n  pre_build:\n    commands:\n    - mkdir deep\n    - export A=kept\n    - cd deep\n  \
             build:\n    commands:\n    - echo \"A is ${{A-unset}} in $(basename $PWD)\"\n"
        );
        let site = site(&spec, false);
        site.started(0);
        check(&log(&site, "Make"), &[said], &[]);
    }
}

#[test]
fn vector_13_an_artifact_without_files_fails_the_upload() {
    let spec = "version: 0.2\nphases: { build: { commands: ['true'] } }\nartifacts: { files: ['*.jar'] }\n";
    let site = site(spec, true);
    let ran = site.run(&["run", "main", "--json"]).ends(1).json();
    let failure = ran["stages"][1]["actions"][0]["failure"]["message"].as_str().expect("a message");
    assert!(failure.contains("no matching artifact paths found"), "{failure}");
    let failed = "Phase complete: UPLOAD_ARTIFACTS State: FAILED";
    check(&log(&site, "Make"), &["Phase complete: BUILD State: SUCCEEDED", failed], &[]);
}

#[test]
fn vector_14_the_folder_of_an_artifact_is_expanded_by_the_shell_at_the_end() {
    let spec = "version: 0.2\nphases:\n  build:\n    commands:\n    - export OUT=made\n    \
                - mkdir -p made/deep && echo x > made/deep/one.txt\nartifacts:\n  name: site-$OUT\n  \
                base-directory: $CODEBUILD_SRC_DIR/${OUT}\n  files: ['**/*']\n";
    let site = site(spec, true);
    let ran = site.run(&["run", "main", "--json"]).ends(0).json();
    assert_eq!(ran["stages"][1]["actions"][0]["artifacts"][0]["name"], "Out");
    check(&log(&site, "List"), &["./deep/one.txt"], &["./greeting.txt"]);
}

#[test]
fn vector_15_variables_of_a_buildspec_are_taken_as_they_stand() {
    let spec = "version: 0.2\nenv:\n  variables: { PLACE: '$PATH:/opt' }\nphases:\n  build:\n    commands:\n    \
                - printenv PLACE\n";
    let site = site(spec, false);
    site.started(0);
    check(&log(&site, "Make"), &["$PATH:/opt"], &[]);
}
