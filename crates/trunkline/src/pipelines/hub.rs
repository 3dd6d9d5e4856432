//! All pipelines of a data folder, in this process: the engine's executors over the store.
//!
//! `serve` has one for as long as it runs; commands have one while they work without a server. It is what
//! the API answers from. Whoever makes one gives what carries out actions.

use super::clock::{RandomIds, SystemClock};
use super::definitions::{Defined, Definitions};
use super::folder::{DataFolder, Lock};
use super::leftovers;
use super::reader::{Reader, log_failed, to_json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};
use tokio::sync::{mpsc, watch};
use trunkline_engine::{
    Actions, Answer as Done, Command, Event, Executor, ExecutorError, Log as _, Notify, Ports,
    Refusal, RefusalKind, Settings,
};
use trunkline_model::{Diagnostic, Report};
use trunkline_store::Store;
use trunkline_web::{Answer, Boxed, Pipelines, Query};

/// The pipelines of a data folder.
pub(crate) struct Hub {
    folder: DataFolder,
    /// The project, whose files define pipelines.
    project: PathBuf,
    store: Arc<Store>,
    definitions: RwLock<Arc<Definitions>>,
    ports: Ports,
    settings: Settings,
    executors: Mutex<BTreeMap<String, Executor>>,
    /// Pipelines whose executor had ended by itself and was made again.
    reopened: Mutex<Vec<String>>,
    /// Held while an executor is opened, so that there is one a pipeline.
    opening: tokio::sync::Mutex<()>,
    changes: watch::Sender<u64>,
    /// Who is told of pushes that actions made.
    pushes: OnceLock<mpsc::UnboundedSender<String>>,
    /// What callers of the API must have.
    token: String,
    _lock: Lock,
}

/// What a hub is made of.
pub(crate) struct Parts<'a> {
    pub(crate) folder: DataFolder,
    pub(crate) lock: Lock,
    pub(crate) store: Store,
    pub(crate) project: &'a Path,
    pub(crate) settings: Settings,
    pub(crate) notify: Arc<dyn Notify>,
    pub(crate) token: String,
}

impl Hub {
    /// Makes a hub; nothing runs yet, and nothing any more that an earlier process began here. `actions` is given the hub for actions that start pipelines.
    pub(crate) fn new(
        parts: Parts<'_>,
        actions: impl FnOnce(&Weak<Self>, &Arc<Store>) -> Arc<dyn Actions>,
    ) -> Arc<Self> {
        let store = Arc::new(parts.store);
        leftovers::begin(&store, &parts.folder);
        let definitions = RwLock::new(Arc::new(Definitions::load(parts.project)));
        Arc::new_cyclic(|hub| Self {
            ports: Ports {
                log: store.clone(),
                actions: actions(hub, &store),
                notify: parts.notify,
                clock: Arc::new(SystemClock::default()),
                ids: Arc::new(|| Box::new(RandomIds)),
            },
            folder: parts.folder,
            project: parts.project.to_owned(),
            store,
            definitions,
            settings: parts.settings,
            executors: Mutex::default(),
            reopened: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            changes: watch::Sender::new(0),
            pushes: OnceLock::new(),
            token: parts.token,
            _lock: parts.lock,
        })
    }

    /// The definitions, as they were read last.
    pub(crate) fn definitions(&self) -> Arc<Definitions> {
        self.definitions.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The names of repositories that actions push to, from now on. For one caller.
    pub(crate) fn pushes(&self) -> mpsc::UnboundedReceiver<String> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let _ = self.pushes.set(sender);
        receiver
    }

    /// An action has pushed to a repository. Where nobody listens, the next poll of a server finds it.
    pub(crate) fn pushed(&self, repository: &str) {
        if let Some(listener) = self.pushes.get() {
            let _ = listener.send(repository.to_owned());
        }
    }

    /// Reads the files again, if they changed. Pipelines that changed get their new definition when they are next
    /// asked for something, or by `define_all`.
    pub(crate) fn reload(&self) -> Arc<Definitions> {
        let before = self.definitions();
        if before.is_current(&self.project) {
            return before;
        }
        let new = Arc::new(Definitions::load_after(&self.project, &before));
        *self.definitions.write().unwrap_or_else(PoisonError::into_inner) = new.clone();
        new
    }

    /// Takes pipelines from the log whose file cannot be read: as they were, they go on.
    pub(crate) async fn keep_stored(&self) -> Result<(), Report> {
        let mut definitions = Definitions::clone(&self.definitions());
        let text = |file: &String| std::fs::read_to_string(self.project.join(file)).ok();
        let broken: Vec<(String, String)> = definitions
            .broken()
            .into_iter()
            .filter_map(|file| Some((file.clone(), text(&file)?)))
            .collect();
        if broken.is_empty() {
            return Ok(());
        }
        for name in self.store.pipelines().map_err(|e| log_failed(&e, &self.folder))? {
            // The log knows the file. One that has another name by now is known by the pipeline's name in it.
            let came = self.file_of(&name)?.filter(|file| self.project.join(file).is_file());
            let is_its = |(file, text): &&(String, String)| match &came {
                Some(came) => came == file,
                None => names(text, &name),
            };
            let Some((file, _)) = broken.iter().find(is_its) else { continue };
            let executor = self.executor(&name).await?;
            let known = executor.definition().await.map_err(|e| self.failed(&e, &name))?;
            if let Some(pipeline) = known {
                let defined = Defined { pipeline, file: file.clone(), disabled: Vec::new() };
                definitions.keep(&name, defined);
            }
        }
        *self.definitions.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(definitions);
        Ok(())
    }

    /// The file that a pipeline's newest definition came from.
    fn file_of(&self, pipeline: &str) -> Result<Option<String>, Report> {
        let events = self.store.own_events(pipeline);
        let events = events.map_err(|e| e.diagnostic(self.store.path()).report())?;
        Ok(events.into_iter().rev().find_map(|recorded| match recorded.event {
            Event::Defined { by, .. } => by,
            _ => None,
        }))
    }

    /// Gives every pipeline its definition of the files. What cannot be read keeps its old one; one that fails
    /// stops no other.
    pub(crate) async fn define_all(&self) -> Result<(), Report> {
        let mut failed = Report(Vec::new());
        for name in self.definitions().pipelines.keys() {
            if let Err(report) = self.define(name).await {
                failed.0.extend(report.0);
            }
        }
        if failed.0.is_empty() { Ok(()) } else { Err(failed) }
    }

    /// Goes on with everything that was under way when the last process ended.
    pub(crate) async fn recover(&self) -> Result<(), Report> {
        for name in self.store.pipelines().map_err(|e| log_failed(&e, &self.folder))? {
            self.executor(&name).await?;
        }
        Ok(())
    }

    /// The same for one pipeline.
    pub(crate) async fn recover_one(&self, pipeline: &str) -> Result<(), Report> {
        self.executor(pipeline).await.map(|_| ())
    }

    /// Gives a command; returns when what follows from it is durable.
    pub(crate) async fn command(&self, pipeline: &str, command: Command) -> Result<Done, Report> {
        if matches!(command, Command::Start { .. }) {
            self.reload();
            self.definitions().pipeline(pipeline)?;
            self.define(pipeline).await?;
        }
        self.give(pipeline, command).await
    }

    async fn define(&self, name: &str) -> Result<(), Report> {
        let definitions = self.definitions();
        let defined = definitions.pipeline(name)?;
        let closed = defined.disabled.iter().map(|d| (d.stage.clone(), d.reason.clone()));
        let command = Command::Define {
            pipeline: Box::new(defined.pipeline.clone()),
            closed: closed.collect(),
            by: Some(defined.file.clone()),
        };
        self.give(name, command).await.map(|_| ())
    }

    async fn give(&self, pipeline: &str, command: Command) -> Result<Done, Report> {
        let executor = self.executor(pipeline).await?;
        executor.command(command).await.map_err(|e| self.failed(&e, pipeline))
    }

    /// The executor of a pipeline, which goes on with what was interrupted where it is the first call.
    async fn executor(&self, pipeline: &str) -> Result<Executor, Report> {
        if let Some(open) = self.opened(pipeline) {
            return Ok(open);
        }
        let _one = self.opening.lock().await;
        if let Some(open) = self.opened(pipeline) {
            return Ok(open);
        }
        let opened = Executor::open(pipeline, self.ports.clone(), self.settings.clone()).await;
        let executor = opened.map_err(|e| self.failed(&e, pipeline))?;
        let mut committed = executor.committed();
        let changes = self.changes.clone();
        crate::runtime::spawn(async move {
            while committed.changed().await.is_ok() {
                changes.send_modify(|n| *n += 1);
            }
        });
        let mut executors = self.executors.lock().unwrap_or_else(PoisonError::into_inner);
        if executors.insert(pipeline.to_owned(), executor.clone()).is_some() {
            let mut reopened = self.reopened.lock().unwrap_or_else(PoisonError::into_inner);
            reopened.push(pipeline.to_owned());
        }
        Ok(executor)
    }

    /// Goes on with pipelines whose executor ended because their log failed. Gives what still fails, and the
    /// pipelines that went on since the last call.
    pub(crate) async fn reopen(&self) -> (Report, Vec<String>) {
        let ended: Vec<String> = {
            let executors = self.executors.lock().unwrap_or_else(PoisonError::into_inner);
            let ended = executors.iter().filter(|(_, executor)| !executor.is_open());
            ended.map(|(name, _)| name.clone()).collect()
        };
        let mut failed = Report(Vec::new());
        for name in ended {
            if let Err(report) = self.executor(&name).await {
                failed.0.extend(report.0);
            }
        }
        let mut reopened = self.reopened.lock().unwrap_or_else(PoisonError::into_inner);
        (failed, std::mem::take(&mut *reopened))
    }

    fn opened(&self, pipeline: &str) -> Option<Executor> {
        let executors = self.executors.lock().unwrap_or_else(PoisonError::into_inner);
        executors.get(pipeline).filter(|executor| executor.is_open()).cloned()
    }

    /// Ends all executors. What is under way stays so in the log, for whoever opens the folder next.
    pub(crate) async fn shutdown(&self) {
        let all = {
            let mut executors = self.executors.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *executors)
        };
        for executor in all.values() {
            executor.shutdown().await;
        }
        // Their builds were killed by their groups; what had left these is ended here.
        let (store, folder) = (self.store.clone(), self.folder.clone());
        let _ = tokio::task::spawn_blocking(move || leftovers::end(&store, &folder)).await;
    }

    fn failed(&self, error: &ExecutorError, pipeline: &str) -> Report {
        match error {
            ExecutorError::Refused(refusal) => refused(refusal, pipeline),
            ExecutorError::Log(error) => log_failed(error, &self.folder),
            ExecutorError::Closed => {
                let message = format!("pipeline `{pipeline}` is shutting down");
                Diagnostic::error("TL0888", message).help("run the command again").report()
            }
        }
    }

    fn reader(&self) -> Reader {
        Reader {
            store: Some(self.store.clone()),
            folder: self.folder.clone(),
            definitions: self.definitions(),
        }
    }
}

/// Whether a text holds a word.
fn names(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
    let alone = |(at, found): (usize, &str)| {
        !text[..at].ends_with(part) && !text[at + found.len()..].starts_with(part)
    };
    text.match_indices(word).any(alone)
}

/// What a person is told of a refusal. TL0885, TL0886: no such thing. TL0887: not now. TL0889: not while so
/// much is under way.
fn refused(refusal: &Refusal, pipeline: &str) -> Report {
    let code = match refusal.kind {
        RefusalKind::PipelineNotFound
        | RefusalKind::StageNotFound
        | RefusalKind::ActionNotFound => "TL0885",
        RefusalKind::PipelineExecutionNotFound => "TL0886",
        RefusalKind::ConcurrentPipelineExecutionsLimitExceeded => "TL0889",
        _ => "TL0887",
    };
    Diagnostic::error(code, refusal.message.clone())
        .on(format!("pipeline \"{pipeline}\""))
        .because(format!("CodePipeline's name for it: {}", refusal.kind.wire()))
        .help(format!("`trunkline pipeline show {pipeline}` shows where it stands"))
        .report()
}

impl Pipelines for Hub {
    fn allows(&self, token: &str) -> bool {
        // Both are hashed first, so that the time it takes tells nothing of the token.
        !self.token.is_empty() && trunkline_web::hash(token) == trunkline_web::hash(&self.token)
    }

    fn answer(&self, query: Query) -> Boxed<'_, Result<Answer, Report>> {
        Box::pin(async move {
            if let Query::Command { pipeline, command } = query {
                let command = serde_json::from_value(command).map_err(|error| {
                    let message = format!("the command cannot be read: {error}");
                    Diagnostic::error("TL0901", message).report()
                })?;
                // Whoever starts it by hand means what the file says now; pushes and schedules must not be lost.
                if matches!(command, Command::Start { .. })
                    && let Some(report) = self.reload().wrong(&pipeline)
                {
                    return Err(report);
                }
                let done = self.command(&pipeline, command).await?;
                return Ok(Answer::Json(to_json(&done)));
            }
            let reader = self.reader();
            let answered = tokio::task::spawn_blocking(move || reader.answer(&query)).await;
            answered.map_err(|error| {
                Diagnostic::error("TL0902", format!("a question failed: {error}")).report()
            })?
        })
    }

    fn changed<'a>(&'a self, _pipeline: Option<&'a str>) -> Boxed<'a, ()> {
        // From now on, not from the first poll on.
        let mut changes = self.changes.subscribe();
        Box::pin(async move {
            let _ = changes.changed().await;
        })
    }
}
