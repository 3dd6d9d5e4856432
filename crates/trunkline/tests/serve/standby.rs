//! The process that a server keeps for the first shell of its next build.

use crate::server::{LIMIT, Server};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use trunkline_build::Capabilities;
use trunkline_testkit::{runs, wait_until};

/// What a shell can see of how it was started.
const SEEN: &str = "echo id $$; pwd; env; \
                    grep -E \"^Sig(Blk|Ign|Cgt)\" /proc/$$/status; ulimit -a; ls /proc/$$/fd";

/// The control group below which groups can be made.
fn parent() -> Option<PathBuf> {
    let parent = Capabilities::find("/usr/bin:/bin").control_group;
    if parent.is_none() {
        eprintln!("skipped: no control group can be made here");
    }
    parent
}

/// A server whose pipeline writes down what its shell sees, and the limits of the server's control groups.
fn server(settings: &str, parent: &Path) -> Server {
    let server = Server::new();
    let (seen, parent) = (server.home.join("seen"), parent.display());
    let limits = format!("echo limits $(cat {parent}/trunkline-$PPID-*/pids.max)");
    let command = format!("( {SEEN}; {limits} ) > {0}.new; mv {0}.new {0}", seen.display());
    server.pipeline("web", &crate::server::hosted_source("web", "main"), "", &command);
    server.home.write("data/server.yaml", format!("version: 1\nbuilds: {settings}\n"));
    server
}

/// The process that waits, which is a child of the server.
fn waiting(server: &Server) -> Option<u32> {
    let parent = format!("PPid:\t{}\n", server.pid());
    std::fs::read_dir("/proc").expect("/proc").flatten().find_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let words = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
        let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
        (words.contains("\0stand-by\0") && status.contains(&parent)).then_some(pid)
    })
}

fn is_in(pid: u32, group: &Path) -> bool {
    let all = std::fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    all.lines().any(|line| line == pid.to_string())
}

/// Waits for the process until it is where it belongs.
fn entered(server: &Server, parent: &Path) -> u32 {
    wait_until("a process waits in a control group", LIMIT, || {
        let pid = waiting(server)?;
        let own = format!("trunkline-{}-", server.pid());
        let groups = std::fs::read_dir(parent).expect("the groups").flatten();
        let ours = |e: &std::fs::DirEntry| e.file_name().to_string_lossy().starts_with(&own);
        groups.filter(ours).any(|group| is_in(pid, &group.path())).then_some(pid)
    })
}

/// Pushes, and gives what the shell saw.
fn seen(server: &mut Server, content: &str) -> String {
    server.commit("page.txt", content);
    let address = server.repository("web", &server.token(content, &[]));
    server.must("work", &["push", "--quiet", &address, "main"]);
    let file = server.home.join("seen");
    let text = wait_until("the shell writes", LIMIT, || std::fs::read_to_string(&file).ok());
    std::fs::remove_file(file).expect("it is there");
    server.succeeded("web");
    text
}

/// What does not differ between any two builds.
fn lasting(text: &str) -> BTreeSet<&str> {
    let once = ["CODEBUILD_", "CODEPIPELINE_", "TRUNKLINE_", "PWD=", "limits", "id ", "/"];
    let name = |line| once.iter().find(|o| str::starts_with(line, **o)).copied();
    text.lines().map(|line| name(line).unwrap_or(line)).collect()
}

#[test]
fn the_first_shell_of_a_build_is_the_process_that_waited_and_sees_what_any_shell_sees() {
    let Some(parent) = parent() else { return };
    let mut server = server("{ processes: 77 }", &parent);
    server.start();
    server.work();
    let waits = entered(&server, &parent);
    let first = seen(&mut server, "one");
    for line in [format!("id {waits}"), "limits 77".to_owned()] {
        assert!(first.lines().any(|l| *l == line), "{line} is not in:\n{first}");
    }
    server.stop();
    server.home.write("data/server.yaml", "version: 1\nbuilds: { controlGroup: false }\n");
    server.start();
    let other = seen(&mut server, "two");
    assert_eq!(lasting(&first), lasting(&other));
    assert_eq!(waiting(&server), None, "one waits that nobody wants");
}

#[test]
fn what_waits_ends_with_a_server_that_is_killed() {
    let Some(parent) = parent() else { return };
    let mut server = server("{}", &parent);
    server.start();
    let waits = entered(&server, &parent);
    server.kill();
    wait_until("it ends", LIMIT, || (!runs(&waits.to_string())).then_some(()));
}
