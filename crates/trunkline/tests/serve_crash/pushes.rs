//! Pushes that a kill of the server cuts off: what was received is started, what was not can be pushed again, and
//! nothing is started twice. Hooks in the hosted repository hold a push where it is to be cut off.

use crate::server::{LIMIT, SERVE, Server, hosted_source};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use trunkline_testkit::wait_until;

/// A server with a commit that is not pushed yet, and the address to push to.
fn site() -> (Server, String) {
    let mut server = Server::new();
    server.hosted();
    server.start();
    server.work();
    server.commit("page.txt", "one\n");
    let address = server.repository("web", &server.token("ann", &[]));
    (server, address)
}

/// Lets pushes wait in a hook, once it has noted its own process and that of git, until there is a file `go`.
fn hold_in(server: &Server, hook: &str) {
    let script = "#!/bin/sh\necho \"$$ $PPID\" > @NOTE@.new && mv @NOTE@.new @NOTE@\n\
        until test -e @GO@; do sleep 0.02; done\n";
    let path = |name: &str| server.home.join(name).display().to_string();
    let script = script.replace("@NOTE@", &path("held")).replace("@GO@", &path("go"));
    let hook = server.home.write(format!("data/repositories/web.git/hooks/{hook}"), script);
    let all = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(hook, all).expect("it is ours");
    // Git that told its client every few seconds that it lives would die of a client that is gone.
    server.must("data/repositories/web.git", &["config", "receive.keepAlive", "0"]);
}

/// Begins a push, and waits until the hook holds it; gives the numbers of the processes that belong to it.
fn held(server: &Server, address: &str) -> (Child, String) {
    let mut push = server.home.command("git");
    push.current_dir(server.home.join("work")).args(["push", "--quiet", address, "main"]);
    let push = push.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("git is there");
    let note = server.home.join("held");
    let numbers = || std::fs::read_to_string(&note).ok();
    (push, wait_until("the hook runs", LIMIT, numbers))
}

/// Kills the server, and waits for git's client, which must not say that it worked.
fn cut_off(server: &mut Server, mut push: Child) {
    server.kill();
    let status = wait_until("the client ends", LIMIT, || push.try_wait().expect("it is ours"));
    assert!(!status.success(), "nobody told the client that it worked");
}

/// Whether a process runs: what has ended has no environment, even if nobody has taken note of its end.
fn is_alive(number: &str) -> bool {
    std::fs::read(format!("/proc/{number}/environ")).is_ok_and(|all| !all.is_empty())
}

/// Lets what the hook held end.
fn let_go(server: &Server, numbers: &str) {
    server.home.write("go", "");
    wait_until("git has ended", LIMIT, || {
        (!numbers.split_whitespace().any(is_alive)).then_some(())
    });
}

#[test]
fn a_push_that_was_received_before_a_kill_is_started_once_by_the_next_server() {
    let (mut server, address) = site();
    hold_in(&server, "post-receive");
    let (push, numbers) = held(&server, &address);
    cut_off(&mut server, push);
    server.start();
    server.ran("one\n");
    server.succeeded("web");
    let_go(&server, &numbers);
    let address = server.repository("web", &server.token("bob", &[]));
    server.must("work", &["push", "--quiet", &address, "main"]);
    assert_eq!(server.executions("web").len(), 1, "nothing is started twice");
}

#[test]
fn a_push_that_a_crash_cuts_off_before_it_is_received_changes_nothing_and_can_be_made_again() {
    let (mut server, address) = site();
    hold_in(&server, "pre-receive");
    let (push, numbers) = held(&server, &address);
    // With the machine, git goes as well.
    let killed = Command::new("kill").arg("-KILL").args(numbers.split_whitespace()).status();
    assert!(killed.expect("kill is there").success());
    cut_off(&mut server, push);
    server.home.write("go", "");
    server.start();
    assert!(server.executions("web").is_empty());
    let address = server.repository("web", &server.token("bob", &[]));
    server.must("work", &["push", "--quiet", &address, "main"]);
    server.ran("one\n");
    server.succeeded("web");
    assert_eq!(server.executions("web").len(), 1);
}

#[test]
fn a_push_that_outlives_its_server_is_found_by_the_server_after_it() {
    let (mut server, address) = site();
    hold_in(&server, "pre-receive");
    let (push, numbers) = held(&server, &address);
    cut_off(&mut server, push);
    // Git itself is still at it, and takes the push in the end.
    let_go(&server, &numbers);
    server.start();
    server.ran("one\n");
    server.succeeded("web");
    assert_eq!(server.executions("web").len(), 1);
}

#[test]
fn git_that_is_still_at_it_when_the_next_server_starts_is_ended_and_leaves_nothing_locked() {
    let (mut server, address) = site();
    hold_in(&server, "pre-receive");
    let (push, numbers) = held(&server, &address);
    cut_off(&mut server, push);
    // What git leaves that is killed while it changes a reference.
    server.home.write("data/repositories/web.git/refs/heads/main.lock", "");
    server.start();
    let left: Vec<&str> = numbers.split_whitespace().filter(|n| is_alive(n)).collect();
    server.home.write("go", "");
    assert_eq!(left, [""; 0], "git runs on");
    let address = server.repository("web", &server.token("bob", &[]));
    server.must("work", &["push", "--quiet", &address, "main"]);
    server.ran("one\n");
    server.succeeded("web");
    assert_eq!(server.executions("web").len(), 1);
}

#[test]
fn of_servers_that_start_together_after_a_kill_one_serves_and_goes_on() {
    let (mut server, address) = site();
    let path = |name: &str| server.home.join(name).display().to_string();
    let command = format!(
        "cat page.txt >> {}; until test -e {}; do sleep 0.02; done",
        path("ran"),
        path("go")
    );
    server.pipeline("web", &hosted_source("web", "main"), "", &command);
    server.must("work", &["push", "--quiet", &address, "main"]);
    server.ran("one\n");
    server.kill();
    let mut others = Others((0..3).map(|_| spawned(&server)).collect());
    wait_until("all but one end", LIMIT, || (others.ended() == 2).then_some(()));
    // The one that serves goes on with what was interrupted; it makes it once.
    server.ran("one\none\n");
    server.home.write("go", "");
    let mut watch = server.command(&["pipeline", "watch", "web", "--data", "../data"]);
    watch.current_dir(server.home.join("project"));
    let watched = watch.output().expect("it runs");
    assert!(watched.status.success(), "{}", String::from_utf8_lossy(&watched.stderr));
    assert_eq!(others.ended(), 2, "the one that serves goes on serving");
    for child in &mut others.0 {
        let Some(status) = child.try_wait().expect("it is ours") else { continue };
        let mut err = String::new();
        child.stderr.take().expect("it is piped").read_to_string(&mut err).expect("UTF-8");
        assert!(status.code() == Some(1) && err.contains("TL0883"), "{status} {err}");
    }
}

fn spawned(server: &Server) -> Child {
    let mut command = server.command(SERVE);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

/// Servers that end with the test, however that ends.
struct Others(Vec<Child>);

impl Others {
    fn ended(&mut self) -> usize {
        let ended = |child: &mut Child| child.try_wait().expect("it is ours").is_some();
        self.0.iter_mut().map(ended).filter(|ended| *ended).count()
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        for child in &mut self.0 {
            child.kill().ok();
            child.wait().ok();
        }
    }
}
