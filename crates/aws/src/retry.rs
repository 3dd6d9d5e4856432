//! What an error means for trying again: by its name, because 429 is also a quota's status.

use std::time::Duration;

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Too fast; nothing took effect.
    Throttled,
    /// The credentials were good once; nothing took effect.
    Expired,
    /// The credentials or the signature are not accepted; nothing took effect.
    Credentials,
    /// The service failed on its own: a write may have taken effect.
    Fault,
    /// A final answer; nothing took effect.
    Final,
}

const THROTTLES: [&str; 11] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "Http429",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];
const EXPIRED: [&str; 2] = ["ExpiredToken", "ExpiredTokenException"];
const CREDENTIALS: [&str; 11] = [
    "AuthFailure",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];
/// Quotas, which no waiting cures, whatever their status.
const QUOTAS: [&str; 4] = [
    "LimitExceeded",
    "LimitExceededException",
    "ResourceLimitExceeded",
    "ServiceQuotaExceededException",
];
/// Faults that come with a status below 500.
const FAULTS: [&str; 4] =
    ["InternalServerError", "InternalServiceError", "RequestTimeout", "RequestTimeoutException"];

/// Judges a refusal.
pub(crate) fn verdict(code: &str, status: u16) -> Verdict {
    let tables = [
        (Verdict::Throttled, &THROTTLES[..]),
        (Verdict::Expired, &EXPIRED),
        (Verdict::Credentials, &CREDENTIALS),
        (Verdict::Final, &QUOTAS),
        (Verdict::Fault, &FAULTS),
    ];
    let named = tables.into_iter().find(|(_, names)| names.contains(&code));
    named.map_or(if status >= 500 { Verdict::Fault } else { Verdict::Final }, |(v, _)| v)
}

/// How long to wait before the next attempt: doubling from 0.25 s to 20 s, at least half of it.
/// `failed` counts the attempts so far, `random` is in `0..1`.
pub(crate) fn back_off(failed: u32, random: f64) -> Duration {
    let full = (0.25 * f64::from(1_u32 << failed.saturating_sub(1).min(16))).min(20.0);
    Duration::from_secs_f64(full * (0.5 + 0.5 * random.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decide_before_the_status() {
        for (code, status, wanted) in [
            ("ThrottlingException", 429, Verdict::Throttled),
            ("TooManyRequestsException", 429, Verdict::Throttled),
            ("SlowDown", 503, Verdict::Throttled),
            ("LimitExceededException", 429, Verdict::Final),
            ("ServiceQuotaExceededException", 402, Verdict::Final),
            ("InternalServiceException", 500, Verdict::Fault),
            ("InternalServiceError", 400, Verdict::Fault),
            ("ExpiredToken", 403, Verdict::Expired),
            ("UnrecognizedClientException", 403, Verdict::Credentials),
            ("AccessDeniedException", 403, Verdict::Final),
            ("Http502", 502, Verdict::Fault),
        ] {
            assert_eq!(verdict(code, status), wanted, "{code}");
        }
    }

    #[test]
    fn waits_double_and_end() {
        let seconds = |n, r| back_off(n, r).as_secs_f64();
        assert_eq!((seconds(1, 1.0), seconds(2, 1.0), seconds(2, 0.0)), (0.25, 0.5, 0.25));
        assert_eq!(seconds(40, 1.0), 20.0);
    }
}
