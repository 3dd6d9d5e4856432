//! The configuration, refused by every command before anything is called.

use crate::stage::{CONFIG, Stage};

#[track_caller]
fn check(change: (&str, &str), exit: i32, code: &str, says: &[&str]) {
    let stage = Stage::new();
    assert!(CONFIG.contains(change.0), "{} is not in the configuration", change.0);
    stage.home.write("trunkline.yaml", CONFIG.replacen(change.0, change.1, 1));
    for command in [&["plan"][..], &["apply", "--yes"], &["export"]] {
        stage.refused(&[command, &["--env", "prod"]].concat(), exit, code, says);
    }
}

#[test]
fn account_ids_are_texts_of_twelve_digits() {
    check(
        ("\"444455556666\"", "444455556666"),
        64,
        "TL0103",
        &["trunkline.yaml:5:20", "leading zero", "\"444455556666\""],
    );
    check(("\"444455556666\"", "\"44445555666\""), 64, "TL0103", &["trunkline.yaml:5:20", "11"]);
}

#[test]
fn an_unknown_environment_is_answered_with_those_that_exist() {
    let stage = Stage::new();
    for command in [&["plan"][..], &["apply", "--yes"], &["export"], &["instance", "create"]] {
        let arguments = [command, &["--env", "prdo"]].concat();
        stage.refused(&arguments, 64, "TL0105", &["`prdo`", "did you mean", "prod"]);
    }
}

#[test]
fn a_name_for_two_environments_is_refused_with_both_accounts() {
    check(
        ("instance: acme-prod", "instance: acme-prod, aliases: [RND]"),
        64,
        "TL0104",
        &["trunkline.yaml:5", "111122223333", "444455556666", "another name"],
    );
}

#[test]
fn broken_yaml_and_unknown_settings_are_refused_at_their_line() {
    check(("use: build }", "use: build"), 64, "TL0101", &["trunkline.yaml:"]);
    check(("role: deploy", "rol: deploy"), 64, "TL0107", &["trunkline.yaml:6:1", "`role`"]);
}

#[test]
fn people_build_in_a_build_environment_and_nothing_is_deployed_to_it() {
    let stage = Stage::new();
    let says = ["people build in `rnd`", "use: build", "--into-build"];
    stage.refused(&["plan", "--env", "rnd"], 64, "TL0112", &says);
    stage.refused(&["apply", "--env", "rnd", "--yes"], 64, "TL0112", &says);
}

#[test]
fn nobody_there_to_ask_changes_nothing() {
    let stage = Stage::new();
    stage.refused(
        &["apply", "--env", "prod"],
        64,
        "TL0505",
        &["Apply this to prod", "`trunkline apply --env prod --yes`"],
    );
}

#[test]
fn a_state_folder_that_cannot_be_made_stops_before_the_first_write() {
    let stage = Stage::new();
    stage.home.write(".trunkline", "a file where the folder should be");
    let says = [".trunkline/state", "permissions"];
    stage.refused(&["apply", "--env", "prod", "--yes"], 1, "TL0520", &says);
}
