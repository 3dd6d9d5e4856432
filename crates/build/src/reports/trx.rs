//! Visual Studio's TRX. A data-driven test counts by its rows, not once more for itself.

use super::xml::{Element, parse};
use super::{Status, TestCase, TestReport, Unreadable, message, seconds};
use std::collections::HashMap;

const OUTCOMES: &[(&str, Status)] = &[
    ("Passed", Status::Succeeded),
    ("PassedButRunAborted", Status::Succeeded),
    ("Warning", Status::Succeeded),
    ("Completed", Status::Succeeded),
    ("Failed", Status::Failed),
    ("Error", Status::Error),
    ("Timeout", Status::Error),
    ("Aborted", Status::Error),
    ("Disconnected", Status::Error),
    ("NotExecuted", Status::Skipped),
    ("NotRunnable", Status::Skipped),
    ("Inconclusive", Status::Skipped),
    ("Pending", Status::Skipped),
];

pub(super) fn read(text: &str, report: &mut TestReport) -> Result<(), Unreadable> {
    let root =
        parse(text, &["StdOut", "StdErr", "DebugTrace", "ResultFiles", "CollectorDataEntries"])?;
    if root.name != "TestRun" {
        return Err(Unreadable::OtherFormat(format!("its first element is <{}>", root.name)));
    }
    let mut classes = HashMap::new();
    root.each(&mut |element| {
        if let ("UnitTest", Some(method)) = (element.name.as_str(), element.child("TestMethod")) {
            classes.insert(element.get("id"), method.get("className"));
        }
    });
    root.each(&mut |element| {
        let is_result =
            element.name.ends_with("TestResult") || element.name == "TestResultAggregation";
        if is_result && element.child("InnerResults").is_none() {
            report.push(case(element, classes.get(element.get("testId")).copied()));
        }
    });
    Ok(())
}

fn case(element: &Element, class: Option<&str>) -> TestCase {
    let outcome = OUTCOMES.iter().find(|(word, _)| *word == element.get("outcome"));
    let error = |name| element.text_at(&["Output", "ErrorInfo", name]);
    TestCase {
        prefix: class.unwrap_or_default().to_owned(),
        name: element.get("testName").to_owned(),
        status: outcome.map_or(Status::Unknown, |(_, status)| *status),
        duration_in_nano_seconds: clock(element.get("duration")),
        message: message(error("Message"), error("StackTrace")),
    }
}

/// Converts `hh:mm:ss.fffffff` to nanoseconds; what is none is 0.
fn clock(text: &str) -> u64 {
    let mut parts = text.rsplitn(3, ':');
    let nanoseconds = parts.next().map_or(0, seconds);
    let mut whole = |unit: u64| {
        let number: u64 = parts.next().and_then(|part| part.trim().parse().ok()).unwrap_or(0);
        number.saturating_mul(unit)
    };
    let minutes = whole(60);
    let hours = whole(3600);
    nanoseconds.saturating_add(minutes.saturating_add(hours).saturating_mul(1_000_000_000))
}
