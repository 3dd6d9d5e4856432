//! A log in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;
use trunkline_engine::ports::{Batch, Loaded, Query};
use trunkline_engine::{ExecutionRow, Log, LogError, Recorded};

#[derive(Default)]
pub struct MemoryLog {
    pipelines: Mutex<BTreeMap<String, Kept>>,
    /// So many appends fail from now on.
    pub failing: Mutex<u32>,
    /// It cannot be read.
    pub unreadable: Mutex<bool>,
}

#[derive(Default, Clone)]
pub struct Kept {
    pub events: Vec<Recorded>,
    pub rows: BTreeMap<String, ExecutionRow>,
    pub notices: Vec<String>,
    pub snapshot: Option<(u64, String)>,
}

impl MemoryLog {
    pub fn kept(&self, pipeline: &str) -> Kept {
        self.pipelines.lock().unwrap().get(pipeline).cloned().unwrap_or_default()
    }

    /// What a look at the events gives, without a copy of them.
    pub fn look<T>(&self, pipeline: &str, look: impl FnOnce(&[Recorded]) -> T) -> T {
        look(self.pipelines.lock().unwrap().get(pipeline).map_or(&[], |kept| &kept.events))
    }
}

impl Log for MemoryLog {
    fn load(&self, pipeline: &str) -> Result<Loaded, LogError> {
        if *self.unreadable.lock().unwrap() {
            return Err(LogError::Storage("the disk is sick".to_owned()));
        }
        let kept = self.kept(pipeline);
        let after = kept.snapshot.as_ref().map_or(0, |(seq, _)| *seq);
        let events = kept.events.into_iter().filter(|e| e.seq > after).collect();
        Ok(Loaded { snapshot: kept.snapshot, events })
    }

    fn append(&self, pipeline: &str, batch: &Batch<'_>) -> Result<(), LogError> {
        let mut failing = self.failing.lock().unwrap();
        if *failing > 0 {
            *failing -= 1;
            return Err(LogError::Storage("the disk is full".to_owned()));
        }
        let mut pipelines = self.pipelines.lock().unwrap();
        let kept = pipelines.entry(pipeline.to_owned()).or_default();
        let found = kept.events.last().map_or(0, |e| e.seq);
        if found != batch.after {
            let pipeline = pipeline.to_owned();
            return Err(LogError::Moved { pipeline, expected: batch.after, found });
        }
        // Stored as text, so that what does not survive a store is noticed.
        for event in batch.events {
            let text = serde_json::to_string(event).unwrap();
            kept.events.push(serde_json::from_str(&text).unwrap());
        }
        for row in batch.rows {
            kept.rows.insert(row.id.clone(), row.clone());
        }
        kept.notices.extend(batch.notices.iter().map(|n| n.body.clone()));
        Ok(())
    }

    fn snapshot(&self, pipeline: &str, seq: u64, state: &str) -> Result<(), LogError> {
        let mut pipelines = self.pipelines.lock().unwrap();
        pipelines.entry(pipeline.to_owned()).or_default().snapshot = Some((seq, state.to_owned()));
        Ok(())
    }

    fn execution(&self, pipeline: &str, execution: &str) -> Result<Option<ExecutionRow>, LogError> {
        Ok(self.kept(pipeline).rows.get(execution).cloned())
    }

    fn executions(&self, pipeline: &str, _query: &Query) -> Result<Vec<ExecutionRow>, LogError> {
        Ok(self.kept(pipeline).rows.into_values().collect())
    }

    fn events(&self, pipeline: &str, execution: &str) -> Result<Vec<Recorded>, LogError> {
        let events = self.kept(pipeline).events.into_iter();
        Ok(events.filter(|e| e.event.execution() == Some(execution)).collect())
    }

    fn pipelines(&self) -> Result<Vec<String>, LogError> {
        Ok(self.pipelines.lock().unwrap().keys().cloned().collect())
    }
}
