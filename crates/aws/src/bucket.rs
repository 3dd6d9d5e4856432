//! Token buckets: one per account, region and operation, shared by every client of the process.
//!
//! A call reserves its token and learns how long to wait for it. Throttles teach: the bucket is
//! emptied and its rate lowered; successes raise it again, slowly. Rates are data (`bucket/rates.txt`).

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// The lowest share of its rate that a bucket learns.
const FLOOR: f64 = 0.2;
/// What a throttle multiplies the rate with.
const LOWERED: f64 = 0.7;
/// What a success adds, as a share of the full rate.
const RAISED: f64 = 0.02;
/// Tokens of a full bucket that stay in it: calls do not arrive as evenly as they are sent, and a
/// refusal costs more than the wait for these.
const MARGIN: f64 = 2.0;

/// Every bucket of the process. Cheap to make; share one among all clients.
#[derive(Debug, Default)]
pub struct Buckets(Mutex<HashMap<Key, Bucket>>);

/// Which bucket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) operation: String,
}

#[derive(Debug)]
struct Bucket {
    /// Below zero where tokens are reserved ahead of time.
    tokens: f64,
    /// What was learned: a share of the full rate.
    learned: f64,
    refilled: Duration,
    /// When the rate was lowered last.
    lowered: Option<Duration>,
}

/// Tokens a second and the most that gather.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limit {
    pub(crate) rate: f64,
    pub(crate) burst: f64,
}

impl Buckets {
    /// Takes a token and returns how long to wait until it is there. `share` is the part of the
    /// rate that the caller may use, `scale` the lab's pace, `now` the time since a fixed moment.
    pub(crate) fn reserve(&self, key: &Key, share: f64, scale: f64, now: Duration) -> Duration {
        let limit = limit(&key.service, &key.operation);
        self.with(key, limit, scale, now, |bucket| {
            bucket.tokens -= 1.0 / share.clamp(0.01, 1.0);
            let wait = -bucket.tokens / (limit.rate * scale * bucket.learned);
            Duration::from_secs_f64(wait.max(0.0))
        })
    }

    /// Empties the bucket and lowers its rate: somebody else draws on the same limit.
    pub(crate) fn throttled(&self, key: &Key, scale: f64, now: Duration) {
        let limit = limit(&key.service, &key.operation);
        // Calls that were under way together are refused together: that teaches one thing, once.
        let together = Duration::from_secs_f64(limit.burst / (limit.rate * scale));
        self.with(key, limit, scale, now, |bucket| {
            bucket.tokens = bucket.tokens.min(0.0);
            if bucket.lowered.is_none_or(|last| now.saturating_sub(last) >= together) {
                bucket.learned = (bucket.learned * LOWERED).max(FLOOR);
                bucket.lowered = Some(now);
            }
        });
    }

    /// Raises a lowered rate a little.
    pub(crate) fn succeeded(&self, key: &Key, scale: f64, now: Duration) {
        self.with(key, limit(&key.service, &key.operation), scale, now, |bucket| {
            bucket.learned = (bucket.learned + RAISED).min(1.0);
        });
    }

    fn with<T>(
        &self,
        key: &Key,
        limit: Limit,
        scale: f64,
        now: Duration,
        act: impl FnOnce(&mut Bucket) -> T,
    ) -> T {
        // A panic elsewhere leaves at worst a wrong count of tokens.
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let burst = (limit.burst - MARGIN).max(1.0);
        let full = Bucket { tokens: burst, learned: 1.0, refilled: now, lowered: None };
        let bucket = buckets.entry(key.clone()).or_insert(full);
        let seconds = now.saturating_sub(bucket.refilled).as_secs_f64();
        let gained = seconds * limit.rate * scale * bucket.learned;
        bucket.tokens = (bucket.tokens + gained).min(burst);
        bucket.refilled = bucket.refilled.max(now);
        act(bucket)
    }
}

/// The limit of an operation.
pub(crate) fn limit(service: &str, operation: &str) -> Limit {
    let named = |s: &str, o: &str| limits().get(&(s.to_owned(), o.to_owned())).copied();
    named(service, operation)
        .or_else(|| named(service, "*"))
        .or_else(|| named("*", "*"))
        .expect("the table ends with a row for every other operation")
}

fn limits() -> &'static HashMap<(String, String), Limit> {
    static LIMITS: OnceLock<HashMap<(String, String), Limit>> = OnceLock::new();
    LIMITS.get_or_init(|| {
        let rows = include_str!("bucket/rates.txt").lines().filter(|l| !l.starts_with('#'));
        rows.map(|row| {
            let words: Vec<&str> = row.split(' ').collect();
            let [service, operation, rate, burst] = words[..] else {
                unreachable!("the table is part of the program, and a test reads all of it: {row}")
            };
            let number = |text: &str| text.parse().expect("the table's figures are numbers");
            let limit = Limit { rate: number(rate), burst: number(burst) };
            ((service.to_owned(), operation.to_owned()), limit)
        })
        .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(account: &str, operation: &str) -> Key {
        let (region, service) = ("us-west-2".to_owned(), "connect".to_owned());
        Key { account: account.to_owned(), region, service, operation: operation.to_owned() }
    }

    fn waits(buckets: &Buckets, key: &Key, share: f64, scale: f64, n: usize) -> Vec<f64> {
        let now = Duration::from_secs(100);
        (0..n).map(|_| buckets.reserve(key, share, scale, now).as_secs_f64()).collect()
    }

    #[test]
    fn a_burst_then_two_a_second() {
        let buckets = Buckets::default();
        let waited = waits(&buckets, &key("1", "DescribeQueue"), 1.0, 1.0, 8);
        assert_eq!(waited, [0.0, 0.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5]);
        assert_eq!(
            waits(&buckets, &key("1", "ListQueues"), 1.0, 1.0, 1),
            [0.0],
            "another operation"
        );
        assert_eq!(
            waits(&buckets, &key("2", "DescribeQueue"), 1.0, 1.0, 1),
            [0.0],
            "another account"
        );
        let later = Duration::from_secs(103);
        assert_eq!(buckets.reserve(&key("1", "DescribeQueue"), 1.0, 1.0, later), Duration::ZERO);
    }

    #[test]
    fn share_and_scale() {
        let half = waits(&Buckets::default(), &key("1", "DescribeQueue"), 0.5, 1.0, 4);
        assert_eq!(half, [0.0, 0.5, 1.5, 2.5], "one a second");
        let scaled = waits(&Buckets::default(), &key("1", "DescribeQueue"), 1.0, 10.0, 5);
        assert_eq!(scaled[3..], [0.05, 0.1]);
    }

    #[test]
    fn throttles_empty_and_slow_down_and_successes_recover() {
        let (buckets, key, now) = (Buckets::default(), key("1", "CreateQueue"), Duration::ZERO);
        buckets.throttled(&key, 1.0, now);
        let wait = buckets.reserve(&key, 1.0, 1.0, now).as_secs_f64();
        assert!((wait - 1.0 / 1.4).abs() < 1e-9, "{wait}");
        (0..50).for_each(|_| buckets.throttled(&key, 1.0, now));
        let wait = buckets.reserve(&key, 1.0, 1.0, now).as_secs_f64();
        assert!((wait - 2.0 / 1.4).abs() < 1e-9, "refused together counts once: {wait}");
        (1..50).for_each(|n| buckets.throttled(&key, 1.0, Duration::from_secs(3 * n)));
        let now = Duration::from_secs(147);
        let slow = buckets.reserve(&key, 1.0, 1.0, now).as_secs_f64();
        assert!(slow <= 2.0 / (2.0 * FLOOR) + 1e-9, "never slower than the floor: {slow}");
        (0..50).for_each(|_| buckets.succeeded(&key, 1.0, now));
        let after = buckets.reserve(&key, 1.0, 1.0, now + Duration::from_millis(500)).as_secs_f64();
        assert!((after - 0.5).abs() < 1e-9, "full rate again: {after}");
    }

    #[test]
    fn limits_by_operation_service_and_default() {
        assert_eq!(limit("connect", "CreateQueue"), Limit { rate: 2.0, burst: 5.0 });
        assert_eq!(limit("connect", "SearchContacts").rate, 0.5);
        assert_eq!(limit("s3", "GetObject").burst, 200.0);
        assert_eq!(limit("sts", "AssumeRole"), Limit { rate: 10.0, burst: 20.0 });
    }
}
