//! XML of NUnit, version 2 (`test-results`) and 3 (`test-run`); either is taken for the other's format.

use super::xml::{Element, parse};
use super::{Status, TestCase, TestReport, Unreadable, message, seconds};

/// Results of both versions. A failure of version 3 is an error by its label.
const RESULTS: &[(&str, Status)] = &[
    ("Passed", Status::Succeeded),
    ("Success", Status::Succeeded),
    ("Warning", Status::Succeeded),
    ("Failed", Status::Failed),
    ("Failure", Status::Failed),
    ("Error", Status::Error),
    ("NotRunnable", Status::Error),
    ("Cancelled", Status::Error),
    ("Skipped", Status::Skipped),
    ("Ignored", Status::Skipped),
    ("Inconclusive", Status::Skipped),
];

/// Labels of version 3 with which a test did not fail but break.
const BROKEN: &[&str] = &["Error", "Invalid", "Cancelled"];

pub(super) fn read(text: &str, report: &mut TestReport) -> Result<(), Unreadable> {
    let root = parse(text, &["output", "properties", "settings", "attachments"])?;
    if !["test-results", "test-run", "test-suite"].contains(&root.name.as_str()) {
        return Err(Unreadable::OtherFormat(format!("its first element is <{}>", root.name)));
    }
    root.each(&mut |element| {
        if element.name == "test-case" {
            report.push(case(element));
        }
    });
    Ok(())
}

fn case(element: &Element) -> TestCase {
    let known = RESULTS.iter().find(|(word, _)| word.eq_ignore_ascii_case(element.get("result")));
    let status = match known {
        Some((_, Status::Failed)) if BROKEN.contains(&element.get("label")) => Status::Error,
        Some((_, status)) => *status,
        // Version 2.4 and before have no results, but whether it was run and how it ended.
        None if element.get("executed").eq_ignore_ascii_case("false") => Status::Skipped,
        None if element.get("success").eq_ignore_ascii_case("true") => Status::Succeeded,
        None if element.get("success").eq_ignore_ascii_case("false") => Status::Failed,
        None => Status::Unknown,
    };
    let failure = message(
        element.text_at(&["failure", "message"]),
        element.text_at(&["failure", "stack-trace"]),
    );
    let duration = match element.get("duration") {
        "" => element.get("time"),
        duration => duration,
    };
    TestCase {
        prefix: element.get("classname").to_owned(),
        name: element.get("name").to_owned(),
        status,
        duration_in_nano_seconds: seconds(duration),
        message: message(&failure, element.text_at(&["reason", "message"])),
    }
}
