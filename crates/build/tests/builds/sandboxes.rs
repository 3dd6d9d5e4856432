//! Sandboxes: the real bubblewrap where there is one, and a stand-in for an engine of containers.

use crate::harness::{Place, runs, until};
use std::path::{Path, PathBuf};
use tokio::sync::watch;
use trunkline_build::{BuildStatus, Capabilities, Sandbox, containers_left};

/// Puts a stand-in for docker before all else on a build's PATH; gives its folder.
fn engine(place: &mut Place) -> PathBuf {
    let folder = place.home.path().join("engine");
    std::fs::create_dir(&folder).unwrap();
    // A program that is written here could not be run while something that another test starts has its file.
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/builds/engine.sh");
    std::os::unix::fs::symlink(script, folder.join("docker")).unwrap();
    let path = format!("{}:{}", folder.display(), place.build.host["PATH"]);
    place.build.host.insert("PATH".into(), path);
    place.build.host.insert("DOCKER_HOST".into(), "unix:///run/engine.sock".into());
    place.build.sandbox =
        Sandbox::Container { engine: "docker".into(), image: "example/image:1".into() };
    folder
}

fn containers(engine: &Path) -> usize {
    std::fs::read_dir(engine.join("containers")).unwrap().count()
}

#[tokio::test]
async fn commands_run_in_containers_that_carry_their_build_and_go_with_it() {
    let mut place = Place::commands("boxed", &["export A=kept", "echo $A; echo x > made"]);
    place.build.limits.processes = 77;
    let engine = engine(&mut place);
    let done = place.run().await;
    assert_eq!(done.output(), ["kept"], "{}", done.text());
    assert!(place.source().join("made").exists());
    let calls = std::fs::read_to_string(engine.join("calls")).unwrap();
    let source = place.source().display();
    for words in [
        format!("run --rm --init --label trunkline.build={} --pids-limit 77", place.build.id),
        format!("--volume {source}:{source}"),
        format!("--workdir {source} --env"),
        "example/image:1 /bin/sh -c".to_owned(),
    ] {
        assert!(calls.contains(&words), "`{words}` is not in {calls}");
    }
    // How the client finds its engine is nothing for a container.
    assert!(!calls.contains("DOCKER_HOST"), "{calls}");
    assert_eq!(containers(&engine), 0);
}

#[tokio::test]
async fn a_build_directs_nothing_outside_of_its_container() {
    let mut place = Place::commands("boxed-client", &["true"]);
    let engine = engine(&mut place);
    let path = place.build.host["PATH"].clone();
    for (name, value) in [
        ("DOCKER_HOST", "tcp://own:1"),
        ("DOCKER_PASSWORD", "secret"),
        ("LD_LIBRARY_PATH", "/own"),
        ("PATH", &format!("/own:{path}")),
    ] {
        place.build.spec.env.variables.insert(name.to_owned(), value.to_owned());
    }
    let done = place.run().await;
    assert_eq!(done.result.status, BuildStatus::Succeeded, "{}", done.text());
    let client = std::fs::read_to_string(engine.join("client")).unwrap();
    for line in client.lines() {
        assert_eq!(line, format!("unix:///run/engine.sock none {path}"));
    }
    let calls = std::fs::read_to_string(engine.join("calls")).unwrap();
    for words in ["--env DOCKER_HOST=tcp://own:1", "--env LD_LIBRARY_PATH=/own"] {
        assert!(calls.contains(words), "`{words}` is not in {calls}");
    }
    // What may be a secret stands in no list of processes.
    assert!(calls.contains("--env DOCKER_PASSWORD --env") && !calls.contains("secret"), "{calls}");
}

#[tokio::test]
async fn a_container_does_not_outlive_a_build_that_is_stopped() {
    let mut place =
        Place::commands("boxed-stop", &["echo $$ > pid.new; mv pid.new pid; sleep 300"]);
    let engine = engine(&mut place);
    let (stop, stopped) = watch::channel(false);
    let pid = place.source().join("pid");
    let asks = async {
        until("the command writes its id", || pid.exists()).await;
        stop.send(true).unwrap();
    };
    let (_, done) = tokio::join!(asks, place.run_until(stopped));
    assert_eq!(done.result.status, BuildStatus::Stopped, "{}", done.text());
    assert!(!runs(&pid), "it outlives its build");
    assert_eq!(containers(&engine), 0);
}

#[tokio::test]
async fn containers_of_builds_that_were_given_up_are_found_by_their_label() {
    let mut place =
        Place::commands("boxed-left", &["echo $$ > pid.new; mv pid.new pid; sleep 300"]);
    let engine = engine(&mut place);
    let pid = place.source().join("pid");
    tokio::select! {
        _ = place.run() => panic!("it goes on for minutes"),
        () = until("the command writes its id", || pid.exists()) => {}
    }
    assert!(runs(&pid), "dropping a build ends its client only");
    let host = &place.build.host;
    assert_eq!(containers_left(host, &["another".into()]), 0);
    assert_eq!(containers_left(host, &["another".into(), place.build.id.clone()]), 1);
    assert!(!runs(&pid));
    assert_eq!(containers(&engine), 0);
}

#[tokio::test]
async fn bubblewrap_keeps_the_machine_as_it_is() {
    if Capabilities::find(&std::env::var("PATH").unwrap()).bubblewrap.is_none() {
        eprintln!("skipped: there is no bwrap here");
        return;
    }
    let commands = ["echo x > made", "mktemp", "touch /usr/not && echo written || true"];
    let mut place = Place::commands("wrapped", &commands);
    place.build.sandbox = Sandbox::Bubblewrap;
    let done = place.run().await;
    assert_eq!(done.result.status, BuildStatus::Succeeded, "{}", done.text());
    assert!(place.source().join("made").exists());
    assert!(!done.output().contains(&"written"), "{}", done.text());
}
