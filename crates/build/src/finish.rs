//! What follows the commands: exported variables, artifacts, reports, caches.

use crate::artifacts::{self, Artifact};
use crate::build::{BuildResult, BuildStatus, ReportFiles};
use crate::cache;
use crate::process::Ended;
use crate::run::{Running, Trouble};
use crate::shell;
use std::collections::BTreeMap;
use trunkline_model::Diagnostic;
use trunkline_model::buildspec::{ArtifactFiles, Buildspec};

/// A result of nothing yet.
pub(crate) fn empty() -> BuildResult {
    BuildResult {
        status: BuildStatus::Succeeded,
        phases: Vec::new(),
        variables: BTreeMap::new(),
        artifacts: Vec::new(),
        reports: Vec::new(),
        reason: None,
    }
}

/// The result of a build that could not even begin.
pub(crate) fn fault(mut result: BuildResult, trouble: Trouble) -> BuildResult {
    result.status = BuildStatus::Fault;
    result.reason = trouble.diagnostic;
    result
}

/// Whether anything at the end needs the state of the last shell.
pub(crate) fn asks(spec: &Buildspec) -> bool {
    !spec.env.exported_variables.is_empty() || !texts(spec).is_empty()
}

/// The names and paths of a buildspec that hold something for a shell to expand.
fn texts(spec: &Buildspec) -> Vec<String> {
    let sets =
        spec.artifacts.iter().flat_map(|a| std::iter::once(&a.primary).chain(a.secondary.values()));
    let sets = sets.flat_map(|set| {
        let paths = set.files.iter().chain(&set.exclude_paths);
        paths.chain(&set.base_directory).chain(&set.name)
    });
    let reports = spec.reports.iter().flat_map(|r| r.files.iter().chain(&r.base_directory));
    sets.chain(reports).filter(|text| text.contains(['$', '`'])).cloned().collect()
}

impl Running<'_> {
    pub(crate) fn restore_cache(&mut self) -> Result<(), Trouble> {
        let (folders, paths) = (&self.build.folders, &self.build.spec.cache);
        let Some(cache) = folders.cache.as_deref().filter(|_| !paths.is_empty()) else {
            return Ok(());
        };
        let count = cache::restore(cache, &folders.source)?;
        self.say(&format!("Restored {count} file(s) from the cache"))
    }

    /// Exported variables, artifacts and reports.
    pub(crate) async fn upload(&mut self) -> Result<(), Trouble> {
        let expanded = self.ask().await?;
        let expand = |text: &String| expanded.get(text).unwrap_or(text).clone();
        let source = self.build.folders.source.clone();
        for group in &self.build.spec.reports {
            let set = ArtifactFiles {
                files: group.files.iter().map(expand).collect(),
                base_directory: group.base_directory.as_ref().map(expand),
                ..ArtifactFiles::default()
            };
            // Reports that lack fail nothing.
            let found = artifacts::select(&source, &set).unwrap_or_default();
            let format = group.file_format.clone().unwrap_or_else(|| "JUNITXML".to_owned());
            let files = found.into_iter().map(|entry| entry.file).collect::<Vec<_>>();
            let count = files.len();
            self.result.reports.push(ReportFiles { group: group.name.clone(), format, files });
            self.say(&format!("Found {count} report file(s) of {}", group.name))?;
        }
        let Some(declared) = &self.build.spec.artifacts else { return Ok(()) };
        let sets = std::iter::once((String::new(), &declared.primary))
            .chain(declared.secondary.iter().map(|(id, set)| (id.clone(), set)));
        for (id, set) in sets {
            if set.files.is_empty() {
                continue;
            }
            let set = ArtifactFiles {
                files: set.files.iter().map(expand).collect(),
                exclude_paths: set.exclude_paths.iter().map(expand).collect(),
                base_directory: set.base_directory.as_ref().map(expand),
                name: set.name.as_ref().map(expand),
                ..set.clone()
            };
            let artifact = self.artifact(&id, &set)?;
            self.result.artifacts.push(artifact);
        }
        Ok(())
    }

    fn artifact(&mut self, id: &str, set: &ArtifactFiles) -> Result<Artifact, Trouble> {
        let base = set.base_directory.as_deref().unwrap_or(".");
        self.say(&format!("Expanding base directory path: {base}"))?;
        self.say("Assembling file list")?;
        self.say(&format!("Expanding file paths for base directory {base}"))?;
        let folders = &self.build.folders;
        let entries = artifacts::select(&folders.source, set)
            .map_err(|why| Trouble::failed("CLIENT_ERROR", why.to_string()))?;
        self.say(&format!("Found {} file(s)", entries.len()))?;
        if entries.is_empty() {
            let message = "no matching artifact paths found";
            let diagnostic = Diagnostic::error("TL0859", message)
                .because(format!("nothing in `{base}` matches {}", set.files.join(", ")))
                .help("look at `artifacts` in the buildspec, and at what the build makes");
            return Err(Trouble { message: message.to_owned(), ..Trouble::refused(diagnostic) });
        }
        let name = if id.is_empty() { "artifact" } else { id };
        std::fs::create_dir_all(&folders.scratch)?;
        let file = folders.scratch.join(format!("{name}.zip"));
        let packed = artifacts::pack(&entries, &file, self.build.key.as_ref())?;
        let name = set.name.as_ref().map(|name| self.log.masked(name));
        Ok(Artifact { identifier: id.to_owned(), name, files: entries.len(), ..packed })
    }

    /// Asks a last shell for variables and expanded texts.
    async fn ask(&mut self) -> Result<BTreeMap<String, String>, Trouble> {
        let spec = &self.build.spec;
        let names: Vec<String> = spec
            .env
            .exported_variables
            .iter()
            .filter(|name| shell::is_name(name) && !name.starts_with("AWS_"))
            .cloned()
            .collect();
        let texts = texts(spec);
        if names.is_empty() && texts.is_empty() {
            return Ok(BTreeMap::new());
        }
        let folder = self.build.folders.source.display().to_string();
        let frame = shell::Frame {
            restore: self.state.as_deref(),
            folder: &folder,
            ..shell::Frame::default()
        };
        let script = shell::script(&shell::query(&names, &texts), &frame, &self.build.limits);
        let user = self.build.spec.run_as.as_deref();
        let shell = self.shell(&script, user, self.state.is_some());
        let (ended, printed) = self.processes.ask(&shell, &mut self.log).await?;
        let Ended::Status(status) = ended else { return Err(self.cut(ended)) };
        let values: Vec<String> = printed
            .split(|b| *b == 0)
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect();
        if status != 0 || values.len() <= names.len() + texts.len() {
            let message = format!("the shell cannot expand {}", texts.join(", "));
            return Err(Trouble::failed("CLIENT_ERROR", message));
        }
        for (name, value) in names.iter().zip(&values) {
            self.result.variables.insert(name.clone(), self.log.masked(value));
        }
        Ok(texts.into_iter().zip(values.into_iter().skip(names.len())).collect())
    }

    /// Keeps caches, unless the build failed.
    pub(crate) fn finalize(&mut self, succeeding: bool) -> Result<(), Trouble> {
        let (folders, paths) = (&self.build.folders, &self.build.spec.cache);
        let Some(cache) = folders.cache.as_deref().filter(|_| !paths.is_empty() && succeeding)
        else {
            return Ok(());
        };
        let kept = cache::keep(cache, &folders.source, paths, &self.build.id)?;
        for path in &kept.skipped {
            self.say(&format!("Not kept in the cache: {path} is outside of the source"))?;
        }
        self.say(&format!("Kept {} file(s) in the cache", kept.files))
    }
}
