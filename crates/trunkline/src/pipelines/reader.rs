//! Answers to questions about pipelines, out of the database and the definitions. Changes nothing.
//!
//! Used by the `Hub` and by commands that only read while another process holds the data folder.

use super::definitions::{Definitions, missing};
use super::folder::DataFolder;
use super::view::{self, Brief, PipelineView, StageView, Summary, Waiting};
use serde_json::{Value, json};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::Arc;
use trunkline_engine::event::StageStatus;
use trunkline_engine::ports::Query as Rows;
use trunkline_engine::{Event, ExecutionRow, Log as _, Recorded};
use trunkline_model::pipeline::Pipeline;
use trunkline_model::{Diagnostic, Report};
use trunkline_store::Store;
use trunkline_web::{Answer, Query};

/// Executions that are looked at for the state of stages.
const LOOKED_AT: usize = 20;
/// Executions of a pipeline that are shown with it.
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
                    self.rows(pipeline, &Rows { limit: *limit, before, succeeded_in: None })?;
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
                let (definition, _) = self.definition(name, None)?;
                let rows = self.rows(name, &Rows { limit: LOOKED_AT, ..Rows::default() })?;
                Ok(Summary {
                    name: name.clone(),
                    version: definition.version,
                    execution_mode: definition.execution_mode,
                    latest: rows.first().map(Brief::of),
                    waiting: self.waiting(name, &rows)?,
                })
            })
            .collect();
        Ok(json!({ "pipelines": all?, "problems": self.definitions.found }))
    }

    fn show(&self, name: &str) -> Result<PipelineView, Report> {
        let (definition, own) = self.definition(name, None)?;
        let rows = self.rows(name, &Rows { limit: LOOKED_AT, ..Rows::default() })?;
        let mut stages = view::planned(&definition);
        // From the oldest to the newest: the last one that was in a stage is shown there.
        for row in rows.iter().rev() {
            for seen in self.of_row(name, row)?.stages {
                let place =
                    stages.iter_mut().find(|s| s.name == seen.name && seen.status.is_some());
                if let Some(place) = place {
                    *place = StageView { execution: Some(row.id.clone()), ..seen };
                }
            }
        }
        Ok(PipelineView {
            name: name.to_owned(),
            transitions: view::transitions(&own),
            stages,
            executions: rows.iter().take(SHOWN).map(Brief::of).collect(),
            waiting: self.waiting(name, &rows)?,
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
        self.of_row(pipeline, &row)
    }

    fn of_row(&self, pipeline: &str, row: &ExecutionRow) -> Result<view::ExecutionView, Report> {
        let (definition, _) = self.definition(pipeline, Some(row.version))?;
        let events = self.of_execution(pipeline, &row.id)?;
        let mut seen = view::execution(&definition, row, &events);
        if row.rollback_target.is_some() {
            seen.stages.retain(|stage| stage.status.is_some());
        }
        Ok(seen)
    }

    fn waiting(&self, pipeline: &str, rows: &[ExecutionRow]) -> Result<Vec<Waiting>, Report> {
        let mut waiting = Vec::new();
        for row in rows.iter().filter(|row| !row.status.ended()) {
            waiting.extend(self.of_row(pipeline, row)?.waiting);
        }
        Ok(waiting)
    }

    /// The definition of a version, or the newest one, with the pipeline's own events. What was never run is
    /// known by its file.
    fn definition(
        &self,
        name: &str,
        version: Option<u32>,
    ) -> Result<(Pipeline, Vec<Recorded>), Report> {
        let own = match &self.store {
            Some(store) => store.own_events(name).map_err(|e| self.failed(&e))?,
            None => Vec::new(),
        };
        let stored = own.iter().rev().find_map(|r| match &r.event {
            Event::Defined { pipeline, .. } if version.is_none_or(|v| v == pipeline.version) => {
                Some(pipeline.as_ref().clone())
            }
            _ => None,
        });
        match stored {
            Some(definition) => Ok((definition, own)),
            None => Ok((self.definitions.pipeline(name)?.pipeline.clone(), own)),
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
        Err(missing(pipeline, names).report())
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
        let like = store.map(|s| s.executions_like(id, 1_000)).transpose();
        let like = like.map_err(|e| self.failed(&e))?.unwrap_or_default();
        let mut like = like.into_iter().filter(|(of, _)| of == pipeline).map(|(_, id)| id);
        let whole = match (like.next(), like.next()) {
            (None, _) => {
                return Err(none(format!("pipeline `{pipeline}` has no execution `{id}`")));
            }
            (Some(_), Some(_)) => {
                return Err(none(format!("several executions of `{pipeline}` begin with `{id}`")));
            }
            (Some(whole), None) => whole,
        };
        let row = store.map(|s| s.execution(pipeline, &whole)).transpose();
        let row = row.map_err(|e| self.log_failed(&e))?.flatten();
        row.ok_or_else(|| none(format!("pipeline `{pipeline}` has no execution `{id}`")))
    }

    fn stored(&self) -> Result<Vec<String>, Report> {
        let names = self.store.as_ref().map(|store| store.pipelines()).transpose();
        Ok(names.map_err(|e| self.log_failed(&e))?.unwrap_or_default())
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
            for row in self.rows(&pipeline, &Rows { limit: LOOKED_AT, ..Rows::default() })? {
                if row.status.ended() {
                    continue;
                }
                let seen = self.of_row(&pipeline, &row)?;
                let running = |s: &StageView| {
                    matches!(s.status, Some(StageStatus::InProgress | StageStatus::Stopping))
                        && s.actions.iter().any(|a| {
                            a.action_execution.as_deref() == Some(action) && a.ended_at.is_none()
                        })
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
