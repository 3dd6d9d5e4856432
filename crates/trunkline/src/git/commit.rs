//! An export as a commit: built beside the work tree and the index of the person who works there.
//!
//! `refs/trunkline/export/ENV-REGION` is the last one. Each says in its message which target it is of and which
//! tree it has, so that another clone finds it among what was merged; a commit that only repeats the message
//! (a squash, a cherry-pick) has another tree and is not taken for one. `refs/trunkline/ids/ENV-REGION` holds
//! the ids that it found, to recognise what was renamed since.

use super::changes::managed;
use super::{Repository, failed};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use trunkline_center::{File, kind_named, renames::Ids};
use trunkline_model::{Report, Target};

const TRAILER: &str = "Trunkline-Export";
/// The folder of all documents.
const FOLDER: &str = "connect";
/// Who commits where git knows nobody.
const NOBODY: (&str, &str) = ("Trunkline", "trunkline@localhost");

/// What an export builds upon.
pub(crate) struct LastExport {
    /// The commit.
    pub(crate) commit: String,
    /// Whether it is an export; else it is the branch as it is, because there is no export yet.
    pub(crate) is_export: bool,
    /// The ids that are known, and whether they are of that very commit.
    pub(crate) ids: Option<(Ids, bool)>,
}

/// An export that is kept.
pub(crate) struct Kept {
    /// The commit.
    pub(crate) commit: String,
    /// Its name: a ref.
    pub(crate) name: String,
}

/// What a new commit holds.
pub(crate) struct Contents<'a> {
    pub(crate) target: &'a Target,
    pub(crate) writes: &'a [File],
    pub(crate) removes: &'a [String],
    pub(crate) ids: &'a Ids,
    /// The first paragraph after the subject.
    pub(crate) about: String,
}

fn key(target: &Target) -> String {
    format!("{}-{}", target.environment.name, target.region)
}

fn export_ref(target: &Target) -> String {
    format!("refs/trunkline/export/{}", key(target))
}

fn ids_ref(target: &Target) -> String {
    format!("refs/trunkline/ids/{}", key(target))
}

impl Repository {
    /// What the next export of a target builds upon: the last one, known here or merged into the branch,
    /// else the branch.
    pub(crate) fn last_export(&self, target: &Target, head: &str) -> LastExport {
        let here = self.commit_of(&export_ref(target));
        let merged = self.merged_export(target, head);
        let last = match (here, merged) {
            (Some(here), Some(merged)) if self.is_ancestor(&merged, &here) => Some(here),
            // What another clone exported and merged is what the branch builds upon.
            (_, Some(merged)) => Some(merged),
            (here, None) => here,
        };
        let first = if last.is_none() { self.first_export(target, head) } else { None };
        let ids = self.ids(target).map(|(ids, of)| {
            let is_latest = first.is_some() || of == last.clone().unwrap_or_default();
            (ids, is_latest)
        });
        let last = last.or(first);
        let is_export = last.is_some();
        LastExport { commit: last.unwrap_or_else(|| head.to_owned()), is_export, ids }
    }

    /// The newest commit of the branch that holds the documents just as the export before the first commit
    /// wrote them.
    fn first_export(&self, target: &Target, head: &str) -> Option<String> {
        let text = self.run(&["cat-file", "blob", &ids_ref(target)]).ok()?;
        let value: Value = serde_json::from_str(&text).ok()?;
        let wanted = value["documents"].as_str()?;
        let commits = self.run(&["rev-list", "-n1000", head]).ok()?;
        let folder = format!("{}{FOLDER}", self.prefix);
        let asked: String = commits.lines().map(|commit| format!("{commit}:{folder}\n")).collect();
        let arguments = ["cat-file", "--batch-check=%(objectname)"];
        let found = self.output(&arguments, &[], Some(asked.as_bytes())).ok()?;
        let found = String::from_utf8_lossy(&found).into_owned();
        let mut pairs = commits.lines().zip(found.lines());
        pairs.find(|(_, documents)| *documents == wanted).map(|(commit, _)| commit.to_owned())
    }

    /// The newest export of a target that was merged into the branch.
    fn merged_export(&self, target: &Target, head: &str) -> Option<String> {
        let pattern = format!("^{TRAILER}: {} [0-9a-f]*$", key(target).replace('.', "\\."));
        let format = format!("--format=%H %T %(trailers:key={TRAILER},valueonly,separator=%x20)");
        let text = self
            .run(&["log", "-n50", "--basic-regexp", &format!("--grep={pattern}"), &format, head])
            .ok()?;
        let own = |line: &str| {
            let mut words = line.split(' ');
            let (commit, tree) = (words.next()?, words.next()?);
            words.any(|word| word == tree).then(|| commit.to_owned())
        };
        text.lines().find_map(own)
    }

    /// Whether the branch has gone another way, so that a merge commit has to join both.
    pub(crate) fn needs_join(&self, kept: &Kept, head: &str) -> bool {
        !self.is_ancestor(&kept.commit, head) && !self.is_ancestor(head, &kept.commit)
    }

    /// Whether two commits hold the same file of the project.
    pub(crate) fn same_file(&self, one: &str, other: &str, file: &str) -> bool {
        let object = |commit: &str| {
            self.line(&["rev-parse", "-q", "--verify", &format!("{commit}:./{file}")])
        };
        object(one) == object(other)
    }

    /// The files that an export builds upon, of every kind.
    pub(crate) fn documents_of(&self, commit: &str) -> Result<Vec<File>, Report> {
        self.files(commit, &managed())
    }

    /// Keeps an export: makes its commit, where anything changed, and moves the refs to it. Neither the work
    /// tree nor the branch changes.
    pub(crate) fn keep(&self, last: &LastExport, contents: &Contents<'_>) -> Result<Kept, Report> {
        let tree = self.tree(Some(&last.commit), contents.writes, contents.removes)?;
        let before = self.line(&["rev-parse", &format!("{}^{{tree}}", last.commit)]);
        let is_new = before.as_deref() != Some(tree.as_str());
        let commit = if is_new {
            let (environment, region) =
                (&contents.target.environment.name, &contents.target.region);
            let subject = format!("Export {environment} ({region})");
            let trailer = format!("{TRAILER}: {} {tree}", key(contents.target));
            let message = format!("{subject}\n\n{}\n\n{trailer}\n", contents.about);
            self.commit(&tree, &last.commit, &message)?
        } else {
            last.commit.clone()
        };
        self.move_refs(contents, &commit)?;
        Ok(Kept { commit, name: export_ref(contents.target) })
    }

    /// Keeps only the ids and the name of what was written, before there is a commit to keep an export upon.
    pub(crate) fn keep_ids(
        &self,
        target: &Target,
        ids: &Ids,
        writes: &[File],
    ) -> Result<(), Report> {
        let tree = self.tree(None, writes, &[])?;
        let documents = self.line(&["rev-parse", &format!("{tree}:{}{FOLDER}", self.prefix)]);
        let blob = self.ids_object(json!({ "commit": "", "documents": documents }), ids)?;
        self.run(&["update-ref", &ids_ref(target), &blob]).map(drop)
    }

    /// The ids that were kept and the commit that they are of.
    pub(crate) fn ids(&self, target: &Target) -> Option<(Ids, String)> {
        let text = self.run(&["cat-file", "blob", &ids_ref(target)]).ok()?;
        let value: Value = serde_json::from_str(&text).ok()?;
        let entry = |(name, id): (&String, &Value)| {
            let (kind, name) = name.split_once(':')?;
            let kind = kind_named(kind)?.spec().name;
            Some(((kind, name.to_owned()), id.as_str()?.to_owned()))
        };
        let ids = value["ids"].as_object()?.iter().filter_map(entry).collect();
        Some((ids, value["commit"].as_str()?.to_owned()))
    }

    fn ids_object(&self, mut of: Value, ids: &Ids) -> Result<String, Report> {
        let ids: serde_json::Map<String, Value> =
            ids.iter().map(|((kind, name), id)| (format!("{kind}:{name}"), json!(id))).collect();
        of["ids"] = Value::Object(ids);
        let text = of.to_string();
        let blob = self.output(&["hash-object", "-w", "--stdin"], &[], Some(text.as_bytes()))?;
        Ok(String::from_utf8_lossy(&blob).trim().to_owned())
    }

    fn move_refs(&self, contents: &Contents<'_>, commit: &str) -> Result<(), Report> {
        let blob = self.ids_object(json!({ "commit": commit }), contents.ids)?;
        let (export, ids) = (export_ref(contents.target), ids_ref(contents.target));
        let both =
            format!("start\nupdate {export} {commit}\nupdate {ids} {blob}\nprepare\ncommit\n");
        self.output(&["update-ref", "--stdin"], &[], Some(both.as_bytes())).map(drop)
    }

    /// Commits a file on top of the branch, and brings branch and work tree there.
    pub(crate) fn commit_file(
        &self,
        head: &str,
        file: File,
        subject: &str,
    ) -> Result<String, Report> {
        let tree = self.tree(Some(head), &[file], &[])?;
        let commit = self.commit(&tree, head, &format!("{subject}\n"))?;
        self.run(&["merge", "--quiet", "--ff-only", "--no-stat", &commit])?;
        Ok(commit)
    }

    fn commit(&self, tree: &str, parent: &str, message: &str) -> Result<String, Report> {
        let variables = self.identity();
        let arguments = ["commit-tree", tree, "-p", parent, "-F", "-"];
        let commit = self.output(&arguments, &variables, Some(message.as_bytes()))?;
        Ok(String::from_utf8_lossy(&commit).trim().to_owned())
    }

    /// Variables that name an author and a committer where git knows none.
    pub(super) fn identity(&self) -> Vec<(&'static str, &'static Path)> {
        let (name, email) = (Path::new(NOBODY.0), Path::new(NOBODY.1));
        let mut variables = Vec::new();
        if !self.succeeds(&["var", "GIT_AUTHOR_IDENT"]) {
            variables.extend([("GIT_AUTHOR_NAME", name), ("GIT_AUTHOR_EMAIL", email)]);
        }
        if !self.succeeds(&["var", "GIT_COMMITTER_IDENT"]) {
            variables.extend([("GIT_COMMITTER_NAME", name), ("GIT_COMMITTER_EMAIL", email)]);
        }
        variables
    }

    /// The tree of a commit, or of nothing, with some files of the project written and some removed.
    fn tree(
        &self,
        commit: Option<&str>,
        writes: &[File],
        removes: &[String],
    ) -> Result<String, Report> {
        let scratch = Scratch::make(&self.folder)?;
        let (index, place) = (scratch.0.join("index"), scratch.0.join("tree"));
        for (path, bytes) in writes {
            let path = place.join(&self.prefix).join(path);
            let folder = path.parent().unwrap_or(&place).to_path_buf();
            let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, bytes));
            written.map_err(|e| crate::files::failed(&path.display().to_string(), &e))?;
        }
        fs::create_dir_all(&place)
            .map_err(|e| crate::files::failed(&place.display().to_string(), &e))?;
        let variables = [
            ("GIT_INDEX_FILE", index.as_path()),
            ("GIT_WORK_TREE", place.as_path()),
            ("GIT_DIR", self.folder.as_path()),
        ];
        let git = |arguments: &[&str], input: Option<&[u8]>| {
            let plain = ["-c", "core.sparseCheckout=false", "-c", "core.fsmonitor=false"];
            let arguments = [&plain, arguments].concat();
            let output = self.raw(&place, &arguments, &variables, input)?;
            if output.status.success() {
                return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
            }
            Err(failed(arguments[4], &super::words(&output)))
        };
        let list = |paths: &mut dyn Iterator<Item = &str>| -> Vec<u8> {
            paths.flat_map(|path| format!("{}{path}\0", self.prefix).into_bytes()).collect()
        };
        git(&["read-tree", commit.unwrap_or("--empty")], None)?;
        let removed = list(&mut removes.iter().map(String::as_str));
        git(&["update-index", "--force-remove", "-z", "--stdin"], Some(&removed))?;
        // Through the index of that tree, so that its attributes (line ends, large files) hold.
        let written = list(&mut writes.iter().map(|(path, _)| path.as_str()));
        git(&["update-index", "--add", "-z", "--stdin"], Some(&written))?;
        git(&["write-tree"], None)
    }
}

/// A folder among git's own files that goes away.
struct Scratch(PathBuf);

impl Scratch {
    fn make(folder: &Path) -> Result<Self, Report> {
        let path = folder.join(format!("trunkline-export.{}", std::process::id()));
        // What an earlier process of this number left is of no use.
        let _ = fs::remove_dir_all(&path);
        let made = fs::create_dir_all(&path);
        made.map_err(|e| crate::files::failed(&path.display().to_string(), &e))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It lies where only git looks, and under a name that git does not use.
        let _ = fs::remove_dir_all(&self.0);
    }
}
