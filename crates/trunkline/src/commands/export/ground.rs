//! Where an export is written: into the branch of a repository, or into plain files.
//!
//! In a repository with a commit, the export becomes a commit on top of the last one and is merged. Before the
//! first commit, without a repository, and with `--no-commit`, files are written over what is there.

use crate::connect::Connected;
use crate::context::{App, CONFIG, Located};
use crate::files;
use crate::git::{Contents, Merged, Repository};
use std::collections::BTreeSet;
use std::path::Path;
use trunkline_center::File;
use trunkline_center::export::Exported;
use trunkline_center::renames::Ids;
use trunkline_center::revision::{Revision, Start, revise};
use trunkline_model::Report;

/// What an export is written upon.
pub(super) enum Ground {
    /// Files.
    Files,
    /// A repository without a commit: files, and the ids are remembered.
    Unborn(Repository),
    /// A branch: the repository and the commit that it is at.
    Branch(Repository, String),
}

/// An export that waits to be written.
pub(super) struct Work<'a> {
    pub(super) located: &'a Located,
    pub(super) connected: &'a Connected,
    pub(super) exported: &'a Exported,
    /// Whether a resource is read, in scope and selected.
    pub(super) looks_at: &'a dyn Fn(&str, &str) -> bool,
    pub(super) accept_deletions: bool,
}

/// What writing an export changed; paths relative to the project.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) added: Vec<String>,
    pub(super) changed: Vec<String>,
    pub(super) removed: Vec<String>,
    /// Files of documents that the instance no longer has; proposed, not removed.
    pub(super) gone: Vec<String>,
    /// Kind, old and new name.
    pub(super) renamed: Vec<(&'static str, String, String)>,
    /// The commit, where there is one.
    pub(super) kept: Option<Committed>,
}

/// Where an export is kept.
#[derive(Debug)]
pub(super) struct Committed {
    pub(super) commit: String,
    pub(super) branch: String,
    pub(super) merged: Merged,
}

impl Ground {
    /// Finds out where to write. TL0712: something stands in the way of a merge.
    pub(super) fn find(root: &Path, no_commit: bool) -> Result<Self, Report> {
        if no_commit {
            return Ok(Self::Files);
        }
        let repository = Repository::open(root)?.filter(|r| !r.ignores(CONFIG));
        let Some(repository) = repository else { return Ok(Self::Files) };
        let Some(head) = repository.head() else { return Ok(Self::Unborn(repository)) };
        repository.check_ready()?;
        Ok(Self::Branch(repository, head))
    }

    /// Writes an export.
    pub(super) fn write(self, work: &Work<'_>, app: &App) -> Result<Written, Report> {
        match self {
            Self::Files => work.to_files(None).map(|(written, _)| written),
            Self::Unborn(repository) => {
                let target = &work.connected.target;
                let before = repository.ids(target).map(|(ids, _)| ids);
                let (written, revision) = work.to_files(before.as_ref())?;
                repository.keep_ids(target, &revision.ids, &revision.writes)?;
                Ok(written)
            }
            Self::Branch(repository, head) => work.to_branch(&repository, head, app),
        }
    }
}

impl Work<'_> {
    fn revise(
        &self,
        files: &[File],
        ids: Option<(&Ids, bool)>,
        edited: &BTreeSet<String>,
    ) -> Revision {
        let (looks_at, accept_deletions) = (self.looks_at, self.accept_deletions);
        let (ids, ids_are_latest) =
            (ids.map(|(ids, _)| ids), ids.is_some_and(|(_, latest)| latest));
        let start = Start { files, ids, ids_are_latest, looks_at, edited, accept_deletions };
        revise(self.exported, &start)
    }

    fn to_files(&self, ids: Option<&Ids>) -> Result<(Written, Revision), Report> {
        let root = &self.located.root;
        let existing = files::read(root)?;
        let revision = self.revise(&existing, ids.map(|ids| (ids, true)), &BTreeSet::new());
        if let Some((file, bytes)) = self.bindings()? {
            files::replace(&root.join(&file), &bytes).map_err(|e| files::failed(&file, &e))?;
        }
        let (added, changed) = files::write(root, &existing, &revision.writes)?;
        files::remove(root, &revision.removes)?;
        let gone = self.still_there(&revision);
        let (removed, renamed) = (revision.removes.clone(), revision.renamed.clone());
        Ok((Written { added, changed, removed, gone, renamed, kept: None }, revision))
    }

    fn to_branch(
        &self,
        repository: &Repository,
        head: String,
        app: &App,
    ) -> Result<Written, Report> {
        let target = &self.connected.target;
        let last = repository.last_export(target, &head);
        let base = repository.documents_of(&last.commit)?;
        if !last.is_export {
            let name = &target.environment.name;
            app.printer.say(&format!(
                "No earlier export of {name} is known here: where documents differ, the instance is taken."
            ));
        }
        let ids = last.ids.as_ref().map(|(ids, latest)| (ids, *latest));
        let edited = repository.changed(&last.commit, &head)?;
        let edited = edited.into_iter().map(|(_, path)| path).collect();
        let mut revision = self.revise(&base, ids, &edited);
        let mut now = head.clone();
        if let Some(file) = self.bindings()? {
            repository.check_clean(&file.0)?;
            if repository.same_file(&last.commit, &head, &file.0) {
                revision.writes.push(file);
            } else {
                // The export builds upon an older state of the file: there the line would conflict.
                let subject = format!("Bind what the export of {} names", target.environment.name);
                now = repository.commit_file(&head, file, &subject)?;
            }
        }
        let instance = &self.connected.instance;
        let contents = Contents {
            target,
            writes: &revision.writes,
            removes: &revision.removes,
            ids: &revision.ids,
            about: format!("Instance {} of account {}.", instance.alias, instance.account),
        };
        let kept = repository.keep(&last, &contents)?;
        if repository.needs_join(&kept, &now) {
            prepare(repository, app)?;
        }
        let name = format!("{} ({})", target.environment.name, target.region);
        let merged = repository.merge(&kept, &format!("Merge the export of {name}"))?;
        let end = repository.head().unwrap_or(now);
        let mut written = Written { gone: self.still_there(&revision), ..Written::default() };
        for (letter, path) in repository.changed(&head, &end)? {
            match letter {
                'A' => written.added.push(path),
                'D' => written.removed.push(path),
                _ => written.changed.push(path),
            }
        }
        written.renamed = revision.renamed;
        let (commit, branch) = (kept.commit, repository.branch());
        written.kept = Some(Committed { commit, branch, merged });
        Ok(written)
    }

    /// The files of what the instance no longer has, where they are still there.
    fn still_there(&self, revision: &Revision) -> Vec<String> {
        let there = revision.gone.iter().filter(|(_, file)| self.located.root.join(file).exists());
        there.map(|(_, file)| file.clone()).collect()
    }

    /// The configuration with the proposed bindings, with the values of the environment that is exported.
    fn bindings(&self) -> Result<Option<File>, Report> {
        let found = &self.exported.unnamed;
        if found.is_empty() {
            return Ok(None);
        }
        let file = self.located.project.file.clone();
        let text = std::fs::read_to_string(self.located.root.join(&file));
        let text = text.map_err(|e| files::failed(&file, &e))?;
        let environment = &self.connected.target.environment.name;
        let additions = found
            .iter()
            .map(|u| (format!("{}:{}", u.kind, u.name), environment.clone(), u.value.clone()));
        let text = trunkline_config::add_bindings(&text, &additions.collect::<Vec<_>>());
        Ok(Some((file, text.into_bytes())))
    }
}

/// Makes sure that flows are merged by block, and says what it did for that.
fn prepare(repository: &Repository, app: &App) -> Result<(), Report> {
    if repository.install_driver_if_missing()? {
        app.printer.say(
            "Flows are merged by block: `merge.trunkline.driver` is set in this clone's git configuration now.",
        );
    }
    if !repository.has_attributes() {
        app.printer
            .say("`trunkline init` writes .gitattributes, so that your own merges do the same.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use trunkline_center::KINDS;

    #[test]
    fn attributes_name_the_folders_of_flows_and_modules() {
        for kind in ["flow", "module"] {
            let spec = KINDS.iter().map(|k| k.spec()).find(|s| s.name == kind).expect("a kind");
            let line = format!("{}/*.json merge=trunkline", spec.folder);
            assert!(crate::git::ATTRIBUTES.contains(&line.as_str()), "{line}");
        }
    }
}
