//! The branches of a block under the names that the designer gives them, and what changed in them.

use super::{BranchChange, Side};
use crate::content::text_of;
use serde_json::Value;

/// A branch: its label, and the identifier that it leads to.
type Branch<'a> = (String, &'a str);

/// The branches that differ between two versions of one action.
pub(super) fn compare(
    old: &Side<'_>,
    new: &Side<'_>,
    before: &Value,
    after: &Value,
) -> Vec<BranchChange> {
    let changes = differing(old, new, &branches(before, false), &branches(after, false));
    if !changes.is_empty() {
        return changes;
    }
    // The next action usually repeats another branch, and is shown only where it alone differs.
    differing(old, new, &branches(before, true), &branches(after, true))
}

fn differing(
    old: &Side<'_>,
    new: &Side<'_>,
    before: &[Branch<'_>],
    after: &[Branch<'_>],
) -> Vec<BranchChange> {
    let target = |list: &[Branch<'_>], label: &str| {
        list.iter().find(|(known, _)| known == label).map(|(_, target)| (*target).to_owned())
    };
    let gone = before.iter().filter(|(label, _)| target(after, label).is_none());
    let mut changes = Vec::new();
    for (label, _) in after.iter().chain(gone) {
        let (was, is) = (target(before, label), target(after, label));
        if was != is {
            let old = was.map(|identifier| old.name(&identifier));
            let new = is.map(|identifier| new.name(&identifier));
            changes.push(BranchChange { branch: label.clone(), old, new });
        }
    }
    changes
}

/// All branches of an action in the designer's order; labels are unique.
fn branches(action: &Value, always_next: bool) -> Vec<Branch<'_>> {
    let kind = text_of(action, "Type");
    let transitions = action.get("Transitions");
    let list = |name: &str| {
        let list = transitions.and_then(|t| t.get(name)).and_then(Value::as_array);
        list.map_or(&[][..], Vec::as_slice)
    };
    let conditions =
        list("Conditions").iter().map(|branch| (condition_label(kind, branch), branch));
    let errors = list("Errors")
        .iter()
        .map(|branch| (error_label(text_of(branch, "ErrorType")).to_owned(), branch));
    let mut out: Vec<Branch<'_>> = Vec::new();
    for (label, branch) in conditions.chain(errors) {
        let same = out.iter().filter(|(known, _)| *known == label).count();
        let label = if same == 0 { label } else { format!("{label} ({})", same + 1) };
        out.push((label, text_of(branch, "NextAction")));
    }
    let next = transitions.map(|t| text_of(t, "NextAction")).unwrap_or_default();
    let repeated = !list("Conditions").is_empty() && out.iter().any(|(_, target)| *target == next);
    if !next.is_empty() && (always_next || !repeated) {
        out.insert(0, ("next".to_owned(), next));
    }
    out
}

fn condition_label(kind: &str, branch: &Value) -> String {
    let condition = branch.get("Condition").unwrap_or(&Value::Null);
    let operands = condition.get("Operands").and_then(Value::as_array).into_iter().flatten();
    let texts = operands.map(|o| o.as_str().map_or_else(|| o.to_string(), str::to_owned));
    let operand = texts.collect::<Vec<_>>().join(", ");
    let operator = text_of(condition, "Operator");
    let known = |(a, b, _): &&(&str, &str, &str)| *a == kind && *b == operand;
    if let Some((_, _, label)) = OPERANDS.iter().find(known) {
        return (*label).to_owned();
    }
    match (kind, operator) {
        ("GetParticipantInput", _) => format!("key {operand}"),
        ("ConnectParticipantWithLexBot", _) => format!("intent {operand}"),
        _ => {
            let sign = OPERATORS.iter().find(|(name, _)| *name == operator);
            format!("{} {operand}", sign.map_or(operator, |(_, sign)| sign))
        }
    }
}

const OPERANDS: &[(&str, &str, &str)] = &[
    ("CheckHoursOfOperation", "True", "in hours"),
    ("CheckHoursOfOperation", "False", "out of hours"),
    ("Loop", "ContinueLooping", "looping"),
    ("Loop", "DoneLooping", "complete"),
    ("MessageParticipantIteratively", "MessagesInterrupted", "interrupted"),
    ("Wait", "WaitCompleted", "time expired"),
];

const OPERATORS: &[(&str, &str)] = &[
    ("Equals", "="),
    ("NumberGreaterThan", ">"),
    ("NumberGreaterOrEqualTo", ">="),
    ("NumberLessThan", "<"),
    ("NumberLessOrEqualTo", "<="),
    ("TextStartsWith", "starts with"),
    ("TextEndsWith", "ends with"),
    ("TextContains", "contains"),
    ("KeyExists", "has key"),
];

fn error_label(error: &str) -> &str {
    ERRORS.iter().find(|(name, _)| *name == error).map_or(error, |(_, label)| label)
}

const ERRORS: &[(&str, &str)] = &[
    ("NoMatchingError", "error"),
    ("NoMatchingCondition", "no match"),
    ("InputTimeLimitExceeded", "timeout"),
    ("TimeLimitExceeded", "timeout"),
    ("QueueAtCapacity", "at capacity"),
    ("InvalidPhoneNumber", "invalid number"),
    ("CallFailed", "call failed"),
    ("ConnectionTimeLimitExceeded", "no answer"),
];
