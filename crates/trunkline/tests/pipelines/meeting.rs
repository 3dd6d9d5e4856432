//! Executions that meet, in each mode; and a definition that changes under them.

use super::{Site, approval, commands, text};

/// A stage that waits for a person, and one after it.
fn site(mode: &str) -> Site {
    let site = Site::new("");
    let stages = approval("Approve") + &commands("Deploy", "Greet", &["cat greeting.txt"]);
    site.define("main", &format!("  executionMode: {mode}\n"), &stages);
    site
}

/// The execution that entered a stage last.
fn inside(site: &Site, stage: usize) -> String {
    let shown = site.run(&["show", "main", "--json"]).ends(0).json();
    text(&shown["stages"][stage]["execution"])
}

/// The executions with approvals that wait.
fn waiting(site: &Site) -> Vec<String> {
    let shown = site.run(&["show", "main", "--json"]).ends(0).json();
    shown["waiting"].as_array().expect("a list").iter().map(|w| text(&w["execution"])).collect()
}

#[test]
fn vector_01_a_newer_execution_supersedes_only_who_waits_between_stages() {
    let site = site("SUPERSEDED");
    let (one, two) = (site.started(5), site.started(5));
    assert_eq!(site.shown(&two)["stages"][1]["waits"], true);
    let three = site.started(5);
    let all = [&one, &two, &three].map(|id| site.status(id));
    assert_eq!(all, ["InProgress", "Superseded", "InProgress"]);
    // The approval keeps the lock of its stage.
    assert_eq!((inside(&site, 1), waiting(&site)), (one.clone(), vec![one.clone()]));
    site.run(&["approve", "main"]).ends(0);
    assert_eq!((inside(&site, 2), inside(&site, 1)), (one.clone(), three.clone()));
    assert_eq!((site.status(&one), waiting(&site)), ("Succeeded".into(), vec![three]));
}

#[test]
fn vector_01_when_a_transition_opens_the_newest_enters() {
    let site = Site::new(&commands("Deploy", "Greet", &["cat greeting.txt"]));
    site.started(0);
    site.run(&["disable", "main", "Deploy", "--reason", "freeze"]).ends(0);
    let (one, two) = (site.started(5), site.started(5));
    assert_eq!(site.status(&one), "Superseded");
    let opened = site.run(&["enable", "main", "Deploy", "--json"]).ends(0).json();
    assert_eq!((text(&opened["id"]), text(&opened["status"])), (two.clone(), "Succeeded".into()));
    assert_eq!(inside(&site, 1), two);
}

#[test]
fn queued_executions_enter_in_their_order_and_none_is_superseded() {
    let site = site("QUEUED");
    let all = [site.started(5), site.started(5), site.started(5)];
    for (nth, one) in all.iter().enumerate() {
        assert_eq!(waiting(&site), std::slice::from_ref(one));
        for later in &all[nth + 1..] {
            assert_eq!(site.shown(later)["stages"][1]["waits"], true);
        }
        let approved = site.run(&["approve", "main", "--json"]).ends(0).json();
        assert_eq!(
            (text(&approved["id"]).as_str(), &approved["status"]),
            (one.as_str(), &"Succeeded".into())
        );
    }
}

#[test]
fn vector_20_more_executions_than_may_be_under_way_are_refused() {
    for (mode, limit, said) in [
        ("QUEUED", 2, "2 executions are under way, which is the limit"),
        ("PARALLEL", 1, "1 execution is under way, which is the limit"),
    ] {
        let site = site(mode);
        let settings = format!("engine: {{ concurrentExecutions: {limit} }}\n");
        site.home.write("project/.trunkline/serve/server.yaml", settings);
        let one = site.started(5);
        (1..limit).for_each(|_| drop(site.started(5)));
        site.refused(&["run", "main"], "ConcurrentPipelineExecutionsLimitExceededException");
        site.refused(&["run", "main"], said);
        site.run(&["stop", "main", &one, "--abandon"]).ends(0);
        site.started(5);
    }
}

#[test]
fn parallel_executions_wait_beside_each_other_and_each_is_answered_by_itself() {
    let site = site("PARALLEL");
    let (one, two) = (site.started(5), site.started(5));
    assert_eq!(waiting(&site), [two.clone(), one.clone()]);
    let several = site.run(&["approve", "main"]).ends(64);
    assert!(several.err.contains("several approvals wait"), "{}", several.err);
    site.run(&["approve", "main", "--execution", &one]).ends(0);
    assert_eq!((site.status(&one), site.status(&two)), ("Succeeded".into(), "InProgress".into()));
    site.run(&["reject", "main"]).ends(0);
    assert_eq!(site.status(&two), "Failed");
    // Nothing was locked, so what failed can be made again.
    site.run(&["retry", "main", &two]).ends(5);
    site.run(&["approve", "main"]).ends(0);
    assert_eq!(site.status(&two), "Succeeded");
}

#[test]
fn vector_08_a_definition_that_changes_cancels_what_runs() {
    let site = site("SUPERSEDED");
    let one = site.started(5);
    site.define("main", "", &(approval("Approve") + &commands("Deploy", "Greet", &["true"])));
    let two = site.started(5);
    let cancelled = site.shown(&one);
    assert_eq!((&cancelled["status"], &cancelled["version"]), (&"Cancelled".into(), &1.into()));
    assert_eq!(cancelled["stages"][1]["status"], "Cancelled");
    assert_eq!(cancelled["stages"][1]["actions"][0]["status"], "Abandoned");
    assert_eq!(site.shown(&two)["version"], 2);
    assert_eq!(waiting(&site), [two]);
}
