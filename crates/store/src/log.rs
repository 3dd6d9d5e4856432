//! The engine's log: events in batches, snapshots of machines, and the rows of executions.

use crate::{Error, Result, Store};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction};
use trunkline_engine::ports::{Batch, Loaded, Query};
use trunkline_engine::{Event, ExecutionRow, Log, LogError, Recorded};

impl Log for Store {
    fn load(&self, pipeline: &str) -> std::result::Result<Loaded, LogError> {
        self.read(|c| load(c, pipeline)).map_err(|e| failed(e, pipeline))
    }

    fn append(&self, pipeline: &str, batch: &Batch<'_>) -> std::result::Result<(), LogError> {
        self.write(|t| append(t, pipeline, batch)).map_err(|e| failed(e, pipeline))
    }

    fn snapshot(&self, pipeline: &str, seq: u64, state: &str) -> std::result::Result<(), LogError> {
        // Where it is lost, a start replays more.
        self.write_soon(|t| {
            t.prepare_cached(
                "INSERT INTO snapshots VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET seq = ?2, body = ?3 WHERE seq <= ?2",
            )?
            .execute((pipeline, number(seq), state))?;
            Ok(())
        })
        .map_err(|e| failed(e, pipeline))
    }

    fn execution(
        &self,
        pipeline: &str,
        execution: &str,
    ) -> std::result::Result<Option<ExecutionRow>, LogError> {
        self.read(|c| {
            let text: Option<String> = c
                .prepare_cached("SELECT body FROM executions WHERE id = ?1 AND pipeline = ?2")?
                .query_row([execution, pipeline], |row| row.get(0))
                .optional()?;
            text.map(|text| parsed("an execution", &text)).transpose()
        })
        .map_err(|e| failed(e, pipeline))
    }

    fn executions(
        &self,
        pipeline: &str,
        query: &Query,
    ) -> std::result::Result<Vec<ExecutionRow>, LogError> {
        self.read(|c| executions(c, pipeline, query)).map_err(|e| failed(e, pipeline))
    }

    fn events(
        &self,
        pipeline: &str,
        execution: &str,
    ) -> std::result::Result<Vec<Recorded>, LogError> {
        self.read(|c| {
            // Left to itself, SQLite reads all events of the pipeline, which the primary key has in order.
            let sql = "SELECT seq, at, body FROM events INDEXED BY events_of_execution
                       WHERE pipeline = ?1 AND execution = ?2 ORDER BY seq";
            recorded(c, sql, (pipeline, execution))
        })
        .map_err(|e| failed(e, pipeline))
    }

    fn pipelines(&self) -> std::result::Result<Vec<String>, LogError> {
        self.read(|c| {
            // Hops from name to name along the primary key, whatever the number of events.
            let mut statement = c.prepare_cached(
                "WITH RECURSIVE names (name) AS (
                     SELECT MIN(pipeline) FROM events
                     UNION ALL
                     SELECT (SELECT MIN(pipeline) FROM events WHERE pipeline > name)
                     FROM names WHERE name IS NOT NULL
                 ) SELECT name FROM names WHERE name IS NOT NULL",
            )?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .map_err(|e| failed(e, ""))
    }
}

impl Store {
    /// The executions of a pipeline whose ids begin with a text; at most two, which tell whether it is one.
    pub fn executions_like(&self, pipeline: &str, prefix: &str) -> Result<Vec<String>> {
        self.read(|c| {
            let mut statement = c.prepare_cached(
                "SELECT id FROM executions WHERE id >= ?1 AND id <= ?1 || char(1114111)
                     AND pipeline = ?2 ORDER BY id LIMIT 2",
            )?;
            let rows = statement.query_map((prefix, pipeline), |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The stages of a pipeline that were entered, each with the execution that entered it last.
    pub fn entered(&self, pipeline: &str) -> Result<Vec<(String, String)>> {
        self.read(|c| {
            let mut statement =
                c.prepare_cached("SELECT stage, execution FROM stages WHERE pipeline = ?1")?;
            let rows = statement.query_map([pipeline], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The events of an execution as they are stored, for who looks for a word in them.
    pub fn texts(&self, pipeline: &str, execution: &str) -> Result<Vec<String>> {
        let sql = "SELECT body FROM events INDEXED BY events_of_execution
                   WHERE pipeline = ?1 AND execution = ?2";
        self.read(|c| {
            let mut statement = c.prepare_cached(sql)?;
            let rows = statement.query_map((pipeline, execution), |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The events of a pipeline that belong to no execution: its definitions and transitions, in order.
    pub fn own_events(&self, pipeline: &str) -> Result<Vec<Recorded>> {
        let sql = "SELECT seq, at, body FROM events INDEXED BY events_of_pipeline
                   WHERE pipeline = ?1 AND execution IS NULL ORDER BY seq";
        self.read(|c| recorded(c, sql, [pipeline]))
    }

    /// The number of a pipeline's last event; 0 where it has none.
    pub fn last_event(&self, pipeline: &str) -> Result<u64> {
        self.read(|c| {
            let last: Option<i64> = c
                .prepare_cached("SELECT MAX(seq) FROM events WHERE pipeline = ?1")?
                .query_row([pipeline], |row| row.get(0))?;
            Ok(last.and_then(|last| u64::try_from(last).ok()).unwrap_or_default())
        })
    }

    /// The events of a pipeline after a sequence number, for who follows it.
    pub fn events_after(&self, pipeline: &str, seq: u64) -> Result<Vec<Recorded>> {
        self.read(|c| events_after(c, pipeline, seq))
    }
}

fn load(c: &Connection, pipeline: &str) -> Result<Loaded> {
    let snapshot = c
        .prepare_cached("SELECT seq, body FROM snapshots WHERE pipeline = ?1")?
        .query_row([pipeline], |row| Ok((seq_of(row, 0)?, row.get(1)?)))
        .optional()?;
    let after = snapshot.as_ref().map_or(0, |(seq, _)| *seq);
    Ok(Loaded { events: events_after(c, pipeline, after)?, snapshot })
}

fn events_after(c: &Connection, pipeline: &str, seq: u64) -> Result<Vec<Recorded>> {
    let sql = "SELECT seq, at, body FROM events WHERE pipeline = ?1 AND seq > ?2 ORDER BY seq";
    recorded(c, sql, (pipeline, number(seq)))
}

fn append(t: &Transaction<'_>, pipeline: &str, batch: &Batch<'_>) -> Result<()> {
    let last: Option<i64> = t
        .prepare_cached("SELECT MAX(seq) FROM events WHERE pipeline = ?1")?
        .query_row([pipeline], |row| row.get(0))?;
    let found = last.and_then(|last| u64::try_from(last).ok()).unwrap_or_default();
    if found != batch.after {
        let pipeline = pipeline.to_owned();
        return Err(Error::Conflict { pipeline, expected: batch.after, found });
    }
    let mut insert = t.prepare_cached("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for one in batch.events {
        let body = text_of("an event", &one.event)?;
        insert.execute((pipeline, number(one.seq), one.event.execution(), one.at, body))?;
        if let Event::StageEntered { execution, stage } = &one.event {
            t.prepare_cached("INSERT OR REPLACE INTO stages VALUES (?1, ?2, ?3)")?
                .execute([pipeline, stage, execution])?;
        }
    }
    let mut upsert = t.prepare_cached(
        "INSERT INTO executions SELECT ?1, ?2,
             (SELECT COALESCE(MAX(number), 0) + 1 FROM executions WHERE pipeline = ?2), ?4, ?3
         WHERE TRUE ON CONFLICT (id) DO UPDATE SET body = ?3, ended = ?4",
    )?;
    for row in batch.rows {
        let body = text_of("an execution", row)?;
        upsert.execute((&row.id, pipeline, body, row.status.ended()))?;
    }
    let mut notice =
        t.prepare_cached("INSERT INTO notices (pipeline, seq, body) VALUES (?1, ?2, ?3)")?;
    for one in batch.notices {
        notice.execute((pipeline, number(one.seq), &one.body))?;
    }
    Ok(())
}

fn executions(c: &Connection, pipeline: &str, query: &Query) -> Result<Vec<ExecutionRow>> {
    let which = match query.unfinished {
        true => "INDEXED BY executions_unfinished WHERE ended = 0 AND",
        false => "WHERE",
    };
    let mut statement = c.prepare_cached(&format!(
        "SELECT body FROM executions {which} pipeline = ?1
           AND number < CASE WHEN ?2 IS NULL THEN 9223372036854775807
               ELSE (SELECT number FROM executions WHERE id = ?2) END
         ORDER BY number DESC LIMIT ?3"
    ))?;
    // To SQLite, a negative limit is none.
    let limit = if query.limit == 0 { -1 } else { number(query.limit as u64) };
    let parameters = (pipeline, &query.before, limit);
    let texts = statement.query_map(parameters, |row| row.get::<_, String>(0))?;
    texts.map(|text| parsed("an execution", &text?)).collect()
}

fn recorded(c: &Connection, sql: &str, by: impl rusqlite::Params) -> Result<Vec<Recorded>> {
    let mut statement = c.prepare_cached(sql)?;
    let rows = statement
        .query_map(by, |row| Ok((seq_of(row, 0)?, row.get(1)?, row.get::<_, String>(2)?)))?;
    rows.map(|row| {
        let (seq, at, body) = row?;
        Ok(Recorded { seq, at, event: parsed("an event", &body)? })
    })
    .collect()
}

fn seq_of(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or_default())
}

/// SQLite's numbers have a sign. No stream reaches the end of them.
pub(crate) fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn parsed<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|e| Error::Unreadable { what: what.to_owned(), why: e.to_string() })
}

fn text_of<T: serde::Serialize>(what: &str, value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|e| Error::Unreadable { what: what.to_owned(), why: e.to_string() })
}

/// The engine's errors. A code in brackets stays readable to who prints it.
fn failed(error: Error, pipeline: &str) -> LogError {
    match error {
        Error::Conflict { pipeline, expected, found } => {
            LogError::Moved { pipeline, expected, found }
        }
        Error::Unreadable { what, why } => {
            LogError::Unreadable { pipeline: pipeline.to_owned(), reason: format!("{what}: {why}") }
        }
        other => LogError::Storage(format!("[{}] {other}", other.code())),
    }
}
