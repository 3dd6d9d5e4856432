//! The definitions of a project: `pipelines/*.yaml`, `*.yml` and `*.json` beside `trunkline.yaml`. What ends in
//! `.parameters.json` is none, but gives values to the template of its name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use trunkline_config::pipelines::{
    DisabledTransition, FileKind, Parameters, ReadOptions, kind_of, read,
};
use trunkline_model::buildspec::BuildProject;
use trunkline_model::pipeline::Pipeline;
use trunkline_model::{Diagnostic, Report, Severity};

/// The folder of definitions.
pub(crate) const FOLDER: &str = "pipelines";

/// Everything that the files of a project define.
#[derive(Clone, Debug, Default)]
pub(crate) struct Definitions {
    /// Pipelines by name.
    pub(crate) pipelines: BTreeMap<String, Defined>,
    /// Build projects by name.
    pub(crate) projects: BTreeMap<String, BuildProject>,
    /// What is wrong or odd in files; those with errors define nothing.
    pub(crate) found: Vec<Diagnostic>,
    /// The files of definitions that define nothing, because they or their parameters are wrong.
    broken: BTreeSet<String>,
    /// Pipelines whose file is wrong now: they are here as they were before.
    pub(crate) kept: BTreeSet<String>,
    /// The files as they were before they were read; none where one had just been written.
    stamps: Option<Vec<Stamp>>,
}

/// By what it is known that a file is still the one that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    name: String,
    inode: u64,
    size: u64,
    /// When it was changed, in seconds and nanoseconds.
    changed: (i64, i64),
}

/// A file that was changed so shortly before it was read may change again without another time.
const SETTLED: Duration = Duration::from_secs(2);

/// A pipeline and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Defined {
    pub(crate) pipeline: Pipeline,
    /// Relative to the project.
    pub(crate) file: String,
    /// Inbound transitions that are closed from the start.
    pub(crate) disabled: Vec<DisabledTransition>,
}

impl Definitions {
    /// Reads the files of a project. None of them stops the others.
    pub(crate) fn load(project: &Path) -> Self {
        let stamps = stamps(project).filter(|all| settled(all));
        let mut all = Self { stamps, ..Self::default() };
        let names = files(&project.join(FOLDER));
        for name in names.iter().filter(|name| !Parameters::is_one(name)) {
            let file = format!("{FOLDER}/{name}");
            match fs::read_to_string(project.join(&file)) {
                Ok(text) => all.add(project, &text, &file),
                Err(error) => all.fail(&file, unreadable(&file, &error)),
            }
        }
        for name in names.iter().filter(|name| Parameters::is_one(name)) {
            let of_it =
                |other: &&String| Parameters::beside(other) == **name && !Parameters::is_one(other);
            if !names.iter().any(|other| of_it(&other)) {
                let message = "no template has the name of this file of parameters";
                let found =
                    Diagnostic::warning("TL0824", message).in_file(format!("{FOLDER}/{name}"));
                all.found.push(found.help("site.parameters.json belongs to site.yaml"));
            }
        }
        all
    }

    /// Whether the files are those that were read.
    pub(crate) fn is_current(&self, project: &Path) -> bool {
        self.stamps.is_some() && self.stamps == stamps(project)
    }

    /// Reads the files again. What a file defined holds until the file can be read again, or is gone.
    pub(crate) fn load_after(project: &Path, before: &Self) -> Self {
        let mut all = Self::load(project);
        let broken = all.broken.clone();
        if broken.is_empty() {
            return all;
        }
        for (name, defined) in &before.pipelines {
            if broken.contains(&defined.file) {
                all.keep(name, defined.clone());
            }
        }
        for (name, project) in &before.projects {
            // Which file had it is not known, so it may be one that is broken.
            all.projects.entry(name.clone()).or_insert_with(|| project.clone());
        }
        all
    }

    /// Puts a pipeline as it was in the place of one that cannot be read.
    pub(crate) fn keep(&mut self, name: &str, defined: Defined) {
        if !self.pipelines.contains_key(name) {
            self.pipelines.insert(name.to_owned(), defined);
            self.kept.insert(name.to_owned());
        }
    }

    /// The files of definitions that define nothing, because something is wrong.
    pub(crate) fn broken(&self) -> BTreeSet<String> {
        self.broken.clone()
    }

    fn fail(&mut self, file: &str, why: Diagnostic) {
        self.broken.insert(file.to_owned());
        self.found.push(why);
    }

    /// What is wrong with the file of a pipeline that is kept as it was.
    pub(crate) fn wrong(&self, name: &str) -> Option<Report> {
        let defined = self.pipelines.get(name).filter(|_| self.kept.contains(name))?;
        let beside = Parameters::beside(&defined.file);
        let of_it = |d: &&Diagnostic| {
            let file = d.place.file.as_deref();
            d.severity == Severity::Error && [Some(&*defined.file), Some(&*beside)].contains(&file)
        };
        let mut report = Report(self.found.iter().filter(of_it).cloned().collect());
        if let Some(first) = report.0.first_mut() {
            first.notes.push(format!(
                "until this is mended, pushes and schedules start `{name}` as it was defined before"
            ));
        }
        Some(report)
    }

    fn add(&mut self, project: &Path, text: &str, file: &str) {
        let beside = match parameters(project, file, text) {
            Ok(beside) => beside,
            Err(found) => {
                self.broken.insert(file.to_owned());
                self.found.extend(found);
                return;
            }
        };
        let options = ReadOptions { to_run: true, beside, ..ReadOptions::default() };
        let (defined, found) = read(text, file, &options);
        self.found.extend(found);
        let Some(defined) = defined else {
            self.broken.insert(file.to_owned());
            return;
        };
        for project in defined.projects {
            self.projects.insert(project.name.clone(), project);
        }
        for pipeline in defined.pipelines {
            let name = pipeline.name.clone();
            if let Some(other) = self.pipelines.get(&name) {
                let message = format!("pipeline `{name}` is defined in {} too", other.file);
                self.fail(file, Diagnostic::error("TL0808", message).in_file(file));
                continue;
            }
            let of_it = |d: &DisabledTransition| d.pipeline == name;
            let disabled = defined.disabled.iter().filter(|d| of_it(d)).cloned().collect();
            let one = Defined { pipeline, file: file.to_owned(), disabled };
            self.pipelines.insert(name, one);
        }
    }

    /// A pipeline. TL0885, or what is wrong in the files where it may stand in one of these.
    pub(crate) fn pipeline(&self, name: &str) -> Result<&Defined, Report> {
        if let Some(found) = self.pipelines.get(name) {
            return Ok(found);
        }
        Err(self.none(name, self.pipelines.keys().map(String::as_str)))
    }

    /// TL0885, and what is wrong in the files, for it may stand in one of these.
    pub(crate) fn none<'a>(&self, name: &str, known: impl Iterator<Item = &'a str>) -> Report {
        let wrong = self.found.iter().filter(|d| d.severity == Severity::Error).cloned();
        Report(std::iter::once(missing(name, known)).chain(wrong).collect())
    }
}

/// The parameters beside a template; None where there is no such file, or the text is no template.
pub(crate) fn parameters(
    folder: &Path,
    file: &str,
    text: &str,
) -> Result<Option<Parameters>, Vec<Diagnostic>> {
    let beside = Parameters::beside(file);
    let path = folder.join(&beside);
    if !path.is_file() || kind_of(text) != FileKind::Template {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).map_err(|error| vec![unreadable(&beside, &error)])?;
    Parameters::read(&text, &beside).map(Some)
}

fn unreadable(file: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("TL0801", format!("the file cannot be read: {error}"))
        .in_file(file)
        .help("let it be read by this user, in UTF-8, or take it away")
}

/// TL0885, with the name that was probably meant.
fn missing<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Diagnostic {
    let help = match trunkline_config::nearest(name, known) {
        Some(near) => format!("did you mean `{near}`? `trunkline pipeline list` lists all"),
        None => format!("`trunkline pipeline list` lists all; definitions are files in {FOLDER}/"),
    };
    Diagnostic::error("TL0885", format!("there is no pipeline `{name}`")).help(help)
}

/// The stamps of all files of definitions.
fn stamps(project: &Path) -> Option<Vec<Stamp>> {
    let stamp = |name: String| {
        let meta = fs::metadata(project.join(FOLDER).join(&name)).ok()?;
        let changed = (meta.ctime(), meta.ctime_nsec());
        Some(Stamp { name, inode: meta.ino(), size: meta.size(), changed })
    };
    files(&project.join(FOLDER)).into_iter().map(stamp).collect()
}

fn settled(stamps: &[Stamp]) -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let before = i64::try_from(now.saturating_sub(SETTLED).as_secs()).unwrap_or_default();
    stamps.iter().all(|stamp| stamp.changed.0 < before)
}

/// The files of definitions in a folder, by name.
fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let fits = |path: &PathBuf| {
        let ending = path.extension().and_then(|e| e.to_str());
        path.is_file() && matches!(ending, Some("yaml" | "yml" | "json"))
    };
    let name = |path: PathBuf| path.file_name()?.to_str().map(str::to_owned);
    let mut names: Vec<String> = paths.filter(fits).filter_map(name).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}
