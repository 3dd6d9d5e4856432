use super::*;
use crate::canonical::{canonicalise, to_pretty_string};
use serde_json::json;

fn check_code(text: &str, code: &str) -> Diagnostic {
    let report = parse(text).expect_err(code);
    assert_eq!(report.0[0].code, code, "{report}");
    report.0[0].clone()
}

fn flow_of(actions: usize, text: &str) -> Value {
    let action = json!({"Identifier": "a", "Type": "X", "Parameters": {"Text": text}});
    json!({"Version": "2019-10-30", "StartAction": "a", "Actions": vec![action; actions]})
}

#[test]
fn bad_content_is_told_apart_with_codes() {
    let error = check_code("{\n  \"a\": ]", "TL0201");
    assert_eq!((error.place.line, error.place.column), (Some(2), Some(8)));
    let legacy = check_code(r#"{"modules": [], "start": "x", "version": "1"}"#, "TL0301");
    assert!(legacy.help.expect("advice").contains("export it again"));
    check_code(r#"{"Version": "2019-10-30", "Actions": []}"#, "TL0303");
    check_code(r#"{"Version": "1", "StartAction": "a", "Actions": {}}"#, "TL0303");
    check_code("[]", "TL0303");
}

#[test]
fn limits_count_actions_and_characters_of_the_compact_text() {
    let read = |content: &Value| parse(&to_pretty_string(content)).map(|_| ());
    assert_eq!(read(&flow_of(250, "x")), Ok(()));
    assert_eq!(read(&flow_of(251, "x")).expect_err("too many").0[0].code, "TL0302");
    let rest = to_compact_string(&flow_of(1, "")).len();
    assert_eq!(read(&flow_of(1, &"é".repeat(MAX_CHARACTERS - rest))), Ok(()));
    let error = read(&flow_of(1, &"é".repeat(MAX_CHARACTERS - rest + 1))).expect_err("too long");
    assert!(error.0[0].message.contains("256001 characters"), "{error}");
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let text = format!("\u{feff}{}", to_compact_string(&flow_of(1, "x")));
    assert!(parse(&text).is_ok());
}

#[test]
fn the_layout_is_taken_out_and_put_back() {
    let mut content = flow_of(1, "x");
    assert_eq!(split(content.clone()), (content.clone(), None));
    content["Metadata"] = json!({"type": "customerQueue"});
    assert_eq!(flow_type_from_metadata(&content), Some("CUSTOMER_QUEUE"));
    let (logic, layout) = split(content.clone());
    assert_eq!(logic.get("Metadata"), None);
    assert_eq!(join(logic, layout), content);
}

#[test]
fn canonical_form_orders_keys_and_keeps_everything() {
    let mut content = json!({
        "Actions": [{"Zeta": null, "Type": "T", "Transitions": {"Errors": [], "Conditions": [],
            "NextAction": "b"}, "Identifier": "a", "Parameters": {"b": 1.50, "a": "x"}}],
        "Metadata": {"b": {"y": 1, "x": 2}, "a": 0},
        "StartAction": "a", "Extra": [3, 1, 2], "Version": "2019-10-30"
    });
    let before = content.clone();
    canonicalise(&mut content);
    assert_eq!(content, before);
    assert_eq!(
        to_compact_string(&content),
        concat!(
            r#"{"Version":"2019-10-30","StartAction":"a","Extra":[3,1,2],"#,
            r#""Actions":[{"Identifier":"a","Type":"T","Parameters":{"a":"x","b":1.5},"#,
            r#""Transitions":{"NextAction":"b","Conditions":[],"Errors":[]},"Zeta":null}],"#,
            r#""Metadata":{"a":0,"b":{"x":2,"y":1}}}"#
        )
    );
}
