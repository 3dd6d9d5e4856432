//! Adds bindings to, and sets settings in, the text of `trunkline.yaml` and leaves every other byte as it is.
//!
//! The export proposes bindings; people have comments and an order of their own in the file. So
//! lines are inserted at places that the parsed tree tells, and nothing is written anew.

use crate::yaml::{self, Node, Spot, Value};
use std::collections::BTreeMap;

/// Appends `(key, environment, value)` under `bindings:`; the section is made where it is absent,
/// and a key that is there gains the environment. What already has a value is not changed, and a
/// text that is no valid YAML comes back as it is.
pub fn add_bindings(text: &str, additions: &[(String, String, String)]) -> String {
    let mut by_key: Vec<(&str, BTreeMap<&str, &str>)> = Vec::new();
    for (key, environment, value) in additions {
        let at = by_key.iter().position(|(k, _)| k == key).unwrap_or_else(|| {
            by_key.push((key, BTreeMap::new()));
            by_key.len() - 1
        });
        by_key[at].1.entry(environment).or_insert(value);
    }
    by_key.into_iter().fold(text.to_owned(), |text, (key, values)| add(text, key, values))
}

/// Sets `(setting, value)` under `settings:`; values are written as they are. The section is made where it is
/// absent. A text that is no valid YAML comes back as it is.
pub fn set_settings(text: &str, settings: &[(String, String)]) -> String {
    settings.iter().fold(text.to_owned(), |text, (key, value)| set(text, key, value))
}

fn set(text: String, key: &str, value: &str) -> String {
    let Ok(root) = yaml::read(&text) else { return text };
    let file = File::new(&text);
    let line = format!("{key}: {value}");
    let Some(section) = root.get("settings") else {
        return file.append(&format!("settings:{}  {line}", file.newline));
    };
    match (&section.value, section.get(key)) {
        (Value::Map(_), Some(there)) => {
            let start = file.offset(there.spot);
            let length = scalar_length(&text[start..]);
            format!("{}{value}{}", &text[..start], &text[start + length..])
        }
        (Value::Map(there), None) => file.extend(section.spot, there, &line),
        (Value::Null, _) => file.fill(&root, "settings", &line),
        _ => text,
    }
}

/// How long a plain or quoted scalar of one line is, in bytes.
fn scalar_length(text: &str) -> usize {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        return text[1..].find(quote).map_or(text.len(), |end| end + 2);
    }
    text.find([',', '}', '\r', '\n', '#', ' ']).unwrap_or(text.len())
}

fn add(text: String, key: &str, mut values: BTreeMap<&str, &str>) -> String {
    let Ok(root) = yaml::read(&text) else { return text };
    let file = File::new(&text);
    let Some(section) = root.get("bindings") else {
        return file.append(&format!("bindings:{}  {}", file.newline, line(key, &values)));
    };
    let existing = section.get(key);
    if let Some(Value::Map(there)) = existing.map(|n| &n.value) {
        values.retain(|environment, _| !there.iter().any(|(k, _)| k.text == *environment));
    }
    if values.is_empty() {
        return text;
    }
    match (existing, &section.value) {
        (Some(Node { value: Value::Map(there), spot }), _) => {
            file.extend(*spot, there, &inner(&values))
        }
        // One value for all environments is a decision that an addition must not take back.
        (Some(_), _) => text,
        (None, Value::Map(there)) => file.extend(section.spot, there, &line(key, &values)),
        (None, _) => file.fill(&root, "bindings", &line(key, &values)),
    }
}

fn line(key: &str, values: &BTreeMap<&str, &str>) -> String {
    format!("{}: {{ {} }}", quote(key), inner(values))
}

fn inner(values: &BTreeMap<&str, &str>) -> String {
    let pairs: Vec<_> = values.iter().map(|(e, v)| format!("{}: {}", name(e), quote(v))).collect();
    pairs.join(", ")
}

/// A text as YAML that is read as this text: quoted only where it has to be.
pub(crate) fn name(text: &str) -> String {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let word = matches!(text, "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n");
    if plain && starts && !word { text.to_owned() } else { quote(text) }
}

/// A JSON text is a double-quoted YAML text.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

struct File<'a> {
    text: &'a str,
    newline: &'static str,
    /// Byte offset of each line's start.
    starts: Vec<usize>,
}

impl<'a> File<'a> {
    fn new(text: &'a str) -> Self {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        Self { text, newline, starts }
    }

    fn offset(&self, spot: Spot) -> usize {
        let start = self.starts.get(spot.line as usize - 1).copied().unwrap_or(self.text.len());
        // The byte-order mark is no column of the first line, but has bytes.
        let start = start + if start == 0 && self.text.starts_with('\u{feff}') { 3 } else { 0 };
        let line = &self.text[start..];
        let skip = line.char_indices().nth(spot.column as usize - 1).map_or(line.len(), |(i, _)| i);
        start + skip
    }

    fn insert(&self, at: usize, what: &str) -> String {
        format!("{}{what}{}", &self.text[..at], &self.text[at..])
    }

    fn append(&self, what: &str) -> String {
        let gap = if self.text.is_empty() || self.text.ends_with('\n') { "" } else { self.newline };
        format!("{}{gap}{what}{}", self.text, self.newline)
    }

    /// Puts an entry into a mapping: in braces directly after `{`, in block form before its first
    /// entry's line would change the order, so behind the last line of the mapping's last entry.
    fn extend(&self, spot: Spot, there: &[(yaml::Key, Node)], entry: &str) -> String {
        let at = self.offset(spot);
        if self.text[at..].starts_with('{') {
            let comma = if there.is_empty() { " " } else { "," };
            let at = at + 1;
            return self.insert(at, &format!(" {entry}{comma}"));
        }
        let Some((first, _)) = there.first() else { return self.append(entry) };
        let start = self.starts[first.spot.line as usize - 1];
        let key_at = self.offset(first.spot);
        let indent = &self.text[start..key_at];
        let end = self.block_end(first.spot.line as usize, first.spot.column as usize - 1);
        let gap = if self.text[..end].ends_with('\n') { "" } else { self.newline };
        self.insert(end, &format!("{gap}{indent}{entry}{}", self.newline))
    }

    /// Returns where the block that starts on `line` with `indent` ends: after its last line that
    /// is not blank, no comment, and indented at least as far.
    fn block_end(&self, line: usize, indent: usize) -> usize {
        let mut end = line;
        for number in line..self.starts.len() {
            let content = self.text[self.starts[number]..].lines().next().unwrap_or_default();
            let body = content.trim_start_matches(' ');
            if body.trim().is_empty()
                || (body.starts_with('#') && content.len() - body.len() < indent)
            {
                continue;
            }
            if content.len() - body.len() < indent {
                break;
            }
            end = number + 1;
        }
        self.starts.get(end).copied().unwrap_or(self.text.len())
    }

    /// Puts the first entry under a section that has no value.
    fn fill(&self, root: &Node, section: &str, entry: &str) -> String {
        let Value::Map(entries) = &root.value else { return self.text.to_owned() };
        let key = entries.iter().find(|(k, _)| k.text == section);
        let Some((key, Node { value: Value::Null, .. })) = key else { return self.text.to_owned() };
        let end = self.starts.get(key.spot.line as usize).copied().unwrap_or(self.text.len());
        let gap = if self.text[..end].ends_with('\n') { "" } else { self.newline };
        self.insert(end, &format!("{gap}  {entry}{}", self.newline))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{StarterEnvironment, parse, starter};

    const HEAD: &str = "version: 1 # keep\nproject: a\nenvironments:\n  uat: { account: \"111122223333\", \
                        regions: [us-west-2], instance: a }\n  prod: { account: \"222233334444\", \
                        regions: [us-west-2], instance: b }\n";

    /// Adds `phone:Main` for prod; the result must be the text with exactly `inserted` added at
    /// one place, and must parse.
    fn check(tail: &str, inserted: &str) {
        let text = format!("{HEAD}{tail}");
        let additions = [("phone:Main".to_owned(), "prod".to_owned(), "+1\"555".to_owned())];
        let result = add_bindings(&text, &additions);
        assert!(result.contains(inserted), "{result}");
        assert_eq!(result.replacen(inserted, "", 1), text, "{result}");
        let project = parse(&result, "f").unwrap_or_else(|r| panic!("{r}\n{result}"));
        let target = project.targets(&project.environments[1], None).unwrap().remove(0);
        let value = project.bindings.value("phone", "Main", &target);
        assert_eq!(value, crate::Binding::Value("+1\"555".to_owned()), "{result}");
    }

    const LINE: &str = r#""phone:Main": { prod: "+1\"555" }"#;

    #[test]
    fn entries_are_inserted_and_everything_else_stays() {
        check("", &format!("bindings:\n  {LINE}\n"));
        check("bindings:\nrole: x\n", &format!("  {LINE}\n"));
        check("bindings: # none\n\nrole: x\n", &format!("  {LINE}\n"));
        check("bindings:\n    \"a:b\": c # d\n\n# e\nrole: x\n", &format!("    {LINE}\n"));
        check("bindings:\n  \"a:b\":\n    uat: c\n  # end\n", &format!("  {LINE}\n"));
        check("bindings: {}\n", &format!(" {LINE} "));
        check("bindings: { \"a:b\": c }\nrole: x\n", &format!(" {LINE},"));
        check("bindings:\n  \"phone:Main\": { uat: x } # y\n", r#" prod: "+1\"555","#);
        check(
            "bindings:\n  \"phone:Main\":\n    uat: x # y\n  \"a:b\": c\n",
            "    prod: \"+1\\\"555\"\n",
        );
        check("bindings:\r\n  \"a:b\": c\r\n", &format!("  {LINE}\r\n"));
    }

    #[test]
    fn settings_are_set_where_they_stand_and_everything_else_stays() {
        let wanted = [
            ("search_lag".to_owned(), "90".to_owned()),
            ("search_returns_content".to_owned(), "false".to_owned()),
        ];
        for (tail, expected) in [
            ("", "settings:\n  search_lag: 90\n  search_returns_content: false\n"),
            (
                "settings: # why\n  search_lag: 60s # long\nrole: x\n",
                "settings: # why\n  search_lag: 90 # long\n  search_returns_content: false\nrole: x\n",
            ),
            (
                "settings: { search_lag: 60, search_returns_content: true }\n",
                "settings: { search_lag: 90, search_returns_content: false }\n",
            ),
            (
                "settings:\nrole: x\n",
                "settings:\n  search_lag: 90\n  search_returns_content: false\nrole: x\n",
            ),
        ] {
            let result = set_settings(&format!("{HEAD}{tail}"), &wanted);
            assert_eq!(result, format!("{HEAD}{expected}"));
            assert_eq!(parse(&result, "f").expect("a configuration").settings.search_lag, 90.0);
        }
        assert_eq!(set_settings("x: [", &wanted), "x: [");
    }

    #[test]
    fn what_has_a_value_is_not_changed() {
        for tail in [
            "bindings: { \"phone:Main\": x }\n",
            "bindings:\n  \"phone:Main\": { prod: x }\n",
            "x: [",
        ] {
            let text = format!("{HEAD}{tail}");
            let additions = [("phone:Main".to_owned(), "prod".to_owned(), "y".to_owned())];
            assert_eq!(add_bindings(&text, &additions), text);
        }
    }

    #[test]
    fn a_starter_parses_and_takes_bindings() {
        let environment = StarterEnvironment {
            name: "no".to_owned(),
            account: trunkline_model::AccountId::parse("012345678901").unwrap(),
            regions: vec![trunkline_model::Region::parse("us-west-2").unwrap()],
            instance: "acme".to_owned(),
            build: true,
        };
        for environments in [&[][..], &[environment]] {
            let text = starter("acme \"x\"", environments);
            let project = parse(&text, "f").unwrap_or_else(|r| panic!("{r}\n{text}"));
            assert_eq!(project.name, "acme \"x\"");
            let name = project.environments[0].name.clone();
            let text = add_bindings(&text, &[("phone:a".to_owned(), name, "b".to_owned())]);
            assert_eq!(parse(&text, "f").unwrap().bindings.keys().count(), 1);
        }
    }
}
