//! The helpers themselves: a fault does what its name says, a lab answers, a command sees a bare environment.

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use trunkline_center::{Call, CallErrorKind, Cloud};
use trunkline_lab::{Lab, Options};
use trunkline_testkit::{Blow, Home, LabServer, MemoryCloud};

fn cloud() -> (MemoryCloud, Value) {
    let options = Options { search_lag_seconds: 0.0, ..Options::default() };
    let lab = Lab::open(options).expect("a lab in memory opens");
    let cloud = MemoryCloud::new(&lab, "111122223333", "us-west-2");
    let made = cloud.must(
        "connect",
        "CreateInstance",
        json!({"IdentityManagementType": "CONNECT_MANAGED", "InstanceAlias": "acme",
            "InboundCallsEnabled": true, "OutboundCallsEnabled": true}),
    );
    (cloud, made["Id"].clone())
}

/// Makes a status while `blow` is due; tells how the call ended and whether the status is there.
fn check(blow: Option<Blow>) -> (Option<CallErrorKind>, bool) {
    let (cloud, instance) = cloud();
    if let Some(blow) = blow {
        cloud.fail(1, blow);
    }
    let input = json!({"InstanceId": instance, "Name": "Lunch", "State": "ENABLED"});
    let call = cloud.call(Call::new("connect", "CreateAgentStatus", input));
    let kind =
        futures_util::FutureExt::now_or_never(call).expect("nothing waits").err().map(|e| e.kind);
    let listed = cloud.must("connect", "ListAgentStatuses", json!({"InstanceId": instance}));
    assert_eq!(cloud.writes(), 1);
    (kind, listed.to_string().contains("Lunch"))
}

#[test]
fn a_write_fails_before_or_after_its_effect() {
    assert_eq!(check(None), (None, true));
    assert_eq!(check(Some(Blow::LostBefore)), (Some(CallErrorKind::Uncertain), false));
    assert_eq!(check(Some(Blow::LostAfter)), (Some(CallErrorKind::Uncertain), true));
    assert_eq!(check(Some(Blow::Throttled)), (Some(CallErrorKind::Throttled), false));
    assert_eq!(check(Some(Blow::Expired)), (Some(CallErrorKind::Credentials), false));
    assert_eq!(
        check(Some(Blow::Refused("LimitExceededException"))),
        (Some(CallErrorKind::Refused), false)
    );
}

#[test]
fn a_lab_server_answers_and_ends() {
    let server = LabServer::start();
    let address = server.url().replace("http://", "");
    let mut stream = TcpStream::connect(&address).expect("it listens");
    let request =
        format!("GET /_lab/status HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(server);
    assert!(TcpStream::connect(&address).is_err(), "it still listens");
}

#[cfg(unix)]
#[test]
fn a_command_sees_its_home_and_no_credentials() {
    let home = Home::new();
    let output = home.command("env").output().expect("env runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains(&format!("HOME={}", home.path().display())), "{text}");
    assert!(!text.contains("AWS_ACCESS_KEY_ID") && !text.contains("AWS_PROFILE"), "{text}");
}
