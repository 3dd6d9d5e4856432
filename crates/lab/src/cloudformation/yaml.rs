//! Templates as values: JSON as it is, YAML with its short tags (`!Sub`, `!Ref` ...) in their long form.

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value, json};

/// Reads a template.
pub(super) fn read(text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text)
            .map_err(|error| format!("JSON not well-formed. {error}"));
    }
    let mut reader = Reader { open: Vec::new(), root: None };
    for next in Parser::new_from_str(text) {
        let (event, _) = next.map_err(|error| format!("YAML not well-formed. {error}"))?;
        reader.take(event)?;
    }
    reader.root.ok_or_else(|| "the template is empty".to_owned())
}

/// A list or mapping that is not closed yet, with its short tag.
struct Open {
    tag: Option<String>,
    into: Into,
}

enum Into {
    List(Vec<Value>),
    /// The members so far, and the key that waits for its value.
    Mapping(Map<String, Value>, Option<String>),
}

struct Reader {
    open: Vec<Open>,
    root: Option<Value>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, _, tag) => {
                let tag = tag.as_deref().map(ToString::to_string);
                let value = match (style, &tag) {
                    (ScalarStyle::Plain, None) => plain(&text),
                    _ => json!(text),
                };
                self.put(long(tag.as_deref(), value)?)
            }
            Event::SequenceStart(_, _, tag) => self.begin(tag.as_deref(), Into::List(Vec::new())),
            Event::MappingStart(_, _, tag) => {
                self.begin(tag.as_deref(), Into::Mapping(Map::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(()) };
                let value = match open.into {
                    Into::List(items) => Value::Array(items),
                    Into::Mapping(members, _) => Value::Object(members),
                };
                self.put(long(open.tag.as_deref(), value)?)
            }
            Event::Alias(_) => {
                Err("YAML aliases are not supported in CloudFormation templates".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, tag: Option<&granit_parser::Tag>, into: Into) -> Result<(), String> {
        self.open.push(Open { tag: tag.map(ToString::to_string), into });
        Ok(())
    }

    fn put(&mut self, value: Value) -> Result<(), String> {
        match self.open.last_mut().map(|open| &mut open.into) {
            None => self.root = Some(value),
            Some(Into::List(items)) => items.push(value),
            Some(Into::Mapping(members, key)) => match key.take() {
                None => {
                    *key = Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                }
                Some(key) => {
                    if members.insert(key.clone(), value).is_some() {
                        return Err(format!("duplicate key {key}"));
                    }
                }
            },
        }
        Ok(())
    }
}

/// A plain scalar by YAML's core schema; dates and versions stay texts.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" => return Value::Null,
        "true" | "True" => return json!(true),
        "false" | "False" => return json!(false),
        _ => {}
    }
    // Account ids keep their leading zero: what is no plain number stays as it was written.
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits == "0" || !digits.starts_with('0') {
        if let Ok(number) = text.parse::<i64>() {
            return json!(number);
        }
        let simple = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
        if let Some(number) = text.parse().ok().filter(|_| simple).and_then(Number::from_f64) {
            return Value::Number(number);
        }
    }
    json!(text)
}

/// The long form of a short tag.
fn long(tag: Option<&str>, value: Value) -> Result<Value, String> {
    let Some(tag) = tag else { return Ok(value) };
    let Some(name) = tag.strip_prefix('!').filter(|name| !name.starts_with('!')) else {
        return Ok(value);
    };
    match name {
        "Ref" | "Condition" => Ok(json!({ name: value })),
        "GetAtt" => {
            let path = match &value {
                Value::String(path) => {
                    let (resource, attribute) = path.split_once('.').unwrap_or((path, ""));
                    json!([resource, attribute])
                }
                _ => value,
            };
            Ok(json!({ "Fn::GetAtt": path }))
        }
        name => Ok(json!({ format!("Fn::{name}"): value })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tags_become_their_long_form() {
        let text = "A: !Ref B\nC: !Sub 'x-${B}'\nD: !GetAtt R.Arn\nE: !Join ['', [a, !Ref B]]\nF: 012345678901\nG: 7\n";
        assert_eq!(
            read(text).expect("it is YAML"),
            json!({
                "A": {"Ref": "B"}, "C": {"Fn::Sub": "x-${B}"}, "D": {"Fn::GetAtt": ["R", "Arn"]},
                "E": {"Fn::Join": ["", ["a", {"Ref": "B"}]]}, "F": "012345678901", "G": 7,
            })
        );
        assert!(read("A: [").is_err() && read("{").is_err() && read("").is_err());
        assert_eq!(read("{\"A\": 1}"), Ok(json!({"A": 1})));
    }
}
