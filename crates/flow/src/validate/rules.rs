//! The rules of each action, read once from `data/actions.txt`; its head explains the notation.

use serde_json::Value;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What is known of one type of action.
#[derive(Debug, Default)]
pub struct ActionRule {
    /// Its type, such as `GetParticipantInput`.
    pub name: &'static str,
    /// What the designer calls the block.
    pub console_name: &'static str,
    /// Whether its rules were seen to hold on the service.
    pub(super) tried: bool,
    pub(super) terminal: Option<Strict>,
    pub(super) next_optional: bool,
    pub(super) parameters: Vec<Parameter>,
    references: Vec<(&'static str, &'static str)>,
    pub(super) exclusive: Vec<Vec<&'static str>>,
    pub(super) errors: Vec<ErrorRule>,
    pub(super) operators: Vec<&'static str>,
    pub(super) operands: Vec<&'static str>,
    pub(super) flows: Vec<&'static str>,
    pub(super) refused: Vec<&'static str>,
}

/// Whether breaking a rule is known to be refused.
pub(super) type Strict = bool;

#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) path: &'static str,
    pub(super) required: bool,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Text,
    Reference(&'static str),
    OneOf(Vec<&'static str>),
    Integer,
    JsonPath,
    Structure,
}

#[derive(Debug)]
pub(super) struct ErrorRule {
    pub(super) error: &'static str,
    pub(super) need: Need,
    condition: Option<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Allowed,
    Refused,
}

/// `when P`, `unless P=V`: a rule that depends on a parameter.
#[derive(Debug)]
struct Condition {
    wanted: bool,
    parameter: &'static str,
    value: Option<&'static str>,
}

impl ErrorRule {
    /// Whether the rule applies to an action with these parameters.
    pub(super) fn applies(&self, parameters: Option<&Value>) -> bool {
        let Some(condition) = &self.condition else { return true };
        let found = parameters.and_then(|parameters| parameters.get(condition.parameter));
        let holds = match (found, condition.value) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(Value::String(text)), Some(value)) => text.eq_ignore_ascii_case(value),
            (Some(other), Some(value)) => other.to_string().eq_ignore_ascii_case(value),
        };
        holds == condition.wanted
    }
}

/// What is known of a type of action; none for types that the service does not know.
pub fn action_rule(action_type: &str) -> Option<&'static ActionRule> {
    RULES.get(action_type)
}

/// Where an action names resources: path inside `Parameters` (`[]` for each item of a list) and kind.
pub fn reference_parameters(action_type: &str) -> &'static [(&'static str, &'static str)] {
    action_rule(action_type).map_or(&[], |rule| rule.references.as_slice())
}

/// Whether some action has an error of this name.
pub(super) fn is_known_error(error: &str) -> bool {
    RULES.values().any(|rule| rule.errors.iter().any(|known| known.error == error))
}

static RULES: LazyLock<HashMap<&'static str, ActionRule>> = LazyLock::new(|| {
    let text = include_str!("../../data/actions.txt");
    let paragraphs = text.split("\n\n").filter(|paragraph| paragraph.starts_with("action"));
    paragraphs.map(read_rule).map(|rule| (rule.name, rule)).collect()
});

fn read_rule(paragraph: &'static str) -> ActionRule {
    let mut rule = ActionRule::default();
    for line in paragraph.lines() {
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let words = || rest.split_whitespace().collect::<Vec<_>>();
        match word.trim_end_matches(['!', '?', '-']) {
            "action" => {
                let (name, console_name) = rest.split_once(" | ").unwrap_or((rest, rest));
                (rule.name, rule.console_name, rule.tried) = (name, console_name, word == "action");
            }
            "terminal" => rule.terminal = Some(word == "terminal"),
            "next" => rule.next_optional = true,
            "param" | "ref" => read_parameter(&mut rule, word, rest),
            "one" => rule.exclusive.push(words()),
            "error" => rule.errors.push(read_error(word, rest)),
            "operators" => rule.operators = words(),
            "operands" => rule.operands = words(),
            "flows" => rule.flows = words(),
            "refused" => rule.refused = words(),
            _ => debug_assert!(false, "`{line}` is no rule"),
        }
    }
    rule
}

fn read_parameter(rule: &mut ActionRule, word: &str, rest: &'static str) {
    let (path, kind) = rest.split_once(' ').unwrap_or((rest, ""));
    let kind = match (kind.get(..1), kind.get(1..).unwrap_or_default()) {
        (Some("@"), name) => {
            rule.references.push((path, name));
            Kind::Reference(name)
        }
        (Some("="), values) => Kind::OneOf(values.split('|').collect()),
        (Some("#"), _) => Kind::Integer,
        (Some("$"), _) => Kind::JsonPath,
        (Some("*"), _) => Kind::Structure,
        _ => Kind::Text,
    };
    if word != "ref" {
        rule.parameters.push(Parameter { path, required: word == "param!", kind });
    }
}

fn read_error(word: &str, rest: &'static str) -> ErrorRule {
    let mut words = rest.split_whitespace();
    let error = words.next().unwrap_or_default();
    let need = match word {
        "error!" => Need::Required,
        "error-" => Need::Refused,
        _ => Need::Allowed,
    };
    let condition = words.next().zip(words.next()).map(|(word, test)| {
        let (parameter, value) = test
            .split_once('=')
            .map_or((test, None), |(parameter, value)| (parameter, Some(value)));
        Condition { wanted: word == "when", parameter, value }
    });
    ErrorRule { error, need, condition }
}
