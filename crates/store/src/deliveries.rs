//! Deliveries of webhooks that were taken. Who sends one again learns that it was taken before.

use crate::{Pending, Result, Store, changes};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction};

/// What is known of a delivery that comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It is the first of its id.
    New,
    /// The same was taken before, at that time.
    Repeated(Timestamp),
    /// Another body was taken under its id, at that time: somebody plays with it.
    Forged(Timestamp),
    /// Its id is new, and its body was taken under another one, at that time: its provider, or somebody who overheard
    /// it, sends it again.
    Replayed(Timestamp),
}

impl Store {
    /// Says what is known of a delivery. `body` stands for its body: the hash of the raw bytes.
    pub fn delivery(&self, provider: &str, delivery: &str, body: &str) -> Result<Delivery> {
        self.read(|c| known(c, provider, delivery, body))
    }

    /// Remembers a delivery whose work is done, unless its id is known; says what was known. A crash of the machine
    /// may take it: what is delivered again finds nothing to do.
    pub fn deliver(
        &self,
        provider: &str,
        delivery: &str,
        body: &str,
        now: Timestamp,
    ) -> Result<Delivery> {
        self.write_soon(|t| deliver(t, provider, delivery, body, now))
    }

    /// Remembers a delivery with what it asks for, if it is new in id and body; says what was known. On the disk when
    /// this returns.
    pub fn deliver_pending(
        &self,
        provider: &str,
        delivery: &str,
        body: &str,
        pending: &Pending,
    ) -> Result<Delivery> {
        self.write(|t| {
            let known = deliver(t, provider, delivery, body, pending.at)?;
            if known == Delivery::New {
                changes::add(t, pending)?;
            }
            Ok(known)
        })
    }

    /// Forgets the deliveries before a time; returns how many.
    pub fn forget_deliveries(&self, before: Timestamp) -> Result<usize> {
        self.write(|t| {
            Ok(t.execute("DELETE FROM deliveries WHERE at < ?1", [before.as_millisecond()])?)
        })
    }
}

fn deliver(
    t: &Transaction<'_>,
    provider: &str,
    delivery: &str,
    body: &str,
    now: Timestamp,
) -> Result<Delivery> {
    let known = known(t, provider, delivery, body)?;
    if matches!(known, Delivery::New | Delivery::Replayed(_)) {
        let mut insert = t.prepare_cached("INSERT INTO deliveries VALUES (?1, ?2, ?3, ?4)")?;
        insert.execute((provider, delivery, body, now.as_millisecond()))?;
    }
    Ok(known)
}

fn known(c: &Connection, provider: &str, delivery: &str, body: &str) -> Result<Delivery> {
    let found = c
        .prepare_cached(
            "SELECT body_hash, at FROM deliveries WHERE provider = ?1 AND delivery = ?2",
        )?
        .query_row([provider, delivery], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))
        .optional()?;
    if let Some((hash, at)) = found {
        let at = time(at);
        return Ok(if hash == body { Delivery::Repeated(at) } else { Delivery::Forged(at) });
    }
    let other = c
        .prepare_cached("SELECT at FROM deliveries WHERE provider = ?1 AND body_hash = ?2 LIMIT 1")?
        .query_row([provider, body], |row| row.get(0))
        .optional()?;
    Ok(other.map_or(Delivery::New, |at| Delivery::Replayed(time(at))))
}

/// A stored time. One out of range, which nobody here writes, becomes 1970.
pub(crate) fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
