//! The story: from a console to a commit to production, told by the commands that do it.

use super::center;
use super::stage::{Stage, Stopped};
use super::world::CONFIG;
use trunkline_lab::Lab;

/// Plays the story on a lab that was filled. `built` is the id of the instance that people build in.
pub(crate) fn play(stage: &mut Stage<'_>, lab: &Lab, built: &str) -> Result<(), Stopped> {
    opening(stage);
    start(stage)?;
    export(stage)?;
    staging(stage)?;
    edit(stage, lab, built)?;
    production(stage)?;
    closing(stage)
}

fn opening(stage: &Stage<'_>) {
    for line in [
        "Tidewater Water & Power has a contact center on Amazon Connect: people build it by hand",
        "in one instance, and staging and two production regions must come to hold the same.",
        "",
        "This is emulated AWS: a lab inside this program. No account is used, and nothing leaves",
        "this machine. The commands are the real ones; in your shell they do the same to AWS.",
    ] {
        stage.line(line);
    }
    stage.line(&format!("\n  lab     {}", stage.setting.url));
    stage.line(&format!("  folder  {}", stage.setting.folder.display()));
    if !stage.git {
        stage.line("\ngit was not found: the demo goes on without commits.");
    }
}

fn start(stage: &mut Stage<'_>) -> Result<(), Stopped> {
    stage
        .chapter("A project", &["One file says where things run. `trunkline init` starts one."])?;
    stage.write("trunkline.yaml", CONFIG)?;
    stage.write(".gitignore", "/.trunkline/\n")?;
    stage.git(&["init", "--quiet"])?;
    stage.line("\n$ cat trunkline.yaml");
    stage.line(CONFIG.trim_end());
    stage.trunkline(&["env", "list"])
}

fn export(stage: &mut Stage<'_>) -> Result<(), Stopped> {
    let words = ["What people built becomes files: names instead of ARNs, one file a resource."];
    stage.chapter("From the console to git", &words)?;
    stage.trunkline(&["export", "--env", "build"])?;
    commit(stage, "The center as it was built")
}

fn commit(stage: &Stage<'_>, message: &str) -> Result<(), Stopped> {
    stage.git(&["add", "."])?;
    stage.git(&["commit", "--quiet", "-m", message])
}

fn staging(stage: &mut Stage<'_>) -> Result<(), Stopped> {
    stage.chapter(
        "The first deployment",
        &["A plan shows everything before anything is written."],
    )?;
    stage.trunkline(&["plan", "--env", "staging"])?;
    stage.pause("Enter deploys it")?;
    stage.trunkline(&["apply", "--env", "staging", "--yes"])?;
    stage.line(
        "\nFlows that lead in circles, prompts with their audio, the phone number: all there.",
    );
    stage.trunkline(&["plan", "--env", "staging"])?;
    stage.chapter(
        "Production, in two regions",
        &["The same files; ARNs, numbers and names are each region's own."],
    )?;
    stage.trunkline(&["apply", "--env", "prod", "--yes"])
}

fn edit(stage: &mut Stage<'_>, lab: &Lab, built: &str) -> Result<(), Stopped> {
    let words =
        ["In the console, a designer adds a queue, and key 3 to the menu that leads to it."];
    stage.chapter("A designer's edit", &words)?;
    center::edit(lab, built)?;
    stage.trunkline(&["export", "--env", "build"])?;
    stage.git(&["diff", "--stat"])?;
    commit(stage, "Key 3: start service")
}

fn production(stage: &mut Stage<'_>) -> Result<(), Stopped> {
    let words = ["Blocks and branches, not lines of JSON; each region is compared by itself."];
    stage.chapter("To production", &words)?;
    stage.trunkline(&["plan", "--env", "prod"])?;
    stage.pause("Enter deploys it to both regions")?;
    stage.trunkline(&["apply", "--env", "prod", "--yes"])?;
    stage.line("\nNothing is left to do, in either region:");
    stage.trunkline(&["plan", "--env", "prod"])
}

fn closing(stage: &mut Stage<'_>) -> Result<(), Stopped> {
    stage.chapter("Done", &[])?;
    Ok(())
}
