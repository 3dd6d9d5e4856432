//! Deliveries of webhooks that were taken. Who sends one again learns that it was taken before.

use crate::{Result, Store};
use jiff::Timestamp;
use rusqlite::OptionalExtension as _;

/// What is known of a delivery that comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It is the first of its id.
    New,
    /// The same was taken before, at that time.
    Repeated(Timestamp),
    /// Another body was taken under its id, at that time: somebody plays with it.
    Forged(Timestamp),
}

impl Store {
    /// Remembers a delivery unless its id is known; says which. `body_hash` is the hash of the raw body.
    pub fn deliver(
        &self,
        provider: &str,
        delivery: &str,
        body_hash: &str,
        now: Timestamp,
    ) -> Result<Delivery> {
        self.write(|t| {
            let known = t
                .prepare_cached(
                    "SELECT body_hash, at FROM deliveries WHERE provider = ?1 AND delivery = ?2",
                )?
                .query_row([provider, delivery], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))
                .optional()?;
            if let Some((hash, at)) = known {
                let at = time(at);
                let same = hash == body_hash;
                return Ok(if same { Delivery::Repeated(at) } else { Delivery::Forged(at) });
            }
            t.prepare_cached("INSERT INTO deliveries VALUES (?1, ?2, ?3, ?4)")?.execute((
                provider,
                delivery,
                body_hash,
                now.as_millisecond(),
            ))?;
            Ok(Delivery::New)
        })
    }

    /// Forgets a delivery whose handling failed, so that it may be sent again.
    pub fn forget_delivery(&self, provider: &str, delivery: &str) -> Result<()> {
        self.write(|t| {
            t.execute(
                "DELETE FROM deliveries WHERE provider = ?1 AND delivery = ?2",
                [provider, delivery],
            )?;
            Ok(())
        })
    }

    /// Forgets the deliveries before a time; returns how many.
    pub fn forget_deliveries(&self, before: Timestamp) -> Result<usize> {
        self.write(|t| {
            Ok(t.execute("DELETE FROM deliveries WHERE at < ?1", [before.as_millisecond()])?)
        })
    }
}

/// A stored time. One out of range, which nobody here writes, becomes 1970.
pub(crate) fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
