//! A team at work: some build in the console, others edit the repository, and exports bring both together with
//! the real git.

#[path = "team/choices.rs"]
mod choices;
#[path = "team/clones.rs"]
mod clones;
#[path = "team/console.rs"]
mod console;
#[cfg(unix)]
#[path = "team/crashes.rs"]
mod crashes;
#[path = "team/driver.rs"]
mod driver;
#[path = "support/stage.rs"]
mod stage;

use serde_json::{Value, json};
use stage::{BUILD, Stage};
use std::path::Path;

const EXPORT: &[&str] = &["export", "--env", "rnd"];
const MAIN: &str = "connect/flows/Main.json";

/// A project under git and the instance that people build in.
pub(crate) struct Team {
    pub(crate) stage: Stage,
}

impl Team {
    /// Two flows and a queue in the console, exported and committed.
    pub(crate) fn new() -> Self {
        let team = Self::at_the_beginning();
        team.stage.done(EXPORT);
        team.git(&["add", "."]);
        team.git(&["commit", "-q", "-m", "As it was built"]);
        team
    }

    /// The same, before the first export.
    pub(crate) fn at_the_beginning() -> Self {
        let stage = Stage::new();
        for folder in ["connect", ".git"] {
            std::fs::remove_dir_all(stage.home.join(folder)).expect("a folder to remove");
        }
        let team = Self { stage };
        team.git(&["init", "-q", "-b", "main"]);
        team.stage.home.write(".gitignore", "/.trunkline/\n/gitconfig\n");
        let hours = ("ListHoursOfOperations", "HoursOfOperationSummaryList");
        let hours = team.stage.id(BUILD, hours, "Basic Hours");
        let queue = json!({ "Name": "Sales", "HoursOfOperationId": hours, "MaxContacts": 7 });
        let queue = team.stage.connect(BUILD, "CreateQueue", queue)["QueueArn"].clone();
        for name in ["Main", "Second"] {
            let content = content("Hello", "Press 1", &queue).to_string();
            let input = json!({ "Name": name, "Type": "CONTACT_FLOW", "Content": content });
            team.stage.connect(BUILD, "CreateContactFlow", input);
        }
        team
    }

    /// Runs git in the project, which must succeed.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.stage, self.stage.home.path(), arguments)
    }

    /// Edits a flow in the console: the texts of its two blocks.
    pub(crate) fn console(&self, flow: &str, first: &str, second: &str) {
        let id = self.stage.id(BUILD, ("ListContactFlows", "ContactFlowSummaryList"), flow);
        let content = content(first, second, &json!(self.queue_arn("Sales")));
        let input = json!({ "ContactFlowId": id, "Content": content.to_string() });
        self.stage.connect(BUILD, "UpdateContactFlowContent", input);
    }

    pub(crate) fn queue_arn(&self, name: &str) -> String {
        let instance = self.stage.instance(BUILD);
        let id = self.queue(name);
        format!("arn:aws:connect:us-west-2:{BUILD}:instance/{instance}/queue/{id}")
    }

    pub(crate) fn queue(&self, name: &str) -> String {
        self.stage.id(BUILD, ("ListQueues", "QueueSummaryList"), name)
    }

    pub(crate) fn rename_queue(&self, id: &str, name: &str) {
        self.stage.connect(BUILD, "UpdateQueueName", json!({ "QueueId": id, "Name": name }));
    }

    /// Edits a file of the repository and commits it.
    pub(crate) fn commit(&self, file: &str, from: &str, to: &str) {
        let text = self.stage.home.read(file);
        assert!(text.contains(from), "{from} is not in {file}:\n{text}");
        self.stage.home.write(file, text.replace(from, to));
        self.git(&["commit", "-q", "-m", "By hand", "--", file]);
    }

    /// A flow's document.
    pub(crate) fn flow(&self, file: &str) -> Value {
        serde_json::from_str(&self.stage.home.read(file)).expect("a flow is JSON")
    }

    /// The texts of a flow's two blocks.
    pub(crate) fn texts(&self, file: &str) -> [String; 2] {
        let flow = self.flow(file);
        [0, 1].map(|at| {
            let text = &flow["content"]["Actions"][at]["Parameters"]["Text"];
            text.as_str().expect("a text").to_owned()
        })
    }

    pub(crate) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// What git finds changed in the work tree.
    pub(crate) fn status(&self) -> String {
        self.git(&["status", "--porcelain"])
    }
}

/// Runs git in a folder, which must succeed; returns what it printed.
#[track_caller]
pub(crate) fn git(stage: &Stage, folder: &Path, arguments: &[&str]) -> String {
    let mut command = stage.home.command("git");
    let output = command.current_dir(folder).args(arguments).output().expect("git runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    assert!(output.status.success(), "git {arguments:?}\n{}", text(&output.stderr));
    text(&output.stdout)
}

/// A flow with two texts, which then sets a queue and hangs up.
fn content(first: &str, second: &str, queue: &Value) -> Value {
    let block = |id: &str, action: &str, parameters: Value, next: &str| {
        let errors = json!([{ "ErrorType": "NoMatchingError", "NextAction": "bye" }]);
        json!({
            "Identifier": id, "Type": action, "Parameters": parameters,
            "Transitions": { "NextAction": next, "Errors": errors, "Conditions": [] },
        })
    };
    json!({
        "Version": "2019-10-30", "StartAction": "welcome",
        "Actions": [
            block("welcome", "MessageParticipant", json!({ "Text": first }), "menu"),
            block("menu", "MessageParticipant", json!({ "Text": second }), "to queue"),
            block("to queue", "UpdateContactTargetQueue", json!({ "QueueId": queue }), "bye"),
            {
                "Identifier": "bye", "Type": "DisconnectParticipant",
                "Parameters": {}, "Transitions": {},
            },
        ],
    })
}
