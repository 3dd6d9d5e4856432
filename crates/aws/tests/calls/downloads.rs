//! Downloads of presigned URLs, and making such URLs.

use crate::server::{Reply, ok};
use crate::{World, server};
use trunkline_aws::Settings;
use trunkline_center::Cloud;

#[tokio::test]
async fn a_download_carries_no_credentials_and_is_repeated() {
    let server = server(|n| if n == 0 { Reply::Drop } else { ok("RIFF") }).await;
    let client = World::new(&server.url).client(Vec::new()).await.unwrap();
    let bytes = client.fetch(&format!("{}/a.wav?X-Amz-Signature=s", server.url)).await.unwrap();
    assert_eq!(bytes, b"RIFF");
    let seen = &server.seen()[2];
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", "/a.wav?X-Amz-Signature=s"));
    assert!(!seen.headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_refused_download_keeps_its_reason() {
    let body = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    let server = server(move |_| Reply::Whole(403, Vec::new(), body.to_owned())).await;
    let client = World::new(&server.url).client(Vec::new()).await.unwrap();
    let error = client.fetch(&server.url).await.unwrap_err();
    assert!(error.is("AccessDenied"));
    assert_eq!((error.message.as_str(), server.seen().len()), ("Request has expired", 2));
}

#[tokio::test]
async fn a_download_has_a_limit_and_stays_encrypted() {
    let server = server(|_| ok(&"x".repeat(2000))).await;
    let endpoints = [(String::new(), server.url.clone())].into();
    let world = World::with(Settings { endpoints, fetch_limit: 1000, ..Settings::default() });
    let client = world.client(Vec::new()).await.unwrap();
    let error = client.fetch(&server.url).await.unwrap_err();
    assert!(error.is("TooLarge") && error.message.contains("1000"), "{error:?}");
    assert_eq!(server.seen().len(), 2, "and is not tried again");
    assert!(client.fetch("http://example.com/a.wav").await.unwrap_err().is("InvalidUrl"));
}

#[tokio::test]
async fn a_presigned_url_is_valid_for_a_quarter_of_an_hour() {
    let server = server(|_| ok("{}")).await;
    let client = World::new(&server.url).client(Vec::new()).await.unwrap();
    let url = client.presign("acme-prompts", "a b.wav").await.unwrap();
    assert!(url.starts_with(&format!("{}/acme-prompts/a%20b.wav?", server.url)), "{url}");
    for part in
        ["X-Amz-Expires=900", "X-Amz-Signature=", "111122223333%2F20261121%2Fus-west-2%2Fs3"]
    {
        assert!(url.contains(part), "{part} in {url}");
    }
    assert_eq!(server.seen().len(), 1, "nothing is sent");
}
