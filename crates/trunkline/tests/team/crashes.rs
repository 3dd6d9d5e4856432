//! The program is killed at one of its calls of git, before or after it: the branch is as it was or as it will
//! be, and the next export ends as if nothing had happened.

use crate::{EXPORT, MAIN, Team};
use std::os::unix::fs::PermissionsExt as _;

/// Kills whoever called it at the call of a number, before or after the real git has run.
const KILLER: &str = r#"#!/bin/sh
printf x >>"$CALLS"
if [ "$(wc -c <"$CALLS")" -eq "$NUMBER" ]; then
  if [ "$WHEN" = after ]; then "$REAL" "$@" >/dev/null; fi
  kill -KILL "$PPID"
  exit 1
fi
exec "$REAL" "$@"
"#;

/// Runs an export whose git kills it at a call; returns whether it was killed.
fn killed(team: &Team, number: usize, when: &str) -> bool {
    let search_path = std::env::var("PATH").expect("programs are somewhere");
    let mut folders = std::env::split_paths(&search_path);
    let real = folders.find_map(|f| Some(f.join("git")).filter(|p| p.is_file())).expect("git");
    let killer = team.stage.home.write(".git/killer/git", KILLER);
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&killer, mode).expect("a script that runs");
    let calls = team.stage.home.write(".git/calls", "");
    let folder = killer.parent().expect("a folder").display().to_string();
    let mut command = team.stage.command(EXPORT);
    command.env("PATH", format!("{folder}:{search_path}")).env("REAL", real).env("CALLS", calls);
    let output = command.env("NUMBER", number.to_string()).env("WHEN", when).output();
    output.expect("it runs").status.code().is_none()
}

#[test]
fn an_export_that_is_killed_leaves_old_or_new_and_the_next_one_ends_it() {
    let team = Team::new();
    team.stage.done(EXPORT);
    let mut strokes = 0;
    for round in 0.. {
        let (first, second) = (format!("Good morning {round}"), format!("Press {round}"));
        let [_, before] = team.texts(MAIN);
        team.commit(MAIN, &before, &second);
        team.console("Main", &first, "Press 1");
        let exports = team.git(&["rev-list", "--count", "--grep=^Trunkline-Export", "--all"]);
        let head = team.head();
        // Every fourth call, before it and after it by turns.
        let was_killed =
            killed(&team, 2 + 4 * round, if round % 2 == 0 { "after" } else { "before" });
        strokes += usize::from(was_killed);
        assert_eq!(team.status(), "", "round {round}");
        if team.head() == head {
            assert_eq!(team.texts(MAIN)[1], second);
        } else {
            assert_eq!(team.texts(MAIN), [first.clone(), second.clone()]);
        }
        team.stage.done(EXPORT);
        assert_eq!(team.texts(MAIN), [first, second], "round {round}");
        assert_eq!(team.status(), "");
        let after = team.git(&["rev-list", "--count", "--grep=^Trunkline-Export", "--all"]);
        let made =
            after.parse::<usize>().expect("a number") - exports.parse::<usize>().expect("one");
        assert_eq!(made, 1, "one export, one commit: round {round}");
        if !was_killed {
            break;
        }
    }
    assert!(strokes > 4, "{strokes}");
    team.git(&["fsck", "--strict"]);
}
