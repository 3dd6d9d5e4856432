//! Carries out what the machine decides: one task a pipeline.
//!
//! Events are committed before anything is done about them. What is under way when the process ends is
//! in progress in the log, and is started again, with `recovered`, when the pipeline is opened. Nothing
//! polls: the task waits for commands, for actions that end and for the next time that the machine names.

mod task;

use crate::command::{Answer, Command, Refusal};
use crate::ports::{Actions, Clock, Ids, Log, LogError, Notify};
use crate::settings::Settings;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use trunkline_model::pipeline::Pipeline;

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
    /// Makes a source of ids for each pipeline.
    pub ids: Arc<dyn Fn() -> Box<dyn Ids> + Send + Sync>,
}

/// Why a pipeline cannot be carried on.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The command was refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The log failed; a command that it was for did not happen.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The pipeline's task ended.
    #[error("the pipeline is shutting down")]
    Closed,
}

/// What the task is asked.
enum Request {
    Command(Box<Command>, oneshot::Sender<Result<Answer, ExecutorError>>),
    Definition(oneshot::Sender<Option<Pipeline>>),
    Shutdown(oneshot::Sender<()>),
}

/// A pipeline under way. Cloning gives another handle to the same.
#[derive(Clone)]
pub struct Executor {
    requests: mpsc::UnboundedSender<Request>,
    committed: watch::Receiver<u64>,
}

impl Executor {
    /// Reads the pipeline from the log, starts again what was interrupted, and goes on. Call it within
    /// a tokio runtime; the task lives until `shutdown`, or until the last handle is gone.
    pub async fn open(
        pipeline: &str,
        ports: Ports,
        settings: Settings,
    ) -> Result<Self, ExecutorError> {
        let (requests, inbox) = mpsc::unbounded_channel();
        let (tell, committed) = watch::channel(0);
        let task = task::Task::open(pipeline, ports, settings, tell)?;
        tokio::spawn(task.run(inbox));
        Ok(Self { requests, committed })
    }

    /// Gives a command; returns when its events are committed.
    pub async fn command(&self, command: Command) -> Result<Answer, ExecutorError> {
        self.ask(|answer| Request::Command(Box::new(command), answer)).await?
    }

    /// The current definition; nothing before the first.
    pub async fn definition(&self) -> Result<Option<Pipeline>, ExecutorError> {
        self.ask(Request::Definition).await
    }

    /// Whether its task is there. It ends by itself where the log moved on or can no longer be read.
    pub fn is_open(&self) -> bool {
        !self.requests.is_closed()
    }

    /// The number of the last committed event; changes when there are more. Closed when the task ended.
    pub fn committed(&self) -> watch::Receiver<u64> {
        self.committed.clone()
    }

    /// Ends the pipeline's task. Actions under way are dropped and stay in progress in the log.
    pub async fn shutdown(&self) {
        // A task that has ended is what is asked for.
        let _ = self.ask(Request::Shutdown).await;
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> Result<T, ExecutorError> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(request(answer)).map_err(|_| ExecutorError::Closed)?;
        answered.await.map_err(|_| ExecutorError::Closed)
    }
}
