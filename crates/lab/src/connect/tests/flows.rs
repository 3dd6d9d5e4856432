//! Flows and modules: drafts, publishing, what the service refuses.

use super::{BOT, Bench, FUNCTION, duplicate, missing, refused, text};
use crate::service::Failure;
use serde_json::{Value, json};

fn content(actions: Value) -> String {
    json!({ "Version": "2019-10-30", "StartAction": "a", "Metadata": {}, "Actions": actions })
        .to_string()
}

fn hang_up() -> String {
    content(json!([
        { "Identifier": "a", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {} },
    ]))
}

/// One action with an error branch, then the end.
fn with(kind: &str, parameters: Value) -> String {
    content(json!([
        {
            "Identifier": "a", "Type": kind, "Parameters": parameters,
            "Transitions": {
                "NextAction": "b", "Conditions": [],
                "Errors": [{ "ErrorType": "NoMatchingError", "NextAction": "b" }],
            },
        },
        { "Identifier": "b", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {} },
    ]))
}

fn module() -> String {
    json!({
        "Version": "2019-10-30", "StartAction": "a", "Metadata": {},
        "Actions": [
            { "Identifier": "a", "Type": "EndFlowModuleExecution", "Parameters": {}, "Transitions": {} },
        ],
        "Settings": { "InputParameters": [], "OutputParameters": [], "Transitions": [] },
    })
    .to_string()
}

fn create(bench: &mut Bench, name: &str, status: &str, content: &str) -> Result<String, Failure> {
    let input =
        json!({ "Name": name, "Type": "CONTACT_FLOW", "Status": status, "Content": content });
    bench.call("CreateContactFlow", input).map(|made| text(&made, "/ContactFlowId"))
}

#[test]
fn content_comes_back_byte_for_byte_beside_its_hash() {
    let mut bench = Bench::new();
    let odd = format!(" {} ", hang_up());
    let id = create(&mut bench, "Main", "PUBLISHED", &odd).expect("published");
    let flow = bench.ok("DescribeContactFlow", json!({ "ContactFlowId": id }));
    assert_eq!(text(&flow, "/ContactFlow/Content"), odd);
    assert_eq!(text(&flow, "/ContactFlow/FlowContentSha256").len(), 64);
}

#[test]
fn a_flow_that_was_never_published_shows_only_its_draft() {
    let mut bench = Bench::new();
    let id = create(&mut bench, "Draft", "SAVED", "{\"x\":1}").expect("saved");
    let (name, status) = bench.fails("DescribeContactFlow", json!({ "ContactFlowId": id }));
    assert_eq!((name.as_str(), status), ("ContactFlowNotPublishedException", 404));
    let saved = format!("{id}:$SAVED");
    let flow = bench.ok("DescribeContactFlow", json!({ "ContactFlowId": saved }));
    assert_eq!(text(&flow, "/ContactFlow/Status"), "SAVED");
    bench.ok("UpdateContactFlowContent", json!({ "ContactFlowId": id, "Content": hang_up() }));
    let flow = bench.ok("DescribeContactFlow", json!({ "ContactFlowId": saved }));
    assert_eq!(text(&flow, "/ContactFlow/Status"), "PUBLISHED");
}

#[test]
fn a_draft_lies_beside_what_is_published() {
    let mut bench = Bench::new();
    let id = create(&mut bench, "Main", "PUBLISHED", &hang_up()).expect("published");
    let saved = format!("{id}:$SAVED");
    bench.ok("UpdateContactFlowContent", json!({ "ContactFlowId": saved, "Content": "{}" }));
    let mut shown = |id: &str| {
        let flow = bench.ok("DescribeContactFlow", json!({ "ContactFlowId": id }));
        text(&flow, "/ContactFlow/Content")
    };
    assert_eq!(shown(&id), hang_up());
    assert_eq!(shown(&format!("{id}:$LATEST")), hang_up());
    assert_eq!(shown(&saved), "{}");
}

#[test]
fn publishing_names_the_problems_in_lower_case() {
    let mut bench = Bench::new();
    let bad = hang_up().replace("DisconnectParticipant", "Nonsense");
    let failure = create(&mut bench, "Bad", "PUBLISHED", &bad).expect_err("a problem");
    assert_eq!((failure.name.as_str(), failure.status), ("InvalidContactFlowException", 400));
    assert_eq!(failure.message, "");
    let first = text(&failure.members["problems"], "/0/message");
    assert_eq!(first, "Invalid Action type. Type: Nonsense");
    assert!(create(&mut bench, "Bad", "SAVED", &bad).is_ok());
}

#[test]
fn default_flows_would_be_published_again() {
    let mut bench = Bench::new();
    let all = bench.ok("ListContactFlows", json!({}));
    let all = all["ContactFlowSummaryList"].as_array().cloned().unwrap_or_default();
    assert!(all.len() >= 10);
    for flow in all {
        let id = text(&flow, "/Id");
        let full = bench.ok("DescribeContactFlow", json!({ "ContactFlowId": id }));
        let content = text(&full, "/ContactFlow/Content");
        bench.ok("UpdateContactFlowContent", json!({ "ContactFlowId": id, "Content": content }));
    }
}

/// Publishes one action and tells which places were refused.
fn problems(bench: &mut Bench, kind: &str, parameters: Value) -> Vec<String> {
    match create(bench, "Probe", "PUBLISHED", &with(kind, parameters)) {
        Ok(id) => {
            bench.ok("DeleteContactFlow", json!({ "ContactFlowId": id }));
            Vec::new()
        }
        Err(failure) => {
            let all = failure.members["problems"].as_array().cloned().unwrap_or_default();
            all.iter().map(|one| text(one, "/message")).collect()
        }
    }
}

#[test]
fn what_a_flow_names_has_to_be_in_its_instance() {
    let mut bench = Bench::new();
    let queue = bench.named("ListQueues", "QueueSummaryList", "BasicQueue");
    let arn = text(&bench.ok("DescribeQueue", json!({ "QueueId": queue })), "/Queue/QueueArn");
    let foreign = arn.replace("111122223333", "444455556666");
    let path = "Invalid Action property value. Path: Actions[0].Parameters.QueueId";
    for (value, expected) in [
        (queue.as_str(), vec![]),
        (arn.as_str(), vec![]),
        ("$.Attributes.queue", vec![]),
        (&arn.replace("us-west-2", "$.AwsRegion"), vec![]),
        (foreign.as_str(), vec![path.to_owned()]),
    ] {
        let found = problems(&mut bench, "UpdateContactTargetQueue", json!({ "QueueId": value }));
        assert_eq!(found, expected, "{value}");
    }
}

#[test]
fn functions_and_bots_have_to_be_associated() {
    let mut bench = Bench::new();
    let lambda = json!({ "LambdaFunctionARN": FUNCTION, "InvocationTimeLimitSeconds": "3" });
    assert!(!problems(&mut bench, "InvokeLambdaFunction", lambda.clone()).is_empty());
    bench.ok("AssociateLambdaFunction", json!({ "FunctionArn": FUNCTION }));
    assert!(problems(&mut bench, "InvokeLambdaFunction", lambda).is_empty());
    bench.ok("AssociateBot", json!({ "LexV2Bot": { "AliasArn": BOT } }));
    let listed = bench.ok("ListBots", json!({ "LexVersion": "V2" }));
    assert_eq!(text(&listed, "/LexBots/0/LexV2Bot/AliasArn"), BOT);
}

#[test]
fn whether_a_published_flow_may_name_a_saved_one_is_a_setting() {
    for (setting, accepted) in [(true, true), (false, false)] {
        let mut bench = Bench::new();
        bench.settings.published_may_name_saved = setting;
        let id = create(&mut bench, "Callee", "SAVED", "{}").expect("saved");
        let found = problems(&mut bench, "TransferToFlow", json!({ "ContactFlowId": id }));
        assert_eq!(found.is_empty(), accepted);
    }
}

#[test]
fn names_are_unique_and_told_apart_by_case() {
    let mut bench = Bench::new();
    create(&mut bench, "Main", "SAVED", "{}").expect("saved");
    create(&mut bench, "MAIN", "SAVED", "{}").expect("another name");
    let failure = create(&mut bench, "Main", "SAVED", "{}").expect_err("the same name");
    assert_eq!((failure.name, failure.status), duplicate());
}

#[test]
fn contents_that_do_not_parse_or_are_too_long_are_refused() {
    let mut bench = Bench::new();
    for (content, name) in [
        ("{".to_owned(), "InvalidRequestException"),
        (format!("{{\"x\":\"{}\"}}", "y".repeat(256_000)), "InvalidParameterException"),
    ] {
        let failure = create(&mut bench, "Odd", "SAVED", &content).expect_err("a refusal");
        assert_eq!(failure.name, name);
    }
}

#[test]
fn a_flow_has_at_most_250_actions() {
    let mut bench = Bench::new();
    let end = |index: usize| {
        json!({
            "Identifier": format!("a{index}"), "Type": "DisconnectParticipant",
            "Parameters": {}, "Transitions": {},
        })
    };
    for (count, accepted) in [(250, true), (251, false)] {
        let actions: Vec<Value> = (0..count).map(end).collect();
        let text =
            content(json!(actions)).replace("\"StartAction\":\"a\"", "\"StartAction\":\"a0\"");
        assert_eq!(create(&mut bench, "Long", "PUBLISHED", &text).is_ok(), accepted, "{count}");
    }
}

#[test]
fn modules_need_settings_and_are_published_from_the_start() {
    let mut bench = Bench::new();
    let without = json!({ "Name": "M", "Content": hang_up() });
    assert_eq!(bench.fails("CreateContactFlowModule", without), refused());
    let input = json!({ "Name": "M", "Content": module(), "ClientToken": "once" });
    let made = bench.ok("CreateContactFlowModule", input.clone());
    assert_eq!(bench.ok("CreateContactFlowModule", input), made);
    let id = text(&made, "/Id");
    let found = bench.ok("DescribeContactFlowModule", json!({ "ContactFlowModuleId": id }));
    assert_eq!(text(&found, "/ContactFlowModule/Status"), "PUBLISHED");
    let bad = module().replace("EndFlowModuleExecution", "Nonsense");
    let failure = bench
        .call(
            "UpdateContactFlowModuleContent",
            json!({ "ContactFlowModuleId": id, "Content": bad }),
        )
        .expect_err("a problem");
    assert!(failure.members.contains_key("Problems"), "{failure:?}");
}

#[test]
fn quotas_are_off_until_they_are_set() {
    let mut bench = Bench::new();
    create(&mut bench, "One", "SAVED", "{}").expect("no quota");
    bench.settings.quotas.insert("flows".to_owned(), 5);
    let failure = create(&mut bench, "Two", "SAVED", "{}").expect_err("over the quota");
    assert_eq!((failure.name.as_str(), failure.status), ("LimitExceededException", 429));
}

#[test]
fn a_number_leads_to_a_flow_of_its_instance() {
    let mut bench = Bench::new();
    let found = bench.ok(
        "SearchAvailablePhoneNumbers",
        json!({ "PhoneNumberCountryCode": "US", "PhoneNumberType": "DID" }),
    );
    let number = text(&found, "/AvailableNumbersList/0/PhoneNumber");
    assert!(number.starts_with("+1555"), "{number}");
    let made = bench.ok("ClaimPhoneNumber", json!({ "PhoneNumber": number }));
    let id = text(&made, "/PhoneNumberId");
    let lead = |flow: &str| json!({ "PhoneNumberId": id, "ContactFlowId": flow });
    assert_eq!(bench.fails("AssociatePhoneNumberContactFlow", lead("none")), missing());
    let flow = create(&mut bench, "Main", "PUBLISHED", &hang_up()).expect("published");
    bench.ok("AssociatePhoneNumberContactFlow", lead(&flow));
    let all = bench.ok("ListFlowAssociations", json!({ "ResourceType": "VOICE_PHONE_NUMBER" }));
    assert!(text(&all, "/FlowAssociationSummaryList/0/FlowId").ends_with(&flow));
    assert_eq!(bench.fails("DeleteInstance", json!({})).0, refused().0);
    bench.ok("ReleasePhoneNumber", json!({ "PhoneNumberId": id }));
    assert_eq!(bench.fails("DescribePhoneNumber", json!({ "PhoneNumberId": id })), missing());
}
