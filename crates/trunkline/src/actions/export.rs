//! `TrunklineExport`: takes what people built in an instance, and commits it to a branch of a repository.
//!
//! A clone of the repository is made in the work folder; `trunkline export` merges there three ways, and what
//! comes of it is pushed. The refs of earlier exports travel with it. Where two sides changed the same thing,
//! the action fails, and nothing is pushed.

use super::builds::{Work, carry_out, failure};
use super::deploy::quoted;
use super::git::{self, View};
use super::source::Place;
use super::{Ended, Job, Shared};
use std::collections::BTreeMap;
use std::sync::Arc;
use trunkline_build::{Build, Folders, NoVault};
use trunkline_engine::{ActionOutcome, ArtifactRef, Revision};

/// Refs of exports, as they go to and from the repository.
const REFS: &str = "refs/trunkline/*:refs/trunkline/*";

/// `{Source, Custom, TrunklineExport}`.
pub(super) async fn export(shared: Arc<Shared>, job: Job) -> Ended {
    let (environment, branch) = (job.required("Environment")?, job.required("Branch")?);
    let repository = job.required("Repository")?;
    let place = shared.place(repository, None)?;
    let from = match &place {
        Place::Here(path) => path.display().to_string(),
        Place::Remote(url) => url.clone(),
    };
    let view = shared.view(&place, None).await?;
    let before = view.head(branch).await?;
    let work = Work::make(&shared, &job)?;
    let source = work.path("source");
    git::clone(&from, &before.id, branch, &source).await?;
    let refs = format!("+{REFS}");
    git::in_folder(&source, &["fetch", "--quiet", "--", &from, &refs]).await?;
    let folders =
        Folders { source: source.clone(), scratch: work.folder("scratch")?, ..Folders::default() };
    let id = format!("{}-{}", job.run.action_execution, job.run.attempt);
    let directory = job.setting("Directory").unwrap_or(".");
    let command = format!(
        "exec {} -C {} export --env {}",
        quoted(&shared.setting.program.display().to_string()),
        quoted(directory),
        quoted(environment)
    );
    let mut build = Build::of_commands(id, vec![command], Vec::new(), Vec::new(), folders);
    let (mut variables, secrets) = shared.own_variables();
    variables.insert("TRUNKLINE_EXECUTION".to_owned(), job.run.execution.clone());
    build.predefined = variables;
    build.secrets = secrets;
    build.host = shared.host();
    let result = carry_out(&shared, &job, &build, &NoVault).await?;
    if let Some(failure) = failure(&result) {
        let summary = Some(failure.message.clone());
        return Ok(ActionOutcome { failure: Some(failure), summary, ..ActionOutcome::default() });
    }
    let to = format!("HEAD:refs/heads/{branch}");
    git::in_folder(&source, &["push", "--quiet", "--", &from, &to, REFS]).await?;
    let view = match &place {
        Place::Here(path) => View::of_path(&shared.mirrors(), path).await?,
        Place::Remote(_) => shared.view(&place, None).await?,
    };
    let after = view.head(branch).await?;
    let changed = git::changed(&source, &before.id, &after.id).await?;
    let (id, size) = shared.artifacts.put(&view.archive(&after.id).await?)?;
    let revision =
        Revision { id: after.id.clone(), summary: Some(after.subject().to_owned()), url: None };
    let artifact = |name: &str| ArtifactRef {
        name: name.to_owned(),
        id: id.clone(),
        size,
        revision: Some(revision.clone()),
    };
    let variables = [
        ("BranchName", branch.to_owned()),
        ("Changed", changed.len().to_string()),
        ("CommitId", after.id.clone()),
        ("RepositoryName", repository.to_owned()),
    ];
    let summary = match changed.len() {
        0 => format!("{environment} holds what {branch} says"),
        1 => format!("1 file of {environment} changed on {branch}"),
        number => format!("{number} files of {environment} changed on {branch}"),
    };
    shared.say(&job.run.action_execution, changed.into_iter().chain([summary.clone()]));
    Ok(ActionOutcome {
        artifacts: job.run.outputs.iter().map(|o| artifact(&o.name)).collect(),
        variables: variables
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
        summary: Some(summary),
        revision: Some(revision),
        ..ActionOutcome::default()
    })
}
