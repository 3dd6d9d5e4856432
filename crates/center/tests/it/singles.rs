//! What a step writes of something larger, or takes away: audio, single tags and switches, names, where a number
//! leads. An edit of it between the plan and the step stops the step; edits beside it do not.

use crate::harness::{Bench, Text, documents, wait};
use crate::meanwhile::{HOURS, call, check, id, stops};
use serde_json::{Value, json};
use trunkline_center::plan::{PlanInput, adoption};
use trunkline_center::{Bound, Call, Cloud, Resource};
use trunkline_testkit::{Blow, seed};

fn live(bench: &Bench, kind: &str, name: &str) -> Resource {
    bench.snapshot(None).get(kind, name).expect("it is there").clone()
}

fn tag(bench: &Bench, kind: &str, name: &str, tags: Value) {
    let input = json!({ "resourceArn": live(bench, kind, name).arn, "tags": tags });
    bench.cloud.must("connect", "TagResource", input);
}

#[test]
fn the_audio_of_a_prompt_that_somebody_replaced() {
    let yaml = ("connect/prompts/Hello.yaml", "Name: Hello\nAudio: Hello.wav\n");
    let audio = |bytes: &'static str| ("connect/prompts/Hello.wav", bytes);
    check(&[yaml, audio("RIFF1")], &[yaml, audio("RIFF2")], |bench| {
        let key = json!({ "Bucket": "acme-staging", "Key": "console.wav" });
        let call_of = Call::new("s3", "PutObject", key);
        let sent = bench.cloud.call(Call { body: Some(b"RIFF3".to_vec()), ..call_of });
        wait(sent).expect("the bucket takes it");
        let uri = "s3://acme-staging/console.wav";
        let input = json!({ "PromptId": id(bench, "prompt", "Hello"), "S3Uri": uri });
        call(bench, "UpdatePrompt", input);
    });
}

#[test]
fn a_tag_that_somebody_set_otherwise_or_took_away() {
    let path = "connect/hours/Desk.yaml";
    let with = |tags: &str| format!("Name: Desk\nTimeZone: UTC\n{tags}");
    let old = with("Tags:\n  team: north\n");
    for wanted in [with("Tags:\n  team: south\n"), with("")] {
        check(&[(path, &old)], &[(path, &wanted)], |bench| {
            tag(bench, "hours", "Desk", json!({ "team": "west" }));
        });
    }
}

#[test]
fn other_tags_that_somebody_set_meanwhile_stop_nothing() {
    let path = "connect/hours/Desk.yaml";
    let with = |team: &str| format!("Name: Desk\nTimeZone: UTC\nTags:\n  team: {team}\n");
    let bench = Bench::new();
    bench.deploy(&documents(&[(path, &with("north"))]));
    let plan = bench.plan(&documents(&[(path, &with("south"))])).expect("a plan");
    tag(&bench, "hours", "Desk", json!({ "floor": "2" }));
    let outcome = bench.apply(plan);
    assert_eq!((outcome.failures.len(), outcome.done), (0, 1), "{:#?}", outcome.failures);
    let tags = live(&bench, "hours", "Desk").tags;
    assert_eq!((tags["team"].as_str(), tags["floor"].as_str()), ("south", "2"));
}

#[test]
fn a_switch_of_the_instance_and_never_its_other_switches() {
    let path = "connect/instance/attributes.yaml";
    let with = |logs: bool, early: bool| {
        format!(
            "Name: attributes\nAttributes:\n  CONTACTFLOW_LOGS: {logs}\n  EARLY_MEDIA: {early}\n"
        )
    };
    let bench = Bench::new();
    bench.deploy(&documents(&[(path, &with(true, true))]));
    let wanted = documents(&[(path, &with(false, true))]);
    let plan = bench.plan(&wanted).expect("a plan");
    let turn = |name: &str, value: &str| {
        let input = json!({ "AttributeType": name, "Value": value });
        call(&bench, "UpdateInstanceAttribute", input);
    };
    turn("CONTACTFLOW_LOGS", "false");
    stops(&bench, plan);
    turn("CONTACTFLOW_LOGS", "true");
    let plan = bench.plan(&wanted).expect("a plan");
    turn("MESSAGE_STREAMING", "true");
    let outcome = bench.apply(plan);
    assert_eq!((outcome.failures.len(), outcome.done), (0, 1), "{:#?}", outcome.failures);
}

#[test]
fn the_description_of_a_view() {
    let path = "connect/views/Card.json";
    let with = |description: &str| {
        let content = json!({ "actions": ["Next"], "template": { "Head": {}, "Body": [] } });
        json!({ "name": "Card", "status": "published", "description": description, "content": content })
            .to_string()
    };
    check(&[(path, &with("One"))], &[(path, &with("Two"))], |bench| {
        let input = json!({ "ViewId": id(bench, "view", "Card"), "Description": "Three" });
        call(bench, "UpdateViewMetadata", input);
    });
}

#[test]
fn a_name_that_somebody_changed_while_another_field_of_the_same_call_was_planned() {
    let path = "connect/queues/Sales.yaml";
    let with = |description: &str| {
        format!(
            "Name: Sales\nDescription: {description}\nHoursOfOperationId: ${{hours:Main line}}\n"
        )
    };
    check(&[(path, &with("One"))], &[(path, &with("Two"))], |bench| {
        let input = json!({ "QueueId": id(bench, "queue", "Sales"), "Name": "Verkauf" });
        call(bench, "UpdateQueueName", input);
    });
}

#[test]
fn what_a_rename_would_send_as_it_was_and_the_name_that_somebody_gave_first() {
    let edits = [json!({ "Name": "Sales", "Description": "Three" }), json!({ "Name": "Verkauf" })];
    for edit in edits {
        let mut bench = Bench::new();
        let with = |name: &str| {
            format!("Name: {name}\nDescription: One\nHoursOfOperationId: ${{hours:Main line}}\n")
        };
        bench.deploy(&documents(&[HOURS, ("connect/queues/a.yaml", &with("Sales"))]));
        let key = ("queue", "Sales".to_owned());
        bench.options.renames.append([(key, "Orders".to_owned())].into());
        let wanted = documents(&[HOURS, ("connect/queues/a.yaml", &with("Orders"))]);
        let plan = bench.plan(&wanted).expect("a plan");
        assert_eq!(plan.steps.len(), 1, "{:#?}", plan.steps);
        let mut input = edit;
        input["QueueId"] = json!(id(&bench, "queue", "Sales"));
        call(&bench, "UpdateQueueName", input);
        stops(&bench, plan);
    }
}

#[test]
fn a_number_that_leads_elsewhere_or_somewhere_by_now() {
    let mut bench = Bench::new();
    let number = seed::number(&bench.cloud, &bench.instance.arn);
    bench.bindings.bind("phone", "Main line", Bound::Value(number.0));
    let flow = |name: &str| {
        let path = "connect/phone-flows/main-line.yaml";
        let flow = format!("${{flow:{name}}}");
        let text = format!(
            "Name: Main line\nPhoneNumberId: ${{phone:Main line}}\nContactFlowId: {flow}\n"
        );
        documents(&[(path, &text)])
    };
    let (first, second) =
        ("Sample inbound flow (first contact experience)", "Sample disconnect flow");
    let lead = |bench: &Bench, name: &str| {
        let flow = id(bench, "flow", name);
        let input = json!({ "PhoneNumberId": number.1, "ContactFlowId": flow });
        call(bench, "AssociatePhoneNumberContactFlow", input);
    };
    let plan = bench.plan(&flow(first)).expect("a plan");
    lead(&bench, second);
    stops(&bench, plan);
    let gone = json!({ "PhoneNumberId": number.1 });
    call(&bench, "DisassociatePhoneNumberContactFlow", gone);
    bench.deploy(&flow(first));
    let plan = bench.plan(&flow(second)).expect("a plan");
    lead(&bench, "Sample interruptible queue flow with callback");
    stops(&bench, plan);
}

#[test]
fn what_a_prune_takes_out_of_use_or_deletes_and_somebody_works_on() {
    let queue: Text<'_> =
        ("connect/queues/Sales.yaml", "Name: Sales\nHoursOfOperationId: ${hours:Main line}\n");
    let mut bench = Bench::new();
    bench.deploy(&documents(&[HOURS, queue]));
    bench.options.prune = true;
    let none = documents(&[HOURS]);
    // Out of use: not where it is another project's by now.
    let plan = bench.plan(&none).expect("a plan");
    tag(&bench, "queue", "Sales", json!({ "trunkline:project": "other" }));
    stops(&bench, plan);
    tag(&bench, "queue", "Sales", json!({ "trunkline:project": "acme" }));
    assert_eq!(bench.deploy(&none), ["UpdateQueueStatus"]);
    // Deleted: not where it is used again.
    let plan = bench.plan(&none).expect("a plan");
    let sales = id(&bench, "queue", "Sales");
    call(&bench, "UpdateQueueStatus", json!({ "QueueId": sales, "Status": "ENABLED" }));
    stops(&bench, plan);
    call(&bench, "UpdateQueueStatus", json!({ "QueueId": sales, "Status": "DISABLED" }));
    assert_eq!(bench.deploy(&none), ["DeleteQueue"]);
}

#[test]
fn what_somebody_else_took_over_before_it_was_adopted() {
    let mut bench = Bench::new();
    bench.options.project = "scripts".to_owned();
    bench.deploy(&documents(&[HOURS]));
    bench.options.project = "acme".to_owned();
    let (wanted, snapshot) = (documents(&[HOURS]), bench.snapshot(None));
    let (bindings, options, baseline) = (&bench.bindings, &bench.options, Default::default());
    let input = PlanInput {
        documents: &wanted,
        snapshot: &snapshot,
        bindings,
        baseline: &baseline,
        options,
    };
    let plan = adoption(&input, &|_, _| true, Some("scripts")).expect("a plan");
    tag(&bench, "hours", "Main line", json!({ "trunkline:project": "other" }));
    stops(&bench, plan);
}

#[test]
fn what_took_effect_before_its_answer_was_lost_is_known_and_not_sent_again() {
    let flow = |name: &str| {
        format!(
            "Name: Main line\nPhoneNumberId: ${{phone:Main line}}\nContactFlowId: ${{flow:{name}}}\n"
        )
    };
    let (first, second) =
        (flow("Sample inbound flow (first contact experience)"), flow("Sample disconnect flow"));
    let files = |audio: &'static str, team: &str, logs: bool, flow: &str| {
        let hours = format!("Name: Desk\nTimeZone: UTC\nTags: {{ {team}: north }}\n");
        let switches = format!("Name: attributes\nAttributes: {{ CONTACTFLOW_LOGS: {logs} }}\n");
        documents(&[
            ("connect/prompts/Hello.yaml", "Name: Hello\nAudio: Hello.wav\n"),
            ("connect/prompts/Hello.wav", audio),
            ("connect/hours/Desk.yaml", &hours),
            ("connect/instance/attributes.yaml", &switches),
            ("connect/phone-flows/main-line.yaml", flow),
        ])
    };
    let once = [
        "UpdatePrompt",
        "TagResource",
        "UntagResource",
        "UpdateInstanceAttribute",
        "AssociatePhoneNumberContactFlow",
    ];
    for number in 1.. {
        let mut bench = Bench::new();
        let claimed = seed::number(&bench.cloud, &bench.instance.arn);
        bench.bindings.bind("phone", "Main line", Bound::Value(claimed.0));
        bench.deploy(&files("RIFF1", "team", false, &first));
        bench.cloud.forget();
        bench.cloud.fail(number, Blow::LostAfter);
        let wanted = files("RIFF2", "crew", true, &second);
        let operations = bench.deploy(&wanted);
        let calls = bench.cloud.counts();
        for operation in once {
            assert_eq!(calls[operation], 1, "write {number}: {operation}");
        }
        assert!(bench.plan(&wanted).expect("a plan").is_empty(), "write {number}");
        if number == operations.len() {
            assert_eq!(number, once.len() + 1, "the audio passes through a bucket");
            return;
        }
    }
}

#[test]
fn what_is_out_of_use_before_the_answer_was_lost_is_known_and_not_sent_again() {
    let flow = r#"{"name": "One", "type": "CONTACT_FLOW", "content": {"Version": "2019-10-30", "StartAction": "a", "Actions": [{"Identifier": "a", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}]}}"#;
    let module = r#"{"name": "One", "content": {"Version": "2019-10-30", "StartAction": "a", "Actions": [{"Identifier": "a", "Type": "EndFlowModuleExecution", "Parameters": {}, "Transitions": {}}], "Settings": {"InputParameters": [], "OutputParameters": [], "Transitions": []}}}"#;
    let queue = "Name: One\nDescription: Sold\nHoursOfOperationId: ${hours:Main line}\n";
    let kinds = [
        ("connect/queues/one.yaml", queue),
        ("connect/flows/one.json", flow),
        ("connect/modules/one.json", module),
        ("connect/agent-statuses/one.yaml", "Name: One\nDescription: Eats\n"),
        ("connect/hours/one.yaml", "Name: One\nTimeZone: UTC\n"),
    ];
    for one in kinds {
        let mut bench = Bench::new();
        bench.deploy(&documents(&[HOURS, one]));
        bench.options.prune = true;
        bench.cloud.forget();
        bench.cloud.fail(1, Blow::LostAfter);
        let [operation] = &bench.deploy(&documents(&[HOURS]))[..] else { panic!("{}", one.0) };
        assert_eq!(bench.cloud.counts()[operation.as_str()], 1, "{}", one.0);
    }
}
