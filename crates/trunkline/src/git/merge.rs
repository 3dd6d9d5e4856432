//! Merging an export into the branch, as `git merge` does it: forward where nothing else happened, else with a
//! merge commit. Conflicts stay in the work tree as git leaves them.

use super::driver::in_conflict;
use super::{Kept, Repository, failed, words};
use std::collections::BTreeMap;
use trunkline_model::{Diagnostic, Report};

/// How an export came into the branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Merged {
    /// It was there.
    Nothing,
    /// The branch went forward to it.
    Forward,
    /// A merge commit joined both.
    Joined,
}

impl Repository {
    /// Merges a kept export. TL0713: both sides changed the same; the merge waits to be finished.
    pub(crate) fn merge(&self, kept: &Kept, message: &str) -> Result<Merged, Report> {
        let head = self.head().unwrap_or_default();
        if self.is_ancestor(&kept.commit, &head) {
            return Ok(Merged::Nothing);
        }
        let mut settings = self.driver_settings(&kept.name).to_vec();
        let own = (!self.has_attributes()).then(|| self.folder.join("trunkline-attributes"));
        if let Some(path) = &own {
            let written = std::fs::write(path, self.attributes_from_above());
            written.map_err(|e| crate::files::failed(&path.display().to_string(), &e))?;
            settings.push(format!("core.attributesFile={}", path.display()));
        }
        let mut arguments: Vec<&str> = Vec::new();
        for setting in &settings {
            arguments.extend(["-c", setting]);
        }
        // What a branch's settings may turn around is said.
        let plain = ["--ff", "--commit", "--no-squash", "--no-edit", "--no-stat", "--quiet"];
        let options = [&["merge"], &plain[..], &["-m", message]].concat();
        arguments.extend(options.into_iter().chain([kept.name.as_str()]));
        let output = self.raw(&self.root, &arguments, &self.identity(), None)?;
        if let Some(path) = &own {
            // Another merge writes it anew.
            let _ = std::fs::remove_file(path);
        }
        if output.status.success() {
            let forward = self.head().as_deref() == Some(kept.commit.as_str());
            return Ok(if forward { Merged::Forward } else { Merged::Joined });
        }
        let conflicts = self.conflicts()?;
        if conflicts.is_empty() {
            return Err(failed("merge", &words(&output)));
        }
        Err(conflicted(&conflicts).report())
    }

    /// The files that wait for somebody to choose, each with what conflicts in it.
    fn conflicts(&self) -> Result<Vec<(String, String)>, Report> {
        let text = self.run(&["ls-files", "--unmerged", "-z", "--full-name"])?;
        let mut files: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for entry in text.split('\0') {
            let Some((meta, path)) = entry.split_once('\t') else { continue };
            let mut meta = meta.split(' ').skip(1);
            let (Some(object), Some(stage)) = (meta.next(), meta.next()) else { continue };
            let stages = files.entry(self.of_project(path)).or_default();
            stages.insert(stage.to_owned(), object.to_owned());
        }
        files.into_iter().map(|(path, stages)| Ok((path, self.what_conflicts(&stages)?))).collect()
    }

    fn what_conflicts(&self, stages: &BTreeMap<String, String>) -> Result<String, Report> {
        let (Some(ours), Some(theirs)) = (stages.get("2"), stages.get("3")) else {
            let gone_here = !stages.contains_key("2");
            return Ok(if gone_here {
                "deleted or moved here, changed in the console".to_owned()
            } else {
                "deleted or renamed in the console, changed here".to_owned()
            });
        };
        let objects: Vec<&str> = [Some(ours), Some(theirs), stages.get("1")]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let contents = self.contents(&objects)?;
        let base = contents.get(2).map(Vec::as_slice);
        let blocks = in_conflict(base, &contents[0], &contents[1]);
        Ok(if blocks.is_empty() { "changed on both sides".to_owned() } else { blocks.join(", ") })
    }
}

fn conflicted(files: &[(String, String)]) -> Diagnostic {
    let message = match files {
        [(file, _)] => format!("the console and the repository changed {file} in different ways"),
        _ => format!(
            "the console and the repository changed {} files in different ways",
            files.len()
        ),
    };
    let found = Diagnostic::error("TL0713", message);
    let found = files.iter().fold(found, |d, (file, what)| d.because(format!("{file}: {what}")));
    let names: Vec<String> = files.iter().map(|(file, _)| quoted(file)).collect();
    found.because("everything else is merged; the merge waits to be finished").help(format!(
        "choose in each file, then `git add {}` and `git commit`; `git merge --abort` goes back",
        names.join(" ")
    ))
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    let plain = path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    if plain { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}
