//! SQS: how long messages hide, who may receive, what the log brings back, and answers that wait.

mod support;

use serde_json::{Value, json};
use std::time::Instant;
use support::{Call, account, serve};
use trunkline_lab::{Lab, Options, Principal, Request};

const ACCOUNT: &str = "111122223333";
const URL: &str = "http://lab.localhost/111122223333/events";

fn request(service: &str, operation: &str, input: Value) -> Request {
    support::request(ACCOUNT, service, operation, input)
}

fn at(lab: &Lab, second: u32, operation: &str, mut input: Value) -> Result<Value, String> {
    if input.get("QueueName").is_none() {
        input["QueueUrl"] = json!(URL);
    }
    let time = format!("2026-02-03T10:00:{second:02}Z").parse().expect("a time");
    let outcome = lab.handle(&request("sqs", operation, input), time);
    outcome.map(|o| o.members).map_err(|f| f.name)
}

/// Bodies and receipt handles of what is received.
fn receive(lab: &Lab, second: u32) -> Vec<(String, Value)> {
    let input = json!({"MaxNumberOfMessages": 10, "AttributeNames": ["All"]});
    let answer = at(lab, second, "ReceiveMessage", input).expect("a receipt");
    let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
    let parts =
        |m: &Value| (m["Body"].as_str().expect("a text").to_owned(), m["ReceiptHandle"].clone());
    messages.iter().map(parts).collect()
}

fn queue(lab: &Lab, attributes: Value) {
    let input = json!({"QueueName": "events", "Attributes": attributes});
    let made = at(lab, 0, "CreateQueue", input).expect("a queue");
    assert_eq!(made["QueueUrl"], URL);
}

#[test]
fn a_received_message_hides_for_a_while_and_is_gone_once_deleted() {
    let lab = Lab::open(Options::default()).expect("a lab");
    queue(&lab, json!({"VisibilityTimeout": "10"}));
    for (body, delay) in [("one", 0), ("two", 15)] {
        let input = json!({"MessageBody": body, "DelaySeconds": delay});
        at(&lab, 0, "SendMessage", input).expect("it is sent");
    }
    let first = receive(&lab, 1);
    assert_eq!(first.len(), 1, "the other one is delayed");
    assert_eq!(receive(&lab, 10), []);
    let again = receive(&lab, 11);
    assert_eq!(again[0].0, "one");
    assert_ne!(again[0].1, first[0].1, "each receipt has a handle of its own");
    let hide = |second, seconds: u32| {
        let input = json!({"ReceiptHandle": again[0].1, "VisibilityTimeout": seconds});
        at(&lab, second, "ChangeMessageVisibility", input)
    };
    hide(12, 0).expect("it is in flight");
    assert_eq!(hide(12, 5), Err("MessageNotInflight".to_owned()));
    assert_eq!(receive(&lab, 12).len(), 1);
    at(&lab, 13, "DeleteMessage", json!({"ReceiptHandle": again[0].1})).expect("it is deleted");
    let left: Vec<String> = receive(&lab, 40).into_iter().map(|(body, _)| body).collect();
    assert_eq!(left, ["two"]);
}

#[test]
fn messages_survive_a_restart_and_deleted_ones_do_not_come_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = Options { data: Some(folder.path().to_owned()), ..Options::default() };
    let lab = Lab::open(options.clone()).expect("a lab");
    queue(&lab, json!({}));
    for body in ["one", "two"] {
        at(&lab, 0, "SendMessage", json!({"MessageBody": body})).expect("it is sent");
    }
    let received = receive(&lab, 1);
    at(&lab, 2, "DeleteMessage", json!({"ReceiptHandle": received[0].1})).expect("it is deleted");
    drop(lab);
    let lab = Lab::open_reporting(options, |event| panic!("{event:?}")).expect("a lab");
    let left: Vec<String> = receive(&lab, 3).into_iter().map(|(body, _)| body).collect();
    assert_eq!(left, ["two"], "who had received it is not kept");
}

#[test]
fn a_role_receives_from_the_queues_that_its_policy_names() {
    let lab = Lab::open(Options { strict_roles: true, ..Options::default() }).expect("a lab");
    queue(&lab, json!({}));
    let policy = json!({"Statement": [{"Effect": "Allow",
        "Action": ["sqs:ReceiveMessage", "sqs:GetQueueUrl"],
        "Resource": "arn:aws:sqs:us-west-2:111122223333:events"}]});
    let trust = json!({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}]});
    let role = json!({"RoleName": "serve", "AssumeRolePolicyDocument": trust.to_string()});
    let put = json!({"RoleName": "serve", "PolicyName": "p", "PolicyDocument": policy.to_string()});
    let now = "2026-02-03T10:00:00Z".parse().expect("a time");
    for (operation, input) in [("CreateRole", role), ("PutRolePolicy", put)] {
        lab.handle(&request("iam", operation, input), now).expect("a role");
    }
    let check = |operation: &str, input: Value, allowed: bool| {
        let mut request = request("sqs", operation, input);
        request.principal = Principal {
            arn: "arn:aws:sts::111122223333:assumed-role/serve/run".to_owned(),
            user_id: "AROA:run".to_owned(),
            role: Some("arn:aws:iam::111122223333:role/serve".to_owned()),
            source_identity: None,
        };
        let outcome = lab.handle(&request, now).map_err(|failure| failure.name);
        let denied = outcome == Err("AccessDeniedException".to_owned());
        assert_eq!(denied, !allowed, "{operation}: {outcome:?}");
    };
    check("GetQueueUrl", json!({"QueueName": "events"}), true);
    check("ReceiveMessage", json!({"QueueUrl": URL}), true);
    check("SendMessage", json!({"QueueUrl": URL, "MessageBody": "a"}), false);
    check("ReceiveMessage", json!({"QueueUrl": URL.replace("events", "other")}), false);
}

#[test]
fn a_receipt_waits_until_a_message_comes_or_its_time_is_over() {
    let served = serve(Options::default());
    let keys = account(ACCOUNT);
    let now = || jiff::Timestamp::now();
    let input = json!({"QueueName": "events"});
    served.lab.handle(&request("sqs", "CreateQueue", input), now()).expect("a queue");
    let receive = |seconds: u32| {
        let body = json!({"QueueUrl": URL, "WaitTimeSeconds": seconds}).to_string();
        // The header that names the operation is beside what is signed.
        let kind = "application/x-amz-json-1.0\r\nx-amz-target: AmazonSQS.ReceiveMessage";
        let call = Call {
            keys: &keys,
            region: "us-west-2",
            service: "sqs",
            method: "POST",
            path: "/",
            kind,
            body: &body,
        };
        served.call(&call).expect("an answer")
    };
    let begun = Instant::now();
    let empty = receive(1);
    assert!(begun.elapsed().as_millis() >= 900, "it waits");
    assert_eq!((empty.status, empty.body.as_str()), (200, "{}"), "{}", empty.body);
    assert!(empty.headers.contains("content-type: application/x-amz-json-1.0"));
    let received = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| receive(20));
        let input = json!({"QueueUrl": URL, "MessageBody": "hello"});
        served.lab.handle(&request("sqs", "SendMessage", input), now()).expect("it is sent");
        waiting.join().expect("an answer")
    });
    assert_eq!(received.json()["Messages"][0]["MD5OfBody"], "5d41402abc4b2a76b9719d911017c592");
}
