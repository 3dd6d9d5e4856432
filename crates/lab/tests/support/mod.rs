//! A lab on a free port and a client of few lines, with a signer of its own.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use trunkline_lab::{Lab, Options, Principal, Request};
use trunkline_model::{AccountId, Region};

/// A request of an account's own key, to a lab in memory.
pub fn request(account: &str, service: &str, operation: &str, input: Value) -> Request {
    let account = AccountId::parse(account).expect("an account");
    Request {
        region: Region::parse("us-west-2").expect("a region"),
        principal: Principal::root(&account),
        account,
        service: service.to_owned(),
        operation: operation.to_owned(),
        input,
        body: Vec::new(),
    }
}

/// A lab that is served until the test ends.
pub struct Served {
    pub lab: Lab,
    pub address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

pub fn serve(options: Options) -> Served {
    let lab = Lab::open(options).expect("the lab opens");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let listener =
        runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).expect("a free port");
    let address = listener.local_addr().expect("an address");
    runtime.spawn(trunkline_lab::serve(listener, lab.clone(), std::future::pending()));
    Served { lab, address, _runtime: runtime }
}

/// Credentials: key, secret, session token.
#[derive(Clone)]
pub struct Keys(pub String, pub String, pub Option<String>);

pub fn account(id: &str) -> Keys {
    Keys(id.to_owned(), "x".to_owned(), None)
}

/// An answer: status, headers in lower case, body.
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    /// The text of the first XML element of that name.
    pub fn element(&self, name: &str) -> String {
        let (_, rest) = self.body.split_once(&format!("<{name}>")).expect("the element is there");
        rest.split('<').next().unwrap_or_default().to_owned()
    }
}

pub struct Call<'a> {
    pub keys: &'a Keys,
    pub region: &'a str,
    pub service: &'a str,
    pub method: &'a str,
    pub path: &'a str,
    pub kind: &'a str,
    pub body: &'a str,
}

impl Served {
    /// A signed GET of a Connect path in us-west-2.
    pub fn get(&self, keys: &Keys, path: &str) -> Option<Answer> {
        self.call(&Call {
            keys,
            region: "us-west-2",
            service: "connect",
            method: "GET",
            path,
            kind: "",
            body: "",
        })
    }

    /// A signed form for STS.
    pub fn sts(&self, keys: &Keys, body: &str) -> Option<Answer> {
        let kind = "application/x-www-form-urlencoded";
        self.call(&Call {
            keys,
            region: "us-east-1",
            service: "sts",
            method: "POST",
            path: "/",
            kind,
            body,
        })
    }

    /// A request to the lab's own URLs.
    pub fn control(&self, method: &str, path: &str, body: &str) -> Answer {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: lab\r\n");
        self.send(&head, body).expect("an answer")
    }

    /// Signs and sends; None where the connection closes without an answer.
    pub fn call(&self, call: &Call<'_>) -> Option<Answer> {
        let date = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let scope = format!("{}/{}/{}/aws4_request", &date[..8], call.region, call.service);
        let host = self.address.to_string();
        let Keys(key, secret, token) = call.keys;
        let token_line =
            token.as_ref().map(|t| format!("x-amz-security-token:{t}\n")).unwrap_or_default();
        let signed = if token.is_some() {
            "host;x-amz-date;x-amz-security-token"
        } else {
            "host;x-amz-date"
        };
        let canonical = format!(
            "{}\n{}\n\nhost:{host}\nx-amz-date:{date}\n{token_line}\n{signed}\n{}",
            call.method,
            call.path,
            hash(call.body.as_bytes())
        );
        let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hash(canonical.as_bytes()));
        let mut derived = format!("AWS4{secret}").into_bytes();
        for part in scope.split('/') {
            derived = hmac(&derived, part);
        }
        let signature = hex(&hmac(&derived, &to_sign));
        let token_header =
            token.as_ref().map(|t| format!("x-amz-security-token: {t}\r\n")).unwrap_or_default();
        let head = format!(
            "{} {} HTTP/1.1\r\nhost: {host}\r\nx-amz-date: {date}\r\n{token_header}content-type: {}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={signed}, Signature={signature}\r\n",
            call.method, call.path, call.kind
        );
        self.send(&head, call.body)
    }

    fn send(&self, head: &str, body: &str) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.address).expect("the lab listens");
        let request =
            format!("{head}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut answer = String::new();
        // A connection that is closed on purpose may also end in a reset.
        let _ = stream.read_to_string(&mut answer);
        let (headers, body) = answer.split_once("\r\n\r\n")?;
        let status = headers.split(' ').nth(1)?.parse().ok()?;
        Some(Answer { status, headers: headers.to_lowercase(), body: body.to_owned() })
    }

    /// Assumes a role with the keys.
    pub fn assume(&self, keys: &Keys, role: &str) -> Answer {
        let form = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleSessionName=test&RoleArn={}",
            role.replace(':', "%3A").replace('/', "%2F")
        );
        self.sts(keys, &form).expect("an answer")
    }
}

/// The credentials in an answer of AssumeRole.
pub fn credentials(answer: &Answer) -> Keys {
    assert_eq!(answer.status, 200, "{}", answer.body);
    Keys(
        answer.element("AccessKeyId"),
        answer.element("SecretAccessKey"),
        Some(answer.element("SessionToken")),
    )
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn hmac(key: &[u8], data: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key will do");
    mac.update(data.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
