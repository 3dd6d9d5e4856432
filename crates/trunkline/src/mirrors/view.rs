//! Reading a repository through a bare one of our own, without a work tree.
//!
//! A view borrows the objects of a repository on this machine (`alternates`) or is the mirror of a remote. Its own
//! attributes switch `export-ignore` and `export-subst` off, so that an archive is what a clone would hold.
//! Never writes to the repository that is looked at.

use super::process::{At, SILENT, gathered, local};
use super::refs::{self, Refs};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use trunkline_model::{Diagnostic, Report};

/// Attributes that win over those of a commit.
const ATTRIBUTES: &str = "* -export-ignore -export-subst\n";
/// What is asked of a commit, separated by NUL: id, author's and committer's date, message.
const FORMAT: &str = "--format=%H%x00%aI%x00%cI%x00%B";
/// Bytes of a commit's message that are kept as a variable.
const MESSAGE_BYTES: usize = 100 * 1024;

/// A repository, as far as it is read.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// A bare repository of our own, with all objects.
    pub(super) folder: PathBuf,
    /// The folder of git's files in which branches are looked up.
    pub(super) refs: PathBuf,
}

/// A commit, as variables tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) id: String,
    pub(crate) author_date: String,
    pub(crate) committer_date: String,
    pub(crate) message: String,
}

impl Commit {
    /// The first line of its message.
    pub(crate) fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

/// Makes a bare repository that reads so; nothing where it is there.
pub(super) async fn make(folder: &Path) -> Result<bool, String> {
    if folder.join("HEAD").is_file() && folder.join("info/attributes").exists() {
        return Ok(false);
    }
    std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    // Without a template: nobody's hooks run here.
    let branch = "--initial-branch=main";
    let arguments = ["init", "--quiet", "--bare", "--template=", branch, "."];
    local(At::Bare(folder), &arguments).await?;
    Ok(true)
}

/// Ends the making of a repository: who finds these attributes finds all of it.
pub(super) fn finish(folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder.join("info"))
        .and_then(|()| std::fs::write(folder.join("info/attributes"), ATTRIBUTES))
        .map_err(|error| error.to_string())
}

/// The folders of references and of objects of a repository on this machine: bare, or a folder with a work tree.
pub(super) async fn files_of(repository: &Path) -> Result<(PathBuf, PathBuf), String> {
    for refs in [repository.to_path_buf(), repository.join(".git")] {
        let objects = refs.join("objects");
        if objects.is_dir() {
            return Ok((refs, objects));
        }
    }
    // A work tree of `git worktree`, or a folder within one.
    let arguments = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
    let out = local(At::Work(repository), &arguments).await?;
    let refs = PathBuf::from(text(out).trim());
    let objects = refs.join("objects");
    Ok((refs, objects))
}

impl View {
    /// Every view and mirror in a folder.
    pub(crate) fn all(mirrors: &Path) -> Vec<Self> {
        let entries = std::fs::read_dir(mirrors).into_iter().flatten().flatten();
        let folders = entries.map(|entry| entry.path());
        let ours = folders.filter(|path| path.join("info/attributes").is_file());
        ours.map(|folder| Self { refs: folder.clone(), folder }).collect()
    }

    async fn run(&self, arguments: &[&str]) -> Result<String, String> {
        local(At::Bare(&self.folder), arguments).await.map(text)
    }

    /// Branches and tags, with what they point to.
    pub(crate) async fn refs(&self) -> Result<Refs, String> {
        if let Some(refs) = refs::in_files(&self.refs) {
            return Ok(refs);
        }
        let format = "--format=%(objectname) %(refname)";
        let arguments = ["for-each-ref", format, "refs/heads", "refs/tags"];
        let out = text(local(At::Bare(&self.refs), &arguments).await?);
        let pairs = out.lines().filter_map(|line| line.split_once(' '));
        Ok(pairs.map(|(object, name)| (name.to_owned(), object.to_owned())).collect())
    }

    /// The branch that a new branch is compared with: HEAD's, else main or master.
    pub(crate) fn default_branch(&self, refs: &Refs) -> Option<String> {
        let head = refs::head(&self.refs).unwrap_or_default();
        let known = [head.as_str(), "refs/heads/main", "refs/heads/master"];
        known.into_iter().find(|name| refs.contains_key(*name)).map(str::to_owned)
    }

    /// The commit that an object, perhaps a tag, or a reference of a mirror stands for.
    pub(crate) async fn resolve(&self, name: &str) -> Option<String> {
        let name = format!("{name}^{{commit}}");
        let out = self.run(&["rev-parse", "--quiet", "--verify", "--end-of-options", &name]).await;
        out.ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// Whether it holds a commit.
    pub(crate) async fn has(&self, commit: &str) -> bool {
        let object = format!("{commit}^{{commit}}");
        is_hash(commit) && self.run(&["cat-file", "-e", &object]).await.is_ok()
    }

    /// The head of a branch. TL0718: there is none.
    pub(crate) async fn head(&self, branch: &str) -> Result<Commit, Report> {
        let shown = format!("branch `{branch}`");
        let name = format!("refs/heads/{branch}");
        // From its file, where it has one: the rest is then asked of our own repository.
        let refs = refs::in_files(&self.refs);
        match refs.as_ref().and_then(|refs| refs.get(&name)) {
            Some(object) => self.read(At::Bare(&self.folder), object, &shown).await,
            None => self.read(At::Bare(&self.refs), &name, &shown).await,
        }
    }

    /// A commit by its id. TL0718: there is none.
    pub(crate) async fn commit(&self, id: &str) -> Result<Commit, Report> {
        let shown = format!("commit `{id}`");
        if !is_hash(id) {
            return Err(no_revision(&shown, "that is no commit's id"));
        }
        self.read(At::Bare(&self.folder), &format!("{id}^{{commit}}"), &shown).await
    }

    async fn read(&self, at: At<'_>, what: &str, shown: &str) -> Result<Commit, Report> {
        let arguments =
            ["log", "-1", "--no-show-signature", FORMAT, "--end-of-options", what, "--"];
        let out = local(at, &arguments).await.map_err(|why| no_revision(shown, &why))?;
        let text = text(out);
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

    /// The files of a commit as a zip, the same bytes each time. Not compressed: the repository has it small, and
    /// whoever reads it next is on this machine.
    pub(crate) async fn archive(&self, commit: &str) -> Result<Vec<u8>, Report> {
        if !is_hash(commit) {
            return Err(no_revision(&format!("commit `{commit}`"), "that is no commit's id"));
        }
        let arguments = ["archive", "--format=zip", "-0", commit];
        let made = gathered(At::Bare(&self.folder), &arguments).await;
        made.map_err(|why| no_revision(commit, &why))
    }

    /// The best common ancestor of two commits, if they have one. Why it is not known: one of them is not there.
    pub(crate) async fn base(&self, one: &str, other: &str) -> Result<Option<String>, String> {
        match self.run(&["merge-base", one, other]).await {
            Ok(out) => Ok(out.lines().next().map(str::to_owned)),
            // Without an ancestor, git says nothing.
            Err(why) if why == SILENT => Ok(None),
            Err(why) => Err(why),
        }
    }

    /// The files that differ between two commits; both names of a renamed one.
    pub(crate) async fn diff(&self, before: &str, after: &str) -> Result<Vec<String>, String> {
        let all =
            ["diff", "--name-only", "--no-renames", "-z", "--end-of-options", before, after, "--"];
        Ok(paths(&self.run(&all).await?))
    }

    /// All files of a commit.
    pub(crate) async fn files(&self, commit: &str) -> Result<Vec<String>, String> {
        let all = ["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit];
        Ok(paths(&self.run(&all).await?))
    }

    /// Files with their object ids in a commit, below some folders.
    pub(crate) async fn objects(
        &self,
        commit: &str,
        paths: &[&str],
    ) -> Result<BTreeMap<String, String>, String> {
        let arguments = ["ls-tree", "-r", "-z", "--full-tree", commit, "--"];
        let out = self.run(&[&arguments[..], paths].concat()).await?;
        let entry = |entry: &str| {
            let (meta, path) = entry.split_once('\t')?;
            Some((path.to_owned(), meta.rsplit(' ').next()?.to_owned()))
        };
        Ok(out.split('\0').filter_map(entry).collect())
    }

    /// Makes a folder that holds something a clone with its history, at a commit. Nothing is fetched: the clone only
    /// says that it comes from `origin`. TL0718.
    pub(crate) async fn make_clone(
        &self,
        folder: &Path,
        commit: &str,
        branch: &str,
        origin: &str,
    ) -> Result<(), Report> {
        if !is_hash(commit) {
            return Err(no_revision(&format!("commit `{commit}`"), "that is no commit's id"));
        }
        let (refs, objects) = (self.refs.to_string_lossy(), self.folder.to_string_lossy());
        let heads = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
        let branch = if branch.is_empty() { "source" } else { branch };
        in_folder(folder, &["init", "--quiet", "--template=", "."]).await?;
        in_folder(folder, &["fetch", "--quiet", "--", &refs, heads[0], heads[1]]).await?;
        let checkout = ["checkout", "--quiet", "-B", branch, commit];
        if in_folder(folder, &checkout).await.is_err() {
            // Perhaps no branch has it any more.
            in_folder(folder, &["fetch", "--quiet", "--no-tags", "--", &objects, commit]).await?;
            in_folder(folder, &checkout).await?;
        }
        in_folder(folder, &["remote", "add", "origin", origin]).await.map(drop)
    }
}

/// Runs git in a clone. TL0718 with its own words.
pub(crate) async fn in_folder(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, Report> {
    let ran = local(At::Work(folder), arguments).await;
    ran.map_err(|why| failed(arguments.first().unwrap_or(&""), &why))
}

/// TL0718 with git's own words.
pub(super) fn failed(what: &str, why: &str) -> Report {
    Diagnostic::error("TL0718", format!("`git {what}` failed"))
        .because(format!("git says: {why}"))
        .help("check that the server may read the repository and write to it")
        .report()
}

/// What changed between two commits: letter and path.
pub(crate) async fn changed(folder: &Path, from: &str, to: &str) -> Result<Vec<String>, Report> {
    let arguments = ["diff", "--name-status", "--no-renames", from, to];
    let text = text(in_folder(folder, &arguments).await?);
    Ok(text.lines().map(|line| line.replace('\t', " ")).collect())
}

/// Whether a text can be a commit's id.
fn is_hash(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn paths(out: &str) -> Vec<String> {
    out.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect()
}

fn no_revision(revision: &str, why: &str) -> Report {
    Diagnostic::error("TL0718", format!("{revision} cannot be had"))
        .because(format!("git says: {why}"))
        .help("push it, or name one that is there")
        .report()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn references_read_from_files_are_those_that_git_tells() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path().join("a.git");
        assert!(make(&folder).await.expect("git is there"));
        let git = View { refs: folder.clone(), folder };
        assert_eq!(refs::in_files(&git.folder), Some(Refs::new()));
        let tree = git.run(&["mktree"]).await.expect("an empty tree");
        let commit = |message: &'static str| {
            let (git, tree) = (git.clone(), tree.trim().to_owned());
            async move {
                let name = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
                let words = [&name[..], &["commit-tree", "-m", message, &tree]].concat();
                git.run(&words).await.expect("a commit").trim().to_owned()
            }
        };
        let (one, two) = (commit("one").await, commit("two").await);
        let point = async |name: &str, to: &str| {
            git.run(&["update-ref", name, to]).await.expect("it points there");
        };
        let check = async || {
            let format = "--format=%(refname) %(objectname)";
            let told = git.run(&["for-each-ref", format, "refs/heads", "refs/tags"]).await;
            let read = refs::in_files(&git.folder).expect("they are files");
            let read: Vec<String> = read.iter().map(|(name, to)| format!("{name} {to}")).collect();
            assert_eq!(read, told.expect("git tells").lines().collect::<Vec<_>>());
        };
        point("refs/heads/main", &one).await;
        point("refs/heads/feature/a", &one).await;
        point("refs/tags/v1", &one).await;
        point("refs/notes/other", &one).await;
        check().await;
        git.run(&["pack-refs", "--all"]).await.expect("they can be packed");
        check().await;
        point("refs/heads/main", &two).await;
        git.run(&["update-ref", "-d", "refs/tags/v1"]).await.expect("it goes");
        check().await;
        git.run(&["symbolic-ref", "refs/heads/alias", "refs/heads/main"]).await.expect("an alias");
        assert_eq!(refs::in_files(&git.folder), None, "git is asked");
    }
}
