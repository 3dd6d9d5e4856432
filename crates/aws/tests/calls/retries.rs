//! What is tried again, what is not, and what a caller may believe afterwards.

use crate::server::{Reply, json, ok};
use crate::{World, call, server};
use serde_json::json;
use trunkline_aws::Settings;
use trunkline_center::{Answer, Call, CallError, CallErrorKind, Cloud};

/// Calls an operation against the replies, the last of which repeats; returns the result, the number
/// of requests, and the seconds waited.
async fn check(
    operation: &str,
    replies: fn(usize) -> Reply,
) -> (Result<Answer, CallError>, usize, f64) {
    let server = server(replies).await;
    let world = World::new(&server.url);
    let client = world.client(Vec::new()).await.unwrap();
    let result = call(&client, operation).await;
    let counted = client.counts().get(&format!("connect.{operation}")).copied().unwrap_or(0);
    let sent = server.seen().len() - 1;
    assert_eq!(counted as usize, sent, "every attempt counts");
    (result, sent, world.timing.slept().iter().map(|d| d.as_secs_f64()).sum())
}

fn kind(result: Result<Answer, CallError>) -> (CallErrorKind, String) {
    let error = result.unwrap_err();
    (error.kind, error.code)
}

#[tokio::test]
async fn a_throttled_write_is_sent_until_it_passes() {
    let (result, sent, waited) = check("CreateQueue", |n| match n {
        0 | 1 => json(429, "ThrottlingException", "{}"),
        2 => json(400, "TooManyRequestsException", "{}"),
        _ => ok(r#"{"QueueId":"q"}"#),
    })
    .await;
    assert_eq!(result.unwrap().output, json!({"QueueId": "q"}));
    assert_eq!(sent, 4);
    assert!(waited > 1.0, "{waited}");
}

#[tokio::test]
async fn throttling_without_end_is_reported_as_such() {
    let (result, sent, _) = check("CreateQueue", |_| {
        json(429, "ThrottlingException", r#"{"message":"Rate exceeded"}"#)
    })
    .await;
    assert_eq!(kind(result), (CallErrorKind::Throttled, "ThrottlingException".into()));
    assert_eq!(sent, 12);
}

#[tokio::test]
async fn a_quota_is_final_although_its_status_is_429() {
    for replies in [
        |_| json(429, "LimitExceededException", r#"{"Message":"Limit"}"#),
        |_| json(402, "ServiceQuotaExceededException", r#"{"Message":"Limit"}"#),
    ] as [fn(usize) -> Reply; 2]
    {
        let (result, sent, waited) = check("CreateQueue", replies).await;
        let error = result.unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (CallErrorKind::Refused, "Limit"));
        assert_eq!((sent, waited), (1, 0.0));
    }
}

#[tokio::test]
async fn a_write_that_may_have_happened_is_uncertain_and_not_repeated() {
    for replies in [
        |_| json(500, "InternalServiceException", "{}"),
        |_| Reply::Drop,
        |_| Reply::Cut,
        |_| Reply::Whole(502, Vec::new(), "<html>".to_owned()),
    ] as [fn(usize) -> Reply; 4]
    {
        let (result, sent, _) = check("CreateQueue", replies).await;
        assert_eq!((kind(result).0, sent), (CallErrorKind::Uncertain, 1));
    }
}

#[tokio::test]
async fn a_read_without_an_answer_is_repeated() {
    let (result, sent, _) = check("DescribeQueue", |n| match n {
        0 => Reply::Drop,
        1 => Reply::Cut,
        2 => json(500, "InternalServiceException", "{}"),
        _ => ok(r#"{"Queue":{}}"#),
    })
    .await;
    assert_eq!((result.unwrap().output, sent), (json!({"Queue": {}}), 4));
}

#[tokio::test]
async fn a_read_that_never_gets_an_answer_is_unreachable() {
    let (result, sent, _) = check("DescribeQueue", |_| Reply::Drop).await;
    assert_eq!(kind(result), (CallErrorKind::Unreachable, "NoAnswer".into()));
    assert_eq!(sent, 4);
}

#[tokio::test]
async fn an_unreadable_success_is_malformed() {
    let (result, sent, _) = check("CreateQueue", |_| ok("<html>")).await;
    assert_eq!((kind(result).0, sent), (CallErrorKind::Malformed, 1));
}

#[tokio::test]
async fn a_refusal_keeps_its_document() {
    let (result, sent, _) = check("CreateContactFlow", |_| {
        json(400, "InvalidContactFlowException", r#"{"problems":[{"message":"Invalid branch"}]}"#)
    })
    .await;
    let error = result.unwrap_err();
    assert!(error.is("InvalidContactFlowException"));
    assert_eq!(error.document, json!({"problems": [{"message": "Invalid branch"}]}));
    assert_eq!((error.status, sent), (Some(400), 1));
}

#[tokio::test]
async fn nobody_listening_is_unreachable_after_a_few_attempts() {
    let server = server(|_| ok("{}")).await;
    // A port that was free a moment ago may be another test's by now; this one nobody is given.
    let dead = ("connect".to_owned(), "http://127.0.0.1:1".to_owned());
    let endpoints = [(String::new(), server.url.clone()), dead].into();
    let world = World::with(Settings { endpoints, ..Settings::default() });
    let client = world.client(Vec::new()).await.unwrap();
    let error = call(&client, "CreateQueue").await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (CallErrorKind::Unreachable, "NoConnection"));
    assert_eq!(world.timing.slept().len(), 3);
}

#[tokio::test]
async fn an_unconditional_put_is_repeated_and_a_conditional_one_is_not() {
    for (condition, kind, sent) in [(None, None, 2), (Some("*"), Some(CallErrorKind::Uncertain), 1)]
    {
        let server = server(|n| if n == 0 { Reply::Drop } else { ok("") }).await;
        let client = World::new(&server.url).client(Vec::new()).await.unwrap();
        let input = json!({"Bucket": "b", "Key": "k", "IfNoneMatch": condition});
        let mut put = Call::new("s3", "PutObject", input);
        put.body = Some(b"abc".to_vec());
        let result = client.call(put).await;
        assert_eq!(result.err().map(|e| e.kind), kind);
        assert_eq!(server.seen().len() - 1, sent);
        assert_eq!(server.seen()[1].body, "abc");
    }
}

#[tokio::test]
async fn what_the_table_lacks_is_refused_without_a_request() {
    let server = server(|_| ok("{}")).await;
    let client = World::new(&server.url).client(Vec::new()).await.unwrap();
    let error = client.call(Call::new("connect", "StartChatContact", json!({}))).await.unwrap_err();
    assert!(error.is("UnknownOperation"));
    let error = client.call(Call::new("connect", "DescribeQueue", json!({}))).await.unwrap_err();
    assert!(error.is("InvalidInput"));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn clients_of_one_account_share_a_bucket_and_operations_do_not() {
    let server = crate::server::Server::start(|_, seen| match seen.target.as_str() {
        "/" => crate::identity(),
        _ => ok("{}"),
    })
    .await;
    let world = World::new(&server.url);
    let first = world.client(Vec::new()).await.unwrap();
    let second = world.client(Vec::new()).await.unwrap();
    for client in [&first, &second, &first] {
        call(client, "CreateQueue").await.unwrap();
        call(client, "DescribeQueue").await.unwrap();
    }
    assert!(world.timing.slept().is_empty(), "the burst");
    call(&second, "CreateQueue").await.unwrap();
    assert_eq!(world.timing.slept().iter().map(|d| d.as_millis()).collect::<Vec<_>>(), [500]);
}

#[tokio::test]
async fn buckets_can_be_switched_off() {
    let server = server(|_| ok("{}")).await;
    let endpoints = [(String::new(), server.url.clone())].into();
    let world = World::with(Settings { endpoints, buckets: false, ..Settings::default() });
    let client = world.client(Vec::new()).await.unwrap();
    for _ in 0..20 {
        call(&client, "CreateQueue").await.unwrap();
    }
    assert!(world.timing.slept().is_empty());
}
