//! Who may talk to a server that listens on loopback: not a web page that a browser was lured to.
//!
//! A page can let its own name point to 127.0.0.1 (the Host header tells), or send a request from its own origin
//! (the Origin header tells). Webhooks come with any Host, through a tunnel or a proxy; their signature is checked.

use crate::answer::{Reply, refusal};
use axum::http::{HeaderMap, StatusCode, header};

/// Refuses a request that is meant for somebody else, or that a foreign page has made.
pub(crate) fn check(headers: &HeaderMap, hosts: &[String]) -> Result<(), Reply> {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    // Of two, others may have looked at the other one.
    let one = headers.get_all(header::HOST).iter().count() == 1;
    if !one || !is_local(host, hosts) {
        let message = format!("this server does not answer to the name `{}`", printable(host));
        return Err(refusal(StatusCode::MISDIRECTED_REQUEST, "TL0891", &message));
    }
    let origin = match headers.get(header::ORIGIN) {
        None => return Ok(()),
        Some(origin) => origin.to_str().unwrap_or_default(),
    };
    match origin.split_once("://") {
        Some((_, name)) if is_local(name, hosts) => Ok(()),
        _ => {
            let message = format!("a page of `{}` may not use this server", printable(origin));
            Err(refusal(StatusCode::FORBIDDEN, "TL0891", &message))
        }
    }
}

/// Whether a host with or without port is this machine, or one of the names that were allowed.
fn is_local(host: &str, hosts: &[String]) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let local = ["127.0.0.1", "localhost", "[::1]"];
    local.iter().any(|l| name.eq_ignore_ascii_case(l))
        || hosts.iter().any(|h| name.eq_ignore_ascii_case(h))
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_headers(pairs: &[(&str, &str)], allowed: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name: header::HeaderName = name.parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        assert_eq!(check(&headers, &["ci.example.com".into()]).is_ok(), allowed, "{pairs:?}");
    }

    #[test]
    fn only_local_names_and_those_allowed_are_answered_to() {
        check_headers(&[("host", "127.0.0.1:8080")], true);
        check_headers(&[("host", "localhost")], true);
        check_headers(&[("host", "[::1]:80")], true);
        check_headers(&[("host", "ci.example.com")], true);
        check_headers(&[("host", "evil.example.com:8080")], false);
        check_headers(&[("host", "127.0.0.1.evil.example.com")], false);
        check_headers(&[], false);
    }

    #[test]
    fn two_hosts_are_none() {
        let mut headers = HeaderMap::new();
        for host in ["localhost", "evil.example.com"] {
            headers.append(header::HOST, host.parse().unwrap());
        }
        assert!(check(&headers, &[]).is_err());
    }

    #[test]
    fn a_foreign_page_is_refused() {
        check_headers(&[("host", "localhost"), ("origin", "http://localhost:8080")], true);
        check_headers(&[("host", "localhost"), ("origin", "https://evil.example.com")], false);
        check_headers(&[("host", "localhost"), ("origin", "null")], false);
    }
}
