//! What the service would say to a flow when it is published: its own problem texts, and warnings.
//!
//! Rules are data (`data/actions.txt`). What the service was seen to refuse is a problem; where pages
//! and exports are the only source, a broken rule is a warning. Whether the resources that a flow names
//! exist is for others to check; `reference_parameters` tells where they are named.

mod explain;
mod parameters;
mod rules;
mod transitions;

use crate::content::{actions, text_of};
use serde_json::Value;
use std::collections::HashSet;
use trunkline_model::Severity;

pub use explain::explain;
pub use rules::{ActionRule, action_rule, reference_parameters};

/// One thing that is wrong with a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `Error` where the service is known to refuse it, else `Warning`.
    pub severity: Severity,
    /// The service's problem text.
    pub text: String,
    /// The action, by its place in `Actions`.
    pub action: Option<usize>,
}

/// The problems for which the service refuses to publish a flow; empty where it accepts it.
///
/// `flow_type` is the API's spelling, such as `CONTACT_FLOW`; of a module it is not looked at.
pub fn problems(content: &Value, flow_type: &str, is_module: bool) -> Vec<String> {
    let findings = findings(content, flow_type, is_module).into_iter();
    findings.filter(|f| f.severity == Severity::Error).map(|f| f.text).collect()
}

/// Everything that is wrong with a flow, warnings included, in the order of its actions.
pub fn findings(content: &Value, flow_type: &str, is_module: bool) -> Vec<Finding> {
    let mut out = Findings::default();
    let identifiers: HashSet<&str> =
        actions(content).iter().map(|action| text_of(action, "Identifier")).collect();
    check_top(content, &identifiers, &mut out);
    if !is_module && content.get("Settings").is_some() {
        out.warn("Invalid property name. Path: Settings".to_owned());
    }
    let flow_type = if is_module { "MODULE" } else { flow_type };
    let mut seen = HashSet::new();
    for (index, action) in actions(content).iter().enumerate() {
        out.action = Some(index);
        check_identifier(text_of(action, "Identifier"), &mut seen, index, &mut out);
        let name = text_of(action, "Type");
        let Some(rule) = action_rule(name) else {
            out.refuse(format!("Invalid Action type. Type: {name}"));
            continue;
        };
        check_flow_type(rule, flow_type, &mut out);
        parameters::check(rule, action, index, &mut out);
        transitions::check(rule, action, index, &identifiers, &mut out);
    }
    out.list
}

/// Findings as they are gathered; `action` is the one being looked at.
#[derive(Default)]
struct Findings {
    list: Vec<Finding>,
    action: Option<usize>,
}

impl Findings {
    fn refuse(&mut self, text: String) {
        self.list.push(Finding { severity: Severity::Error, text, action: self.action });
    }

    fn warn(&mut self, text: String) {
        self.list.push(Finding { severity: Severity::Warning, text, action: self.action });
    }

    /// Refuses where the rule was seen on the service, else warns.
    fn add(&mut self, seen: bool, text: String) {
        if seen { self.refuse(text) } else { self.warn(text) }
    }
}

fn check_top(content: &Value, identifiers: &HashSet<&str>, out: &mut Findings) {
    if text_of(content, "Version") != "2019-10-30" {
        out.refuse("Invalid property value. Path: Version".to_owned());
    }
    match content.get("StartAction").and_then(Value::as_str) {
        None => out.refuse("Missing required property. Path: StartAction".to_owned()),
        Some(start) if !identifiers.contains(start) => {
            out.refuse("Invalid property value. Path: StartAction".to_owned());
        }
        Some(_) => {}
    }
}

/// Names that the service's own code would trip over.
const RESERVED: &[&str] =
    &["__proto__", "constructor", "toString", "valueOf", "hasOwnProperty", "prototype"];
const LONGEST_IDENTIFIER: usize = 50;

fn check_identifier<'a>(
    identifier: &'a str,
    seen: &mut HashSet<&'a str>,
    index: usize,
    out: &mut Findings,
) {
    let bad = identifier.is_empty()
        || identifier.chars().count() > LONGEST_IDENTIFIER
        || identifier.contains(|c| "%:(\\/)=$,;[]{}".contains(c))
        || RESERVED.contains(&identifier);
    if bad || !seen.insert(identifier) {
        out.refuse(format!("Invalid Action property value. Path: Actions[{index}].Identifier"));
    }
}

fn check_flow_type(rule: &ActionRule, flow_type: &str, out: &mut Findings) {
    let text = || format!("Invalid Action type. Type: {}", rule.name);
    if rule.refused.contains(&flow_type) {
        out.refuse(text());
    } else if !rule.flows.is_empty() && !rule.flows.contains(&flow_type) {
        out.warn(text());
    }
}

/// Whether a value is found while the contact is handled, so that nothing can be said of it now.
fn is_dynamic(text: &str) -> bool {
    text.starts_with("$.") || text.starts_with("$[")
}

#[cfg(test)]
mod tests;
