//! Repositories elsewhere: followed by polling, one beside the other, also where one of them hangs.

use crate::server::{LIMIT, Server, connected_source, hosted_source};
use serde_json::json;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use trunkline_testkit::wait_until;

/// Polls more often than anybody would wait for.
const OFTEN: &str = "poll: 0.01\n";

/// The command that serves without a word about polling.
const SERVE: &[&str] = &["serve", "--port", "0", "--project", "project", "--data", "data"];

/// A place that takes connections and never says anything.
struct Hole {
    port: u16,
    taken: Arc<AtomicUsize>,
}

impl Hole {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has one").port();
        let taken = Arc::new(AtomicUsize::new(0));
        let count = taken.clone();
        // Ends with the test's process; nothing is left to do then.
        std::thread::spawn(move || {
            let mut all = Vec::new();
            for stream in listener.incoming() {
                all.push(stream);
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { port, taken }
    }
}

/// The words of processes that name a text.
fn processes(text: &str) -> Vec<String> {
    let all = std::fs::read_dir("/proc").expect("there is one").flatten();
    let words = all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let words = words.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "));
    words.filter(|words| words.contains(text)).collect()
}

/// Begins to serve a pipeline that follows `acme/site`, which is looked at often, and notes what it found in `ran`.
fn poll_often(server: &mut Server) {
    let command = format!("cat page.txt >> {}", server.home.join("ran").display());
    server.pipeline("site", &connected_source("acme/site"), "", &command);
    // Nothing that hangs is given up.
    let patient = "git: { silence: 3600, time: 3600 }\n";
    server.home.write("data/server.yaml", format!("{OFTEN}{patient}"));
    let serve = server.command(SERVE);
    server.start_with(serve);
}

#[test]
fn polls_find_each_new_push_and_a_remote_that_hangs_keeps_nobody_waiting() {
    let hole = Hole::new();
    let mut server = Server::new();
    server.work();
    server.commit("page.txt", "one\n");
    let origin = server.origin("acme/site");
    server.must("work", &["push", "--quiet", &origin, "main"]);
    let at = format!("127.0.0.1:{}", hole.port);
    let config = server.home.read("project/trunkline.yaml");
    let (slow, quiet) = ("http://ann:HIDDENWORD@", "http://bob:HIDDENWORD@");
    server.home.write(
        "project/trunkline.yaml",
        format!("{config}  slow: {slow}{at}/slow.git\n  acme/quiet: {quiet}{at}/quiet.git\n"),
    );
    server.pipeline("slow", &hosted_source("slow", "main"), "", "true");
    let unfollowed = connected_source("acme/quiet")
        .replace("BranchName", "DetectChanges: \"false\", BranchName");
    server.pipeline("quiet", &unfollowed, "", "true");
    poll_often(&mut server);

    // What is there already starts what was never started from it.
    server.ran("one\n");
    wait_until("a fetch hangs", LIMIT, || (hole.taken.load(Ordering::Relaxed) > 0).then_some(()));
    for text in ["two\n", "three\n"] {
        server.commit("page.txt", text);
        server.must("work", &["push", "--quiet", &origin, "main"]);
        let file = server.home.join("ran");
        wait_until(&format!("a poll finds {text:?}"), LIMIT, || {
            std::fs::read_to_string(&file).ok().filter(|ran| ran.ends_with(text))
        });
    }
    assert!(server.executions("slow").is_empty());

    let start = json!({ "command": "start", "trigger": { "kind": "StartPipelineExecution", "detail": "ann" } });
    let (status, body) = server.tell("quiet", &start);
    assert_eq!(status, 200, "{body}");
    let fetching = || processes(&format!("{at}/quiet.git"));
    wait_until("the action fetches", LIMIT, || (!fetching().is_empty()).then_some(()));
    for words in processes(&at) {
        assert!(!words.contains("HIDDENWORD"), "everybody reads this: {words}");
    }
    let id = server.executions("quiet")[0]["id"].clone();
    let stop = json!({ "command": "stop", "execution": id, "abandon": true, "by": "ann" });
    assert_eq!(server.tell("quiet", &stop).0, 200);
    wait_until("its git is gone", LIMIT, || fetching().is_empty().then_some(()));
    assert_eq!(server.executions("quiet")[0]["status"], "Stopped");
    server.stop();
    wait_until("all git is gone", LIMIT, || processes(&at).is_empty().then_some(()));
}

#[test]
fn a_remote_that_says_nothing_for_too_long_is_given_up_and_told() {
    let hole = Hole::new();
    let mut server = Server::new();
    let at = format!("127.0.0.1:{}", hole.port);
    let config = server.home.read("project/trunkline.yaml");
    let place = format!("http://ann:HIDDENWORD@{at}/slow.git");
    let repositories = format!("{config}repositories:\n  slow: {place}\n");
    server.home.write("project/trunkline.yaml", repositories);
    server.pipeline("slow", &hosted_source("slow", "main"), "", "true");
    server.home.write("data/server.yaml", "git: { silence: 1 }\n");
    let mut shell = server.home.command("sh");
    let err = server.home.join("err").display().to_string();
    let script = format!("exec \"$0\" \"$@\" 2>{err}");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_trunkline")]).args(crate::server::SERVE);
    server.start_with(shell);
    wait_until("the fetch was given up", LIMIT, || {
        server.home.read("err").contains("git.silence").then_some(())
    });
    let said = server.home.read("err");
    assert!(said.contains("TL0894") && !said.contains("HIDDENWORD"), "{said}");
    wait_until("git is gone", LIMIT, || processes(&at).is_empty().then_some(()));
}

#[test]
fn a_remote_is_fetched_with_its_password_which_no_clone_names() {
    let mut server = Server::new();
    server.hosted();
    let config = server.home.read("project/trunkline.yaml");
    let command = format!("git remote get-url origin >> {}", server.home.join("url").display());
    let source = hosted_source("copy", "main")
        .replace("BranchName", "OutputArtifactFormat: CODEBUILD_CLONE_REF, BranchName");
    server.pipeline("copy", &source, "", &command);
    server
        .home
        .write("project/trunkline.yaml", format!("{config}repositories: {{ copy: nowhere }}\n"));
    server.home.write("data/server.yaml", OFTEN);
    let serve = server.command(SERVE);
    server.start_with(serve);
    server.work();
    server.commit("page.txt", "one\n");
    let address = server.repository("web", &server.token("ann", &[]));
    server.must("work", &["push", "--quiet", &address, "main"]);
    // The server's own repository, as if it were another's.
    let repositories = format!("{config}repositories: {{ copy: \"{address}\" }}\n");
    server.home.write("project/trunkline.yaml", repositories);
    let shown = format!("{}/git/web.git\n", server.url);
    let file = server.home.join("url");
    wait_until("the copy was cloned", LIMIT, || {
        std::fs::read_to_string(&file).ok().filter(|url| *url == shown)
    });
}

#[test]
fn what_was_refused_because_too_much_is_under_way_starts_at_a_later_poll() {
    let mut server = Server::new();
    let (go, ran) = (server.home.join("go").display().to_string(), server.home.join("ran"));
    let command =
        format!("cat page.txt >> {}; until test -e {go}; do sleep 0.1; done", ran.display());
    server.pipeline("web", &hosted_source("web", "main"), "  executionMode: QUEUED\n", &command);
    server
        .home
        .write("data/server.yaml", format!("{OFTEN}engine: {{ concurrentExecutions: 1 }}\n"));
    let serve = server.command(SERVE);
    server.start_with(serve);
    server.work();
    let address = server.repository("web", &server.token("ann", &[]));
    for text in ["one\n", "two\n"] {
        server.commit("page.txt", text);
        server.must("work", &["push", "--quiet", &address, "main"]);
        assert_eq!(server.executions("web").len(), 1, "{text:?}");
    }
    server.ran("one\n");
    server.home.write("go", "");
    server.ran("one\ntwo\n");
    server.succeeded("web");
    assert_eq!(server.executions("web").len(), 2);
}

#[test]
fn a_mirror_is_packed_between_polls_and_loses_nothing() {
    let mut server = Server::new();
    server.work();
    server.commit("page.txt", "one\n");
    let origin = server.origin("acme/site");
    server.must("work", &["push", "--quiet", &origin, "main"]);
    poll_often(&mut server);
    server.ran("one\n");

    let mirrors = std::fs::read_dir(server.home.join("data/mirrors")).expect("a folder").flatten();
    let mut names = mirrors.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let name = names.find(|name| name.starts_with("mirror-")).expect("it was fetched");
    let mirror = format!("data/mirrors/{name}");
    // Every fetch makes a pack, and two are too many; whoever prunes may take all.
    for [key, value] in
        [["fetch.unpackLimit", "1"], ["gc.autoPackLimit", "1"], ["gc.pruneExpire", "now"]]
    {
        server.must(&mirror, &["config", key, value]);
    }
    server.must("work", &["checkout", "--quiet", "-b", "side"]);
    let side = server.commit("side.txt", "a side\n");
    server.must("work", &["push", "--quiet", &origin, "side"]);
    let has = |what: &str| server.git(&mirror, &["cat-file", "-e", what]).status.success();
    wait_until("the branch is fetched", LIMIT, || has(&side).then_some(()));
    server.must("work", &["push", "--quiet", &origin, ":side"]);
    server.must("work", &["checkout", "--quiet", "main"]);
    for text in ["two\n", "three\n"] {
        server.commit("page.txt", text);
        server.must("work", &["push", "--quiet", &origin, "main"]);
        let all = if text == "two\n" { "one\ntwo\n" } else { "one\ntwo\nthree\n" };
        server.ran(all);
    }
    wait_until("the mirror is packed", LIMIT, || {
        let counts = server.must(&mirror, &["count-objects", "-v"]);
        let packs = std::fs::read_dir(server.home.join(format!("{mirror}/objects/pack")));
        let names = packs.expect("a folder").flatten().map(|entry| entry.file_name());
        let names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        let count = |ending: &str| names.iter().filter(|name| name.ends_with(ending)).count();
        // What no branch has lies in a pack of its own, or loose where git is old.
        let one_plain = count(".pack") == count(".mtimes") + 1;
        (one_plain && (counts.contains("count: 0") || count(".mtimes") == 0)).then_some(())
    });
    assert!(has(&side), "an execution may be made again from it");
}
