//! Which pipelines follow a push or a pull request, without IO. The filters themselves are the engine's.
//!
//! A source action without triggers follows its own branch. One with triggers follows their filters and nothing else.

use crate::mirrors::{Mirrors, Place};
use trunkline_engine::filters::{self, Decision, PullRequestEvent, Push, Reference};
use trunkline_model::pipeline::{Action, Category, Pipeline, Trigger};
use trunkline_web::events::PullAction;

/// A source action that reads a repository.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// The action's name.
    pub(super) action: &'a str,
    /// Its branch.
    pub(super) branch: &'a str,
    /// Whether it is a connection: the kind whose triggers CodePipeline calls WebhookV2.
    pub(super) connection: bool,
    follows_branch: bool,
    /// Whether it makes an artifact of files.
    files: bool,
    trigger: Option<&'a Trigger>,
}

/// The repository that a source action reads, by the name that definitions use.
pub(crate) fn repository(action: &Action) -> Option<&str> {
    if action.action_type_id.category != Category::Source {
        return None;
    }
    let key = match action.action_type_id.provider.as_str() {
        "CodeCommit" => "RepositoryName",
        "CodeStarSourceConnection" => "FullRepositoryId",
        _ => return None,
    };
    action.configuration.get(key).map(String::as_str)
}

/// Whether an action deploys, or plans to deploy, to an environment.
pub(crate) fn is_deployment(action: &Action) -> bool {
    let id = &action.action_type_id;
    (id.category == Category::Deploy) && id.owner == "Custom" && id.provider == "Trunkline"
}

/// The source actions of a pipeline that read a repository.
pub(super) fn sources<'a>(pipeline: &'a Pipeline, name: &str) -> Vec<Source<'a>> {
    let ours = pipeline.actions().filter(|action| repository(action) == Some(name));
    let source = |action: &'a Action| {
        let setting = |key: &str| action.configuration.get(key).map_or("", String::as_str);
        let trigger = pipeline.triggers.iter().find(|trigger| {
            trigger.git_configuration.as_ref().is_some_and(|g| g.source_action_name == action.name)
        });
        let connection = action.action_type_id.provider == "CodeStarSourceConnection";
        Source {
            action: &action.name,
            branch: setting("BranchName"),
            connection,
            follows_branch: !(connection && setting("DetectChanges").eq_ignore_ascii_case("false")),
            files: setting("OutputArtifactFormat") != "CODEBUILD_CLONE_REF",
            trigger,
        }
    };
    ours.map(source).collect()
}

/// Whether a pipeline has a source action that takes an object of S3.
pub(super) fn reads_object(pipeline: &Pipeline, bucket: &str, key: &str) -> bool {
    pipeline.actions().any(|action| {
        let is =
            |name: &str, value: &str| action.configuration.get(name).is_some_and(|v| v == value);
        let kind = &action.action_type_id;
        (kind.category == Category::Source && kind.provider == "S3")
            && is("S3Bucket", bucket)
            && is("S3ObjectKey", key)
    })
}

/// Why a pipeline does not start whatever is pushed: it deploys, and only to environments that are switched off.
pub(super) fn switched_off(pipeline: &Pipeline, off: &[String]) -> Option<String> {
    let deployments = pipeline.actions().filter(|action| is_deployment(action));
    let targets = deployments.filter_map(|a| a.configuration.get("Environment"));
    let targets: Vec<&String> = targets.collect();
    let all = !targets.is_empty() && targets.iter().all(|target| off.contains(target));
    all.then(|| format!("`{}` is switched off in trunkline.yaml", targets[0]))
}

impl Source<'_> {
    /// Has the artifact made that the action is going to want, while its start is recorded.
    pub(super) fn prepare(&self, mirrors: &Mirrors, place: &Place, commit: &str) {
        if self.files {
            mirrors.wanted(place, commit);
        }
    }

    /// Whether anything that happens to its repository can start it.
    pub(super) fn follows(&self) -> bool {
        self.trigger.is_some() || self.follows_branch
    }

    /// Whether the answer depends on the files that changed.
    pub(super) fn asks_for_files(&self) -> bool {
        self.trigger.and_then(|t| t.git_configuration.as_ref()).is_some_and(|git| {
            git.push.iter().chain(&git.pull_request).any(|filter| filter.file_paths.is_some())
        })
    }

    /// Whether a push to a reference starts it. Without `files` it is not known which changed.
    pub(super) fn push(&self, reference: &str, files: Option<Vec<String>>) -> Decision {
        let branch = reference.strip_prefix("refs/heads/").map(|b| Reference::Branch(b.to_owned()));
        let tag = || reference.strip_prefix("refs/tags/").map(|t| Reference::Tag(t.to_owned()));
        match branch.or_else(tag) {
            Some(reference) => self.decide(reference, None, files),
            None => no("only branches and tags start pipelines"),
        }
    }

    /// Whether a pull request into a branch starts it.
    pub(super) fn pull(
        &self,
        action: PullAction,
        base: &str,
        files: Option<Vec<String>>,
    ) -> Decision {
        let event = match action {
            PullAction::Open => PullRequestEvent::Open,
            PullAction::Updated => PullRequestEvent::Updated,
            PullAction::Closed => PullRequestEvent::Closed,
        };
        self.decide(Reference::Branch(base.to_owned()), Some(event), files)
    }

    fn decide(
        &self,
        reference: Reference,
        pull_request: Option<PullRequestEvent>,
        files: Option<Vec<String>>,
    ) -> Decision {
        if !self.follows() {
            return no("it does not follow changes");
        }
        let configured_branch = self.branch.to_owned();
        let push = Push { reference, pull_request, files, configured_branch };
        match self.trigger {
            Some(trigger) => filters::matches(trigger, &push),
            None => filters::matches(&Trigger::default(), &push),
        }
    }
}

fn no(why: &str) -> Decision {
    Decision { start: false, why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pipeline(triggers: Value, extra: Value) -> Pipeline {
        let mut configuration =
            json!({ "ConnectionArn": "a", "FullRepositoryId": "acme/web", "BranchName": "main" });
        configuration.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(json!({ "name": "web", "triggers": triggers, "stages": [
            { "name": "Source", "actions": [{ "name": "Git", "configuration": configuration, "actionTypeId": {
                "category": "Source", "owner": "AWS", "provider": "CodeStarSourceConnection", "version": "1" } }] },
            { "name": "Deploy", "actions": [{ "name": "Uat", "configuration": { "Environment": "uat" }, "actionTypeId": {
                "category": "Deploy", "owner": "Custom", "provider": "Trunkline", "version": "1" } }] } ] }))
        .unwrap()
    }

    fn trigger(git: Value) -> Value {
        let mut git = git;
        git["sourceActionName"] = json!("Git");
        json!([{ "providerType": "CodeStarSourceConnection", "gitConfiguration": git }])
    }

    fn check(pipeline: &Pipeline, reference: &str, changed: &[&str], starts: bool) {
        let files = changed.iter().map(|f| (*f).to_owned()).collect();
        let found = sources(pipeline, "acme/web")[0].push(reference, Some(files));
        assert_eq!(found.start, starts, "{reference} {changed:?}: {}", found.why);
    }

    #[test]
    fn without_triggers_a_source_follows_its_branch() {
        let plain = pipeline(json!([]), json!({}));
        check(&plain, "refs/heads/main", &[], true);
        check(&plain, "refs/heads/develop", &[], false);
        check(&plain, "refs/tags/main", &[], false);
        check(
            &pipeline(json!([]), json!({ "DetectChanges": "false" })),
            "refs/heads/main",
            &[],
            false,
        );
    }

    #[test]
    fn filters_are_alternatives_and_branches_and_files_must_both_fit() {
        let filtered = pipeline(
            trigger(json!({ "push": [
                { "branches": { "includes": ["release/*"] }, "filePaths": { "includes": ["web/**"], "excludes": ["**/*.md"] } },
                { "tags": { "includes": ["v*"], "excludes": ["v0*"] } } ] })),
            json!({}),
        );
        check(&filtered, "refs/heads/release/1", &["web/a/b.js"], true);
        check(&filtered, "refs/heads/release/1", &["web/a/README.md"], false);
        check(&filtered, "refs/heads/release/1", &["api/a.rs"], false);
        check(&filtered, "refs/heads/release/1/2", &["web/a.js"], false);
        check(&filtered, "refs/heads/main", &["web/a.js"], false);
        check(&filtered, "refs/tags/v1", &[], true);
        check(&filtered, "refs/tags/v0.1", &[], false);
    }

    #[test]
    fn pull_requests_follow_their_own_filters_and_pushes_do_not() {
        let git = json!({ "pullRequest": [{ "events": ["OPEN", "UPDATED"], "branches": { "includes": ["main"] } }] });
        let pulled = pipeline(trigger(git), json!({}));
        check(&pulled, "refs/heads/main", &[], false);
        let source = sources(&pulled, "acme/web")[0];
        assert!(source.pull(PullAction::Open, "main", None).start);
        assert!(!source.pull(PullAction::Closed, "main", None).start);
        assert!(!source.pull(PullAction::Open, "develop", None).start);
    }

    #[test]
    fn what_deploys_only_to_an_environment_that_is_switched_off_does_not_start() {
        let plain = pipeline(json!([]), json!({}));
        assert!(switched_off(&plain, &["uat".to_owned()]).is_some());
        assert!(switched_off(&plain, &["prod".to_owned()]).is_none());
    }
}
