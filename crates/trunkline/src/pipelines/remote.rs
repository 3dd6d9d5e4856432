//! Pipelines of a server that runs: its API, found by `server.json` of the data folder.
//!
//! `Client` is also how the server tells its events to webhooks.

use super::backend::Backend;
use super::folder::{DataFolder, ServerInfo};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client as Inner, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::time::Duration;
use trunkline_model::{Diagnostic, Report};
use trunkline_web::{Answer, Boxed, Query};

/// How long a server may take beyond what it was asked to wait.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer answers are none of ours.
const MOST: usize = 64 * 1024 * 1024;
/// The longest wait that is asked for at once.
const LONGEST_WAIT: Duration = Duration::from_secs(50);

/// The server of a data folder; None where none runs. TL0888: its lock is held, but it does not answer.
pub(crate) async fn connect(folder: &DataFolder) -> Result<Option<Box<dyn Backend>>, Report> {
    let Some(server) = folder.server().filter(|_| folder.is_taken()) else { return Ok(None) };
    let remote = Remote { client: Client::new().map_err(|why| silent(&server, &why))?, server };
    let url = format!("{}/health", remote.server.url);
    match remote.client.get(&url, None).await {
        Ok(answer) if answer.status == 200 => Ok(Some(Box::new(remote))),
        Ok(answer) => Err(silent(&remote.server, &format!("it answered {}", answer.status))),
        Err(why) => Err(silent(&remote.server, &why)),
    }
}

fn silent(server: &ServerInfo, why: &str) -> Report {
    let message = format!("the server at {} (process {}) does not answer", server.url, server.pid);
    Diagnostic::error("TL0888", message)
        .because(why)
        .help("wait until it has started, or end it and start it again")
        .report()
}

/// An answer over HTTP.
pub(crate) struct Got {
    /// The status.
    pub(crate) status: u16,
    /// Whether a log is complete.
    complete: bool,
    /// The body.
    pub(crate) body: Bytes,
}

/// A client for HTTP and HTTPS.
pub(crate) struct Client(Inner<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Client {
    /// Makes one; an error is a sentence about certificates.
    pub(crate) fn new() -> Result<Self, String> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|error| format!("the machine's certificates cannot be read: {error}"))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        Ok(Self(Inner::builder(TokioExecutor::new()).build(connector)))
    }

    async fn get(&self, url: &str, token: Option<&str>) -> Result<Got, String> {
        self.send("GET", url, Vec::new(), &bearer(token), PATIENCE + LONGEST_WAIT).await
    }

    /// Posts JSON.
    async fn post(&self, url: &str, body: Vec<u8>, token: Option<&str>) -> Result<Got, String> {
        self.send("POST", url, body, &bearer(token), PATIENCE).await
    }

    /// Posts JSON with further headers.
    pub(crate) async fn post_with(
        &self,
        url: &str,
        body: Vec<u8>,
        headers: &[(&'static str, String)],
    ) -> Result<Got, String> {
        self.send("POST", url, body, headers, PATIENCE).await
    }

    async fn send(
        &self,
        method: &str,
        url: &str,
        body: Vec<u8>,
        headers: &[(&'static str, String)],
        limit: Duration,
    ) -> Result<Got, String> {
        let mut request = http::Request::builder().method(method).uri(url);
        request = request.header("user-agent", concat!("trunkline/", env!("CARGO_PKG_VERSION")));
        if method == "POST" {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|e| e.to_string())?;
        let exchange = async {
            let response = self.0.request(request).await.map_err(|error| chain(&error))?;
            let status = response.status().as_u16();
            let complete =
                response.headers().get("trunkline-complete").is_some_and(|v| v == "true");
            let body = Limited::new(response.into_body(), MOST).collect().await;
            let body = body.map_err(|error| chain(error.as_ref()))?.to_bytes();
            Ok(Got { status, complete, body })
        };
        let ended = tokio::time::timeout(limit, exchange).await;
        ended.map_err(|_| "it took too long to answer".to_owned())?
    }
}

fn bearer(token: Option<&str>) -> Vec<(&'static str, String)> {
    token.into_iter().map(|token| ("authorization", format!("Bearer {token}"))).collect()
}

/// An error with what it comes from.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

struct Remote {
    client: Client,
    server: ServerInfo,
}

impl Remote {
    async fn once(&self, query: &Query, wait: Duration) -> Result<Answer, Report> {
        let url = format!("{}/api/{}", self.server.url, path(query, wait));
        let token = Some(self.server.token.as_str());
        let got = match query {
            Query::Command { command, .. } => {
                self.client.post(&url, command.to_string().into_bytes(), token).await
            }
            _ => self.client.get(&url, token).await,
        };
        let got = got.map_err(|why| silent(&self.server, &why))?;
        if got.status == 200 && matches!(query, Query::Log { .. }) {
            return Ok(Answer::Log { bytes: got.body.to_vec(), complete: got.complete });
        }
        let unreadable =
            |why: &str| silent(&self.server, &format!("its answer is not understood: {why}"));
        let mut body: Value =
            serde_json::from_slice(&got.body).map_err(|error| unreadable(&error.to_string()))?;
        if got.status == 200 {
            return Ok(Answer::Json(body));
        }
        let found: Vec<Diagnostic> = serde_json::from_value(body["diagnostics"].take())
            .map_err(|error| unreadable(&error.to_string()))?;
        Err(Report(found))
    }
}

/// The address of a query, below `/api/`.
fn path(query: &Query, wait: Duration) -> String {
    let wait = match wait.as_millis().div_ceil(1000) {
        0 => String::new(),
        seconds => format!("&wait={seconds}"),
    };
    match query {
        Query::List => "pipelines".to_owned(),
        Query::Show { pipeline } => format!("pipelines/{}", safe(pipeline)),
        Query::Executions { pipeline, limit, before } => {
            let before =
                before.as_ref().map(|b| format!("&before={}", safe(b))).unwrap_or_default();
            format!("pipelines/{}/executions?limit={limit}{before}", safe(pipeline))
        }
        Query::Execution { pipeline, execution } => {
            format!("pipelines/{}/executions/{}", safe(pipeline), safe(execution))
        }
        Query::Events { pipeline, after } => {
            format!("pipelines/{}/events?after={after}{wait}", safe(pipeline))
        }
        Query::Log { action, offset } => format!("logs/{}?offset={offset}{wait}", safe(action)),
        Query::Command { pipeline, .. } => format!("pipelines/{}/commands", safe(pipeline)),
    }
}

/// A part of a path, in which a slash is no separator.
fn safe(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes()
        .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

impl Backend for Remote {
    fn ask(&self, query: Query, wait: Duration) -> Boxed<'_, Result<Answer, Report>> {
        Box::pin(async move { self.once(&query, wait.min(LONGEST_WAIT)).await })
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn carry_on<'a>(&'a self, _pipeline: &'a str) -> Boxed<'a, Result<(), Report>> {
        // The server did, when it began.
        Box::pin(std::future::ready(Ok(())))
    }

    fn close(&self) -> Boxed<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
