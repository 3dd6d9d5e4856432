//! A disk without room: a limit on the size of files, set while the server runs and lifted again, is what the
//! database and git see of one.

use crate::server::{LIMIT, SERVE, Server, hosted_source};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};
use trunkline_testkit::wait_until;

/// Limits the size of files that the server writes, or lifts that.
fn limit(server: &Server, bytes: Option<u64>) {
    let pid = i32::try_from(server.pid()).ok().and_then(Pid::from_raw).expect("a process");
    let limits = Rlimit { current: bytes, maximum: None };
    prlimit(Some(pid), Resource::Fsize, limits).expect("it is ours");
}

fn start(server: &Server) -> (u16, Value) {
    let trigger = json!({ "kind": "StartPipelineExecution", "detail": "ann" });
    server.tell("web", &json!({ "command": "start", "trigger": trigger }))
}

fn statuses(server: &Server) -> Vec<String> {
    let text = |e: &Value| e["status"].as_str().expect("a status").to_owned();
    server.executions("web").iter().map(text).collect()
}

#[test]
fn without_room_nothing_that_was_answered_is_lost_and_with_room_again_it_goes_on() {
    let mut server = Server::new();
    let path = |name: &str| server.home.join(name).display().to_string();
    let wait = format!(
        "cat page.txt >> {}; until test -e {}; do sleep 0.02; done",
        path("ran"),
        path("go")
    );
    server.pipeline("web", &hosted_source("web", "main"), "", &wait);
    // A write beyond the limit is to fail rather than to end the process.
    let mut shell = server.home.command("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_trunkline")]);
    shell.args(SERVE);
    server.start_with(shell);
    server.work();
    server.commit("page.txt", "one\n");
    let address = server.repository("web", &server.token("ann", &[]));
    server.must("work", &["push", "--quiet", &address, "main"]);
    server.ran("one\n");

    let log = std::fs::metadata(server.home.join("data/trunkline.db-wal")).expect("a log").len();
    limit(&server, Some(log));
    let (status, body) = start(&server);
    let code = body["diagnostics"][0]["code"].as_str().unwrap_or_default();
    assert!(status >= 500 && ["TL0882", "TL0884"].contains(&code), "{status} {body}");
    // What ends meanwhile ends; that is written down as soon as it can be.
    server.home.write("go", "");
    let work = server.home.join("data/work");
    wait_until("the action has ended", LIMIT, || {
        std::fs::read_dir(&work).expect("a folder").next().is_none().then_some(())
    });
    assert_eq!(statuses(&server), ["InProgress"]);
    // A push is taken by git, and cannot be started yet.
    server.commit("page.txt", "two\n");
    server.must("work", &["push", "--quiet", &address, "main"]);
    assert_eq!(statuses(&server), ["InProgress"]);

    limit(&server, None);
    server.succeeded("web");
    assert_eq!(server.home.read("ran"), "one\n", "it was not made again");
    let (status, body) = start(&server);
    assert_eq!(status, 200, "{body}");
    server.ran("one\ntwo\n");
    server.succeeded("web");
    server.kill();
    server.start();
    // The push that could not be started.
    server.ran("one\ntwo\ntwo\n");
    server.succeeded("web");
    assert_eq!(statuses(&server), ["Succeeded"; 3]);
}
