use crate::harness::Place;
use trunkline_build::BuildStatus;
use trunkline_model::buildspec::{BuildspecVersion, PhaseName, ProjectVariable, VariableKind};

const STEPS: &[&str] = &[
    "mkdir sub && cd sub && export KEPT=\"it's kept\" && PLAIN='so is this'",
    "printf '%s|%s|%s|%s\\n' \"$(basename \"$PWD\")\" \"$KEPT\" \"$PLAIN\" \"$(sh -c 'echo \"$PLAIN\"')\"",
];

#[tokio::test]
async fn vector_12_variables_and_the_folder_persist_across_commands_and_phases_in_02() {
    for shell in [None, Some("bash".to_owned())] {
        let mut place = Place::new(
            "v12",
            &[(PhaseName::Install, &STEPS[..1]), (PhaseName::Build, &STEPS[1..])],
        );
        place.build.spec.env.shell = shell;
        let done = place.run().await;
        assert_eq!(done.output(), ["sub|it's kept|so is this|"], "{}", done.text());
    }
}

#[tokio::test]
async fn vector_12_each_command_has_a_shell_of_its_own_in_01() {
    let mut place = Place::commands("v12-01", STEPS);
    place.build.spec.version = BuildspecVersion::V01;
    let done = place.run().await;
    assert_eq!(done.output(), ["source|||"]);
}

#[tokio::test]
async fn state_persists_after_exit_and_values_of_any_kind_come_through() {
    let odd = "a'b\"c\\d$e`f\nsecond line é";
    let mut place = Place::commands(
        "odd",
        &["COPY=$ODD; export MORE=1; exit 0", "printf '%s\\n' \"$COPY$MORE\""],
    );
    place.build.spec.env.variables.insert("ODD".into(), odd.into());
    for shell in [None, Some("bash".to_owned())] {
        place.build.spec.env.shell = shell;
        let done = place.run().await;
        assert_eq!(done.output().join("\n"), format!("{odd}1"), "{}", done.text());
    }
}

#[tokio::test]
async fn vector_15_values_of_the_environment_are_literal() {
    let mut place = Place::commands("v15", &["echo \"$LIST\"", "/bin/echo \"$PATH\""]);
    place.build.spec.env.variables.insert("LIST".into(), "$PATH:/x".into());
    let variable = ProjectVariable {
        name: "PATH".into(),
        value: "$PATH:/x".into(),
        kind: VariableKind::Plaintext,
    };
    place.build.project.environment_variables.push(variable);
    let done = place.run().await;
    assert_eq!(done.output(), ["$PATH:/x", "$PATH:/x"]);
}

#[tokio::test]
async fn sh_is_the_shell_unless_bash_is_asked_for() {
    let mut place = Place::commands("shell", &["[[ a == a ]] && echo bash"]);
    assert_eq!(place.run().await.result.status, BuildStatus::Failed);
    place.build.spec.env.shell = Some("bash".into());
    assert_eq!(place.run().await.output(), ["bash"]);
}

#[tokio::test]
async fn a_command_of_several_lines_is_one_script_and_errors_name_its_lines() {
    let done = Place::commands("lines", &["echo one\necho two\nif", "echo never"]).run().await;
    let text = done.text();
    assert!(text.contains("\none\ntwo\n") && text.contains(": 3: "), "{text}");
    assert!(!text.contains("never"), "{text}");
    assert_eq!(done.result.status, BuildStatus::Failed);
}

#[tokio::test]
async fn output_and_errors_keep_their_order_and_last_words_are_kept() {
    let done = Place::commands("order", &["echo 1; echo 2 >&2; echo 3; printf 4 >&2"]).run().await;
    assert_eq!(done.output(), ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn commands_see_the_folders_of_their_sources_and_nothing_to_read() {
    let mut place = Place::commands("sources", &["cat; ls \"$CODEBUILD_SRC_DIR_other\"; pwd"]);
    let other = place.home.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("file"), "").unwrap();
    place.build.folders.secondary.insert("other".into(), other);
    let source = place.source().display().to_string();
    assert_eq!(place.run().await.output(), ["file", source.as_str()]);
}

#[tokio::test]
async fn a_command_that_replaces_its_shell_changes_nothing_of_what_was_exported() {
    let commands = ["export A=1", "export A=2", "exec true", "echo $A"];
    assert_eq!(Place::commands("exec", &commands).run().await.output(), ["2"]);
}

#[tokio::test]
async fn run_as_needs_root_and_then_is_that_user() {
    let mut place = Place::commands("run-as", &["id -un", "export A=1", "echo $A"]);
    place.build.spec.run_as = Some("nobody".into());
    let done = place.run().await;
    if rustix::process::geteuid().is_root() {
        open_up(place.home.path());
        let done = place.run().await;
        assert_eq!(done.output(), ["nobody", "1"], "{}", done.text());
    } else {
        assert_eq!(done.result.reason.unwrap().code, "TL0852");
    }
    place.build.spec.run_as = Some("nobody-of-that-name".into());
    let done = place.run().await;
    assert_eq!(done.result.reason.unwrap().code, "TL0852");
}

#[tokio::test]
async fn what_one_user_leaves_another_begins_with() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let commands: [&[&str]; 3] = [&["A=1"], &["B=$((A + 1))"], &["echo \"$A$B\""]];
    let phases = [PhaseName::Install, PhaseName::PreBuild, PhaseName::Build];
    let phases: Vec<_> = phases.into_iter().zip(commands).collect();
    let mut place = Place::new("users", &phases);
    for ((_, phase), user) in place.build.spec.phases.iter_mut().zip(["nobody", "daemon"]) {
        phase.run_as = Some(user.into());
    }
    open_up(place.home.path());
    let done = place.run().await;
    assert_eq!(done.output(), ["12"], "{}", done.text());
}

#[tokio::test]
async fn a_command_that_writes_over_no_file_leaves_its_variables_all_the_same() {
    let commands = ["set -C; A=1", "set -C; A=$((A + 1))", "set -C; A=$((A + 1))", "echo $A"];
    for shell in [None, Some("bash".to_owned())] {
        let mut place = Place::commands("noclobber", &commands);
        place.build.spec.env.shell = shell;
        let done = place.run().await;
        assert_eq!(done.output(), ["3"], "{}", done.text());
    }
}

#[tokio::test]
async fn each_shell_knows_its_own_parent() {
    // A shell that lets nobody write to it knows it anyway.
    let commands = ["(PPID=1) 2>/dev/null && PPID=1; true", "[ $PPID != 1 ] && echo its own"];
    assert_eq!(Place::commands("parent", &commands).run().await.output(), ["its own"]);
}

fn open_up(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn a_command_alone_leaves_no_file() {
    let mut place = Place::commands("alone", &["true"]);
    place.build.kind = trunkline_build::Kind::Commands;
    assert_eq!(place.run().await.result.status, BuildStatus::Succeeded);
    assert!(!place.build.folders.scratch.exists());
}
