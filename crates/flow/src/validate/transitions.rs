//! Checks where an action leads: next action, conditions, errors, and that the targets exist.

use super::Findings;
use super::rules::{ActionRule, Need, is_known_error};
use serde_json::Value;
use std::collections::HashSet;

pub(super) fn check(
    rule: &ActionRule,
    action: &Value,
    index: usize,
    identifiers: &HashSet<&str>,
    out: &mut Findings,
) {
    let transitions = action.get("Transitions");
    let list = |name: &str| {
        let list = transitions.and_then(|t| t.get(name)).and_then(Value::as_array);
        list.map_or(&[][..], Vec::as_slice)
    };
    let (errors, conditions) = (list("Errors"), list("Conditions"));
    let next = transitions.and_then(|t| t.get("NextAction")).filter(|next| !next.is_null());
    let at = format!("Actions[{index}].Transitions");
    if let Some(strict) = rule.terminal {
        let leads = next.is_some() || !errors.is_empty() || !conditions.is_empty();
        if leads {
            out.add(strict, format!("Action does not support transitions. Path: {at}"));
        }
        return;
    }
    match next {
        None if rule.next_optional => {}
        None => {
            out.refuse(format!("Action is missing required property. Path: {at}.NextAction"));
        }
        Some(next) => check_target(next, identifiers, &format!("{at}.NextAction"), out),
    }
    for (number, branch) in errors.iter().enumerate() {
        let place = format!("{at}.Errors[{number}].NextAction");
        check_target(branch.get("NextAction").unwrap_or(&Value::Null), identifiers, &place, out);
    }
    for (number, branch) in conditions.iter().enumerate() {
        let place = format!("{at}.Conditions[{number}].NextAction");
        check_target(branch.get("NextAction").unwrap_or(&Value::Null), identifiers, &place, out);
    }
    check_errors(rule, action, errors, index, out);
    check_conditions(rule, conditions, index, out);
}

fn check_target(target: &Value, identifiers: &HashSet<&str>, at: &str, out: &mut Findings) {
    if !target.as_str().is_some_and(|target| identifiers.contains(target)) {
        out.refuse(format!("Invalid Action property value. Path: {at}"));
    }
}

fn check_errors(
    rule: &ActionRule,
    action: &Value,
    errors: &[Value],
    index: usize,
    out: &mut Findings,
) {
    let parameters = action.get("Parameters");
    let given: Vec<_> = errors.iter().map(|e| crate::content::text_of(e, "ErrorType")).collect();
    for known in rule.errors.iter().filter(|known| known.applies(parameters)) {
        let error = known.error;
        match known.need {
            Need::Required if !given.contains(&error) => out.add(
                rule.tried,
                format!("Action is missing required error. Error: {error}, Path: Actions[{index}]"),
            ),
            Need::Refused if given.contains(&error) => out.add(rule.tried, invalid(error, index)),
            _ => {}
        }
    }
    for error in given {
        let listed = rule.errors.iter().any(|known| known.error == error);
        if !listed {
            // A list may be too short, but a name that no action has is a mistake.
            out.add(!is_known_error(error), invalid(error, index));
        }
    }
}

fn invalid(error: &str, index: usize) -> String {
    format!("Invalid Action error. Error: {error}, Path: Actions[{index}]")
}

fn check_conditions(rule: &ActionRule, conditions: &[Value], index: usize, out: &mut Findings) {
    if conditions.is_empty() {
        return;
    }
    if rule.operators.is_empty() {
        let at = format!("Actions[{index}].Transitions.Conditions");
        out.add(rule.tried, format!("Action does not support conditions. Path: {at}"));
        return;
    }
    for branch in conditions {
        let condition = branch.get("Condition").unwrap_or(&Value::Null);
        let operator = condition.get("Operator").and_then(Value::as_str).unwrap_or_default();
        let operands = condition.get("Operands").and_then(Value::as_array);
        let operands = operands.map_or(&[][..], Vec::as_slice);
        let empty = operands.is_empty() || operands.iter().any(|o| o.as_str() == Some(""));
        let listed = |operand: &Value| {
            let text = operand.as_str().unwrap_or_default();
            rule.operands.is_empty() || rule.operands.iter().any(|o| o.eq_ignore_ascii_case(text))
        };
        if empty || !rule.operators.contains(&operator) {
            out.add(rule.tried, format!("Invalid branch. Path: {index}.Evaluate"));
        } else if !operands.iter().all(listed) {
            out.warn(format!("Invalid branch. Path: {index}.Evaluate"));
        }
    }
}
