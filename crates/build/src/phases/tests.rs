use super::*;
use proptest::prelude::*;

fn retry(times: u32, pattern: Option<&str>) -> OnFailure {
    OnFailure::Retry { times, pattern: pattern.map(str::to_owned) }
}

/// Walks through a build in which the given phases fail, and gives the phases that were entered.
fn walk(failing: &[(BuildPhase, OnFailure)]) -> (Vec<BuildPhase>, BuildStatus) {
    let mut course = Course::new(Kind::Buildspec);
    let mut entered = Vec::new();
    while course.phase() != BuildPhase::Completed {
        entered.push(course.phase());
        match failing.iter().find(|(phase, _)| *phase == course.phase()) {
            Some((_, on_failure)) => course.ended(PhaseStatus::Failed, on_failure, "exit status 1"),
            None => course.ended(PhaseStatus::Succeeded, &OnFailure::Default, ""),
        };
    }
    (entered, course.status())
}

fn check(failing: &[(BuildPhase, OnFailure)], after: &[BuildPhase]) {
    let (entered, status) = walk(failing);
    let first = entered.iter().position(|phase| *phase == failing[0].0).unwrap();
    assert_eq!(&entered[first + 1..], after, "{failing:?}");
    assert_eq!(status, BuildStatus::Failed);
}

#[test]
fn vector_11_a_failed_phase_leads_where_codebuild_leads() {
    use BuildPhase::*;
    let none = OnFailure::Default;
    let go_on = OnFailure::Continue;
    check(&[(Build, none.clone())], &[PostBuild, UploadArtifacts, Finalizing]);
    check(&[(Build, OnFailure::Abort)], &[UploadArtifacts, Finalizing]);
    check(&[(Build, go_on.clone())], &[PostBuild, UploadArtifacts, Finalizing]);
    check(&[(PostBuild, none.clone())], &[UploadArtifacts, Finalizing]);
    check(&[(PreBuild, none.clone())], &[Finalizing]);
    check(&[(PreBuild, OnFailure::Abort)], &[Finalizing]);
    check(&[(PreBuild, go_on.clone())], &[Build, PostBuild, UploadArtifacts, Finalizing]);
    check(&[(Install, none.clone())], &[Finalizing]);
    check(&[(Install, go_on)], &[PreBuild, Build, PostBuild, UploadArtifacts, Finalizing]);
    check(&[(DownloadSource, none.clone())], &[Finalizing]);
    check(&[(UploadArtifacts, none.clone())], &[Finalizing]);
    check(&[(Provisioning, none)], &[]);
}

#[test]
fn a_build_is_made_again_as_often_as_it_says_and_where_the_message_matches() {
    let check = |on_failure: OnFailure, builds: usize| {
        let (entered, status) = walk(&[(BuildPhase::Build, on_failure)]);
        assert_eq!(entered.iter().filter(|p| **p == BuildPhase::Build).count(), builds);
        assert_eq!(status, BuildStatus::Failed);
    };
    check(retry(2, None), 3);
    check(retry(2, Some("exit status 1$")), 3);
    check(retry(2, Some("exit status 2")), 1);
}

#[test]
fn a_build_that_succeeds_when_made_again_has_succeeded() {
    let mut course = Course::new(Kind::Buildspec);
    for _ in 0..4 {
        course.ended(PhaseStatus::Succeeded, &OnFailure::Default, "");
    }
    assert_eq!(course.ended(PhaseStatus::Failed, &retry(1, None), "x"), Step::Again);
    assert_eq!(course.phase(), BuildPhase::Install);
    while course.phase() != BuildPhase::Completed {
        course.ended(PhaseStatus::Succeeded, &OnFailure::Default, "");
    }
    assert_eq!((course.status(), course.retries()), (BuildStatus::Succeeded, 1));
}

#[test]
fn commands_upload_only_if_they_succeeded() {
    let mut course = Course::new(Kind::Commands);
    course.ended(PhaseStatus::Succeeded, &OnFailure::Default, "");
    let mut failed = course.clone();
    let step = course.ended(PhaseStatus::Succeeded, &OnFailure::Default, "");
    assert_eq!(step, Step::Enter(BuildPhase::UploadArtifacts));
    let step = failed.ended(PhaseStatus::Failed, &OnFailure::Continue, "");
    assert_eq!(step, Step::Enter(BuildPhase::Completed));
}

fn any_status() -> impl Strategy<Value = PhaseStatus> {
    use PhaseStatus::*;
    prop_oneof![
        6 => Just(Succeeded),
        3 => Just(Failed),
        1 => prop::sample::select(vec![Fault, TimedOut, Stopped]),
    ]
}

fn any_on_failure() -> impl Strategy<Value = OnFailure> {
    let all = [OnFailure::Default, OnFailure::Abort, OnFailure::Continue, retry(2, None)];
    prop::sample::select(all.to_vec())
}

proptest! {
    #[test]
    fn every_build_ends_and_goes_forward_unless_it_is_made_again(
        steps in prop::collection::vec((any_status(), any_on_failure()), 60),
        commands: bool,
    ) {
        let kind = if commands { Kind::Commands } else { Kind::Buildspec };
        let mut course = Course::new(kind);
        let mut bad = false;
        for (status, on_failure) in &steps {
            let before = course.phase();
            if before == BuildPhase::Completed {
                break;
            }
            match course.ended(*status, on_failure, "x") {
                Step::Again => {
                    prop_assert!(course.retries() <= 2);
                    bad = false;
                }
                Step::Enter(next) => {
                    bad |= *status != PhaseStatus::Succeeded;
                    prop_assert!(next > before);
                }
            }
            prop_assert_eq!(course.succeeding(), !bad);
            prop_assert_eq!(course.status() == BuildStatus::Succeeded, !bad);
        }
        prop_assert_eq!(course.phase(), BuildPhase::Completed);
    }
}
