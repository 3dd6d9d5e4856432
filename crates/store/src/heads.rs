//! Which revision of a branch or tag a pipeline was last started with.

use crate::deliveries::time;
use crate::{Result, Store};
use jiff::Timestamp;
use rusqlite::OptionalExtension as _;

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
        self.write(|t| {
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
        })
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

    /// All heads, of all pipelines.
    pub fn heads(&self) -> Result<Vec<Head>> {
        self.read(|c| {
            let mut statement = c.prepare_cached("SELECT * FROM heads")?;
            let rows = statement.query_map([], of_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
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
