//! Executions that go on at a server while commands come.

use super::{Ran, Site, approval, command};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};
use std::time::Duration;
use trunkline_engine::event::TransitionSide;
use trunkline_engine::ports::Batch;
use trunkline_engine::{Event, Log as _, Recorded};
use trunkline_store::{Access, Store};
use trunkline_testkit::wait_until;

const LIMIT: Duration = Duration::from_secs(240);

/// So that the server starts nothing by itself.
const NO_TRIGGER: &str = "  triggers:\n  - providerType: CodeStarSourceConnection\n    gitConfiguration:\n      \
    sourceActionName: App\n      push: [{ branches: { includes: [none] } }]\n";

/// A server of a site, until it is dropped.
struct Server(Child);

impl Server {
    fn start(site: &Site) -> Self {
        let mut serve = site.home.command(env!("CARGO_BIN_EXE_trunkline"));
        serve.current_dir(site.home.join("project")).args(["serve", "--port", "0", "--poll", "60"]);
        serve.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = Self(serve.spawn().expect("it starts"));
        let out = server.0.stdout.take().expect("it has a pipe");
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).expect("it says where it listens");
        assert!(line.starts_with("http"), "{line}");
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A stage of two actions beside each other: Quick succeeds once a file is there, Slow ends when told to.
fn site() -> Site {
    let site = Site::new("");
    let quick = format!("test -e {}", site.path("good"));
    let slow = format!("until test -e {}; do sleep 0.05; done", site.path("go"));
    let actions =
        command("Quick", &[&quick]) + &command("Slow", &["echo first", &slow, "echo last"]);
    site.define("main", NO_TRIGGER, &format!("  - name: Build\n    actions:\n{actions}"));
    site
}

/// Starts an execution, and waits until Quick has failed and Slow has begun.
fn begun(site: &Site) -> String {
    let started = site.run(&["run", "main", "--no-wait"]).ends(0);
    let id = started.out.trim().to_owned();
    let statuses = || site.actions(&id).into_iter().map(|(_, status)| status).collect::<Vec<_>>();
    wait_until("one failed and one runs", LIMIT, || {
        (statuses()[1..] == ["Failed", "InProgress"]).then_some(())
    });
    id
}

fn action(site: &Site, id: &str, nth: usize) -> Value {
    site.shown(id)["stages"][1]["actions"][nth].clone()
}

#[test]
fn vector_03_failed_actions_are_made_again_while_a_sibling_runs() {
    let site = site();
    let _server = Server::start(&site);
    let id = begun(&site);
    let slow = action(&site, &id, 1)["actionExecution"].clone();
    site.refused(&["retry", "main", &id, "--all-actions"], "ConflictException");
    site.home.write("good", "");
    site.run(&["retry", "main", &id]).ends(0);
    wait_until("the failed one succeeds", LIMIT, || {
        (action(&site, &id, 0)["status"] == "Succeeded").then_some(())
    });
    assert_eq!(action(&site, &id, 0)["attempts"], 2);
    site.home.write("go", "");
    let ended = site.run(&["watch", "main", &id, "--json"]).ends(0).json();
    assert_eq!(ended["status"], "Succeeded");
    let sibling = action(&site, &id, 1);
    assert_eq!((&sibling["actionExecution"], &sibling["attempts"]), (&slow, &1.into()));
}

#[test]
fn vector_07_a_stop_waits_for_actions_until_they_are_abandoned() {
    let site = site();
    let _server = Server::start(&site);
    let id = begun(&site);
    site.run(&["stop", "main", &id, "--reason", "wrong"]).ends(0);
    let stopping = site.shown(&id);
    assert_eq!(
        (&stopping["status"], &stopping["stages"][1]["status"]),
        (&"Stopping".into(), &"Stopping".into())
    );
    site.refused(&["stop", "main", &id], "DuplicatedStopRequestException");
    site.run(&["stop", "main", &id, "--abandon"]).ends(0);
    assert_eq!(site.status(&id), "Stopped");
    assert_eq!(action(&site, &id, 1)["status"], "Abandoned");
    site.refused(&["stop", "main", &id, "--abandon"], "PipelineExecutionNotStoppableException");
}

#[test]
fn logs_are_followed_until_their_action_ends() {
    let site = site();
    let _server = Server::start(&site);
    let id = begun(&site);
    let mut follow = site.command(&["logs", "main", &id, "--action", "Slow", "--follow"]);
    let mut child =
        follow.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("it has a pipe"));
    let mut text = String::new();
    while !text.contains("first\n") {
        assert!(out.read_line(&mut text).expect("it can be read") > 0, "{text}");
    }
    assert!(!text.contains("last\n"), "{text}");
    site.home.write("go", "");
    out.read_to_string(&mut text).expect("it can be read");
    assert!(child.wait().expect("it ends").success());
    assert!(text.contains("last\n"), "{text}");
}

#[test]
fn a_pipeline_goes_on_after_its_log_could_not_be_used() {
    let site = Site::new("");
    site.define("main", NO_TRIGGER, &approval("Approve"));
    let _server = Server::start(&site);
    let ran: Ran = site.run(&["run", "main", "--json"]).ends(5);
    // Events of another writer are what a log shows that cannot be gone on with.
    let path = site.home.join("project/.trunkline/serve/trunkline.db");
    let store = Store::open(&path, Access::Write).expect("it opens");
    let after = store.last_event("main").expect("it can be read");
    let event = Event::TransitionDisabled {
        stage: "Approve".to_owned(),
        side: TransitionSide::Inbound,
        reason: "freeze".to_owned(),
        by: None,
    };
    let events = [Recorded { seq: after + 1, at: 0, event }];
    let batch = Batch { after, events: &events, rows: &[], notices: &[] };
    store.append("main", &batch).expect("it can be written");
    drop(store);

    let refused = site.run(&["approve", "main"]).ends(1);
    assert!(refused.err.contains("TL0883"), "{}", refused.err);
    site.run(&["approve", "main"]).ends(0);
    let id = ran.json()["id"].as_str().expect("an id").to_owned();
    wait_until("the execution succeeds", LIMIT, || (site.status(&id) == "Succeeded").then_some(()));
}
