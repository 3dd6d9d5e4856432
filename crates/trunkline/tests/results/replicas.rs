//! A replicated pair is one target: written in the source region, awaited and verified in the other.

use crate::stage::{Stage, TARGET};
use jiff::Timestamp;
use serde_json::{Value, json};
use trunkline_lab::Options;
use trunkline_testkit::MemoryCloud;

const WEST: &str = "us-west-2";
const EAST: &str = "us-east-1";
const PLAN: &[&str] = &["plan", "--env", "prod"];
const APPLY: &[&str] = &["apply", "--env", "prod", "--yes"];
const ORIGIN: &str = "connect/approved-origins/https%3A%2F%2Fdesk.example.yaml";

/// A stage whose target is a pair, copied after `lag` seconds.
fn pair(lag: f64, regions: &str) -> Stage {
    let stage = Stage::with(Options { replication_lag_seconds: lag, ..Options::default() });
    let made = now(
        &stage,
        WEST,
        "CreateInstance",
        json!({ "IdentityManagementType": "SAML", "InstanceAlias": "acme-pair-us-west-2",
            "InboundCallsEnabled": true, "OutboundCallsEnabled": true }),
    );
    let replica = json!({ "InstanceId": made["Id"], "ReplicaRegion": EAST,
        "ReplicaAlias": "acme-pair-us-east-1" });
    now(&stage, WEST, "ReplicateInstance", replica);
    let config = stage.home.read("trunkline.yaml");
    let config = config.replace(
        "regions: [us-west-2], instance: acme-prod",
        &format!("regions: [{regions}], instance: \"acme-pair-{{region}}\""),
    );
    stage.home.write("trunkline.yaml", config);
    stage.home.write(ORIGIN, "Name: https://desk.example\nOrigin: https://desk.example\n");
    stage
}

/// Calls by the clock that the lab's server goes by: copies are due at a time.
fn now(stage: &Stage, region: &str, operation: &str, input: Value) -> Value {
    stage.server.connect(Timestamp::now(), (TARGET, region), operation, input)
}

/// Names that a List operation gives in the east.
fn names(stage: &Stage, operation: &str, list: &str) -> Vec<String> {
    let east = MemoryCloud::new(stage.server.lab(), TARGET, EAST);
    let instances = east.must("connect", "ListInstances", json!({}));
    let id = instances["InstanceSummaryList"][0]["Id"].clone();
    let all = east.must("connect", operation, json!({ "InstanceId": id }));
    let rows = all[list].as_array().cloned().unwrap_or_default();
    let name = |row: &Value| row.as_str().or(row["Name"].as_str()).unwrap_or_default().to_owned();
    rows.iter().map(name).collect()
}

#[test]
fn what_is_written_in_the_source_region_is_awaited_in_the_other() {
    let stage = pair(0.3, "us-west-2, us-east-1");
    let ran = stage.done(PLAN);
    assert!(ran.err.contains("this is the replica of us-west-2"), "{}", ran.err);
    assert_eq!(ran.out.matches("+ queue").count(), 1, "{}", ran.out);
    assert_eq!(ran.out.matches("+ approved-origin").count(), 2, "{}", ran.out);
    stage.done(APPLY);
    assert!(names(&stage, "ListQueues", "QueueSummaryList").contains(&"Sales".to_owned()));
    assert_eq!(names(&stage, "ListApprovedOrigins", "Origins"), ["https://desk.example"]);
    let ran = stage.done(PLAN);
    assert_eq!(ran.out.matches("No changes").count(), 2, "{}", ran.out);
}

#[test]
fn a_change_to_what_the_replica_has_already_is_awaited_too() {
    let stage = pair(1.0, "us-west-2, us-east-1");
    stage.done(&[APPLY, &["--only", "hours"]].concat());
    stage.done(APPLY);
    let queue = stage.home.read("connect/queues/Sales.yaml");
    stage
        .home
        .write("connect/queues/Sales.yaml", queue.replace("MaxContacts: 7", "MaxContacts: 8"));
    // Seen from before the change, the east has it only if the apply saw it there.
    let before = Timestamp::now();
    let see = |operation, input| stage.server.connect(before, (TARGET, EAST), operation, input);
    stage.done(APPLY);
    let instances = see("ListInstances", json!({}));
    let instance = instances["InstanceSummaryList"][0]["Id"].clone();
    let queues = see("ListQueues", json!({ "InstanceId": instance }));
    let rows = queues["QueueSummaryList"].as_array().expect("queues");
    let sales = rows.iter().find(|row| row["Name"] == "Sales").expect("the queue was copied");
    let input = json!({ "InstanceId": instance, "QueueId": sales["Id"] });
    assert_eq!(see("DescribeQueue", input)["Queue"]["MaxContacts"], 8);
}

#[test]
fn a_saved_plan_leaves_to_its_apply_what_waits_for_copies() {
    let stage = pair(0.3, "us-west-2, us-east-1");
    stage.home.write(
        "connect/hours-overrides/Main line%2FNew Year.yaml",
        "Name: New Year\nHoursOfOperationId: ${hours:Main line}\nOverrideType: CLOSED\n\
         EffectiveFrom: \"2027-01-01\"\nEffectiveTill: \"2027-01-02\"\n",
    );
    let ran = stage.done(&[PLAN, &["--out", "p.json"]].concat());
    assert!(ran.err.contains("planned once the copies are there, by `apply`"), "{}", ran.err);
    stage.done(&["apply", "p.json", "--yes"]);
    let ran = stage.done(PLAN);
    assert_eq!(ran.out.matches("No changes").count(), 2, "{}", ran.out);
}

#[test]
fn a_replica_that_is_named_before_its_source_is_refused() {
    let stage = pair(0.0, "us-east-1, us-west-2");
    stage.refused(APPLY, 64, "TL0430", &["name us-west-2 first"]);
}
