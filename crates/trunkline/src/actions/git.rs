//! Git, as sources use it: a bare view of each repository beside the server's data, read without a work tree.
//!
//! A view borrows the objects of a repository on this machine (`alternates`) or mirrors a remote. Its own
//! attributes switch `export-ignore` and `export-subst` off, so that an archive is what a clone would hold.
//! Never writes to the repository that is looked at.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;
use trunkline_model::{Diagnostic, Report};

/// Attributes that win over those of a commit.
const ATTRIBUTES: &str = "* -export-ignore -export-subst\n";
/// What is asked of a commit, separated by NUL: id, author's and committer's date, message.
const FORMAT: &str = "--format=%H%x00%aI%x00%cI%x00%B";
/// Bytes of a commit's message that are kept as a variable.
const MESSAGE_BYTES: usize = 100 * 1024;

/// A repository, as far as sources read it.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// A bare repository of our own, with all objects.
    folder: PathBuf,
    /// Where branches are looked up.
    refs: PathBuf,
}

/// A commit, as variables tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Commit {
    pub(super) id: String,
    pub(super) author_date: String,
    pub(super) committer_date: String,
    pub(super) message: String,
}

impl Commit {
    /// The first line of its message.
    pub(super) fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

impl View {
    /// The view of a repository on this machine: bare, or a folder with a work tree. TL0718: it is none.
    pub(super) async fn of_path(mirrors: &Path, repository: &Path) -> Result<Self, Report> {
        let shown = repository.display().to_string();
        let bare = repository.join("objects").is_dir();
        let refs = if bare { repository.to_path_buf() } else { repository.join(".git") };
        let objects = if refs.join("objects").is_dir() {
            refs.join("objects")
        } else {
            // A work tree of `git worktree`, or a folder within one.
            let arguments = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
            let out = run(repository, &arguments).await.map_err(|why| unavailable(&shown, &why))?;
            PathBuf::from(String::from_utf8_lossy(&out).trim()).join("objects")
        };
        let refs = if refs.join("objects").is_dir() {
            refs
        } else {
            objects.parent().unwrap_or(&objects).to_path_buf()
        };
        let objects = std::path::absolute(&objects).unwrap_or(objects);
        let folder = mirrors.join(format!("view-{}.git", short(&objects.display().to_string())));
        if !folder.join("info/attributes").exists() {
            make(&folder).await.map_err(|why| unavailable(&shown, &why))?;
            let alternates = format!("{}\n", objects.display());
            let written = std::fs::create_dir_all(folder.join("objects/info"))
                .and_then(|()| std::fs::write(folder.join("objects/info/alternates"), alternates))
                .and_then(|()| attributes(&folder));
            written.map_err(|error| unavailable(&shown, &error.to_string()))?;
        }
        Ok(Self { folder, refs })
    }

    /// The mirror of a remote, brought up to date where it lacks `wanted` (a commit) or none is wanted.
    /// TL0718: the remote cannot be had.
    pub(super) async fn of_remote(
        mirrors: &Path,
        url: &str,
        wanted: Option<&str>,
    ) -> Result<Self, Report> {
        let folder = mirrors.join(format!("mirror-{}.git", short(url)));
        let view = Self { refs: folder.clone(), folder };
        if !view.folder.join("info/attributes").exists() {
            make(&view.folder).await.map_err(|why| unavailable(url, &why))?;
            attributes(&view.folder).map_err(|error| unavailable(url, &error.to_string()))?;
        }
        if let Some(wanted) = wanted
            && view.has(wanted).await
        {
            return Ok(view);
        }
        let refs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
        let arguments = ["fetch", "--quiet", "--prune", "--no-auto-gc", "--", url];
        let arguments = [&arguments[..], &refs].concat();
        run(&view.folder, &arguments).await.map_err(|why| unavailable(url, &why))?;
        Ok(view)
    }

    /// Every view and mirror that there is.
    pub(super) fn all(mirrors: &Path) -> Vec<Self> {
        let entries = std::fs::read_dir(mirrors).into_iter().flatten().flatten();
        let folders = entries.map(|entry| entry.path());
        let ours = folders.filter(|path| path.join("info/attributes").is_file());
        ours.map(|folder| Self { refs: folder.clone(), folder }).collect()
    }

    /// Whether it holds a commit.
    pub(super) async fn has(&self, commit: &str) -> bool {
        let object = format!("{commit}^{{commit}}");
        is_hash(commit) && run(&self.folder, &["cat-file", "-e", &object]).await.is_ok()
    }

    /// The head of a branch. TL0718: there is none.
    pub(super) async fn head(&self, branch: &str) -> Result<Commit, Report> {
        self.read(&self.refs, &format!("refs/heads/{branch}"), &format!("branch `{branch}`")).await
    }

    /// A commit by its id. TL0718: there is none.
    pub(super) async fn commit(&self, id: &str) -> Result<Commit, Report> {
        if !is_hash(id) {
            return Err(no_revision(&format!("commit `{id}`"), "that is no commit's id"));
        }
        self.read(&self.folder, &format!("{id}^{{commit}}"), &format!("commit `{id}`")).await
    }

    async fn read(&self, folder: &Path, what: &str, shown: &str) -> Result<Commit, Report> {
        let arguments =
            ["log", "-1", "--no-show-signature", FORMAT, "--end-of-options", what, "--"];
        let out = run(folder, &arguments).await.map_err(|why| no_revision(shown, &why))?;
        let text = String::from_utf8_lossy(&out).into_owned();
        let mut parts = text.splitn(4, '\0').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        let (id, author_date, committer_date) = (next(), next(), next());
        let mut message = next().trim_end().to_owned();
        let end =
            (0..=MESSAGE_BYTES.min(message.len())).rev().find(|i| message.is_char_boundary(*i));
        message.truncate(end.unwrap_or_default());
        if is_hash(&id) {
            Ok(Commit { id, author_date, committer_date, message })
        } else {
            Err(no_revision(shown, "git answered something else than a commit"))
        }
    }

    /// The files of a commit as a zip, the same bytes each time. Not compressed: the repository has it small,
    /// and whoever reads it next is on this machine.
    pub(super) async fn archive(&self, commit: &str) -> Result<Vec<u8>, Report> {
        if !is_hash(commit) {
            return Err(no_revision(&format!("commit `{commit}`"), "that is no commit's id"));
        }
        let arguments = ["archive", "--format=zip", "-0", commit];
        run(&self.folder, &arguments).await.map_err(|why| no_revision(commit, &why))
    }

    /// The best common ancestor of two commits.
    pub(super) async fn base(&self, one: &str, other: &str) -> Option<String> {
        let out = run(&self.folder, &["merge-base", one, other]).await.ok()?;
        Some(String::from_utf8_lossy(&out).lines().next()?.to_owned())
    }

    /// Files with their object ids in a commit, below some folders; empty where there is no such commit.
    pub(super) async fn objects(&self, commit: &str, paths: &[&str]) -> Vec<(String, String)> {
        let arguments = ["ls-tree", "-r", "-z", "--full-tree", commit, "--"];
        let out = run(&self.folder, &[&arguments[..], paths].concat()).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&out).into_owned();
        let entry = |entry: &str| {
            let (meta, path) = entry.split_once('\t')?;
            Some((path.to_owned(), meta.rsplit(' ').next()?.to_owned()))
        };
        text.split('\0').filter_map(entry).collect()
    }
}

/// Makes a folder that holds something a clone with its history, at a commit.
pub(super) async fn clone(
    from: &str,
    commit: &str,
    branch: &str,
    folder: &Path,
) -> Result<(), Report> {
    if !is_hash(commit) {
        return Err(no_revision(&format!("commit `{commit}`"), "that is no commit's id"));
    }
    let steps: &[&[&str]] = &[
        &["init", "--quiet", "--template=", "."],
        &[
            "fetch",
            "--quiet",
            "--",
            from,
            "+refs/heads/*:refs/remotes/origin/*",
            "+refs/tags/*:refs/tags/*",
        ],
        &["checkout", "--quiet", "-B", if branch.is_empty() { "source" } else { branch }, commit],
        &["remote", "add", "origin", from],
    ];
    for step in steps {
        run(folder, step).await.map_err(|why| unavailable(from, &why))?;
    }
    Ok(())
}

/// Runs git in a clone. TL0718 with its own words.
pub(super) async fn in_folder(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, Report> {
    run(folder, arguments).await.map_err(|why| {
        let message = format!("`git {}` failed", arguments.first().unwrap_or(&""));
        Diagnostic::error("TL0718", message)
            .because(format!("git says: {why}"))
            .help("check that the server may read the repository and write to it")
            .report()
    })
}

/// What changed between two commits: letter and path.
pub(super) async fn changed(folder: &Path, from: &str, to: &str) -> Result<Vec<String>, Report> {
    let arguments = ["diff", "--name-status", "--no-renames", from, to];
    let out = in_folder(folder, &arguments).await?;
    let text = String::from_utf8_lossy(&out).into_owned();
    Ok(text.lines().map(|line| line.replace('\t', " ")).collect())
}

/// Whether a text can be a commit's id.
fn is_hash(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A name for a path or an address.
fn short(text: &str) -> String {
    trunkline_center::state::version_of(text.as_bytes()).chars().take(16).collect()
}

async fn make(folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    run(folder, &["init", "--quiet", "--bare", "--template=", "."]).await.map(drop)
}

fn attributes(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder.join("info"))?;
    std::fs::write(folder.join("info/attributes"), ATTRIBUTES)
}

/// Runs git; gives back what it wrote, or why it failed, on one line.
async fn run(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    // Nobody is there to be asked for a password, and looking writes nothing.
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0");
    command.envs([crate::pipelines::leftovers::mark()]);
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_QUARANTINE_PATH"] {
        command.env_remove(name);
    }
    let output = command.output().await.map_err(|error| format!("git cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty()).take(6);
    Err(lines.collect::<Vec<_>>().join("; "))
}

fn unavailable(repository: &str, why: &str) -> Report {
    // Its password is nobody's business, and git may repeat it.
    let shown = crate::triggers::repository::public(repository);
    let (why, repository) = (why.replace(repository, &shown), shown);
    Diagnostic::error("TL0718", format!("the repository {repository} cannot be read"))
        .because(format!("git says: {why}"))
        .help("check its name, and that the server may read it")
        .report()
}

fn no_revision(revision: &str, why: &str) -> Report {
    Diagnostic::error("TL0718", format!("{revision} cannot be had"))
        .because(format!("git says: {why}"))
        .help("push it, or name one that is there")
        .report()
}
