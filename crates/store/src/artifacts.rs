//! The index of artifacts. Their bytes lie in files named by their hash.

use crate::deliveries::time;
use crate::{Result, Store};
use jiff::Timestamp;
use rusqlite::OptionalExtension as _;

/// An artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// The SHA-256 of its bytes, in hex.
    pub id: String,
    /// Bytes.
    pub size: u64,
    /// Whether the file is encrypted; the hash is that of the bytes before.
    pub encrypted: bool,
    /// The execution that made it first.
    pub execution: Option<String>,
    /// The action execution that made it first.
    pub made_by: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Enters an artifact. One that is known stays as it was: the same bytes are the same artifact.
    pub fn add_artifact(&self, artifact: &Artifact) -> Result<()> {
        self.write_soon(|t| {
            t.prepare_cached("INSERT OR IGNORE INTO artifacts VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                .execute((
                    &artifact.id,
                    i64::try_from(artifact.size).unwrap_or(i64::MAX),
                    artifact.encrypted,
                    &artifact.execution,
                    &artifact.made_by,
                    artifact.at.as_millisecond(),
                ))?;
            Ok(())
        })
    }

    /// An artifact by its id.
    pub fn artifact(&self, id: &str) -> Result<Option<Artifact>> {
        self.read(|c| {
            let mut statement = c.prepare_cached("SELECT * FROM artifacts WHERE id = ?1")?;
            Ok(statement.query_row([id], of_row).optional()?)
        })
    }

    /// The artifacts that were made before a time, oldest first.
    pub fn artifacts_before(&self, before: Timestamp) -> Result<Vec<Artifact>> {
        self.read(|c| {
            let mut statement =
                c.prepare_cached("SELECT * FROM artifacts WHERE at < ?1 ORDER BY at")?;
            let rows = statement.query_map([before.as_millisecond()], of_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Takes an artifact out of the index, once its file is gone.
    pub fn remove_artifact(&self, id: &str) -> Result<()> {
        self.write_soon(|t| {
            t.execute("DELETE FROM artifacts WHERE id = ?1", [id])?;
            Ok(())
        })
    }
}

fn of_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Artifact> {
    Ok(Artifact {
        id: row.get("id")?,
        size: u64::try_from(row.get::<_, i64>("size")?).unwrap_or_default(),
        encrypted: row.get("encrypted")?,
        execution: row.get("execution")?,
        made_by: row.get("made_by")?,
        at: time(row.get("at")?),
    })
}
