//! JUnit's XML, as JUnit, pytest, mocha, nextest, Bazel, googletest and many others write it.
//!
//! Only cases count: what a suite says of its own numbers is often wrong. A case that failed before and passed
//! when it was repeated (`flakyFailure`, `rerunFailure`) passed.

use super::xml::{Element, parse};
use super::{Status, TestCase, TestReport, Unreadable, message, seconds};

/// What is never looked at, and may be long.
const SKIP: &[&str] = &["system-out", "system-err", "properties"];

/// Outcomes by the element that says it, the gravest first.
const OUTCOMES: &[(&str, Status)] =
    &[("error", Status::Error), ("failure", Status::Failed), ("skipped", Status::Skipped)];

pub(super) fn read(text: &str, report: &mut TestReport) -> Result<(), Unreadable> {
    let root = parse(text, SKIP)?;
    if !["testsuites", "testsuite"].contains(&root.name.as_str()) {
        return Err(Unreadable::OtherFormat(format!("its first element is <{}>", root.name)));
    }
    root.each(&mut |element| {
        if element.name == "testcase" {
            report.push(case(element));
        }
    });
    Ok(())
}

fn case(element: &Element) -> TestCase {
    let outcome = OUTCOMES.iter().find_map(|(name, status)| Some((element.child(name)?, *status)));
    let (status, message) = match outcome {
        Some((child, status)) => (status, message(child.get("message"), &child.text)),
        None if ["notrun", "disabled"].contains(&element.get("status")) => {
            (Status::Skipped, String::new())
        }
        None => (Status::Succeeded, String::new()),
    };
    TestCase {
        prefix: element.get("classname").to_owned(),
        name: element.get("name").to_owned(),
        status,
        duration_in_nano_seconds: seconds(element.get("time")),
        message,
    }
}
