//! Whether a delivery comes from who knows the secret. All comparisons take constant time.

use super::text;
use crate::ports::{Hook, Provider};
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// Seconds by which the time inside a signature may differ from ours.
const TOLERANCE: i64 = 300;

/// Verifies a delivery against each secret. The reason of a refusal tells nothing about them.
pub(super) fn verify(
    provider: Provider,
    hook: &Hook,
    headers: &HeaderMap,
    body: &[u8],
    now: i64,
) -> Result<(), &'static str> {
    if hook.secrets.is_empty() {
        let why = "no secret is set for this repository, so no delivery can be trusted";
        return if hook.unsigned { Ok(()) } else { Err(why) };
    }
    let by = |check: &dyn Fn(&[u8]) -> bool| {
        // Every secret is tried, so that the time does not tell which one fits.
        let fits = hook.secrets.iter().filter(|secret| check(secret.as_bytes())).count();
        if fits > 0 { Ok(()) } else { Err("the signature or token does not fit") }
    };
    if provider == Provider::GitLab {
        if let Some(signed) = text(headers, "webhook-signature") {
            return standard(hook, headers, signed, body, now);
        }
        let token =
            text(headers, "x-gitlab-token").ok_or("the header X-Gitlab-Token is missing")?;
        return by(&|secret| token.as_bytes().ct_eq(secret).into());
    }
    let (name, missing) = match provider {
        Provider::GitHub => ("x-hub-signature-256", "the header X-Hub-Signature-256 is missing"),
        _ => ("x-hub-signature", "the header X-Hub-Signature is missing"),
    };
    let signed = text(headers, name).ok_or(missing)?;
    let digits = signed.strip_prefix("sha256=").ok_or("the signature is not of HMAC-SHA256")?;
    let signature = unhex(digits).ok_or("the signature is not in hexadecimal digits")?;
    by(&|secret| code(secret, &[body]).ct_eq(&signature).into())
}

/// GitLab's signing token: the scheme of Standard Webhooks, over id, time and body.
fn standard(
    hook: &Hook,
    headers: &HeaderMap,
    signed: &str,
    body: &[u8],
    now: i64,
) -> Result<(), &'static str> {
    let id = text(headers, "webhook-id").ok_or("the header webhook-id is missing")?;
    let time =
        text(headers, "webhook-timestamp").ok_or("the header webhook-timestamp is missing")?;
    let seconds: i64 = time.parse().map_err(|_| "the header webhook-timestamp is no number")?;
    if now.abs_diff(seconds) > TOLERANCE.unsigned_abs() {
        return Err("the delivery was signed too long ago, or in the future");
    }
    let parts = [id.as_bytes(), b".", time.as_bytes(), b".", body];
    let mut fits = false;
    for secret in &hook.secrets {
        let key = match secret.strip_prefix("whsec_").map(|s| STANDARD.decode(s)) {
            Some(Ok(key)) => key,
            _ => secret.as_bytes().to_vec(),
        };
        let expected = code(&key, &parts);
        // Several signatures, separated by spaces, are allowed while a key is replaced.
        for one in signed.split(' ').filter_map(|s| s.strip_prefix("v1,")) {
            fits |= STANDARD.decode(one).is_ok_and(|s| bool::from(expected.ct_eq(&s)));
        }
    }
    if fits { Ok(()) } else { Err("the signature or token does not fit") }
}

fn code(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// The signature of a body in hexadecimal digits: HMAC-SHA256, as GitHub signs.
pub fn sign(secret: &[u8], body: &[u8]) -> String {
    crate::tokens::hex(&code(secret, &[body]))
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..digits.len()).step_by(2).map(|i| u8::from_str_radix(&digits[i..i + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::hex;

    const BODY: &[u8] = br#"{"a": 1}"#;

    #[test]
    fn signatures_are_those_of_the_standard() {
        // The second case of RFC 4231.
        let right = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(sign(b"Jefe", b"what do ya want for nothing?"), right);
    }

    fn check(provider: Provider, secrets: &[&str], headers: &[(&str, String)], now: i64) -> bool {
        let hook =
            Hook { secrets: secrets.iter().map(|s| (*s).to_owned()).collect(), unsigned: true };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(name.parse::<axum::http::HeaderName>().unwrap(), value.parse().unwrap());
        }
        verify(provider, &hook, &map, BODY, now).is_ok()
    }

    fn hub(secret: &str, body: &[u8]) -> String {
        format!("sha256={}", hex(&code(secret.as_bytes(), &[body])))
    }

    #[test]
    fn either_of_two_secrets_is_enough_and_nothing_else() {
        for (provider, name) in [
            (Provider::GitHub, "x-hub-signature-256"),
            (Provider::Bitbucket, "x-hub-signature"),
            (Provider::BitbucketServer, "x-hub-signature"),
        ] {
            for (signed, allowed) in [
                (hub("old", BODY), true),
                (hub("new", BODY), true),
                (hub("other", BODY), false),
                (hub("new", b"{\"a\":1}"), false),
                (hub("new", BODY).replace("sha256=", "sha1="), false),
                ("sha256=".to_owned(), false),
                ("sha256=zz".to_owned(), false),
            ] {
                let headers = [(name, signed.clone())];
                assert_eq!(check(provider, &["old", "new"], &headers, 0), allowed, "{signed}");
            }
            assert!(!check(provider, &["old"], &[], 0), "a missing header is refused");
        }
    }

    #[test]
    fn gitlabs_token_must_be_the_secret() {
        let token = |t: &str| [("x-gitlab-token", t.to_owned())];
        assert!(check(Provider::GitLab, &["old", "new"], &token("new"), 0));
        assert!(!check(Provider::GitLab, &["old"], &token("ol"), 0));
        assert!(!check(Provider::GitLab, &["old"], &token("olds"), 0));
        assert!(!check(Provider::GitLab, &["old"], &[], 0));
    }

    #[test]
    fn gitlabs_signature_holds_the_time_and_an_old_one_is_refused() {
        let key = STANDARD.encode(b"some key");
        let secret = format!("whsec_{key}");
        let signed = STANDARD.encode(code(b"some key", &[b"id1.1000.", BODY]));
        let headers = [
            ("webhook-id", "id1".to_owned()),
            ("webhook-timestamp", "1000".to_owned()),
            ("webhook-signature", format!("v1,AAAA v1,{signed}")),
        ];
        assert!(check(Provider::GitLab, &[&secret], &headers, 1200));
        assert!(!check(Provider::GitLab, &[&secret], &headers, 1301));
        assert!(!check(Provider::GitLab, &[&secret], &headers, 699));
        assert!(!check(Provider::GitLab, &["other"], &headers, 1000));
    }
}
