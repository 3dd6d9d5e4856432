//! Cucumber's JSON: a scenario is a case; the background before it and its hooks belong to it.

use super::{Status, TestCase, TestReport, Unreadable};
use serde_json::Value;

/// Words of steps. The gravest of a scenario's steps is its own.
const STATUSES: &[(&str, Status)] = &[
    ("passed", Status::Succeeded),
    ("failed", Status::Failed),
    ("ambiguous", Status::Failed),
    ("undefined", Status::Unknown),
    ("unknown", Status::Unknown),
    ("pending", Status::Skipped),
    ("skipped", Status::Skipped),
];

pub(super) fn read(text: &str, report: &mut TestReport) -> Result<(), Unreadable> {
    let json: Value =
        serde_json::from_str(text).map_err(|error| Unreadable::Damaged(error.to_string()))?;
    let Some(features) = json.as_array() else {
        return Err(Unreadable::OtherFormat("it is no list of features".to_owned()));
    };
    for feature in features {
        let Some(feature_name) = feature["name"].as_str() else {
            return Err(Unreadable::OtherFormat("a feature has no name".to_owned()));
        };
        let mut background: Option<&Value> = None;
        for element in feature["elements"].as_array().map_or(&[][..], Vec::as_slice) {
            if element["type"] == "background" {
                background = Some(element);
            } else {
                report.push(case(feature_name, background.take(), element));
            }
        }
    }
    Ok(())
}

fn case(feature: &str, background: Option<&Value>, element: &Value) -> TestCase {
    let mut case = TestCase {
        prefix: feature.to_owned(),
        name: element["name"].as_str().unwrap_or_default().to_owned(),
        status: Status::Succeeded,
        duration_in_nano_seconds: 0,
        message: String::new(),
    };
    for part in [background, Some(element)].into_iter().flatten() {
        for kind in ["before", "steps", "after"] {
            for step in part[kind].as_array().map_or(&[][..], Vec::as_slice) {
                add(&mut case, step);
            }
        }
    }
    case
}

fn add(case: &mut TestCase, step: &Value) {
    let result = &step["result"];
    let word = result["status"].as_str().unwrap_or_default().to_ascii_lowercase();
    let known = STATUSES.iter().find(|(w, _)| *w == word);
    let status = known.map_or(Status::Unknown, |(_, status)| *status);
    case.status = case.status.min(status);
    let duration = result["duration"].as_u64().unwrap_or(0);
    case.duration_in_nano_seconds = case.duration_in_nano_seconds.saturating_add(duration);
    if let (true, Some(message)) = (case.message.is_empty(), result["error_message"].as_str()) {
        case.message = message.to_owned();
    }
}
