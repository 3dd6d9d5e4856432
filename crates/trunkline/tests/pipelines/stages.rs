//! Stages that fail: what is made again, and what they go back to.

use super::{Site, command, commands, text};

/// The stage Deploy, which succeeds once a file is there.
fn deploy(site: &Site, head: &str, more: &str) {
    let line = format!("test -e {}", site.path("good"));
    site.define("main", head, &(commands("Deploy", "Greet", &[&line]) + more));
}

#[test]
fn vector_02_a_failed_stage_that_another_execution_entered_is_not_made_again() {
    let site = Site::new("");
    deploy(&site, "", "");
    let one = site.started(1);
    site.home.write("good", "");
    let two = site.started(0);
    site.refused(&["retry", "main", &one], "NotLatestPipelineExecutionException");
    site.refused(&["retry", "main", &two, "--stage", "Deploy"], "StageNotRetryableException");
    assert_eq!((site.status(&one), site.status(&two)), ("Failed".into(), "Succeeded".into()));
}

#[test]
fn vector_09_a_variable_of_an_action_beside_it_is_refused_before_anything_runs() {
    let site = Site::new("");
    let makes = "      namespace: Made\n      outputVariables: [NAME]\n";
    let reads = "      environmentVariables: [{ name: N, value: '#{Made.NAME}' }]\n";
    let stages = |order: u32| {
        let (make, read) =
            (command("Make", &["export NAME=x"]), command("Read", &["echo name $N"]));
        let order = format!("      runOrder: {order}\n");
        format!("  - name: Build\n    actions:\n{make}{makes}{read}{reads}{order}")
    };
    site.define("main", "", &stages(1));
    let refused = site.run(&["run", "main"]).ends(64);
    assert!(refused.err.contains("Made.NAME"), "{}", refused.err);
    site.run(&["show", "main", "latest"]).ends(64);
    site.define("main", "", &stages(2));
    site.started(0);
    let logs = site.run(&["logs", "main", "--action", "Read"]).ends(0);
    assert!(logs.out.contains("name x\n"), "{}", logs.out);
}

#[test]
fn vector_04_a_stage_retries_by_itself_once() {
    for (needed, code, status) in [(2, 0, "Succeeded"), (3, 1, "Failed")] {
        let site = Site::new("");
        let count = site.path("count");
        let line = format!("echo once >> {count}; test $(wc -l < {count}) -ge {needed}");
        let retry =
            "    onFailure: { result: RETRY, retryConfiguration: { retryMode: FAILED_ACTIONS } }\n";
        site.define("main", "", &(commands("Deploy", "Greet", &[&line]) + retry));
        let ran = site.run(&["run", "main", "--json"]).ends(code).json();
        assert_eq!(ran["status"], status);
        assert_eq!(ran["stages"][1]["actions"][0]["attempts"], 2);
        assert_eq!(site.home.read("count").lines().count(), 2);
    }
}

#[test]
fn vector_05_a_stage_goes_back_only_to_what_succeeded_there_under_the_same_definition() {
    let site = Site::new("");
    deploy(&site, "", "");
    let failed = site.started(1);
    site.home.write("good", "");
    let (one, _) = (site.started(0), site.started(0));
    let back = |to: &str| ["rollback", "main", "Deploy", "--to", to].map(str::to_owned);
    let refused = |to: &str, rule: &str| {
        site.refused(&back(to).each_ref().map(String::as_str), rule);
    };
    site.refused(&["rollback", "main", "Source", "--to", &one], "UnableToRollbackStageException");
    refused(&failed, "UnableToRollbackStageException");
    let made = site.run(&["rollback", "main", "Deploy", "--to", &one, "--json"]).ends(0).json();
    assert_eq!(
        (&made["status"], text(&made["rollbackTarget"])),
        (&"Succeeded".into(), one.clone())
    );
    assert_eq!(made["trigger"]["kind"], "ManualRollback");
    refused(&text(&made["id"]), "UnableToRollbackStageException");
    deploy(&site, "", &commands("Last", "Say", &["true"]));
    site.started(0);
    refused(&one, "PipelineExecutionOutdatedException");
}

#[test]
fn vector_05_a_failed_stage_goes_back_by_itself_and_never_in_parallel() {
    let site = Site::new("");
    deploy(&site, "", "    onFailure: { result: ROLLBACK }\n");
    site.home.write("good", "");
    let one = site.started(0);
    std::fs::remove_file(site.path("good")).expect("it was written");
    let two = site.started(1);
    // The rollback began when the stage failed; this process goes on with it, and it fails as well.
    site.run(&["run", "main", "--continue"]);
    assert_eq!(site.status(&two), "Failed");
    let newest = site.shown("latest");
    assert_eq!(
        (text(&newest["rollbackTarget"]), text(&newest["trigger"]["kind"])),
        (one.clone(), "AutomatedRollback".into())
    );

    deploy(&site, "  executionMode: PARALLEL\n", "");
    site.home.write("good", "");
    let parallel = site.started(0);
    let back = ["rollback", "main", "Deploy", "--to", &parallel];
    site.refused(&back, "UnableToRollbackStageException");
}
