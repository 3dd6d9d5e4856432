//! A proxy between a program and a lab that strikes at a chosen call: it kills the program before the call,
//! after it or in the middle of its bytes, loses the answer, or answers an error itself.
//!
//! It forwards bytes as they are, so signatures stay valid, and knows of HTTP only where messages end. Calls
//! are told apart by method and path; which of them write is known from AWS's naming alone. Writes pass one
//! at a time, in the order in which they came.

use crate::wait::wait_until;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Strike {
    /// The program is killed; the call never arrives.
    KillBefore,
    /// This part (0 to 1) of the request's bytes arrives, then the program is killed.
    KillInRequest(f64),
    /// The call took effect; the program is killed before it sees the answer.
    KillAfter,
    /// The program gets this part (0 to 1) of the answer's bytes, then it is killed.
    KillInAnswer(f64),
    /// The connection is closed; the call never arrives.
    LoseCall,
    /// The call took effect; the connection is closed instead of an answer.
    LoseAnswer,
    /// The call is answered as one over its rate.
    Throttle,
    /// The call is answered by an error of the service's own.
    Fail,
    /// The call is answered as one whose credentials have expired, and so is every later one.
    Expire,
}

impl Strike {
    /// Whether the program does not outlive it.
    pub fn kills(self) -> bool {
        use Strike::{KillAfter, KillBefore, KillInAnswer, KillInRequest};
        matches!(self, KillBefore | KillAfter | KillInRequest(_) | KillInAnswer(_))
    }
}

/// Which calls a strike counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Changes something in AWS.
    Write,
    /// Changes the state store.
    State,
    /// Only reads, or opens a session.
    Read,
}

/// A running proxy.
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    upstream: SocketAddr,
    /// The bucket of the state store.
    state_bucket: String,
    ended: AtomicBool,
    /// Who may write.
    turn: Mutex<()>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    strike: Option<(Class, usize, Strike)>,
    struck: Option<String>,
    expired: bool,
    child: Option<Child>,
    /// Calls that arrived, by class.
    counted: BTreeMap<Class, usize>,
    /// Calls that the lab was given, by method and path without ids.
    forwarded: BTreeMap<String, usize>,
    killed: bool,
}

/// Time for the program to note an answer before the next write arrives.
const BETWEEN_WRITES: Duration = Duration::from_millis(2);

impl Proxy {
    /// Starts a proxy to a lab (`http://127.0.0.1:PORT`); calls to this bucket are those of the state store.
    pub fn start(upstream: &str, state_bucket: &str) -> Self {
        let upstream = upstream.trim_start_matches("http://").parse().expect("an address");
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared {
            upstream,
            state_bucket: state_bucket.to_owned(),
            ended: AtomicBool::new(false),
            turn: Mutex::default(),
            inner: Mutex::default(),
        });
        let served = shared.clone();
        let thread = std::thread::spawn(move || {
            for client in listener.incoming() {
                if served.ended.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(client), served) = (client, served.clone()) else { continue };
                // It ends with its connection, at the latest with the program.
                std::thread::spawn(move || served.serve(&client));
            }
        });
        Self { shared, address, thread: Some(thread) }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Strikes at the nth call of a class (from 1) from now on; forgets what was counted.
    pub fn strike_at(&self, class: Class, nth: usize, strike: Strike) {
        let mut inner = self.shared.lock();
        *inner = Inner { strike: Some((class, nth, strike)), ..Inner::default() };
    }

    /// Lets everything through from now on; forgets what was counted.
    pub fn let_through(&self) {
        *self.shared.lock() = Inner::default();
    }

    /// Runs the program until it ends, by itself or by a strike.
    ///
    /// # Panics
    /// When it does not end within `limit`.
    #[track_caller]
    pub fn run(&self, child: Child, limit: Duration) -> ExitStatus {
        self.shared.lock().child = Some(child);
        wait_until("the program ends", limit, || {
            let mut inner = self.shared.lock();
            let child = inner.child.as_mut().expect("nobody takes it away");
            child.try_wait().expect("it is our child")
        })
    }

    /// The call at which the strike fell (method and path); None where it has not.
    pub fn struck(&self) -> Option<String> {
        self.shared.lock().struck.clone()
    }

    /// How many calls of a class arrived here.
    pub fn count(&self, class: Class) -> usize {
        self.shared.lock().counted.get(&class).copied().unwrap_or_default()
    }

    /// The writes that the lab was given, by method and path without ids, with how often.
    pub fn writes(&self) -> BTreeMap<String, usize> {
        self.shared.lock().forwarded.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        if let Some(mut child) = self.shared.lock().child.take() {
            child.kill().ok();
            child.wait().ok();
        }
        // Wakes the listener, so that it sees the end.
        TcpStream::connect(self.address).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// A message as it came: the first line, and all bytes.
struct Message {
    first: String,
    bytes: Vec<u8>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes requests and answers until one side closes; an error of a connection ends it, nothing else.
    fn serve(&self, client: &TcpStream) {
        let Ok(server) = TcpStream::connect(self.upstream) else { return };
        let (mut requests, mut answers) = (BufReader::new(client), BufReader::new(&server));
        while let Some(request) = read_message(&mut requests, false) {
            let (class, name) = self.classify(&request);
            let writes = class == Class::Write;
            // One write at a time, so that what a strike interrupts is one.
            let turn = writes.then(|| self.turn.lock().unwrap_or_else(PoisonError::into_inner));
            if self.lock().killed {
                break;
            }
            let strike = self.count(class, &name);
            let passed = self.pass(&request, strike, client, &server, &mut answers);
            if passed.is_none() {
                break;
            }
            if writes {
                std::thread::sleep(BETWEEN_WRITES);
            }
            drop(turn);
        }
        client.shutdown(std::net::Shutdown::Both).ok();
    }

    /// Passes one request and its answer; None where the connection ends.
    fn pass(
        &self,
        request: &Message,
        strike: Option<Strike>,
        mut client: &TcpStream,
        mut server: &TcpStream,
        answers: &mut BufReader<&TcpStream>,
    ) -> Option<()> {
        match strike {
            Some(Strike::LoseCall) => return None,
            Some(Strike::KillBefore) => return self.kill(),
            Some(Strike::KillInRequest(part)) => {
                server.write_all(some(&request.bytes, part)).ok();
                return self.kill();
            }
            Some(error @ (Strike::Throttle | Strike::Fail | Strike::Expire)) => {
                return client.write_all(&refusal(error, is_xml(&request.first))).ok();
            }
            Some(Strike::KillAfter | Strike::KillInAnswer(_) | Strike::LoseAnswer) | None => {}
        }
        server.write_all(&request.bytes).ok()?;
        let answer = read_message(answers, request.first.starts_with("HEAD"))?;
        match strike {
            Some(Strike::LoseAnswer) => None,
            Some(Strike::KillAfter) => self.kill(),
            Some(Strike::KillInAnswer(part)) => {
                client.write_all(some(&answer.bytes, part)).ok();
                self.kill()
            }
            _ => client.write_all(&answer.bytes).ok(),
        }
    }

    fn kill(&self) -> Option<()> {
        // The call may come before the one who started the program has handed it over.
        wait_until("the program is known", Duration::from_secs(120), || {
            let mut inner = self.lock();
            inner.killed = true;
            inner.child.as_mut().map(Child::kill)
        })
        .ok();
        None
    }

    /// Counts a call, and returns what is to happen to it.
    fn count(&self, class: Class, name: &str) -> Option<Strike> {
        let mut inner = self.lock();
        let number = inner.counted.entry(class).or_default();
        *number += 1;
        let number = *number;
        let due = inner.strike.filter(|(c, nth, _)| (*c, *nth) == (class, number)).map(|s| s.2);
        if let Some(strike) = due {
            inner.struck = Some(name.to_owned());
            inner.expired = strike == Strike::Expire;
        }
        let strike = if inner.expired { Some(Strike::Expire) } else { due };
        let arrives = !matches!(
            strike,
            Some(Strike::KillBefore | Strike::KillInRequest(_) | Strike::LoseCall)
                | Some(Strike::Throttle | Strike::Fail | Strike::Expire)
        );
        if class == Class::Write && arrives {
            *inner.forwarded.entry(name.to_owned()).or_default() += 1;
        }
        strike
    }

    fn classify(&self, request: &Message) -> (Class, String) {
        let mut words = request.first.split(' ');
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let path = path.split('?').next().unwrap_or(path);
        let bucket = path.trim_start_matches('/').split('/').next().unwrap_or("");
        let reads = matches!(method, "GET" | "HEAD")
            || path == "/"
            || method == "POST" && POSTED_READS.iter().any(|start| path.starts_with(start));
        let class = match (reads, bucket == self.state_bucket) {
            (true, _) => Class::Read,
            (false, true) => Class::State,
            (false, false) => Class::Write,
        };
        let parts: Vec<&str> = path.split('/').map(|p| if is_id(p) { "*" } else { p }).collect();
        (class, format!("{method} {}", parts.join("/")))
    }
}

/// Reads that are not made by GET: by the beginnings of their paths.
const POSTED_READS: [&str; 4] =
    ["/search-", "/phone-number/list", "/phone-number/search-available", "/bots/"];

/// The first bytes of a message, never none and never all.
fn some(bytes: &[u8], part: f64) -> &[u8] {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let count = (bytes.len() as f64 * part) as usize;
    &bytes[..count.clamp(1, bytes.len() - 1)]
}

/// Whether a part of a path is an id, a number of ours, or a name that holds one.
fn is_id(part: &str) -> bool {
    let digits = part.chars().filter(char::is_ascii_digit).count();
    part.len() >= 12 && digits >= 6
}

/// S3, STS and IAM answer in XML: a key of a bucket, or the root.
fn is_xml(first: &str) -> bool {
    let path = first.split(' ').nth(1).unwrap_or("");
    path == "/" || path.contains("acme-staging") || path.contains("acme-state")
}

fn refusal(strike: Strike, xml: bool) -> Vec<u8> {
    let (status, name) = match (strike, xml) {
        (Strike::Throttle, false) => (429, "ThrottlingException"),
        (Strike::Throttle, true) => (503, "SlowDown"),
        (Strike::Expire, false) => (403, "ExpiredTokenException"),
        (Strike::Expire, true) => (400, "ExpiredToken"),
        (_, false) => (500, "InternalServiceException"),
        (_, true) => (500, "InternalError"),
    };
    let body = match xml {
        true => format!("<Error><Code>{name}</Code><Message>a fault of the test</Message></Error>"),
        false => format!(r#"{{"message":"a fault of the test","__type":"{name}"}}"#),
    };
    let kind = if xml { "application/xml" } else { "application/json" };
    format!(
        "HTTP/1.1 {status} Fault\r\ncontent-type: {kind}\r\nx-amzn-errortype: {name}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Reads head and body; None at the end of the connection. Bodies have a length: neither side sends chunks.
fn read_message(from: &mut impl BufRead, no_body: bool) -> Option<Message> {
    let (mut bytes, mut first, mut length) = (Vec::new(), String::new(), 0);
    loop {
        let start = bytes.len();
        if from.read_until(b'\n', &mut bytes).ok()? == 0 {
            return None;
        }
        let line = String::from_utf8_lossy(&bytes[start..]).trim_end().to_owned();
        if start == 0 {
            first = line;
        } else if line.is_empty() {
            break;
        } else if let Some((name, value)) = line.split_once(':') {
            assert!(!name.eq_ignore_ascii_case("transfer-encoding"), "a body in chunks");
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
        }
    }
    if !no_body {
        let start = bytes.len();
        bytes.resize(start + length, 0);
        from.read_exact(&mut bytes[start..]).ok()?;
    }
    Some(Message { first, bytes })
}
