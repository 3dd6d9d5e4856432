//! Sources from git: CodeCommit's keys and CodeStarSourceConnection's.
//!
//! `mirrors` knows where a repository is. The commit is the one that the start asks for, or the head of the branch when
//! the action runs. Deliberately absent: when a push starts what, which is the triggers'.

use super::artifacts::Clone;
use super::git::{Commit, Place, Unavailable, View, Want};
use super::{Ended, Job, Shared};
use crate::context::CONFIG;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use tokio::sync::OnceCell;
use trunkline_engine::{ActionOutcome, ArtifactRef, Revision};
use trunkline_model::{Diagnostic, Report};

/// A repository, and a commit with the form in which it is wanted.
pub(super) type Key = (String, String);

/// A commit whose artifact is at hand, or is being made, once however many want it.
pub(super) type Known = Arc<OnceCell<Fetched>>;

/// A commit and its artifact.
#[derive(Clone)]
pub(super) struct Fetched {
    commit: Commit,
    id: String,
    size: u64,
}

/// `{Source, AWS, CodeCommit}`.
pub(super) async fn code_commit(shared: Arc<Shared>, job: Job) -> Ended {
    let repository = job.required("RepositoryName")?.to_owned();
    let place = shared.place(&repository, None)?;
    let fetched = job.unless_stopped(fetch(&shared, &job, &place)).await?;
    let mut variables = common(&job, &fetched.commit);
    variables.insert("CommitterDate".to_owned(), fetched.commit.committer_date.clone());
    variables.insert("RepositoryName".to_owned(), repository);
    Ok(outcome(&job, fetched, variables))
}

/// `{Source, AWS, CodeStarSourceConnection}`.
pub(super) async fn connection(shared: Arc<Shared>, job: Job) -> Ended {
    let repository = job.required("FullRepositoryId")?.to_owned();
    let arn = job.required("ConnectionArn")?.to_owned();
    let place = shared.place(&repository, Some(&arn))?;
    let fetched = job.unless_stopped(fetch(&shared, &job, &place)).await?;
    let mut variables = common(&job, &fetched.commit);
    variables.insert("ConnectionArn".to_owned(), arn);
    variables.insert("FullRepositoryName".to_owned(), repository);
    Ok(outcome(&job, fetched, variables))
}

fn common(job: &Job, commit: &Commit) -> BTreeMap<String, String> {
    let branch = job.setting("BranchName").unwrap_or_default().to_owned();
    BTreeMap::from(
        [
            ("AuthorDate", commit.author_date.clone()),
            ("BranchName", branch),
            ("CommitId", commit.id.clone()),
            ("CommitMessage", commit.message.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    )
}

fn outcome(job: &Job, fetched: Fetched, variables: BTreeMap<String, String>) -> ActionOutcome {
    let Fetched { commit, id, size } = fetched;
    let summary = Some(commit.subject().to_owned()).filter(|s| !s.is_empty());
    let revision = Revision { id: commit.id, summary, url: None };
    let artifact = |name: &str| ArtifactRef {
        name: name.to_owned(),
        id: id.clone(),
        size,
        revision: Some(revision.clone()),
    };
    ActionOutcome {
        variables,
        artifacts: job.run.outputs.iter().map(|o| artifact(&o.name)).collect(),
        summary: Some(format!(
            "{} {}",
            &revision.id[..10.min(revision.id.len())],
            revision.summary.clone().unwrap_or_default()
        )),
        external_id: Some(revision.id.clone()),
        revision: Some(revision),
        ..ActionOutcome::default()
    }
}

/// Finds the commit and makes its artifact, unless it is at hand.
async fn fetch(shared: &Shared, job: &Job, place: &Place) -> Result<Fetched, Report> {
    let branch = job.required("BranchName")?;
    let id = match wanted(job, "COMMIT_ID") {
        Some(id) => id.to_owned(),
        None => shared.view(place, None).await?.head(branch).await?.id,
    };
    let cloned = job.setting("OutputArtifactFormat") == Some("CODEBUILD_CLONE_REF");
    shared.fetched(place, &id, cloned.then_some(branch)).await
}

/// Has artifacts made as soon as it is known that an action will want them.
pub(super) fn prepare(shared: &Arc<Shared>) {
    let weak = Arc::downgrade(shared);
    shared.setting.mirrors.on_wanted(Box::new(move |place, commit| {
        if let Some(shared) = weak.upgrade() {
            let (place, commit) = (place.clone(), commit.to_owned());
            crate::runtime::spawn(async move {
                // Should it fail, the action tries it again and says why.
                let _ = shared.fetched(&place, &commit, None).await;
            });
        }
    }));
}

/// How many commits are known without asking git.
const KNOWN_AT_MOST: usize = 4096;

/// The revision that the start asked for.
pub(super) fn wanted<'a>(job: &'a Job, kind: &str) -> Option<&'a str> {
    let mut all = job.run.source_revisions.iter();
    let own = all.find(|r| r.action_name == job.run.action && r.revision_type == kind);
    own.map(|r| r.revision_value.as_str())
}

impl Shared {
    /// A commit with its artifact: its files, or with a branch a reference for who clones it.
    async fn fetched(
        &self,
        place: &Place,
        id: &str,
        cloned: Option<&str>,
    ) -> Result<Fetched, Report> {
        let key = (place.shown(), format!("{id} {}", cloned.unwrap_or(" ")));
        let known = {
            let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() > KNOWN_AT_MOST {
                all.clear();
            }
            let known = all.entry(key).or_default();
            if known.get().is_some_and(|known| !self.artifacts.has(&known.id, known.size)) {
                *known = Known::default();
            }
            known.clone()
        };
        known.get_or_try_init(|| self.make(place, id, cloned)).await.cloned()
    }

    async fn make(&self, place: &Place, id: &str, cloned: Option<&str>) -> Result<Fetched, Report> {
        if let Some(branch) = cloned {
            let commit = self.view(place, Some(id)).await?.commit(id).await?;
            let (repository, branch) = (place.shown(), branch.to_owned());
            let clone = Clone { repository, commit: commit.id.clone(), branch };
            let (id, size) = self.artifacts.put_clone(&clone)?;
            return Ok(Fetched { commit, id, size });
        }
        // Two processes of git at once: this is what the first command of a push waits for.
        let read = async |view: View| {
            let (commit, archive) = tokio::join!(view.commit(id), view.archive(id));
            Ok::<_, Report>((commit?, archive?))
        };
        let old = self.open(place, Want::Old).await?;
        let (commit, archive) = match (read(old).await, place) {
            (Err(_), Place::There(_)) => read(self.view(place, Some(id)).await?).await?,
            (read, _) => read?,
        };
        let (id, size) = self.artifacts.put(archive).await?;
        Ok(Fetched { commit, id, size })
    }

    /// Makes a clone of what an artifact refers to. TL0718.
    pub(super) async fn make_clone(&self, folder: &Path, from: &Clone) -> Result<(), Report> {
        let Clone { repository, commit, branch } = from;
        let place = self.setting.mirrors.shown_as(repository);
        let view = self.view(&place, Some(commit)).await?;
        view.make_clone(folder, commit, branch, repository).await
    }

    /// Where mirrors and views lie.
    pub(super) fn mirrors(&self) -> PathBuf {
        self.setting.data.root().join("mirrors")
    }

    /// Opens a repository; a remote is fetched from, unless the wanted commit is there. TL0718.
    pub(super) async fn view(&self, place: &Place, wanted: Option<&str>) -> Result<View, Report> {
        self.open(place, wanted.map_or(Want::Newest, Want::Commit)).await
    }

    async fn open(&self, place: &Place, want: Want<'_>) -> Result<View, Report> {
        let opened = self.setting.mirrors.open(place, want).await;
        opened.map_err(|Unavailable { shown, why }| {
            Diagnostic::error("TL0718", format!("the repository {shown} cannot be read"))
                .because(format!("git says: {why}"))
                .help("check its name, and that the server may read it")
                .report()
        })
    }

    /// Where the repository of a name is. TL0718: nobody says.
    pub(super) fn place(&self, name: &str, connection: Option<&str>) -> Result<Place, Report> {
        let found = self.setting.mirrors.place(name, connection.into_iter());
        let there = |place: &Place| !matches!(place, Place::Hosted(folder) if !folder.is_dir());
        found.filter(there).ok_or_else(|| {
            Diagnostic::error("TL0718", format!("there is no repository `{name}`"))
                .because("this server does not host one of that name, and trunkline.yaml names none")
                .help(format!(
                    "push to it at the server, or write where it is: `repositories: {{ {name}: URL }}`"
                ))
                .report()
        })
    }

    /// The project that this server was started in; None where it is none.
    pub(super) fn project(&self) -> Result<Option<trunkline_config::Project>, Report> {
        read_project(&self.setting.root)
    }
}

/// Reads the configuration in a folder; None where there is none.
pub(super) fn read_project(root: &Path) -> Result<Option<trunkline_config::Project>, Report> {
    let path = root.join(CONFIG);
    match std::fs::read_to_string(&path) {
        Ok(text) => trunkline_config::parse(&text, CONFIG).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(crate::files::failed(&path.display().to_string(), &error)),
    }
}
