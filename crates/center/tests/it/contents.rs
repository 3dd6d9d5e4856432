//! Modules and views: contents with drafts, and modules in cycles.

use crate::harness::{Bench, documents, round_trip};
use serde_json::{Map, Value, json};

/// A document's bytes as they are written: what was loaded gives them.
fn canonical(path: &str, document: &Value) -> String {
    let files = documents(&[(path, &document.to_string())]).files();
    String::from_utf8(files[0].1.clone()).expect("text")
}

fn module(name: &str, more: &Value, text: &str) -> (String, String) {
    let mut document = json!({
        "name": name, "status": "published",
        "content": {
            "Version": "2019-10-30", "StartAction": "a",
            "Settings": { "InputParameters": [], "OutputParameters": [], "Transitions": [] },
            "Actions": [
                { "Identifier": "a", "Type": "MessageParticipant", "Parameters": { "Text": text },
                  "Transitions": { "NextAction": "b", "Errors": [
                    { "NextAction": "b", "ErrorType": "NoMatchingError" } ] } },
                { "Identifier": "b", "Type": "EndFlowModuleExecution", "Parameters": {}, "Transitions": {} },
            ],
        },
    });
    extend(&mut document, more);
    let path = format!("connect/modules/{name}.json");
    let text = canonical(&path, &document);
    (path, text)
}

fn view(more: &Value, label: &str) -> (String, String) {
    let mut document = json!({
        "name": "Card", "status": "published",
        "content": { "actions": ["Next"], "template": { "Head": { "Label": label }, "Body": [] } },
    });
    extend(&mut document, more);
    ("connect/views/Card.json".to_owned(), canonical("connect/views/Card.json", &document))
}

fn extend(document: &mut Value, more: &Value) {
    let fields: Map<String, Value> = more.as_object().cloned().unwrap_or_default();
    document.as_object_mut().expect("an object").extend(fields);
}

/// Goes through the states, each one document; returns the operations of each.
#[track_caller]
fn check(states: &[(String, String)]) -> (Bench, Vec<Vec<String>>) {
    let files: Vec<[(&str, &str); 1]> =
        states.iter().map(|(path, text)| [(path.as_str(), text.as_str())]).collect();
    let states: Vec<&[(&str, &str)]> = files.iter().map(|f| &f[..]).collect();
    round_trip(&states)
}

#[test]
fn modules_with_contract_and_drafts() {
    let settings = json!({ "input": { "schema": { "type": "object" } } });
    let all = json!({
        "description": "Says it", "settings": settings, "external_invocation": true,
        "tags": { "team": "north" },
    });
    let less =
        json!({ "description": "Tells it", "settings": settings, "external_invocation": true });
    let other = json!({ "description": "Tells it", "settings": { "input": {} }, "external_invocation": true });
    let draft = json!({ "description": "Tells it", "settings": { "input": {} }, "external_invocation": true, "status": "saved" });
    let (mut bench, operations) = check(&[
        module("Say", &all, "Hello"),
        module("Say", &less, "Hello"),
        module("Say", &other, "Good morning"),
        module("Say", &draft, "Good evening"),
        module("Say", &other, "Good evening"),
    ]);
    let content = "UpdateContactFlowModuleContent";
    assert_eq!(operations[0], ["CreateContactFlowModule"]);
    assert_eq!(operations[1], ["UntagResource", "UpdateContactFlowModuleMetadata"]);
    assert_eq!(operations[2..], [[content], [content], [content]]);
    let (path, text) = module("Say", &json!({ "description": "x" }), "Good evening");
    let refused = bench.plan(&documents(&[(&path, &text)])).expect_err("fixed");
    assert_eq!(refused.0[0].code, "TL0406");
    assert_eq!(bench.prunes().1, ["DeleteContactFlowModule"]);
}

#[test]
fn a_module_that_is_made_as_a_draft() {
    let (_, operations) = check(&[module("Say", &json!({ "status": "saved" }), "Hello")]);
    assert_eq!(operations[0], ["CreateContactFlowModule", "UpdateContactFlowModuleContent"]);
}

#[test]
fn views_with_drafts() {
    let described = json!({ "description": "A card", "tags": { "team": "north" } });
    let other = json!({ "description": "The card" });
    let draft = json!({ "description": "The card", "status": "saved" });
    let (mut bench, operations) = check(&[
        view(&described, "One"),
        view(&other, "One"),
        view(&other, "Two"),
        view(&draft, "Three"),
        view(&other, "Three"),
    ]);
    assert_eq!(operations[0], ["CreateView"]);
    assert_eq!(operations[1], ["UntagResource", "UpdateViewMetadata"]);
    assert_eq!(
        operations[2..],
        [["UpdateViewContent"], ["UpdateViewContent"], ["UpdateViewContent"]]
    );
    assert_eq!(bench.prunes().1, ["DeleteView"]);
}

#[test]
fn a_draft_that_somebody_else_saved_is_not_overwritten() {
    let (path, text) = view(&json!({}), "One");
    let bench = Bench::new();
    bench.becomes(&[(&path, &text)]);
    let wanted = documents(&[(&path, &text)]);
    let id = bench.snapshot(None).get("view", "Card").expect("the view").id.clone();
    let draft = json!({
        "InstanceId": bench.instance.id, "ViewId": id, "Status": "SAVED",
        "Content": { "Template": "{\"mine\":true}", "Actions": [] },
    });
    bench.cloud.must("connect", "UpdateViewContent", draft);
    assert!(bench.plan(&wanted).expect("a plan").is_empty());
    let (path, text) = view(&json!({}), "Two");
    let refused = bench.plan(&documents(&[(&path, &text)])).expect_err("a draft is there");
    assert_eq!(refused.0[0].code, "TL0405");
}

#[test]
fn modules_that_call_each_other_are_made_as_stubs_first() {
    let calls = |name: &str, other: &str| {
        let (path, text) = module(name, &json!({}), "Hello");
        let mut document: Value = serde_json::from_str(&text).expect("JSON");
        let action = &mut document["content"]["Actions"][0];
        action["Type"] = json!("InvokeFlowModule");
        action["Parameters"] = json!({ "FlowModuleId": format!("${{module:{other}}}") });
        (path.clone(), canonical(&path, &document))
    };
    let (one, two) = (calls("One", "Two"), calls("Two", "One"));
    let bench = Bench::new();
    let operations = bench.becomes(&[(&one.0, &one.1), (&two.0, &two.1)]);
    let creates = operations.iter().filter(|o| *o == "CreateContactFlowModule").count();
    assert_eq!((creates, operations.len()), (2, 3));
}

#[test]
fn a_security_profile_names_modules() {
    let (path, text) = module("Say", &json!({}), "Hello");
    let profile = (
        "connect/security-profiles/Coach.yaml",
        "Name: Coach
AllowedFlowModules:
- Type: MCP
  FlowModuleId: ${module:Say}
",
    );
    let operations = Bench::new().becomes(&[(&path, &text), profile]);
    assert_eq!(operations, ["CreateContactFlowModule", "CreateSecurityProfile"]);
}

/// The search index lags behind what somebody has just saved in the console; an export must not.
#[test]
fn what_was_saved_a_moment_ago_is_read() {
    let (path, text) = module("Greeting", &json!({}), "Hello");
    let bench = Bench::new();
    bench.becomes(&[(&path, &text)]);
    let id = bench.snapshot(None).get("module", "Greeting").expect("the module").id.clone();
    let edited = serde_json::from_str::<Value>(&module("Greeting", &json!({}), "Good day").1);
    let content = edited.expect("a document")["content"].to_string();
    let edit = json!({
        "InstanceId": bench.instance.id, "ContactFlowModuleId": id, "Content": content,
    });
    bench.cloud.must("connect", "UpdateContactFlowModuleContent", edit);
    let options = trunkline_center::ReadOptions {
        drafts: true,
        search_returns_content: true,
        ..Default::default()
    };
    let snapshot = bench.read(None, &options);
    let read = snapshot.get("module", "Greeting").expect("the module");
    assert_eq!(read.draft, None, "what is published is no draft");
    assert!(read.body["content"].to_string().contains("Good day"));
}
