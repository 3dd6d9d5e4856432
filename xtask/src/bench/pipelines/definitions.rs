//! The pipelines that are measured, as CodePipeline's JSON. Each follows a branch of its own of the one
//! repository, so that a push starts exactly one.

use serde_json::{Value, json};

/// The repository that the server hosts.
pub(super) const REPOSITORY: &str = "site";

/// Actions one after the other, to see what one more costs.
pub(super) const STEPS: usize = 40;

/// Actions of a stage of the pipeline with two stages that run at once.
pub(super) const ACTIONS: usize = 50;

/// What a branch holds, besides one small file that changes: files, and bytes of each.
pub(super) struct Tree {
    pub(super) branch: &'static str,
    pub(super) files: usize,
    pub(super) bytes: usize,
}

/// Branches whose pipeline checks out what they hold before its first command.
pub(super) const CHECKOUTS: &[Tree] = &[
    Tree { branch: "files-100", files: 99, bytes: 2_000 },
    Tree { branch: "files-1000", files: 999, bytes: 2_000 },
    Tree { branch: "bytes-20m", files: 20, bytes: 1_000_000 },
];

/// Branches with pipelines that check nothing out.
pub(super) const BARE: &[&str] = &["at-hand", "steps", "hundred"];

/// All pipelines with their names. `say` makes a command that reports a word.
pub(super) fn all(say: impl Fn(&str) -> String) -> Vec<(String, Value)> {
    let mut all: Vec<(String, Value)> = CHECKOUTS
        .iter()
        .map(|tree| {
            let run = action("Run", Some("Code"), 1, &say("first"));
            (tree.branch.to_owned(), pipeline(tree.branch, &[vec![run]]))
        })
        .collect();
    let run = action("Run", None, 1, &say("first"));
    all.push(("at-hand".to_owned(), pipeline("at-hand", &[vec![run]])));
    let steps = (1..=STEPS).map(|n| action(&format!("Step{n}"), None, n, &say("step"))).collect();
    all.push(("steps".to_owned(), pipeline("steps", &[steps])));
    let stage =
        || (1..=ACTIONS).map(|n| action(&format!("Run{n}"), None, 1, &say("one"))).collect();
    all.push(("hundred".to_owned(), pipeline("hundred", &[stage(), stage()])));
    all
}

fn pipeline(branch: &str, stages: &[Vec<Value>]) -> Value {
    let source = json!({ "name": "Source", "actions": [{
        "name": "Git",
        "actionTypeId": { "category": "Source", "owner": "AWS", "provider": "CodeCommit", "version": "1" },
        "configuration": { "RepositoryName": REPOSITORY, "BranchName": branch },
        "outputArtifacts": [{ "name": "Code" }],
    }] });
    let stages = stages.iter().enumerate();
    let stages =
        stages.map(|(n, actions)| json!({ "name": format!("Stage{n}"), "actions": actions }));
    let stages: Vec<Value> = std::iter::once(source).chain(stages).collect();
    json!({ "pipeline": { "name": branch, "pipelineType": "V2", "stages": stages } })
}

fn action(name: &str, input: Option<&str>, order: usize, command: &str) -> Value {
    let inputs: Vec<Value> = input.iter().map(|name| json!({ "name": name })).collect();
    json!({
        "name": name,
        "actionTypeId": { "category": "Compute", "owner": "AWS", "provider": "Commands", "version": "1" },
        "inputArtifacts": inputs,
        "commands": [command],
        "runOrder": order,
    })
}
