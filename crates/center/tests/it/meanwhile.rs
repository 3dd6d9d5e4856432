//! What people change between the plan and the step that would overwrite it: the read before the write
//! sees it, whatever the search index says.

use crate::harness::{Bench, Text, documents};
use serde_json::{Value, json};
use trunkline_center::apply::verify;
use trunkline_center::plan::{Plan, PlanInput, build};
use trunkline_center::{Documents, ReadOptions};

pub const HOURS: Text<'_> =
    ("connect/hours/Main line.yaml", "Name: Main line\nTimeZone: America/Los_Angeles\n");

pub fn call(bench: &Bench, operation: &str, mut input: Value) -> Value {
    input["InstanceId"] = json!(bench.instance.id);
    bench.cloud.must("connect", operation, input)
}

pub fn id(bench: &Bench, kind: &str, name: &str) -> String {
    bench.snapshot(None).get(kind, name).expect("it is there").id.clone()
}

/// A plan out of what a read gives at once, the search index as old as it is.
#[track_caller]
fn plan_now(bench: &Bench, wanted: &Documents) -> Plan {
    let snapshot = bench.read(Some(wanted), &ReadOptions::default());
    let (bindings, options, baseline) = (&bench.bindings, &bench.options, bench.baseline.borrow());
    let input = PlanInput {
        documents: wanted,
        snapshot: &snapshot,
        bindings,
        baseline: &baseline,
        options,
    };
    build(&input).expect("a plan")
}

/// The plan stops at its step, and before its first one as a saved plan; nothing is written but audio into the
/// bucket through which it passes.
#[track_caller]
pub fn stops(bench: &Bench, plan: Plan) {
    let stale = crate::harness::wait(verify(&bench.cloud, &bench.instance, &plan));
    assert_eq!(stale.expect_err("stale").0[0].code, "TL0403");
    let (before, steps) = (bench.cloud.writes(), plan.steps.clone());
    let outcome = bench.apply(plan);
    let codes: Vec<&str> = outcome.failures.iter().map(|d| d.code.as_str()).collect();
    assert_eq!(codes, ["TL0502"], "{steps:#?}");
    let staged = steps.iter().filter(|s| s.call.service == "s3").count();
    assert_eq!((bench.cloud.writes(), outcome.done), (before + staged, staged), "{steps:#?}");
}

/// Plans from one state to the next, lets somebody edit, and applies; then what they did is there as a change
/// that the next plan does not overwrite.
#[track_caller]
pub fn check(from: &[Text<'_>], to: &[Text<'_>], edit: impl Fn(&Bench)) {
    let mut all = vec![HOURS];
    all.extend(from);
    let bench = Bench::new();
    bench.deploy(&documents(&all));
    all.truncate(1);
    all.extend(to);
    let plan = bench.plan(&documents(&all)).expect("a plan");
    edit(&bench);
    stops(&bench, plan);
    let found = bench.plan(&documents(&all)).expect_err("refused").0;
    assert!(found.iter().any(|d| ["TL0409", "TL0405"].contains(&d.code.as_str())), "{found:#?}");
}

#[test]
fn a_field_that_describe_gives() {
    let path = "connect/queues/Sales.yaml";
    let queue = |n: u32| {
        format!("Name: Sales\nHoursOfOperationId: ${{hours:Main line}}\nMaxContacts: {n}\n")
    };
    check(&[(path, &queue(10))], &[(path, &queue(20))], |bench| {
        let input = json!({ "QueueId": id(bench, "queue", "Sales"), "MaxContacts": 30 });
        call(bench, "UpdateQueueMaxContacts", input);
    });
}

#[test]
fn permissions_of_a_security_profile_over_several_pages() {
    let path = "connect/security-profiles/Clerk.yaml";
    let with = |more: &str| {
        format!("Name: Clerk\nDescription: Desk\nPermissions:\n- BasicAgentAccess\n{more}")
    };
    let (old, new) = (with(""), with("- OutboundCallAccess\n"));
    let described = old.replace("Desk", "Counter");
    for wanted in [new, described] {
        check(&[(path, &old)], &[(path, &wanted)], |bench| {
            let input = json!({
                "SecurityProfileId": id(bench, "security-profile", "Clerk"),
                "Permissions": ["BasicAgentAccess", "VoiceId.Access"],
            });
            call(bench, "UpdateSecurityProfile", input);
        });
    }
}

#[test]
fn a_queue_of_a_routing_profile() {
    let path = "connect/routing-profiles/Agents.yaml";
    let with = |priority: u32| {
        format!(
            "Name: Agents\nDescription: Everybody\nMediaConcurrencies:\n- Channel: VOICE\n  Concurrency: 1\nDefaultOutboundQueueId: ${{queue:BasicQueue}}\nQueueConfigs:\n- QueueReference:\n    QueueId: ${{queue:BasicQueue}}\n    Channel: VOICE\n  Priority: {priority}\n  Delay: 0\n"
        )
    };
    let none = with(1).split("QueueConfigs").next().unwrap_or_default().to_owned();
    for wanted in [with(2), none] {
        check(&[(path, &with(1))], &[(path, &wanted)], |bench| {
            let queue = json!({ "QueueId": id(bench, "queue", "BasicQueue"), "Channel": "VOICE" });
            let input = json!({
                "RoutingProfileId": id(bench, "routing-profile", "Agents"),
                "QueueConfigs": [{ "QueueReference": queue, "Priority": 7, "Delay": 3 }],
            });
            call(bench, "UpdateRoutingProfileQueues", input);
        });
    }
}

const FLOW: Text<'_> = (
    "connect/flows/Welcome.json",
    r#"{"name": "Welcome", "type": "CONTACT_FLOW", "description": "Greets", "content": {"Version": "2019-10-30", "StartAction": "a", "Actions": [{"Identifier": "a", "Type": "MessageParticipant", "Parameters": {"Text": "Hello"}, "Transitions": {"NextAction": "b", "Errors": [{"NextAction": "b", "ErrorType": "NoMatchingError"}]}}, {"Identifier": "b", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}]}}"#,
);

/// Writes other words into the flow: of its published content, or of its draft.
fn says(bench: &Bench, suffix: &str) {
    let id = id(bench, "flow", "Welcome");
    let found = call(bench, "DescribeContactFlow", json!({ "ContactFlowId": id }));
    let content = found["ContactFlow"]["Content"].as_str().expect("content");
    let content = content.replace("Hello", "Ahoy");
    let input = json!({ "ContactFlowId": format!("{id}{suffix}"), "Content": content });
    call(bench, "UpdateContactFlowContent", input);
}

#[test]
fn the_content_of_a_flow_and_its_draft_and_its_description() {
    let wanted = FLOW.1.replace("Hello", "Good morning");
    for suffix in ["", ":$SAVED"] {
        check(&[FLOW], &[(FLOW.0, &wanted)], |bench| says(bench, suffix));
    }
    let wanted = FLOW.1.replace("Greets", "Says hello");
    check(&[FLOW], &[(FLOW.0, &wanted)], |bench| {
        let id = id(bench, "flow", "Welcome");
        let input = json!({ "ContactFlowId": id, "Description": "Waves" });
        call(bench, "UpdateContactFlowMetadata", input);
    });
}

const CLOSED: Text<'_> = (
    "connect/hours-overrides/Christmas.yaml",
    "Name: Christmas\nHoursOfOperationId: ${hours:Main line}\nDescription: Shut\nOverrideType: CLOSED\nEffectiveFrom: '2027-12-25'\nEffectiveTill: '2027-12-26'\n",
);

fn reopens(bench: &Bench) {
    let input = json!({
        "HoursOfOperationId": id(bench, "hours", "Main line"),
        "HoursOfOperationOverrideId": id(bench, "hours-override", "Main line/Christmas"),
        "EffectiveTill": "2027-12-31",
    });
    call(bench, "UpdateHoursOfOperationOverride", input);
}

#[test]
fn an_override_of_hours() {
    let longer = CLOSED.1.replace("12-26", "12-27");
    check(&[CLOSED], &[(CLOSED.0, &longer)], reopens);
}

#[test]
fn an_edit_that_the_search_index_does_not_know_yet_when_the_plan_is_made() {
    let bench = Bench::lagging(60.0);
    bench.deploy(&documents(&[HOURS, CLOSED]));
    reopens(&bench);
    bench.cloud.pass(1);
    let longer = CLOSED.1.replace("12-26", "12-27");
    let wanted = documents(&[HOURS, (CLOSED.0, &longer)]);
    // The plan sees no change of anybody's: the index is a minute behind.
    stops(&bench, plan_now(&bench, &wanted));
}

#[test]
fn what_others_do_to_other_members_of_a_set_stops_nothing() {
    let bench = Bench::new();
    let quick = |name: &str| {
        (
            format!("connect/quick-connects/{name}.yaml"),
            format!(
                "Name: {name}\nQuickConnectConfig:\n  QuickConnectType: PHONE_NUMBER\n  PhoneConfig:\n    PhoneNumber: \"+15550100099\"\n"
            ),
        )
    };
    let (a, b, c) = (quick("A"), quick("B"), quick("C"));
    let queue = |rest: &str| {
        format!("Name: Sales\nHoursOfOperationId: ${{hours:Main line}}\nQuickConnectIds:\n{rest}")
    };
    let path = "connect/queues/Sales.yaml";
    let files =
        |queue: &str| documents(&[HOURS, (&a.0, &a.1), (&b.0, &b.1), (&c.0, &c.1), (path, queue)]);
    bench.deploy(&files(&queue("- ${quick-connect:A}\n")));
    let plan = bench.plan(&files(&queue("- ${quick-connect:B}\n"))).expect("a plan");
    let id = |kind: &str, name: &str| id(&bench, kind, name);
    let input =
        json!({ "QueueId": id("queue", "Sales"), "QuickConnectIds": [id("quick-connect", "C")] });
    call(&bench, "AssociateQueueQuickConnects", input);
    let outcome = bench.apply(plan);
    assert_eq!((outcome.failures.len(), outcome.done), (0, 2), "{:#?}", outcome.failures);
    let rows = call(&bench, "ListQueueQuickConnects", json!({ "QueueId": id("queue", "Sales") }));
    let mut left: Vec<_> = rows["QuickConnectSummaryList"].as_array().expect("rows").clone();
    left.iter_mut().for_each(|row| *row = row["Name"].take());
    left.sort_by_key(Value::to_string);
    assert_eq!(left, [json!("B"), json!("C")]);
}
