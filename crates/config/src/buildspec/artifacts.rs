//! What a build leaves: artifacts, reports and the cache.

use super::reader::{Reader, Section, shorten};
use crate::suggest::nearest;
use crate::yaml::Node;
use trunkline_model::buildspec::{ArtifactFiles, Artifacts, ReportGroup};
use trunkline_model::{Diagnostic, Severity};

const FILES_KEYS: &[&str] = &[
    "files",
    "name",
    "base-directory",
    "discard-paths",
    "exclude-paths",
    "enable-symlinks",
    "s3-prefix",
];

const PRIMARY_KEYS: &[&str] = &[
    "files",
    "name",
    "base-directory",
    "discard-paths",
    "exclude-paths",
    "enable-symlinks",
    "s3-prefix",
    "secondary-artifacts",
    "type",
];

const REPORT_KEYS: &[&str] = &["files", "base-directory", "discard-paths", "file-format"];

/// The formats of reports, of tests and of coverage.
const FORMATS: &[&str] = &[
    "CUCUMBERJSON",
    "JUNITXML",
    "NUNITXML",
    "NUNIT3XML",
    "TESTNGXML",
    "VISUALSTUDIOTRX",
    "CLOVERXML",
    "COBERTURAXML",
    "JACOCOXML",
    "SIMPLECOV",
];

/// How many groups of reports a build may have.
const MOST_GROUPS: usize = 5;

/// Reads `artifacts`. Where only secondary ones are wanted, the primary one may lack its files.
pub(super) fn artifacts(top: &Section<'_>, r: &mut Reader<'_>) -> Option<Artifacts> {
    let node = top.get("artifacts")?;
    let section = r.section(node, "`artifacts`", PRIMARY_KEYS)?;
    if section.get("type").is_some() {
        let found = Diagnostic::warning("TL0835", "`type` of artifacts has no effect");
        let note = "the build project says how artifacts are packed";
        r.report(section.key_spot("type"), found.because(note));
    }
    let primary = files(&section, "`artifacts`", r);
    let mut artifacts = Artifacts { primary, ..Artifacts::default() };
    let Some(node) = section.get("secondary-artifacts") else { return Some(artifacts) };
    for (key, value) in r.entries(node, "`secondary-artifacts`").unwrap_or_default() {
        let place = format!("secondary artifact `{}`", shorten(&key.text));
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if key.text.is_empty() || !key.text.chars().all(allowed) {
            let message = format!("`{}` cannot be an artifact's identifier", shorten(&key.text));
            let found = Diagnostic::error("TL0834", message);
            r.report(key.spot, found.because("it may hold letters, digits and `_`"));
        }
        if let Some(section) = r.section(value, &place, FILES_KEYS) {
            let secondary = files(&section, &place, r);
            artifacts.secondary.insert(key.text.clone(), secondary);
        }
    }
    Some(artifacts)
}

fn files(section: &Section<'_>, place: &str, r: &mut Reader<'_>) -> ArtifactFiles {
    require_files(section, place, r);
    ArtifactFiles {
        files: r.texts(section, "files"),
        name: r.text(section, "name"),
        base_directory: r.text(section, "base-directory"),
        discard_paths: r.flag(section, "discard-paths"),
        exclude_paths: r.texts(section, "exclude-paths"),
        enable_symlinks: r.flag(section, "enable-symlinks"),
        s3_prefix: r.text(section, "s3-prefix"),
    }
}

fn require_files(section: &Section<'_>, place: &str, r: &mut Reader<'_>) {
    if section.get("files").is_some() {
        return;
    }
    let help = "write `files:` with one `- '**/*'` a line below it";
    let found = r.missing(section, "files", place, help);
    if let Some(found) = found.filter(|_| section.get("secondary-artifacts").is_some()) {
        // The documentation asks for it, and builds with several artifacts do without.
        found.severity = Severity::Warning;
        found.notes.push("only the secondary artifacts are kept".to_owned());
    }
}

/// Reads `reports`.
pub(super) fn reports(top: &Section<'_>, r: &mut Reader<'_>) -> Vec<ReportGroup> {
    let Some(node) = top.get("reports") else { return Vec::new() };
    let mut groups = Vec::new();
    for (key, value) in r.entries(node, "`reports`").unwrap_or_default() {
        if groups.len() == MOST_GROUPS {
            let message = format!("a build has at most {MOST_GROUPS} groups of reports");
            r.report(key.spot, Diagnostic::error("TL0834", message));
        }
        let place = format!("report group `{}`", shorten(&key.text));
        let Some(section) = r.section(value, &place, REPORT_KEYS) else { continue };
        require_files(&section, &place, r);
        groups.push(ReportGroup {
            name: key.text.clone(),
            files: r.texts(&section, "files"),
            base_directory: r.text(&section, "base-directory"),
            discard_paths: r.flag(&section, "discard-paths"),
            file_format: section.get("file-format").and_then(|node| format(&section, node, r)),
        });
    }
    groups
}

fn format(section: &Section<'_>, node: &Node, r: &mut Reader<'_>) -> Option<String> {
    let text = r.text(section, "file-format")?.to_ascii_uppercase();
    if !FORMATS.contains(&text.as_str()) {
        let found = r.wrong(node, format!("there is no format {} of reports", shorten(&text)));
        found.notes.push(format!("the formats are {}", FORMATS.join(", ")));
        found.help =
            nearest(&text, FORMATS.iter().copied()).map(|n| format!("did you mean `{n}`?"));
    }
    Some(text)
}

/// Reads `cache`, of which only the paths have an effect.
pub(super) fn cache(top: &Section<'_>, r: &mut Reader<'_>) -> Vec<String> {
    const KEYS: &[&str] = &["paths", "key", "fallback-keys", "action"];
    let Some(node) = top.get("cache") else { return Vec::new() };
    let Some(section) = r.section(node, "`cache`", KEYS) else { return Vec::new() };
    for key in KEYS.iter().skip(1).filter(|key| section.get(key).is_some()) {
        let found =
            Diagnostic::warning("TL0836", format!("`{key}` of the cache is not carried out"));
        let note = "the paths are kept from build to build of the project";
        r.report(section.key_spot(key), found.because(note));
    }
    if section.get("paths").is_none() {
        r.missing(&section, "paths", "`cache`", "write `paths:` with one `- 'folder/**/*'` a line");
    }
    r.texts(&section, "paths")
}
