use crate::harness::Place;
use trunkline_build::{BuildPhase, BuildStatus, Kind, PhaseStatus};
use trunkline_model::buildspec::{ArtifactFiles, Artifacts, OnFailure, PhaseName};

use BuildPhase::*;
use PhaseStatus::{Failed, Succeeded};

fn with_artifact(mut place: Place, file: &str) -> Place {
    let primary = ArtifactFiles { files: vec![file.into()], ..ArtifactFiles::default() };
    place.build.spec.artifacts = Some(Artifacts { primary, ..Artifacts::default() });
    place
}

fn entered(phases: &[(BuildPhase, PhaseStatus)]) -> Vec<BuildPhase> {
    phases.iter().map(|(phase, _)| *phase).filter(|p| *p >= Install).collect()
}

#[tokio::test]
async fn vector_11_post_build_and_upload_follow_a_build_that_failed() {
    let place = Place::new(
        "v11-build",
        &[
            (PhaseName::Build, &["touch made", "exit 3", "echo never"]),
            (PhaseName::PostBuild, &["echo succeeding=$CODEBUILD_BUILD_SUCCEEDING"]),
        ],
    );
    let done = with_artifact(place, "made").run().await;
    assert_eq!(done.result.status, BuildStatus::Failed);
    assert_eq!(
        entered(&done.phases()),
        [Install, PreBuild, Build, PostBuild, UploadArtifacts, Finalizing]
    );
    assert!(done.phases().contains(&(UploadArtifacts, Succeeded)));
    assert_eq!(done.output(), ["succeeding=0"]);
    assert_eq!(done.result.artifacts.len(), 1);
    let build = done.result.phases.iter().find(|p| p.phase == Build).unwrap();
    assert_eq!(build.code.as_deref(), Some("COMMAND_EXECUTION_ERROR"));
    let message = "Error while executing command: exit 3. Reason: exit status 3";
    assert_eq!(build.message.as_deref(), Some(message));
    for line in [
        "Entering phase BUILD",
        "Running command exit 3",
        "Command did not exit successfully exit 3 exit status 3",
        "Phase complete: BUILD State: FAILED",
        "Phase context status code: COMMAND_EXECUTION_ERROR Message: Error while",
        "Expanding base directory path: .",
        "Found 1 file(s)",
    ] {
        assert!(done.text().contains(line), "{line} in {}", done.text());
    }
}

#[tokio::test]
async fn a_script_that_failed_is_named_by_its_first_line() {
    let script = "\necho begin\nexit 4\n";
    let done = Place::new("script", &[(PhaseName::Build, &[script])]).run().await;
    let build = done.result.phases.iter().find(|p| p.phase == Build).unwrap();
    let message = "Error while executing command: echo begin …. Reason: exit status 4";
    assert_eq!(build.message.as_deref(), Some(message));
    let told = "Command did not exit successfully echo begin … exit status 4";
    assert!(done.text().contains(told), "{}", done.text());
}

#[tokio::test]
async fn vector_11_neither_follows_a_pre_build_that_failed() {
    let place = Place::new(
        "v11-pre",
        &[
            (PhaseName::PreBuild, &["false"]),
            (PhaseName::Build, &["echo never"]),
            (PhaseName::PostBuild, &["echo never"]),
        ],
    );
    let done = with_artifact(place, "*").run().await;
    assert_eq!(entered(&done.phases()), [Install, PreBuild, Finalizing]);
    assert_eq!(done.output(), [""; 0]);
    assert!(done.result.artifacts.is_empty());
}

#[tokio::test]
async fn vector_11_finally_runs_in_any_case_and_its_failure_counts() {
    let mut place = Place::new(
        "v11-finally",
        &[(PhaseName::Install, &["echo install"]), (PhaseName::PreBuild, &["false", "echo never"])],
    );
    let finally = "echo finally $CODEBUILD_BUILD_SUCCEEDING";
    place.build.spec.phases[0].1.finally = vec![finally.into()];
    place.build.spec.phases[1].1.finally = vec!["false".into(), finally.into()];
    let done = place.run().await;
    assert_eq!(done.output(), ["install", "finally 1", "finally 0"]);

    let mut place = Place::commands("v11-finally-fails", &["true"]);
    place.build.spec.phases[0].1.finally = vec!["exit 4".into()];
    let done = place.run().await;
    assert!(done.phases().contains(&(Build, Failed)));
    assert_eq!(done.result.status, BuildStatus::Failed);
}

#[tokio::test]
async fn vector_11_on_failure_says_what_follows_but_the_build_has_failed() {
    let run = async |on_failure: OnFailure| {
        let mut place = Place::new(
            "v11-on-failure",
            &[
                (PhaseName::PreBuild, &["false"]),
                (PhaseName::Build, &["echo build", "false"]),
                (PhaseName::PostBuild, &["echo post"]),
            ],
        );
        place.build.spec.phases[0].1.on_failure = OnFailure::Continue;
        place.build.spec.phases[1].1.on_failure = on_failure;
        let done = place.run().await;
        assert_eq!(done.result.status, BuildStatus::Failed);
        done.output().join(" ")
    };
    assert_eq!(run(OnFailure::Continue).await, "build post");
    assert_eq!(run(OnFailure::Abort).await, "build");
}

#[tokio::test]
async fn a_build_is_made_again_from_its_first_environment() {
    let mut place = Place::new(
        "retry",
        &[
            (PhaseName::Install, &["echo seen=$SEEN; export SEEN=yes"]),
            (PhaseName::Build, &["test -e second || { touch second; false; }"]),
        ],
    );
    place.build.spec.phases[1].1.on_failure = OnFailure::Retry { times: 3, pattern: None };
    let done = place.run().await;
    assert_eq!(done.result.status, BuildStatus::Succeeded, "{}", done.text());
    assert_eq!(done.output(), ["seen=", "seen="]);
}

#[tokio::test]
async fn commands_have_no_other_phases_and_say_only_what_they_run() {
    let mut place = Place::commands("commands", &["echo one", "echo two"]);
    place.build.kind = Kind::Commands;
    let done = place.run().await;
    assert_eq!(entered(&done.phases()), [Build, UploadArtifacts]);
    assert_eq!(done.output(), ["one", "two"]);
    assert_eq!(done.log.len(), 4);
    assert_eq!(done.log[0], "[Container] 2023/11/14 22:13:20.000000 Running command echo one");
}
