//! Journals on disk: one JSON-lines file a run, flushed to the disk before each call goes out.

use crate::clock;
use crate::files::failed;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use trunkline_center::apply::{Event, Journal, JournalError};
use trunkline_model::{Report, Target};

/// The journal of one run.
pub(crate) struct FileJournal {
    file: File,
    path: PathBuf,
}

/// What earlier runs wrote, for the next read of the same target.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    /// Ids written within the search lag.
    pub(crate) recent: BTreeSet<String>,
    /// Fingerprints of drafts that we wrote.
    pub(crate) drafts: BTreeSet<String>,
}

/// The folder of a target's journals.
pub(crate) fn folder(state: &Path, target: &Target) -> PathBuf {
    state.join(format!("{}-{}", target.environment.name, target.region))
}

impl FileJournal {
    /// Starts a journal.
    pub(crate) fn create(folder: &Path, run: &str) -> Result<Self, Report> {
        let path = folder.join(format!("{run}.jsonl"));
        let shown = path.display().to_string();
        fs::create_dir_all(folder).map_err(|e| failed(&shown, &e))?;
        let file = OpenOptions::new().create_new(true).append(true).open(&path);
        Ok(Self { file: file.map_err(|e| failed(&shown, &e))?, path })
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Journal for FileJournal {
    fn append_all<'a>(
        &'a mut self,
        events: &'a [Event],
    ) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(std::future::ready(self.append_now(events)))
    }
}

impl FileJournal {
    fn append_now(&mut self, events: &[Event]) -> Result<(), JournalError> {
        let (at, mut whole) = (json!(clock::now().to_string()), String::new());
        for event in events {
            let mut line =
                serde_json::to_value(event).map_err(|e| JournalError::Failed(e.to_string()))?;
            line["at"] = at.clone();
            whole.push_str(&format!("{line}\n"));
        }
        let written = self.file.write_all(whole.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|e| JournalError::Failed(format!("{}: {e}", self.path.display())))
    }
}

/// Reads what earlier runs of a target left. A line that was torn by a crash is passed over.
pub(crate) fn remembered(folder: &Path, search_lag_seconds: f64) -> Remembered {
    let mut all = Remembered::default();
    let Ok(entries) = fs::read_dir(folder) else { return all };
    let horizon = clock::now().as_second() as f64 - search_lag_seconds;
    for entry in entries.flatten() {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        for line in text.lines() {
            let Ok(value) = serde_json::from_str::<Value>(line) else { continue };
            let at = value["at"].as_str().and_then(|t| t.parse::<jiff::Timestamp>().ok());
            let Ok(event) = serde_json::from_value::<Event>(value) else { continue };
            all.drafts.extend(event.draft().map(str::to_owned));
            if at.is_some_and(|t| t.as_second() as f64 >= horizon) {
                all.recent.extend(event.wrote().map(str::to_owned));
            }
        }
    }
    all
}

/// Makes a run's id: sortable by time, different for two runs of one second.
pub(crate) fn run_id() -> String {
    let now = clock::now();
    let (second, nanosecond) = (now.strftime("%Y%m%d-%H%M%S"), now.subsec_nanosecond());
    format!("{second}-{:04x}", (nanosecond as u32 ^ std::process::id().rotate_left(8)) & 0xffff)
}
