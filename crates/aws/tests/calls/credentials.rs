//! Roles: the chain, whose credentials sign what, refreshing, and what a refusal means.

use crate::server::{Reply, Seen, Server, json, ok};
use crate::{START, World, call, role};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use trunkline_aws::{Options, Role};
use trunkline_center::CallErrorKind;
use trunkline_model::{AccountId, Region};

const BASE: &str = "arn:aws:iam::111122223333:role/base";
const TARGET: &str = "arn:aws:iam::222233334444:role/codebuild-connect";

/// The `n`-th credentials of a role, valid for an hour from the fake clock's start.
fn assumed(n: usize, body: &str) -> Reply {
    let hours = START / 3600 + 1 + n as u64;
    let expiry = format!("2026-11-21T{:02}:00:00Z", hours % 24);
    let account = if body.contains("222233334444") { "222233334444" } else { "111122223333" };
    ok(&format!(
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA{n}</AccessKeyId>\
        <SecretAccessKey>secret</SecretAccessKey><SessionToken>token{n}</SessionToken>\
        <Expiration>{expiry}</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>A:r</AssumedRoleId>\
        <Arn>arn:aws:sts::{account}:assumed-role/r/trunkline-r1</Arn></AssumedRoleUser>\
        </AssumeRoleResult></AssumeRoleResponse>"
    ))
}

/// A server that gives out `ASIA0`, `ASIA1` ... and answers everything else as told.
async fn issuer(other: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Server {
    let issued = Arc::new(AtomicUsize::new(0));
    Server::start(move |_, seen| match seen.body.contains("Action=AssumeRole&") {
        true => assumed(issued.fetch_add(1, Ordering::SeqCst), &seen.body),
        false => other(seen),
    })
    .await
}

/// Whose key signed a request.
fn signer(seen: &Seen) -> String {
    let authorization = &seen.headers["authorization"];
    authorization.split("Credential=").nth(1).unwrap().split('/').next().unwrap().to_owned()
}

fn signers(server: &Server) -> Vec<String> {
    server.seen().iter().map(signer).collect()
}

fn chain() -> Vec<Role> {
    vec![role(BASE, None), role(TARGET, Some("ext 1"))]
}

#[tokio::test]
async fn each_role_is_assumed_with_the_one_before() {
    let server = issuer(|_| ok("{}")).await;
    let client = World::new(&server.url).client(chain()).await.unwrap();
    assert_eq!(client.identity().account, "222233334444");
    call(&client, "CreateQueue").await.unwrap();
    assert_eq!(signers(&server), ["111122223333", "ASIA0", "ASIA1"]);
    let seen = server.seen();
    assert!(!seen[0].body.contains("ExternalId"));
    for part in ["ExternalId=ext%201", "RoleSessionName=trunkline-r1", "DurationSeconds=3600"] {
        assert!(seen[1].body.contains(part), "{part} in {}", seen[1].body);
    }
    assert_eq!(seen[2].headers["x-amz-security-token"], "token1");
    for request in &seen {
        assert!(request.headers["user-agent"].starts_with("trunkline/"));
        assert!(request.headers["authorization"].contains("/us-west-2/"));
    }
}

#[tokio::test]
async fn expired_credentials_are_renewed_once_and_even_a_write_is_sent_again() {
    let server = issuer(|seen| match signer(seen).as_str() {
        "ASIA0" => json(403, "ExpiredTokenException", r#"{"message":"expired"}"#),
        _ => ok("{}"),
    })
    .await;
    let client = World::new(&server.url).client(vec![role(TARGET, None)]).await.unwrap();
    call(&client, "CreateQueue").await.unwrap();
    assert_eq!(signers(&server), ["111122223333", "ASIA0", "111122223333", "ASIA1"]);
}

#[tokio::test]
async fn credentials_that_stay_expired_end_the_call() {
    let server = issuer(|_| json(403, "ExpiredTokenException", r#"{"message":"expired"}"#)).await;
    let client = World::new(&server.url).client(vec![role(TARGET, None)]).await.unwrap();
    let error = call(&client, "CreateQueue").await.unwrap_err();
    assert_eq!(
        (error.kind, error.code.as_str()),
        (CallErrorKind::Credentials, "ExpiredTokenException")
    );
    assert_eq!(signers(&server), ["111122223333", "ASIA0", "111122223333", "ASIA1"]);
}

#[tokio::test]
async fn an_expired_link_in_the_middle_is_assumed_anew() {
    // The target's credentials and those of the base role have both expired at the service.
    let issued = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |_, seen| {
        let (by, assume) = (signer(seen), seen.body.contains("Action=AssumeRole&"));
        let count = issued.load(Ordering::SeqCst);
        if count >= 2 && (by == "ASIA0" || by == "ASIA1") {
            let body = "<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>";
            return if assume {
                json(403, "", body)
            } else {
                json(403, "ExpiredTokenException", "{}")
            };
        }
        match assume {
            true => assumed(issued.fetch_add(1, Ordering::SeqCst), &seen.body),
            false => ok("{}"),
        }
    })
    .await;
    let client = World::new(&server.url).client(chain()).await.unwrap();
    call(&client, "CreateQueue").await.unwrap();
    let key = "111122223333";
    assert_eq!(signers(&server), [key, "ASIA0", "ASIA1", "ASIA0", key, "ASIA2", "ASIA3"]);
}

#[tokio::test]
async fn credentials_are_renewed_five_minutes_before_their_end() {
    let server = issuer(|_| ok("{}")).await;
    let world = World::new(&server.url);
    let client = world.client(vec![role(TARGET, None)]).await.unwrap();
    world.timing.skip(3299);
    call(&client, "CreateQueue").await.unwrap();
    world.timing.skip(1);
    call(&client, "CreateQueue").await.unwrap();
    assert_eq!(signers(&server), ["111122223333", "ASIA0", "111122223333", "ASIA1"]);
}

#[tokio::test]
async fn many_calls_at_once_renew_once() {
    let server = issuer(|_| ok("{}")).await;
    let world = World::new(&server.url);
    let client = world.client(vec![role(TARGET, None)]).await.unwrap();
    world.timing.skip(3400);
    let calls = (0..20).map(|_| call(&client, "DescribeQueue"));
    for result in futures_util::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(client.counts()["sts.AssumeRole"], 2);
    assert_eq!(client.counts()["connect.DescribeQueue"], 20);
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_a_matter_of_credentials() {
    let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
        <Message>not authorized</Message></Error><RequestId>r</RequestId></ErrorResponse>";
    let server = Server::start(move |_, _| json(403, "", body)).await;
    let error = World::new(&server.url).client(chain()).await.err().unwrap();
    assert_eq!((error.kind, error.code.as_str()), (CallErrorKind::Credentials, "AccessDenied"));
    assert_eq!(
        (error.operation.as_str(), error.message.as_str()),
        ("sts.AssumeRole", "not authorized")
    );
}

#[tokio::test]
async fn an_action_that_the_role_lacks_is_a_refusal() {
    let server = issuer(|_| json(403, "AccessDeniedException", "{}")).await;
    let client = World::new(&server.url).client(chain()).await.unwrap();
    let error = call(&client, "CreateQueue").await.unwrap_err();
    assert!(error.is("AccessDeniedException"));
}

#[tokio::test]
async fn another_account_than_expected_stops_everything() {
    let server = issuer(|_| ok("{}")).await;
    let mut options = Options::new(Region::parse("us-west-2").unwrap());
    options.roles = chain();
    options.expected_account = Some(AccountId::parse("333344445555").unwrap());
    let error = World::new(&server.url).aws.client(options).await.err().unwrap();
    assert_eq!((error.kind, error.code.as_str()), (CallErrorKind::Credentials, "WrongAccount"));
    assert!(error.message.contains("222233334444") && error.message.contains("333344445555"));
}
