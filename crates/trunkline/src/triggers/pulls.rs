//! Pull and merge requests. Only webhooks tell of them; the commit that is built is the one that the mirror finds.

use super::decide;
use super::look::{Changed, Found, Triggers, short};
use super::places::Remote;
use super::repository::Repository;
use crate::pipelines::definitions::Defined;
use trunkline_engine::event::{TriggerKind, TriggerRef};
use trunkline_model::Report;
use trunkline_web::Provider;
use trunkline_web::events::PullRequest;

impl Triggers {
    /// Starts what follows a pull request.
    pub(crate) async fn pull_request(
        &self,
        name: &str,
        provider: Provider,
        pull: &PullRequest,
    ) -> Result<Found, Report> {
        let mut found = Found::default();
        let Some(Remote::There(url)) = self.remote(name) else {
            found.notes.push(format!("`{name}` is not fetched from anywhere"));
            return Ok(found);
        };
        if pull.foreign && !self.forks.iter().any(|fork| fork == name) {
            let note = "a pull request from another repository starts nothing: its author may be a stranger";
            found.notes.push(note.to_owned());
            return Ok(found);
        }
        let lock = self.lock(name);
        let _held = lock.lock().await;
        let mirror = Repository::new(self.places.mirror(&url));
        mirror.fetch(name, &url).await?;
        let Some(commit) = head(&mirror, &url, provider, pull).await else {
            found.notes.push(format!("the commit of pull request {} is gone", pull.number));
            return Ok(found);
        };
        let changed = changed(&mirror, pull, &commit).await;
        let event = pull.action.word();
        let reference = format!("refs/pull/{}/{event}", pull.number);
        let off = self.starter.switched_off();
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
                if known.is_some_and(|head| head.revision == commit) {
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
                let token = [name, &reference, &commit].join("\n");
                let (to, action, found) = (&pipeline.name, source.action, &mut found);
                if self.begin_execution(to, action, &commit, trigger, &token, found).await {
                    self.remember(&pipeline.name, name, &reference, &commit)?;
                }
                break;
            }
        }
        Ok(found)
    }
}

/// The commit of a pull request, as its provider offers it to git.
async fn head(
    mirror: &Repository,
    url: &str,
    provider: Provider,
    pull: &PullRequest,
) -> Option<String> {
    let number = pull.number;
    let offered = match provider {
        Provider::GitHub => Some(format!("refs/pull/{number}/head")),
        Provider::GitLab => Some(format!("refs/merge-requests/{number}/head")),
        Provider::BitbucketServer => Some(format!("refs/pull-requests/{number}/from")),
        Provider::Bitbucket => None,
    };
    if let Some(from) = offered {
        let to = format!("refs/trunkline/pull/{number}");
        if let Some(commit) = mirror.fetch_one(url, &from, &to).await {
            return Some(commit);
        }
    }
    let branch = format!("refs/heads/{}", pull.head);
    match mirror.commit(&branch).await.filter(|_| !pull.foreign) {
        Some(commit) => Some(commit),
        // The branch of a closed one may be deleted, and its commit still there.
        None => mirror.commit(&pull.commit).await,
    }
}

async fn changed(mirror: &Repository, pull: &PullRequest, commit: &str) -> Changed {
    let base = match mirror.commit(&format!("refs/heads/{}", pull.base)).await {
        Some(base) => mirror.merge_base(&base, commit).await,
        None => None,
    };
    let Some(base) = base else {
        return Changed::Unknown(format!("it has nothing in common with `{}`", pull.base));
    };
    match mirror.diff(&base, commit).await {
        Ok(files) => Changed::Files(files),
        Err(why) => Changed::Unknown(why),
    }
}
