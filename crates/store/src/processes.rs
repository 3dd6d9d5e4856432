//! Process groups that run for actions. Whoever comes after a crash ends what is left of them.

use crate::deliveries::time;
use crate::{Result, Store};
use jiff::Timestamp;

/// A process group that runs for an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The run of the action: the id of the action execution, and its attempt.
    pub run: String,
    /// The number of the process group.
    pub group: u32,
    /// What tells the process from a later one of the same number: the boot and when it started.
    pub marker: String,
    /// When it was recorded.
    pub at: Timestamp,
}

impl Store {
    /// Records a process group, before it is let go.
    pub fn process_started(&self, running: &Running) -> Result<()> {
        self.write_soon(|t| {
            t.prepare_cached("INSERT OR REPLACE INTO processes VALUES (?1, ?2, ?3, ?4)")?.execute(
                (&running.run, running.group, &running.marker, running.at.as_millisecond()),
            )?;
            Ok(())
        })
    }

    /// Takes a record away, once the group has ended.
    pub fn process_ended(&self, run: &str) -> Result<()> {
        self.write_soon(|t| {
            t.prepare_cached("DELETE FROM processes WHERE run = ?1")?.execute([run])?;
            Ok(())
        })
    }

    /// What is recorded.
    pub fn processes(&self) -> Result<Vec<Running>> {
        self.read(|c| {
            let mut statement = c.prepare_cached("SELECT * FROM processes ORDER BY at, run")?;
            let rows = statement.query_map([], |row| {
                Ok(Running {
                    run: row.get("run")?,
                    group: row.get("process_group")?,
                    marker: row.get("marker")?,
                    at: time(row.get("at")?),
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}
