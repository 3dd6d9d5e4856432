//! Looking at a repository: what moved since it was looked at last, and what that starts.
//!
//! Two things are remembered, in the table of heads. Of a repository (under the pipeline [`EVERY`]): each reference as
//! it was seen last; the difference to now are the pushes. Of a pipeline: what it was started with. A start is
//! recorded before the reference counts as seen, and carries a token made of what was seen, so that a crash between
//! the two neither loses nor repeats it. That is also why what was seen need not wait for the disk: where it is lost,
//! the next look finds the same pushes, and the same tokens. A start that was refused because too much is under way
//! waits in the table of what is pending, for the next look.

use super::Starter;
use super::decide::{self, Source};
use super::settings::ServerSettings;
use crate::mirrors::{Mirrors, Place, Unavailable, View, Want};
use crate::pipelines::definitions::Defined;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use trunkline_engine::Command;
use trunkline_engine::event::{RevisionOverride, TriggerKind, TriggerRef};
use trunkline_model::pipeline::Pipeline;
use trunkline_model::{Diagnostic, Report};
use trunkline_store::{Changes, Head, Pending, Store};

/// Stands for all pipelines in the table of heads.
const EVERY: &str = "*";
/// The reference under which it is remembered that a repository was looked at.
const SEEN: &str = "*";
/// The revision of what has none.
const NONE: &str = "-";
/// Why a start is made that an earlier look could not make.
const AGAIN: &str = "it could not be started before";
/// Starts among what is pending.
const STARTS: &str = "start";

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
    /// Why what should have been started is not: for people to mend.
    pub(crate) refused: Vec<Diagnostic>,
}

impl Found {
    /// Adds how a start ended; false where it may work later.
    pub(super) fn take(&mut self, pipeline: &str, started: Result<String, Report>) -> bool {
        match started {
            Ok(execution) => {
                self.started.push((pipeline.to_owned(), execution));
                true
            }
            Err(report) if is_final(&report) => {
                self.refused.extend(report.0.into_iter().map(|found| Diagnostic {
                    message: format!("{pipeline} is not started: {}", found.message),
                    ..found
                }));
                true
            }
            Err(report) => {
                self.notes.push(format!("{pipeline}: {report}"));
                false
            }
        }
    }
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
    /// What it pointed to when it was seen last; nothing where it is new.
    before: Option<String>,
    /// When that was, in milliseconds: what tells this push from an older one of the same.
    seen: i64,
    after: String,
}

/// Starts pipelines when their repositories change.
pub(crate) struct Triggers {
    pub(super) mirrors: Arc<Mirrors>,
    pub(super) forks: Vec<String>,
    hosted: BTreeSet<String>,
    pub(super) starter: Arc<dyn Starter>,
    pub(super) store: Arc<Store>,
    pub(super) now: fn() -> Timestamp,
    /// One look at a repository at a time.
    busy: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Triggers {
    /// Makes one; nothing is looked at yet.
    pub(crate) fn new(
        mirrors: Arc<Mirrors>,
        settings: &ServerSettings,
        starter: Arc<dyn Starter>,
        store: Arc<Store>,
        now: fn() -> Timestamp,
    ) -> Self {
        let hosted = settings.repositories.iter().cloned().collect();
        let forks = settings.forks.clone();
        Self { mirrors, forks, hosted, starter, store, now, busy: Mutex::default() }
    }

    /// The repositories that are hosted: those of the settings, and those that CodeCommit sources name and that lie
    /// nowhere else.
    pub(crate) fn hosted(&self) -> BTreeSet<String> {
        let mut names = self.hosted.clone();
        for Defined { pipeline, .. } in self.starter.definitions().pipelines.values() {
            let sources = pipeline.actions().filter(|a| a.action_type_id.provider == "CodeCommit");
            names.extend(sources.filter_map(decide::repository).map(str::to_owned));
        }
        names.retain(|name| matches!(self.place(name), Some(Place::Hosted(_))));
        names
    }

    /// Where a repository is; None where nobody says.
    pub(super) fn place(&self, name: &str) -> Option<Place> {
        let definitions = self.starter.definitions();
        let all = definitions.pipelines.values().flat_map(|defined| defined.pipeline.actions());
        let readers = all.filter(|action| decide::repository(action) == Some(name));
        let connections = readers.filter_map(|a| a.configuration.get("ConnectionArn"));
        self.mirrors.place(name, connections.map(String::as_str))
    }

    /// All repositories that are looked at: the hosted ones, and those elsewhere that a pipeline follows.
    pub(crate) fn repositories(&self) -> BTreeSet<String> {
        let mut names = self.hosted();
        for Defined { pipeline, .. } in self.starter.definitions().pipelines.values() {
            let read = pipeline.actions().filter_map(decide::repository);
            let followed =
                |name: &&str| decide::sources(pipeline, name).iter().any(Source::follows);
            let read = read.filter(followed).filter(|name| self.place(name).is_some());
            names.extend(read.map(str::to_owned));
        }
        names
    }

    /// The folder of hosted repositories.
    pub(crate) fn hosted_root(&self) -> PathBuf {
        self.mirrors.hosted_root()
    }

    /// Makes a hosted repository where it is not there. A push to a new one counts.
    pub(crate) async fn ensure_hosted(&self, name: &str) -> Result<(), Report> {
        let Some(Place::Hosted(folder)) = self.place(name) else { return Ok(()) };
        if folder.join("HEAD").is_file() {
            return Ok(());
        }
        let lock = self.lock(name);
        let _held = lock.lock().await;
        self.make_hosted(name, &folder).await
    }

    async fn make_hosted(&self, name: &str, folder: &Path) -> Result<(), Report> {
        if self.mirrors.host(folder).await.map_err(|why| broken(name, &why))? {
            self.remember(EVERY, name, SEEN, NONE)?;
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
        let place = self.place(name).ok_or_else(|| nowhere(name))?;
        if let Place::Hosted(folder) = &place {
            self.make_hosted(name, folder).await?;
        }
        let view = self.mirrors.open(&place, Want::Moved(told)).await;
        let view = view.map_err(|found| unfetched(name, &found))?;
        let refs = view.refs().await.map_err(|why| broken(name, &why))?;
        let heads = self.store.heads_of(name).map_err(|error| self.unreadable(&error))?;
        let context =
            Context { name, cause, place: &place, view: &view, refs: &refs, heads: &heads };
        self.compare(&context, told).await
    }

    /// Packs the mirror of a repository where it is time. TL0895.
    pub(crate) async fn pack(&self, name: &str) -> Result<(), Report> {
        let Some(place) = self.place(name) else { return Ok(()) };
        self.mirrors.pack(&place).await.map_err(|why| broken(name, &why))
    }

    async fn compare(
        &self,
        context: &Context<'_>,
        told: &[(String, Option<String>)],
    ) -> Result<Found, Report> {
        let (name, refs) = (context.name, context.refs);
        let every = context.heads.iter().filter(|head| head.pipeline == EVERY);
        let seen: BTreeMap<&str, &Head> = every.map(|h| (h.reference.as_str(), h)).collect();
        let first = seen.is_empty();
        let mut changes = Changes::default();
        let mut pushes = Vec::new();
        for (reference, after) in refs {
            match seen.get(reference.as_str()) {
                Some(head) if head.revision == *after => {}
                // What was there before the server first looked is no push, unless somebody says that it is.
                _ if first && !told.iter().any(|(name, _)| name == reference) => {
                    changes.heads.push(self.head(EVERY, name, reference, after));
                }
                before => pushes.push(Push {
                    reference: reference.clone(),
                    before: before.map(|head| head.revision.clone()),
                    seen: before.or(seen.get(SEEN)).map_or(0, |head| head.at.as_millisecond()),
                    after: after.clone(),
                }),
            }
        }
        let gone = seen.keys().filter(|name| **name != SEEN && !refs.contains_key(**name));
        changes.gone = gone.map(|reference| (name.to_owned(), (*reference).to_owned())).collect();
        if first || !changes.gone.is_empty() {
            // Branches that are made again are new pushes, to the same commit too.
            let now = (self.now)().as_millisecond().to_string();
            changes.heads.push(self.head(EVERY, name, SEEN, &now));
        }
        let mut found = Found::default();
        for push in &pushes {
            self.follow(context, push, &mut found, &mut changes).await?;
            changes.heads.push(self.head(EVERY, name, &push.reference, &push.after));
        }
        self.begin(context, &pushes, &mut found, &mut changes).await?;
        self.again(context, &mut found, &mut changes).await?;
        if !changes.is_empty() {
            // What the first look finds starts nothing: if it were forgotten, neither would what came after it.
            let recorded =
                if first { self.store.record(&changes) } else { self.store.record_soon(&changes) };
            recorded.map_err(|error| self.unreadable(&error))?;
        }
        Ok(found)
    }

    /// Starts what follows a push.
    async fn follow(
        &self,
        context: &Context<'_>,
        push: &Push,
        found: &mut Found,
        changes: &mut Changes,
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
                    let why = &decision.why;
                    self.start(context, pipeline, &source, push, why, found, changes).await;
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
        changes: &mut Changes,
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
                let push = Push { reference, before: None, seen: 0, after: after.clone() };
                let why = "it has not been started from this branch before";
                self.start(context, pipeline, &source, &push, why, found, changes).await;
            }
        }
        Ok(())
    }

    /// Starts what could not be started by an earlier look, from what the branch is at now.
    async fn again(
        &self,
        context: &Context<'_>,
        found: &mut Found,
        changes: &mut Changes,
    ) -> Result<(), Report> {
        let pending = self.store.pending(STARTS).map_err(|error| self.unreadable(&error))?;
        let off = self.starter.switched_off();
        for pending in pending {
            let mut parts = pending.key.splitn(3, '\n');
            let (Some(pipeline), Some(name), Some(reference)) =
                (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let decided = changes.done.iter().any(|(_, key)| *key == pending.key)
                || changes.pending.iter().any(|now| now.key == pending.key);
            if name != context.name || decided {
                continue;
            }
            let definitions = self.starter.definitions();
            let defined = definitions.pipelines.get(pipeline);
            let sources = defined.map(|d| decide::sources(&d.pipeline, name)).unwrap_or_default();
            let source = sources.into_iter().find(|source| source.push(reference, None).start);
            let (Some(defined), Some(source), Some(after)) =
                (defined, source, context.refs.get(reference))
            else {
                changes.done.push((STARTS.to_owned(), pending.key.clone()));
                continue;
            };
            if let Some(why) = decide::switched_off(&defined.pipeline, &off) {
                found.note(pipeline, reference, &why);
                changes.done.push((STARTS.to_owned(), pending.key.clone()));
                continue;
            }
            let push = Push {
                reference: reference.to_owned(),
                before: Some(pending.body.clone()),
                seen: pending.at.as_millisecond(),
                after: after.clone(),
            };
            self.start(context, &defined.pipeline, &source, &push, AGAIN, found, changes).await;
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    async fn start(
        &self,
        context: &Context<'_>,
        pipeline: &Pipeline,
        source: &Source<'_>,
        push: &Push,
        why: &str,
        found: &mut Found,
        changes: &mut Changes,
    ) {
        // A tag stands for its commit.
        let commit = if push.reference.starts_with("refs/tags/") {
            context.view.resolve(&push.after).await.unwrap_or_else(|| push.after.clone())
        } else {
            push.after.clone()
        };
        let kind = match (context.cause, source.connection) {
            (Cause::Poll, _) => TriggerKind::PollForSourceChanges,
            (_, true) => TriggerKind::WebhookV2,
            (_, false) => TriggerKind::CloudWatchEvent,
        };
        let before = push.before.as_deref().map_or("new", short);
        let mut detail =
            format!("{} {} {before}..{}", context.name, push.reference, short(&push.after));
        if !why.is_empty() {
            detail.push_str(": ");
            detail.push_str(why);
        }
        let token = [context.name, &push.reference, &push.after, &push.seen.to_string()].join("\n");
        let trigger = TriggerRef { kind, detail };
        let (name, action) = (&pipeline.name, source.action);
        source.prepare(&self.mirrors, context.place, &commit);
        let key = [name, context.name, &push.reference].join("\n");
        if self.begin_execution(name, action, &commit, trigger, &token, found).await {
            changes.heads.push(self.head(name, context.name, &push.reference, &push.after));
            changes.done.push((STARTS.to_owned(), key));
        } else if why != AGAIN {
            let (kind, body) = (STARTS.to_owned(), push.before.clone().unwrap_or_default());
            let at = Timestamp::from_millisecond(push.seen).unwrap_or_default();
            changes.pending.push(Pending { kind, key, body, at });
        }
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
        let revisions = vec![RevisionOverride {
            action_name: action.to_owned(),
            revision_type: "COMMIT_ID".to_owned(),
            revision_value: commit.to_owned(),
        }];
        let started = self.start_once(pipeline, trigger, BTreeMap::new(), revisions, token).await;
        found.take(pipeline, started)
    }

    /// Starts an execution, once however often that is asked with this token.
    pub(super) async fn start_once(
        &self,
        pipeline: &str,
        trigger: TriggerRef,
        variables: BTreeMap<String, String>,
        source_revisions: Vec<RevisionOverride>,
        token: &str,
    ) -> Result<String, Report> {
        let token = Some(trunkline_center::state::version_of(token.as_bytes()));
        let command =
            Command::Start { trigger, variables, source_revisions, client_request_token: token };
        self.starter.start(pipeline, command).await
    }

    pub(super) fn remember(
        &self,
        pipeline: &str,
        repository: &str,
        reference: &str,
        revision: &str,
    ) -> Result<(), Report> {
        let head = self.head(pipeline, repository, reference, revision);
        self.store.set_head(&head).map(drop).map_err(|error| self.unreadable(&error))
    }

    pub(super) fn head(
        &self,
        pipeline: &str,
        repository: &str,
        reference: &str,
        revision: &str,
    ) -> Head {
        Head {
            pipeline: pipeline.to_owned(),
            repository: repository.to_owned(),
            reference: reference.to_owned(),
            revision: revision.to_owned(),
            at: (self.now)(),
        }
    }

    pub(super) fn unreadable(&self, error: &trunkline_store::Error) -> Report {
        error.diagnostic(self.store.path()).report()
    }

    /// Whether somebody looks at a repository now.
    pub(crate) fn is_looked_at(&self, name: &str) -> bool {
        self.lock(name).try_lock().is_err()
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
    place: &'a Place,
    view: &'a View,
    refs: &'a BTreeMap<String, String>,
    heads: &'a [Head],
}

impl Context<'_> {
    /// The files that a push changed. A new branch counts from where it left the default branch, a forced push from
    /// what was there before where that is still known.
    async fn changed(&self, push: &Push) -> Changed {
        let git = self.view;
        if let Some(before) = push.before.as_deref().filter(|before| *before != NONE)
            && let Ok(files) = git.diff(before, &push.after).await
        {
            return Changed::Files(files);
        }
        let files = match self.fork(push).await {
            Some(base) => git.diff(&base, &push.after).await,
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
        let main = self.view.default_branch(self.refs)?;
        if main == push.reference {
            return None;
        }
        self.view.base(self.refs.get(&main)?, &push.after).await.ok().flatten()
    }
}

impl Found {
    fn note(&mut self, pipeline: &str, reference: &str, why: &str) {
        self.notes.push(format!("{pipeline} is not started by {reference}: {why}"));
    }
}

/// Whether a start was refused and would be refused again. What failed, or found too many executions
/// under way, may work later.
pub(super) fn is_final(report: &Report) -> bool {
    use trunkline_model::ExitKind::{Usage, Verdict};
    report.0.iter().any(|d| {
        let exit = trunkline_model::code_info(&d.code).map(|info| info.exit);
        exit.is_some_and(|exit| exit == Usage || exit == Verdict) || d.code == "TL0887"
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

/// TL0894.
pub(super) fn unfetched(name: &str, found: &Unavailable) -> Report {
    let Unavailable { shown, why } = found;
    Diagnostic::error("TL0894", format!("`{name}` cannot be fetched from {shown}"))
        .because(why.clone())
        .help(format!("try `git ls-remote {shown}` as the user of the server"))
        .report()
}

fn nowhere(name: &str) -> Report {
    Diagnostic::error("TL0895", format!("nobody says where the repository `{name}` is"))
        .help(format!("write it into trunkline.yaml: `repositories: {{ {name}: URL }}`"))
        .report()
}
