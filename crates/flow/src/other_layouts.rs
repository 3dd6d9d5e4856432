//! Reads flows as other tools keep them, and turns their placeholders into references.
//!
//! Known: raw flow JSON, the answers of describe calls, and objects that carry the content as an
//! escaped text or as an object. Content is returned as it is; `to_document_text` then makes every
//! string of it document text, in which `${ACCT_ID}` and the like stay literal.

use crate::content::{check_format, flow_type, flow_type_from_metadata, parse_json};
use crate::reference::{Piece, Reference, escape, render};
use crate::rewrite::map_strings;
use serde_json::Value;
use std::convert::Infallible;
use trunkline_model::Report;

/// A flow from somebody's file.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherFlow {
    /// Its name, if the file tells.
    pub name: Option<String>,
    /// Its type in the API's spelling, if the file tells; none for modules.
    pub flow_type: Option<&'static str>,
    /// Its description, if the file tells.
    pub description: Option<String>,
    /// Its content, with strings as the service has them.
    pub content: Value,
}

/// Reads a file in any known layout (TL0201, TL0301, TL0303).
pub fn read(text: &str) -> Result<OtherFlow, Report> {
    let value = parse_json(text)?;
    let wrapper = WRAPPERS.iter().find_map(|key| value.get(key).filter(|v| v.is_object()));
    let carrier = wrapper.unwrap_or(&value);
    let content = match carrier.get("Content") {
        Some(Value::String(text)) => Some(parse_json(text).map_err(inside_content)?),
        Some(content @ Value::Object(_)) => Some(content.clone()),
        _ => None,
    };
    let Some(content) = content else {
        check_format(&value)?;
        let layout = value.get("Metadata");
        let field = |key: &str| layout?.get(key)?.as_str().map(str::to_owned);
        let (name, description) = (field("name"), field("description"));
        let flow_type = flow_type_from_metadata(&value);
        return Ok(OtherFlow { name, flow_type, description, content: value });
    };
    check_format(&content)?;
    let field = |key: &str| carrier.get(key).and_then(Value::as_str);
    let kind = ["ContactFlowType", "Type"].iter().find_map(|key| field(key));
    Ok(OtherFlow {
        name: field("Name").map(str::to_owned),
        flow_type: kind.and_then(flow_type).or_else(|| flow_type_from_metadata(&content)),
        description: field("Description").map(str::to_owned),
        content,
    })
}

const WRAPPERS: &[&str] = &["ContactFlow", "ContactFlowModule", "Properties"];

fn inside_content(report: Report) -> Report {
    Report(report.0.into_iter().map(|diagnostic| diagnostic.path("Content")).collect())
}

/// Makes every string document text: placeholders become references, other `${` are escaped.
pub fn to_document_text(content: &mut Value) {
    let done: Result<(), Infallible> = map_strings(content, &mut |_, text| Ok(document_text(text)));
    match done {
        Ok(()) => {}
        Err(never) => match never {},
    }
}

/// `None` where the text stays the same.
fn document_text(text: &str) -> Option<String> {
    if !text.contains("${") && !text.contains(ARN_MARK) {
        return None;
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, reference, after)) = next_placeholder(rest) {
        pieces.push(Piece::Text(before.to_owned()));
        pieces.push(Piece::Ref(reference));
        rest = after;
    }
    if pieces.is_empty() {
        return Some(escape(text));
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Some(render(&pieces))
}

const ARN_MARK: &str = "ARNREPLACE";

/// Letters of `${Q:name:Q}` and the kinds that they stand for.
const LETTERS: &[(char, &str)] = &[
    ('Q', "queue"),
    ('F', "flow"),
    ('M', "module"),
    ('P', "prompt"),
    ('H', "hours"),
    ('A', "agent"),
];

/// The first placeholder of a text: what is before it, what it stands for, what is after it.
fn next_placeholder(text: &str) -> Option<(&str, Reference, &str)> {
    let mark = arn_mark(text);
    let lettered = LETTERS.iter().filter_map(|(letter, kind)| lettered(text, *letter, kind));
    lettered.chain(mark).min_by_key(|(before, ..)| before.len())
}

fn lettered<'a>(text: &'a str, letter: char, kind: &str) -> Option<(&'a str, Reference, &'a str)> {
    let (open, close) = (format!("${{{letter}:"), format!(":{letter}}}"));
    let (before, rest) = text.split_once(&open)?;
    let (name, after) = rest.split_once(&close)?;
    (!name.is_empty()).then(|| (before, Reference::new(kind, name), after))
}

/// `<<ARNREPLACE>>` or `ARNREPLACE`: the function that maps names to ARNs.
fn arn_mark(text: &str) -> Option<(&str, Reference, &str)> {
    let (before, after) = text.split_once(ARN_MARK)?;
    let joined = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if before.ends_with(joined) || after.starts_with(joined) {
        return None;
    }
    let reference = Reference::new("lambda", ARN_MARK);
    match (before.strip_suffix("<<"), after.strip_prefix(">>")) {
        (Some(before), Some(after)) => Some((before, reference, after)),
        _ => Some((before, reference, after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn raw() -> Value {
        json!({"Version": "2019-10-30", "StartAction": "a", "Actions": [],
            "Metadata": {"name": "Main", "type": "customerQueue"}})
    }

    fn check(file: &Value, name: &str, flow_type: &str) {
        let flow = read(&file.to_string()).expect("readable");
        assert_eq!((flow.name.as_deref(), flow.flow_type), (Some(name), Some(flow_type)));
        assert_eq!(flow.content, raw());
    }

    #[test]
    fn layouts_of_other_tools_are_read() {
        check(&raw(), "Main", "CUSTOMER_QUEUE");
        let text = raw().to_string();
        check(
            &json!({"Name": "A", "ContactFlowType": "CONTACT_FLOW", "Content": text}),
            "A",
            "CONTACT_FLOW",
        );
        check(&json!({"Name": "A", "Type": "AGENT_HOLD", "Content": raw()}), "A", "AGENT_HOLD");
        check(
            &json!({"ContactFlow": {"Name": "A", "Type": "CONTACT_FLOW", "Content": text}}),
            "A",
            "CONTACT_FLOW",
        );
        let error = read(&json!({"Name": "A", "Content": "{"}).to_string()).expect_err("broken");
        assert_eq!(error.0[0].place.path.as_deref(), Some("Content"));
        let error = read(r#"{"Name": "A"}"#).expect_err("no flow");
        assert_eq!(error.0[0].code, "TL0303");
    }

    fn check_text(text: &str, wanted: &str) {
        let mut value = json!({"a": text});
        to_document_text(&mut value);
        assert_eq!(value["a"], wanted);
    }

    #[test]
    fn placeholders_become_references_and_the_rest_stays_literal() {
        check_text("${Q:Sales: West:Q}", "${queue:Sales: West}");
        check_text("a ${M:x:M}${F:y:F}", "a ${module:x}${flow:y}");
        check_text("<<ARNREPLACE>>", "${lambda:ARNREPLACE}");
        check_text("ARNREPLACE", "${lambda:ARNREPLACE}");
        check_text("MYARNREPLACE", "MYARNREPLACE");
        check_text("${ACCT_ID}/${P:Beep:P}", "$${ACCT_ID}/${prompt:Beep}");
        check_text("cost $5", "cost $5");
    }
}
