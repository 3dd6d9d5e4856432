//! What the report files of a build say, as a summary that stays when the build's folder is gone.
//!
//! Reports fail no build: a file that cannot be read is told of, and that is all. Whatever is kept has passed the
//! mask of the build's secrets.

use std::collections::BTreeMap;
use std::path::Path;
use trunkline_build::ReportFiles;
use trunkline_build::mask::Masker;
use trunkline_build::reports::{
    Coverage, Findings, Format, MOST_BYTES, Status, TestReport, Unreadable, read,
};
use trunkline_engine::ReportSummary;

/// How many cases that failed are kept by name.
const MOST_FAILED: usize = 20;
/// How many characters are kept of why one failed.
const MOST_REASON: usize = 300;

/// What one group of files came to.
#[derive(Default)]
struct Group {
    tests: Option<TestReport>,
    coverage: Option<Coverage>,
    unreadable: Vec<String>,
}

/// Reads the files of every group.
pub(super) fn summaries(groups: &[ReportFiles], masker: &Masker) -> Vec<ReportSummary> {
    let found = groups.iter().filter(|group| !group.files.is_empty());
    found.map(|group| summary(group, masker)).collect()
}

fn summary(files: &ReportFiles, masker: &Masker) -> ReportSummary {
    let mut group = Group::default();
    for file in &files.files {
        let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        match findings(file, &files.format) {
            Ok(Findings::Tests(tests)) => group.tests.get_or_insert_default().add(tests),
            Ok(Findings::Coverage(found)) => group.coverage.get_or_insert_default().add(found),
            Err(why) => group.unreadable.push(masker.text(&format!("{name}: {why}"))),
        }
    }
    let failed = group.tests.iter().flat_map(|tests| &tests.cases);
    let failed = failed.filter(|case| matches!(case.status, Status::Failed | Status::Error));
    let failed = failed.take(MOST_FAILED).map(|case| {
        let parts = [case.prefix.as_str(), case.name.as_str()];
        let name = parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join(".");
        let reason = case.message.lines().next().unwrap_or_default();
        let reason: String = masker.text(reason).chars().take(MOST_REASON).collect();
        let name = masker.text(&name);
        if reason.is_empty() { name } else { format!("{name}: {reason}") }
    });
    ReportSummary {
        group: masker.text(&files.group),
        files: u64::try_from(files.files.len()).unwrap_or(u64::MAX),
        failed: failed.collect(),
        tests: group.tests.as_ref().map(|t| numbers(&t.counts)).unwrap_or_default(),
        coverage: group.coverage.as_ref().map(numbers).unwrap_or_default(),
        unreadable: group.unreadable,
    }
}

fn findings(file: &Path, format: &str) -> Result<Findings, String> {
    let format = Format::of(format).ok_or_else(|| format!("the format {format} is not known"))?;
    let size = std::fs::metadata(file).map_err(|error| error.to_string())?.len();
    if size > u64::try_from(MOST_BYTES).unwrap_or(u64::MAX) {
        return Err(Unreadable::TooLarge(format!("{size} bytes")).to_string());
    }
    let bytes = std::fs::read(file).map_err(|error| error.to_string())?;
    read(&bytes, format).map_err(|why| why.to_string())
}

/// The numbers of a value by their names.
fn numbers(of: &impl serde::Serialize) -> BTreeMap<String, u64> {
    let value = serde_json::to_value(of).unwrap_or_default();
    let members = value.as_object().into_iter().flatten();
    members.filter_map(|(name, number)| Some((name.clone(), number.as_u64()?))).collect()
}

/// One line a group, for people.
pub(super) fn lines(reports: &[ReportSummary]) -> Vec<String> {
    let mut lines = Vec::new();
    for report in reports {
        lines.push(format!("Report {}: {}", report.group, words(report)));
        lines.extend(report.failed.iter().map(|case| format!("  failed: {case}")));
        lines.extend(report.unreadable.iter().map(|why| format!("  not read: {why}")));
    }
    lines
}

/// `12 tests, 1 failed`, `80.0 % of 100 lines`.
pub(super) fn words(report: &ReportSummary) -> String {
    let mut words = Vec::new();
    let tests = |name: &str| report.tests.get(name).copied().unwrap_or_default();
    if !report.tests.is_empty() {
        words.push(counted(tests("total"), "test"));
        let bad = tests("failed") + tests("error");
        words.push(if bad == 0 { "none failed".to_owned() } else { format!("{bad} failed") });
        if tests("skipped") > 0 {
            words.push(format!("{} skipped", tests("skipped")));
        }
    }
    let lines = |name: &str| report.coverage.get(name).copied().unwrap_or_default();
    let (covered, missed) = (lines("linesCovered"), lines("linesMissed"));
    if covered + missed > 0 {
        let found =
            Coverage { lines_covered: covered, lines_missed: missed, ..Coverage::default() };
        let part = found.line_percentage().unwrap_or_default();
        words.push(format!("{part:.1} % of {}", counted(covered + missed, "line")));
    }
    if !report.unreadable.is_empty() {
        let number = u64::try_from(report.unreadable.len()).unwrap_or(u64::MAX);
        words.push(format!("{} not read", counted(number, "file")));
    }
    words.join(", ")
}

fn counted(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
