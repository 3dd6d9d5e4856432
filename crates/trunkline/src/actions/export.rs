//! `TrunklineExport`: takes what people built in an instance, and commits it to a branch of a repository.
//!
//! A clone of the repository is made in the work folder; `trunkline export` merges there three ways, and what
//! comes of it is pushed, and told to the triggers. The refs of earlier exports travel with it. Where two sides changed the same thing,
//! the action fails, and nothing is pushed.

use super::builds::{Work, carry_out};
use super::deploy::quoted;
use super::git::{self, Commit, Place};
use super::{Ended, Job, Shared};
use std::collections::BTreeMap;
use std::sync::Arc;
use trunkline_build::{Build, Folders, NoVault};
use trunkline_engine::{ActionOutcome, ArtifactRef, Failure, Revision};
use trunkline_model::Report;

/// Refs of exports, as they go to and from the repository. Not all of them have a history that could be followed.
const REFS: &str = "+refs/trunkline/*:refs/trunkline/*";

/// How often it begins again because somebody else pushed meanwhile.
const TRIES: u32 = 3;

/// What came of an export.
enum Tried {
    /// It was pushed, or there was nothing to push.
    Done(Exported),
    /// Somebody else pushed first.
    Moved(Report),
    /// It failed.
    Failed(Failure),
}

/// A branch before and after an export.
struct Exported {
    after: Commit,
    /// The files that changed: letter and path.
    changed: Vec<String>,
    archive: Vec<u8>,
}

/// `{Source, Custom, TrunklineExport}`.
pub(super) async fn export(shared: Arc<Shared>, job: Job) -> Ended {
    let (environment, branch) = (job.required("Environment")?, job.required("Branch")?);
    let repository = job.required("Repository")?;
    let place = shared.place(repository, None)?;
    let mut tries = 0;
    let exported = loop {
        tries += 1;
        match once(&shared, &job, &place, environment, branch).await? {
            Tried::Done(exported) => break exported,
            Tried::Moved(report) if tries >= TRIES => return Err(report),
            Tried::Moved(_) => {
                let line = format!("somebody pushed to {branch} meanwhile: exporting again");
                shared.say(&job.run.action_execution, [line]);
            }
            Tried::Failed(failure) => {
                let (summary, failure) = (Some(failure.message.clone()), Some(failure));
                return Ok(ActionOutcome { failure, summary, ..ActionOutcome::default() });
            }
        }
    };
    let Exported { after, changed, archive } = exported;
    if !changed.is_empty() {
        (shared.setting.pushed)(repository);
    }
    let (id, size) = shared.artifacts.put(archive).await?;
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
    let text = |(name, value): (&str, String)| (name.to_owned(), value);
    Ok(ActionOutcome {
        artifacts: job.run.outputs.iter().map(|o| artifact(&o.name)).collect(),
        variables: variables.map(text).into_iter().collect::<BTreeMap<_, _>>(),
        summary: Some(summary),
        revision: Some(revision),
        ..ActionOutcome::default()
    })
}

/// Clones, exports and pushes.
async fn once(
    shared: &Arc<Shared>,
    job: &Job,
    place: &Place,
    environment: &str,
    branch: &str,
) -> Result<Tried, Report> {
    let (from, mirrors) = (place.shown(), &shared.setting.mirrors);
    let work = Work::make(shared, job)?;
    let source = work.path("source");
    let prepare = async {
        let view = shared.view(place, None).await?;
        let before = view.head(branch).await?;
        view.make_clone(&source, &before.id, branch, &from).await?;
        mirrors.exchange(place, &source, &["fetch", "--progress", "--", &from, REFS]).await?;
        Ok(before)
    };
    let before = job.unless_stopped(prepare).await?;
    let build = shared.exporting(job, &work, environment)?;
    let result = carry_out(shared, job, &build, &NoVault).await?;
    if let Some(failure) = shared.own_failure(job, &result) {
        return Ok(Tried::Failed(failure));
    }
    let to = format!("HEAD:refs/heads/{branch}");
    // Both or none: a commit without its refs would be exported as if nobody had before.
    let push = ["push", "--progress", "--atomic", "--", &from, &to, REFS];
    if let Err(report) = job.unless_stopped(mirrors.exchange(place, &source, &push)).await {
        let now = job.unless_stopped(shared.view(place, None)).await?.head(branch).await?;
        return if now.id == before.id { Err(report) } else { Ok(Tried::Moved(report)) };
    }
    let head = git::in_folder(&source, &["rev-parse", "HEAD"]).await?;
    let head = String::from_utf8_lossy(&head).trim().to_owned();
    let view = job.unless_stopped(shared.view(place, Some(&head))).await?;
    let after = view.commit(&head).await?;
    let changed = git::changed(&source, &before.id, "HEAD").await?;
    let archive = view.archive(&after.id).await?;
    Ok(Tried::Done(Exported { after, changed, archive }))
}

impl Shared {
    /// The process that exports in a clone.
    fn exporting(&self, job: &Job, work: &Work, environment: &str) -> Result<Build, Report> {
        let folders = Folders {
            source: work.path("source"),
            scratch: work.folder("scratch")?,
            ..Folders::default()
        };
        let id = format!("{}-{}", job.run.action_execution, job.run.attempt);
        let command = format!(
            "exec trunkline -C {} export --env {}",
            quoted(job.setting("Directory").unwrap_or(".")),
            quoted(environment)
        );
        let mut build = Build::of_commands(id, vec![command], Vec::new(), Vec::new(), folders);
        let (mut variables, secrets) = self.own_variables();
        variables.insert("TRUNKLINE_EXECUTION".to_owned(), job.run.execution.clone());
        variables.extend(super::credentials::first_role(job));
        build.predefined = variables;
        build.secrets = secrets;
        build.host = self.host();
        Ok(build)
    }
}
