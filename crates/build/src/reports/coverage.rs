//! Coverage: the sums that a file gives itself, or those of its lines where it gives none.

use super::xml::{Element, parse};
use super::{Coverage, Unreadable};
use serde_json::Value;

fn other(root: &Element) -> Unreadable {
    Unreadable::OtherFormat(format!("its first element is <{}>", root.name))
}

fn parts(covered: u64, valid: u64) -> (u64, u64) {
    (covered.min(valid), valid.saturating_sub(covered))
}

/// Clover: statements count as lines, conditionals as branches.
pub(super) fn clover(text: &str) -> Result<Coverage, Unreadable> {
    let root = parse(text, &["line", "class"])?;
    let project = root.child("project").filter(|_| root.name == "coverage");
    let Some(metrics) = project.and_then(|project| project.child("metrics")) else {
        return Err(match root.name.as_str() {
            "coverage" => Unreadable::OtherFormat("it has no metrics of the project".to_owned()),
            _ => other(&root),
        });
    };
    let count = |name| metrics.count(name).unwrap_or(0);
    let (lines_covered, lines_missed) = parts(count("coveredstatements"), count("statements"));
    let (branches_covered, branches_missed) =
        parts(count("coveredconditionals"), count("conditionals"));
    Ok(Coverage { lines_covered, lines_missed, branches_covered, branches_missed })
}

/// Cobertura: the numbers of the first element, or its lines.
pub(super) fn cobertura(text: &str) -> Result<Coverage, Unreadable> {
    // The lines of methods are those of their class once more.
    let root = parse(text, &["method", "methods", "sources"])?;
    if root.name != "coverage" || root.child("project").is_some() {
        return Err(other(&root));
    }
    if let (Some(covered), Some(valid)) = (root.count("lines-covered"), root.count("lines-valid")) {
        let (lines_covered, lines_missed) = parts(covered, valid);
        let count = |name| root.count(name).unwrap_or(0);
        let (branches_covered, branches_missed) =
            parts(count("branches-covered"), count("branches-valid"));
        return Ok(Coverage { lines_covered, lines_missed, branches_covered, branches_missed });
    }
    let mut sum = Coverage::default();
    root.each(&mut |element| {
        if element.name == "line" {
            let hit = element.count("hits").is_some_and(|hits| hits > 0);
            let (branches_covered, branches_missed) = conditions(element.get("condition-coverage"));
            sum.add(Coverage {
                lines_covered: u64::from(hit),
                lines_missed: u64::from(!hit),
                branches_covered,
                branches_missed,
            });
        }
    });
    Ok(sum)
}

/// Reads `50% (1/2)`.
fn conditions(text: &str) -> (u64, u64) {
    let inside = text.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    let numbers = inside.and_then(|(inside, _)| inside.split_once('/'));
    let parsed = numbers.and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
    parsed.map_or((0, 0), |(covered, valid)| parts(covered, valid))
}

/// JaCoCo: the counters of the report itself, not those of packages, classes and methods below it.
pub(super) fn jacoco(text: &str) -> Result<Coverage, Unreadable> {
    let root = parse(text, &["package", "sessioninfo"])?;
    if root.name != "report" {
        return Err(other(&root));
    }
    let mut sum = Coverage::default();
    let mut pending: Vec<&Element> = vec![&root];
    // A report of several projects has groups; its own counters, where it has them, are their sum.
    while let Some(element) = pending.pop() {
        let counters: Vec<_> = element.children.iter().filter(|c| c.name == "counter").collect();
        if counters.is_empty() {
            pending.extend(element.children.iter().filter(|c| c.name == "group"));
        }
        for counter in counters {
            let count = |name| counter.count(name).unwrap_or(0);
            let (covered, missed) = (count("covered"), count("missed"));
            match counter.get("type") {
                "LINE" => sum.add(Coverage {
                    lines_covered: covered,
                    lines_missed: missed,
                    ..Coverage::default()
                }),
                "BRANCH" => sum.add(Coverage {
                    branches_covered: covered,
                    branches_missed: missed,
                    ..Coverage::default()
                }),
                _ => {}
            }
        }
    }
    Ok(sum)
}

/// SimpleCov: `coverage` with files, alone or below the name of each command (`.resultset.json`).
pub(super) fn simplecov(text: &str) -> Result<Coverage, Unreadable> {
    let json: Value =
        serde_json::from_str(text).map_err(|error| Unreadable::Damaged(error.to_string()))?;
    let runs: Vec<&Value> = match json.get("coverage") {
        Some(coverage) => vec![coverage],
        None => json.as_object().map_or(Vec::new(), |commands| {
            commands.values().filter_map(|command| command.get("coverage")).collect()
        }),
    };
    if runs.is_empty() {
        return Err(Unreadable::OtherFormat("it has no `coverage`".to_owned()));
    }
    let mut sum = Coverage::default();
    for run in runs {
        let Some(files) = run.as_object() else {
            return Err(Unreadable::OtherFormat("`coverage` is no object of files".to_owned()));
        };
        for file in files.values() {
            let (lines_covered, lines_missed) = hits(file.get("lines").unwrap_or(file));
            let (branches_covered, branches_missed) = hits(&file["branches"]);
            sum.add(Coverage { lines_covered, lines_missed, branches_covered, branches_missed });
        }
    }
    Ok(sum)
}

/// Counts what was hit and what not, in a list of numbers, a list of branches, or objects of branches.
fn hits(value: &Value) -> (u64, u64) {
    let one = |hit: u64| if hit > 0 { (1, 0) } else { (0, 1) };
    let all = |values: &mut dyn Iterator<Item = &Value>| {
        values.map(hits).fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1))
    };
    match value {
        Value::Number(number) => one(number.as_u64().unwrap_or(0)),
        Value::Array(items) => all(&mut items.iter()),
        Value::Object(entries) => match entries.get("coverage") {
            Some(coverage) => hits(coverage),
            None => all(&mut entries.values()),
        },
        _ => (0, 0),
    }
}
