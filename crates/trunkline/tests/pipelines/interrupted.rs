//! A process that is killed, or interrupted, in the middle of a run; and two at once on one folder.

use super::{Ran, Site, commands};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;
use trunkline_testkit::wait_until;

/// A pipeline whose second action waits for a file, after the first has counted itself.
fn site() -> Site {
    let site = Site::new("");
    let path = |name: &str| site.home.join(name).display().to_string();
    let first = commands("Build", "Count", &[&format!("echo once >> {}", path("count"))]);
    let wait =
        format!("touch {}; until test -e {}; do sleep 0.05; done", path("begun"), path("go"));
    site.define("main", "", &(first + &commands("Deploy", "Wait", &[&wait])));
    site
}

fn started(site: &Site) -> Child {
    let mut command = site.command(&["run", "main"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let begun = || site.home.join("begun").exists().then_some(());
    wait_until("the action has begun", Duration::from_secs(120), begun);
    child
}

fn ended(child: Child) -> Ran {
    let output = child.wait_with_output().expect("it ends");
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn go(site: &Site) {
    site.home.write("go", "");
}

fn counted(path: &Path) -> usize {
    std::fs::read_to_string(path).expect("it was written").lines().count()
}

#[test]
fn a_killed_run_goes_on_where_it_was_and_makes_nothing_twice() {
    let site = site();
    let mut child = started(&site);
    child.kill().unwrap();
    ended(child);
    let shown = site.run(&["show", "main", "latest", "--json"]).ends(0).json();
    assert_eq!(shown["status"], "InProgress");
    let watched = site.run(&["watch", "main"]).ends(5);
    assert!(watched.err.contains("trunkline pipeline run main --continue"), "{}", watched.err);
    go(&site);
    let ended = site.run(&["run", "main", "--continue", "--json"]).ends(0).json();
    assert_eq!((&ended["id"], &ended["status"]), (&shown["id"], &"Succeeded".into()));
    assert_eq!(ended["stages"][2]["actions"][0]["interruptions"], 1, "{ended}");
    assert_eq!(counted(&site.home.join("count")), 1);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_the_execution_where_it_was_and_ends_its_processes() {
    let site = site();
    let child = started(&site);
    let mut kill = site.home.command("kill");
    assert!(kill.args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ran = ended(child).ends(130);
    assert!(ran.err.contains("trunkline pipeline run main --continue"), "{}", ran.err);
    go(&site);
    site.run(&["run", "main", "--continue"]).ends(0);
    assert_eq!(counted(&site.home.join("count")), 1);
}

#[test]
fn a_folder_is_changed_by_one_process_and_watched_by_others() {
    let site = site();
    let child = started(&site);
    let refused = site.run(&["run", "main"]).ends(1);
    assert!(
        refused.err.contains("TL0883") && refused.err.contains("pipeline run"),
        "{}",
        refused.err
    );
    let shown = site.run(&["show", "main", "latest"]).ends(0);
    assert!(shown.out.contains("InProgress"), "{}", shown.out);
    let watching =
        site.command(&["watch", "main"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    go(&site);
    ended(child).ends(0);
    let watched = ended(watching.unwrap()).ends(0);
    assert!(watched.out.contains("Succeeded"), "{watched:?}");
}
