//! The story: from a console to a commit to production, told by the commands that do it.

use super::center;
use super::pushes;
use super::stage::{Stage, Stopped};
use super::world::CONFIG;
use std::sync::atomic::{AtomicUsize, Ordering};
use trunkline_lab::Lab;

/// Plays the story on a lab that was filled. `built` is the id of the instance that people build in.
pub(crate) fn play(stage: &mut Stage<'_>, lab: &Lab, built: &str) -> Result<(), Stopped> {
    opening(stage);
    start(stage)?;
    export(stage)?;
    staging(stage)?;
    edit(stage, lab, built)?;
    production(stage)?;
    monday(stage, lab)?;
    pushes::play(stage)?;
    closing(stage)
}

fn opening(stage: &Stage<'_>) {
    for line in [
        "Tidewater Water & Power has a contact center on Amazon Connect. People build it",
        "by hand in one instance; staging and production, in two regions, must come to",
        "hold the same.",
        "",
        "This is emulated AWS: a lab inside this program. No account is used, and nothing",
        "leaves this machine. The commands are the real ones; with your accounts they do",
        "the same on AWS.",
    ] {
        stage.line(line);
    }
    stage.line(&format!("\n  lab     {}", stage.setting.url));
    stage.line(&format!("  folder  {}", stage.setting.folder.display()));
    if !stage.git {
        stage.line("\ngit was not found: the demo goes on without commits and pushes.");
    }
}

fn start(stage: &mut Stage<'_>) -> Result<(), Stopped> {
    stage
        .chapter("A project", &["One file says where things run. `trunkline init` starts one."])?;
    stage.write("trunkline.yaml", CONFIG)?;
    stage.write(".gitignore", "/.trunkline/\n")?;
    stage.git(&["init", "--quiet"])?;
    stage.cat("trunkline.yaml")?;
    stage.trunkline(&["env", "list"])
}

fn export(stage: &mut Stage<'_>) -> Result<(), Stopped> {
    let words = ["What people built becomes files: one a resource, with names instead of ARNs."];
    stage.chapter("From the console to git", &words)?;
    stage.trunkline(&["export", "--env", "build"])?;
    stage.cat("connect/quick-connects/To outages.yaml")?;
    stage.git(&["add", "."])?;
    stage.git(&["commit", "--quiet", "-m", "The center as it was built"])
}

fn staging(stage: &mut Stage<'_>) -> Result<(), Stopped> {
    stage.chapter(
        "The first deployment",
        &["A plan shows everything before anything is written."],
    )?;
    stage.trunkline(&["plan", "--env", "staging"])?;
    stage.pause("Enter deploys it")?;
    stage.trunkline(&["apply", "--env", "staging", "--yes"])?;
    stage.line("\nFlows that lead in circles, prompts with audio, the phone number: all there.");
    stage.trunkline(&["plan", "--env", "staging"])?;
    stage.chapter(
        "Production, in two regions",
        &["The same files; ARNs, numbers and names are each region's own."],
    )?;
    stage.trunkline(&["apply", "--env", "prod", "--yes"])
}

fn edit(stage: &mut Stage<'_>, lab: &Lab, built: &str) -> Result<(), Stopped> {
    let words = ["In the console, a designer adds a queue, and key 3 of the menu leads to it."];
    stage.chapter("A designer's edit", &words)?;
    center::edit(lab, built)?;
    stage.trunkline(&["export", "--env", "build"])?;
    stage.git(&["show", "--stat", "--format=%s"])
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

fn monday(stage: &mut Stage<'_>, lab: &Lab) -> Result<(), Stopped> {
    let words = [
        "A storm: in production's console a supervisor lets more callers wait for",
        "outages. That is nobody's to overwrite. A plan would refuse to, and `drift` says",
        "what it is.",
    ];
    stage.chapter("A Monday morning", &words)?;
    center::supervise(lab)?;
    stage.trunkline_refuses(&["plan", "--env", "prod", "--region", "us-west-2"])?;
    stage.trunkline(&["drift", "--env", "prod"])?;
    stage
        .line("\nAnd key 3 was too early: what the last runs changed is taken back, nothing else.");
    stage.pause("Enter takes it back in both regions")?;
    stage.trunkline(&["rollback", "--env", "prod", "--yes"])?;
    stage.line("\nThe supervisor's limit is still there, for somebody to decide about:");
    stage.trunkline(&["drift", "--env", "prod", "--region", "us-west-2"])
}

fn closing(stage: &mut Stage<'_>) -> Result<(), Stopped> {
    let seconds = stage.watch.elapsed().as_secs_f64();
    let setting = &stage.setting;
    let (all, throttled) = (count(&setting.calls.all), count(&setting.calls.throttled));
    let words = [
        "What people built by hand in one console runs in staging and in two production",
        "regions, is under git, and each change was seen before it was made. A push",
        "brings the next one.",
    ];
    let sums = [
        format!("\n  calls   {all} in {seconds:.1} s, to 4 accounts in 2 regions"),
        format!("          {throttled} of them were told to slow down, and tried again"),
    ];
    let shown = setting.folder.display().to_string();
    let data = setting.folder.join("lab").display().to_string();
    let (kept, interactive) = (setting.kept, setting.interactive);
    stage.end_with("Done", &words);
    sums.iter().for_each(|line| stage.line(line));
    if kept {
        stage.line(&format!("  folder  {shown}/project"));
        stage.line("\nTo go on with it, start the lab again:\n");
        stage.line(&format!("  trunkline lab --strict-roles --time-scale 20 --data {data}"));
        stage.line("\nand in another terminal:\n");
        go_there(stage, "http://127.0.0.1:4600");
    } else if interactive {
        stage.line(
            "\nUntil you press Enter, the lab and the folder are there. In another terminal:\n",
        );
        go_there(stage, &stage.setting.url);
        stage.pause("Enter ends the lab and removes the folder")?;
    } else {
        stage.line("  The folder is removed now; `trunkline demo --keep DIR` keeps one.");
    }
    stage.line("\nNext, with your own accounts:\n");
    for (command, what) in NEXT {
        stage.line(&format!("  {command:<33} {what}"));
    }
    Ok(())
}

/// What to try with a contact center of one's own.
const NEXT: &[(&str, &str)] = &[
    ("trunkline init", "start a project in this folder"),
    ("trunkline doctor", "see whether roles and instances are reachable"),
    ("trunkline export --env ENV", "your instance as files; changes nothing in AWS"),
    ("trunkline plan --env ENV", "see what a deployment would change; reads only"),
    ("trunkline pipeline new --env ENV", "its pipeline; `trunkline serve` runs it at a push"),
];

fn count(number: &AtomicUsize) -> usize {
    number.load(Ordering::Relaxed)
}

/// The lines that lead a person's shell to the project and the lab.
fn go_there(stage: &Stage<'_>, url: &str) {
    stage.line(&format!("  cd {}", stage.project().display()));
    for (name, value) in stage.variables() {
        let value = if name == "AWS_ENDPOINT_URL" { url } else { &value };
        stage.line(&format!("  export {name}={value}"));
    }
    stage.line("  trunkline plan --env prod");
}
