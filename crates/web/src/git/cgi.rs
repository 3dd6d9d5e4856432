//! One run of `git http-backend`: the request goes in and the answer comes out as they arrive, piece by piece, so
//! that no pack is ever held whole. The program inflates gzip bodies itself.

use super::Git;
use crate::answer::{Reply, refusal};
use crate::ports::Repositories;
use crate::server::BODY_WITHIN;
use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Request, StatusCode, header};
use futures_util::{StreamExt as _, stream};
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;

/// More than the headers of git's answers ever are.
const MOST_HEADER_BYTES: usize = 16 * 1024;
/// What is read at once.
const PIECE: usize = 64 * 1024;

/// What is asked of the program.
pub(super) struct Call {
    /// The folder of repositories.
    pub(super) root: PathBuf,
    /// The path below it, which this server has put together.
    pub(super) path: String,
    /// Told when the program has ended.
    pub(super) after: Option<(Arc<dyn Repositories>, String)>,
}

/// Runs the program for a request.
pub(super) async fn run(git: &Git, call: Call, request: Request<Body>) -> Reply {
    let mut child = match command(git, &call, &request).spawn() {
        Ok(child) => child,
        Err(error) => return broken(&format!("git cannot be started: {error}")),
    };
    let (Some(stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return broken("git has no pipes");
    };
    tokio::spawn(feed(stdin, request.into_body()));
    let mut buffer = Vec::with_capacity(1024);
    let head = match read_head(&mut stdout, &mut buffer).await {
        Ok(head) => head,
        Err(error) => {
            // What it did until then may have changed something.
            finish(child, call.after).await;
            return broken(&format!("git did not answer: {error}"));
        }
    };
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(4);
    tokio::spawn(drain(child, stdout, buffer, sender, call.after));
    let body = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    let mut reply = Reply::new(Body::from_stream(body));
    *reply.status_mut() = head.status;
    for (name, value) in head.headers {
        reply.headers_mut().insert(name, value);
    }
    reply
}

fn command(git: &Git, call: &Call, request: &Request<Body>) -> Command {
    let mut command = Command::new(&git.backend);
    command.env_clear().envs(git.environment.iter().map(|(k, v)| (k, v)));
    command
        .env("GIT_PROJECT_ROOT", &call.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", &call.path)
        .env("REQUEST_METHOD", request.method().as_str())
        .env("QUERY_STRING", request.uri().query().unwrap_or_default())
        .env("REMOTE_ADDR", "127.0.0.1")
        // git lets only named users push. Who may was decided before.
        .env("REMOTE_USER", "trunkline");
    let passed = [
        (header::CONTENT_TYPE, "CONTENT_TYPE"),
        (header::CONTENT_LENGTH, "CONTENT_LENGTH"),
        (header::CONTENT_ENCODING, "HTTP_CONTENT_ENCODING"),
        (HeaderName::from_static("git-protocol"), "GIT_PROTOCOL"),
    ];
    for (name, variable) in passed {
        if let Some(value) = request.headers().get(name).and_then(|v| v.to_str().ok()) {
            command.env(variable, value);
        }
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    // A push is followed to its end below; everything else ends with whoever waits for it.
    command.kill_on_drop(call.after.is_none());
    command
}

/// Hands the body over. Where either side breaks off, the program sees the end of its input and judges itself.
async fn feed(mut stdin: ChildStdin, body: Body) {
    let mut pieces = body.into_data_stream();
    // A client that says nothing for long has gone.
    while let Ok(Some(Ok(piece))) = tokio::time::timeout(BODY_WITHIN, pieces.next()).await {
        if stdin.write_all(&piece).await.is_err() {
            return;
        }
    }
}

/// The status and headers of an answer.
struct Head {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Reads up to the empty line; what came after it stays in the buffer.
async fn read_head(stdout: &mut ChildStdout, buffer: &mut Vec<u8>) -> io::Result<Head> {
    loop {
        if let Some((head, length)) = parse_head(buffer) {
            buffer.drain(..length);
            return Ok(head);
        }
        if buffer.len() > MOST_HEADER_BYTES {
            return Err(io::Error::other("its headers are too long"));
        }
        if stdout.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn parse_head(bytes: &[u8]) -> Option<(Head, usize)> {
    let end =
        |mark: &[u8]| bytes.windows(mark.len()).position(|w| w == mark).map(|i| (i, mark.len()));
    let (at, mark) = end(b"\r\n\r\n").or_else(|| end(b"\n\n"))?;
    let mut head = Head { status: StatusCode::OK, headers: Vec::new() };
    for line in String::from_utf8_lossy(&bytes[..at]).lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            let number = value.split(' ').next().unwrap_or_default();
            head.status = number.parse().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        } else if let (Ok(name), Ok(value)) = (name.parse(), value.parse()) {
            head.headers.push((name, value));
        }
    }
    Some((head, at + mark))
}

/// Sends the body on. A push goes on without its client, so that what it changed is noticed.
async fn drain(
    child: Child,
    mut stdout: ChildStdout,
    first: Vec<u8>,
    sender: mpsc::Sender<io::Result<Bytes>>,
    after: Option<(Arc<dyn Repositories>, String)>,
) {
    let mut listening = first.is_empty() || sender.send(Ok(first.into())).await.is_ok();
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        match stdout.read_buf(&mut piece).await {
            Ok(0) | Err(_) => break,
            Ok(_) if listening => listening = sender.send(Ok(piece.into())).await.is_ok(),
            Ok(_) => {}
        }
        if !listening && after.is_none() {
            return;
        }
    }
    // The sender is still open: a client that waits for the end of its push learns of it when all is recorded.
    finish(child, after).await;
}

async fn finish(mut child: Child, after: Option<(Arc<dyn Repositories>, String)>) {
    // How it ended does not matter: what is there afterwards counts.
    let _ = child.wait().await;
    if let Some((repositories, name)) = after {
        repositories.pushed(&name).await;
    }
}

fn broken(message: &str) -> Reply {
    refusal(StatusCode::INTERNAL_SERVER_ERROR, "TL0895", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_headers_become_the_answers() {
        let text = b"Status: 403 Forbidden\r\nContent-Type: text/plain\r\n\r\nrest";
        let (head, length) = parse_head(text).unwrap();
        assert_eq!(head.status, StatusCode::FORBIDDEN);
        assert_eq!(head.headers, [(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"))]);
        assert_eq!(&text[length..], b"rest");
        assert!(parse_head(b"Content-Type: text/plain\r\n").is_none());
    }
}
