//! Which revision of a branch or tag a pipeline was last started with.

use crate::deliveries::time;
use crate::{Result, Store};
use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction};

/// A branch or tag of a repository, as one pipeline has last seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The pipeline.
    pub pipeline: String,
    /// The repository, as the definition or the server names it.
    pub repository: String,
    /// `refs/heads/main`, or the key of an object.
    pub reference: String,
    /// The revision that was started, or decided not to be.
    pub revision: String,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Remembers a head. Returns false where it already was at that revision, so that a start is made once.
    pub fn set_head(&self, head: &Head) -> Result<bool> {
        self.write(|t| set(t, head))
    }

    /// The head of one reference.
    pub fn head(&self, pipeline: &str, repository: &str, reference: &str) -> Result<Option<Head>> {
        self.read(|c| {
            let mut statement = c.prepare_cached(
                "SELECT * FROM heads WHERE pipeline = ?1 AND repository = ?2 AND reference = ?3",
            )?;
            Ok(statement.query_row([pipeline, repository, reference], of_row).optional()?)
        })
    }

    /// The heads of one repository, of all pipelines.
    pub fn heads_of(&self, repository: &str) -> Result<Vec<Head>> {
        self.read(|c| {
            let mut statement = c.prepare_cached("SELECT * FROM heads WHERE repository = ?1")?;
            let rows = statement.query_map([repository], of_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// All heads, of all pipelines.
    pub fn heads(&self) -> Result<Vec<Head>> {
        self.read(|c| {
            let mut statement = c.prepare_cached("SELECT * FROM heads")?;
            let rows = statement.query_map([], of_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

/// Sets a head; says whether it moved.
pub(crate) fn set(t: &Transaction<'_>, head: &Head) -> Result<bool> {
    let changed = t
        .prepare_cached(
            "INSERT INTO heads VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET revision = ?4, at = ?5 WHERE revision <> ?4",
        )?
        .execute((
            &head.pipeline,
            &head.repository,
            &head.reference,
            &head.revision,
            head.at.as_millisecond(),
        ))?;
    Ok(changed > 0)
}

fn of_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head {
        pipeline: row.get("pipeline")?,
        repository: row.get("repository")?,
        reference: row.get("reference")?,
        revision: row.get("revision")?,
        at: time(row.get("at")?),
    })
}
