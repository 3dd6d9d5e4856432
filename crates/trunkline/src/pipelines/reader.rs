//! Answers to questions about pipelines, out of the database and the definitions. Changes nothing.
//!
//! Used by the `Hub` and by commands that only read while another process holds the data folder.

use super::definitions::Definitions;
use super::folder::DataFolder;
use serde_json::{Value, json};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::Arc;
use trunkline_engine::event::StageStatus;
use trunkline_engine::ports::Query as Rows;
use trunkline_engine::view::{self, Brief, PipelineView, StageView, Summary, Waiting};
use trunkline_engine::{Event, ExecutionRow, Log as _, Recorded};
use trunkline_model::pipeline::Pipeline;
use trunkline_model::{Diagnostic, Report};
use trunkline_store::Store;
use trunkline_web::{Answer, Query};

/// The newest executions, which are shown with a pipeline whatever became of them.
const SHOWN: usize = 10;
/// Bytes of a log in one answer.
const LOG_PART: u64 = 256 * 1024;

/// What is read.
#[derive(Clone)]
pub(crate) struct Reader {
    /// Absent where nothing was run yet.
    pub(crate) store: Option<Arc<Store>>,
    pub(crate) folder: DataFolder,
    pub(crate) definitions: Arc<Definitions>,
}

impl Reader {
    /// Answers everything but commands. TL0885, TL0886: no such pipeline or execution.
    pub(crate) fn answer(&self, query: &Query) -> Result<Answer, Report> {
        Ok(Answer::Json(match query {
            Query::List => self.list()?,
            Query::Show { pipeline } => to_json(&self.show(pipeline)?),
            Query::Executions { pipeline, limit, before } => {
                self.known(pipeline)?;
                let before = before.as_deref().map(|id| self.find(pipeline, id)).transpose()?;
                let before = before.map(|row| row.id);
                let rows =
                    self.rows(pipeline, &Rows { limit: *limit, before, ..Rows::default() })?;
                json!({ "executions": rows })
            }
            Query::Execution { pipeline, execution } => {
                self.known(pipeline)?;
                to_json(&self.execution(pipeline, execution)?)
            }
            Query::Events { pipeline, after } => {
                let store = self.store.as_ref();
                let events = store.map(|s| s.events_after(pipeline, *after)).transpose();
                json!({ "events": events.map_err(|e| self.failed(&e))?.unwrap_or_default() })
            }
            Query::Log { action, offset } => return self.log(action, *offset),
            Query::Command { .. } => {
                let message = "the data folder was opened only for reading";
                return Err(Diagnostic::error("TL0902", message).report());
            }
        }))
    }

    fn list(&self) -> Result<Value, Report> {
        let mut names: Vec<String> = self.definitions.pipelines.keys().cloned().collect();
        names.extend(self.stored()?);
        names.sort();
        names.dedup();
        let all: Result<Vec<Summary>, Report> = names
            .iter()
            .map(|name| {
                let own = self.own(name)?;
                let definition = self.definition(name, &own, None)?;
                let rows = self.current(name)?;
                Ok(Summary {
                    name: name.clone(),
                    version: definition.version,
                    execution_mode: definition.execution_mode,
                    latest: rows.first().map(Brief::of),
                    waiting: self.waiting(name, &own, &rows)?,
                })
            })
            .collect();
        Ok(json!({ "pipelines": all?, "problems": self.definitions.found }))
    }

    fn show(&self, name: &str) -> Result<PipelineView, Report> {
        let own = self.own(name)?;
        let definition = self.definition(name, &own, None)?;
        let rows = self.current(name)?;
        let mut stages = view::planned(&definition);
        for (stage, execution) in self.entered(name)? {
            let Some(place) = stages.iter_mut().find(|s| s.name == stage) else { continue };
            let Some(row) = self.row(name, &execution)? else { continue };
            let mut seen = self.of_row(name, &own, &row)?.stages.into_iter();
            if let Some(seen) = seen.find(|s| s.name == stage && s.status.is_some()) {
                *place = StageView { execution: Some(execution), ..seen };
            }
        }
        Ok(PipelineView {
            name: name.to_owned(),
            transitions: view::transitions(&own),
            stages,
            executions: rows.iter().map(Brief::of).collect(),
            waiting: self.waiting(name, &own, &rows)?,
            seq: match &self.store {
                Some(store) => store.last_event(name).map_err(|e| self.failed(&e))?,
                None => 0,
            },
            definition,
        })
    }

    /// An execution by its id, the beginning of it, or `latest`.
    fn execution(&self, pipeline: &str, id: &str) -> Result<view::ExecutionView, Report> {
        let row = self.find(pipeline, id)?;
        self.of_row(pipeline, &self.own(pipeline)?, &row)
    }

    fn of_row(
        &self,
        pipeline: &str,
        own: &[Recorded],
        row: &ExecutionRow,
    ) -> Result<view::ExecutionView, Report> {
        let definition = self.definition(pipeline, own, Some(row.version))?;
        let events = self.of_execution(pipeline, &row.id)?;
        let mut seen = view::execution(&definition, row, &events);
        if row.rollback_target.is_some() {
            seen.stages.retain(|stage| stage.status.is_some());
        }
        Ok(seen)
    }

    fn waiting(
        &self,
        pipeline: &str,
        own: &[Recorded],
        rows: &[ExecutionRow],
    ) -> Result<Vec<Waiting>, Report> {
        let mut waiting = Vec::new();
        for row in rows.iter().filter(|row| !row.status.ended()) {
            waiting.extend(self.of_row(pipeline, own, row)?.waiting);
        }
        Ok(waiting)
    }

    /// The pipeline's own events: those of no execution.
    fn own(&self, name: &str) -> Result<Vec<Recorded>, Report> {
        let own = self.store.as_ref().map(|store| store.own_events(name)).transpose();
        Ok(own.map_err(|e| self.failed(&e))?.unwrap_or_default())
    }

    /// The definition of a version, or the newest one. What was never run is known by its file.
    fn definition(
        &self,
        name: &str,
        own: &[Recorded],
        version: Option<u32>,
    ) -> Result<Pipeline, Report> {
        let stored = own.iter().rev().find_map(|r| match &r.event {
            Event::Defined { pipeline, .. } if version.is_none_or(|v| v == pipeline.version) => {
                Some(pipeline.as_ref().clone())
            }
            _ => None,
        });
        match stored {
            Some(definition) => Ok(definition),
            None => Ok(self.definitions.pipeline(name)?.pipeline.clone()),
        }
    }

    fn known(&self, pipeline: &str) -> Result<(), Report> {
        if self.definitions.pipelines.contains_key(pipeline) {
            return Ok(());
        }
        let stored = self.stored()?;
        if stored.iter().any(|name| name == pipeline) {
            return Ok(());
        }
        let names = self.definitions.pipelines.keys().chain(&stored).map(String::as_str);
        Err(self.definitions.none(pipeline, names))
    }

    fn find(&self, pipeline: &str, id: &str) -> Result<ExecutionRow, Report> {
        let none = |why: String| {
            let help = format!("`trunkline pipeline show {pipeline}` lists the last ones");
            Diagnostic::error("TL0886", why).help(help).report()
        };
        if id == "latest" {
            let newest = self.rows(pipeline, &Rows { limit: 1, ..Rows::default() })?;
            let absent = || none(format!("pipeline `{pipeline}` was never run"));
            return newest.into_iter().next().ok_or_else(absent);
        }
        let store = self.store.as_ref();
        let like = store.map(|s| s.executions_like(pipeline, id)).transpose();
        let mut like = like.map_err(|e| self.failed(&e))?.unwrap_or_default().into_iter();
        let whole = match (like.next(), like.next()) {
            (None, _) => {
                return Err(none(format!("pipeline `{pipeline}` has no execution `{id}`")));
            }
            (Some(_), Some(_)) => {
                return Err(none(format!("several executions of `{pipeline}` begin with `{id}`")));
            }
            (Some(whole), None) => whole,
        };
        self.row(pipeline, &whole)?
            .ok_or_else(|| none(format!("pipeline `{pipeline}` has no execution `{id}`")))
    }

    fn stored(&self) -> Result<Vec<String>, Report> {
        let names = self.store.as_ref().map(|store| store.pipelines()).transpose();
        Ok(names.map_err(|e| self.log_failed(&e))?.unwrap_or_default())
    }

    fn row(&self, pipeline: &str, id: &str) -> Result<Option<ExecutionRow>, Report> {
        let row = self.store.as_ref().map(|s| s.execution(pipeline, id)).transpose();
        Ok(row.map_err(|e| self.log_failed(&e))?.flatten())
    }

    /// The stages that were entered, each with the execution that entered it last.
    fn entered(&self, pipeline: &str) -> Result<Vec<(String, String)>, Report> {
        let all = self.store.as_ref().map(|s| s.entered(pipeline)).transpose();
        Ok(all.map_err(|e| self.failed(&e))?.unwrap_or_default())
    }

    /// The newest executions, and all that have not ended, however old they are; the newest first.
    fn current(&self, pipeline: &str) -> Result<Vec<ExecutionRow>, Report> {
        let mut rows = self.rows(pipeline, &Rows { limit: SHOWN, ..Rows::default() })?;
        if rows.len() == SHOWN {
            let before = rows.last().map(|row| row.id.clone());
            let older = Rows { before, unfinished: true, ..Rows::default() };
            rows.extend(self.rows(pipeline, &older)?);
        }
        Ok(rows)
    }

    fn rows(&self, pipeline: &str, query: &Rows) -> Result<Vec<ExecutionRow>, Report> {
        let rows = self.store.as_ref().map(|s| s.executions(pipeline, query)).transpose();
        Ok(rows.map_err(|e| self.log_failed(&e))?.unwrap_or_default())
    }

    fn of_execution(&self, pipeline: &str, id: &str) -> Result<Vec<Recorded>, Report> {
        let events = self.store.as_ref().map(|s| s.events(pipeline, id)).transpose();
        Ok(events.map_err(|e| self.log_failed(&e))?.unwrap_or_default())
    }

    /// A part of a log, and whether it is complete: its action does not run any more.
    fn log(&self, action: &str, offset: u64) -> Result<Answer, Report> {
        let absent = || {
            let message = format!("there is no log of `{action}`");
            Diagnostic::error("TL0886", message).report()
        };
        let Some(path) = self.folder.log(action) else { return Ok(Answer::Missing(absent())) };
        let ended = self.has_ended(action)?;
        let bytes = match std::fs::File::open(&path) {
            Ok(mut file) => {
                let mut bytes = Vec::new();
                let read = file.seek(SeekFrom::Start(offset));
                let read = read.and_then(|_| file.take(LOG_PART).read_to_end(&mut bytes));
                read.map_err(|error| {
                    let message = format!("the log cannot be read: {error}");
                    Diagnostic::error("TL0884", message).in_file(path.display().to_string())
                })?;
                bytes
            }
            Err(_) => Vec::new(),
        };
        let complete = ended && (bytes.len() as u64) < LOG_PART;
        Ok(Answer::Log { bytes, complete })
    }

    /// Whether an action execution is under way nowhere.
    fn has_ended(&self, action: &str) -> Result<bool, Report> {
        for pipeline in self.stored()? {
            let rows = self.rows(&pipeline, &Rows { unfinished: true, ..Rows::default() })?;
            let own = if rows.is_empty() { Vec::new() } else { self.own(&pipeline)? };
            for row in rows {
                let seen = self.of_row(&pipeline, &own, &row)?;
                let running = |s: &StageView| {
                    matches!(s.status, Some(StageStatus::InProgress | StageStatus::Stopping))
                        && s.actions.iter().chain(s.conditions.iter().flat_map(|c| &c.rules)).any(
                            |a| {
                                a.action_execution.as_deref() == Some(action)
                                    && a.ended_at.is_none()
                            },
                        )
                };
                if seen.stages.iter().any(running) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn failed(&self, error: &trunkline_store::Error) -> Report {
        error.diagnostic(&self.folder.database()).report()
    }

    pub(crate) fn log_failed(&self, error: &trunkline_engine::LogError) -> Report {
        log_failed(error, &self.folder)
    }
}

/// What a person is told of a log that failed; the store says the code in brackets.
pub(crate) fn log_failed(error: &trunkline_engine::LogError, folder: &DataFolder) -> Report {
    use trunkline_engine::LogError;
    let text = error.to_string();
    let code = match error {
        LogError::Moved { .. } => "TL0883",
        LogError::Unreadable { .. } => "TL0881",
        LogError::Storage(why) => {
            let told =
                ["TL0880", "TL0881", "TL0882", "TL0883"].into_iter().find(|c| why.contains(c));
            told.unwrap_or("TL0884")
        }
    };
    Diagnostic::error(code, text).in_file(folder.database().display().to_string()).report()
}

pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).expect("views have texts for keys")
}
