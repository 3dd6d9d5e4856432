//! Sandboxes of `server.yaml`, through the program: what is put around commands, and containers that end with their
//! builds, also those of a program that was killed.

use crate::project::{DATA, Project, commands, says, stage};
use crate::stage::Ran;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use trunkline_testkit::wait_until;

/// Stands in for docker.
const ENGINE: &str = include_str!("../../../build/tests/builds/engine.sh");

/// Stands in for bwrap where there is none: notes how it was called, and runs what stands after its own words.
const WRAP: &str = "#!/bin/sh\necho \"$*\" >>\"$(dirname \"$0\")/calls\"\n\
    until test \"$1\" = --; do shift; done\nshift\nexec \"$@\"\n";

/// A project whose pipeline `main` runs these commands, and a folder of stand-ins.
struct Sandboxed {
    project: Project,
    tools: PathBuf,
}

impl Sandboxed {
    fn new(sandbox: &str, lines: &[&str]) -> Self {
        let project = Project::new();
        for (name, text) in [("docker", ENGINE), ("bwrap", WRAP)] {
            let file = project.write(&format!("tools/{name}"), text);
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).expect("ours");
        }
        std::fs::create_dir(project.stage.home.join("tools/containers")).expect("a folder");
        project.write(&format!("{DATA}/server.yaml"), sandbox);
        project.write("page", "a page\n");
        project.define(
            "main",
            &[crate::project::source("main"), stage("Run", &[commands("Run", "App", lines, &[])])],
            "",
        );
        project.push("main", "A page");
        let tools = project.stage.home.join("tools");
        Self { project, tools }
    }

    /// The program with the stand-ins before all else on its PATH.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.project.stage.command(words);
        let path = std::env::var("PATH").expect("there is one");
        command.env("PATH", format!("{}:{path}", self.tools.display()));
        command
    }

    fn run(&self, words: &[&str]) -> Ran {
        let output = self.command(words).output().expect("it runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let code = output.status.code().expect("an exit code");
        Ran { code, out: text(output.stdout), err: text(output.stderr) }
    }

    fn calls(&self) -> String {
        std::fs::read_to_string(self.tools.join("calls")).unwrap_or_default()
    }

    fn containers(&self) -> usize {
        std::fs::read_dir(self.tools.join("containers")).expect("a folder").count()
    }
}

/// Whether the process whose id a file holds runs.
fn runs(file: &Path) -> bool {
    trunkline_testkit::runs(std::fs::read_to_string(file).expect("an id").trim())
}

#[test]
fn commands_run_in_the_sandbox_that_the_server_is_told_of() {
    let lines = ["export A=kept", "echo \"$A: $(cat page)\""];
    let boxed = Sandboxed::new("builds: { sandbox: docker, processes: 99 }\n", &lines);
    // Without an image nothing runs.
    let ran = boxed.run(&["pipeline", "run", "main"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_eq!(boxed.project.action("main", "Run")["failure"]["code"], "TL0862");
    assert_eq!(boxed.calls(), "");
    for (settings, words) in [
        (
            "builds: { sandbox: docker, processes: 99, image: example/build:1 }\n",
            &[
                "run --rm --init --label trunkline.build=",
                "--pids-limit 99",
                "example/build:1 /bin/sh -c",
            ][..],
        ),
        ("builds: { sandbox: bubblewrap }\n", &["--ro-bind / /", "--unshare-pid", "-- /bin/sh -c"]),
    ] {
        boxed.project.write(&format!("{DATA}/server.yaml"), settings);
        let ran = boxed.run(&["pipeline", "run", "main"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        says(&boxed.project.logs("main"), &["kept: a page"]);
        says(&boxed.calls(), words);
        let work = boxed.project.stage.home.join(DATA).join("work").display().to_string();
        says(&boxed.calls(), &[&work]);
    }
    assert_eq!(boxed.containers(), 0);
}

#[test]
fn containers_of_a_program_that_was_killed_go_when_the_next_one_begins() {
    let place = "builds: { sandbox: docker, image: example/build:1 }\n";
    let boxed = Sandboxed::new(place, &["true"]);
    let pid = boxed.project.stage.home.join("pid");
    let lines = format!("echo $$ > {0}.new; mv {0}.new {0}; sleep 300", pid.display());
    let run = stage("Run", &[commands("Run", "App", &[&lines], &[])]);
    boxed.project.define("main", &[crate::project::source("main"), run], "");
    let quick = stage("Run", &[commands("Run", "App", &["true"], &[])]);
    boxed.project.define("quick", &[crate::project::source("main"), quick], "");

    let mut killed = boxed.command(&["pipeline", "run", "main"]);
    let mut killed = killed.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
    wait_until("the command writes its id", Duration::from_secs(240), || {
        pid.exists().then_some(())
    });
    killed.kill().expect("it is ours");
    killed.wait().expect("it ends");
    assert!(runs(&pid), "a container outlives the program");
    let ran = boxed.run(&["pipeline", "run", "quick"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!runs(&pid), "{}", boxed.calls());
    assert_eq!(boxed.containers(), 0);
}

#[test]
fn the_real_bubblewrap_keeps_the_machine_as_it_is() {
    let path = std::env::var("PATH").expect("there is one");
    if !path.split(':').any(|folder| Path::new(folder).join("bwrap").is_file()) {
        eprintln!("skipped: there is no bwrap here");
        return;
    }
    let boxed = Sandboxed::new(
        "builds: { sandbox: bubblewrap }\n",
        &[
            "cat page; echo x > made; cat made",
            "touch /usr/not 2>/dev/null && echo written || true",
        ],
    );
    let logs = boxed.project.succeeds("main", &[]);
    says(&logs, &["a page"]);
    assert!(!logs.lines().any(|line| line == "written"), "{logs}");
}
