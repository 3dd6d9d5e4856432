//! Rates: one token bucket per account, region and operation, as Connect and CloudTrail have them. Other services
//! are not throttled: their limits are so much higher that a deployer does not meet them.

use crate::request::Request;
use jiff::Timestamp;
use std::collections::HashMap;

/// Tokens a second, and how many a full bucket holds.
const DEFAULT: (f64, f64) = (2.0, 5.0);

/// Connect's operations with another rate. None of those that the lab implements is among the documented
/// exceptions today; the table is where the next one goes.
const EXCEPTIONS: [(&str, f64, f64); 2] =
    [("ListIntegrationAssociations", 25.0, 50.0), ("SearchContacts", 0.5, 1.0)];

/// CloudTrail looks up twice a second.
const TRAIL: (f64, f64) = (2.0, 2.0);

type Key = (String, String, String);

/// Every bucket that was used.
#[derive(Default)]
pub(crate) struct Buckets(HashMap<Key, (f64, Timestamp)>);

impl Buckets {
    /// Takes a token; false where the bucket is empty. `scale` multiplies the rate.
    pub(crate) fn take(&mut self, request: &Request, now: Timestamp, scale: f64) -> bool {
        let exception = EXCEPTIONS.iter().find(|(name, ..)| *name == request.operation);
        let (rate, burst) = match request.service.as_str() {
            "connect" => exception.map_or(DEFAULT, |&(_, rate, burst)| (rate, burst)),
            "cloudtrail" => TRAIL,
            _ => return true,
        };
        let key =
            (request.account.to_string(), request.region.to_string(), request.operation.clone());
        let (tokens, last) = self.0.entry(key).or_insert((burst, now));
        let passed = now.duration_since(*last).as_secs_f64().max(0.0);
        *tokens = (*tokens + passed * rate * scale).min(burst);
        *last = now;
        if *tokens < 1.0 {
            return false;
        }
        *tokens -= 1.0;
        true
    }
}
