//! Hours, overrides, prompts, queues, quick connects, routing profiles, views, associations, tags.

use super::{Bench, duplicate, in_use, invalid, missing, refused, text};
use serde_json::{Value, json};

fn hours(bench: &mut Bench) -> String {
    bench.named("ListHoursOfOperations", "HoursOfOperationSummaryList", "Basic Hours")
}

fn queue(bench: &mut Bench, name: &str) -> String {
    let hours = hours(bench);
    let made = bench.ok("CreateQueue", json!({ "Name": name, "HoursOfOperationId": hours }));
    text(&made, "/QueueId")
}

fn flow(bench: &mut Bench, name: &str) -> String {
    bench.named("ListContactFlows", "ContactFlowSummaryList", name)
}

#[test]
fn a_new_instance_has_the_defaults() {
    let mut bench = Bench::new();
    let found = bench.ok("DescribeInstance", json!({}));
    assert_eq!(text(&found, "/Instance/InstanceStatus"), "ACTIVE");
    for (list, member, name) in [
        ("ListQueues", "QueueSummaryList", "BasicQueue"),
        ("ListHoursOfOperations", "HoursOfOperationSummaryList", "Basic Hours"),
        ("ListRoutingProfiles", "RoutingProfileSummaryList", "Basic Routing Profile"),
        ("ListSecurityProfiles", "SecurityProfileSummaryList", "Admin"),
        ("ListAgentStatuses", "AgentStatusSummaryList", "Offline"),
        ("ListPrompts", "PromptSummaryList", "Beep.wav"),
        ("ListContactFlows", "ContactFlowSummaryList", "Default outbound"),
        ("ListViews", "ViewsSummaryList", "Form"),
    ] {
        bench.named(list, member, name);
    }
    let again = json!({
        "IdentityManagementType": "SAML", "InstanceAlias": "Acme-Dev",
        "InboundCallsEnabled": true, "OutboundCallsEnabled": true,
    });
    assert_eq!(bench.fails("CreateInstance", again), refused());
}

#[test]
fn instance_attributes_come_seven_a_page() {
    let mut bench = Bench::new();
    let first = bench.ok("ListInstanceAttributes", json!({}));
    assert_eq!(first["Attributes"].as_array().map(Vec::len), Some(7));
    let next = json!({ "NextToken": first["NextToken"] });
    let second = bench.ok("ListInstanceAttributes", next);
    assert_eq!(second["Attributes"].as_array().map(Vec::len), Some(7));
    assert!(second.get("NextToken").is_none());
    let other = json!({ "NextToken": first["NextToken"] });
    assert_eq!(bench.fails("ListPrompts", other), invalid());
}

#[test]
fn hours_check_their_time_zone_and_keep_what_queues_follow() {
    let mut bench = Bench::new();
    let input = |zone: &str| json!({ "Name": "Main", "TimeZone": zone, "Config": [] });
    assert_eq!(bench.fails("CreateHoursOfOperation", input("Mars/Olympus")), invalid());
    let made = bench.ok("CreateHoursOfOperation", input("Europe/Berlin"));
    assert_eq!(bench.fails("CreateHoursOfOperation", input("UTC")), duplicate());
    let id = text(&made, "/HoursOfOperationId");
    bench.ok("CreateQueue", json!({ "Name": "Q", "HoursOfOperationId": id }));
    assert_eq!(
        bench.fails("DeleteHoursOfOperation", json!({ "HoursOfOperationId": id })),
        refused()
    );
}

#[test]
fn overrides_belong_to_their_hours() {
    let mut bench = Bench::new();
    let hours = hours(&mut bench);
    let input = |from: &str| {
        json!({
            "HoursOfOperationId": hours, "Name": "Holiday", "Config": [],
            "EffectiveFrom": from, "EffectiveTill": "2027-01-02", "OverrideType": "CLOSED",
        })
    };
    assert_eq!(bench.fails("CreateHoursOfOperationOverride", input("2027-01-03")), invalid());
    let made = bench.ok("CreateHoursOfOperationOverride", input("2027-01-01"));
    assert_eq!(bench.fails("CreateHoursOfOperationOverride", input("2027-01-01")), duplicate());
    let id = text(&made, "/HoursOfOperationOverrideId");
    let both = json!({ "HoursOfOperationId": hours, "HoursOfOperationOverrideId": id });
    let found = bench.ok("DescribeHoursOfOperationOverride", both.clone());
    assert_eq!(text(&found, "/HoursOfOperationOverride/OverrideType"), "CLOSED");
    bench.ok("DeleteHoursOfOperationOverride", both.clone());
    assert_eq!(bench.fails("DescribeHoursOfOperationOverride", both), missing());
}

#[test]
fn a_prompt_gives_its_audio_back_and_takes_it_from_there() {
    let mut bench = Bench::new();
    let input = |name: &str, uri: &str| json!({ "Name": name, "S3Uri": uri });
    assert_eq!(bench.fails("CreatePrompt", input("a.wav", "s3://acme/none.wav")), invalid());
    let made = bench.ok("CreatePrompt", input("a.wav", "s3://acme/hello.wav"));
    let file = bench.ok("GetPromptFile", json!({ "PromptId": text(&made, "/PromptId") }));
    let url = text(&file, "/PromptPresignedUrl");
    assert_eq!(bench.fails("CreatePrompt", input("a.wav", &url)), duplicate());
    bench.ok("CreatePrompt", input("b.wav", &url));
}

#[test]
fn a_queue_refuses_what_does_not_exist() {
    let mut bench = Bench::new();
    let hours = hours(&mut bench);
    assert_eq!(
        bench.fails("CreateQueue", json!({ "Name": "Q", "HoursOfOperationId": "none" })),
        missing()
    );
    for config in
        [json!({ "OutboundCallerIdNumberId": "none" }), json!({ "OutboundFlowId": "none" })]
    {
        let input =
            json!({ "Name": "Q", "HoursOfOperationId": hours, "OutboundCallerConfig": config });
        assert_eq!(bench.fails("CreateQueue", input), missing());
    }
    let id = queue(&mut bench, "Q");
    bench.ok("UpdateQueueStatus", json!({ "QueueId": id, "Status": "DISABLED" }));
    bench.ok("UpdateQueueMaxContacts", json!({ "QueueId": id, "MaxContacts": 3 }));
    let found = bench.ok("DescribeQueue", json!({ "QueueId": id }));
    assert_eq!(found["Queue"]["MaxContacts"], 3);
    assert_eq!(found["Queue"]["Status"], "DISABLED");
}

#[test]
fn a_queue_stays_while_something_uses_it() {
    let mut bench = Bench::new();
    let id = queue(&mut bench, "Sales");
    let transfer = flow(&mut bench, "Default queue transfer");
    let config = json!({
        "QuickConnectType": "QUEUE",
        "QueueConfig": { "QueueId": id, "ContactFlowId": transfer },
    });
    let made =
        bench.ok("CreateQuickConnect", json!({ "Name": "To sales", "QuickConnectConfig": config }));
    let quick = text(&made, "/QuickConnectId");
    bench.ok("AssociateQueueQuickConnects", json!({ "QueueId": id, "QuickConnectIds": [quick] }));
    assert_eq!(bench.fails("DeleteQueue", json!({ "QueueId": id })), in_use());
    bench.ok("DeleteQuickConnect", json!({ "QuickConnectId": quick }));
    let left = bench.ok("ListQueueQuickConnects", json!({ "QueueId": id }));
    assert_eq!(left["QuickConnectSummaryList"], json!([]));
    let profile = bench.ok(
        "CreateRoutingProfile",
        json!({
            "Name": "P", "Description": "d", "DefaultOutboundQueueId": id,
            "MediaConcurrencies": [{ "Channel": "VOICE", "Concurrency": 1 }],
        }),
    );
    assert_eq!(bench.fails("DeleteQueue", json!({ "QueueId": id })), in_use());
    let profile = json!({ "RoutingProfileId": text(&profile, "/RoutingProfileId") });
    bench.ok("DeleteRoutingProfile", profile);
    bench.ok("DeleteQueue", json!({ "QueueId": id }));
}

#[test]
fn fifty_quick_connects_and_ten_queues_a_call() {
    let mut bench = Bench::new();
    let id = queue(&mut bench, "Sales");
    let many = json!({ "QueueId": id, "QuickConnectIds": vec!["x"; 51] });
    assert_eq!(bench.fails("AssociateQueueQuickConnects", many), invalid());
    let profile =
        bench.named("ListRoutingProfiles", "RoutingProfileSummaryList", "Basic Routing Profile");
    let one = json!({
        "QueueReference": { "QueueId": id, "Channel": "EMAIL" }, "Priority": 2, "Delay": 5,
    });
    let many = json!({ "RoutingProfileId": profile, "QueueConfigs": vec![one.clone(); 11] });
    assert_eq!(bench.fails("AssociateRoutingProfileQueues", many), invalid());
    let few = json!({ "RoutingProfileId": profile, "QueueConfigs": [one] });
    bench.ok("AssociateRoutingProfileQueues", few);
    let all = bench.ok("ListRoutingProfileQueues", json!({ "RoutingProfileId": profile }));
    let all = all["RoutingProfileQueueConfigSummaryList"].as_array().cloned().unwrap_or_default();
    let email: Vec<&Value> = all.iter().filter(|one| one["Channel"] == "EMAIL").collect();
    assert_eq!((email.len(), &email[0]["Delay"]), (1, &json!(5)));
}

#[test]
fn a_quick_connect_needs_a_flow_of_the_right_type() {
    let mut bench = Bench::new();
    let id = queue(&mut bench, "Sales");
    let wrong = flow(&mut bench, "Default agent transfer");
    let config = json!({
        "QuickConnectType": "QUEUE", "QueueConfig": { "QueueId": id, "ContactFlowId": wrong },
    });
    let input = json!({ "Name": "To sales", "QuickConnectConfig": config });
    assert_eq!(bench.fails("CreateQuickConnect", input), invalid());
}

#[test]
fn views_of_aws_are_read_only() {
    let mut bench = Bench::new();
    let list = bench.ok("ListViews", json!({ "Type": "AWS_MANAGED" }));
    let arn = text(&list, "/ViewsSummaryList/0/Arn");
    assert!(arn.starts_with("arn:aws:connect:us-west-2:aws:view/"), "{arn}");
    bench.ok("DescribeView", json!({ "ViewId": arn }));
    assert_eq!(bench.fails("DeleteView", json!({ "ViewId": "form" })), refused());
    let content = json!({ "Template": "{}", "Actions": ["Go"] });
    let input = json!({ "Name": "Mine", "Status": "SAVED", "Content": content });
    let made = bench.ok("CreateView", input.clone());
    assert_eq!(text(&made, "/View/Status"), "SAVED");
    let mut odd = input.clone();
    odd["Name"] = json!("a \"b\"");
    assert_eq!(bench.fails("CreateView", odd), invalid());
    assert_eq!(bench.fails("CreateView", input), duplicate());
}

#[test]
fn associations_are_of_what_exists_and_only_once() {
    let mut bench = Bench::new();
    let function = json!({ "FunctionArn": super::FUNCTION });
    bench.ok("AssociateLambdaFunction", function.clone());
    assert_eq!(bench.fails("AssociateLambdaFunction", function).1, 409);
    let none = json!({ "FunctionArn": format!("{}-none", super::FUNCTION) });
    assert_eq!(bench.fails("AssociateLambdaFunction", none), missing());
    let storage = json!({
        "ResourceType": "CALL_RECORDINGS",
        "StorageConfig": {
            "StorageType": "S3", "S3Config": { "BucketName": "acme", "BucketPrefix": "calls" },
        },
    });
    bench.ok("AssociateInstanceStorageConfig", storage.clone());
    let (name, _) = bench.fails("AssociateInstanceStorageConfig", storage);
    assert_eq!(name, "ResourceConflictException");
    for key in ["one", "two"] {
        bench.ok("AssociateSecurityKey", json!({ "Key": key }));
    }
    let (name, status) = bench.fails("AssociateSecurityKey", json!({ "Key": "three" }));
    assert_eq!((name.as_str(), status), ("ServiceQuotaExceededException", 402));
}

#[test]
fn tags_come_and_go_by_arn() {
    let mut bench = Bench::new();
    let id = queue(&mut bench, "Sales");
    let arn = text(&bench.ok("DescribeQueue", json!({ "QueueId": id })), "/Queue/QueueArn");
    bench.ok("TagResource", json!({ "resourceArn": arn, "tags": { "team": "a", "site": "b" } }));
    bench.ok("UntagResource", json!({ "resourceArn": arn, "tagKeys": ["site"] }));
    let tags = bench.ok("ListTagsForResource", json!({ "resourceArn": arn }));
    assert_eq!(tags, json!({ "tags": { "team": "a" } }));
    let found = bench.ok("DescribeQueue", json!({ "QueueId": id }));
    assert_eq!(found["Queue"]["Tags"], json!({ "team": "a" }));
    let foreign = arn.replace("us-west-2", "us-east-1");
    let input = json!({ "resourceArn": foreign, "tags": { "a": "b" } });
    assert_eq!(bench.fails("TagResource", input), missing());
}
