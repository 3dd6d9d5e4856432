//! What the handlers of `web` and the triggers need, from this program's parts.

use super::tokens;
use crate::clock;
use crate::context::{App, Located};
use crate::mirrors::git_environment;
use crate::pipelines::definitions::Definitions;
use crate::pipelines::folder::DataFolder;
use crate::pipelines::hub::Hub;
use crate::printer::write_err;
use crate::render::printable;
use crate::triggers::{Cause, Found, ServerSettings, Starter, Triggers, pending_pull};
use crate::watched::Watched;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use trunkline_engine::{Answer as Done, Command};
use trunkline_model::{Diagnostic, Report};
use trunkline_store::{Delivery, Store};
use trunkline_web::events::Event;
use trunkline_web::{
    Access, Boxed, Delivered, Git, Hook, Hosted, Incoming, Provider, Receipt, Repositories, Tokens,
    Webhooks, hash,
};

/// Finds git's program for HTTP. TL0895: there is no git.
pub(super) fn git() -> Result<Git, Report> {
    let failed = |why: String| {
        Diagnostic::error("TL0895", format!("git cannot be used: {why}"))
            .help("install git, and see to it that `git --version` works")
            .report()
    };
    let output = std::process::Command::new("git").arg("--exec-path").output();
    let output = output.map_err(|error| failed(error.to_string()))?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let backend = folder.join("git-http-backend");
    if !backend.is_file() {
        return Err(failed(format!("{} is missing", backend.display())));
    }
    Ok(Git { backend, environment: git_environment().to_vec() })
}

/// How the server says what happens while it runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Talk {
    quiet: bool,
    verbose: bool,
}

impl Talk {
    pub(super) fn of(app: &App) -> Self {
        Self { quiet: app.printer.is_quiet(), verbose: app.printer.is_verbose() }
    }

    pub(super) fn line(self, text: &str) {
        if !self.quiet {
            write_err(&format!("{}\n", printable(text)));
        }
    }

    pub(super) fn problem(self, problem: &Diagnostic) {
        let file = problem.place.file.as_deref().map(|f| format!(" ({f})")).unwrap_or_default();
        let notes = problem.notes.first().map(|note| format!(": {note}")).unwrap_or_default();
        self.line(&format!("{}: {}{notes}{file}", problem.code, problem.message));
    }

    pub(super) fn report(self, report: &Report) {
        report.0.iter().for_each(|problem| self.problem(problem));
    }

    pub(super) fn looked(self, looked: Result<Found, Report>) {
        match looked {
            Err(report) => self.report(&report),
            Ok(found) => {
                for (pipeline, execution) in &found.started {
                    self.line(&format!("started {pipeline}, execution {execution}"));
                }
                found.refused.iter().for_each(|refused| self.problem(refused));
                for note in found.notes.iter().filter(|_| self.verbose) {
                    self.line(note);
                }
            }
        }
    }
}

/// Starts the pipelines of a hub.
pub(super) struct HubStarter {
    hub: Arc<Hub>,
    /// The environments that are switched off.
    off: Watched<Vec<String>>,
}

impl HubStarter {
    pub(super) fn new(hub: Arc<Hub>, located: &Located) -> Self {
        let root = std::path::absolute(&located.root).unwrap_or_else(|_| located.root.clone());
        let config = root.join(&located.project.file);
        let before = switched_off(&located.project);
        Self { hub, off: Watched::new(config, before, |project| switched_off(&project)) }
    }
}

fn switched_off(project: &trunkline_config::Project) -> Vec<String> {
    let off = project.environments.iter().filter(|environment| !environment.enabled);
    off.flat_map(|e| std::iter::once(e.name.clone()).chain(e.aliases.iter().cloned())).collect()
}

impl Starter for HubStarter {
    fn definitions(&self) -> Arc<Definitions> {
        self.hub.definitions()
    }

    fn start<'a>(
        &'a self,
        pipeline: &'a str,
        command: Command,
    ) -> Boxed<'a, Result<String, Report>> {
        Box::pin(async move {
            match self.hub.command(pipeline, command).await? {
                Done::Started { execution } => Ok(execution),
                other => {
                    let message = format!("a start was answered with {other:?}");
                    Err(Diagnostic::error("TL0902", message).report())
                }
            }
        })
    }

    fn switched_off(&self) -> Vec<String> {
        self.off.get()
    }
}

/// The hosted repositories.
pub(super) struct Hosting {
    triggers: Arc<Triggers>,
    data: PathBuf,
    /// The hash of the server's own token, which may push.
    own: String,
    tokens: Mutex<(Option<SystemTime>, Tokens)>,
    talk: Talk,
}

impl Hosting {
    pub(super) fn new(
        triggers: Arc<Triggers>,
        folder: &DataFolder,
        token: &str,
        app: &App,
    ) -> Self {
        Self {
            triggers,
            data: folder.root().to_owned(),
            own: hash(token),
            tokens: Mutex::default(),
            talk: Talk::of(app),
        }
    }
}

impl Repositories for Hosting {
    fn find<'a>(&'a self, name: &'a str) -> Boxed<'a, Result<Option<Hosted>, Report>> {
        Box::pin(async move {
            if !self.triggers.hosted().contains(name) {
                return Ok(None);
            }
            self.triggers.ensure_hosted(name).await?;
            let root = self.triggers.hosted_root();
            Ok(Some(Hosted { root, folder: format!("{name}.git") }))
        })
    }

    fn access(&self, token: &str) -> Option<Access> {
        // Both are hashes, so that the time it takes tells nothing of the token.
        if hash(token) == self.own {
            return Some(Access::Write);
        }
        let mut known = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = tokens::changed(&self.data);
        if changed != known.0 || changed.is_none() {
            match tokens::read(&self.data) {
                Ok(tokens) => *known = (changed, tokens),
                Err(report) => {
                    self.talk.report(&report);
                    *known = Default::default();
                }
            }
        }
        known.1.access(token)
    }

    fn pushed<'a>(&'a self, name: &'a str) -> Boxed<'a, ()> {
        Box::pin(async move {
            self.talk.looked(self.triggers.look(name, Cause::Push, &[]).await);
        })
    }
}

/// How webhooks are checked, by repository.
#[derive(Clone, Default)]
pub(super) struct Hooks(BTreeMap<String, (Provider, Hook)>);

impl Hooks {
    /// Reads the secrets. TL0893: one is not there.
    pub(super) fn of(settings: &ServerSettings) -> Result<Self, Report> {
        let mut hooks = BTreeMap::new();
        for (name, webhook) in &settings.webhooks {
            let Some(provider) = Provider::of(&webhook.provider) else { continue };
            let secrets = webhook.secrets.iter().map(|secret| secret.value());
            let secrets = secrets.collect::<Result<Vec<_>, _>>().map_err(|r| settings.placed(r))?;
            hooks.insert(name.clone(), (provider, Hook { secrets, unsigned: webhook.unsigned }));
        }
        Ok(Self(hooks))
    }
}

/// Deliveries of webhooks.
pub(super) struct Incomings {
    triggers: Arc<Triggers>,
    hub: Arc<Hub>,
    hooks: Hooks,
    talk: Talk,
}

impl Incomings {
    pub(super) fn new(triggers: Arc<Triggers>, hub: Arc<Hub>, hooks: Hooks, app: &App) -> Self {
        Self { triggers, hub, hooks, talk: Talk::of(app) }
    }

    fn store(&self) -> &Arc<Store> {
        self.hub.store()
    }

    fn failed(&self, error: &trunkline_store::Error) -> Report {
        error.diagnostic(self.store().path()).report()
    }
}

impl Webhooks for Incomings {
    fn hook(&self, provider: Provider, repository: &str) -> Option<Hook> {
        let (expected, hook) = self.hooks.0.get(repository)?;
        (*expected == provider).then(|| hook.clone())
    }

    fn known(&self, incoming: &Incoming) -> Result<Receipt, Report> {
        let known = self.store().delivery(incoming.provider.word(), &incoming.id, &incoming.body);
        match known.map_err(|error| self.failed(&error))? {
            Delivery::New => Ok(Receipt::New),
            Delivery::Replayed(_) => Ok(Receipt::Replayed),
            Delivery::Repeated(_) => Ok(Receipt::Repeated),
            Delivery::Forged(_) => Ok(Receipt::Forged),
        }
    }

    fn take(&self, incoming: Incoming, event: Event) -> Boxed<'_, Result<Delivered, Report>> {
        Box::pin(async move {
            let (name, provider) = (incoming.repository.as_str(), incoming.provider.word());
            let found = match event {
                Event::Push(moved) => {
                    let told: Vec<_> = moved.into_iter().map(|m| (m.reference, m.after)).collect();
                    let found = self.triggers.look(name, Cause::Webhook, &told).await;
                    if found.is_ok() {
                        // Afterwards: until then it may be sent again, and the heads say that it is the same.
                        let (id, body) = (&incoming.id, &incoming.body);
                        let kept = self.store().deliver(provider, id, body, clock::now());
                        kept.map_err(|error| self.failed(&error))?;
                    }
                    found
                }
                Event::PullRequest(pull) => {
                    // Nobody tells of it again: from now on it is done, whatever happens.
                    let (id, from) = (&incoming.id, incoming.provider);
                    let pending = pending_pull(name, from, id, &pull, clock::now());
                    let store = self.store();
                    let kept =
                        store.deliver_pending(provider, &incoming.id, &incoming.body, &pending);
                    match kept.map_err(|error| self.failed(&error))? {
                        Delivery::New => self.triggers.finish_pull(&pending).await,
                        _ => Ok(Found::default()),
                    }
                }
                Event::Ping | Event::Other(_) => Ok(Found::default()),
            };
            self.talk.looked(found.clone());
            found.map(|Found { started, mut notes, refused }| {
                notes.extend(refused.iter().map(ToString::to_string));
                Delivered { started, notes }
            })
        })
    }

    fn now(&self) -> Timestamp {
        clock::now()
    }
}
