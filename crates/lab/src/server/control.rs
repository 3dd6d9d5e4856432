//! The lab's own URLs under `/_lab/`: what it is, faults on demand, and sessions that end now.

use crate::faults::Fault;
use crate::lab::Lab;
use crate::signature::Wire;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Answers a request for one of them.
pub(super) fn answer(lab: &Lab, wire: &Wire<'_>, now: Timestamp) -> Response<Full<Bytes>> {
    let (status, body) = match (wire.method, wire.path) {
        ("GET", "/_lab/status") => (200, status(lab)),
        ("GET", "/_lab/faults") => (200, json!({"faults": lab.faults()})),
        ("POST", "/_lab/faults") => add(lab, wire.body),
        ("DELETE", "/_lab/faults") => {
            lab.clear_faults();
            (200, json!({"faults": []}))
        }
        ("POST", "/_lab/expire-sessions") => {
            lab.expire_sessions(now);
            (200, json!({}))
        }
        (method, path) => (404, json!({"error": format!("the lab has no {method} {path}")})),
    };
    let mut response = Response::new(Full::new(Bytes::from(format!("{body}\n"))));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("server", HeaderValue::from_static("trunkline-lab (emulated)"));
    response
}

fn status(lab: &Lab) -> Value {
    let options = lab.options();
    json!({
        "emulated": true,
        "version": env!("CARGO_PKG_VERSION"),
        "time_scale": options.time_scale,
        "throttle": options.throttle,
        "strict_roles": options.strict_roles,
        "verify": options.verify,
        "search_lag_seconds": options.search_lag_seconds,
        "published_may_name_saved": options.published_may_name_saved,
        "search_returns_content": options.search_returns_content,
        "quotas": options.quotas,
    })
}

/// One fault, or a list of them.
fn add(lab: &Lab, body: &[u8]) -> (u16, Value) {
    let parsed: Result<Value, _> = serde_json::from_slice(body);
    let faults = parsed.and_then(|value| match value {
        Value::Array(_) => serde_json::from_value::<Vec<Fault>>(value),
        one => serde_json::from_value::<Fault>(one).map(|fault| vec![fault]),
    });
    match faults {
        Ok(faults) => {
            faults.into_iter().for_each(|fault| lab.inject(fault));
            (200, json!({"faults": lab.faults()}))
        }
        Err(error) => (400, json!({"error": format!("not a fault: {error}")})),
    }
}
