//! The lab without HTTP: strict roles, replay of the log, seeds.

mod support;

use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Arc, Mutex};
use support::request;
use trunkline_lab::{Deed, Event, Fault, Lab, Options, Principal, Request};
use trunkline_model::Region;

const NOW: &str = "2026-11-21T03:00:00Z";

fn call(lab: &Lab, request: &Request) -> Result<Value, String> {
    let outcome = lab.handle(request, NOW.parse().expect("a time"));
    outcome.map(|o| o.members).map_err(|f| f.name)
}

fn bot(name: &str) -> Request {
    let input = json!({"botName": name, "roleArn": "arn:aws:iam::111122223333:role/bot",
        "dataPrivacy": {"childDirected": false}, "idleSessionTTLInSeconds": 300});
    request("111122223333", "lexv2-models", "CreateBot", input)
}

fn role(account: &str, trusted: &str, policy: &Value) -> [Request; 2] {
    let trust = json!({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": trusted}, "Condition": {"StringEquals": {"sts:ExternalId": "acme"}}}]});
    let create = json!({"RoleName": "deploy", "AssumeRolePolicyDocument": trust.to_string()});
    let put =
        json!({"RoleName": "deploy", "PolicyName": "p", "PolicyDocument": policy.to_string()});
    [request(account, "iam", "CreateRole", create), request(account, "iam", "PutRolePolicy", put)]
}

#[test]
fn strict_roles_must_exist_trust_and_allow() {
    let lab = Lab::open(Options { strict_roles: true, ..Options::default() }).expect("a lab");
    let assume = |account: &str, external_id: &str| {
        let input = json!({"RoleArn": "arn:aws:iam::222233334444:role/deploy", "RoleSessionName": "run",
            "ExternalId": external_id});
        call(&lab, &request(account, "sts", "AssumeRole", input))
    };
    assert_eq!(assume("111122223333", "acme"), Err("AccessDenied".to_owned()), "no such role yet");
    let policy =
        json!({"Statement": [{"Effect": "Allow", "Action": "connect:List*", "Resource": "*"}]});
    for step in role("222233334444", "arn:aws:iam::111122223333:root", &policy) {
        call(&lab, &step).expect("the role is made");
    }
    assert_eq!(assume("333344445555", "acme"), Err("AccessDenied".to_owned()), "not trusted");
    assert_eq!(
        assume("111122223333", "other"),
        Err("AccessDenied".to_owned()),
        "wrong external id"
    );
    let assumed = assume("111122223333", "acme").expect("the role may be assumed");
    let arn = assumed["AssumedRoleUser"]["Arn"].as_str().expect("an ARN").to_owned();
    let mut inner = request("222233334444", "connect", "ListInstances", json!({}));
    inner.principal = Principal {
        arn,
        user_id: "AROA:run".to_owned(),
        role: Some("arn:aws:iam::222233334444:role/deploy".to_owned()),
        source_identity: None,
    };
    assert!(call(&lab, &inner).is_ok());
    // Each protocol has its own name and status for it.
    for (service, operation, action, expected) in [
        ("connect", "CreateInstance", "connect:CreateInstance", ("AccessDeniedException", 403)),
        ("cloudtrail", "LookupEvents", "cloudtrail:LookupEvents", ("AccessDeniedException", 400)),
        ("iam", "GetRole", "iam:GetRole", ("AccessDenied", 403)),
    ] {
        (inner.service, inner.operation) = (service.to_owned(), operation.to_owned());
        let refused = lab.handle(&inner, NOW.parse().expect("a time")).expect_err("not allowed");
        assert_eq!((refused.name.as_str(), refused.status), expected, "{operation}");
        let text = format!(
            "User: arn:aws:sts::222233334444:assumed-role/deploy/run is not authorized to perform: {action}"
        );
        assert!(refused.message.starts_with(&text), "{}", refused.message);
    }
}

#[test]
fn a_role_that_was_never_created_is_assumed_with_a_warning() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&events);
    let lab = Lab::open_reporting(Options::default(), move |event| {
        sink.lock().expect("no test panics here").push(event.clone());
    })
    .expect("a lab");
    let input = json!({"RoleArn": "arn:aws:iam::222233334444:role/none", "RoleSessionName": "run"});
    call(&lab, &request("111122223333", "sts", "AssumeRole", input)).expect("it is assumed");
    let events = events.lock().expect("no test panics here");
    assert!(
        matches!(&events[..], [Event::Warning(text)] if text.contains("role/none")),
        "{events:?}"
    );
}

fn kept(folder: &Path) -> Options {
    Options { data: Some(folder.to_owned()), seed: Some(7), ..Options::default() }
}

#[test]
fn the_log_brings_back_the_same_state_and_goes_on_with_fresh_ids() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = request("111122223333", "lexv2-models", "ListBots", json!({}));
    let lab = Lab::open(kept(folder.path())).expect("a lab");
    let first = call(&lab, &bot("One")).expect("a bot");
    call(&lab, &bot("One")).expect_err("a failed request is not kept");
    let before = call(&lab, &list).expect("a list");
    drop(lab);
    let lab = Lab::open(kept(folder.path())).expect("the log is replayed");
    assert_eq!(call(&lab, &list).expect("a list"), before);
    let second = call(&lab, &bot("Two")).expect("another bot");
    assert_ne!(first["botId"], second["botId"]);
}

#[test]
fn a_torn_last_line_is_left_out_and_a_broken_one_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("requests.jsonl");
    let lab = Lab::open(kept(folder.path())).expect("a lab");
    call(&lab, &bot("One")).expect("a bot");
    drop(lab);
    let whole = std::fs::read(&log).expect("a log");
    std::fs::write(&log, [whole.as_slice(), b"{\"account\": \"1111"].concat()).expect("written");
    let lab = Lab::open(kept(folder.path())).expect("the torn line is left out");
    call(&lab, &bot("Two")).expect("another bot");
    drop(lab);
    let lab = Lab::open(kept(folder.path())).expect("the log is whole again");
    let list = request("111122223333", "lexv2-models", "ListBots", json!({}));
    assert_eq!(
        call(&lab, &list).expect("a list")["botSummaries"].as_array().map(Vec::len),
        Some(2)
    );
    drop(lab);
    std::fs::write(&log, [b"nonsense\n", whole.as_slice()].concat()).expect("written");
    let error = Lab::open(kept(folder.path())).err().expect("a broken line is no torn one");
    assert!(error.to_string().contains("line 1"), "{error}");
}

#[test]
fn one_seed_gives_the_same_ids() {
    let id = |seed| {
        let lab = Lab::open(Options { seed: Some(seed), ..Options::default() }).expect("a lab");
        call(&lab, &bot("One")).expect("a bot")["botId"].clone()
    };
    assert_eq!(id(1), id(1));
    assert_ne!(id(1), id(2));
}

#[test]
fn faults_reach_callers_in_memory_only_through_exchange() {
    let lab = Lab::open(Options::default()).expect("a lab");
    let mut fault = Fault::new("*", "*", Deed::Throttle);
    fault.writes = true;
    lab.inject(fault);
    let now = NOW.parse().expect("a time");
    let list = request("111122223333", "lexv2-models", "ListBots", json!({}));
    assert!(
        lab.exchange(&list, now, false).outcome.expect("an answer").is_ok(),
        "reads do not count"
    );
    let refused =
        lab.exchange(&bot("One"), now, false).outcome.expect("an answer").expect_err("a fault");
    assert_eq!((refused.name.as_str(), refused.status), ("ThrottlingException", 429));
    assert!(call(&lab, &bot("One")).is_ok(), "nothing had taken effect");
}

#[test]
fn stacks_replicas_and_events_outlive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || Lab::open(Options { data: Some(folder.path().to_owned()), ..Options::default() });
    let account = "111122223333";
    let template = json!({"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {
        "RoleName": "deploy", "AssumeRolePolicyDocument": {"Statement": []}}}}});
    let stack = json!({"StackName": "roles", "TemplateBody": template.to_string(),
        "Capabilities": ["CAPABILITY_NAMED_IAM"]});
    let instance = json!({"IdentityManagementType": "SAML", "InstanceAlias": "acme",
        "InboundCallsEnabled": true, "OutboundCallsEnabled": true});
    let look = |lab: &Lab| {
        let role = call(lab, &request(account, "iam", "GetRole", json!({"RoleName": "deploy"})));
        let events = call(lab, &request(account, "cloudtrail", "LookupEvents", json!({})));
        let mut east = request(account, "connect", "ListInstances", json!({}));
        east.region = Region::parse("us-east-1").expect("a region");
        (role, events, call(lab, &east))
    };
    let lab = open().expect("a lab");
    call(&lab, &request(account, "cloudformation", "CreateStack", stack)).expect("a stack");
    let made =
        call(&lab, &request(account, "connect", "CreateInstance", instance)).expect("an instance");
    let replica = json!({"InstanceId": made["Id"], "ReplicaRegion": "us-east-1", "ReplicaAlias": "acme-east"});
    call(&lab, &request(account, "connect", "ReplicateInstance", replica)).expect("a replica");
    let before = look(&lab);
    drop(lab);
    let after = look(&open().expect("the lab again"));
    assert_eq!(before, after);
    assert_eq!(after.1.expect("events")["Events"].as_array().map(Vec::len), Some(3));
    assert_eq!(after.2.expect("instances")["InstanceSummaryList"][0]["Id"], made["Id"]);
}
