//! The intrinsic functions of templates, in their long forms; the reader of YAML has made the short
//! ones long.
//!
//! `evaluate` gives plain values, each at the place of what it came from; `None` is `AWS::NoValue`.
//! A function that cannot be evaluated is reported (TL0822), and its text stands for the value.

use super::Template;
use crate::suggest::nearest;
use crate::yaml::{Node, Spot, Value};

/// The longest text that an evaluation may give; names within names can grow without end.
const LONGEST: usize = 1_000_000;

const FUNCTIONS: &[&str] = &[
    "Ref",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::FindInMap",
    "Fn::GetAZs",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
    "Fn::Transform",
];

impl Template<'_> {
    /// Evaluates a value and everything within it.
    pub(super) fn evaluate(&mut self, node: &Node) -> Option<Node> {
        self.fuel = self.fuel.saturating_sub(1);
        if self.fuel == 0 {
            if self.noted.insert(("fuel".to_owned(), true)) {
                self.m.error(node.spot, "TL0822", "the template grows without end");
            }
            return None;
        }
        let value = match &node.value {
            Value::Map(entries) => match entries.as_slice() {
                [(key, argument)] if key.text == "Ref" || key.text.starts_with("Fn::") => {
                    let value = self.function(&key.text, argument, node.spot)?;
                    return Some(self.resolved(value));
                }
                entries => Value::Map(
                    entries
                        .iter()
                        .filter_map(|(key, value)| Some((key.clone(), self.evaluate(value)?)))
                        .collect(),
                ),
            },
            Value::List(items) => {
                Value::List(items.iter().filter_map(|item| self.evaluate(item)).collect())
            }
            other => other.clone(),
        };
        Some(self.resolved(Node { spot: node.spot, value }))
    }

    fn function(&mut self, name: &str, argument: &Node, spot: Spot) -> Option<Node> {
        match name {
            "Ref" => {
                let text = self.plain(argument, name)?;
                self.reference(&text, spot)
            }
            "Fn::If" => self.either(argument),
            "Fn::Transform" => {
                self.note(spot, "transform", "what a macro makes is not known here".to_owned());
                None
            }
            "Fn::GetAtt" => Some(self.get_attribute(argument, spot)),
            "Fn::Sub" => Some(self.substitute(argument, spot)),
            "Fn::Join" => Some(self.join(argument, spot)),
            "Fn::Select" => self.select(argument, spot),
            "Fn::Split" => Some(self.split(argument, spot)),
            "Fn::FindInMap" => Some(self.find_in_map(argument, spot)),
            "Fn::ImportValue" => {
                let text = self.plain(argument, name)?;
                if let Some(given) = self.given(&text) {
                    return Some(Self::text(spot, given));
                }
                let message = format!("`{text}` is another stack's; its name stands for the value");
                self.not_given(spot, &text, message);
                self.assumed.insert(text.clone());
                Some(Self::text(spot, text))
            }
            "Fn::Base64" => self.plain(argument, name).map(|t| Self::text(spot, base64(&t))),
            "Fn::GetAZs" => Some(self.zones(argument, spot)),
            "Fn::Cidr" => Some(self.blocks(argument, spot)),
            "Fn::Length" => {
                let count = match self.evaluate(argument)?.value {
                    Value::List(items) => items.len(),
                    _ => 0,
                };
                Some(Self::text(spot, count.to_string()))
            }
            "Fn::ToJsonString" => {
                let text = self.evaluate(argument)?.to_json().to_string();
                Some(Self::text(spot, text))
            }
            _ => {
                let message = format!("`{name}` is no function that is evaluated here");
                self.m.error(spot, "TL0822", message).help =
                    nearest(name, FUNCTIONS.iter().copied())
                        .map(|near| format!("did you mean `{near}`?"));
                Some(Self::text(spot, name))
            }
        }
    }

    /// Reports an argument of the wrong form; a text stands for the value.
    fn wrong(&mut self, name: &str, wanted: &str, spot: Spot) -> Node {
        self.m.error(spot, "TL0822", format!("`{name}` takes {wanted}"));
        Self::text(spot, name)
    }

    /// Evaluates to a text.
    fn plain(&mut self, node: &Node, name: &str) -> Option<String> {
        let value = self.evaluate(node)?;
        match value.spelling() {
            Some(text) if text.len() <= LONGEST => Some(text.to_owned()),
            Some(_) => {
                self.wrong(name, "no text of a million characters", node.spot);
                Some(name.to_owned())
            }
            None => {
                let wanted = format!("a text here, this is {}", value.what());
                self.wrong(name, &wanted, node.spot);
                Some(name.to_owned())
            }
        }
    }

    fn get_attribute(&mut self, argument: &Node, spot: Spot) -> Node {
        let wanted = "`Resource.Attribute` or a list of both";
        match &argument.value {
            Value::List(items) if items.len() == 2 => {
                let logical = self.plain(&items[0], "Fn::GetAtt").unwrap_or_default();
                let attribute = self.plain(&items[1], "Fn::GetAtt").unwrap_or_default();
                self.attribute(&logical, &attribute, spot)
            }
            Value::Text(text) => match text.split_once('.') {
                Some((logical, attribute)) => self.attribute(logical, attribute, spot),
                None => self.wrong("Fn::GetAtt", wanted, spot),
            },
            _ => self.wrong("Fn::GetAtt", wanted, spot),
        }
    }

    fn either(&mut self, argument: &Node) -> Option<Node> {
        let Value::List(items) = &argument.value else {
            return Some(self.wrong("Fn::If", "a condition and two values", argument.spot));
        };
        let ([condition, yes, no], Some(name)) =
            (items.as_slice(), items.first().and_then(Node::spelling))
        else {
            return Some(self.wrong("Fn::If", "a condition and two values", argument.spot));
        };
        let holds = self.condition(name, condition.spot);
        self.evaluate(if holds { yes } else { no })
    }

    fn substitute(&mut self, argument: &Node, spot: Spot) -> Node {
        let wanted = "a text, or a list of a text and a mapping";
        let (text, given) = match &argument.value {
            Value::List(items) => match (items.first(), items.get(1)) {
                (Some(text), Some(given)) if items.len() == 2 => (text, Some(given)),
                (Some(text), None) => (text, None),
                _ => return self.wrong("Fn::Sub", wanted, spot),
            },
            _ => (argument, None),
        };
        let Some(text) = text.spelling() else { return self.wrong("Fn::Sub", wanted, spot) };
        let (mut out, mut rest) = (String::new(), text);
        while let Some(start) = rest.find("${") {
            out.push_str(&rest[..start]);
            let Some(end) = rest[start..].find('}').map(|end| start + end) else {
                rest = &rest[start..];
                break;
            };
            let name = rest[start + 2..end].trim();
            match name.strip_prefix('!') {
                Some(literal) => out.push_str(&format!("${{{literal}}}")),
                None => out.push_str(&self.substituted(name, given, spot)),
            }
            rest = &rest[end + 1..];
            if out.len() > LONGEST {
                return self.wrong("Fn::Sub", "no text of a million characters", spot);
            }
        }
        out.push_str(rest);
        Self::text(spot, out)
    }

    fn substituted(&mut self, name: &str, given: Option<&Node>, spot: Spot) -> String {
        let value = match given.and_then(|given| given.get(name)) {
            Some(value) => self.evaluate(value),
            None => match name.split_once('.') {
                Some((logical, attribute)) => Some(self.attribute(logical, attribute, spot)),
                None => self.reference(name, spot),
            },
        };
        match value.as_ref().map(|v| (v.spelling(), v)) {
            Some((Some(text), _)) => text.to_owned(),
            Some((None, value)) => {
                let wanted = format!("texts, `{name}` is {}", value.what());
                self.wrong("Fn::Sub", &wanted, spot);
                String::new()
            }
            None => String::new(),
        }
    }

    /// Evaluates to a list of texts.
    fn items(&mut self, node: &Node, name: &str) -> Vec<String> {
        match self.evaluate(node).map(|n| n.value) {
            Some(Value::List(items)) => {
                items.iter().filter_map(|item| self.plain(item, name)).collect()
            }
            Some(Value::Text(text)) if self.assumed.contains(&text) => vec![text],
            Some(_) => {
                self.wrong(name, "a list here", node.spot);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn join(&mut self, argument: &Node, spot: Spot) -> Node {
        match &argument.value {
            Value::List(items) if items.len() == 2 => {
                let separator = items[0].spelling().unwrap_or_default().to_owned();
                let parts = self.items(&items[1], "Fn::Join");
                let length: usize = parts.iter().map(|p| p.len() + separator.len()).sum();
                if length > LONGEST {
                    return self.wrong("Fn::Join", "no text of a million characters", spot);
                }
                Self::text(spot, parts.join(&separator))
            }
            _ => self.wrong("Fn::Join", "a separator and a list", spot),
        }
    }

    fn select(&mut self, argument: &Node, spot: Spot) -> Option<Node> {
        let Value::List(items) = &argument.value else {
            return Some(self.wrong("Fn::Select", "an index and a list", spot));
        };
        let [index, list] = items.as_slice() else {
            return Some(self.wrong("Fn::Select", "an index and a list", spot));
        };
        let index = self.plain(index, "Fn::Select")?.trim().parse::<usize>().ok();
        let items = self.items(list, "Fn::Select");
        let chosen = index.and_then(|i| items.get(i));
        // Of a value that is not known, any part is the value itself.
        let assumed = items.iter().find(|item| self.assumed.contains(*item));
        match chosen.or(assumed) {
            Some(text) => Some(Self::text(spot, text.clone())),
            None => {
                let wanted = format!("an index below the {} entries of its list", items.len());
                Some(self.wrong("Fn::Select", &wanted, spot))
            }
        }
    }

    fn split(&mut self, argument: &Node, spot: Spot) -> Node {
        let Value::List(items) = &argument.value else {
            return self.wrong("Fn::Split", "a separator and a text", spot);
        };
        let (Some(separator), Some(text), 2) =
            (items.first().and_then(Node::spelling), items.get(1), items.len())
        else {
            return self.wrong("Fn::Split", "a separator and a text", spot);
        };
        let text = self.plain(text, "Fn::Split").unwrap_or_default();
        let parts: Vec<&str> = match separator {
            "" => vec![&text],
            separator => text.split(separator).collect(),
        };
        if self.assumed.contains(&text) {
            self.assumed.extend(parts.iter().map(|p| (*p).to_owned()));
        }
        Node { spot, value: Value::List(parts.into_iter().map(|p| Self::text(spot, p)).collect()) }
    }

    fn find_in_map(&mut self, argument: &Node, spot: Spot) -> Node {
        let wanted = "a mapping's name and two keys";
        let Value::List(items) = &argument.value else {
            return self.wrong("Fn::FindInMap", wanted, spot);
        };
        let [map, first, second, rest @ ..] = items.as_slice() else {
            return self.wrong("Fn::FindInMap", wanted, spot);
        };
        let mut keys = Vec::new();
        for key in [map, first, second] {
            keys.extend(self.plain(key, "Fn::FindInMap"));
        }
        let [map, first, second] = keys.as_slice() else {
            return self.wrong("Fn::FindInMap", wanted, spot);
        };
        let mappings = self.node.get("Mappings").and_then(|m| m.get(map));
        if let Some(found) = mappings.and_then(|m| m.get(first)).and_then(|m| m.get(second)) {
            return Node { spot, ..found.clone() };
        }
        if let Some(default) = rest.first().and_then(|r| r.get("DefaultValue")) {
            return self.evaluate(default).unwrap_or_else(|| Self::text(spot, ""));
        }
        let name = format!("{map}.{first}.{second}");
        if [map, first, second].iter().any(|key| self.assumed.contains(*key)) {
            let message =
                format!("the template's mappings have no `{name}`; its name stands for it");
            self.note(spot, &name, message);
        } else {
            let message = format!("the template's mappings have no `{name}`");
            self.m.error(spot, "TL0822", message);
        }
        self.assumed.insert(name.clone());
        Self::text(spot, name)
    }

    fn zones(&mut self, argument: &Node, spot: Spot) -> Node {
        let region = self.plain(argument, "Fn::GetAZs").filter(|region| !region.is_empty());
        let region = region.unwrap_or_else(|| self.region(spot));
        let zones = ["a", "b", "c"].map(|zone| Self::text(spot, format!("{region}{zone}")));
        Node { spot, value: Value::List(zones.into()) }
    }

    /// Address blocks are of no interest to pipelines; as many texts as asked for stand for them.
    fn blocks(&mut self, argument: &Node, spot: Spot) -> Node {
        let Value::List(items) = &argument.value else {
            return self.wrong("Fn::Cidr", "a block, a count and bits", spot);
        };
        let block = items.first().and_then(|b| self.plain(b, "Fn::Cidr")).unwrap_or_default();
        let count = items.get(1).and_then(|c| self.plain(c, "Fn::Cidr"));
        let count = count.and_then(|c| c.parse::<usize>().ok()).unwrap_or(1).min(256);
        let blocks = (0..count).map(|i| Self::text(spot, format!("{block}#{i}")));
        Node { spot, value: Value::List(blocks.collect()) }
    }

    /// Says whether a named condition holds.
    pub(super) fn condition(&mut self, name: &str, spot: Spot) -> bool {
        match self.conditions.get(name) {
            Some(Some(known)) => return *known,
            Some(None) => {
                let message = format!("the condition `{name}` refers to itself");
                self.m.error(spot, "TL0822", message);
                return false;
            }
            None => {}
        }
        let conditions = self.node.get("Conditions");
        let Some(node) = conditions.and_then(|c| c.get(name)) else {
            let names = conditions.map(super::entries).unwrap_or_default();
            let near = nearest(name, names.iter().map(|(key, _)| key.text.as_str()));
            let help = near.map(|near| format!("did you mean `{near}`?"));
            let message = format!("there is no condition `{}`", super::shorten(name));
            self.m.error(spot, "TL0822", message).help = help;
            return true;
        };
        self.conditions.insert(name.to_owned(), None);
        let holds = self.holds(node);
        self.conditions.insert(name.to_owned(), Some(holds));
        holds
    }

    fn holds(&mut self, node: &Node) -> bool {
        let [(key, argument)] = super::entries(node) else {
            self.wrong("a condition", "one function", node.spot);
            return false;
        };
        let items: &[Node] = match &argument.value {
            Value::List(items) => items,
            _ => std::slice::from_ref(argument),
        };
        match (key.text.as_str(), items) {
            ("Condition", [name]) => {
                let text = name.spelling().unwrap_or_default().to_owned();
                self.condition(&text, name.spot)
            }
            ("Fn::Equals", [a, b]) => {
                let (a, b) = (self.evaluate(a), self.evaluate(b));
                a.map(|n| n.to_json().to_string().replace('"', ""))
                    == b.map(|n| n.to_json().to_string().replace('"', ""))
            }
            ("Fn::Not", [item]) => !self.holds(item),
            ("Fn::And", items) if items.len() > 1 => {
                // All of them are looked at, so that problems in any of them are found.
                items.iter().map(|item| self.holds(item)).fold(true, |all, one| all & one)
            }
            ("Fn::Or", items) if items.len() > 1 => {
                items.iter().map(|item| self.holds(item)).fold(false, |any, one| any | one)
            }
            (name, _) => {
                let name = name.to_owned();
                self.wrong(&name, "other arguments, or is no function of conditions", node.spot);
                false
            }
        }
    }
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bytes = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}
