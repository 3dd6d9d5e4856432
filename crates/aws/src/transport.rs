//! One attempt over the network, and the one distinction that matters to a deployer: whether the
//! request may have been seen.

use crate::answer::Received;
use crate::settings::Settings;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// Answers larger than this are refused; the service's own pages are far smaller.
const ANSWER_LIMIT: usize = 256 * 1024 * 1024;

/// An attempt without a whole answer.
#[derive(Debug)]
pub(crate) enum Lost {
    /// No connection: nothing was sent.
    NotSent(String),
    /// The request was sent, or may have been.
    NoAnswer(String),
    /// The request was sent; its answer is longer than the limit.
    TooLong(String),
}

/// Connections, kept open between calls.
pub(crate) struct Transport {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
}

impl Transport {
    /// Sets up TLS and connections; an error is a sentence about the certificates.
    pub(crate) fn new(settings: &Settings) -> Result<Self, String> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(settings.connect_timeout));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(settings)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        // A connection that idles for long may be closed by the other side just as a write goes
        // out, which leaves the write uncertain: better to close it first.
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(10))
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self { client, timeout: settings.timeout })
    }

    /// Sends a request once.
    pub(crate) async fn send(&self, request: http::Request<Vec<u8>>) -> Result<Received, Lost> {
        self.send_limited(request, ANSWER_LIMIT).await
    }

    /// Sends a request once; an answer with a longer body counts as none.
    pub(crate) async fn send_limited(
        &self,
        request: http::Request<Vec<u8>>,
        limit: usize,
    ) -> Result<Received, Lost> {
        let exchange = async {
            let response = self.client.request(request.map(|b| Full::new(b.into()))).await;
            let response = response.map_err(|error| match error.is_connect() {
                true => Lost::NotSent(chain(&error)),
                false => Lost::NoAnswer(chain(&error)),
            })?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, limit).collect().await;
            let body = body
                .map_err(|error| match error.is::<LengthLimitError>() {
                    true => Lost::TooLong(format!("the answer is longer than {limit} bytes")),
                    false => Lost::NoAnswer(chain(error.as_ref())),
                })?
                .to_bytes();
            Ok(Received { status: head.status.as_u16(), headers: head.headers, body })
        };
        let seconds = self.timeout.as_secs_f64();
        let late = || Lost::NoAnswer(format!("no whole answer within {seconds} s"));
        tokio::time::timeout(self.timeout, exchange).await.unwrap_or_else(|_| Err(late()))
    }
}

fn tls(settings: &Settings) -> Result<rustls::ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    if let Some(path) = &settings.ca_bundle {
        let roots = read_bundle(path)?;
        return Ok(builder.with_root_certificates(roots).with_no_client_auth());
    }
    // Reading the machine's authorities takes longer than a call to a lab that needs none.
    let plain = settings.endpoints.get("").is_some_and(|url| url.starts_with("http://"));
    let builder = match if plain { None } else { builder.clone().with_native_roots().ok() } {
        Some(native) => native,
        None => builder.with_webpki_roots(),
    };
    Ok(builder.with_no_client_auth())
}

fn read_bundle(path: &str) -> Result<rustls::RootCertStore, String> {
    let fault = |error: &dyn std::fmt::Display| format!("AWS_CA_BUNDLE: `{path}`: {error}");
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| fault(&e))? {
        let certificate = certificate.map_err(|e| fault(&e))?;
        roots.add(certificate).map_err(|e| fault(&e))?;
    }
    if roots.is_empty() { Err(fault(&"holds no certificate")) } else { Ok(roots) }
}

/// An error with its reasons: hyper's own text leaves out what the system said.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        let reason_text = reason.to_string();
        if !text.ends_with(&reason_text) {
            text = format!("{text}: {reason_text}");
        }
        source = reason.source();
    }
    text
}
