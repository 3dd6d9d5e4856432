//! A project as a repository that a server of its data folder would host, and its pipelines as YAML.

use crate::stage::{Ran, Stage, TARGET};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use trunkline_lab::{Deed, Fault, When};
use trunkline_testkit::wait_until;

/// The project, the lab that it is deployed to, and its data folder.
pub(crate) struct Project {
    pub(crate) stage: Stage,
}

/// Where its server keeps everything.
pub(crate) const DATA: &str = ".trunkline/serve";

/// The document of the queue `Sales`.
pub(crate) fn queue(most: u32) -> String {
    format!("Name: Sales\nHoursOfOperationId: ${{hours:Main line}}\nMaxContacts: {most}\n")
}

impl Project {
    /// How many contacts the queue of the target takes.
    pub(crate) fn most(&self) -> Value {
        let id = self.stage.id(TARGET, ("ListQueues", "QueueSummaryList"), "Sales");
        let found = self.stage.connect(TARGET, "DescribeQueue", json!({ "QueueId": id }));
        found["Queue"]["MaxContacts"].clone()
    }

    /// Runs the pipeline `main` until the queue is made, and kills it before it hears of that.
    pub(crate) fn dies_while_the_queue_is_made(&self) {
        let slow = Fault {
            delay_ms: 3_600_000,
            when: When::After,
            ..Fault::new("connect", "CreateQueue", Deed::Delay)
        };
        self.stage.server.lab().inject(slow);
        let mut command = self.stage.command(&["pipeline", "run", "main"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = child.expect("it starts");
        let made = || (self.stage.count("CreateQueue") == 1).then_some(());
        wait_until("the queue is made", Duration::from_secs(240), made);
        child.kill().expect("it is ours");
        child.wait().expect("it ends");
    }

    pub(crate) fn new() -> Self {
        let stage = Stage::new();
        std::fs::remove_dir(stage.home.path().join(".git")).expect("it is empty");
        stage.home.write(".gitignore", "/.trunkline/\n");
        let project = Self { stage };
        project.git(&["init", "--quiet", "-b", "main"]);
        let hosted = ".trunkline/serve/repositories/acme.git";
        project.git(&["init", "--quiet", "--bare", "-b", "main", hosted]);
        project.git(&["remote", "add", "origin", hosted]);
        project
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let mut command: Command = self.stage.home.command("git");
        let output = command.args(arguments).output().expect("git runs");
        assert!(output.status.success(), "{arguments:?} {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        self.stage.home.write(path, text)
    }

    /// Commits everything, and pushes it to a branch.
    pub(crate) fn push(&self, branch: &str, message: &str) -> String {
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "-m", message]);
        self.git(&["push", "--quiet", "origin", &format!("HEAD:refs/heads/{branch}")]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Writes a pipeline of these stages; `rest` follows the pipeline (`projects:`).
    pub(crate) fn define(&self, name: &str, stages: &[String], rest: &str) {
        let stages = stages.concat();
        let text =
            format!("pipeline:\n  name: {name}\n  pipelineType: V2\n  stages:\n{stages}{rest}");
        self.write(&format!("pipelines/{name}.yaml"), text);
    }

    /// Runs a pipeline.
    pub(crate) fn run(&self, pipeline: &str, more: &[&str]) -> Ran {
        self.stage.run(&[&["pipeline", "run", pipeline], more].concat())
    }

    /// Runs a pipeline, which must succeed; gives the logs of all of its actions.
    #[track_caller]
    pub(crate) fn succeeds(&self, pipeline: &str, more: &[&str]) -> String {
        let ran = self.run(pipeline, more);
        let logs = self.logs(pipeline);
        assert_eq!(ran.code, 0, "{}\n{}\n{logs}", ran.out, ran.err);
        logs
    }

    /// Runs a pipeline, which must fail; gives what was said and the logs.
    #[track_caller]
    pub(crate) fn fails(&self, pipeline: &str, more: &[&str]) -> String {
        let ran = self.run(pipeline, more);
        let text = format!("{}\n{}\n{}", ran.out, ran.err, self.logs(pipeline));
        assert_eq!(ran.code, 1, "{text}");
        text
    }

    /// The logs of the newest execution.
    #[track_caller]
    pub(crate) fn logs(&self, pipeline: &str) -> String {
        let ran = self.stage.done(&["pipeline", "logs", pipeline]);
        format!("{}{}", ran.out, ran.err)
    }

    /// An action of the newest execution, as `--json` shows it.
    #[track_caller]
    pub(crate) fn action(&self, pipeline: &str, name: &str) -> Value {
        let view = self.stage.done(&["pipeline", "show", pipeline, "latest", "--json"]).json();
        let stages = view["stages"].as_array().expect("stages").iter();
        let mut all = stages.flat_map(|s| s["actions"].as_array().expect("actions"));
        all.find(|a| a["name"] == name).unwrap_or_else(|| panic!("no {name} in {view}")).clone()
    }

    /// The names of the standard queues of the target.
    pub(crate) fn queues(&self) -> Vec<String> {
        let input = json!({ "MaxResults": 100, "QueueTypes": ["STANDARD"] });
        let all = self.stage.connect(TARGET, "ListQueues", input);
        let rows = all["QueueSummaryList"].as_array().expect("rows");
        rows.iter().filter_map(|r| r["Name"].as_str().map(str::to_owned)).collect()
    }

    /// Every file of the data folder with its bytes.
    pub(crate) fn data(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        collect(&self.stage.home.join(DATA), &mut found);
        found
    }
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            let bytes = std::fs::read(&path).unwrap_or_default();
            found.push((path, bytes));
        }
    }
}

/// A stage of these actions.
pub(crate) fn stage(name: &str, actions: &[String]) -> String {
    format!("  - name: {name}\n    actions:\n{}", actions.concat())
}

/// An action: `kind` is `Category/Owner/Provider`; lines of `rest` begin at its members.
pub(crate) fn action(name: &str, kind: &str, rest: &[&str]) -> String {
    let mut parts = kind.split('/');
    let mut next = || parts.next().expect("three parts");
    let (category, owner, provider) = (next(), next(), next());
    let rest: String = rest.iter().map(|line| format!("      {line}\n")).collect();
    format!(
        "    - name: {name}\n      actionTypeId: {{ category: {category}, owner: {owner}, \
         provider: {provider}, version: '1' }}\n{rest}"
    )
}

/// The stage that takes a branch of the hosted repository as the artifact `App`.
pub(crate) fn source(branch: &str) -> String {
    let configuration = format!("configuration: {{ RepositoryName: acme, BranchName: {branch} }}");
    let rest = [configuration.as_str(), "outputArtifacts: [{ name: App }]"];
    stage("Source", &[action("Git", "Source/AWS/CodeCommit", &rest)])
}

/// An action of commands on an artifact.
pub(crate) fn commands(name: &str, input: &str, lines: &[&str], rest: &[&str]) -> String {
    let input = format!("inputArtifacts: [{{ name: {input} }}]");
    let lines: Vec<String> = lines.iter().map(|l| Value::from(*l).to_string()).collect();
    let lines = format!("commands: [{}]", lines.join(", "));
    action(name, "Compute/AWS/Commands", &[&[input.as_str(), &lines], rest].concat())
}

/// An action that deploys an artifact to an environment; more settings as YAML.
pub(crate) fn deploy(name: &str, environment: &str, settings: &str) -> String {
    let configuration = format!("configuration: {{ Environment: {environment}{settings} }}");
    let rest = ["inputArtifacts: [{ name: App }]", configuration.as_str()];
    action(name, "Deploy/Custom/Trunkline", &rest)
}

/// All of these stand in a text.
#[track_caller]
pub(crate) fn says(text: &str, all: &[&str]) {
    for one in all {
        assert!(text.contains(one), "`{one}` is not in:\n{text}");
    }
}
