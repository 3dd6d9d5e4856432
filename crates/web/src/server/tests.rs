use super::*;
use crate::events::Event;
use crate::ports::{self, Answer, Boxed, Delivered, Hook, Hosted, Provider, Query, Receipt};
use crate::tokens::Access;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use trunkline_model::Report;

/// Has nothing, and lets everybody use it.
struct Nothing;

impl Repositories for Nothing {
    fn find<'a>(&'a self, _: &'a str) -> Boxed<'a, Result<Option<Hosted>, Report>> {
        Box::pin(async { Ok(None) })
    }

    fn access(&self, _: &str) -> Option<Access> {
        None
    }

    fn pushed<'a>(&'a self, _: &'a str) -> Boxed<'a, ()> {
        Box::pin(async {})
    }
}

impl Webhooks for Nothing {
    fn hook(&self, _: Provider, _: &str) -> Option<Hook> {
        Some(Hook { secrets: Vec::new(), unsigned: true })
    }

    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn known(&self, _: &ports::Incoming) -> Result<Receipt, Report> {
        Ok(Receipt::New)
    }

    fn take(&self, _: ports::Incoming, _: Event) -> Boxed<'_, Result<Delivered, Report>> {
        Box::pin(async { Ok(Delivered::default()) })
    }
}

impl Pipelines for Nothing {
    fn allows(&self, _: &str) -> bool {
        true
    }

    fn answer(&self, _: Query) -> Boxed<'_, Result<Answer, Report>> {
        Box::pin(async { Ok(Answer::Json(json!({ "events": [] }))) })
    }

    fn changed<'a>(&'a self, _: Option<&'a str>) -> Boxed<'a, ()> {
        Box::pin(std::future::pending())
    }
}

/// Sends the beginning of a request and then nothing, with time that passes at once while nobody does anything.
/// Returns the answer, which is all that the server sent before it closed the connection.
async fn begins(text: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let git = Git { backend: "/nowhere".into(), environment: Vec::new() };
    let ports = Ports {
        repositories: Arc::new(Nothing),
        webhooks: Arc::new(Nothing),
        pipelines: Arc::new(Nothing),
        git: Arc::new(git),
        hosts: Arc::new([]),
        version: "0",
    };
    let server = tokio::spawn(serve(listener, ports, std::future::pending()));
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = client.read_to_string(&mut answer).await;
    server.abort();
    answer
}

#[tokio::test(start_paused = true)]
async fn who_never_ends_a_request_is_cut_off() {
    for text in ["", "GET /health HTTP/1.1\r\nHost: localhost\r\n", "GET"] {
        let answer = begins(text).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{text:?}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_never_sends_a_body_is_told_so() {
    let head = "Host: localhost\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\n\
                Connection: close\r\nContent-Length: 9\r\n\r\n{";
    for address in ["/webhooks/github/web", "/api/pipelines/web/commands"] {
        let answer = begins(&format!("POST {address} HTTP/1.1\r\n{head}")).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{address}: {answer}");
    }
}
