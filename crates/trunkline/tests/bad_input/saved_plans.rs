//! Saved plans that no longer fit, or are none.

use crate::stage::{CONFIG, Stage, TARGET, flow};
use serde_json::json;

const PLAN: &[&str] = &["plan", "--env", "prod", "--out", "prod.plan"];
const APPLY: &[&str] = &["apply", "prod.plan", "--yes"];
const HOURS: (&str, &str) = ("ListHoursOfOperations", "HoursOfOperationSummaryList");

/// A target that was deployed to, and a saved plan that changes hours and makes a flow.
fn planned() -> Stage {
    let stage = Stage::new();
    stage.done(&["apply", "--env", "prod", "--yes"]);
    let hours = stage.home.read("connect/hours/Main line.yaml").replace("Hours: 17", "Hours: 18");
    stage.home.write("connect/hours/Main line.yaml", hours);
    stage.home.write("connect/flows/Second.json", flow("Second", "${queue:Sales}"));
    stage.done(PLAN);
    stage
}

#[test]
fn a_resource_changed_since_makes_the_plan_stale() {
    let stage = planned();
    let id = stage.id(TARGET, HOURS, "Main line");
    let day = |day: &str| json!({ "Day": day, "StartTime": { "Hours": 1, "Minutes": 0 }, "EndTime": { "Hours": 2, "Minutes": 0 } });
    let input = json!({ "HoursOfOperationId": id, "Config": [day("SUNDAY")] });
    stage.connect(TARGET, "UpdateHoursOfOperation", input);
    let says = ["hours \"Main line\" changed", "prod / us-west-2", "plan again"];
    stage.refused(APPLY, 5, "TL0403", &says);
}

#[test]
fn a_resource_made_since_makes_the_plan_stale() {
    let stage = planned();
    let content = crate::stage::content("MessageParticipant", json!({ "Text": "Hello" }));
    let input = json!({ "Name": "Second", "Type": "CONTACT_FLOW", "Content": content.to_string() });
    stage.connect(TARGET, "CreateContactFlow", input);
    stage.refused(APPLY, 5, "TL0403", &["flow \"Second\"", "somebody else", "plan again"]);
}

#[test]
fn a_resource_deleted_since_makes_the_plan_stale() {
    let stage = Stage::new();
    stage.done(&["apply", "--env", "prod", "--yes"]);
    stage.home.write("connect/flows/Main.json", flow("Main", "$.Queue.ARN"));
    stage.done(PLAN);
    let id = stage.id(TARGET, ("ListContactFlows", "ContactFlowSummaryList"), "Main");
    stage.connect(TARGET, "DeleteContactFlow", json!({ "ContactFlowId": id }));
    stage.refused(APPLY, 5, "TL0403", &["flow \"Main\" is gone", "plan again"]);
}

#[test]
fn another_instance_makes_the_plan_stale() {
    let stage = planned();
    stage.home.write("trunkline.yaml", CONFIG.replace("acme-prod", "acme-other"));
    stage.done(&["instance", "create", "--env", "prod", "--yes"]);
    let says = ["made for `acme-prod`", "the target is `acme-other` now", "plan again"];
    stage.refused(APPLY, 5, "TL0403", &says);
    stage.home.write("trunkline.yaml", CONFIG.replace("prod:", "live:"));
    stage.refused(APPLY, 64, "TL0105", &["no environment `prod`"]);
}

#[test]
fn a_plan_that_fits_is_applied_without_asking_again() {
    let stage = planned();
    stage.done(&["apply", "prod.plan"]);
    stage.done(&["plan", "--env", "prod", "--exit-code"]);
}

#[test]
fn what_is_no_saved_plan_of_this_version_is_bad_usage() {
    let stage = planned();
    let plan = stage.home.read("prod.plan");
    let other = plan.replacen("\"version\":1", "\"version\":999", 1);
    assert_ne!(plan, other, "the version is in the file");
    let says = ["prod.plan", "trunkline plan --env"];
    for text in ["", "garbage", "{}", "[1]", &plan[..plan.len() / 2]] {
        stage.home.write("prod.plan", text);
        stage.refused(APPLY, 64, "TL0404", &says);
    }
    stage.home.write("prod.plan", other);
    stage.refused(APPLY, 64, "TL0404", &["version 999", "this program reads 1", "prod.plan"]);
    stage.refused(&["apply", "absent.plan", "--yes"], 64, "TL0404", &["absent.plan"]);
}
