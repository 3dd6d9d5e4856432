//! Drift, adoption and renames with the real program: what people change in an instance, and what a project
//! does about it.

#[path = "support/stage.rs"]
#[allow(dead_code, reason = "each test binary uses its part")]
mod stage;

use serde_json::json;
use stage::{Stage, TARGET};

fn deployed() -> Stage {
    let stage = Stage::new();
    let ran = stage.run(&["apply", "--env", "prod", "--yes"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    stage
}

fn set_limit(stage: &Stage, limit: u32) {
    let id = stage.id(TARGET, ("ListQueues", "QueueSummaryList"), "Sales");
    let input = json!({ "QueueId": id, "MaxContacts": limit });
    stage.connect(TARGET, "UpdateQueueMaxContacts", input);
}

fn limit(stage: &Stage) -> u64 {
    let id = stage.id(TARGET, ("ListQueues", "QueueSummaryList"), "Sales");
    let queue = stage.connect(TARGET, "DescribeQueue", json!({ "QueueId": id }));
    queue["Queue"]["MaxContacts"].as_u64().expect("a limit")
}

#[test]
fn a_changed_limit_is_told_refused_and_then_taken_or_put_back() {
    let stage = deployed();
    let quiet = stage.run(&["drift", "--env", "prod", "--exit-code"]);
    assert_eq!(quiet.code, 0, "{quiet:?}");
    set_limit(&stage, 70);
    let shown = stage.run(&["drift", "--env", "prod", "--exit-code"]);
    assert_eq!(shown.code, 2, "{shown:?}");
    assert!(shown.out.contains("MaxContacts  7  ->  70"), "{shown:?}");
    // As with a plan, the result says what it is of.
    assert!(
        shown.out.starts_with("prod / us-west-2 ") && shown.out.contains("acme-prod"),
        "{shown:?}"
    );
    let refused = stage.run(&["apply", "--env", "prod", "--yes"]);
    assert!(refused.err.contains("TL0409") && refused.err.contains("70"), "{refused:?}");
    let reverted = stage.run(&["drift", "revert", "--env", "prod", "--yes"]);
    assert_eq!((reverted.code, limit(&stage)), (0, 7), "{reverted:?}");
    set_limit(&stage, 80);
    let unknown = stage.run(&["drift", "adopt", "--env", "prod", "quue:*"]);
    assert!(unknown.code == 64 && unknown.err.contains("did you mean `queue`?"), "{unknown:?}");
    let adopted = stage.run(&["drift", "adopt", "--env", "prod", "queue:*"]);
    assert_eq!(adopted.code, 0, "{adopted:?}");
    // The role may not read the history; only what tells who changed something asks for it.
    let unknown = "Who changed it is not known";
    assert!(shown.err.contains(unknown) && !adopted.err.contains(unknown), "{adopted:?}");
    let text = std::fs::read_to_string(stage.home.join("connect/queues/Sales.yaml")).expect("it");
    assert!(text.contains("MaxContacts: 80"), "{text}");
    let settled = stage.run(&["apply", "--env", "prod", "--yes"]);
    assert_eq!((settled.code, limit(&stage)), (0, 80), "{settled:?}");
    assert_eq!(stage.run(&["drift", "--env", "prod", "--exit-code"]).code, 0);
}

#[test]
fn what_a_script_made_is_adopted_and_then_compared() {
    let stage = Stage::new();
    let hours = json!({ "Name": "Main line", "TimeZone": "UTC", "Config": [] });
    stage.connect(TARGET, "CreateHoursOfOperation", hours);
    let refused = stage.run(&["apply", "--env", "prod", "--yes"]);
    assert!(refused.err.contains("TL0411"), "{refused:?}");
    let adopted = stage.run(&["adopt", "--env", "prod", "--yes", "--json"]);
    assert_eq!(adopted.json()["targets"][0]["adopted"], json!(["hours:Main line"]), "{adopted:?}");
    let refused = stage.run(&["apply", "--env", "prod", "--yes"]);
    assert!(refused.err.contains("TL0409") && !refused.err.contains("TL0411"), "{refused:?}");
    let applied = stage.run(&["apply", "--env", "prod", "--yes", "--overwrite-drift"]);
    assert_eq!(applied.code, 0, "{applied:?}");
}

#[test]
fn a_rename_changes_references_and_keeps_the_id_in_the_target() {
    let stage = deployed();
    let rows = ("ListQueues", "QueueSummaryList");
    let before = stage.id(TARGET, rows, "Sales");
    let renamed = stage.run(&["rename", "queue:Sales", "Vendite"]);
    assert_eq!(renamed.code, 0, "{renamed:?}");
    assert!(!stage.home.join("connect/queues/Sales.yaml").exists());
    let flow = std::fs::read_to_string(stage.home.join("connect/flows/Main.json")).expect("it");
    assert!(flow.contains("${queue:Vendite}"), "{flow}");
    let applied = stage.run(&["apply", "--env", "prod", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(stage.id(TARGET, rows, "Vendite"), before);
    assert!(stage.run(&["plan", "--env", "prod"]).out.contains("No changes"));
}
