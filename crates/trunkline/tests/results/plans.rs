//! `plan` and `apply`: forms of the result, exit codes, overrides, scope, drafts.

use crate::stage::{CONFIG, Stage, TARGET, content};
use serde_json::json;

const PLAN: &[&str] = &["plan", "--env", "prod"];
const APPLY: &[&str] = &["apply", "--env", "prod", "--yes"];

#[test]
fn a_plan_is_text_json_and_markdown() {
    let stage = Stage::new();
    let text = stage.done(PLAN).out;
    assert!(text.contains("+ queue  Sales") && text.contains("Plan: 3 to create"), "{text}");
    let json = stage.done(&[PLAN, &["-o", "json"]].concat()).json();
    assert_eq!((&json["schema"], &json["version"]), (&json!("trunkline/plan"), &json!(1)));
    let plan = &json["plans"][0];
    assert_eq!(plan["target"]["account"], TARGET);
    assert_eq!(plan["changes"].as_array().map(Vec::len), Some(3));
    assert_eq!(plan["steps"].as_array().map(Vec::len), Some(3));
    let markdown = stage.done(&[PLAN, &["-o", "markdown"]].concat()).out;
    let start = "### prod / us-west-2   444455556666  acme-prod";
    assert!(markdown.starts_with(start), "{markdown}");
    assert!(markdown.contains("```diff\n+ hours  Main line\n"), "{markdown}");
    assert_eq!(stage.count("CreateQueue"), 0);
}

#[test]
fn the_exit_code_tells_of_differences_only_where_asked() {
    let stage = Stage::new();
    stage.done(PLAN);
    assert_eq!(stage.run(&[PLAN, &["--exit-code"]].concat()).code, 2);
    stage.done(APPLY);
    let none = stage.done(&[PLAN, &["--exit-code"]].concat());
    assert!(none.out.contains("No changes"), "{}", none.out);
}

#[test]
fn errors_are_json_where_asked() {
    let stage = Stage::new();
    stage.home.write("connect/queues/Sales.yaml", "Name: Sales\nHoursOfOperationId: ${hours:No}\n");
    let ran = stage.refused(&[PLAN, &["--json"]].concat(), 1, "TL0204", &[]);
    let json = ran.json();
    assert_eq!(json["schema"], "trunkline/error");
    let place = &json["diagnostics"][0]["place"];
    assert_eq!(place["file"], "connect/queues/Sales.yaml");
    assert_eq!((&place["line"], &place["column"]), (&json!(2), &json!(21)));
    assert_eq!(json["diagnostics"][0]["code"], "TL0204");
}

#[test]
fn what_the_service_refuses_to_publish_is_a_draft_and_strict_says_so() {
    let stage = Stage::new();
    // The service does not publish a block that leads nowhere.
    let mut refused = content("TransferContactToQueue", json!({}));
    refused["Actions"][0]["Transitions"] = json!({});
    let whole = json!({ "name": "Main", "type": "CONTACT_FLOW", "content": refused });
    stage.home.write("connect/flows/Main.json", whole.to_string());
    let ran = stage.run(&[APPLY, &["--strict"]].concat());
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(
        ran.err.contains("warning[TL0507]") && ran.err.contains("flow \"Main\""),
        "{}",
        ran.err
    );
    stage.done(APPLY);
}

#[test]
fn overrides_scope_and_external_names_are_the_environments() {
    let stage = Stage::new();
    let more = "overrides:\n  \"queue:Sales\": { prod: { MaxContacts: 200 } }\n\
                scope: { exclude: [\"queue:Copy of *\"] }\nexternal: [\"hours:Main line\"]\n";
    stage.home.write("trunkline.yaml", format!("{CONFIG}{more}"));
    let copy = "Name: Copy of Sales\nHoursOfOperationId: ${hours:Main line}\n";
    stage.home.write("connect/queues/Copy of Sales.yaml", copy);
    // Somebody else supplies the hours, and has not yet.
    stage.refused(APPLY, 1, "TL0204", &["${hours:Main line}"]);
    stage.connect(
        TARGET,
        "CreateHoursOfOperation",
        json!({ "Name": "Main line", "TimeZone": "America/Los_Angeles", "Config": [] }),
    );
    stage.done(APPLY);
    assert_eq!((stage.count("CreateQueue"), stage.count("UpdateHoursOfOperation")), (1, 0));
    let id = stage.id(TARGET, ("ListQueues", "QueueSummaryList"), "Sales");
    let live = stage.connect(TARGET, "DescribeQueue", json!({ "QueueId": id }));
    assert_eq!(live["Queue"]["MaxContacts"], 200);
    stage.done(&[PLAN, &["--exit-code"]].concat());
}
