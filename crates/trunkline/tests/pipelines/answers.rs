//! What people decide: approvals, rejections, stops, closed transitions, rollbacks; each by a process of its own.

use super::{Site, approval, commands};

fn site() -> Site {
    Site::new(&(approval("Approve") + &commands("Deploy", "Greet", &["cat greeting.txt"])))
}

#[test]
fn a_run_ends_at_an_approval_and_the_approver_s_process_goes_on() {
    let site = site();
    let ran = site.run(&["run", "main"]).ends(5);
    assert!(ran.err.contains("trunkline pipeline approve main --action Review"), "{}", ran.err);
    assert!(ran.err.contains("Look at the greeting"), "{}", ran.err);
    let waiting = site.run(&["list", "--json"]).ends(0).json();
    assert_eq!(waiting["pipelines"][0]["waiting"][0]["action"], "Review");
    let watched = site.run(&["watch", "main"]).ends(5);
    assert!(watched.err.contains("--continue"), "{}", watched.err);
    site.run(&["run", "main", "--continue"]).ends(5);

    let approved = site.run(&["approve", "main", "--comment", "fine", "--json"]).ends(0).json();
    assert_eq!(approved["status"], "Succeeded");
    assert_eq!(approved["stages"][1]["actions"][0]["by"], "ann@example.com");
    let again = site.run(&["approve", "main"]).ends(1);
    assert!(again.err.contains("TL0887"), "{}", again.err);
    site.run(&["run", "main", "--continue"]).ends(0);
}

#[test]
fn a_rejection_ends_the_execution_and_deploys_nothing() {
    let site = site();
    site.run(&["run", "main"]).ends(5);
    let rejected = site.run(&["reject", "main", "--comment", "not today", "--json"]).ends(0).json();
    assert_eq!(rejected["status"], "Failed");
    let actions = site.actions("latest");
    assert_eq!(actions[1], ("Approve/Review".to_owned(), "Failed".to_owned()));
    assert_eq!(actions[2], ("Deploy/Greet".to_owned(), "-".to_owned()));
    let watched = site.run(&["watch", "main"]).ends(3);
    assert!(watched.out.contains("not today"), "{}", watched.out);
}

#[test]
fn what_waits_for_a_person_is_stopped_at_once() {
    let site = site();
    site.run(&["run", "main"]).ends(5);
    let stopped =
        site.run(&["stop", "main", "--abandon", "--reason", "wrong", "--json"]).ends(0).json();
    assert_eq!(stopped["status"], "Stopped");
    let again = site.run(&["stop", "main"]).ends(1);
    assert!(again.err.contains("TL0887"), "{}", again.err);
}

#[test]
fn nothing_enters_a_closed_stage_until_it_is_enabled() {
    let site = Site::new(&commands("Deploy", "Greet", &["cat greeting.txt"]));
    site.run(&["run", "main"]).ends(0);
    let closed = site.run(&["disable", "main", "Deploy", "--reason", "freeze"]).ends(0);
    assert!(closed.out.contains("not entered: freeze"), "{}", closed.out);
    let ran = site.run(&["run", "main"]).ends(5);
    assert!(ran.err.contains("trunkline pipeline enable main Deploy"), "{}", ran.err);
    let opened = site.run(&["enable", "main", "Deploy", "--json"]).ends(0).json();
    assert_eq!(opened["status"], "Succeeded");
    let missing = site.run(&["disable", "main", "Deplyo", "--reason", "x"]).ends(64);
    assert!(missing.err.contains("TL0885"), "{}", missing.err);
}

#[test]
fn a_stage_goes_back_to_what_an_earlier_execution_brought() {
    let site = Site::new(&commands("Deploy", "Greet", &["cat greeting.txt"]));
    let first = site.run(&["run", "main", "--json"]).ends(0).json();
    site.home.write("project/greeting.txt", "good evening\n");
    site.commit("Greet otherwise");
    site.run(&["run", "main"]).ends(0);
    let back = site.run(&["rollback", "main", "Deploy", "--json"]).ends(0).json();
    assert_eq!((&back["status"], &back["rollbackTarget"]), (&"Succeeded".into(), &first["id"]));
    assert_eq!(back["stages"].as_array().map(Vec::len), Some(1), "{back}");
    let logs = site.run(&["logs", "main"]).ends(0);
    assert!(logs.out.contains("hello\n") && !logs.out.contains("good evening"), "{}", logs.out);
}
