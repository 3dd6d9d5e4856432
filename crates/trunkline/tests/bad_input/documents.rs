//! Documents that cannot be read, refused by plan and apply.

use crate::stage::{Stage, content, flow};
use serde_json::{Value, json};

#[track_caller]
fn check(file: &str, text: &str, code: &str, says: &[&str]) {
    let stage = Stage::new();
    stage.home.write(file, text);
    stage.refused(&["plan", "--env", "prod"], 1, code, says);
    stage.refused(&["apply", "--env", "prod", "--yes"], 1, code, says);
}

#[test]
fn broken_json_and_yaml_are_refused_at_their_place() {
    let broken = flow("Main", "x").replacen("\"type\"", "type", 1);
    check("connect/flows/Main.json", &broken, "TL0201", &["connect/flows/Main.json:3:", "JSON"]);
    let broken = "Name: Sales\n  MaxContacts: [7\n";
    check(
        "connect/queues/Sales.yaml",
        broken,
        "TL0201",
        &["connect/queues/Sales.yaml:2:14", "not valid YAML: mapping values"],
    );
}

#[test]
fn an_unknown_field_is_answered_with_the_one_that_was_meant() {
    let text = "Name: Sales\nHoursOfOperation: ${hours:Main line}\n";
    let says = ["connect/queues/Sales.yaml:2:1", "did you mean `HoursOfOperationId`?"];
    check("connect/queues/Sales.yaml", text, "TL0209", &says);
}

#[test]
fn two_resources_of_one_name_are_refused_with_both_files() {
    let text = "Name: Sales\nHoursOfOperationId: ${hours:Main line}\n";
    let says = ["Sales.yaml", "connect/queues/Sales 2.yaml", "queue \"Sales\"", "rename"];
    check("connect/queues/Sales 2.yaml", text, "TL0203", &says);
}

#[test]
fn a_flow_in_the_old_format_is_refused_with_advice() {
    let text = r#"{"modules": [], "version": "1", "type": "contactFlow", "start": "a"}"#;
    let says = ["connect/flows/Old.json", "old format", "help:"];
    check("connect/flows/Old.json", text, "TL0301", &says);
}

#[test]
fn a_flow_over_the_services_limits_is_refused_with_the_limit() {
    let whole = |content: Value| {
        json!({ "name": "Main", "type": "CONTACT_FLOW", "content": content }).to_string()
    };
    let large = content("MessageParticipant", json!({ "Text": "x".repeat(256_001) }));
    let says = ["connect/flows/Main.json", "flow \"Main\"", "256000", "characters"];
    check("connect/flows/Main.json", &whole(large), "TL0302", &says);

    let mut many = content("UpdateContactTargetQueue", json!({ "QueueId": "${queue:Sales}" }));
    let blocks = many["Actions"].as_array_mut().unwrap();
    for number in 0..249 {
        let mut block = blocks[1].clone();
        block["Identifier"] = json!(format!("bye {number}"));
        blocks.push(block);
    }
    let says = ["connect/flows/Main.json", "251", "250", "actions"];
    check("connect/flows/Main.json", &whole(many), "TL0302", &says);
}
