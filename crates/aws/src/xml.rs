//! XML answers as JSON: elements become members, with lists, numbers and booleans where the
//! operation's row of the table says so. Also the one XML body that is sent (CreateBucket's).

use crate::operations::Scalar;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Which elements are not plain text or structures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hints {
    /// Lists by their element's name; the value names each item's element, empty for a flat list.
    lists: BTreeMap<String, String>,
    scalars: BTreeMap<String, Scalar>,
}

impl Hints {
    /// Reads `#KeyCount,?IsTruncated,Buckets[Bucket],Contents[]`.
    pub(crate) fn parse(text: &str) -> Self {
        let mut hints = Self::default();
        for item in text.split(',') {
            if let Some(name) = item.strip_prefix('#') {
                hints.scalars.insert(name.to_owned(), Scalar::Number);
            } else if let Some(name) = item.strip_prefix('?') {
                hints.scalars.insert(name.to_owned(), Scalar::Boolean);
            } else if let Some((name, member)) = item.trim_end_matches(']').split_once('[') {
                hints.lists.insert(name.to_owned(), member.to_owned());
            }
        }
        hints
    }
}

/// An element: its text and its children in order.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|c| c.name == name)
    }

    /// The text of the first child of that name.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|c| c.text.trim())
    }

    /// The element's members as a JSON object.
    pub(crate) fn to_object(&self, hints: &Hints) -> Value {
        let mut object = Map::new();
        for child in &self.children {
            match hints.lists.get(&child.name) {
                Some(member) if member.is_empty() => {
                    let list =
                        object.entry(child.name.clone()).or_insert_with(|| Value::from([""; 0]));
                    if let Value::Array(items) = list {
                        items.push(child.to_value(hints));
                    }
                }
                Some(member) => {
                    let items = child.children.iter().filter(|c| c.name == *member);
                    let items = items.map(|c| c.to_value(hints)).collect();
                    object.insert(child.name.clone(), Value::Array(items));
                }
                None => {
                    object.insert(child.name.clone(), child.to_value(hints));
                }
            }
        }
        Value::Object(object)
    }

    fn to_value(&self, hints: &Hints) -> Value {
        if !self.children.is_empty() {
            return self.to_object(hints);
        }
        scalar(&self.text, hints.scalars.get(&self.name).copied().unwrap_or(Scalar::Text))
    }
}

/// Turns a text into what it stands for; a text of another form stays a text.
pub(crate) fn scalar(text: &str, kind: Scalar) -> Value {
    let value = match kind {
        Scalar::Text => None,
        Scalar::Number => text.trim().parse::<i64>().ok().map(Value::from),
        Scalar::Boolean => text.trim().parse::<bool>().ok().map(Value::from),
    };
    value.unwrap_or_else(|| Value::from(text))
}

/// Parses a whole document into its root element; `None` where it is not well formed.
pub(crate) fn parse(bytes: &[u8]) -> Option<Element> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => open.push(named(start.local_name().as_ref())?),
            Event::Empty(start) => {
                let element = named(start.local_name().as_ref())?;
                open.last_mut()?.children.push(element);
            }
            Event::Text(part) => open.last_mut()?.text.push_str(&part.decode().ok()?),
            Event::CData(part) => open.last_mut()?.text.push_str(&part.decode().ok()?),
            Event::GeneralRef(name) => {
                let character = resolve(&name.decode().ok()?)?;
                open.last_mut()?.text.push_str(&character);
            }
            Event::End(_) => {
                let element = open.pop()?;
                open.last_mut()?.children.push(element);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let mut document = open.pop().filter(|_| open.is_empty())?;
    document.children.pop()
}

fn named(name: &[u8]) -> Option<Element> {
    let name = std::str::from_utf8(name).ok()?.to_owned();
    Some(Element { name, ..Element::default() })
}

fn resolve(name: &str) -> Option<String> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).map(String::from);
    }
    quick_xml::escape::resolve_predefined_entity(name).map(str::to_owned)
}

/// Writes a structure as an XML document in S3's namespace; lists repeat their element.
pub(crate) fn write(root: &str, value: &Value) -> String {
    let mut out = format!(r#"<{root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#);
    write_content(value, &mut out);
    out.push_str(&format!("</{root}>"));
    out
}

fn write_content(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let items = member.as_array().map_or(std::slice::from_ref(member), Vec::as_slice);
                for item in items {
                    out.push_str(&format!("<{name}>"));
                    write_content(item, out);
                    out.push_str(&format!("</{name}>"));
                }
            }
        }
        Value::String(text) => out.push_str(&quick_xml::escape::escape(text.as_str())),
        Value::Null => {}
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_numbers_and_entities() {
        let hints = Hints::parse("#KeyCount,?IsTruncated,Contents[],Buckets[Bucket]");
        let text = "<?xml version=\"1.0\"?>\n<R xmlns=\"x\"><KeyCount>2</KeyCount><IsTruncated>false</IsTruncated>\
            <Contents><Key>a&amp;b &lt;&#x41;&#66;</Key></Contents><Contents><Key>2</Key></Contents>\
            <Buckets><Bucket><Name>x</Name></Bucket></Buckets><Prefix/></R>";
        let root = parse(text.as_bytes()).expect("well formed");
        assert_eq!(
            root.to_object(&hints),
            json!({"KeyCount": 2, "IsTruncated": false, "Contents": [{"Key": "a&b <AB"}, {"Key": "2"}],
                "Buckets": [{"Name": "x"}], "Prefix": ""})
        );
    }

    #[test]
    fn an_empty_list_is_a_list() {
        let root = parse(b"<R><Buckets></Buckets></R>").expect("well formed");
        assert_eq!(root.to_object(&Hints::parse("Buckets[Bucket]")), json!({"Buckets": []}));
    }

    #[test]
    fn what_is_cut_off_is_no_document() {
        for text in ["<R><A>1</A>", "", "not xml", "<R></S>"] {
            assert!(parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_structure_is_written() {
        let text = write("C", &json!({"LocationConstraint": "a<b"}));
        assert!(text.ends_with("<LocationConstraint>a&lt;b</LocationConstraint></C>"), "{text}");
    }
}
