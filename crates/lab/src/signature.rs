//! Signatures, version 4 in headers and in query strings, and version 2 in query strings (which some
//! clients still make for S3). This is the lab's own code, so that a client's mistakes show.
//!
//! [`claim`] says who a request claims to be; the caller finds the secret, and [`Claim::verify`]
//! recomputes the signature. Asymmetric signatures (4a) are deliberately absent.

mod chunks;
mod v2;

use crate::text;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;

/// A request as it came over the wire.
pub(crate) struct Wire<'a> {
    pub(crate) method: &'a str,
    /// The raw path, still percent-encoded.
    pub(crate) path: &'a str,
    /// The raw query string, without `?`.
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// Where the signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Header,
    Query,
    /// Version 2, in the query.
    Old,
}

/// What a request says of its signer.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) access_key: String,
    /// Region and service of the scope; empty for version 2.
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) token: Option<String>,
    kind: Kind,
    date: String,
    scope: String,
    signed: Vec<String>,
    signature: String,
}

/// Why a signature does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Another signature was computed.
    Mismatch,
    /// The time of signing is too far from now, or a presigned URL's time is over.
    Expired,
    /// The body is not the one that the header's hash names.
    Body,
}

/// How far clocks may differ, in minutes.
const SKEW_MINUTES: i64 = 15;

/// Finds the signature; None where the request has none, an error where it has another form.
pub(crate) fn claim(wire: &Wire<'_>) -> Result<Option<Claim>, String> {
    let query = text::pairs(wire.query, false);
    let parameter = |name: &str| query.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone());
    if let Some(header) = header(wire.headers, "authorization") {
        return from_header(wire, &header).map(Some);
    }
    if parameter("X-Amz-Signature").is_some() {
        return from_query(&parameter).map(Some);
    }
    Ok(v2::claim(&parameter))
}

fn from_header(wire: &Wire<'_>, header_text: &str) -> Result<Claim, String> {
    let parameters = header_text
        .strip_prefix("AWS4-HMAC-SHA256")
        .ok_or_else(|| format!("Unsupported Authorization: {header_text}"))?;
    let find = |name: &str| {
        let mut parts = parameters.split(',').map(str::trim);
        parts.find_map(|p| p.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default().to_owned()
    };
    let (key, date_scope, region, service) = credential(&find("Credential"))?;
    let date = header(wire.headers, "x-amz-date").ok_or("the header X-Amz-Date is missing")?;
    if !date.starts_with(date_scope.split('/').next().unwrap_or_default()) {
        return Err("the date of the credential's scope is not that of X-Amz-Date".to_owned());
    }
    Ok(Claim {
        access_key: key,
        region,
        service,
        token: header(wire.headers, "x-amz-security-token"),
        kind: Kind::Header,
        date,
        scope: date_scope,
        signed: find("SignedHeaders").split(';').map(str::to_owned).collect(),
        signature: find("Signature"),
    })
}

fn from_query(parameter: &dyn Fn(&str) -> Option<String>) -> Result<Claim, String> {
    let need =
        |name: &str| parameter(name).ok_or_else(|| format!("the parameter {name} is missing"));
    let (key, scope, region, service) = credential(&need("X-Amz-Credential")?)?;
    Ok(Claim {
        access_key: key,
        region,
        service,
        token: parameter("X-Amz-Security-Token"),
        kind: Kind::Query,
        date: need("X-Amz-Date")?,
        scope,
        signed: need("X-Amz-SignedHeaders")?.split(';').map(str::to_owned).collect(),
        signature: need("X-Amz-Signature")?,
    })
}

/// Access key, scope, region and service of `KEY/DATE/REGION/SERVICE/aws4_request`.
fn credential(text: &str) -> Result<(String, String, String, String), String> {
    let wrong = || format!("`{text}` is not a credential (KEY/DATE/REGION/SERVICE/aws4_request)");
    let (key, scope) = text.split_once('/').ok_or_else(wrong)?;
    let parts: Vec<&str> = scope.split('/').collect();
    match parts[..] {
        [_, region, service, "aws4_request"] => {
            Ok((key.to_owned(), scope.to_owned(), region.to_owned(), service.to_owned()))
        }
        _ => Err(wrong()),
    }
}

impl Claim {
    /// Recomputes the signature with this secret, and checks times and the body's hash.
    pub(crate) fn verify(
        &self,
        wire: &Wire<'_>,
        secret: &str,
        now: Timestamp,
    ) -> Result<(), Problem> {
        if self.kind == Kind::Old {
            return v2::verify(wire, secret, &self.signature, &self.date, now);
        }
        self.check_time(wire, now)?;
        let payload = self.payload(wire);
        let canonical = canonical(wire, &self.signed, &payload, self.service == "s3");
        let key = key(secret, &self.scope);
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{}\n{}\n{}",
            self.date,
            self.scope,
            text::sha256(canonical.as_bytes())
        );
        if text::hex(&hmac(&key, to_sign.as_bytes())) != self.signature {
            return Err(Problem::Mismatch);
        }
        let hashed = payload.len() == 64 && payload.bytes().all(|b| b.is_ascii_hexdigit());
        if hashed && payload != text::sha256(wire.body) {
            return Err(Problem::Body);
        }
        if payload.starts_with("STREAMING-AWS4-HMAC-SHA256-PAYLOAD") {
            let seal = chunks::Seal { key: &key, date: &self.date, scope: &self.scope };
            return seal.verify(wire.body, &self.signature);
        }
        Ok(())
    }

    fn check_time(&self, wire: &Wire<'_>, now: Timestamp) -> Result<(), Problem> {
        let signed = text::parse_basic_time(&self.date).ok_or(Problem::Expired)?;
        let apart = now.duration_since(signed);
        let skew = SignedDuration::from_mins(SKEW_MINUTES);
        let late = if self.kind == Kind::Query {
            let query = text::pairs(wire.query, false);
            let expires = query.iter().find(|(k, _)| k == "X-Amz-Expires").map(|(_, v)| v.parse());
            let seconds: i64 = expires.and_then(Result::ok).unwrap_or(0);
            SignedDuration::from_secs(seconds)
        } else {
            skew
        };
        if apart > late || apart < -skew { Err(Problem::Expired) } else { Ok(()) }
    }

    fn payload(&self, wire: &Wire<'_>) -> String {
        match header(wire.headers, "x-amz-content-sha256") {
            Some(given) => given,
            None if self.kind == Kind::Query && self.service == "s3" => {
                "UNSIGNED-PAYLOAD".to_owned()
            }
            None => text::sha256(wire.body),
        }
    }
}

/// The body without the frames of `aws-chunked`, where it has them.
pub(crate) fn unframed(headers: &HeaderMap, body: &[u8]) -> Option<Vec<u8>> {
    let streaming = header(headers, "x-amz-content-sha256")?.starts_with("STREAMING-");
    if streaming { chunks::unframe(body) } else { None }
}

/// With what the lab signs its own URLs.
pub(crate) struct Signer<'a> {
    pub(crate) access_key: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) region: &'a str,
}

/// A presigned URL's query for GET of `path` on `host`, signed as S3 wants it.
pub(crate) fn presign(
    signer: &Signer<'_>,
    host: &str,
    path: &str,
    now: Timestamp,
    seconds: u32,
) -> String {
    let date = text::basic_time(now);
    let scope = format!("{}/{}/s3/aws4_request", &date[..8], signer.region);
    let credential = text::encode(format!("{}/{scope}", signer.access_key).as_bytes(), b"");
    let query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={date}\
         &X-Amz-Expires={seconds}&X-Amz-SignedHeaders=host"
    );
    let canonical = format!("GET\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
    let hash = text::sha256(canonical.as_bytes());
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hash}");
    let signature = text::hex(&hmac(&key(signer.secret, &scope), to_sign.as_bytes()));
    format!("{query}&X-Amz-Signature={signature}")
}

fn canonical(wire: &Wire<'_>, signed: &[String], payload: &str, raw_path: bool) -> String {
    let path = if raw_path { wire.path.to_owned() } else { normal_path(wire.path) };
    let mut query: Vec<(String, String)> = text::pairs(wire.query, false)
        .iter()
        .filter(|(name, _)| name != "X-Amz-Signature")
        .map(|(n, v)| (text::encode(n.as_bytes(), b""), text::encode(v.as_bytes(), b"")))
        .collect();
    query.sort();
    let query: Vec<String> = query.into_iter().map(|(n, v)| format!("{n}={v}")).collect();
    let headers: Vec<String> = signed
        .iter()
        .map(|name| format!("{name}:{}\n", header(wire.headers, name).unwrap_or_default()))
        .collect();
    format!(
        "{}\n{path}\n{}\n{}\n{}\n{payload}",
        wire.method,
        query.join("&"),
        headers.concat(),
        signed.join(";")
    )
}

/// Dot segments and double slashes removed, then encoded once more, as all services but S3 sign it.
fn normal_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/').filter(|s| !s.is_empty() && *s != ".") {
        if segment == ".." {
            segments.pop();
        } else {
            segments.push(segment);
        }
    }
    let mut normal = format!("/{}", segments.join("/"));
    if path.ends_with('/') && normal != "/" {
        normal.push('/');
    }
    text::encode(normal.as_bytes(), b"/")
}

/// A header's values, trimmed, inner runs of spaces made one, joined by commas.
fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|v| {
            String::from_utf8_lossy(v.as_bytes()).split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    if values.is_empty() { None } else { Some(values.join(",")) }
}

fn key(secret: &str, scope: &str) -> Vec<u8> {
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/') {
        key = hmac(&key, part.as_bytes());
    }
    key
}

fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}
