use crate::harness::{Place, runs, until};
use std::time::Duration;
use tokio::sync::watch;
use trunkline_build::{BuildStatus, Capabilities, Sandbox, leftovers};
use trunkline_model::buildspec::{ArtifactFiles, Artifacts};

/// Runs a build that would go on for minutes, and checks how it ends and that a process that left
/// its group (its id is in the file `pid`) does too.
async fn check(place: Place, stop: watch::Receiver<bool>, status: BuildStatus) -> String {
    let done = place.run_until(stop).await;
    assert_eq!(done.result.status, status, "{}", done.text());
    let pid = place.source().join("pid");
    if pid.exists() {
        assert!(!runs(&pid), "a process outlives its build");
    }
    assert_eq!(leftovers(&place.build.id), 0);
    done.result.reason.map(|reason| reason.message).unwrap_or_default()
}

/// A command that goes on in a session of its own and writes its id.
const ESCAPES: &str =
    "setsid sh -c 'echo $$ > pid.new; mv pid.new pid; sleep 300' </dev/null >/dev/null 2>&1 &";
const WAITS: &str = "while ! test -e pid; do sleep 0.01; done";

fn never() -> watch::Receiver<bool> {
    watch::channel(false).1
}

#[tokio::test]
async fn what_runs_in_the_background_ends_with_its_build() {
    let place = Place::commands("background", &[ESCAPES, WAITS, "sleep 300 & echo on"]);
    check(place, never(), BuildStatus::Succeeded).await;
}

#[tokio::test]
async fn a_process_in_the_background_lives_until_the_build_ends() {
    let place = Place::commands("daemon", &[ESCAPES, WAITS, "kill -0 $(cat pid) && echo alive"]);
    assert_eq!(place.run().await.output(), ["alive"]);
}

#[tokio::test]
async fn a_build_that_takes_too_long_is_ended_even_if_it_ignores_being_asked() {
    let mut place =
        Place::commands("timeout", &[ESCAPES, WAITS, "trap '' TERM; while :; do sleep 1; done"]);
    place.build.limits.timeout = Duration::from_millis(400);
    let why = check(place, never(), BuildStatus::TimedOut).await;
    assert!(why.contains("took longer"), "{why}");
}

#[tokio::test]
async fn a_build_that_is_stopped_may_clean_up_within_the_grace() {
    let mut place = Place::commands(
        "stopped",
        &["trap 'touch cleaned; exit 1' TERM; echo $$ > pid; sleep 300 & wait", "touch never"],
    );
    place.build.spec.phases[0].1.finally = vec!["touch never".into()];
    place.build.limits.grace = Duration::from_secs(20);
    let (stop, stopped) = watch::channel(false);
    let source = place.source().to_path_buf();
    let pid = source.join("pid");
    let asks = async {
        until("the build writes its id", || {
            std::fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n'))
        })
        .await;
        stop.send(true).unwrap();
    };
    let home = &place.home.path().to_path_buf();
    let (_, done) = tokio::join!(asks, place.run_until(stopped));
    assert_eq!(done.result.status, BuildStatus::Stopped, "{}", done.text());
    assert!(home.join("source/cleaned").exists());
    assert!(!home.join("source/never").exists());
}

/// A fork bomb of ten generations, so that a failing test does not bring down the machine.
async fn bomb(control_group: bool) {
    let bomb =
        "bomb() { test $1 -gt 9 || { bomb $(($1+1)) | bomb $(($1+1)) & }; sleep 300; }; bomb 0";
    let mut place = Place::commands("bomb", &[bomb]);
    place.build.limits.processes = 150;
    place.build.limits.control_group = control_group;
    let why = check(place, never(), BuildStatus::Failed).await;
    assert!(why.contains("more than 150 processes"), "{why}");
}

#[tokio::test]
async fn a_fork_bomb_is_ended_by_whoever_counts() {
    bomb(false).await;
}

#[tokio::test]
async fn the_kernel_keeps_the_limit_where_a_control_group_can_be_made() {
    let Some(parent) = Capabilities::find("/usr/bin:/bin").control_group else {
        eprintln!("skipped: no control group can be made here");
        return;
    };
    bomb(true).await;
    // What hides from its parents and drops its name is still in the group.
    let hides = "env -i /usr/bin/setsid sh -c 'sleep 300 & echo $! > pid.new; mv pid.new pid' &";
    let place = Place::commands("hides", &["cat /proc/self/cgroup", hides, WAITS, "sleep 0.05"]);
    let pid = place.source().join("pid");
    let done = place.run().await;
    assert!(done.text().contains(&format!("trunkline-{}-", std::process::id())), "{}", done.text());
    assert!(!runs(&pid), "it outlives its build");
    let ours = format!("-{}", place.build.id);
    let left = std::fs::read_dir(parent).unwrap().flatten();
    assert!(!left.into_iter().any(|e| e.file_name().to_string_lossy().ends_with(&ours)));
}

#[tokio::test]
async fn endless_output_is_cut_and_its_build_ended() {
    let mut place = Place::commands("endless", &["yes 'all work and no play'"]);
    place.build.limits.output = 100_000;
    let done = place.run().await;
    assert_eq!(done.result.status, BuildStatus::Failed);
    assert_eq!(done.result.reason.as_ref().unwrap().code, "TL0856");
    let written: usize = done.output().iter().map(|line| line.len() + 1).sum();
    assert!((99_000..101_000).contains(&written), "{written}");
    assert!(done.text().contains("its log is longer than 100000 bytes"));
}

#[tokio::test]
async fn too_much_memory_ends_a_build() {
    let mut place = Place::commands(
        "memory",
        &["x=0123456789abcdef; while :; do x=$x$x; test ${#x} -gt 60000000 && sleep 300; done"],
    );
    place.build.limits.memory = Some(40 << 20);
    let why = check(place, never(), BuildStatus::Failed).await;
    assert!(why.contains("bytes of memory"), "{why}");
}

/// A build whose artifact has a name that the shell expands.
fn named(name: &str, expanded: &str) -> Place {
    let mut place = Place::commands("names", &["touch a"]);
    let files = vec!["a".to_owned()];
    let primary = ArtifactFiles { name: Some(expanded.into()), files, ..ArtifactFiles::default() };
    place.build.spec.artifacts = Some(Artifacts { primary, ..Artifacts::default() });
    place.build.id = format!("{name}-{}", place.build.id);
    place
}

#[tokio::test]
async fn a_shell_that_expands_names_can_be_stopped_and_takes_no_longer_than_the_build_may() {
    let place = named("stop", "$(echo $$ > pid.new; mv pid.new pid; sleep 300)");
    let (stop, stopped) = watch::channel(false);
    let pid = place.source().join("pid");
    let asks = async {
        until("the shell writes its id", || pid.exists()).await;
        stop.send(true).unwrap();
    };
    tokio::join!(asks, check(place, stopped, BuildStatus::Stopped));
    let mut place = named("time", "$(sleep 300)");
    place.build.limits.timeout = Duration::from_millis(400);
    let why = check(place, never(), BuildStatus::TimedOut).await;
    assert!(why.contains("took longer"), "{why}");
}

#[tokio::test]
async fn what_a_shell_complains_of_while_it_expands_names_is_logged_and_holds_up_nothing() {
    // More than a pipe holds.
    let place = named("loud", "$(yes complaint | head -c 300000 >&2; echo name)");
    let done = place.run().await;
    assert_eq!(done.result.status, BuildStatus::Succeeded, "{:?}", done.result.reason);
    assert_eq!(done.result.artifacts[0].name.as_deref(), Some("name"));
    assert!(done.output().iter().filter(|line| **line == "complaint").count() > 29_000);
}

#[tokio::test]
async fn limits_of_one_process_are_set() {
    let mut place = Place::commands("ulimit", &["ulimit -v; ulimit -t"]);
    place.build.limits.address_space = Some(512 << 20);
    place.build.limits.cpu_seconds = Some(77);
    assert_eq!(place.run().await.output(), ["524288", "77"]);
}

#[tokio::test]
async fn what_a_killed_server_left_is_ended_by_its_build_id() {
    let id = format!("left-{}", std::process::id());
    let folder = tempfile::tempdir().unwrap();
    let script = format!("{ESCAPES} {WAITS}");
    let mut child = std::process::Command::new("sh")
        .args(["-c", &script])
        .env("TRUNKLINE_BUILD_ID", &id)
        .current_dir(folder.path())
        .spawn()
        .unwrap();
    child.wait().unwrap();
    assert!(runs(&folder.path().join("pid")));
    assert_eq!(leftovers("another-build"), 0);
    assert!(leftovers(&id) >= 1);
    assert!(!runs(&folder.path().join("pid")));
}

#[tokio::test]
async fn a_tool_that_is_not_there_is_named_before_anything_runs() {
    let mut place = Place::commands("tools", &["touch ran"]);
    place.build.host.insert("PATH".into(), "/nowhere".into());
    let container = Sandbox::Container { engine: "podman".into(), image: "example/image:1".into() };
    for (sandbox, tool) in [(Sandbox::Bubblewrap, "`bwrap`"), (container, "`podman`")] {
        place.build.sandbox = sandbox;
        let reason = place.run().await.result.reason.unwrap();
        assert_eq!(reason.code, "TL0851");
        assert!(reason.message.contains(tool), "{}", reason.message);
    }
    assert!(!place.source().join("ran").exists());
}
