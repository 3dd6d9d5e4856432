//! How commands reach pipelines: a server that runs, the data folder taken for this command, or only read.

use super::definitions::Definitions;
use super::folder::DataFolder;
use super::hub::Hub;
use super::reader::Reader;
use crate::context::{App, Located};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use trunkline_engine::view::{ExecutionView, PipelineView};
use trunkline_engine::{Answer as Done, Command, Recorded};
use trunkline_model::pipeline::Action;
use trunkline_model::{Diagnostic, Report};
use trunkline_store::Access;
use trunkline_web::{Answer, Boxed, Query};

/// How often a folder that another process changes is looked at.
const LOOK: Duration = Duration::from_millis(150);

/// Where the answers come from.
pub(crate) trait Backend: Send + Sync {
    /// Asks. Where `wait` is longer than nothing, and events or a log have nothing new, waits that long for it.
    fn ask(&self, query: Query, wait: Duration) -> Boxed<'_, Result<Answer, Report>>;

    /// Whether executions go on without this process.
    fn goes_on(&self) -> bool;

    /// Lets what was interrupted go on, where that takes this process.
    fn carry_on<'a>(&'a self, pipeline: &'a str) -> Boxed<'a, Result<(), Report>>;

    /// Lets a source action read a commit of a working copy, where that takes this process. A server reads what was
    /// pushed.
    fn take_in<'a>(
        &'a self,
        _action: &'a Action,
        _from: &'a Path,
        _commit: &'a str,
    ) -> Boxed<'a, Result<(), Report>> {
        Box::pin(async { Ok(()) })
    }

    /// Ends what was begun in this process.
    fn close(&self) -> Boxed<'_, ()>;
}

/// What a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Only answers.
    Read,
    /// Commands.
    Change,
}

/// Finds the backend: a server where one runs, else the data folder.
pub(crate) async fn open(
    app: &App,
    located: &Located,
    data: Option<&Path>,
    need: Need,
    command: &str,
) -> Result<Box<dyn Backend>, Report> {
    let folder = DataFolder::of(&located.root, data);
    if let Some(remote) = super::remote::connect(&folder).await? {
        return Ok(remote);
    }
    if need == Need::Read {
        let store = match folder.database().exists() {
            true => Some(Arc::new(folder.open(Access::Read)?)),
            false => None,
        };
        let definitions = Arc::new(Definitions::load(&located.root));
        return Ok(Box::new(Reading(Reader { store, folder, definitions })));
    }
    Ok(Box::new(super::embedded::Embedded::open(app, located, &folder, command)?))
}

impl dyn Backend + '_ {
    /// Asks for a document.
    pub(crate) async fn get(&self, query: Query) -> Result<Value, Report> {
        match self.ask(query, Duration::ZERO).await? {
            Answer::Json(value) => Ok(value),
            Answer::Missing(report) => Err(report),
            Answer::Log { .. } => Err(unexpected("it is a log")),
        }
    }

    async fn read<T: DeserializeOwned>(&self, query: Query) -> Result<T, Report> {
        let value = self.get(query).await?;
        serde_json::from_value(value).map_err(|error| unexpected(&error.to_string()))
    }

    pub(crate) async fn pipeline(&self, name: &str) -> Result<PipelineView, Report> {
        self.read(Query::Show { pipeline: name.to_owned() }).await
    }

    /// An execution by its id, the beginning of it, or `latest`.
    pub(crate) async fn execution(&self, name: &str, id: &str) -> Result<ExecutionView, Report> {
        let (pipeline, execution) = (name.to_owned(), id.to_owned());
        self.read(Query::Execution { pipeline, execution }).await
    }

    /// Gives a command.
    pub(crate) async fn command(&self, name: &str, command: &Command) -> Result<Done, Report> {
        let command = super::reader::to_json(command);
        self.read(Query::Command { pipeline: name.to_owned(), command }).await
    }

    /// The events of a pipeline after one; waits for the next where there are none.
    pub(crate) async fn events(
        &self,
        name: &str,
        after: u64,
        wait: Duration,
    ) -> Result<Vec<Recorded>, Report> {
        let query = Query::Events { pipeline: name.to_owned(), after };
        match self.ask(query, wait).await? {
            Answer::Json(mut value) => serde_json::from_value(value["events"].take())
                .map_err(|error| unexpected(&error.to_string())),
            Answer::Missing(report) => Err(report),
            Answer::Log { .. } => Err(unexpected("it is a log")),
        }
    }

    /// A part of an action's log, and whether no more follows.
    pub(crate) async fn log(
        &self,
        action: &str,
        offset: u64,
        wait: Duration,
    ) -> Result<(Vec<u8>, bool), Report> {
        let query = Query::Log { action: action.to_owned(), offset };
        match self.ask(query, wait).await? {
            Answer::Log { bytes, complete } => Ok((bytes, complete)),
            Answer::Missing(report) => Err(report),
            Answer::Json(_) => Err(unexpected("it is no log")),
        }
    }
}

fn unexpected(why: &str) -> Report {
    Diagnostic::error("TL0888", format!("the answer cannot be understood: {why}"))
        .help("server and command are of one version? `trunkline version`")
        .report()
}

/// A folder that is only read; another process may change it.
struct Reading(Reader);

impl Reading {
    async fn once(&self, query: &Query) -> Result<Answer, Report> {
        let (reader, query) = (self.0.clone(), query.clone());
        let answered = tokio::task::spawn_blocking(move || reader.answer(&query)).await;
        answered.map_err(|e| Diagnostic::error("TL0902", format!("a question failed: {e}")))?
    }
}

impl Backend for Reading {
    fn ask(&self, query: Query, wait: Duration) -> Boxed<'_, Result<Answer, Report>> {
        Box::pin(async move {
            let deadline = tokio::time::Instant::now() + wait;
            loop {
                let answer = self.once(&query).await?;
                if !answer.is_empty() || tokio::time::Instant::now() >= deadline {
                    return Ok(answer);
                }
                tokio::time::sleep(LOOK).await;
            }
        })
    }

    fn goes_on(&self) -> bool {
        self.0.folder.is_taken()
    }

    fn carry_on<'a>(&'a self, _pipeline: &'a str) -> Boxed<'a, Result<(), Report>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn close(&self) -> Boxed<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

impl Backend for Arc<Hub> {
    fn ask(&self, query: Query, wait: Duration) -> Boxed<'_, Result<Answer, Report>> {
        Box::pin(async move { trunkline_web::awaited(&**self, &query, wait).await })
    }

    fn goes_on(&self) -> bool {
        false
    }

    fn carry_on<'a>(&'a self, pipeline: &'a str) -> Boxed<'a, Result<(), Report>> {
        Box::pin(self.recover_one(pipeline))
    }

    fn close(&self) -> Boxed<'_, ()> {
        Box::pin(self.shutdown())
    }
}
