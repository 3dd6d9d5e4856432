//! Builds whose processes run. Whoever comes after a crash ends what is left of them.

use crate::deliveries::time;
use crate::{Result, Store};
use jiff::Timestamp;

/// A build that runs for an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Its id, which all its processes carry: the id of the action execution, and its attempt.
    pub run: String,
    /// When it was recorded.
    pub at: Timestamp,
}

impl Store {
    /// Records a build, before its first process starts.
    pub fn process_started(&self, running: &Running) -> Result<()> {
        self.write_soon(|t| {
            t.prepare_cached("INSERT OR REPLACE INTO processes VALUES (?1, ?2)")?
                .execute((&running.run, running.at.as_millisecond()))?;
            Ok(())
        })
    }

    /// Takes a record away, once nothing of the build runs any more.
    pub fn process_ended(&self, run: &str) -> Result<()> {
        self.write_soon(|t| {
            t.prepare_cached("DELETE FROM processes WHERE run = ?1")?.execute([run])?;
            Ok(())
        })
    }

    /// What is recorded.
    pub fn processes(&self) -> Result<Vec<Running>> {
        self.read(|c| {
            let mut statement =
                c.prepare_cached("SELECT run, at FROM processes ORDER BY at, run")?;
            let rows = statement
                .query_map([], |row| Ok(Running { run: row.get(0)?, at: time(row.get(1)?) }))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}
