//! A plan as text for people, and as Markdown for comments.

use super::{Paint, printable};
use trunkline_center::plan::{Action, Plan, PlannedChange};

/// Lines of one change that are shown without `-v`.
const LINES_AT_MOST: usize = 12;

fn symbol(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update | Action::Associate | Action::Rename | Action::Adopt => "~",
        Action::Publish => "^",
        Action::Retire => "!",
        Action::Delete => "-",
    }
}

/// The changes and the summary of one target.
pub(crate) fn text(plan: &Plan, paint: Paint, all: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let width = plan.changes.iter().map(|c| c.kind.len()).max().unwrap_or(0);
    for change in &plan.changes {
        lines.push(heading(change, width, paint));
        if change.layout_only {
            continue;
        }
        let shown = if all { change.lines.len() } else { LINES_AT_MOST };
        let indented = change.lines.iter().take(shown);
        lines.extend(indented.map(|l| format!("      {}", printable(l))));
        if change.lines.len() > shown {
            lines.push(format!("      … {} more, shown with -v", change.lines.len() - shown));
        }
    }
    if !plan.changes.is_empty() {
        lines.push(String::new());
    }
    lines.push(summary(plan));
    lines
}

fn heading(change: &PlannedChange, width: usize, paint: Paint) -> String {
    let symbol = symbol(change.action);
    let mark = match change.action {
        Action::Create => paint.cyan(symbol),
        Action::Delete | Action::Retire => paint.red(symbol),
        Action::Update | Action::Associate | Action::Publish | Action::Rename | Action::Adopt => {
            paint.yellow(symbol)
        }
    };
    let note = match change.action {
        _ if change.layout_only => "   layout only",
        Action::Publish => "   publish",
        Action::Rename => "   renamed",
        Action::Adopt => "   taken over",
        Action::Retire => "   taken out of use",
        _ => "",
    };
    let name = paint.bold(&printable(&change.name));
    format!("  {mark} {:<width$}  {name}{note}", change.kind)
}

/// Counts, calls and the time that they take.
pub(crate) fn summary(plan: &Plan) -> String {
    if plan.is_empty() && plan.changes.is_empty() {
        return "No changes: the instance is as the documents say.".to_owned();
    }
    let count = |action| plan.count(action);
    let change =
        [Action::Update, Action::Associate, Action::Publish, Action::Rename, Action::Adopt];
    let change: usize = change.into_iter().map(count).sum();
    let layout = plan.changes.iter().filter(|c| c.layout_only).count();
    let gone = count(Action::Delete) + count(Action::Retire);
    let calls: usize = plan.calls().values().sum();
    let mut text = format!("Plan: {} to create, {change} to change", count(Action::Create));
    if layout > 0 {
        text.push_str(&format!(" ({layout} layout only)"));
    }
    let seconds = plan.seconds(2.0, 5.0).ceil();
    let calls = super::counted(calls, "call");
    text.push_str(&format!(", {gone} to retire or delete; {calls}, about {seconds} s."));
    if let Some(mixed) = plan.mixed_line(2.0, 5.0) {
        text.push_str(&format!(" {mixed}"));
    }
    text
}

/// `1 step`, `2 steps`.
pub(crate) fn steps(count: usize) -> String {
    super::counted(count, "step")
}

/// The same for a comment on a merge request.
pub(crate) fn markdown(plan: &Plan, headline: &str) -> String {
    let mut out = format!("### {headline}\n\n{}\n", summary(plan));
    if plan.changes.is_empty() {
        return out;
    }
    out.push_str("\n```diff\n");
    for change in &plan.changes {
        out.push_str(&heading(change, 0, Paint(false)).trim_start().replace("```", "'''"));
        out.push('\n');
        for line in change.lines.iter().filter(|_| !change.layout_only) {
            let line = printable(line).replace("```", "'''");
            // In a diff only a mark in the first column is coloured.
            let mark =
                line.trim_start().chars().next().filter(|c| "+-".contains(*c)).unwrap_or(' ');
            out.push_str(&format!("{mark}     {line}\n"));
        }
    }
    out.push_str("```\n");
    out
}
