//! Credentials and roles: what expires, what may not be assumed, what is not permitted.

use crate::stage::{BUILD, CONFIG, Stage, TARGET, says_all};
use serde_json::json;
use std::process::Stdio;
use std::time::Duration;
use trunkline_lab::{Deed, Fault};
use trunkline_testkit::wait_until;

const APPLY: &[&str] = &["apply", "--env", "prod", "--yes"];

/// After whatever stopped it, applying again reaches the end, once.
#[track_caller]
fn completes(stage: &Stage) {
    stage.done(APPLY);
    stage.done(&["plan", "--env", "prod", "--exit-code"]);
    for create in ["CreateHoursOfOperation", "CreateQueue", "CreateContactFlow"] {
        assert_eq!(stage.count(create), 1, "{create}");
    }
}

#[test]
fn sessions_that_expire_in_the_middle_are_renewed() {
    let stage = Stage::new();
    let mut held = Fault::new("connect", "CreateHoursOfOperation", Deed::Delay);
    held.delay_ms = 3_600_000;
    stage.server.lab().inject(held);
    let mut command = stage.command(APPLY);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // The answer is held back while the session ends, so that every later call is made with an old one.
    let made = || (stage.count("CreateHoursOfOperation") == 1).then_some(());
    wait_until("hours are made", Duration::from_secs(240), made);
    stage.server.lab().expire_sessions(jiff::Timestamp::now());
    stage.server.lab().clear_faults();
    assert!(child.wait().unwrap().success());
    assert_eq!(stage.count("AssumeRole"), 2);
    completes(&stage);
}

#[test]
fn base_credentials_that_expire_in_the_middle_end_with_4_and_applying_again_completes() {
    let stage = Stage::new();
    let expired = |service, operation, name: &str, nth| Fault {
        nth,
        times: 0,
        error: Some(name.to_owned()),
        status: Some(403),
        message: Some("The security token included in the request is expired".to_owned()),
        ..Fault::new(service, operation, Deed::Error)
    };
    stage.server.lab().inject(expired("connect", "CreateQueue", "ExpiredTokenException", 1));
    stage.server.lab().inject(expired("sts", "AssumeRole", "ExpiredToken", 2));
    let ran = stage.run(APPLY);
    says_all(&ran, 4, "TL0602", &["queue \"Sales\"", "expired", "run the same command"]);
    stage.server.lab().clear_faults();
    completes(&stage);
}

#[test]
fn a_role_that_may_not_be_assumed_ends_with_4() {
    let stage = Stage::new();
    stage.home.write("trunkline.yaml", CONFIG.replace("role: deploy", "role: nobody"));
    let says = ["role/nobody", "prod / us-west-2", "trust policy"];
    stage.refused(&["plan", "--env", "prod"], 4, "TL0603", &says);
    stage.refused(APPLY, 4, "TL0603", &says);

    let stage = Stage::new();
    let cloud = stage.cloud(TARGET);
    cloud.must("iam", "DeleteRolePolicy", json!({ "RoleName": "deploy", "PolicyName": "deploy" }));
    cloud.must("iam", "DeleteRole", json!({ "RoleName": "deploy" }));
    stage.role(TARGET, BUILD);
    stage.refused(APPLY, 4, "TL0603", &["role/deploy", "trust policy"]);
}

#[test]
fn a_role_without_one_action_is_named_and_applying_again_completes() {
    let stage = Stage::new();
    let all = ["connect:*", "lambda:*", "lex:*", "s3:*"];
    let instance = format!("instance/{}", stage.instance(TARGET));
    stage.policy(TARGET, &all, &["connect:SearchQueues"]);
    let says =
        ["the role lacks connect:SearchQueues", &instance, "prod / us-west-2", "it is denied"];
    stage.refused(APPLY, 1, "TL0604", &says);

    stage.policy(TARGET, &all, &["connect:CreateQueue"]);
    let ran = stage.run(APPLY);
    let says = ["queue \"Sales\"", "the role lacks connect:CreateQueue", &instance, "run the same"];
    says_all(&ran, 1, "TL0604", &says);
    stage.policy(TARGET, &all, &[]);
    completes(&stage);
}

#[test]
fn where_nothing_listens_that_is_told_after_a_few_attempts() {
    let stage = Stage::new();
    let mut command = stage.command(&["plan", "--env", "prod"]);
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_MAX_ATTEMPTS", "1");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error[TL0606]") && said.contains("127.0.0.1:9"), "{said}");
    assert!(said.contains("help: check the network, the proxy and AWS_ENDPOINT_URL"), "{said}");
}
