//! What was deployed where: a release is the hash of the documents' tree.

use crate::deliveries::time;
use crate::{Error, Result, Store};
use jiff::Timestamp;
use serde_json::Value;

/// A release that was deployed to an environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// The environment's name.
    pub environment: String,
    /// The hash of the documents' tree.
    pub release: String,
    /// The commit, where it was one.
    pub revision: Option<String>,
    /// When the deployment ended.
    pub at: Timestamp,
    /// The execution that deployed it.
    pub execution: Option<String>,
    /// What else is known, as a JSON object.
    pub body: Value,
}

impl Store {
    /// Records a release. What the newest record of its environment says already is not recorded again: an action
    /// that is begun again after a crash may come here twice.
    pub fn released(&self, release: &Release) -> Result<()> {
        self.write(|t| {
            t.prepare_cached(
                "INSERT INTO releases (environment, release, revision, at, execution, body)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (
                     SELECT 1 FROM (
                         SELECT * FROM releases WHERE environment = ?1 ORDER BY id DESC LIMIT 1
                     ) WHERE release = ?2 AND execution = ?5 AND body = ?6
                 )",
            )?
            .execute((
                &release.environment,
                &release.release,
                &release.revision,
                release.at.as_millisecond(),
                &release.execution,
                release.body.to_string(),
            ))?;
            Ok(())
        })
    }

    /// The releases of an environment, newest first; of all environments where none is given.
    pub fn releases(&self, environment: Option<&str>, most: usize) -> Result<Vec<Release>> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.read(|c| {
            let mut statement = c.prepare_cached(
                "SELECT * FROM releases WHERE ?1 IS NULL OR environment = ?1
                 ORDER BY id DESC LIMIT ?2",
            )?;
            let rows = statement.query_map((environment, most), |row| {
                Ok((of_row(row)?, row.get::<_, String>("body")?))
            })?;
            rows.map(|row| with_body(row?)).collect()
        })
    }
}

fn of_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Release> {
    Ok(Release {
        environment: row.get("environment")?,
        release: row.get("release")?,
        revision: row.get("revision")?,
        at: time(row.get("at")?),
        execution: row.get("execution")?,
        body: Value::Null,
    })
}

fn with_body((release, body): (Release, String)) -> Result<Release> {
    let body = serde_json::from_str(&body)
        .map_err(|e| Error::Unreadable { what: "a release".to_owned(), why: e.to_string() })?;
    Ok(Release { body, ..release })
}
