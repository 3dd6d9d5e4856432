//! Webhooks of git providers: checked first, read afterwards.
//!
//! The order matters. The body is limited, and so are all bodies together; its signature is verified over the bytes as
//! they came, the delivery is looked up, and only then is anything parsed. What a payload says about files is not used (`events`).

mod bitbucket;
mod github;
mod gitlab;
mod signature;

pub use signature::sign;

use crate::answer::{Reply, document, failure, json_reply, refusal};
use crate::events::Event;
use crate::ports::{Delivered, Incoming, Provider, Receipt, Webhooks};
use crate::server::BODY_WITHIN;
use crate::tokens::hex;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use futures_util::StreamExt as _;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The largest body: GitHub sends no larger ones.
const MOST_BODY: usize = 25 * 1024 * 1024;
/// What every body may take: more than most of them are.
const SMALL: usize = 64 * 1024;
/// What a larger one takes at once of the room for larger ones.
const PLACE: usize = 1024 * 1024;
/// The room for larger ones, of all connections together.
static LARGE: Semaphore = Semaphore::const_new(64);
/// How long a provider is kept waiting; GitHub gives up after ten seconds.
const PATIENCE: Duration = Duration::from_secs(8);

/// Answers a request below `/webhooks/`: `PROVIDER/REPOSITORY`.
pub(crate) async fn answer(port: Arc<dyn Webhooks>, rest: &str, request: Request<Body>) -> Reply {
    let Some((provider, repository)) = address(rest) else {
        let message = "webhooks go to /webhooks/PROVIDER/REPOSITORY";
        return refusal(StatusCode::NOT_FOUND, "TL0892", message);
    };
    if request.method() != Method::POST {
        return refusal(StatusCode::METHOD_NOT_ALLOWED, "TL0892", "a webhook is a POST");
    }
    // Providers are no pages: a browser that was lured here says where it was.
    if request.headers().contains_key(header::ORIGIN) {
        return refusal(StatusCode::FORBIDDEN, "TL0892", "a page may not send webhooks");
    }
    let Some(hook) = port.hook(provider, &repository) else {
        let message = "no webhooks are expected for this repository";
        return refusal(StatusCode::NOT_FOUND, "TL0892", message);
    };
    let (parts, body) = request.into_parts();
    let held = match read(&parts.headers, body).await {
        Ok(held) => held,
        Err(reply) => return reply,
    };
    let body = held.bytes.as_slice();
    let now = port.now().as_second();
    if let Err(why) = signature::verify(provider, &hook, &parts.headers, body, now) {
        return refusal(StatusCode::UNAUTHORIZED, "TL0892", why);
    }
    let hash = hex(&Sha256::digest(body));
    let id = delivery_id(provider, &repository, &parts.headers, &hash);
    let incoming = Incoming { provider, body: format!("{repository}:{hash}"), repository, id };
    let receipt = match port.known(&incoming) {
        Ok(receipt) => receipt,
        Err(report) => return failure(StatusCode::INTERNAL_SERVER_ERROR, &report),
    };
    match receipt {
        Receipt::New | Receipt::Replayed => {}
        Receipt::Repeated => return already(&incoming),
        Receipt::Forged => {
            let message = "another body was delivered under this id before";
            return refusal(StatusCode::CONFLICT, "TL0892", message);
        }
    }
    let event = match payload(&parts.headers, body).map(|v| parse(provider, &parts.headers, &v)) {
        Ok(event) => event,
        Err(why) => return refusal(StatusCode::BAD_REQUEST, "TL0892", &why),
    };
    // What a push says is compared with what is there. A pull request that is told again, whoever does, was told.
    if receipt == Receipt::Replayed && matches!(event, Event::PullRequest(_)) {
        return already(&incoming);
    }
    take(port, incoming, event).await
}

fn already(incoming: &Incoming) -> Reply {
    document("delivery", json!({ "delivery": incoming.id, "result": "already" }))
}

/// Acts on a delivery in a task of its own: it goes on where the provider stops waiting.
async fn take(port: Arc<dyn Webhooks>, incoming: Incoming, event: Event) -> Reply {
    let id = incoming.id.clone();
    let quick = match &event {
        Event::Ping => Some("pong".to_owned()),
        Event::Other(what) => Some(format!("`{what}` starts nothing")),
        Event::Push(_) | Event::PullRequest(_) => None,
    };
    if let Some(note) = quick {
        let delivered = Delivered { notes: vec![note], ..Delivered::default() };
        return document("delivery", delivered_json(&id, &delivered));
    }
    let work = tokio::spawn(async move { port.take(incoming, event).await });
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(Ok(delivered))) => document("delivery", delivered_json(&id, &delivered)),
        Ok(Ok(Err(report))) => failure(StatusCode::BAD_GATEWAY, &report),
        Ok(Err(_)) => {
            refusal(StatusCode::INTERNAL_SERVER_ERROR, "TL0892", "the delivery was not handled")
        }
        Err(_) => {
            let body = json!({ "schema": "trunkline/delivery", "version": 1, "delivery": id,
                "result": "taken, and still being worked on" });
            json_reply(StatusCode::ACCEPTED, &body)
        }
    }
}

fn delivered_json(id: &str, delivered: &Delivered) -> Value {
    let started: Vec<_> = delivered
        .started
        .iter()
        .map(|(pipeline, execution)| json!({ "pipeline": pipeline, "execution": execution }))
        .collect();
    json!({ "delivery": id, "result": "taken", "started": started, "notes": delivered.notes })
}

/// Provider and repository of an address.
fn address(rest: &str) -> Option<(Provider, String)> {
    let (provider, repository) = rest.split_once('/')?;
    let repository = percent_decode_str(repository).decode_utf8().ok()?;
    let repository = repository.trim_end_matches('/');
    (!repository.is_empty()).then(|| Some((Provider::of(provider)?, repository.to_owned())))?
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Held, Reply> {
    let too_large = || {
        let message = "the body is larger than 25 MB";
        refusal(StatusCode::PAYLOAD_TOO_LARGE, "TL0892", message)
    };
    // Said beforehand, it is refused before anything is read.
    let told = text(headers, "content-length").and_then(|l| l.parse::<u64>().ok());
    if told.is_some_and(|length| length > MOST_BODY as u64) {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_WITHIN, gather(body)).await {
        Ok(Ok(held)) => Ok(held),
        Ok(Err(Short::Body)) => Err(too_large()),
        Ok(Err(Short::Client)) => {
            Err(refusal(StatusCode::BAD_REQUEST, "TL0892", "the body broke off"))
        }
        Ok(Err(Short::Room)) => {
            let message = "too many large bodies are arriving; send it again later";
            Err(refusal(StatusCode::SERVICE_UNAVAILABLE, "TL0892", message))
        }
        Err(_) => {
            let message = "the body took too long to arrive";
            Err(refusal(StatusCode::REQUEST_TIMEOUT, "TL0892", message))
        }
    }
}

/// Why a body was not read to its end.
enum Short {
    Body,
    Client,
    Room,
}

/// A body, with its place among the large ones.
struct Held {
    bytes: Vec<u8>,
    places: Vec<SemaphorePermit<'static>>,
}

/// Until its signature is verified a body may come from anybody: beyond what most are, all of them share the room.
async fn gather(body: Body) -> Result<Held, Short> {
    let mut held = Held { bytes: Vec::new(), places: Vec::new() };
    let (mut pieces, mut room) = (body.into_data_stream(), SMALL);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Short::Client)?;
        if held.bytes.len() + piece.len() > MOST_BODY {
            return Err(Short::Body);
        }
        while held.bytes.len() + piece.len() > room {
            held.places.push(LARGE.try_acquire().map_err(|_| Short::Room)?);
            room += PLACE;
        }
        held.bytes.extend_from_slice(&piece);
    }
    Ok(held)
}

/// The id under which a delivery is remembered. One without an id is known by its body.
fn delivery_id(provider: Provider, repository: &str, headers: &HeaderMap, hash: &str) -> String {
    let names: &[&str] = match provider {
        Provider::GitHub => &["x-github-delivery"],
        // The event's id is last: several deliveries may share it.
        Provider::GitLab => &["webhook-id", "idempotency-key", "x-gitlab-event-uuid"],
        Provider::Bitbucket => &["x-request-uuid"],
        Provider::BitbucketServer => &["x-request-id"],
    };
    let told = names.iter().find_map(|name| text(headers, name)).filter(|id| !id.is_empty());
    let told: String =
        told.map_or_else(|| format!("body-{hash}"), |id| id.chars().take(200).collect());
    format!("{repository}:{told}")
}

/// The JSON of a delivery, which GitHub can also send as a form.
fn payload(headers: &HeaderMap, body: &[u8]) -> Result<Value, String> {
    let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let read = if kind.starts_with("application/x-www-form-urlencoded") {
        let form = String::from_utf8_lossy(body).replace('+', " ");
        let field = form.split('&').find_map(|pair| pair.strip_prefix("payload="));
        let field = field.ok_or("the form has no field `payload`")?;
        serde_json::from_slice(&percent_decode_str(field).collect::<Vec<u8>>())
    } else {
        serde_json::from_slice(body)
    };
    read.map_err(|error| format!("the body is no JSON: {error}"))
}

/// Reads a payload. Whatever it holds, this gives an event: one that starts nothing where it is not understood.
pub fn parse(provider: Provider, headers: &HeaderMap, payload: &Value) -> Event {
    match provider {
        Provider::GitHub => github::parse(text(headers, "x-github-event"), payload),
        Provider::GitLab => gitlab::parse(payload),
        Provider::Bitbucket => bitbucket::cloud(text(headers, "x-event-key"), payload),
        Provider::BitbucketServer => bitbucket::server(text(headers, "x-event-key"), payload),
    }
}

/// A header's text.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A text inside a payload, by JSON pointer; empty where there is none.
fn at<'a>(payload: &'a Value, pointer: &str) -> &'a str {
    payload.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A possibly shortened object name.
fn short_commit(text: &str) -> Option<String> {
    let known = (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    known.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn large_bodies_share_a_room_and_small_ones_need_none() {
        let body = |length: usize| Body::from(vec![b' '; length]);
        let all = LARGE.try_acquire_many(64).expect("nobody else is here");
        assert!(gather(body(SMALL)).await.is_ok());
        assert!(matches!(gather(body(SMALL + 1)).await, Err(Short::Room)));
        drop(all);
        let held = gather(body(3 * PLACE)).await.unwrap_or_else(|_| panic!("there is room"));
        assert_eq!((held.bytes.len(), LARGE.available_permits()), (3 * PLACE, 61));
        drop(held);
        assert_eq!(LARGE.available_permits(), 64);
        assert!(matches!(gather(body(MOST_BODY + 1)).await, Err(Short::Body)));
    }
}
