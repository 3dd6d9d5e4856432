//! What stands in the way of a merge: files that no commit holds, and a merge that is going on.

use super::Repository;
use trunkline_center::{KINDS, renames};
use trunkline_model::{Diagnostic, Report};

/// The most files that a message names.
const NAMED: usize = 8;

/// The folders and files of a project that an export writes.
pub(super) fn managed() -> Vec<String> {
    let mut paths: Vec<String> = KINDS.iter().map(|kind| kind.spec().folder.to_owned()).collect();
    paths.push(renames::FILE.to_owned());
    paths.sort();
    paths.dedup();
    paths
}

impl Repository {
    /// TL0712 where a merge is going on, where documents have changes that no commit holds, or where
    /// anything is staged: git would not merge, or could not be undone.
    pub(crate) fn check_ready(&self) -> Result<(), Report> {
        for (file, command) in [
            ("MERGE_HEAD", "merge"),
            ("CHERRY_PICK_HEAD", "cherry-pick"),
            ("REVERT_HEAD", "revert"),
            ("REBASE_HEAD", "rebase"),
        ] {
            if self.succeeds(&["rev-parse", "-q", "--verify", file]) {
                let message = format!("a {command} is going on in this repository");
                return Err(Diagnostic::error("TL0712", message)
                    .help(format!(
                        "finish it (resolve, `git add`, `git commit`), or go back with \
                         `git {command} --abort`"
                    ))
                    .report());
            }
        }
        let mut found = self.changes(&managed())?;
        found.extend(self.staged()?);
        refuse(found)
    }

    /// TL0712 where one file has changes that no commit holds.
    pub(crate) fn check_clean(&self, file: &str) -> Result<(), Report> {
        refuse(self.changes(&[file.to_owned()])?)
    }

    /// Files with changes under paths of the project.
    fn changes(&self, paths: &[String]) -> Result<Vec<String>, Report> {
        let mut arguments =
            vec!["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--"];
        arguments.extend(paths.iter().map(String::as_str));
        let text = self.run(&arguments)?;
        Ok(text.split('\0').filter_map(|e| e.get(3..)).map(|p| self.of_project(p)).collect())
    }

    /// Files with changes that are staged, anywhere in the repository.
    fn staged(&self) -> Result<Vec<String>, Report> {
        let text = self.run(&["diff", "--cached", "--name-only", "-z", "--no-renames"])?;
        Ok(text.split('\0').filter(|p| !p.is_empty()).map(|p| self.of_project(p)).collect())
    }
}

fn refuse(mut files: Vec<String>) -> Result<(), Report> {
    files.sort();
    files.dedup();
    if files.is_empty() {
        return Ok(());
    }
    let count = files.len();
    let message = match count {
        1 => format!("{} has changes that are not committed", files[0]),
        _ => format!("{count} files have changes that are not committed"),
    };
    let mut found = Diagnostic::error("TL0712", message);
    if count > 1 {
        let more = if count > NAMED { format!(", and {} more", count - NAMED) } else { "".into() };
        found = found.because(format!("{}{more}", files[..count.min(NAMED)].join(", ")));
    }
    Err(found
        .because("an export is merged into the branch; nothing was read or written")
        .help("`git add` and `git commit` them, or write over them with `--no-commit`")
        .report())
}
