use super::*;
use serde_json::json;

fn sample() -> Value {
    json!({
        "Version": "2019-10-30",
        "StartAction": "Main menu",
        "Actions": [
            {"Identifier": "Main menu", "Type": "GetParticipantInput",
             "Parameters": {"Text": "Press 1", "InputTimeLimitSeconds": "5"},
             "Transitions": {"NextAction": "Goodbye",
                "Conditions": [{"NextAction": "Outages",
                    "Condition": {"Operator": "Equals", "Operands": ["1"]}}],
                "Errors": [{"ErrorType": "NoMatchingCondition", "NextAction": "Goodbye"},
                    {"ErrorType": "NoMatchingError", "NextAction": "Goodbye"}]}},
            {"Identifier": "Outages", "Type": "MessageParticipant",
             "Parameters": {"PromptId": "${prompt:Outages}"}, "Transitions": {"NextAction": "Goodbye"}},
            {"Identifier": "Goodbye", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}
        ],
        "Metadata": {"ActionMetadata": {
            "Main menu": {"position": {"x": 1, "y": 2}}, "Outages": {"position": {"x": 3, "y": 4}}}}
    })
}

fn check(edit: impl FnOnce(&mut Value), wanted: &[&str]) {
    let (before, mut after) = (sample(), sample());
    edit(&mut after);
    let diff = compare(&before, &after);
    assert_eq!(lines(&diff), wanted);
    assert_eq!(diff.is_empty(), before == after || wanted.is_empty());
}

#[test]
fn changed_fields_and_branches_are_told_by_block() {
    check(
        |flow| {
            let menu = &mut flow["Actions"][0];
            menu["Parameters"]["Text"] = json!("Press 1 or 3");
            menu["Transitions"]["Conditions"].as_array_mut().expect("list").push(json!({
                "NextAction": "Moving", "Condition": {"Operator": "Equals", "Operands": ["3"]}}));
            menu["Transitions"]["Errors"][0]["NextAction"] = json!("Main menu");
            flow["Actions"].as_array_mut().expect("list").push(json!({
                "Identifier": "Moving", "Type": "UpdateContactTargetQueue",
                "Parameters": {"QueueId": "${queue:moves}"}, "Transitions": {"NextAction": "Goodbye"}}));
        },
        &[
            "~ Main menu (Get customer input)",
            "    ~ Text   \"Press 1\"  ->  \"Press 1 or 3\"",
            "    + key 3   -> Moving",
            "    ~ no match   -> Main menu  (was -> Goodbye)",
            "+ Moving (Set working queue)   QueueId: ${queue:moves}",
        ],
    );
}

#[test]
fn removed_blocks_and_another_start_are_told() {
    check(
        |flow| {
            flow["StartAction"] = json!("Outages");
            flow["Actions"].as_array_mut().expect("list").remove(0);
            flow["Settings"] = json!({"a": 1});
        },
        &[
            "~ start   -> Outages  (was -> Main menu)",
            "+ Settings.a   1",
            "- Main menu (Get customer input)",
        ],
    );
}

#[test]
fn moved_blocks_are_layout_and_the_order_of_actions_is_nothing() {
    let both = |flow: &mut Value| {
        for block in ["Main menu", "Outages"] {
            flow["Metadata"]["ActionMetadata"][block]["position"]["x"] = json!(99);
        }
    };
    check(both, &["layout only (2 blocks moved)"]);
    check(|flow| flow["Metadata"]["name"] = json!("x"), &["layout only"]);
    check(|flow| flow["Actions"].as_array_mut().expect("list").reverse(), &[]);
    check(|_| {}, &[]);
    let mut after = sample();
    both(&mut after);
    after["Actions"][1]["Type"] = json!("Other");
    let diff = compare(&sample(), &after);
    assert!(!diff.only_layout && diff.layout_changed == 2 && diff.changes_logic());
}

#[test]
fn no_change_of_logic_is_hidden() {
    check(
        |flow| flow["Actions"][0]["Transitions"]["NextAction"] = json!("Outages"),
        &["~ Main menu (Get customer input)", "    ~ next   -> Outages  (was -> Goodbye)"],
    );
    check(
        |flow| flow["Actions"][2]["Parameters"] = json!(null),
        &["~ Goodbye (Disconnect)", "    ~ Parameters   {}  ->  null"],
    );
    let mut after = sample();
    let errors = after["Actions"][0]["Transitions"]["Errors"].as_array_mut().expect("list");
    errors.reverse();
    let diff = compare(&sample(), &after);
    assert_eq!(diff.changed[0].fields[0].path, "Transitions.Errors");
}

#[test]
fn blocks_without_a_name_are_told_by_kind() {
    let text = sample().to_string().replace("Outages", "12345678-1234-1234-1234-123456789abc");
    let before: Value = serde_json::from_str(&text).expect("JSON");
    let mut after = before.clone();
    after["Actions"][1]["Parameters"] = json!({"Text": "x".repeat(100)});
    let lines = lines(&compare(&before, &after));
    assert_eq!(lines[0], "~ Play prompt 12345678");
    assert!(lines.iter().all(|line| line.len() < 100), "{lines:?}");
}
