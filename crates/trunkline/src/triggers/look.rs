//! Looking at a repository: what moved since it was looked at last, and what that starts.
//!
//! Two things are remembered, in the table of heads. Of a repository (under the pipeline [`EVERY`]): each reference as
//! it was seen last; the difference to now are the pushes. Of a pipeline: what it was started with. A start is
//! recorded before the reference counts as seen, and carries a token made of what was seen, so that a crash between
//! the two neither loses nor repeats it.

use super::decide::{self, Source};
use super::places::{Remote, Remotes};
use super::repository::{Repository, is_there};
use super::settings::ServerSettings;
use super::{Places, Starter};
use crate::pipelines::definitions::Defined;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use trunkline_engine::Command;
use trunkline_engine::event::{RevisionOverride, TriggerKind, TriggerRef};
use trunkline_model::pipeline::Pipeline;
use trunkline_model::{Diagnostic, Report};
use trunkline_store::{Head, Store};

/// Stands for all pipelines in the table of heads.
const EVERY: &str = "*";
/// The reference under which it is remembered that a repository was looked at.
const SEEN: &str = "*";
/// The revision of a reference that is gone.
const GONE: &str = "-";

/// Why a repository is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Somebody pushed to it, here.
    Push,
    /// Its provider told of a push.
    Webhook,
    /// It was time, or the server began.
    Poll,
}

/// What a look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// What was started: pipeline and execution.
    pub(crate) started: Vec<(String, String)>,
    /// Why something was not started.
    pub(crate) notes: Vec<String>,
}

/// The files that a push changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    /// These.
    Files(Vec<String>),
    /// It could not be found out; why.
    Unknown(String),
}

/// A reference that moved.
#[derive(Clone, Debug)]
struct Push {
    reference: String,
    /// As it was seen last; nothing where it is new.
    before: Option<Head>,
    after: String,
}

/// Starts pipelines when their repositories change.
pub(crate) struct Triggers {
    pub(super) places: Places,
    remotes: Remotes,
    pub(super) forks: Vec<String>,
    hosted: BTreeSet<String>,
    pub(super) starter: Arc<dyn Starter>,
    pub(super) store: Arc<Store>,
    pub(super) now: fn() -> Timestamp,
    /// One look at a repository at a time.
    busy: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Triggers {
    /// `remotes` are the repositories that lie elsewhere, by the name that definitions use.
    pub(crate) fn new(
        places: Places,
        remotes: Remotes,
        settings: &ServerSettings,
        starter: Arc<dyn Starter>,
        store: Arc<Store>,
        now: fn() -> Timestamp,
    ) -> Self {
        let hosted = settings.repositories.iter().cloned().collect();
        let forks = settings.forks.clone();
        Self { places, remotes, forks, hosted, starter, store, now, busy: Mutex::default() }
    }

    /// The repositories that are hosted: those of the settings, and those that CodeCommit sources name and that lie
    /// nowhere else.
    pub(crate) fn hosted(&self) -> BTreeSet<String> {
        let mut names = self.hosted.clone();
        for Defined { pipeline, .. } in self.starter.definitions().pipelines.values() {
            let actions = pipeline.stages.iter().flat_map(|stage| &stage.actions);
            let sources = actions.filter(|a| a.action_type_id.provider == "CodeCommit");
            names.extend(sources.filter_map(decide::repository).map(str::to_owned));
        }
        names.retain(|name| trunkline_web::valid_name(name) && self.remote(name).is_none());
        names
    }

    /// Where a repository is that is not hosted here.
    pub(super) fn remote(&self, name: &str) -> Option<Remote> {
        let definitions = self.starter.definitions();
        let pipelines = definitions.pipelines.values();
        let stages = pipelines.flat_map(|defined| &defined.pipeline.stages);
        let readers = stages.flat_map(|stage| &stage.actions);
        let readers = readers.filter(|action| decide::repository(action) == Some(name));
        let connections = readers.filter_map(|a| a.configuration.get("ConnectionArn"));
        self.remotes.find(name, connections.map(String::as_str))
    }

    /// All repositories that are looked at: the hosted ones, and those elsewhere that a pipeline reads.
    pub(crate) fn repositories(&self) -> BTreeSet<String> {
        let mut names = self.hosted();
        for Defined { pipeline, .. } in self.starter.definitions().pipelines.values() {
            let actions = pipeline.stages.iter().flat_map(|stage| &stage.actions);
            let read = actions.filter_map(decide::repository).map(str::to_owned);
            names.extend(read.filter(|name| self.remote(name).is_some()));
        }
        names
    }

    /// Makes a hosted repository where it is not there. A push to a new one counts.
    pub(crate) async fn ensure_hosted(&self, name: &str) -> Result<(), Report> {
        if is_there(&self.places.hosted(name)) {
            return Ok(());
        }
        let lock = self.lock(name);
        let _held = lock.lock().await;
        self.make_hosted(name).await
    }

    async fn make_hosted(&self, name: &str) -> Result<(), Report> {
        let folder = self.places.hosted(name);
        if is_there(&folder) {
            return Ok(());
        }
        let made = Repository::new(folder).ensure().await.map_err(|why| broken(name, &why))?;
        if made {
            self.remember(EVERY, name, SEEN, GONE)?;
        }
        Ok(())
    }

    /// Looks at a repository. For a webhook, `told` are references with what they now point to: where a mirror has
    /// them already, nothing is fetched.
    pub(crate) async fn look(
        &self,
        name: &str,
        cause: Cause,
        told: &[(String, Option<String>)],
    ) -> Result<Found, Report> {
        let lock = self.lock(name);
        let _held = lock.lock().await;
        let repository = match self.remote(name) {
            None => {
                self.make_hosted(name).await?;
                Repository::new(self.places.hosted(name))
            }
            Some(Remote::Here(folder)) => Repository::new(folder),
            Some(Remote::There(url)) => {
                let mirror = Repository::new(self.places.mirror(&url));
                if !up_to_date(&mirror, told).await {
                    mirror.fetch(name, &url).await?;
                }
                mirror
            }
        };
        let refs = repository.refs().await.map_err(|why| broken(name, &why))?;
        self.compare(name, cause, &repository, &refs, told).await
    }

    async fn compare(
        &self,
        name: &str,
        cause: Cause,
        repository: &Repository,
        refs: &BTreeMap<String, String>,
        told: &[(String, Option<String>)],
    ) -> Result<Found, Report> {
        let heads = self.store.heads().map_err(|error| self.unreadable(&error))?;
        let heads: Vec<Head> = heads.into_iter().filter(|head| head.repository == name).collect();
        let seen: BTreeMap<&str, &Head> = heads
            .iter()
            .filter(|h| h.pipeline == EVERY)
            .map(|h| (h.reference.as_str(), h))
            .collect();
        let first = seen.is_empty();
        let mut pushes = Vec::new();
        let mut quiet: Vec<(&str, &str)> = Vec::new();
        for (reference, after) in refs {
            match seen.get(reference.as_str()) {
                Some(head) if head.revision == *after => {}
                // What was there before the server first looked is no push, unless somebody says that it is.
                _ if first && !told.iter().any(|(name, _)| name == reference) => {
                    quiet.push((reference, after))
                }
                before => pushes.push(Push {
                    reference: reference.clone(),
                    before: before.map(|head| (*head).clone()),
                    after: after.clone(),
                }),
            }
        }
        for (reference, head) in &seen {
            if *reference != SEEN && head.revision != GONE && !refs.contains_key(*reference) {
                quiet.push((reference, GONE));
            }
        }
        let mut found = Found::default();
        let context = Context { name, cause, repository, refs, heads: &heads };
        for push in &pushes {
            self.follow(&context, push, &mut found).await?;
        }
        self.begin(&context, &pushes, &mut found).await?;
        for push in &pushes {
            self.remember(EVERY, name, &push.reference, &push.after)?;
        }
        for (reference, revision) in quiet {
            self.remember(EVERY, name, reference, revision)?;
        }
        if first {
            self.remember(EVERY, name, SEEN, GONE)?;
        }
        Ok(found)
    }

    /// Starts what follows a push.
    async fn follow(
        &self,
        context: &Context<'_>,
        push: &Push,
        found: &mut Found,
    ) -> Result<(), Report> {
        let off = self.starter.switched_off();
        let mut changed = None;
        for Defined { pipeline, .. } in self.starter.definitions().pipelines.values() {
            for source in decide::sources(pipeline, context.name) {
                let mut decision = source.push(&push.reference, None);
                if decision.start
                    && let Some(why) = decide::switched_off(pipeline, &off)
                {
                    found.note(&pipeline.name, &push.reference, &why);
                    break;
                }
                if decision.start && source.asks_for_files() {
                    if changed.is_none() {
                        changed = Some(context.changed(push).await);
                    }
                    match changed.clone() {
                        Some(Changed::Files(files)) => {
                            decision = source.push(&push.reference, Some(files));
                        }
                        // Better once too often than never.
                        Some(Changed::Unknown(why)) => {
                            decision.why = format!("{}: {why}", decision.why)
                        }
                        None => {}
                    }
                }
                if decision.start {
                    self.start(context, pipeline, &source, push, &decision.why, found).await?;
                    break;
                }
                found.note(&pipeline.name, &push.reference, &decision.why);
            }
        }
        Ok(())
    }

    /// Starts pipelines that were never started from a branch that is there: a definition came later than the push.
    async fn begin(
        &self,
        context: &Context<'_>,
        pushes: &[Push],
        found: &mut Found,
    ) -> Result<(), Report> {
        let off = self.starter.switched_off();
        for Defined { pipeline, .. } in self.starter.definitions().pipelines.values() {
            for source in decide::sources(pipeline, context.name) {
                let reference = format!("refs/heads/{}", source.branch);
                let Some(after) = context.refs.get(&reference) else { continue };
                let known = context
                    .heads
                    .iter()
                    .any(|h| h.pipeline == pipeline.name && h.reference == reference);
                let pushed = pushes.iter().any(|push| push.reference == reference);
                // Filters of files wait for a push; without them, the branch itself is what is followed.
                let follows = !source.asks_for_files() && source.push(&reference, None).start;
                if known || pushed || !follows || decide::switched_off(pipeline, &off).is_some() {
                    continue;
                }
                let push = Push { reference, before: None, after: after.clone() };
                let why = "it has not been started from this branch before";
                self.start(context, pipeline, &source, &push, why, found).await?;
            }
        }
        Ok(())
    }

    async fn start(
        &self,
        context: &Context<'_>,
        pipeline: &Pipeline,
        source: &Source<'_>,
        push: &Push,
        why: &str,
        found: &mut Found,
    ) -> Result<(), Report> {
        // A tag stands for its commit.
        let commit = if push.reference.starts_with("refs/tags/") {
            context.repository.commit(&push.after).await.unwrap_or_else(|| push.after.clone())
        } else {
            push.after.clone()
        };
        let kind = match (context.cause, source.connection) {
            (Cause::Poll, _) => TriggerKind::PollForSourceChanges,
            (_, true) => TriggerKind::WebhookV2,
            (_, false) => TriggerKind::CloudWatchEvent,
        };
        let before = push.before.as_ref().map_or("new", |head| short(&head.revision));
        let mut detail =
            format!("{} {} {before}..{}", context.name, push.reference, short(&push.after));
        if !why.is_empty() {
            detail.push_str(": ");
            detail.push_str(why);
        }
        let seen = push.before.as_ref().map_or(0, |head| head.at.as_millisecond());
        let token = [context.name, &push.reference, &push.after, &seen.to_string()].join("\n");
        let trigger = TriggerRef { kind, detail };
        let (name, action) = (&pipeline.name, source.action);
        if !self.begin_execution(name, action, &commit, trigger, &token, found).await {
            return Ok(());
        }
        self.remember(&pipeline.name, context.name, &push.reference, &push.after)
    }

    /// Starts an execution from a commit. What goes wrong is a note, so that the pipelines after this one are
    /// started; false where the next look shall try again.
    pub(super) async fn begin_execution(
        &self,
        pipeline: &str,
        action: &str,
        commit: &str,
        mut trigger: TriggerRef,
        token: &str,
        found: &mut Found,
    ) -> bool {
        trigger.detail = trigger.detail.chars().take(1024).collect();
        let command = Command::Start {
            trigger,
            variables: BTreeMap::new(),
            source_revisions: vec![RevisionOverride {
                action_name: action.to_owned(),
                revision_type: "COMMIT_ID".to_owned(),
                revision_value: commit.to_owned(),
            }],
            client_request_token: Some(trunkline_center::state::version_of(token.as_bytes())),
        };
        match self.starter.start(pipeline, command).await {
            Ok(execution) => {
                found.started.push((pipeline.to_owned(), execution));
                true
            }
            Err(report) => {
                found.notes.push(format!("{pipeline}: {report}"));
                is_final(&report)
            }
        }
    }

    pub(super) fn remember(
        &self,
        pipeline: &str,
        repository: &str,
        reference: &str,
        revision: &str,
    ) -> Result<(), Report> {
        let head = Head {
            pipeline: pipeline.to_owned(),
            repository: repository.to_owned(),
            reference: reference.to_owned(),
            revision: revision.to_owned(),
            at: (self.now)(),
        };
        self.store.set_head(&head).map(drop).map_err(|error| self.unreadable(&error))
    }

    pub(super) fn unreadable(&self, error: &trunkline_store::Error) -> Report {
        error.diagnostic(self.store.path()).report()
    }

    pub(super) fn lock(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(busy.entry(name.to_owned()).or_default())
    }
}

/// What one look knows.
struct Context<'a> {
    name: &'a str,
    cause: Cause,
    repository: &'a Repository,
    refs: &'a BTreeMap<String, String>,
    heads: &'a [Head],
}

impl Context<'_> {
    /// The files that a push changed. A new branch counts from where it left the default branch, a forced push from
    /// what was there before where that is still known.
    async fn changed(&self, push: &Push) -> Changed {
        let git = self.repository;
        let before = push.before.as_ref().map(|h| h.revision.as_str()).filter(|r| *r != GONE);
        let base = match before {
            Some(before) => match git.commit(before).await {
                Some(commit) => Some(commit),
                None => self.fork(push).await,
            },
            None => self.fork(push).await,
        };
        let files = match &base {
            Some(base) => git.diff(base, &push.after).await,
            // Nothing to compare with: everything is new.
            None => git.files(&push.after).await,
        };
        match files {
            Ok(files) => Changed::Files(files),
            Err(why) => Changed::Unknown(why),
        }
    }

    /// Where a branch left the default branch.
    async fn fork(&self, push: &Push) -> Option<String> {
        let main = self.repository.default_branch(self.refs).await?;
        if main == push.reference {
            return None;
        }
        self.repository.merge_base(self.refs.get(&main)?, &push.after).await
    }
}

impl Found {
    fn note(&mut self, pipeline: &str, reference: &str, why: &str) {
        self.notes.push(format!("{pipeline} is not started by {reference}: {why}"));
    }
}

/// Whether a mirror has what a webhook tells of.
async fn up_to_date(mirror: &Repository, told: &[(String, Option<String>)]) -> bool {
    if told.is_empty() {
        return false;
    }
    match mirror.refs().await {
        Ok(refs) => told.iter().all(|(reference, after)| refs.get(reference) == after.as_ref()),
        Err(_) => false,
    }
}

/// Whether a start was refused and would be refused again. What failed, or found too many executions
/// under way, may work later.
fn is_final(report: &Report) -> bool {
    use trunkline_engine::RefusalKind::ConcurrentPipelineExecutionsLimitExceeded as Limit;
    report.0.iter().any(|d| {
        let exit = trunkline_model::code_info(&d.code).map(|info| info.exit);
        let usage = trunkline_model::ExitKind::Usage;
        let verdict = trunkline_model::ExitKind::Verdict;
        let full = d.notes.iter().any(|note| note.contains(&Limit.wire()));
        exit.is_some_and(|e| e == usage || e == verdict) || d.code == "TL0887" && !full
    })
}

pub(super) fn short(revision: &str) -> &str {
    revision.get(..8).unwrap_or(revision)
}

fn broken(name: &str, why: &str) -> Report {
    Diagnostic::error("TL0895", format!("git cannot read the repository `{name}`"))
        .because(why)
        .report()
}
