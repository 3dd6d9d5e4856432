//! Reports of tests and of coverage: what a tool wrote, as one value.
//!
//! `read` is given the bytes of a file and its format; the caller finds the files, adds what belongs to
//! one report group together, and keeps it. Files come from builds and may be anything: too large, cut off,
//! full of entities. All of that is an error; nothing panics, and no entity is expanded. Times and files
//! are the caller's.

mod coverage;
mod cucumber;
mod junit;
mod nunit;
mod testng;
#[cfg(test)]
mod tests;
mod trx;
mod xml;

use serde::{Deserialize, Serialize};
use trunkline_model::Diagnostic;

/// How many bytes of a file are read.
pub const MOST_BYTES: usize = 64 * 1024 * 1024;
/// How many cases are kept of a report.
pub const MOST_CASES: usize = 500;
/// How many characters of a case's name are kept.
pub const MOST_NAME: usize = 1000;
/// How many characters of a case's message are kept.
pub const MOST_MESSAGE: usize = 5000;

/// The format of a report, by CodeBuild's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Cucumber's JSON.
    CucumberJson,
    /// JUnit's XML; what is meant where a buildspec names no format.
    JunitXml,
    /// XML of NUnit 2.
    NunitXml,
    /// XML of NUnit 3.
    Nunit3Xml,
    /// TestNG's XML.
    TestngXml,
    /// Visual Studio's TRX.
    VisualStudioTrx,
    /// Clover's XML.
    CloverXml,
    /// Cobertura's XML.
    CoberturaXml,
    /// JaCoCo's XML.
    JacocoXml,
    /// SimpleCov's JSON.
    SimpleCov,
}

/// Words of buildspecs, formats, and how each is read.
const FORMATS: &[(&str, Format, Reading)] = &[
    ("CUCUMBERJSON", Format::CucumberJson, Reading::Tests(cucumber::read)),
    ("JUNITXML", Format::JunitXml, Reading::Tests(junit::read)),
    ("NUNITXML", Format::NunitXml, Reading::Tests(nunit::read)),
    ("NUNIT3XML", Format::Nunit3Xml, Reading::Tests(nunit::read)),
    ("TESTNGXML", Format::TestngXml, Reading::Tests(testng::read)),
    ("VISUALSTUDIOTRX", Format::VisualStudioTrx, Reading::Tests(trx::read)),
    ("CLOVERXML", Format::CloverXml, Reading::Coverage(coverage::clover)),
    ("COBERTURAXML", Format::CoberturaXml, Reading::Coverage(coverage::cobertura)),
    ("JACOCOXML", Format::JacocoXml, Reading::Coverage(coverage::jacoco)),
    ("SIMPLECOV", Format::SimpleCov, Reading::Coverage(coverage::simplecov)),
];

enum Reading {
    Tests(fn(&str, &mut TestReport) -> Result<(), Unreadable>),
    Coverage(fn(&str) -> Result<Coverage, Unreadable>),
}

impl Format {
    /// Returns the format of a buildspec's word, in upper or lower case.
    pub fn of(word: &str) -> Option<Self> {
        FORMATS.iter().find(|(w, ..)| w.eq_ignore_ascii_case(word)).map(|(_, format, _)| *format)
    }

    /// Returns the word.
    pub fn word(self) -> &'static str {
        self.row().0
    }

    fn row(self) -> &'static (&'static str, Format, Reading) {
        FORMATS.iter().find(|(_, f, _)| *f == self).expect("the table has every format")
    }
}

/// How a case ended, by CodeBuild's names. Those that failed come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// What was expected did not hold.
    Failed,
    /// The test itself broke.
    Error,
    /// The file does not say it, or in a word that is not known.
    Unknown,
    /// It was not run.
    Skipped,
    /// It passed.
    Succeeded,
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestCase {
    /// The class or feature that it belongs to; may be empty.
    pub prefix: String,
    /// Its name.
    pub name: String,
    /// How it ended.
    pub status: Status,
    /// How long it ran, in nanoseconds.
    pub duration_in_nano_seconds: u64,
    /// Why it failed or was skipped; may be empty.
    pub message: String,
}

/// How many cases ended in which way, also of those that were not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// All of them.
    pub total: u64,
    /// Those that passed.
    pub succeeded: u64,
    /// Those in which something did not hold.
    pub failed: u64,
    /// Those that broke.
    pub error: u64,
    /// Those that were not run.
    pub skipped: u64,
    /// The others.
    pub unknown: u64,
}

/// The tests of one file or of one report group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestReport {
    /// The first `MOST_CASES`, failing ones first, otherwise in the order of the files.
    pub cases: Vec<TestCase>,
    /// How many there are of all.
    pub counts: Counts,
    /// The sum of all durations, in nanoseconds.
    pub duration_in_nano_seconds: u64,
}

impl TestReport {
    /// Adds the cases of another file.
    pub fn add(&mut self, other: Self) {
        let Counts { total, succeeded, failed, error, skipped, unknown } = other.counts;
        let c = &mut self.counts;
        c.total += total;
        c.succeeded += succeeded;
        c.failed += failed;
        c.error += error;
        c.skipped += skipped;
        c.unknown += unknown;
        self.duration_in_nano_seconds =
            self.duration_in_nano_seconds.saturating_add(other.duration_in_nano_seconds);
        self.cases.extend(other.cases);
        self.shrink();
    }

    /// Says whether nothing failed or broke.
    pub fn passed(&self) -> bool {
        self.counts.failed == 0 && self.counts.error == 0
    }

    /// Counts a case and keeps it for now.
    fn push(&mut self, mut case: TestCase) {
        cut(&mut case.name, MOST_NAME);
        cut(&mut case.prefix, MOST_NAME);
        cut(&mut case.message, MOST_MESSAGE);
        self.counts.total += 1;
        *match case.status {
            Status::Succeeded => &mut self.counts.succeeded,
            Status::Failed => &mut self.counts.failed,
            Status::Error => &mut self.counts.error,
            Status::Skipped => &mut self.counts.skipped,
            Status::Unknown => &mut self.counts.unknown,
        } += 1;
        self.duration_in_nano_seconds =
            self.duration_in_nano_seconds.saturating_add(case.duration_in_nano_seconds);
        self.cases.push(case);
        if self.cases.len() > 4 * MOST_CASES {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        // Failed and broken ones are one rank: their order is that of the files.
        self.cases.sort_by_key(|case| case.status.max(Status::Error));
        self.cases.truncate(MOST_CASES);
    }
}

/// What tests ran through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// Lines that were run.
    pub lines_covered: u64,
    /// Lines that were not.
    pub lines_missed: u64,
    /// Branches that were taken.
    pub branches_covered: u64,
    /// Branches that were not.
    pub branches_missed: u64,
}

impl Coverage {
    /// Adds what another file covers.
    pub fn add(&mut self, other: Self) {
        self.lines_covered = self.lines_covered.saturating_add(other.lines_covered);
        self.lines_missed = self.lines_missed.saturating_add(other.lines_missed);
        self.branches_covered = self.branches_covered.saturating_add(other.branches_covered);
        self.branches_missed = self.branches_missed.saturating_add(other.branches_missed);
    }

    /// Returns how many of a hundred lines were run; nothing where there are no lines.
    pub fn line_percentage(&self) -> Option<f64> {
        percentage(self.lines_covered, self.lines_missed)
    }

    /// Returns how many of a hundred branches were taken; nothing where there are none.
    pub fn branch_percentage(&self) -> Option<f64> {
        percentage(self.branches_covered, self.branches_missed)
    }
}

fn percentage(covered: u64, missed: u64) -> Option<f64> {
    let all = covered as f64 + missed as f64;
    (all > 0.0).then(|| covered as f64 * 100.0 / all)
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Findings {
    /// Tests.
    Tests(TestReport),
    /// Coverage.
    Coverage(Coverage),
}

/// Why a file is no report of its format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// More than is read.
    #[error("the file is too large: {0}")]
    TooLarge(String),
    /// Bytes that are no text.
    #[error("the file is not a text in UTF-8")]
    NotText,
    /// Not XML or JSON; with the place where the reader stopped.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// The file ends within an element.
    #[error("the file is cut off within <{0}>")]
    CutOff(String),
    /// Entities that are declared or not known; none is expanded.
    #[error("the file uses entities, which are not expanded ({0})")]
    Entities(String),
    /// XML or JSON, but of something else.
    #[error("the file is not in the format: {0}")]
    OtherFormat(String),
}

impl Unreadable {
    /// Returns what a person is told of a file of a build: a warning, because no build fails by a report.
    pub fn diagnostic(&self, file: &str) -> Diagnostic {
        Diagnostic::warning("TL0840", self.to_string())
            .in_file(file)
            .help("look at `file-format`, and whether the tool wrote the file to its end")
    }
}

/// Reads one file. Fails where it is not wholly readable in that format; there are no half reports.
pub fn read(bytes: &[u8], format: Format) -> Result<Findings, Unreadable> {
    if bytes.len() > MOST_BYTES {
        return Err(Unreadable::TooLarge(format!("{} bytes, {MOST_BYTES} are read", bytes.len())));
    }
    let text = xml::text(bytes)?;
    match format.row().2 {
        Reading::Coverage(read) => read(&text).map(Findings::Coverage),
        Reading::Tests(read) => {
            let mut report = TestReport::default();
            read(&text, &mut report)?;
            report.shrink();
            Ok(Findings::Tests(report))
        }
    }
}

fn cut(text: &mut String, most: usize) {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
    }
}

/// Joins a message and the details below it, which often begin with the message.
fn message(short: &str, long: &str) -> String {
    let (short, long) = (short.trim(), long.trim());
    match (short.is_empty(), long.is_empty()) {
        (_, true) => short.to_owned(),
        (true, _) => long.to_owned(),
        _ if long.starts_with(short) => long.to_owned(),
        _ => format!("{short}\n{long}"),
    }
}

/// Converts seconds as tools write them (`1,204.5` as well) to nanoseconds; what is no number is 0.
fn seconds(text: &str) -> u64 {
    let number: f64 = text.trim().replace(',', "").parse().unwrap_or(0.0);
    if number.is_finite() && number > 0.0 { (number * 1e9).round() as u64 } else { 0 }
}
