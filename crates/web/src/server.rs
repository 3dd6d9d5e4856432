//! The server: which address leads to which handler, and how it ends.

use crate::answer::{Reply, document, refusal};
use crate::git::{self, Git};
use crate::ports::{Pipelines, Repositories, Webhooks};
use crate::{api, guard, webhooks};
use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

/// How long requests may still take after the server was asked to end. Those that only wait are cut.
const GRACE: Duration = Duration::from_secs(2);
/// How long a client may take for the head of a request, and may keep a connection without one.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// More than the head of any request of ours; git and providers stay far below.
const MOST_HEAD_BYTES: usize = 64 * 1024;
/// The same for the number of headers.
const MOST_HEADERS: usize = 100;
/// Connections at once; others wait for a place.
const MOST_CONNECTIONS: usize = 512;
/// The pause after a connection could not be taken.
const AGAIN: Duration = Duration::from_millis(50);
/// How long a client may take between two pieces of a body.
pub(crate) const BODY_WITHIN: Duration = Duration::from_secs(60);

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
    let (stop, stopped) = watch::channel(());
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let place = tokio::select! {
            () = &mut shutdown => break,
            place = room.clone().acquire_owned() => place,
        };
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, ports.clone(), stopped.clone(), place));
            }
            // Too many open files, mostly: some will be closed.
            Err(_) => tokio::time::sleep(AGAIN).await,
        }
        while connections.try_join_next().is_some() {}
    }
    drop(stop);
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    // Those that are left are cut when the set is dropped.
    let _ = tokio::time::timeout(GRACE, ended).await;
}

/// Answers the requests of one connection. Whoever sends the head of a request too slowly, or too long a one, is
/// cut off, so that nobody keeps places from others by doing nothing.
async fn connection(
    stream: TcpStream,
    ports: Ports,
    mut stopped: watch::Receiver<()>,
    place: Result<OwnedSemaphorePermit, tokio::sync::AcquireError>,
) {
    // Answers are small and somebody waits for each.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let ports = ports.clone();
        async move { Ok::<_, Infallible>(dispatch(ports, request.map(Body::new)).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    http.max_buf_size(MOST_HEAD_BYTES).max_headers(MOST_HEADERS);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // How a connection ends is its client's business.
    tokio::select! {
        _ = connection.as_mut() => {}
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
    drop(place);
}

async fn dispatch(ports: Ports, request: Request<Body>) -> Reply {
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

#[cfg(test)]
mod tests;
