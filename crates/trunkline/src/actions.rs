//! Actions: what carries out each provider of a pipeline, and the table of them.
//!
//! `Carrier` implements the engine's port `Actions`; `pipelines` makes one for a data folder. Whatever runs commands
//! is a process of crate `build`, a deployment too: it runs this same program, so that a crash of the server
//! is a crash of an apply, whose journal the next start of the action resumes. Deliberately absent: decisions
//! about what runs when, which are the engine's.

mod artifacts;
mod builds;
mod credentials;
mod deploy;
mod export;
mod invoke;
mod numbers;
mod plans;
mod releases;
mod reports;
mod results;
mod s3;
mod source;
mod vault;

use crate::mirrors::{self as git, Mirrors};
use crate::pipelines::folder::DataFolder;
use crate::pipelines::hub::Hub;
use crate::triggers::BuildSettings;
use artifacts::ArtifactFolder;
use numbers::Numbers;
use source::Known;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use tokio::sync::watch;
use trunkline_aws::{Aws, Buckets, Settings};
use trunkline_center::call_failed;
use trunkline_engine::ports::Later;
use trunkline_engine::{ActionOutcome, ActionRun, Actions, FailureKind};
use trunkline_model::buildspec::BuildProject;
use trunkline_model::{Diagnostic, ExitKind, Report, code_info};
use trunkline_store::Store;

use invoke::Starter;

/// What actions are carried out with.
pub(crate) struct Setting {
    /// The folder of the project whose pipelines these are.
    pub(crate) root: PathBuf,
    pub(crate) data: DataFolder,
    pub(crate) store: Arc<Store>,
    /// The repositories of sources, which triggers read as well.
    pub(crate) mirrors: Arc<Mirrors>,
    /// The build project of a name.
    pub(crate) projects: Projects,
    /// Starts another pipeline of this server.
    pub(crate) starter: Arc<dyn Starter>,
    /// The program's own variables: of these, PATH, HOME, LANG and TMPDIR reach builds, and the credentials
    /// and settings of AWS what deploys.
    pub(crate) variables: BTreeMap<String, String>,
    /// Connections to AWS, made when first needed.
    pub(crate) aws: Arc<dyn Fn() -> Result<Aws, Report> + Send + Sync>,
    /// This program.
    pub(crate) program: PathBuf,
    /// What builds may use.
    pub(crate) builds: BuildSettings,
    /// Is told that an action pushed to the repository of that name.
    pub(crate) pushed: Arc<dyn Fn(&str) + Send + Sync>,
    /// Whether a process waits for the next build: for a server, which is often idle before one.
    pub(crate) stands_by: bool,
}

/// Finds a build project by its name.
pub(crate) type Projects = Arc<dyn Fn(&str) -> Option<BuildProject> + Send + Sync>;

/// Carries out actions.
#[derive(Clone)]
pub(crate) struct Carrier(Arc<Shared>);

/// What all actions share.
struct Shared {
    setting: Setting,
    artifacts: Arc<ArtifactFolder>,
    numbers: Numbers,
    /// The folder in which builds find this program, once one asked.
    shim: OnceLock<Option<PathBuf>>,
    /// Commits whose artifact is at hand, or is being made.
    known: Mutex<HashMap<source::Key, Known>>,
    /// Who is told to stop.
    running: Mutex<HashMap<String, watch::Sender<bool>>>,
    waiter: Option<builds::Waiter>,
}

/// One start of an action.
struct Job {
    run: ActionRun,
    /// Becomes true when it is to end.
    stop: watch::Receiver<bool>,
}

type Ended = Result<ActionOutcome, Report>;
type Handler = fn(Arc<Shared>, Job) -> Later<Ended>;

/// Who carries out what. Rules of stage conditions come by the same names.
const PROVIDERS: &[(&str, Handler)] = &[
    ("CodeBuild", |shared, job| Box::pin(builds::codebuild(shared, job))),
    ("CodeCommit", |shared, job| Box::pin(source::code_commit(shared, job))),
    ("CodePipeline", |shared, job| Box::pin(invoke::start(shared, job))),
    ("CodeStarSourceConnection", |shared, job| Box::pin(source::connection(shared, job))),
    ("Commands", |shared, job| Box::pin(builds::commands(shared, job))),
    ("S3", |shared, job| Box::pin(s3::source(shared, job))),
    ("Trunkline", |shared, job| Box::pin(deploy::deploy(shared, job))),
    ("TrunklineExport", |shared, job| Box::pin(export::export(shared, job))),
];

impl Carrier {
    /// Makes one. Opens nothing yet.
    pub(crate) fn new(setting: Setting) -> Self {
        let key = setting.builds.key.clone();
        let artifacts = Arc::new(ArtifactFolder::new(setting.data.artifacts(), key));
        builds::scatter(&setting.data.work());
        let numbers = Numbers::new(setting.data.root().join("builds.json"));
        let waiter = builds::Waiter::new(&setting);
        let shared = Arc::new(Shared {
            waiter,
            setting,
            artifacts,
            numbers,
            shim: OnceLock::new(),
            known: Mutex::default(),
            running: Mutex::default(),
        });
        source::prepare(&shared);
        artifacts::keep_clearing(&shared);
        Self(shared)
    }
}

/// What carries out the actions of a hub: the one of `serve`, or of a command that works without a server.
pub(crate) fn of_hub(
    root: PathBuf,
    data: DataFolder,
    profile: Option<String>,
    builds: BuildSettings,
    mirrors: Arc<Mirrors>,
    stands_by: bool,
) -> impl FnOnce(&Weak<Hub>, &Arc<Store>) -> Arc<dyn Actions> {
    move |hub, store| {
        let known = hub.clone();
        let projects = move |name: &str| known.upgrade()?.definitions().projects.get(name).cloned();
        let told = hub.clone();
        let pushed = move |repository: &str| {
            if let Some(hub) = told.upgrade() {
                hub.pushed(repository);
            }
        };
        let aws = OnceLock::new();
        let connect = move || match aws.get() {
            Some(aws) => Ok(Aws::clone(aws)),
            None => connections(profile.clone()).map(|made| aws.get_or_init(|| made).clone()),
        };
        Arc::new(Carrier::new(Setting {
            root: std::path::absolute(&root).unwrap_or(root),
            data,
            store: store.clone(),
            mirrors,
            projects: Arc::new(projects),
            starter: Arc::new(hub.clone()),
            variables: crate::context::variables(),
            aws: Arc::new(connect),
            program: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("trunkline")),
            pushed: Arc::new(pushed),
            builds,
            stands_by,
        }))
    }
}

/// Connections to AWS with the server's own credentials.
fn connections(profile: Option<String>) -> Result<Aws, Report> {
    let settings = Settings::from_env(&crate::context::variable)
        .map_err(|error| Diagnostic::error("TL0106", error.to_string()).report())?;
    let profile = profile.or(settings.profile.clone());
    let settings = Settings { profile, ..settings };
    Aws::new(settings, Arc::new(Buckets::default())).map_err(|e| call_failed(&e))
}

/// Takes an action out of those that run, however it ends.
struct Running {
    shared: Arc<Shared>,
    id: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl Actions for Carrier {
    fn start(&self, run: ActionRun) -> Later<ActionOutcome> {
        let shared = self.0.clone();
        let provider = run.type_id.provider.as_str();
        let Some((_, handler)) = PROVIDERS.iter().find(|(name, _)| *name == provider) else {
            let message = format!("`{provider}` is not carried out here");
            let failed = ActionOutcome::failed(FailureKind::ConfigurationError, "TL0813", message);
            return Box::pin(std::future::ready(failed));
        };
        // From now on it can be told to stop, whenever the future is polled first.
        let id = run.action_execution.clone();
        let (sender, stop) = watch::channel(false);
        let all = shared.running.lock();
        all.unwrap_or_else(PoisonError::into_inner).insert(id.clone(), sender);
        let running = Running { shared: shared.clone(), id: id.clone() };
        Box::pin(async move {
            let ended = handler(shared.clone(), Job { run, stop }).await;
            drop(running);
            ended.unwrap_or_else(|report| shared.failed(&id, &report))
        })
    }

    fn stop(&self, action_execution: &str, _abandon: bool) {
        let running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stop) = running.get(action_execution) {
            stop.send_replace(true);
        }
    }

    fn ask(&self, run: ActionRun) -> Later<()> {
        // Whoever listens to events is told by them; here it only stands in the action's log.
        let shared = self.0.clone();
        Box::pin(async move { shared.ask(&run) })
    }
}

impl Shared {
    /// What a report makes of an action, and of its log.
    fn failed(&self, action_execution: &str, report: &Report) -> ActionOutcome {
        let text = report.0.iter().map(|d| {
            let notes = d.notes.iter().map(|note| format!("  {note}"));
            let help = d.help.iter().map(|help| format!("  help: {help}"));
            let place = d.place.file.as_ref().map(|file| {
                let line = d.place.line.map(|line| format!(":{line}")).unwrap_or_default();
                let column = d.place.column.map(|column| format!(":{column}")).unwrap_or_default();
                format!("  at {file}{line}{column}")
            });
            let head = format!("error[{}]: {}", d.code, d.message);
            std::iter::once(head).chain(place).chain(notes).chain(help).collect::<Vec<_>>()
        });
        self.say(action_execution, text.flatten());
        let Some(first) = report.0.first() else {
            return ActionOutcome::failed(FailureKind::JobFailed, "TL0902", "it failed");
        };
        let kind = match (first.code.as_str(), code_info(&first.code).map(|info| info.exit)) {
            ("TL0718", _) => FailureKind::RevisionUnavailable,
            ("TL0606" | "TL0208", _) => FailureKind::SystemUnavailable,
            ("TL0604", _) | (_, Some(ExitKind::Credentials)) => FailureKind::PermissionError,
            (_, Some(ExitKind::Usage)) => FailureKind::ConfigurationError,
            _ => FailureKind::JobFailed,
        };
        let place = match (&first.place.file, first.place.line) {
            (Some(file), Some(line)) => format!(" ({file}, line {line})"),
            _ => String::new(),
        };
        // In one sentence, as it stands in lists: what was meant belongs to it, other advice to the log.
        let meant = first.help.as_deref().filter(|help| help.starts_with("did you mean"));
        let meant = meant.map(|help| format!("; {help}")).unwrap_or_default();
        let message = format!("{}{place}{meant}", first.message);
        ActionOutcome {
            summary: Some(message.clone()),
            ..ActionOutcome::failed(kind, &first.code, message)
        }
    }

    /// Writes lines to an action's log. That this fails is no failure of the action.
    fn say(&self, action_execution: &str, lines: impl IntoIterator<Item = String>) {
        use trunkline_build::LogSink as _;
        let time = crate::clock::now();
        let line = |text: String| trunkline_build::LogLine { time, text };
        let lines: Vec<_> = lines.into_iter().map(line).collect();
        if let Ok(log) = self.log(action_execution) {
            let _ = log.lines(&lines);
        }
    }

    /// The log of an action.
    fn log(&self, action_execution: &str) -> Result<trunkline_build::FileLog, Report> {
        let path = self.setting.data.log(action_execution).ok_or_else(|| {
            Diagnostic::error("TL0902", format!("`{action_execution}` is no id")).report()
        })?;
        trunkline_build::FileLog::open(&path)
            .map_err(|error| crate::files::failed(&path.display().to_string(), &error))
    }

    fn ask(&self, run: &ActionRun) {
        let setting = |name: &str| run.configuration.get(name).filter(|value| !value.is_empty());
        let mut lines = vec![format!("waits for somebody to approve `{}`", run.action)];
        lines.extend(setting("CustomData").map(|text| format!("  {text}")));
        lines.extend(setting("ExternalEntityLink").map(|link| format!("  to look at: {link}")));
        self.say(&run.action_execution, lines);
    }
}

impl Job {
    /// Waits for work that may never end, until the action is told to stop. TL0718.
    async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = Result<T, Report>>,
    ) -> Result<T, Report> {
        let mut stop = self.stop.clone();
        tokio::select! {
            done = work => done,
            _ = stop.wait_for(|stop| *stop) => {
                let message = format!("the action `{}` was told to stop", self.run.action);
                Err(Diagnostic::error("TL0718", message).report())
            }
        }
    }

    /// A setting of the action; an empty text counts as absent.
    fn setting(&self, name: &str) -> Option<&str> {
        self.run.configuration.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A setting that must be there. TL0718.
    fn required(&self, name: &str) -> Result<&str, Report> {
        self.setting(name).ok_or_else(|| {
            let message = format!("the action `{}` has no `{name}`", self.run.action);
            Diagnostic::error("TL0114", message).help("add it to its configuration").report()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    struct NoStarter;

    impl Starter for NoStarter {
        fn start(&self, _: invoke::Start) -> Later<Result<String, Report>> {
            Box::pin(async { Ok(String::new()) })
        }
    }

    pub(super) fn carrier(folder: &std::path::Path) -> Carrier {
        let data = DataFolder::of(folder, None);
        let (_lock, store) = data.take("test").expect("it is free");
        let limits = crate::triggers::ServerSettings::default().git.limits();
        let config = folder.join(crate::context::CONFIG);
        Carrier::new(Setting {
            root: folder.to_path_buf(),
            mirrors: Mirrors::new(data.root(), &config, limits),
            data,
            store: Arc::new(store),
            projects: Arc::new(|_| None),
            starter: Arc::new(NoStarter),
            variables: crate::context::variables(),
            aws: Arc::new(|| connections(None)),
            program: PathBuf::from("trunkline"),
            builds: BuildSettings::default(),
            pushed: Arc::new(|_| {}),
            stands_by: false,
        })
    }

    #[tokio::test]
    async fn an_action_that_is_told_to_stop_before_it_begins_does_not_go_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let carrier = carrier(folder.path());
        let marker = folder.path().join("marker");
        let run = json!({
            "pipeline": "main", "version": 1, "execution": "e", "stage": "Build", "action": "Wait",
            "actionExecution": "a-1", "attempt": 1, "recovered": false,
            "typeId": { "category": "Compute", "owner": "AWS", "provider": "Commands", "version": "1" },
            "configuration": {}, "commands": [format!("touch {}", marker.display()), "sleep 600"],
            "environment": [], "inputs": [], "outputs": [], "outputVariables": [], "sourceRevisions": [],
            "trigger": { "kind": "StartPipelineExecution" }, "deadline": i64::MAX,
        });
        let action = carrier.start(serde_json::from_value(run).expect("a run"));
        carrier.stop("a-1", true);
        let limit = Duration::from_secs(60);
        let ended = tokio::time::timeout(limit, action).await.expect("it is told");
        assert!(!ended.succeeded(), "{ended:?}");
        assert!(!marker.exists(), "{ended:?}");
        assert!(carrier.0.running.lock().expect("nobody panicked").is_empty());
    }
}
