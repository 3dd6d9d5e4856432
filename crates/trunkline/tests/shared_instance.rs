//! Others are there too: a colleague who applies at the same time, one whose machine died or slept, a second
//! project in the same instance, a stranger who was quicker, and instances and stores that are not as they were.

#[path = "support/stage.rs"]
mod stage;

#[path = "shared_instance/hostile.rs"]
mod hostile;
#[path = "shared_instance/people.rs"]
mod people;
#[path = "shared_instance/projects.rs"]
mod projects;

use stage::{CONFIG, Ran, Stage};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use trunkline_lab::{Deed, Fault};
use trunkline_testkit::{Home, wait_until};

const LIMIT: Duration = Duration::from_secs(240);
const APPLY: &[&str] = &["apply", "--env", "prod", "--yes"];

/// A stage whose project keeps its state in a folder that all clones share.
struct Shared {
    stage: Stage,
    state: Home,
    /// Seconds: short where a holder dies, long where none may be taken for dead because the machine is busy.
    lease: u32,
}

impl Shared {
    fn new() -> Self {
        Self::with_lease(1)
    }

    fn with_lease(lease: u32) -> Self {
        let shared = Self { stage: Stage::new(), state: Home::new(), lease };
        shared.stage.home.write("trunkline.yaml", shared.config("acme"));
        shared
    }

    /// The configuration of a project in the same instance and the same store.
    fn config(&self, project: &str) -> String {
        let state = self.state.join(project).display().to_string();
        let lease = self.lease;
        let settings = format!("state: \"{state}\"\nsettings: {{ lock_lease: {lease} }}\n");
        CONFIG.replace("project: acme\n", &format!("project: {project}\n{settings}"))
    }

    /// Another clone of the project, in a home of its own.
    fn clone_of_project(&self) -> Home {
        let home = Home::new();
        std::fs::create_dir(home.join(".git")).expect("a folder");
        home.write("trunkline.yaml", self.config("acme"));
        for file in
            ["connect/hours/Main line.yaml", "connect/queues/Sales.yaml", "connect/flows/Main.json"]
        {
            home.write(file, self.stage.home.read(file));
        }
        home
    }

    fn command(&self, home: &Home, words: &[&str]) -> Command {
        let mut command = self.stage.command(words);
        command.current_dir(home.path()).env("HOME", home.path());
        command
    }

    fn run(&self, home: &Home, words: &[&str]) -> Ran {
        Started(Some(self.spawn(home, words))).ends()
    }

    fn start(&self, home: &Home, words: &[&str]) -> Started {
        Started(Some(self.spawn(home, words)))
    }

    fn spawn(&self, home: &Home, words: &[&str]) -> Child {
        let mut command = self.command(home, words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    }

    #[track_caller]
    fn done(&self, home: &Home, words: &[&str]) -> Ran {
        let ran = self.run(home, words);
        assert_eq!(ran.code, 0, "{words:?}\n{}\n{}", ran.out, ran.err);
        ran
    }

    /// Lets the lab carry an operation out at once, and answer it when it is let go.
    fn hold(&self, operation: &str) {
        let fault = Fault::new("connect", operation, Deed::Delay);
        self.stage.server.lab().inject(Fault { delay_ms: 3_600_000, ..fault });
    }

    fn let_go(&self) {
        self.stage.server.lab().clear_faults();
    }

    /// Waits until the journal has an operation as begun, and the lab has carried it out.
    fn is_begun(&self, operation: &str) {
        wait_until(operation, LIMIT, || {
            let mut found = Vec::new();
            journals(self.state.path(), &mut found);
            let begun = format!("/{operation}\"");
            let begun = found.iter().any(|t| t.contains("step-started") && t.contains(&begun));
            (begun && self.stage.count(operation) > 0).then_some(())
        });
    }
}

fn journals(folder: &std::path::Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            journals(&path, found);
        } else if path.extension().is_some_and(|e| e == "jsonl") {
            found.extend(std::fs::read_to_string(&path));
        }
    }
}

/// A running program that does not outlive its test.
struct Started(Option<Child>);

impl Started {
    fn id(&self) -> u32 {
        self.0.as_ref().expect("it runs").id()
    }

    /// Waits for its end.
    fn ends(mut self) -> Ran {
        let output = self.0.take().expect("it runs").wait_with_output().expect("it ends");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let code = output.status.code().unwrap_or(-1);
        Ran { code, out: text(output.stdout), err: text(output.stderr) }
    }

    fn kill(mut self) {
        let mut child = self.0.take().expect("it runs");
        child.kill().expect("it runs");
        child.wait().expect("it ends");
    }

    /// Sends a signal by its name.
    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.id());
        let status = Command::new("sh").arg("-c").arg(kill).status();
        assert!(status.expect("a shell").success());
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}
