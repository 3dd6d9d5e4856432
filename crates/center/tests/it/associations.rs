//! What an instance has beside its resources: switches, storage, origins, keys, functions, bots, numbers.

use crate::scene::Scene;
use serde_json::{Value, json};
use trunkline_center::Bound;
use trunkline_testkit::{Blow, seed};

#[test]
fn instance_attributes_change_one_by_one_and_others_stay() {
    let scene = Scene::new();
    let path = "connect/instance/attributes.yaml";
    let before = scene.export();
    let all = before.documents.get("instance-attributes", "attributes").expect("the document");
    let count = all.body["Attributes"].as_object().expect("a map").len();
    assert!(count > 5, "{count} attributes");
    let text = "Name: attributes\nAttributes:\n  CONTACTFLOW_LOGS: true\n  EARLY_MEDIA: false\n";
    assert_eq!(scene.apply(&[(path, text)]), ["UpdateInstanceAttribute"; 2]);
    let turned = text.replace("true", "false");
    assert_eq!(scene.apply(&[(path, &turned)]), ["UpdateInstanceAttribute"]);
    let after = scene.export();
    let all = after.documents.get("instance-attributes", "attributes").expect("the document");
    assert_eq!(all.body["Attributes"].as_object().expect("a map").len(), count);
}

#[test]
fn storage_is_bound_by_environment() {
    let mut scene = Scene::new();
    for bucket in ["acme-recordings", "acme-other"] {
        scene.cloud.must("s3", "CreateBucket", json!({ "Bucket": bucket }));
    }
    scene.bind("bucket", "recordings", "acme-recordings");
    scene.bind("arn", "records", "arn:aws:kinesis:us-west-2:111122223333:stream/records");
    let s3 = "Name: CALL_RECORDINGS\nStorageType: S3\nS3Config:\n  BucketName: ${bucket:recordings}\n  BucketPrefix: calls\n";
    let stream = "Name: CONTACT_TRACE_RECORDS\nStorageType: KINESIS_STREAM\nKinesisStreamConfig:\n  StreamArn: ${arn:records}\n";
    let files = [
        ("connect/storage-configs/call_recordings.yaml", s3),
        ("connect/storage-configs/contact_trace_records.yaml", stream),
    ];
    assert_eq!(scene.apply(&files), ["AssociateInstanceStorageConfig"; 2]);
    let names = |scene: &Scene| {
        let files = scene.export().documents.files();
        let of = |(p, b): (String, Vec<u8>)| {
            p.starts_with("connect/storage-configs/").then(|| String::from_utf8(b).expect("text"))
        };
        files.into_iter().filter_map(of).collect::<Vec<String>>()
    };
    assert_eq!(names(&scene), [s3, stream]);
    let other = s3.replace("calls", "voice");
    let files = [(files[0].0, other.as_str()), files[1]];
    assert_eq!(scene.apply(&files), ["UpdateInstanceStorageConfig"]);
    scene.bind("bucket", "recordings", "acme-other");
    assert_eq!(scene.apply(&files), ["UpdateInstanceStorageConfig"]);
    scene.bindings = trunkline_center::Bindings::default();
    let unnamed = scene.export().unnamed;
    let kinds: Vec<(&str, &str)> =
        unnamed.iter().map(|u| (u.kind.as_str(), u.value.as_str())).collect();
    assert!(kinds.contains(&("bucket", "acme-other")), "{kinds:?}");
}

#[test]
fn a_storage_configuration_that_somebody_changed_is_not_overwritten() {
    let mut scene = Scene::new();
    scene.bind("arn", "records", "arn:aws:kinesis:us-west-2:111122223333:stream/records");
    scene.bind("arn", "other", "arn:aws:kinesis:us-west-2:111122223333:stream/other");
    let path = "connect/storage-configs/agents.yaml";
    let text = "Name: AGENT_EVENTS\nStorageType: KINESIS_STREAM\nKinesisStreamConfig:\n  StreamArn: ${arn:records}\n";
    scene.apply(&[(path, text)]);
    let plan = scene.plan(&[(path, &text.replace("records}", "other}"))]).expect("a plan");
    let check = plan.steps[0].check.as_ref().expect("a read before the write");
    assert_eq!(check.input["ResourceType"], "AGENT_EVENTS");
}

#[test]
fn origins_are_named_by_themselves_or_by_a_binding() {
    let mut scene = Scene::new();
    scene.bind("origin", "crm", "https://crm.example.com");
    let files = [
        ("connect/approved-origins/crm.yaml", "Name: crm\nOrigin: ${origin:crm}\n"),
        (
            "connect/approved-origins/https---desk.example.com.yaml",
            "Name: https://desk.example.com\nOrigin: https://desk.example.com\n",
        ),
    ];
    assert_eq!(scene.apply(&files), ["AssociateApprovedOrigin"; 2]);
    let documents = scene.export().documents;
    for (name, origin) in
        [("crm", "${origin:crm}"), ("https://desk.example.com", "https://desk.example.com")]
    {
        let found = documents.get("approved-origin", name).expect("the document");
        assert_eq!(found.body["Origin"], origin);
    }
    let wrong = [("connect/approved-origins/x.yaml", "Name: crm\nOrigin: https://x.example.com\n")];
    assert_eq!(scene.plan(&wrong).expect_err("refused").0[0].code, "TL0202");
}

#[test]
fn an_association_whose_answer_was_lost_is_not_taken_for_a_conflict() {
    for blow in [Blow::LostAfter, Blow::LostBefore] {
        let scene = Scene::new();
        scene.cloud.fail(1, blow);
        let text = "Name: https://desk.example.com\nOrigin: https://desk.example.com\n";
        let made = scene.apply(&[("connect/approved-origins/desk.yaml", text)]);
        assert_eq!(made, ["AssociateApprovedOrigin"]);
    }
}

#[test]
fn a_security_key_is_a_binding_and_skipped_where_unbound() {
    let mut scene = Scene::new();
    let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
    scene.connect("AssociateSecurityKey", json!({ "Key": pem }));
    let exported = scene.export();
    let document = exported.documents.get("security-key", "key-1").expect("the document");
    assert_eq!(document.body["Key"], "${key:key-1}");
    assert_eq!(exported.unnamed[0].value, pem);
    let file = [("connect/security-keys/main.yaml", "Name: main\nKey: ${key:main}\n")];
    scene.bind("key", "main", &format!("{pem}\n"));
    assert!(scene.plan(&file).expect("a plan").is_empty());
    scene.bindings.bind("key", "main", Bound::Unbound);
    let plan = scene.plan(&file).expect("a plan");
    assert!(plan.is_empty() && plan.findings[0].code == "TL0207");
    scene.bind("key", "main", "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----");
    assert_eq!(scene.apply(&file), ["AssociateSecurityKey"]);
}

/// A flow that calls a function and then hangs up.
fn calling(function: &str) -> String {
    json!({
        "name": "Main",
        "type": "CONTACT_FLOW",
        "status": "published",
        "content": {
            "Version": "2019-10-30",
            "StartAction": "call",
            "Actions": [
                {
                    "Identifier": "call",
                    "Type": "InvokeLambdaFunction",
                    "Parameters": {
                        "LambdaFunctionARN": function,
                        "InvocationTimeLimitSeconds": "3",
                        "ResponseValidation": { "ResponseType": "STRING_MAP" },
                    },
                    "Transitions": {
                        "NextAction": "end",
                        "Errors": [{ "NextAction": "end", "ErrorType": "NoMatchingError" }],
                        "Conditions": [],
                    },
                },
                {
                    "Identifier": "end",
                    "Type": "DisconnectParticipant",
                    "Parameters": {},
                    "Transitions": {},
                },
            ],
        },
    })
    .to_string()
}

#[test]
fn flows_wait_for_the_functions_that_they_call() {
    let mut scene = Scene::new();
    scene.bindings.bind_all("lambda", ("", ""), "{name}-test");
    seed::function(&scene.cloud, "lookup-test");
    let flow = calling("${lambda:lookup}");
    let files = [
        ("connect/flows/main.json", flow.as_str()),
        ("connect/lambda-associations/lookup.yaml", "Name: lookup\nFunction: ${lambda:lookup}\n"),
    ];
    let steps = scene.apply(&files);
    assert_eq!(steps, ["AssociateLambdaFunction", "CreateContactFlow"]);
    scene.exports(&files[1..]);
}

#[test]
fn bots_are_named_by_bot_and_alias() {
    let scene = Scene::new();
    seed::bot_alias(&scene.cloud, &seed::bot(&scene.cloud, "Concierge"), "live");
    let text = "Name: Concierge/live\nBot: ${lex:Concierge/live}\n";
    assert_eq!(scene.apply(&[("connect/bot-associations/x.yaml", text)]), ["AssociateBot"]);
    let documents = scene.export().documents;
    let found = documents.get("bot-association", "Concierge/live").expect("the document");
    assert_eq!(found.body["Bot"], "${lex:Concierge/live}");
}

#[test]
fn a_number_leads_to_its_flow_last_and_is_skipped_where_unbound() {
    let mut scene = Scene::new();
    let (number, id) = scene.number();
    scene.bind("phone", "Main line", &number);
    seed::function(&scene.cloud, "lookup");
    let flow = calling("${lambda:lookup}");
    let files = [
        (
            "connect/phone-flows/main-line.yaml",
            "Name: Main line\nPhoneNumberId: ${phone:Main line}\nContactFlowId: ${flow:Main}\n",
        ),
        ("connect/flows/main.json", flow.as_str()),
        ("connect/lambda-associations/lookup.yaml", "Name: lookup\nFunction: ${lambda:lookup}\n"),
    ];
    let steps = scene.apply(&files);
    assert_eq!(steps.last().map(String::as_str), Some("AssociatePhoneNumberContactFlow"));
    let rows =
        scene.connect("ListFlowAssociations", json!({ "ResourceType": "VOICE_PHONE_NUMBER" }));
    let row = &rows["FlowAssociationSummaryList"][0];
    assert!(row["ResourceId"].as_str().is_some_and(|r| r.contains(&id)), "{row}");
    let elsewhere =
        files[0].1.replace("flow:Main}", "flow:Sample inbound flow (first contact experience)}");
    let other = [(files[0].0, elsewhere.as_str())];
    assert_eq!(scene.apply(&other), ["AssociatePhoneNumberContactFlow"]);
    scene.bindings.bind("phone", "Main line", Bound::Unbound);
    let plan = scene.plan(&files).expect("a plan");
    assert!(plan.steps.iter().all(|s| s.kind != "phone-flow"));
    assert_eq!(plan.findings[0].code, "TL0207");
    scene.bindings = trunkline_center::Bindings::default();
    let exported = scene.export();
    let named = exported.unnamed.iter().find(|u| u.value == number).expect("a proposal");
    let found = exported.documents.get("phone-flow", &named.name).expect("named by the proposal");
    assert_eq!(found.body["PhoneNumberId"], format!("${{phone:{}}}", named.name));
}

#[test]
fn users_are_made_for_saml_only() {
    let user = "Name: alice\nIdentityInfo:\n  FirstName: Alice\n  LastName: Doe\nPhoneConfig:\n  PhoneType: SOFT_PHONE\nRoutingProfileId: ${routing-profile:Basic Routing Profile}\nSecurityProfileIds:\n- ${security-profile:Agent}\n";
    let path = "connect/users/alice.yaml";
    let mut scene = Scene::new();
    scene.read.include.insert("user".to_owned());
    assert_eq!(scene.apply(&[(path, user)]), ["CreateUser"]);
    let made = scene.snapshot(None);
    let alice = made.get("user", "alice").expect("the user");
    assert_eq!(alice.body["IdentityInfo"]["LastName"], Value::from("Doe"));
    let changed = user
        .replace("Doe", "Roe")
        .replace("SOFT_PHONE", "DESK_PHONE\n  DeskPhoneNumber: \"+15550100077\"")
        .replace("profile:Agent", "profile:CallCenterManager");
    let steps = scene.apply(&[(path, &changed)]);
    let expected =
        ["UpdateUserIdentityInfo", "UpdateUserPhoneConfig", "UpdateUserSecurityProfiles"];
    assert_eq!(steps, expected);
    scene.connect(
        "CreatePredefinedAttribute",
        json!({ "Name": "Language", "Values": { "StringList": ["English", "German"] } }),
    );
    let skill = |value: &str, level: u32| {
        format!("- AttributeName: Language\n  AttributeValue: {value}\n  Level: {level}\n")
    };
    let with = |skills: String| format!("{changed}UserProficiencies:\n{skills}");
    let (first, second) =
        (with(skill("English", 3)), with(skill("English", 4) + &skill("German", 1)));
    assert_eq!(scene.apply(&[(path, &first)]), ["AssociateUserProficiencies"]);
    let steps = scene.apply(&[(path, &second)]);
    assert_eq!(steps, ["AssociateUserProficiencies", "UpdateUserProficiencies"]);
    assert_eq!(scene.apply(&[(path, &changed)]), ["DisassociateUserProficiencies"]);
    let mut scene = Scene::with_identity("CONNECT_MANAGED");
    scene.read.include.insert("user".to_owned());
    assert_eq!(scene.plan(&[(path, user)]).expect_err("refused").0[0].code, "TL0406");
}
