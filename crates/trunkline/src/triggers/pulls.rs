//! Pull and merge requests. Only webhooks tell of them, so one that was taken is pending until what follows from it is
//! recorded; each poll goes on with what a crash, a remote or a limit kept from being done. The commit that is built is
//! the one that the mirror finds.

use super::decide;
use super::look::{Changed, Found, Triggers, short, unfetched};
use crate::mirrors::{Place, View, Want};
use crate::pipelines::definitions::Defined;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trunkline_engine::event::{TriggerKind, TriggerRef};
use trunkline_model::{Diagnostic, Report};
use trunkline_store::{Changes, Pending};
use trunkline_web::Provider;
use trunkline_web::events::PullRequest;

/// Pull requests among what is pending.
const PULLS: &str = "pull";
/// For how long one is tried again.
const TRIED: SignedDuration = SignedDuration::from_hours(24);

/// A pull request as something to be done.
pub(crate) fn pending(
    repository: &str,
    provider: Provider,
    delivery: &str,
    pull: &PullRequest,
    at: Timestamp,
) -> Pending {
    let provider = provider.word();
    let body = json!({ "repository": repository, "provider": provider, "pull": pull });
    let (kind, key) = (PULLS.to_owned(), format!("{provider} {delivery}"));
    Pending { kind, key, body: body.to_string(), at }
}

/// What something to be done says: repository, provider, pull request.
fn read(pending: &Pending) -> Option<(String, Provider, PullRequest)> {
    let body: Value = serde_json::from_str(&pending.body).ok()?;
    let pull = serde_json::from_value(body["pull"].clone()).ok()?;
    Some((body["repository"].as_str()?.to_owned(), Provider::of(body["provider"].as_str()?)?, pull))
}

impl Triggers {
    /// Goes on with the pull requests of a repository.
    pub(crate) async fn finish_pulls(&self, name: &str) -> Result<Found, Report> {
        let all = self.store.pending(PULLS).map_err(|error| self.unreadable(&error))?;
        let mut found = Found::default();
        for pending in all {
            if read(&pending).is_some_and(|(repository, ..)| repository == name) {
                // One that cannot be had keeps no other back.
                match self.finish_pull(&pending).await {
                    Ok(more) => {
                        found.started.extend(more.started);
                        found.notes.extend(more.notes);
                        found.refused.extend(more.refused);
                    }
                    Err(report) => found.refused.extend(report.0),
                }
            }
        }
        Ok(found)
    }

    /// Starts what follows from a pull request, and takes it from what is pending.
    pub(crate) async fn finish_pull(&self, pending: &Pending) -> Result<Found, Report> {
        let Some((name, provider, pull)) = read(pending) else {
            let message = format!("what is pending as {} cannot be read", pending.key);
            return Err(Diagnostic::error("TL0902", message).report());
        };
        let lock = self.lock(&name);
        let _held = lock.lock().await;
        let (mut found, mut changes) = (Found::default(), Changes::default());
        let done = self.pull_request(&name, provider, &pull, &mut found, &mut changes).await;
        let late = (self.now)().duration_since(pending.at) > TRIED;
        if late || *done.as_ref().unwrap_or(&false) {
            changes.done.push((pending.kind.clone(), pending.key.clone()));
        }
        if !changes.is_empty() {
            self.store.record_soon(&changes).map_err(|error| self.unreadable(&error))?;
        }
        done.map(|_| found)
    }

    /// Starts what follows a pull request; false where not everything could be started yet.
    async fn pull_request(
        &self,
        name: &str,
        provider: Provider,
        pull: &PullRequest,
        found: &mut Found,
        changes: &mut Changes,
    ) -> Result<bool, Report> {
        let Some(place @ Place::There(_)) = self.place(name) else {
            found.notes.push(format!("`{name}` is not fetched from anywhere"));
            return Ok(true);
        };
        if pull.foreign && !self.forks.iter().any(|fork| fork == name) {
            let note = "a pull request from another repository starts nothing: its author may be a stranger";
            found.notes.push(note.to_owned());
            return Ok(true);
        }
        let (offered, own) =
            (offered(provider, pull), format!("refs/trunkline/pull/{}", pull.number));
        let want = offered.as_ref().map_or(Want::Newest, |from| Want::Reference(from, &own));
        let opened = self.mirrors.open(&place, want).await;
        let mirror = opened.map_err(|found| unfetched(name, &found))?;
        let Some(commit) = head(&mirror, offered.map(|_| own), pull).await else {
            found.notes.push(format!("the commit of pull request {} is gone", pull.number));
            return Ok(true);
        };
        let changed = changed(&mirror, pull, &commit).await;
        let event = pull.action.word();
        let reference = format!("refs/pull/{}/{event}", pull.number);
        let off = self.starter.switched_off();
        let mut all = true;
        for Defined { pipeline, .. } in self.starter.definitions().pipelines.values() {
            for source in decide::sources(pipeline, name) {
                let decision = match changed.clone() {
                    Changed::Files(files) => source.pull(pull.action, &pull.base, Some(files)),
                    Changed::Unknown(_) => source.pull(pull.action, &pull.base, None),
                };
                let off = decide::switched_off(pipeline, &off);
                let refused = if decision.start { off } else { Some(decision.why.clone()) };
                if let Some(why) = refused {
                    found.notes.push(format!("{} is not started: {why}", pipeline.name));
                    continue;
                }
                let known = self.store.head(&pipeline.name, name, &reference);
                let known = known.map_err(|error| self.unreadable(&error))?;
                if known.as_ref().is_some_and(|head| head.revision == commit) {
                    found.notes.push(format!("{} was started for this before", pipeline.name));
                    break;
                }
                let detail = format!(
                    "{name} pull request {} {event} {}..{}: {}",
                    pull.number,
                    pull.base,
                    short(&commit),
                    decision.why
                );
                let trigger = TriggerRef { kind: TriggerKind::WebhookV2, detail };
                // What came before tells a commit that is there again from the same told again.
                let before = known.map_or(0, |head| head.at.as_millisecond()).to_string();
                let token = [name, &reference, &commit, &before].join("\n");
                source.prepare(&self.mirrors, &place, &commit);
                let (to, action) = (&pipeline.name, source.action);
                if self.begin_execution(to, action, &commit, trigger, &token, found).await {
                    changes.heads.push(self.head(to, name, &reference, &commit));
                } else {
                    all = false;
                }
                break;
            }
        }
        Ok(all)
    }
}

/// Where a provider offers the commit of a pull request to git.
fn offered(provider: Provider, pull: &PullRequest) -> Option<String> {
    let number = pull.number;
    match provider {
        Provider::GitHub => Some(format!("refs/pull/{number}/head")),
        Provider::GitLab => Some(format!("refs/merge-requests/{number}/head")),
        Provider::BitbucketServer => Some(format!("refs/pull-requests/{number}/from")),
        Provider::Bitbucket => None,
    }
}

/// The commit of a pull request: what its provider offers, which the mirror has as `own`.
async fn head(mirror: &View, own: Option<String>, pull: &PullRequest) -> Option<String> {
    if let Some(own) = own
        && let Some(commit) = mirror.resolve(&own).await
    {
        return Some(commit);
    }
    let branch = format!("refs/heads/{}", pull.head);
    match mirror.resolve(&branch).await.filter(|_| !pull.foreign) {
        Some(commit) => Some(commit),
        // The branch of a closed one may be deleted, and its commit still there.
        None => mirror.resolve(&pull.commit).await,
    }
}

async fn changed(mirror: &View, pull: &PullRequest, commit: &str) -> Changed {
    let base = mirror.base(&format!("refs/heads/{}", pull.base), commit).await;
    let Ok(Some(base)) = base else {
        return Changed::Unknown(format!("it has nothing in common with `{}`", pull.base));
    };
    match mirror.diff(&base, commit).await {
        Ok(files) => Changed::Files(files),
        Err(why) => Changed::Unknown(why),
    }
}
