//! Pipelines that deploy: from a commit to an instance on the lab, through the program's own pipelines.

#[path = "support/stage.rs"]
mod stage;

use stage::{Stage, TARGET, flow};
use std::process::Command;

/// The project as a repository that a server of its data folder would host.
struct Project {
    stage: Stage,
}

impl Project {
    fn new() -> Self {
        let stage = Stage::new();
        std::fs::remove_dir(stage.home.path().join(".git")).expect("it is empty");
        stage.home.write(".gitignore", "/.trunkline/\n");
        let project = Self { stage };
        project.git(&["init", "--quiet", "-b", "main"]);
        let hosted = ".trunkline/serve/repositories/acme.git";
        project.git(&["init", "--quiet", "--bare", hosted]);
        project.git(&["remote", "add", "origin", hosted]);
        project
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut command: Command = self.stage.home.command("git");
        command.args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]).args(arguments);
        let output = command.current_dir(self.stage.home.path()).output().expect("git runs");
        assert!(output.status.success(), "{arguments:?} {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    }

    /// Commits everything, and pushes it to a branch.
    fn push(&self, branch: &str, message: &str) -> String {
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "-m", message]);
        self.git(&["push", "--quiet", "origin", &format!("HEAD:refs/heads/{branch}")]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn queues(&self) -> Vec<String> {
        let input = serde_json::json!({ "MaxResults": 100, "QueueTypes": ["STANDARD"] });
        let all = self.stage.connect(TARGET, "ListQueues", input);
        let rows = all["QueueSummaryList"].as_array().expect("rows");
        rows.iter().filter_map(|r| r["Name"].as_str().map(str::to_owned)).collect()
    }

    /// The logs of the newest execution.
    fn logs(&self, pipeline: &str) -> String {
        let ran = self.stage.done(&["pipeline", "logs", pipeline]);
        format!("{}{}", ran.out, ran.err)
    }
}

#[test]
fn what_is_pushed_is_checked_planned_deployed_and_recorded() {
    let project = Project::new();
    let ran = project.stage.done(&["pipeline", "new", "--env", "prod"]);
    assert_eq!(ran.out.trim(), "pipelines/prod.yaml");
    let again = project.stage.run(&["pipeline", "new", "--env", "prod"]);
    assert_eq!(again.code, 64, "it is not overwritten: {}", again.err);
    let commit = project.push("main", "The first center");
    let ran = project.stage.run(&["pipeline", "run", "acme-prod"]);
    assert_eq!(ran.code, 0, "{}\n{}\n{}", ran.out, ran.err, project.logs("acme-prod"));
    assert!(project.queues().contains(&"Sales".to_owned()), "{:?}", project.queues());
    let logs = project.logs("acme-prod");
    for says in ["documents and 1 pipelines checked", "is recorded for prod", commit.as_str()] {
        assert!(logs.contains(says), "`{says}` is not in:\n{logs}");
    }
    let history = project.stage.done(&["log", "--env", "prod", "--json"]).out;
    assert!(history.contains(&commit), "the history tells the commit: {history}");
}

#[test]
fn what_does_not_hold_ends_before_anything_is_deployed() {
    let project = Project::new();
    project.stage.done(&["pipeline", "new", "--env", "prod"]);
    project.stage.home.write("connect/flows/Main.json", flow("Main", "${queue:Salse}"));
    project.push("main", "A slip");
    let checked = project.stage.run(&["check"]);
    assert_eq!(checked.code, 3, "{}", checked.err);
    assert!(checked.err.contains("did you mean `${queue:Sales}`"), "{}", checked.err);
    let ran = project.stage.run(&["pipeline", "run", "acme-prod"]);
    assert_eq!(ran.code, 1, "{}\n{}", ran.out, ran.err);
    assert!(!project.queues().contains(&"Sales".to_owned()), "nothing was deployed");
}
