//! Sources from git: CodeCommit's keys and CodeStarSourceConnection's.
//!
//! A name stands for a repository that this server hosts, else for what `repositories` of trunkline.yaml says,
//! else (`.`) for the project's own repository. The commit is the one that the start asks for, or the head of
//! the branch when the action runs. Deliberately absent: when a push starts what, which is the server's.

use super::artifacts::Clone;
use super::git::{Commit, View};
use super::{Ended, Job, Shared};
use crate::context::CONFIG;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use trunkline_engine::{ActionOutcome, ArtifactRef, Revision};
use trunkline_model::{Diagnostic, Report};

/// A commit whose artifact is at hand.
#[derive(Clone)]
pub(super) struct Known {
    commit: Commit,
    id: String,
    size: u64,
}

/// Where a repository is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On this machine.
    Here(PathBuf),
    /// At an address that git can fetch from.
    Remote(String),
}

/// `{Source, AWS, CodeCommit}`.
pub(super) async fn code_commit(shared: Arc<Shared>, job: Job) -> Ended {
    let repository = job.required("RepositoryName")?.to_owned();
    let place = shared.place(&repository, None)?;
    let fetched = fetch(&shared, &job, &place).await?;
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
    let fetched = fetch(&shared, &job, &place).await?;
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

fn outcome(job: &Job, fetched: Known, variables: BTreeMap<String, String>) -> ActionOutcome {
    let Known { commit, id, size } = fetched;
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
async fn fetch(shared: &Shared, job: &Job, place: &Place) -> Result<Known, Report> {
    let branch = job.required("BranchName")?;
    let wanted = wanted(job, "COMMIT_ID");
    let key = |commit: &str| {
        let place = match place {
            Place::Here(path) => path.clone(),
            Place::Remote(url) => PathBuf::from(url),
        };
        (place, format!("{commit} {}", job.setting("OutputArtifactFormat").unwrap_or_default()))
    };
    if let Some(known) = wanted.and_then(|commit| shared.known(&key(commit))) {
        return Ok(known);
    }
    let view = shared.view(place, wanted).await?;
    let only_reference = job.setting("OutputArtifactFormat") == Some("CODEBUILD_CLONE_REF");
    let (commit, archive) = match wanted {
        // Two processes of git at once: this is what the first command of a push waits for.
        Some(id) if !only_reference => {
            let (commit, archive) = tokio::join!(view.commit(id), view.archive(id));
            (commit?, Some(archive?))
        }
        Some(id) => (view.commit(id).await?, None),
        None => (view.head(branch).await?, None),
    };
    if let Some(known) = shared.known(&key(&commit.id)) {
        return Ok(known);
    }
    let (id, size) = match archive {
        Some(bytes) => shared.artifacts.put(&bytes)?,
        None if only_reference => shared.artifacts.put_clone(&reference(place, &commit.id, branch))?,
        None => shared.artifacts.put(&view.archive(&commit.id).await?)?,
    };
    let known = Known { commit, id, size };
    let mut all = shared.known.lock().unwrap_or_else(PoisonError::into_inner);
    if all.len() > KNOWN_AT_MOST {
        all.clear();
    }
    all.insert(key(&known.commit.id), known.clone());
    Ok(known)
}

/// How many commits are known without asking git.
const KNOWN_AT_MOST: usize = 4096;

/// The revision that the start asked for.
pub(super) fn wanted<'a>(job: &'a Job, kind: &str) -> Option<&'a str> {
    let mut all = job.run.source_revisions.iter();
    let own = all.find(|r| r.action_name == job.run.action && r.revision_type == kind);
    own.map(|r| r.revision_value.as_str())
}

/// An artifact that only says what to clone.
fn reference(place: &Place, commit: &str, branch: &str) -> Clone {
    let repository = match place {
        Place::Here(path) => path.display().to_string(),
        Place::Remote(url) => url.clone(),
    };
    Clone { repository, commit: commit.to_owned(), branch: branch.to_owned() }
}

impl Shared {
    fn known(&self, key: &(PathBuf, String)) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        known.filter(|known| self.artifacts.has(&known.id, known.size))
    }

    /// Where mirrors and views lie.
    pub(super) fn mirrors(&self) -> PathBuf {
        self.setting.data.root().join("mirrors")
    }

    /// Opens a repository; a remote is fetched from, unless the wanted commit is there.
    pub(super) async fn view(&self, place: &Place, wanted: Option<&str>) -> Result<View, Report> {
        match place {
            Place::Here(path) => {
                let _one = self.views.lock().await;
                View::of_path(&self.mirrors(), path).await
            }
            Place::Remote(url) => {
                let _one = self.mirrors.lock().await;
                View::of_remote(&self.mirrors(), url, wanted).await
            }
        }
    }

    /// Where the repository of a name is. TL0718: nobody says.
    pub(super) fn place(&self, name: &str, connection: Option<&str>) -> Result<Place, Report> {
        let hosted = self.setting.data.root().join("repositories").join(format!("{name}.git"));
        let plain = !name.split('/').any(|part| part.is_empty() || part.starts_with('.'));
        if plain && hosted.is_dir() {
            return Ok(Place::Here(hosted));
        }
        let project = self.project()?;
        let settings = project.as_ref().map(|p| &p.repositories);
        let by = |key: &str| settings.and_then(|all| all.get(key)).cloned();
        if let Some(address) = by(name) {
            return Ok(self.address(&address));
        }
        if let Some(arn) = connection {
            let pattern =
                by(arn).unwrap_or_else(|| "https://github.com/{repository}.git".to_owned());
            return Ok(self.address(&pattern.replace("{repository}", name)));
        }
        if name == "." {
            return Ok(Place::Here(self.setting.root.clone()));
        }
        Err(Diagnostic::error("TL0718", format!("there is no repository `{name}`"))
            .because("this server does not host one of that name, and trunkline.yaml names none")
            .help(format!(
                "push to it at the server, or write where it is: `repositories: {{ {name}: URL }}`"
            ))
            .report())
    }

    /// What an address of trunkline.yaml stands for: a path is relative to the project.
    fn address(&self, text: &str) -> Place {
        let scheme = text.find("://").filter(|_| !text.starts_with("file://"));
        // `git@host:path`; a path that holds a colon has a slash before it.
        let scp =
            text.find(':').is_some_and(|i| !text[..i].contains('/')) && !text.starts_with("file:");
        if scheme.is_some() || scp {
            return Place::Remote(text.to_owned());
        }
        let path = text.strip_prefix("file://").or(text.strip_prefix("file:")).unwrap_or(text);
        Place::Here(self.setting.root.join(Path::new(path)))
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
