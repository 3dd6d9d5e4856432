//! `instance create`: a step of its own, which asks, and makes nothing twice.

use crate::stage::{CONFIG, Stage, TARGET};
use serde_json::json;

fn stage() -> Stage {
    let stage = Stage::new();
    stage.home.write("trunkline.yaml", CONFIG.replace("acme-prod", "acme-new"));
    stage
}

#[test]
fn an_instance_is_named_made_and_awaited() {
    let stage = stage();
    let arguments =
        ["instance", "create", "--env", "prod", "--identity", "SAML", "--yes", "--json"];
    let ran = stage.done(&arguments);
    assert!(ran.err.contains("444455556666  acme-new  us-west-2"), "{}", ran.err);
    let made = &ran.json()["instances"][0];
    assert_eq!((&made["alias"], &made["target"]), (&json!("acme-new"), &json!("prod / us-west-2")));
    let input = json!({ "InstanceId": made["id"] });
    let live = stage.cloud(TARGET).must("connect", "DescribeInstance", input);
    assert_eq!(live["Instance"]["IdentityManagementType"], "SAML");
    assert_eq!(live["Instance"]["Arn"], made["arn"]);
    stage.done(&["apply", "--env", "prod", "--yes"]);
}

#[test]
fn an_alias_that_is_taken_is_refused_whatever_its_case() {
    let stage = Stage::new();
    let says = ["there is an instance `acme-prod` already", "trunkline plan --env prod"];
    stage.refused(&["instance", "create", "--env", "prod", "--yes"], 1, "TL0503", &says);
    stage.home.write("trunkline.yaml", CONFIG.replace("acme-prod", "ACME-prod"));
    stage.refused(&["instance", "create", "--env", "prod", "--yes"], 1, "TL0503", &["ACME-prod"]);
}

#[test]
fn nobody_there_to_ask_makes_no_instance() {
    stage().refused(
        &["instance", "create", "--env", "prod"],
        64,
        "TL0505",
        &["acme-new", "`trunkline instance create --env prod --yes`"],
    );
}
