//! TestNG's XML. Methods that only prepare or tidy up (`is-config`) are no cases.

use super::xml::{Element, parse};
use super::{Status, TestCase, TestReport, Unreadable, message};

const STATUSES: &[(&str, Status)] =
    &[("PASS", Status::Succeeded), ("FAIL", Status::Failed), ("SKIP", Status::Skipped)];

pub(super) fn read(text: &str, report: &mut TestReport) -> Result<(), Unreadable> {
    let root = parse(text, &["reporter-output", "params", "groups", "attributes"])?;
    if root.name != "testng-results" {
        return Err(Unreadable::OtherFormat(format!("its first element is <{}>", root.name)));
    }
    let mut class = "";
    root.each(&mut |element| match element.name.as_str() {
        "class" => class = element.get("name"),
        "test-method" if element.get("is-config") != "true" => report.push(case(element, class)),
        _ => {}
    });
    Ok(())
}

fn case(element: &Element, class: &str) -> TestCase {
    let status = STATUSES.iter().find(|(word, _)| *word == element.get("status"));
    let milliseconds = element.count("duration-ms").unwrap_or(0);
    TestCase {
        prefix: class.to_owned(),
        name: element.get("name").to_owned(),
        status: status.map_or(Status::Unknown, |(_, status)| *status),
        duration_in_nano_seconds: milliseconds.saturating_mul(1_000_000),
        message: message(
            element.text_at(&["exception", "message"]),
            element.text_at(&["exception", "full-stacktrace"]),
        ),
    }
}
