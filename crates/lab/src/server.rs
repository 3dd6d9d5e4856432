//! The lab over HTTP/1.1: reads requests, finds service and operation, verifies signatures, and writes answers
//! in the service's protocol. All that is emulated lies behind [`Lab::exchange`].

mod control;
mod identity;
mod inbound;
mod outbound;
mod route;
mod xml;

use crate::lab::Lab;
use crate::operations::{Protocol, Service};
use crate::options::Event;
use crate::record::Exchange;
use crate::request::{Output, Request};
use crate::service::Failure;
use crate::signature::Wire;
use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use inbound::Found;
use jiff::Timestamp;
use std::future::Future;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Why a connection ends without an answer: on purpose, or because its request could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed without an answer")]
struct Closed;

/// How often somebody who waits for a message, or for the end of a fault, is looked after.
const STEP: Duration = Duration::from_millis(20);

/// Answers requests on the listener until `shutdown` is ready; connections still open then are cut.
pub async fn serve(listener: TcpListener, lab: Lab, shutdown: impl Future<Output = ()>) {
    if let Ok(address) = listener.local_addr() {
        lab.set_host(address.to_string());
    }
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => return,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true);
                let lab = lab.clone();
                connections.spawn(async move {
                    let service =
                        hyper::service::service_fn(move |request| answer(lab.clone(), request));
                    let io = TokioIo::new(stream);
                    // A connection that the other side, or a fault, closed is nothing to report.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(io, service)
                        .await;
                });
            }
            Err(error) => {
                lab.report(&Event::Warning(format!("a connection was not accepted: {error}")))
            }
        }
    }
}

async fn answer(
    lab: Lab,
    request: http::Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Closed> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let target = parts.uri.path_and_query().map_or("/", |t| t.as_str());
    let wire = Wire {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body: &body,
    };
    if wire.path.starts_with("/_lab/") {
        return Ok(control::answer(&lab, &wire, Timestamp::now()));
    }
    let started = Instant::now();
    let now = Timestamp::now();
    let found = inbound::find(&wire);
    let (identity, request) = match identify(&lab, &wire, &found, now) {
        Ok((account, request)) => (account, Ok(request)),
        Err((account, failure)) => (account, Err(failure)),
    };
    let outcome = match request {
        Ok(request) => {
            while lab.waits(&request, now, Timestamp::now()) {
                tokio::time::sleep(STEP).await;
            }
            // Faults that are cleared while the request meets one are cleared for it as well.
            let cleared = lab.faults_cleared();
            let reply = lab.exchange(&request, Timestamp::now(), true);
            hold_back(&lab, reply.delay, cleared).await;
            reply.outcome
        }
        Err(failure) => Some(Err(failure)),
    };
    let error = outcome.as_ref().and_then(|o| o.as_ref().err()).map(|f| f.name.clone());
    let response = outcome.map(|outcome| write(&wire, &found, outcome));
    let exchange = Event::Exchange {
        account: identity,
        region: found.region(),
        service: found.service_name().to_owned(),
        operation: found.operation_name(&wire),
        status: response.as_ref().map(|r| r.status),
        error,
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    lab.report(&exchange);
    record(&lab, &wire, target, &found, response.as_ref());
    response.map(Written::into_response).ok_or(Closed)
}

/// Waits as long as a fault wants, or until the faults are cleared once more than they were.
async fn hold_back(lab: &Lab, delay: Duration, cleared: u64) {
    let begun = Instant::now();
    while begun.elapsed() < delay && lab.faults_cleared() == cleared {
        tokio::time::sleep(STEP.min(delay)).await;
    }
}

/// A request that may be carried out; otherwise the account, as far as it is known, and the refusal.
fn identify(
    lab: &Lab,
    wire: &Wire<'_>,
    found: &Found,
    now: Timestamp,
) -> Result<(String, Request), (String, Failure)> {
    let caller = identity::caller(lab, wire, found, now).map_err(|f| (String::new(), f))?;
    let account = caller.account.to_string();
    match inbound::request(wire, found, caller) {
        Ok(request) => Ok((account, request)),
        Err(failure) => Err((account, failure)),
    }
}

/// An answer as it goes over the wire.
struct Written {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Written {
    fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = http::StatusCode::from_u16(self.status)
            .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = self.headers;
        response
    }
}

fn write(wire: &Wire<'_>, found: &Found, outcome: Result<Output, Failure>) -> Written {
    let id = Lab::request_id();
    let mut written = match outcome {
        Ok(output) => outbound::output(found, output, &id),
        Err(failure) => outbound::failure(found.protocol(), found.service, &failure, &id),
    };
    let id_header =
        if found.protocol() == Protocol::RestXml { "x-amz-request-id" } else { "x-amzn-requestid" };
    outbound::set(&mut written.headers, id_header, &id);
    outbound::set(&mut written.headers, "server", "trunkline-lab (emulated)");
    if wire.method == "HEAD" {
        written.body = Bytes::new();
    }
    written
}

fn record(lab: &Lab, wire: &Wire<'_>, target: &str, found: &Found, response: Option<&Written>) {
    let (Some(recorder), Some(Service { name, .. })) = (lab.recorder(), found.service) else {
        return;
    };
    let exchange = Exchange {
        service: name,
        method: wire.method,
        uri: target,
        headers: wire.headers,
        body: wire.body,
        response: response.map(|r| (r.status, &r.headers, r.body.as_ref())),
    };
    if let Err(error) = recorder.append(&exchange) {
        lab.report(&Event::Warning(format!("an exchange could not be recorded: {error}")));
    }
}
