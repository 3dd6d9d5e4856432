//! The chapter in which nobody types `apply` any more: a push, its checks, its plan, an approval, both regions.

use super::stage::{Stage, Stopped};

/// The pipeline of production, as `pipeline new` names it.
const PIPELINE: &str = "tidewater-prod";

/// Plays it. Without git there is nothing to push with.
pub(super) fn play(stage: &mut Stage<'_>) -> Result<(), Stopped> {
    if !stage.git {
        return Ok(());
    }
    let words = [
        "Now key 3 may come, and the supervisor's limit becomes part of the documents.",
        "From here on nobody types `apply`: a push does it, once somebody approved the",
        "plan.",
    ];
    stage.chapter("From a push to production", &words)?;
    stage.trunkline(&["drift", "adopt", "--env", "prod", "--region", "us-west-2", "--yes"])?;
    stage.trunkline(&["pipeline", "new", "--env", "prod"])?;
    stage.git(&["add", "."])?;
    stage.git(&["commit", "--quiet", "-m", "Key 3"])?;
    stage.line("\nA server hosts the repository and runs the pipeline; git's password is a token.");
    let address = stage.serve()?;
    let token = stage.token()?;
    let shown = address.replace("http://", "http://dana:$TOKEN@");
    let filled = address.replace("http://", &format!("http://dana:{token}@"));
    let path = "git/tidewater.git";
    stage.git_typed(
        &format!("git remote add server \"{shown}/{path}\""),
        &["remote", "add", "server", &format!("{filled}/{path}")],
    )?;
    stage.pause("Enter pushes")?;
    stage.git(&["push", "--quiet", "server", "main"])?;
    stage.trunkline_asks(&["pipeline", "watch", PIPELINE, "--until-asked"])?;
    stage.line(
        "\nIt waits for a person. What is approved is applied, in both regions, or nothing is:",
    );
    stage.trunkline(&["pipeline", "logs", PIPELINE, "--action", "Plan"])?;
    stage.pause("Enter approves it")?;
    stage.trunkline(&["pipeline", "approve", PIPELINE, "--comment", "Seen"])?;
    stage.trunkline(&["pipeline", "watch", PIPELINE])?;
    stage.line("\nWhat was deployed is recorded as a release, and nothing is left to do:");
    stage.trunkline(&["pipeline", "logs", PIPELINE, "--action", "us-east-1"])?;
    stage.trunkline(&["plan", "--env", "prod"])?;
    stage.serve_no_more()
}
