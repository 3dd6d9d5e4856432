//! The API that `trunkline pipeline` uses: JSON, with the bearer token that the server wrote for its own user.
//!
//! `GET` answers at once, or with `?wait=SECONDS` as soon as something changed. Absent on purpose: CORS. No page of
//! another origin is meant to use this.

use crate::answer::{Reply, document, failure, json_reply, refusal, status};
use crate::ports::{Answer, Pipelines, Query};
use crate::server::BODY_WITHIN;
use crate::waiting::awaited;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;
use std::time::Duration;

/// More than any command is.
const MOST_BODY: usize = 1024 * 1024;
/// The longest wait for a change, in seconds.
const LONGEST_WAIT: u64 = 55;

/// Answers a request below `/api/`.
pub(crate) async fn answer(port: &dyn Pipelines, rest: &str, request: Request<Body>) -> Reply {
    if !bearer(request.headers()).is_some_and(|token| port.allows(token)) {
        let message = "the API needs the token of this server's file `server.json`";
        return refusal(StatusCode::UNAUTHORIZED, "TL0891", message);
    }
    let segments: Option<Vec<String>> = rest.split('/').map(decoded).collect();
    let segments = segments.unwrap_or_default();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let options = options(request.uri().query().unwrap_or_default());
    let method = request.method().clone();
    let query = match (&method, segments.as_slice()) {
        (&Method::POST, ["pipelines", pipeline, "commands"]) => {
            let pipeline = (*pipeline).to_owned();
            match read_json(request).await {
                Ok(command) => Query::Command { pipeline, command },
                Err(reply) => return reply,
            }
        }
        (&Method::GET, path) => match get(path, &options) {
            Some(query) => query,
            None => return nothing(),
        },
        _ => return nothing(),
    };
    let seconds = options.get("wait").and_then(|w| w.parse().ok()).unwrap_or(0);
    let wait = Duration::from_secs(u64::min(seconds, LONGEST_WAIT));
    let answer = awaited(port, &query, wait).await;
    write(&query, answer)
}

fn nothing() -> Reply {
    refusal(StatusCode::NOT_FOUND, "TL0891", "the API has nothing at this address")
}

/// What a GET asks for.
fn get(path: &[&str], options: &BTreeMap<String, String>) -> Option<Query> {
    let number = |name: &str| options.get(name).and_then(|n| n.parse().ok());
    let own = |text: &str| text.to_owned();
    Some(match path {
        ["pipelines"] => Query::List,
        ["pipelines", pipeline] => Query::Show { pipeline: own(pipeline) },
        ["pipelines", pipeline, "executions"] => Query::Executions {
            pipeline: own(pipeline),
            limit: number("limit").map_or(20, |n: u64| n.clamp(1, 1000) as usize),
            before: options.get("before").cloned(),
        },
        ["pipelines", pipeline, "executions", execution] => {
            Query::Execution { pipeline: own(pipeline), execution: own(execution) }
        }
        ["pipelines", pipeline, "events"] => {
            Query::Events { pipeline: own(pipeline), after: number("after").unwrap_or(0) }
        }
        ["logs", action] => {
            Query::Log { action: own(action), offset: number("offset").unwrap_or(0) }
        }
        _ => return None,
    })
}

fn write(query: &Query, answer: Result<Answer, trunkline_model::Report>) -> Reply {
    match answer {
        Ok(Answer::Json(body)) => document(schema(query), body),
        Ok(Answer::Log { bytes, complete }) => {
            let mut reply = Reply::new(Body::from(bytes));
            let headers = reply.headers_mut();
            let text = HeaderValue::from_static("application/octet-stream");
            headers.insert(header::CONTENT_TYPE, text);
            let complete = HeaderValue::from_static(if complete { "true" } else { "false" });
            headers.insert("trunkline-complete", complete);
            reply
        }
        Ok(Answer::Missing(report)) => failure(StatusCode::NOT_FOUND, &report),
        Err(report) => failure(status(&report), &report),
    }
}

fn schema(query: &Query) -> &'static str {
    match query {
        Query::List => "pipelines",
        Query::Show { .. } => "pipeline",
        Query::Executions { .. } => "executions",
        Query::Execution { .. } => "execution",
        Query::Events { .. } => "events",
        Query::Log { .. } => "log",
        Query::Command { .. } => "command",
    }
}

async fn read_json(request: Request<Body>) -> Result<serde_json::Value, Reply> {
    // A form of another page cannot send this type without asking first, and nobody answers that.
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    if !kind.is_some_and(|k| k.starts_with("application/json")) {
        let message = "a command is sent as application/json";
        return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "TL0891", message));
    }
    let body = tokio::time::timeout(BODY_WITHIN, to_bytes(request.into_body(), MOST_BODY)).await;
    let slow = |_| refusal(StatusCode::REQUEST_TIMEOUT, "TL0891", "the command took too long");
    let body = body
        .map_err(slow)?
        .map_err(|_| refusal(StatusCode::PAYLOAD_TOO_LARGE, "TL0891", "the command is too long"))?;
    serde_json::from_slice(&body).map_err(|error| {
        let report = trunkline_model::Diagnostic::error("TL0891", format!("no JSON: {error}"));
        json_reply(
            StatusCode::BAD_REQUEST,
            &serde_json::json!({ "schema": "trunkline/error", "version": 1, "diagnostics": [report] }),
        )
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn decoded(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(Into::into)
}

/// The options of a query string; a later one wins.
fn options(query: &str) -> BTreeMap<String, String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter_map(|(name, value)| Some((name.to_owned(), decoded(value)?))).collect()
}
