//! What is to be told outside: kept from the commit of its event until every receiver was told.

use crate::log::number;
use crate::{Result, Store};
use rusqlite::OptionalExtension as _;

/// A notice that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its place in the order of all notices.
    pub id: u64,
    /// The pipeline.
    pub pipeline: String,
    /// The event that it tells.
    pub seq: u64,
    /// The JSON, in the shape of EventBridge.
    pub body: String,
}

impl Store {
    /// The next notices after one that was told; at most `most`.
    pub fn notices_after(&self, id: u64, most: usize) -> Result<Vec<Kept>> {
        self.read(|c| {
            let mut statement = c.prepare_cached(
                "SELECT id, pipeline, seq, body FROM notices WHERE id > ?1 ORDER BY id LIMIT ?2",
            )?;
            let unsigned = |n: i64| u64::try_from(n).unwrap_or_default();
            let rows = statement.query_map((number(id), number(most as u64)), |row| {
                Ok(Kept {
                    id: unsigned(row.get(0)?),
                    pipeline: row.get(1)?,
                    seq: unsigned(row.get(2)?),
                    body: row.get(3)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The last notice that a receiver was told; 0 where it was told none.
    pub fn cursor(&self, receiver: &str) -> Result<u64> {
        self.read(|c| {
            let position: Option<i64> = c
                .prepare_cached("SELECT position FROM cursors WHERE name = ?1")?
                .query_row([receiver], |row| row.get(0))
                .optional()?;
            Ok(position.and_then(|p| u64::try_from(p).ok()).unwrap_or_default())
        })
    }

    /// Notes what a receiver was told. Where that is lost in a crash, it is told again.
    pub fn set_cursor(&self, receiver: &str, id: u64) -> Result<()> {
        self.write_soon(|t| {
            t.prepare_cached(
                "INSERT INTO cursors VALUES (?1, ?2) ON CONFLICT DO UPDATE SET position = ?2",
            )?
            .execute((receiver, number(id)))?;
            Ok(())
        })
    }

    /// Forgets what every receiver was told.
    pub fn forget_notices(&self, up_to: u64) -> Result<usize> {
        self.write_soon(|t| Ok(t.execute("DELETE FROM notices WHERE id <= ?1", [number(up_to)])?))
    }
}
