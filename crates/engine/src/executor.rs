//! Carries out what the machine decides: one task a pipeline.
//!
//! Events are committed before anything is done about them. What is under way when the process ends is
//! in progress in the log, and is started again, with `recovered`, when the pipeline is opened.

use crate::command::{Answer, Command, Refusal};
use crate::ports::{Actions, Clock, Ids, Log, LogError, Notify};
use crate::settings::Settings;
use std::sync::Arc;
use tokio::sync::watch;

/// What an executor needs.
#[derive(Clone)]
pub struct Ports {
    /// The events.
    pub log: Arc<dyn Log>,
    /// What carries out actions.
    pub actions: Arc<dyn Actions>,
    /// Whom events are told.
    pub notify: Arc<dyn Notify>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// A source of ids for each pipeline.
    pub ids: Arc<dyn Fn() -> Box<dyn Ids> + Send + Sync>,
}

/// Why a pipeline cannot be carried on.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The command was refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The pipeline's task ended.
    #[error("the pipeline is shutting down")]
    Closed,
}

/// A pipeline under way. Cloning gives another handle to the same.
#[derive(Clone)]
pub struct Executor {
    committed: watch::Receiver<u64>,
}

impl Executor {
    /// Reads the pipeline from the log, starts again what was interrupted, and goes on.
    pub async fn open(
        _pipeline: &str,
        _ports: Ports,
        _settings: Settings,
    ) -> Result<Self, ExecutorError> {
        let (_, committed) = watch::channel(0);
        Ok(Self { committed })
    }

    /// Gives a command; returns when its events are committed.
    pub async fn command(&self, _command: Command) -> Result<Answer, ExecutorError> {
        Err(ExecutorError::Closed)
    }

    /// The number of the last committed event; changes when there are more.
    pub fn committed(&self) -> watch::Receiver<u64> {
        self.committed.clone()
    }

    /// Ends the pipeline's task. Actions under way are dropped and stay in progress in the log.
    pub async fn shutdown(&self) {}
}
