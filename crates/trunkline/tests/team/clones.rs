//! Another clone of the repository, one that knows nobody, and an export that ended in the middle.

use crate::{EXPORT, MAIN, Team, git};

/// Runs an export in another folder with this program.
fn export_in(team: &Team, folder: &str) -> String {
    let mut command = team.stage.command(EXPORT);
    let output = command.current_dir(team.stage.home.join(folder)).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_clone_finds_the_last_export_among_what_was_merged() {
    let team = Team::new();
    team.console("Main", "Good morning", "Press 1");
    team.stage.done(EXPORT);
    team.git(&["clone", "-q", ".", "clone"]);
    let clone = team.stage.home.join("clone");
    let main = clone.join(MAIN);
    let text = std::fs::read_to_string(&main).expect("a flow");
    std::fs::write(&main, text.replace("Press 1", "Press 2")).expect("a flow");
    git(&team.stage, &clone, &["commit", "-q", "-a", "-m", "By hand"]);

    // The edit by hand is newer than the last export: the console does not take it back.
    let out = export_in(&team, "clone");
    assert!(out.contains("Nothing new"), "{out}");
    team.console("Main", "Good evening", "Press 1");
    let driver = ["config", "--get", "merge.trunkline.driver"];
    let has_driver = || {
        let mut command = team.stage.home.command("git");
        command.current_dir(&clone).args(driver).output().expect("git runs").status.success()
    };
    assert!(!has_driver());
    let out = export_in(&team, "clone");
    assert!(out.contains("Merged into main") && has_driver(), "{out}");
    let text = std::fs::read_to_string(&main).expect("a flow");
    assert!(text.contains("Press 2") && text.contains("Good evening"), "{text}");
}

#[test]
fn a_commit_that_only_repeats_an_exports_message_is_not_taken_for_one() {
    let team = Team::new();
    team.console("Main", "Good morning", "Press 1");
    team.stage.done(EXPORT);
    team.commit(MAIN, "Press 1", "Press 2");
    let export = "refs/trunkline/export/rnd-us-west-2";
    let message = team.git(&["log", "-1", "--format=%B", export]);
    team.git(&["commit", "-q", "--allow-empty", "-m", &message]);
    team.git(&["update-ref", "-d", export]);
    team.stage.done(EXPORT);
    assert_eq!(team.texts(MAIN), ["Good morning", "Press 2"]);
}

#[test]
fn an_export_that_was_kept_and_not_merged_is_merged_by_the_next_one() {
    let team = Team::new();
    let before = team.head();
    team.console("Main", "Good morning", "Press 1");
    team.stage.done(EXPORT);
    // As if the power had failed between the commit and the merge.
    team.git(&["reset", "-q", "--hard", &before]);
    let export = "refs/trunkline/export/rnd-us-west-2";
    let kept = team.git(&["rev-parse", export]);
    team.stage.done(EXPORT);
    assert_eq!((team.head(), team.git(&["rev-parse", export])), (kept.clone(), kept));
    // And as if it had failed before the ref moved.
    team.git(&["reset", "-q", "--hard", &before]);
    team.git(&["update-ref", "-d", export]);
    team.stage.done(EXPORT);
    assert_eq!(team.texts(MAIN), ["Good morning", "Press 1"]);
    assert_eq!(team.git(&["rev-parse", "HEAD^"]), before);
}

#[test]
fn a_git_that_knows_nobody_still_commits() {
    let team = Team::new();
    team.console("Main", "Good morning", "Press 1");
    team.git(&["config", "user.useConfigOnly", "true"]);
    let mut command = team.stage.command(EXPORT);
    for name in ["AUTHOR", "COMMITTER"] {
        command.env_remove(format!("GIT_{name}_NAME")).env_remove(format!("GIT_{name}_EMAIL"));
    }
    assert!(command.output().expect("it runs").status.success());
    let who = team.git(&["log", "-1", "--format=%an <%ae> %cn"]);
    assert_eq!(who, "Trunkline <trunkline@localhost> Trunkline");
}

#[test]
fn a_project_in_a_folder_of_a_larger_repository_is_merged_there() {
    let team = Team::at_the_beginning();
    let home = &team.stage.home;
    home.write("center of acme/trunkline.yaml", home.read("trunkline.yaml"));
    std::fs::remove_file(home.join("trunkline.yaml")).expect("a file");
    export_in(&team, "center of acme");
    team.git(&["add", "."]);
    team.git(&["commit", "-q", "-m", "All"]);
    team.console("Main", "Good morning", "Press 1");
    export_in(&team, "center of acme");
    let main = format!("center of acme/{MAIN}");
    team.commit(&main, "Press 1", "Press 2");
    team.console("Main", "Good evening", "Press 1");
    let out = export_in(&team, "center of acme");
    assert!(out.contains(&format!("  ~ {MAIN}\n")), "{out}");
    assert_eq!(team.texts(&main), ["Good evening", "Press 2"]);
}
