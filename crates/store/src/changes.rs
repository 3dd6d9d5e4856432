//! What a look at a repository changes, as one; and what was taken and is still to be done.

use crate::deliveries::time;
use crate::{Head, Result, Store};
use jiff::Timestamp;
use rusqlite::Transaction;

/// Something that was taken and is still to be done, for whoever comes after a crash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What the body is.
    pub kind: String,
    /// Tells it apart from others of its kind.
    pub key: String,
    /// What has to be done.
    pub body: String,
    /// Since when.
    pub at: Timestamp,
}

/// Changes that are made together or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Heads as they are now.
    pub heads: Vec<Head>,
    /// References that are gone, by repository and name: all that was known of them.
    pub gone: Vec<(String, String)>,
    /// What is still to be done.
    pub pending: Vec<Pending>,
    /// What was pending and is done, by kind and key.
    pub done: Vec<(String, String)>,
}

impl Changes {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Store {
    /// Makes changes; they are on the disk when this returns.
    pub fn record(&self, changes: &Changes) -> Result<()> {
        self.write(|t| record(t, changes))
    }

    /// Makes changes that can be found out again, should a crash of the machine take them.
    pub fn record_soon(&self, changes: &Changes) -> Result<()> {
        self.write_soon(|t| record(t, changes))
    }

    /// All that is pending of a kind, the oldest first.
    pub fn pending(&self, kind: &str) -> Result<Vec<Pending>> {
        self.read(|c| {
            let mut statement = c.prepare_cached(
                "SELECT key, body, at FROM pending WHERE kind = ?1 ORDER BY at, key",
            )?;
            let rows = statement.query_map([kind], |row| {
                let (key, body, at) = (row.get(0)?, row.get(1)?, time(row.get(2)?));
                Ok(Pending { kind: kind.to_owned(), key, body, at })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

fn record(t: &Transaction<'_>, changes: &Changes) -> Result<()> {
    let mut gone =
        t.prepare_cached("DELETE FROM heads WHERE repository = ?1 AND reference = ?2")?;
    for (repository, reference) in &changes.gone {
        gone.execute([repository, reference])?;
    }
    for head in &changes.heads {
        crate::heads::set(t, head)?;
    }
    let mut done = t.prepare_cached("DELETE FROM pending WHERE kind = ?1 AND key = ?2")?;
    for (kind, key) in &changes.done {
        done.execute([kind, key])?;
    }
    for pending in &changes.pending {
        add(t, pending)?;
    }
    Ok(())
}

pub(crate) fn add(t: &Transaction<'_>, pending: &Pending) -> Result<()> {
    let Pending { kind, key, body, at } = pending;
    t.prepare_cached("INSERT OR REPLACE INTO pending VALUES (?1, ?2, ?3, ?4)")?.execute((
        kind,
        key,
        body,
        at.as_millisecond(),
    ))?;
    Ok(())
}
