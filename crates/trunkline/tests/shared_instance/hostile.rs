//! The target or the store is not what it was: coded errors, and nothing is lost.

use super::{APPLY, Shared};
use crate::stage::TARGET;
use serde_json::json;
use std::fmt::Write as _;
use trunkline_testkit::seed;

#[test]
fn an_instance_replaced_behind_the_same_alias_is_noticed() {
    let shared = Shared::new();
    let ours = &shared.stage.home;
    shared.done(ours, APPLY);
    let old = shared.stage.instance(TARGET);
    shared.stage.connect(TARGET, "DeleteInstance", json!({}));
    seed::instance(&shared.stage.cloud(TARGET), "CONNECT_MANAGED", "acme-prod");
    assert_ne!(shared.stage.instance(TARGET), old);
    let writes = shared.stage.writes();
    let ran = shared.run(ours, &["plan", "--env", "prod"]);
    assert!(ran.err.contains("warning[TL0524]"), "{}", ran.err);
    for instance in [old, shared.stage.instance(TARGET)] {
        assert!(ran.err.contains(&instance), "{instance} is not in:\n{}", ran.err);
    }
    assert_eq!(shared.stage.writes(), writes);
}

#[test]
fn a_store_that_cannot_be_written_stops_the_apply_before_its_first_call() {
    let shared = Shared::new();
    // A file stands where the folder has to be; permissions say nothing to an administrator.
    shared.state.write("acme", "not a folder");
    let ran = shared.stage.refused(APPLY, 1, "TL0520", &["acme"]);
    assert_eq!(ran.out, "");
    assert_eq!(shared.state.read("acme"), "not a folder");
}

/// Fifty tags are what the service takes, and the one that says whose it is would be one more.
#[test]
fn a_resource_with_all_the_tags_that_there_can_be_is_still_the_projects() {
    let shared = Shared::new();
    let ours = &shared.stage.home;
    let mut many = ours.read("connect/queues/Sales.yaml") + "Tags:\n";
    for number in 0..50 {
        writeln!(many, "  tag-{number}: x").expect("a text takes it");
    }
    ours.write("connect/queues/Sales.yaml", &many);
    shared.done(ours, APPLY);
    let id = shared.stage.id(TARGET, ("ListQueues", "QueueSummaryList"), "Sales");
    let queue = || shared.stage.connect(TARGET, "DescribeQueue", json!({ "QueueId": id }));
    assert_eq!(queue()["Queue"]["Tags"].as_object().map(serde_json::Map::len), Some(50));
    shared.done(ours, &["plan", "--env", "prod", "--exit-code"]);
    // It is known as ours all the same: a change of its document reaches it.
    ours.write("connect/queues/Sales.yaml", many.replace("MaxContacts: 7", "MaxContacts: 8"));
    shared.done(ours, APPLY);
    assert_eq!(queue()["Queue"]["MaxContacts"], 8);
}

#[test]
fn more_tags_than_there_can_be_are_refused_by_name_and_nothing_is_lost() {
    let shared = Shared::new();
    let ours = &shared.stage.home;
    let few = ours.read("connect/queues/Sales.yaml");
    let mut many = format!("{few}Tags:\n");
    for number in 0..51 {
        writeln!(many, "  tag-{number}: x").expect("a text takes it");
    }
    ours.write("connect/queues/Sales.yaml", &many);
    let ran = shared.run(ours, APPLY);
    assert_ne!(ran.code, 0, "{}", ran.err);
    for says in ["error[TL", "queue \"Sales\"", "50"] {
        assert!(ran.err.contains(says), "`{says}` is not in:\n{}", ran.err);
    }
    ours.write("connect/queues/Sales.yaml", few);
    shared.done(ours, APPLY);
    shared.done(ours, &["plan", "--env", "prod", "--exit-code"]);
    assert_eq!(shared.stage.count("CreateHoursOfOperation"), 1);
}
