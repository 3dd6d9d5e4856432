//! Projects for the tests: flows, modules and queues that name each other, and one with every kind.

use crate::stage::{Stage, Text};
use serde_json::{Value, json};
use trunkline_testkit::seed;

/// One block: type and parameters.
type Block = (&'static str, Value);

fn content(blocks: Vec<Block>, end: &str) -> Value {
    let mut actions: Vec<Value> = Vec::new();
    let count = blocks.len();
    for (number, (name, parameters)) in blocks.into_iter().enumerate() {
        let next = match number + 1 < count {
            true => format!("b{}", number + 1),
            false => "end".to_owned(),
        };
        actions.push(json!({
            "Identifier": format!("b{number}"), "Type": name, "Parameters": parameters,
            "Transitions": { "NextAction": next, "Conditions": [],
                "Errors": [{ "NextAction": "end", "ErrorType": "NoMatchingError" }] },
        }));
    }
    actions.push(json!({ "Identifier": "end", "Type": end, "Parameters": {}, "Transitions": {} }));
    let start = if count > 0 { "b0" } else { "end" };
    json!({ "Version": "2019-10-30", "StartAction": start, "Actions": actions })
}

/// The block that goes to a flow.
pub fn to_flow(name: &str) -> Block {
    ("TransferToFlow", json!({ "ContactFlowId": format!("${{flow:{name}}}") }))
}

/// The block that calls a module.
pub fn to_module(name: &str) -> Block {
    ("InvokeFlowModule", json!({ "FlowModuleId": format!("${{module:{name}}}") }))
}

/// The block that chooses a queue.
pub fn to_queue(name: &str) -> Block {
    ("UpdateContactTargetQueue", json!({ "QueueId": format!("${{queue:{name}}}") }))
}

/// The block that says something.
pub fn say(text: &str) -> Block {
    ("MessageParticipant", json!({ "Text": text }))
}

/// A flow's document.
pub fn flow(name: &str, flow_type: &str, status: &str, blocks: Vec<Block>) -> Text {
    let end =
        if flow_type.ends_with("WHISPER") { "EndFlowExecution" } else { "DisconnectParticipant" };
    let document = json!({
        "name": name, "type": flow_type, "status": status, "content": content(blocks, end),
    });
    (format!("connect/flows/{name}.json"), document.to_string())
}

/// A published inbound flow.
pub fn inbound(name: &str, blocks: Vec<Block>) -> Text {
    flow(name, "CONTACT_FLOW", "published", blocks)
}

/// A module's document.
pub fn module(name: &str, blocks: Vec<Block>) -> Text {
    let mut content = content(blocks, "EndFlowModuleExecution");
    content["Settings"] =
        json!({ "InputParameters": [], "OutputParameters": [], "Transitions": [] });
    let document = json!({ "name": name, "status": "published", "content": content });
    (format!("connect/modules/{name}.json"), document.to_string())
}

/// A document in YAML.
pub fn yaml(path: &str, text: &str) -> Text {
    (format!("connect/{path}.yaml"), text.to_owned())
}

/// Hours that everything else can name.
pub fn hours() -> Text {
    yaml(
        "hours/Day",
        "Name: Day\nTimeZone: UTC\nConfig:\n- Day: MONDAY\n  StartTime:\n    Hours: 9\n    Minutes: 0\n  EndTime:\n    Hours: 17\n    Minutes: 0\n",
    )
}

/// A queue, with further fields.
pub fn queue(name: &str, more: &str) -> Text {
    yaml(
        &format!("queues/{name}"),
        &format!("Name: {name}\nHoursOfOperationId: ${{hours:Day}}\n{more}"),
    )
}

/// A queue whose outbound calls begin with a whisper.
pub fn whispering(name: &str, flow: &str) -> Text {
    queue(name, &format!("OutboundCallerConfig:\n  OutboundFlowId: ${{flow:{flow}}}\n"))
}

/// A quick connect that leads to a queue.
pub fn to_queue_quickly(name: &str, queue: &str, flow: &str) -> Text {
    yaml(
        &format!("quick-connects/{name}"),
        &format!(
            "Name: {name}\nQuickConnectConfig:\n  QuickConnectType: QUEUE\n  QueueConfig:\n    QueueId: ${{queue:{queue}}}\n    ContactFlowId: ${{flow:{flow}}}\n"
        ),
    )
}

/// What a target has beside the instance: functions, bots, numbers, buckets; and what binds to them.
pub fn outside(stage: &mut Stage) {
    let bind = |stage: &mut Stage, kind: &str, name: &str, value: &str| {
        stage.bindings.bind(kind, name, trunkline_center::Bound::Value(value.to_owned()));
    };
    seed::function(&stage.cloud, "lookup");
    seed::bot_alias(&stage.cloud, &seed::bot(&stage.cloud, "Concierge"), "live");
    stage.cloud.must("s3", "CreateBucket", json!({ "Bucket": "acme-recordings" }));
    let arn = stage.instance.arn.clone();
    let free =
        json!({ "TargetArn": arn, "PhoneNumberCountryCode": "US", "PhoneNumberType": "DID" });
    let free = stage.cloud.must("connect", "SearchAvailablePhoneNumbers", free);
    let number = free["AvailableNumbersList"][0]["PhoneNumber"].as_str().expect("a number");
    stage.cloud.must(
        "connect",
        "ClaimPhoneNumber",
        json!({ "TargetArn": arn, "PhoneNumber": number }),
    );
    bind(stage, "phone", "Main line", number);
    bind(stage, "bucket", "recordings", "acme-recordings");
    bind(stage, "key", "main", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----");
    bind(stage, "arn", "records", "arn:aws:kinesis:us-west-2:111122223333:stream/records");
}

/// One project with every kind, with cycles, prompts, a draft, and a flow that the service will not publish.
pub fn everything() -> Vec<Text> {
    let lambda = json!({
        "LambdaFunctionARN": "${lambda:lookup}", "InvocationTimeLimitSeconds": "3",
        "ResponseValidation": { "ResponseType": "STRING_MAP" },
    });
    let prompt = ("MessageParticipant", json!({ "PromptId": "${prompt:Hello}" }));
    let metric = ("GetMetricData", json!({ "QueueId": "${queue:Sales}" }));
    let view = json!({
        "name": "Card", "status": "published",
        "content": { "actions": ["Next"], "template": { "Head": { "Label": "One" }, "Body": [] } },
    });
    let mut files = vec![
        hours(),
        yaml(
            "hours-overrides/x",
            "Name: Closed days\nHoursOfOperationId: ${hours:Day}\nOverrideType: CLOSED\nEffectiveFrom: '2027-12-25'\nEffectiveTill: '2027-12-26'\n",
        ),
        yaml("prompts/Hello", "Name: Hello\nDescription: Says hello\nAudio: Hello.wav\n"),
        ("connect/prompts/Hello.wav".to_owned(), "RIFF1".to_owned()),
        yaml("predefined-attributes/Skill", "Name: Skill\nValues:\n- Tax\n- Loans\n"),
        yaml("agent-statuses/Lunch", "Name: Lunch\nDescription: Away\n"),
        yaml("user-hierarchy/Levels", "Name: Levels\nLevelOne: Region\nLevelTwo: Team\n"),
        yaml("hierarchy-groups/EMEA", "Name: EMEA\n"),
        yaml("hierarchy-groups/EH", "Name: Help\nParentGroupId: ${hierarchy-group:EMEA}\n"),
        yaml(
            "security-profiles/Coach",
            "Name: Coach\nDescription: Listens in\nPermissions:\n- BasicAgentAccess\n",
        ),
        yaml("instance/attributes", "Name: attributes\nAttributes:\n  CONTACTFLOW_LOGS: true\n"),
        yaml(
            "storage-configs/call_recordings",
            "Name: CALL_RECORDINGS\nStorageType: S3\nS3Config:\n  BucketName: ${bucket:recordings}\n  BucketPrefix: calls\n",
        ),
        yaml(
            "storage-configs/contact_trace_records",
            "Name: CONTACT_TRACE_RECORDS\nStorageType: KINESIS_STREAM\nKinesisStreamConfig:\n  StreamArn: ${arn:records}\n",
        ),
        yaml(
            "approved-origins/desk",
            "Name: https://desk.example.com\nOrigin: https://desk.example.com\n",
        ),
        yaml("security-keys/main", "Name: main\nKey: ${key:main}\n"),
        yaml("lambda-associations/lookup", "Name: lookup\nFunction: ${lambda:lookup}\n"),
        yaml("bot-associations/x", "Name: Concierge/live\nBot: ${lex:Concierge/live}\n"),
        yaml(
            "phone-flows/main-line",
            "Name: Main line\nPhoneNumberId: ${phone:Main line}\nContactFlowId: ${flow:Main}\n",
        ),
        yaml(
            "quick-connects/Partner",
            "Name: Partner\nQuickConnectConfig:\n  QuickConnectType: PHONE_NUMBER\n  PhoneConfig:\n    PhoneNumber: \"+15550100099\"\n",
        ),
        yaml(
            "routing-profiles/Agents",
            "Name: Agents\nDescription: Everybody\nMediaConcurrencies:\n- Channel: VOICE\n  Concurrency: 1\nDefaultOutboundQueueId: ${queue:Sales}\nQueueConfigs:\n- QueueReference:\n    QueueId: ${queue:Sales}\n    Channel: VOICE\n  Priority: 1\n  Delay: 0\n",
        ),
        yaml(
            "users/alice",
            "Name: alice\nIdentityInfo:\n  FirstName: Alice\n  LastName: Doe\nPhoneConfig:\n  PhoneType: SOFT_PHONE\nRoutingProfileId: ${routing-profile:Agents}\nSecurityProfileIds:\n- ${security-profile:Coach}\nUserProficiencies:\n- AttributeName: Skill\n  AttributeValue: Tax\n  Level: 3\n",
        ),
        ("connect/views/Card.json".to_owned(), view.to_string()),
        queue(
            "Sales",
            "OutboundCallerConfig:\n  OutboundFlowId: ${flow:Whisper}\nQuickConnectIds:\n- ${quick-connect:Partner}\n- ${quick-connect:Sell}\n",
        ),
        to_queue_quickly("Sell", "Sales", "Handover"),
        flow("Whisper", "OUTBOUND_WHISPER", "published", vec![metric]),
        flow("Handover", "QUEUE_TRANSFER", "published", vec![to_queue("Sales")]),
        inbound(
            "Main",
            vec![prompt, ("InvokeLambdaFunction", lambda), to_module("Ask"), to_flow("Menu")],
        ),
        inbound("Menu", vec![to_queue("Sales"), to_flow("Main")]),
        inbound("Again", vec![to_flow("Again")]),
        module("Ask", vec![say("Who are you?"), to_module("Answer")]),
        module("Answer", vec![to_module("Ask")]),
        flow("Later", "CONTACT_FLOW", "saved", vec![say("Not yet"), to_flow("Main")]),
    ];
    files.push(refused());
    files
}

/// A flow that the service keeps as a draft only: a block says a thing in two ways.
pub fn refused() -> Text {
    let blocks =
        vec![("MessageParticipant", json!({ "Text": "Hello", "SSML": "<speak>Hello</speak>" }))];
    inbound("Broken", blocks)
}

/// What the second version says instead: path, text of the first, text of the second.
const SECOND: &[(&str, &str, &str)] = &[
    ("hours/Day", "Hours: 17", "Hours: 18"),
    ("hours/Day", "TimeZone: UTC", "Description: By day\nTimeZone: Europe/Paris"),
    ("hours-overrides/x", "'2027-12-26'", "'2027-12-28'"),
    ("prompts/Hello.yaml", "Says hello", "Greets"),
    ("prompts/Hello.wav", "RIFF1", "RIFF2"),
    ("predefined-attributes/Skill", "- Loans", "- Cards"),
    ("agent-statuses/Lunch", "Away", "Eating"),
    ("user-hierarchy/Levels", "LevelTwo: Team", "LevelTwo: Group\nLevelThree: Desk"),
    ("security-profiles/Coach", "Listens in", "Listens"),
    ("security-profiles/Coach", "- BasicAgentAccess", "- BasicAgentAccess\n- OutboundCallAccess"),
    ("instance/attributes", "CONTACTFLOW_LOGS: true", "CONTACTFLOW_LOGS: false"),
    ("storage-configs/call_recordings", "calls", "voices"),
    ("phone-flows/main-line", "${flow:Main}", "${flow:Extra}"),
    ("quick-connects/Partner", "+15550100099", "+15550100098"),
    ("quick-connects/Sell", "Name: Sell", "Name: Sell\nDescription: To the sellers"),
    ("routing-profiles/Agents", "Priority: 1", "Priority: 2"),
    ("routing-profiles/Agents", "Everybody", "All"),
    (
        "routing-profiles/Agents",
        "Concurrency: 1",
        "Concurrency: 1\n- Channel: CHAT\n  Concurrency: 2",
    ),
    ("users/alice", "LastName: Doe", "LastName: Roe"),
    (
        "users/alice",
        "- ${security-profile:Coach}",
        "- ${security-profile:Coach}\n- ${security-profile:Lead}",
    ),
    ("users/alice", "PhoneConfig", "HierarchyGroupId: ${hierarchy-group:EMEA/Help}\nPhoneConfig"),
    ("users/alice", "AttributeValue: Tax\n  Level: 3", "AttributeValue: Cards\n  Level: 4"),
    ("views/Card", "\"Next\"", "\"Next\",\"Back\""),
    ("queues/Sales", "Name: Sales", "Name: Sales\nMaxContacts: 20\nTags:\n  team: sales"),
    ("queues/Sales", "- ${quick-connect:Partner}", "- ${quick-connect:Other}"),
    ("queues/Sales", "${flow:Whisper}", "${flow:Softly}"),
    ("flows/Menu", "b0", "first"),
    ("flows/Again", "\"status\"", "\"description\":\"Round\",\"tags\":{\"team\":\"x\"},\"status\""),
    ("flows/Handover", "\"status\"", "\"state\":\"archived\",\"status\""),
    ("flows/Main", "${prompt:Hello}", "${prompt:Welcome}"),
    ("flows/Later", "Not yet", "Soon"),
    ("flows/Broken", "Hello", "Hello there"),
    ("modules/Ask", "Who are you?", "Who is there?"),
];

/// The second version of the project: another value in every kind, and further resources that name each other.
pub fn second() -> Vec<Text> {
    let mut files = everything();
    for (path, old, new) in SECOND {
        let found = files.iter_mut().find(|(p, _)| p.contains(path)).expect("the path");
        assert!(found.1.contains(old), "{path} lacks {old}: {}", found.1);
        found.1 = found.1.replace(old, new);
    }
    files.extend([
        yaml("prompts/Welcome", "Name: Welcome\nDescription: Says welcome\nAudio: Hello.wav\n"),
        yaml(
            "quick-connects/Other",
            "Name: Other\nQuickConnectConfig:\n  QuickConnectType: QUEUE\n  QueueConfig:\n    QueueId: ${queue:Service}\n    ContactFlowId: ${flow:Over}\n",
        ),
        queue("Service", "QuickConnectIds:\n- ${quick-connect:Other}\n"),
        yaml("security-profiles/Lead", "Name: Lead\nDescription: Leads\nPermissions:\n- BasicAgentAccess\n"),
        yaml("hierarchy-groups/EHD", "Name: Desk\nParentGroupId: ${hierarchy-group:EMEA/Help}\n"),
        yaml(
            "approved-origins/other",
            "Name: https://other.example.com\nOrigin: https://other.example.com\n",
        ),
        inbound("Extra", vec![to_flow("More"), to_queue("Service"), to_module("New")]),
        inbound("More", vec![to_flow("Extra"), to_flow("Main")]),
        flow("Over", "QUEUE_TRANSFER", "published", vec![to_queue("Service"), to_flow("Menu")]),
        flow("Softly", "OUTBOUND_WHISPER", "published", vec![say("Hush")]),
        module("New", vec![say("New"), to_module("Ask")]),
    ]);
    files
}
