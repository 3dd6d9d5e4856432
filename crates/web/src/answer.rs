//! Answers in JSON, and refusals: each carries diagnostics, as commands print them.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};
use trunkline_model::{Diagnostic, ExitKind, Report, Severity, code_info};

/// An answer.
pub(crate) type Reply = Response<Body>;

/// A JSON document.
pub(crate) fn json_reply(status: StatusCode, body: &Value) -> Reply {
    let mut reply = Response::new(Body::from(body.to_string()));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// A document with the name of its schema first.
pub(crate) fn document(schema: &str, body: Value) -> Reply {
    let mut all = json!({ "schema": format!("trunkline/{schema}"), "version": 1 });
    if let (Some(all), Value::Object(body)) = (all.as_object_mut(), body) {
        all.extend(body);
    }
    json_reply(StatusCode::OK, &all)
}

/// A refusal with one diagnostic.
pub(crate) fn refusal(status: StatusCode, code: &str, message: &str) -> Reply {
    failure(status, &Diagnostic::error(code, message).report())
}

/// A refusal.
pub(crate) fn failure(status: StatusCode, report: &Report) -> Reply {
    let body = json!({ "schema": "trunkline/error", "version": 1, "diagnostics": report.0 });
    json_reply(status, &body)
}

/// The status that a report asks for: 404 where there is no such thing, 500 where the
/// server failed, 409 where the request is refused.
pub(crate) fn status(report: &Report) -> StatusCode {
    let first = report.0.iter().find(|d| d.severity == Severity::Error).or(report.0.first());
    if first.is_some_and(|d| matches!(d.code.as_str(), "TL0885" | "TL0886")) {
        return StatusCode::NOT_FOUND;
    }
    match first.and_then(|d| code_info(&d.code)).map(|info| info.exit) {
        Some(ExitKind::Usage | ExitKind::Verdict | ExitKind::Waiting) => StatusCode::CONFLICT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
