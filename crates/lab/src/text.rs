//! Small text work that several parts share: hex, percent-encoding, query strings, times.

use base64::Engine;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

/// SHA-256 as hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The bytes of base64 text.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

/// Percent-encodes all but A-Z a-z 0-9 - . _ ~ and what `keep` names, as signatures want it.
pub(crate) fn encode(text: &[u8], keep: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for &byte in text {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex(&[byte]).to_ascii_uppercase());
        }
    }
    out
}

/// Undoes percent-encoding; what is no escape stays. `plus` reads `+` as a space (forms).
pub(crate) fn decode(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = bytes
            .get(at + 1..at + 3)
            .filter(|_| bytes[at] == b'%')
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match escaped {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(if plus && bytes[at] == b'+' { b' ' } else { bytes[at] });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The pairs of a query string or form, decoded.
pub(crate) fn pairs(query: &str, plus: bool) -> Vec<(String, String)> {
    let parts = query.split('&').filter(|p| !p.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name, plus), decode(value, plus))
        })
        .collect()
}

/// `20261121T030000Z`.
pub(crate) fn basic_time(now: Timestamp) -> String {
    now.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Reads `20261121T030000Z`.
pub(crate) fn parse_basic_time(text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix('Z').filter(|t| t.len() == 15 && t.is_ascii())?;
    let part = |from: usize, to: usize| &digits[from..to];
    let iso = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(9, 11),
        part(11, 13),
        part(13, 15)
    );
    iso.parse().ok()
}

/// `2026-11-21T03:00:00Z`.
pub(crate) fn iso_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Seconds since the epoch with milliseconds, as JSON services write times.
pub(crate) fn epoch(time: Timestamp) -> serde_json::Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this century fit into 53 bits")]
    let seconds = time.as_millisecond() as f64 / 1000.0;
    serde_json::json!(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_and_back() {
        assert_eq!(encode("a b/ü".as_bytes(), b"/"), "a%20b/%C3%BC");
        assert_eq!(decode("a%20b%2Fü%zz+", false), "a b/ü%zz+");
        assert_eq!(
            pairs("a=1&b=%26+x&c", true),
            [("a".into(), "1".into()), ("b".into(), "& x".into()), ("c".into(), String::new())]
        );
        let time = parse_basic_time("20261121T030405Z").expect("a time");
        assert_eq!(
            (basic_time(time).as_str(), iso_time(time).as_str()),
            ("20261121T030405Z", "2026-11-21T03:04:05Z")
        );
        assert!(parse_basic_time("2026").is_none());
    }
}
