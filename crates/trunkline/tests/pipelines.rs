//! `trunkline pipeline`, the real program in a project of its own: one process after the other, and on a server where
//! an execution has to go on meanwhile.

#[path = "pipelines/answers.rs"]
mod answers;
#[path = "pipelines/builds.rs"]
mod builds;
#[path = "pipelines/conditions.rs"]
mod conditions;
#[path = "pipelines/files.rs"]
mod files;
#[path = "pipelines/interrupted.rs"]
mod interrupted;
#[path = "pipelines/meeting.rs"]
mod meeting;
#[path = "pipelines/old.rs"]
mod old;
#[path = "pipelines/runs.rs"]
mod runs;
#[path = "pipelines/served.rs"]
mod served;
#[path = "pipelines/stages.rs"]
mod stages;

use serde_json::Value;
use std::process::{Command, Stdio};
use trunkline_testkit::Home;

const CONFIG: &str = "version: 1\nproject: acme\nenvironments:\n  \
    dev: { account: \"111122223333\", regions: [us-west-2], instance: acme-dev }\n";

/// A project under git, with pipelines.
pub(crate) struct Site {
    pub(crate) home: Home,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Its result.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self
    }
}

impl Site {
    /// A project with one commit, and a pipeline `main` of these stages after its source.
    pub(crate) fn new(stages: &str) -> Self {
        let site = Self { home: Home::new() };
        site.home.write("project/trunkline.yaml", CONFIG);
        site.home.write("project/.gitignore", ".trunkline/\n");
        site.home.write("project/greeting.txt", "hello\n");
        site.define("main", "", stages);
        site.git(&["init", "-q", "-b", "main"]);
        site.git(&["config", "user.email", "ann@example.com"]);
        site.git(&["add", "."]);
        site.git(&["commit", "-q", "-m", "Greet"]);
        site
    }

    /// Writes a pipeline's file.
    pub(crate) fn define(&self, name: &str, head: &str, stages: &str) {
        let text = format!(
            "pipeline:\n  name: {name}\n  roleArn: arn:aws:iam::111122223333:role/pipeline\n  pipelineType: V2\n\
             {head}  stages:\n  - name: Source\n    actions:\n    - name: App\n      \
             actionTypeId: {{ category: Source, owner: AWS, provider: CodeCommit, version: '1' }}\n      \
             configuration: {{ RepositoryName: ., BranchName: main }}\n      \
             outputArtifacts: [{{ name: App }}]\n{stages}"
        );
        self.home.write(format!("project/pipelines/{name}.yaml"), text);
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut command = self.home.command("git");
        let output = command.current_dir(self.home.join("project")).args(arguments).output();
        let output = output.expect("git runs");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Commits all that is there; returns the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "."]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// `trunkline pipeline ...`, not yet run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.command(env!("CARGO_BIN_EXE_trunkline"));
        command.current_dir(self.home.join("project")).arg("pipeline").args(arguments);
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().expect("the program runs");
        Ran {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts an execution, which ends (or waits) with that code; returns its id.
    #[track_caller]
    pub(crate) fn started(&self, code: i32) -> String {
        text(&self.run(&["run", "main", "--json"]).ends(code).json()["id"])
    }

    /// An execution, as `--json` tells it.
    #[track_caller]
    pub(crate) fn shown(&self, execution: &str) -> Value {
        self.run(&["show", "main", execution, "--json"]).ends(0).json()
    }

    #[track_caller]
    pub(crate) fn status(&self, execution: &str) -> String {
        text(&self.shown(execution)["status"])
    }

    /// A command that is refused by CodePipeline's rule of that name.
    #[track_caller]
    pub(crate) fn refused(&self, arguments: &[&str], rule: &str) {
        let ran = self.run(arguments).ends(1);
        assert!(ran.err.contains("error[TL088") && ran.err.contains(rule), "{rule}: {}", ran.err);
    }

    /// The path of a file of the home, which commands make or wait for.
    pub(crate) fn path(&self, name: &str) -> String {
        self.home.join(name).display().to_string()
    }

    /// The status of each action of an execution, as `Stage/Action` and `Status`, in order.
    pub(crate) fn actions(&self, execution: &str) -> Vec<(String, String)> {
        let view = self.shown(execution);
        let mut all = Vec::new();
        for stage in view["stages"].as_array().expect("stages") {
            for action in stage["actions"].as_array().expect("actions") {
                let name = format!("{}/{}", text(&stage["name"]), text(&action["name"]));
                all.push((name, text(&action["status"])));
            }
        }
        all
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

/// A stage with one action of the type Commands.
pub(crate) fn commands(stage: &str, action: &str, lines: &[&str]) -> String {
    format!("  - name: {stage}\n    actions:\n{}", command(action, lines))
}

/// An action of the type Commands.
pub(crate) fn command(action: &str, lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|l| format!("      - {}\n", Value::from(*l))).collect();
    format!(
        "    - name: {action}\n      \
         actionTypeId: {{ category: Compute, owner: AWS, provider: Commands, version: '1' }}\n      \
         inputArtifacts: [{{ name: App }}]\n      commands:\n{lines}"
    )
}

/// A stage with an approval.
pub(crate) fn approval(stage: &str) -> String {
    format!(
        "  - name: {stage}\n    actions:\n    - name: Review\n      \
         actionTypeId: {{ category: Approval, owner: AWS, provider: Manual, version: '1' }}\n      \
         configuration: {{ CustomData: Look at the greeting }}\n"
    )
}
