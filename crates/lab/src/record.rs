//! The record of exchanges: one JSON object a line, to be held against AWS's own service models.

use crate::options::OpenError;
use crate::text::base64;
use http::HeaderMap;
use serde_json::{Map, Value, json};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The open file.
pub(crate) struct Recorder {
    file: Mutex<File>,
}

/// One exchange as it was on the wire.
pub(crate) struct Exchange<'a> {
    pub(crate) service: &'a str,
    pub(crate) method: &'a str,
    /// The raw request target.
    pub(crate) uri: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    /// Status, headers and body; None for an answer that was dropped.
    pub(crate) response: Option<(u16, &'a HeaderMap, &'a [u8])>,
}

impl Recorder {
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let file = OpenOptions::new().append(true).create(true).open(path);
        let file = file.map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        Ok(Self { file: Mutex::new(file) })
    }

    /// Appends one exchange.
    pub(crate) fn append(&self, exchange: &Exchange<'_>) -> std::io::Result<()> {
        let mut request = part(exchange.headers, exchange.body);
        request.insert("method".to_owned(), json!(exchange.method));
        request.insert("uri".to_owned(), json!(exchange.uri));
        let response = exchange.response.map(|(status, headers, body)| {
            let mut response = part(headers, body);
            response.insert("status".to_owned(), json!(status));
            response
        });
        let line = json!({"service": exchange.service, "request": request, "response": response});
        let mut line = serde_json::to_vec(&line)?;
        line.push(b'\n');
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line)
    }
}

fn part(headers: &HeaderMap, body: &[u8]) -> Map<String, Value> {
    let mut all = Map::new();
    for name in headers.keys() {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|v| String::from_utf8_lossy(v.as_bytes())).collect();
        all.insert(name.to_string(), json!(values.join(", ")));
    }
    let mut part = Map::new();
    part.insert("headers".to_owned(), Value::Object(all));
    match std::str::from_utf8(body) {
        Ok(text) => part.insert("body".to_owned(), json!(text)),
        Err(_) => part.insert("body_base64".to_owned(), json!(base64(body))),
    };
    part
}
