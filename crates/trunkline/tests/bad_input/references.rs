//! References that stand for nothing: all found by the plan, before anything is written.

use crate::stage::{CONFIG, Stage, document, flow};
use serde_json::json;

#[track_caller]
fn check(file: &str, text: &str, code: &str, says: &[&str]) {
    let stage = Stage::new();
    stage.home.write(file, text);
    stage.refused(&["plan", "--env", "prod"], 1, code, says);
    stage.refused(&["apply", "--env", "prod", "--yes"], 1, code, says);
}

#[test]
fn nothing_in_a_block_is_named_with_block_and_line() {
    let says = [
        "connect/flows/Main.json:13:23",
        "flow \"Main\"",
        "block \"to queue\" (UpdateContactTargetQueue) > Parameters.QueueId",
        "${queue:Sale} stands for nothing",
        "did you mean `${queue:Sales}`?",
    ];
    check("connect/flows/Main.json", &flow("Main", "${queue:Sale}"), "TL0204", &says);
}

#[test]
fn nothing_in_a_conditions_operand_is_named_with_its_block() {
    let operands = json!([{ "NextAction": "bye", "Condition": { "Operator": "Equals", "Operands": ["${queue:Nope}"] } }]);
    let mut whole: serde_json::Value =
        serde_json::from_str(&document("Main", json!({ "ComparisonValue": "$.Queue.ARN" })))
            .unwrap();
    let block = &mut whole["content"]["Actions"][0];
    block["Type"] = json!("Compare");
    block["Transitions"]["Conditions"] = operands;
    block["Transitions"]["Errors"][0]["ErrorType"] = json!("NoMatchingCondition");
    let says = [
        "connect/flows/Main.json:",
        "block \"to queue\" (Compare) > Transitions.Conditions.0.Condition.Operands.0",
        "${queue:Nope} stands for nothing",
        "add its document",
    ];
    check("connect/flows/Main.json", &format!("{whole:#}"), "TL0204", &says);
}

#[test]
fn nothing_in_a_queue_and_in_a_quick_connect_is_named_with_its_field() {
    let queue = "Name: Sales\nHoursOfOperationId: ${hours:Mian line}\n";
    let says = ["connect/queues/Sales.yaml:2:21", "HoursOfOperationId", "`${hours:Main line}`"];
    check("connect/queues/Sales.yaml", queue, "TL0204", &says);
    let quick = "Name: To sales\nQuickConnectConfig:\n  QuickConnectType: QUEUE\n  QueueConfig:\n    \
                 QueueId: ${queue:Nowhere}\n    ContactFlowId: ${flow:Main}\n";
    let file = "connect/quick-connects/To sales.yaml";
    let says = [
        "connect/quick-connects/To sales.yaml:5:14",
        "quick-connect \"To sales\" > QuickConnectConfig.QueueConfig.QueueId",
        "no queue of that name is in the project or in prod",
    ];
    check(file, quick, "TL0204", &says);
}

#[test]
fn every_reference_to_nothing_is_reported_at_once() {
    let stage = Stage::new();
    stage.home.write("connect/flows/Main.json", flow("Main", "${queue:Nope}"));
    stage.home.write("connect/queues/Sales.yaml", "Name: Sales\nHoursOfOperationId: ${hours:No}\n");
    let ran = stage.refused(&["plan", "--env", "prod"], 1, "TL0204", &["${queue:Nope}"]);
    assert_eq!(ran.err.matches("error[TL0204]").count(), 2, "{}", ran.err);
}

#[test]
fn functions_and_bot_aliases_that_the_target_lacks_stop_before_any_write() {
    let parameters =
        json!({ "QueueId": "${queue:Sales}", "LambdaFunctionARN": "${lambda:lookup}" });
    let says =
        ["connect/flows/Main.json", "the function `lookup` does not exist", "deploy the function"];
    check("connect/flows/Main.json", &document("Main", parameters), "TL0206", &says);
    let bot = json!({ "LexV2Bot": { "AliasArn": "${lex:Concierge/live}" } });
    let says = [
        "${lex:Concierge/live} does not exist in prod",
        "block \"to queue\"",
        "no bot alias of that name",
    ];
    check("connect/flows/Main.json", &document("Main", bot), "TL0206", &says);
}

#[test]
fn a_missing_binding_stops_and_an_unbound_one_is_skipped() {
    let queue = "Name: Sales\nHoursOfOperationId: ${hours:Main line}\nOutboundCallerConfig:\n  \
                 OutboundCallerIdNumberId: ${phone:Main line}\n";
    let stage = Stage::new();
    stage.home.write("connect/queues/Sales.yaml", queue);
    let says = [
        "connect/queues/Sales.yaml:4:29",
        "OutboundCallerConfig.OutboundCallerIdNumberId",
        "\"phone:Main line\": { prod: ... }",
    ];
    stage.refused(&["apply", "--env", "prod", "--yes"], 1, "TL0207", &says);

    let bound = format!("{CONFIG}bindings:\n  \"phone:Main line\": {{ prod: unbound }}\n");
    stage.home.write("trunkline.yaml", bound);
    let ran = stage.done(&["apply", "--env", "prod", "--yes"]);
    assert!(ran.err.contains("warning[TL0207]") && ran.err.contains("unbound here"), "{}", ran.err);
    assert_eq!((stage.count("CreateHoursOfOperation"), stage.count("CreateQueue")), (1, 0));
}
