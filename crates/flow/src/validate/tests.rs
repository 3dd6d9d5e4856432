use super::*;
use serde_json::json;

/// A flow of the given first action and an end, which `End` names.
fn flow(action: Value) -> Value {
    let end = json!({"Identifier": "End", "Type": "DisconnectParticipant", "Transitions": {}});
    json!({"Version": "2019-10-30", "StartAction": "A", "Actions": [action, end]})
}

fn action(kind: &str, parameters: Value, errors: &[&str]) -> Value {
    let errors: Vec<_> =
        errors.iter().map(|error| json!({"ErrorType": error, "NextAction": "End"})).collect();
    json!({"Identifier": "A", "Type": kind, "Parameters": parameters,
        "Transitions": {"NextAction": "End", "Errors": errors}})
}

fn check_content(content: &Value, wanted: &[&str]) {
    assert_eq!(problems(content, "CONTACT_FLOW", false), wanted, "{content}");
}

fn check(action: Value, wanted: &[&str]) {
    check_content(&flow(action), wanted);
}

/// Each with a twin that is accepted.
#[test]
fn texts_of_the_service_are_given() {
    let say = |parameters| action("MessageParticipant", parameters, &[]);
    check(say(json!({"Text": "Hi"})), &[]);
    check(
        say(json!({"Text": "Hi", "SSML": "<speak/>"})),
        &["Only one of these properties may be defined. Properties: [Text, SSML]"],
    );
    check(
        say(json!({"Txt": "Hi"})),
        &["Invalid Action property name. Path: Actions[0].Parameters.Txt"],
    );
    check(
        say(json!({"Text": ""})),
        &["Invalid Action property value. Path: Actions[0].Parameters.Text"],
    );
    check(say(json!({"PromptId": "$.Attributes.prompt"})), &[]);
    check(say(json!({"PromptId": "beep"})), &["Not a supported id format"]);
    check(action("UnTagContact", json!({}), &[]), &["Invalid Action type. Type: UnTagContact"]);
    check(action("UntagContact", json!({"TagKeys": ["a"]}), &["NoMatchingError"]), &[]);
    let both = ["QueueAtCapacity", "NoMatchingError"];
    check(action("TransferContactToQueue", json!({}), &both), &[]);
    check(
        action("TransferContactToQueue", json!({}), &both[1..]),
        &["Action is missing required error. Error: QueueAtCapacity, Path: Actions[0]"],
    );
    let logging = json!({"FlowLoggingBehavior": "Enabled"});
    check(action("UpdateFlowLoggingBehavior", logging.clone(), &[]), &[]);
    check(
        action("UpdateFlowLoggingBehavior", logging, &["NoMatchingError"]),
        &["Invalid Action error. Error: NoMatchingError, Path: Actions[0]"],
    );
    check(
        action("UpdateFlowLoggingBehavior", json!({"FlowLoggingBehavior": "On"}), &[]),
        &["Invalid Action property value. Path: Actions[0].Parameters.FlowLoggingBehavior"],
    );
    check(
        action("UpdateFlowLoggingBehavior", json!({}), &[]),
        &["Action is missing required property. Path: Actions[0].Parameters.FlowLoggingBehavior"],
    );
    let set = |attributes| {
        action("UpdateContactAttributes", json!({"Attributes": attributes}), &["NoMatchingError"])
    };
    check(set(json!({"a": "b"})), &[]);
    check(set(json!({"a": ""})), &["Empty value in Parameters.Attributes"]);
    let tag = |count: usize| {
        let tags: serde_json::Map<_, _> =
            (0..count).map(|i| (format!("t{i}"), json!("v"))).collect();
        action("TagContact", json!({"Tags": tags}), &["NoMatchingError"])
    };
    check(tag(6), &[]);
    check(tag(7), &["More than 6 tags in Parameters.Tags"]);
}

#[test]
fn waiting_uses_the_service_s_name_of_the_time_limit() {
    let wait = |name: &str| {
        let mut wait = action("Wait", json!({name: "60"}), &["NoMatchingError"]);
        wait["Transitions"]["Conditions"] = json!([{"NextAction": "End",
            "Condition": {"Operator": "Equals", "Operands": ["WaitCompleted"]}}]);
        wait
    };
    check(wait("TimeLimitSeconds"), &[]);
    check(
        wait("TimeoutSeconds"),
        &[
            "Invalid Action property name. Path: Actions[0].Parameters.TimeoutSeconds",
            "Action is missing required property. Path: Actions[0].Parameters.TimeLimitSeconds",
        ],
    );
}

#[test]
fn store_mode_of_input_refuses_what_choice_mode_needs() {
    let errors = ["NoMatchingError", "NoMatchingCondition", "InputTimeLimitExceeded"];
    let input = |store: &str, errors: &[&str]| {
        let parameters = json!({"Text": "?", "InputTimeLimitSeconds": "5", "StoreInput": store});
        action("GetParticipantInput", parameters, errors)
    };
    check(input("False", &errors), &[]);
    check(input("True", &errors[..1]), &[]);
    check(
        input("True", &errors).clone(),
        &[
            "Invalid Action error. Error: NoMatchingCondition, Path: Actions[0]",
            "Invalid Action error. Error: InputTimeLimitExceeded, Path: Actions[0]",
        ],
    );
    check(
        input("False", &errors[..2]),
        &["Action is missing required error. Error: InputTimeLimitExceeded, Path: Actions[0]"],
    );
}

#[test]
fn conditions_are_checked() {
    let with = |kind: &str, parameters, operator: &str, operand: &str| {
        let mut action = action(kind, parameters, &["NoMatchingCondition"]);
        action["Transitions"]["Conditions"] = json!([{"NextAction": "End",
            "Condition": {"Operator": operator, "Operands": [operand]}}]);
        action
    };
    let value = json!({"ComparisonValue": "$.Attributes.a"});
    check(with("Compare", value.clone(), "Equals", "x"), &[]);
    check(with("Compare", value.clone(), "And", "x"), &["Invalid branch. Path: 0.Evaluate"]);
    check(with("Compare", value, "Equals", ""), &["Invalid branch. Path: 0.Evaluate"]);
    check(
        with("Compare", json!({"ComparisonValue": "x"}), "Equals", "x"),
        &["Invalid Action property value. Path: Actions[0].Parameters.ComparisonValue"],
    );
    let mut say = with("MessageParticipant", json!({"Text": "Hi"}), "Equals", "x");
    say["Transitions"]["Errors"] = json!([]);
    check(say, &["Action does not support conditions. Path: Actions[0].Transitions.Conditions"]);
}

#[test]
fn branches_lead_to_what_exists() {
    let mut say = action("MessageParticipant", json!({"Text": "Hi"}), &[]);
    say["Transitions"] = json!({});
    check(
        say.clone(),
        &["Action is missing required property. Path: Actions[0].Transitions.NextAction"],
    );
    say["Transitions"] = json!({"NextAction": "Nowhere"});
    check(say.clone(), &["Invalid Action property value. Path: Actions[0].Transitions.NextAction"]);
    let mut content = flow(action("MessageParticipant", json!({"Text": "Hi"}), &[]));
    content["Actions"][1]["Transitions"] = json!({"NextAction": "A"});
    check_content(&content, &["Action does not support transitions. Path: Actions[1].Transitions"]);
    content["Actions"][1]["Transitions"] = json!({});
    content["StartAction"] = json!("B");
    check_content(&content, &["Invalid property value. Path: StartAction"]);
}

#[test]
fn identifiers_are_short_plain_and_unique() {
    let named = |identifier: &str| {
        let mut content = flow(action("MessageParticipant", json!({"Text": "Hi"}), &[]));
        content["Actions"][0]["Identifier"] = json!(identifier);
        content["StartAction"] = json!(identifier);
        problems(&content, "CONTACT_FLOW", false)
    };
    let refused = "Invalid Action property value. Path: Actions[0].Identifier";
    for good in ["FLOW_OBJECT_MAPS#", "Main menu", &"é".repeat(50)] {
        assert_eq!(named(good), Vec::<String>::new(), "{good}");
    }
    for bad in ["a:b", "a(b)", "__proto__", "", &"x".repeat(51)] {
        assert_eq!(named(bad), [refused], "{bad}");
    }
    assert_eq!(named("End"), ["Invalid Action property value. Path: Actions[1].Identifier"]);
}

#[test]
fn a_flow_type_is_refused_only_where_that_was_seen() {
    let content = flow(action("MessageParticipant", json!({"Text": "Hi"}), &[]));
    let refused = ["Invalid Action type. Type: DisconnectParticipant"];
    assert_eq!(problems(&content, "AGENT_WHISPER", false), refused);
    assert_eq!(problems(&content, "CUSTOMER_QUEUE", false), Vec::<String>::new());
    let warned = findings(&flow(action("CreateContact", json!({}), &[])), "CONTACT_FLOW", false);
    assert!(warned.iter().all(|finding| finding.severity == Severity::Warning), "{warned:?}");
    assert!(!warned.is_empty());
}

#[test]
fn every_rule_is_read_and_the_table_holds_together() {
    for (path, kind) in reference_parameters("UpdateContactTargetQueue") {
        assert!(matches!((*path, *kind), ("QueueId", "queue") | ("AgentId", "agent")));
    }
    let types = include_str!("../../data/actions.txt").lines().filter(|l| l.starts_with("action"));
    let names = types.filter_map(|line| line.split_whitespace().nth(1));
    let rules: Vec<_> = names.map(|name| action_rule(name).expect(name)).collect();
    assert_eq!(rules.len(), 65);
    for rule in rules {
        let types = rule.flows.iter().chain(&rule.refused);
        for flow_type in types.filter(|flow_type| **flow_type != "MODULE") {
            assert!(crate::content::FLOW_TYPES.contains(flow_type), "{}", rule.name);
        }
        assert!(!rule.console_name.is_empty() && !rule.console_name.contains('|'));
    }
}

#[test]
fn problems_are_explained_with_the_block() {
    let mut content = flow(action("MessageParticipant", json!({}), &[]));
    let explained = explain("Action does not support transitions. Path: Actions[1].X", &content);
    assert_eq!(
        explained,
        "block \"End\" (DisconnectParticipant): \
        Action does not support transitions. Path: Actions[1].X"
    );
    content["Actions"][0]["Identifier"] = json!("12345678-1234-1234-1234-123456789abc");
    let explained = explain("Invalid branch. Path: 0.Evaluate", &content);
    assert!(
        explained.starts_with("block \"Play prompt 12345678\" (MessageParticipant): "),
        "{explained}"
    );
    assert_eq!(explain("Not a supported id format", &content), "Not a supported id format");
}
