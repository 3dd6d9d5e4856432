//! The server: which address leads to which handler, and how it ends.

use crate::answer::{Reply, document, refusal};
use crate::git::{self, Git};
use crate::ports::{Pipelines, Repositories, Webhooks};
use crate::{api, guard, webhooks};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::serve::ListenerExt as _;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long requests may still take after the server was asked to end. Those that only wait are cut.
const GRACE: Duration = Duration::from_secs(2);

/// Everything that the handlers need.
#[derive(Clone)]
pub struct Ports {
    /// The hosted repositories.
    pub repositories: Arc<dyn Repositories>,
    /// Webhooks.
    pub webhooks: Arc<dyn Webhooks>,
    /// Pipelines.
    pub pipelines: Arc<dyn Pipelines>,
    /// Git.
    pub git: Arc<Git>,
    /// Names besides those of loopback by which the server may be called.
    pub hosts: Arc<[String]>,
    /// The version of the program, for `/health`.
    pub version: &'static str,
}

/// Answers requests on the listener until `shutdown` is ready and what was begun has ended, or the grace is over.
pub async fn serve(listener: TcpListener, ports: Ports, shutdown: impl Future<Output = ()> + Send) {
    let (stop, stopped) = tokio::sync::watch::channel(());
    let mut ending = stopped.clone();
    let listener = listener.tap_io(|stream| {
        // Answers are small and somebody waits for each.
        let _ = stream.set_nodelay(true);
    });
    let router = Router::new().fallback(dispatch).with_state(ports);
    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        let _ = ending.changed().await;
    });
    let server = tokio::spawn(server.into_future());
    let abort = server.abort_handle();
    shutdown.await;
    drop(stop);
    if tokio::time::timeout(GRACE, server).await.is_err() {
        abort.abort();
    }
}

async fn dispatch(State(ports): State<Ports>, request: Request<Body>) -> Reply {
    let path = request.uri().path().to_owned();
    if path == "/health" {
        return document("health", json!({ "status": "ok", "version": ports.version }));
    }
    if let Some(rest) = path.strip_prefix("/webhooks/") {
        return webhooks::answer(ports.webhooks, rest, request).await;
    }
    if let Err(reply) = guard::check(request.headers(), &ports.hosts) {
        return reply;
    }
    if path.starts_with("/git/") {
        return git::answer(&ports.git, ports.repositories, request).await;
    }
    if let Some(rest) = path.strip_prefix("/api/") {
        return api::answer(ports.pipelines.as_ref(), rest, request).await;
    }
    if path == "/" {
        return index(ports.version);
    }
    refusal(StatusCode::NOT_FOUND, "TL0891", "there is nothing at this address")
}

/// The page at the root: what this is, in a few words, without anything that has to be loaded.
fn index(version: &str) -> Reply {
    let page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Trunkline</title>\n\
         <h1>Trunkline {version}</h1>\n\
         <p>This server runs pipelines. It hosts git repositories under <code>/git/</code>, takes webhooks under \
         <code>/webhooks/</code>, and is what <code>trunkline pipeline</code> talks to.</p>\n\
         <p><code>trunkline pipeline list</code> shows what it runs.</p>\n</html>\n"
    );
    let mut reply = Reply::new(Body::from(page));
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    let policy = HeaderValue::from_static("default-src 'none'");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}
