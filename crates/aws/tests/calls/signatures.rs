//! Signatures, recomputed from what the server saw by the algorithm's own description.

use crate::server::{Seen, ok};
use crate::{World, server};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trunkline_center::{Call, Cloud};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn field<'a>(authorization: &'a str, name: &str) -> &'a str {
    let rest = authorization.split(name).nth(1).unwrap();
    rest.split(',').next().unwrap()
}

/// The signature of a request, made with the secret `x`.
fn recompute(seen: &Seen, encode_again: bool) -> String {
    let authorization = &seen.headers["authorization"];
    let (path, query) = seen.target.split_once('?').unwrap_or((&seen.target, ""));
    let path = if encode_again { path.replace('%', "%25") } else { path.to_owned() };
    let mut pairs: Vec<&str> = query.split('&').filter(|p| !p.is_empty()).collect();
    pairs.sort_unstable();
    let names = field(authorization, "SignedHeaders=");
    let lines: String = names.split(';').map(|n| format!("{n}:{}\n", seen.headers[n])).collect();
    let canonical = format!(
        "{}\n{path}\n{}\n{lines}\n{names}\n{}",
        seen.method,
        pairs.join("&"),
        hash(&seen.body)
    );
    let scope = field(authorization, "Credential=").split_once('/').unwrap().1;
    let to_sign =
        format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", seen.headers["x-amz-date"], hash(&canonical));
    let key = scope.split('/').fold(b"AWS4x".to_vec(), |key, part| hmac(&key, part));
    hex(&hmac(&key, &to_sign))
}

async fn check(service: &str, operation: &str, input: Value, scope: &str, encode_again: bool) {
    let server = server(|_| ok("")).await;
    let client = World::new(&server.url).client(Vec::new()).await.unwrap();
    client.call(Call::new(service, operation, input)).await.unwrap();
    let seen = &server.seen()[1];
    let authorization = &seen.headers["authorization"];
    assert!(authorization.contains(&format!("/20261121/{scope}/aws4_request")), "{authorization}");
    assert_eq!(field(authorization, "Signature="), recompute(seen, encode_again), "{seen:?}");
}

#[tokio::test]
async fn paths_with_escapes_are_encoded_again() {
    let input = json!({"InstanceId": "i", "ContactFlowId": "f:$SAVED"});
    check("connect", "DescribeContactFlow", input, "us-west-2/connect", true).await;
    let input = json!({"resourceArn": "arn:aws:connect:us-west-2:111122223333:instance/a", "tagKeys": ["b", "a c"]});
    check("connect", "UntagResource", input, "us-west-2/connect", true).await;
}

#[tokio::test]
async fn bodies_are_signed_for_the_services_own_name() {
    let input = json!({"botName": "Concierge", "roleArn": "arn"});
    check("lexv2-models", "CreateBot", input, "us-west-2/lex", true).await;
    check("iam", "GetRole", json!({"RoleName": "r"}), "us-east-1/iam", true).await;
}

#[tokio::test]
async fn objects_are_signed_as_their_paths_are() {
    let input = json!({"Bucket": "b", "Prefix": "a/b c"});
    check("s3", "ListObjectsV2", input, "us-west-2/s3", false).await;
    check("s3", "GetObject", json!({"Bucket": "b", "Key": "a b+c.wav"}), "us-west-2/s3", false)
        .await;
}
