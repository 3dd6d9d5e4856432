//! Queues, quick connects and routing profiles: made, changed field by field, exported as they were written.

use crate::scene::Scene;
use serde_json::json;

const HOURS: (&str, &str) = (
    "connect/hours/Day.yaml",
    "Name: Day\nTimeZone: UTC\nConfig:\n- Day: MONDAY\n  StartTime:\n    Hours: 9\n    Minutes: 0\n  EndTime:\n    Hours: 17\n    Minutes: 0\n",
);

const SALES: (&str, &str) = (
    "connect/queues/Sales.yaml",
    "Name: Sales\nDescription: Buyers\nHoursOfOperationId: ${hours:Day}\nMaxContacts: 5\n",
);

const QUICK: (&str, &str) = (
    "connect/quick-connects/Help.yaml",
    "Name: Help\nDescription: Outside\nQuickConnectConfig:\n  QuickConnectType: PHONE_NUMBER\n  PhoneConfig:\n    PhoneNumber: \"+15550100099\"\n",
);

const PROFILE: &str = "Name: Agents\nDescription: Everybody\nMediaConcurrencies:\n- Channel: CHAT\n  Concurrency: 2\n  CrossChannelBehavior:\n    BehaviorType: ROUTE_ANY_CHANNEL\n- Channel: VOICE\n  Concurrency: 1\nDefaultOutboundQueueId: ${queue:Sales}\n";

fn profile(rest: &str) -> String {
    format!("{PROFILE}{rest}")
}

#[test]
fn queue_status_and_caller_id_follow_the_document() {
    let mut scene = Scene::new();
    let (number, _) = scene.number();
    scene.bind("phone", "Main line", &number);
    let caller = "Name: Sales\nHoursOfOperationId: ${hours:Day}\nOutboundCallerConfig:\n  OutboundCallerIdName: ACME\n  OutboundCallerIdNumberId: ${phone:Main line}\n  OutboundFlowId: ${flow:Default outbound}\nStatus: DISABLED\n";
    let files = [HOURS, ("connect/queues/Sales.yaml", caller)];
    let made = scene.apply(&files);
    assert_eq!(made, ["CreateHoursOfOperation", "CreateQueue", "UpdateQueueStatus"]);
    scene.exports(&files);
    let mut changed = scene.apply(&[HOURS, SALES]);
    changed.sort();
    let expected = [
        "UpdateQueueMaxContacts",
        "UpdateQueueName",
        "UpdateQueueOutboundCallerConfig",
        "UpdateQueueStatus",
    ];
    assert_eq!(changed, expected);
    scene.exports(&[HOURS, SALES]);
    let bare = "Name: Sales\nHoursOfOperationId: ${hours:Day}\nStatus: ENABLED\n";
    let bare = [HOURS, (SALES.0, bare)];
    assert_eq!(scene.apply(&bare), ["UpdateQueueMaxContacts"]);
    let stays = &scene.plan(&bare).expect("a plan").findings[0];
    assert!(stays.message.contains("`Description` stays"), "{}", stays.message);
}

#[test]
fn more_quick_connects_than_a_call_takes_go_in_batches() {
    let scene = Scene::new();
    let names: Vec<String> = (0..60).map(|n| format!("Help {n:02}")).collect();
    let texts: Vec<(String, String)> = names
        .iter()
        .map(|n| {
            let path =
                format!("connect/quick-connects/{}.yaml", n.to_lowercase().replace(' ', "-"));
            (path, QUICK.1.replace("Name: Help", &format!("Name: {n}")))
        })
        .collect();
    let list: String = names.iter().map(|n| format!("- ${{quick-connect:{n}}}\n")).collect();
    let queue = format!("{}QuickConnectIds:\n{list}", SALES.1);
    let mut files: Vec<(&str, &str)> = vec![HOURS, (SALES.0, &queue)];
    files.extend(texts.iter().map(|(p, t)| (p.as_str(), t.as_str())));
    let made = scene.apply(&files);
    assert_eq!(made.iter().filter(|o| *o == "AssociateQueueQuickConnects").count(), 2);
    scene.exports(&files[..2]);
    files[1] = SALES;
    let gone = scene.apply(&files);
    assert_eq!(gone, ["DisassociateQueueQuickConnects"; 2]);
}

#[test]
fn quick_connects_of_every_type() {
    let mut scene = Scene::new();
    let flows = scene.connect("ListContactFlows", json!({}));
    let flow_of = |kind: &str| {
        let rows = flows["ContactFlowSummaryList"].as_array().expect("flows");
        let row = rows.iter().find(|r| r["ContactFlowType"] == kind).expect("a flow of the type");
        row["Name"].as_str().expect("a name").to_owned()
    };
    let profiles = scene.connect("ListRoutingProfiles", json!({}));
    let security = scene.connect("ListSecurityProfiles", json!({}));
    scene.connect(
        "CreateUser",
        json!({
            "Username": "alice",
            "PhoneConfig": { "PhoneType": "SOFT_PHONE" },
            "RoutingProfileId": profiles["RoutingProfileSummaryList"][0]["Id"],
            "SecurityProfileIds": [security["SecurityProfileSummaryList"][0]["Id"]],
        }),
    );
    scene.bind("user", "Supervisor", "alice");
    scene.bind("phone", "Partner", "+15550100042");
    let text = |name: &str, kind: &str, config: &str| {
        format!("Name: {name}\nQuickConnectConfig:\n  QuickConnectType: {kind}\n{config}")
    };
    let agent = flow_of("AGENT_TRANSFER");
    let queue = flow_of("QUEUE_TRANSFER");
    let user = text(
        "User",
        "USER",
        &format!(
            "  UserConfig:\n    UserId: ${{user:Supervisor}}\n    ContactFlowId: ${{flow:{agent}}}\n"
        ),
    );
    let queue = text(
        "Queue",
        "QUEUE",
        &format!(
            "  QueueConfig:\n    QueueId: ${{queue:Sales}}\n    ContactFlowId: ${{flow:{queue}}}\n"
        ),
    );
    let partner = text(
        "Partner",
        "PHONE_NUMBER",
        "  PhoneConfig:\n    PhoneNumber: ${phone.number:Partner}\n",
    );
    let files = [
        HOURS,
        SALES,
        QUICK,
        ("connect/quick-connects/Partner.yaml", partner.as_str()),
        ("connect/quick-connects/Queue.yaml", queue.as_str()),
        ("connect/quick-connects/User.yaml", user.as_str()),
    ];
    scene.apply(&files);
    scene.exports(&files);
    let other = QUICK.1.replace("0099", "0098").replace("Outside", "Elsewhere");
    let files = [HOURS, SALES, (QUICK.0, other.as_str())];
    assert_eq!(scene.apply(&files), ["UpdateQuickConnectName", "UpdateQuickConnectConfig"]);
    scene.exports(&files);
}

#[test]
fn routing_profiles_with_more_queues_than_a_call_takes() {
    let scene = Scene::new();
    let queues: Vec<(String, String)> = (0..12)
        .map(|n| {
            (format!("connect/queues/Q{n:02}.yaml"), SALES.1.replace("Sales", &format!("Q{n:02}")))
        })
        .collect();
    let config = |n: usize, delay: u32| {
        format!(
            "- QueueReference:\n    QueueId: ${{queue:Q{n:02}}}\n    Channel: VOICE\n  Priority: 1\n  Delay: {delay}\n"
        )
    };
    let all: String = (0..12).map(|n| config(n, 0)).collect();
    let first = profile(&format!("QueueConfigs:\n{all}"));
    let path = "connect/routing-profiles/Agents.yaml";
    let mut files: Vec<(&str, &str)> = vec![HOURS, SALES, (path, &first)];
    files.extend(queues.iter().map(|(p, t)| (p.as_str(), t.as_str())));
    let made = scene.apply(&files);
    let of = |wanted: &str| made.iter().filter(|o| *o == wanted).count();
    assert_eq!((of("CreateRoutingProfile"), of("AssociateRoutingProfileQueues")), (1, 1));
    scene.exports(&files[..3]);
    let less: String = (0..11).map(|n| config(n, u32::from(n == 3) * 30)).collect();
    let second = profile(&format!("QueueConfigs:\n{less}"))
        .replace("Everybody", "Most")
        .replace("Concurrency: 2", "Concurrency: 3")
        .replace("OutboundQueueId: ${queue:Sales}", "OutboundQueueId: ${queue:Q00}")
        .replace("MediaC", "AgentAvailabilityTimer: TIME_SINCE_LAST_INBOUND\nMediaC");
    files[2] = (path, &second);
    let changed = scene.apply(&files);
    let expected = [
        "UpdateRoutingProfileName",
        "UpdateRoutingProfileConcurrency",
        "UpdateRoutingProfileDefaultOutboundQueue",
        "UpdateRoutingProfileAgentAvailabilityTimer",
        "UpdateRoutingProfileQueues",
        "DisassociateRoutingProfileQueues",
    ];
    assert_eq!(changed, expected);
    scene.exports(&files[..3]);
    files[2] = (path, &first);
    assert_eq!(scene.apply(&files).len(), 6);
}
