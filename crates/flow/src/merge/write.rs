//! The result of a merge as text: canonical JSON, with git's conflict markers around what conflicts.
//!
//! A side that lacks the part has nothing between its markers. So that either choice leaves valid JSON, such a
//! conflict is never the last of its list or object where that can be helped: the comma before it would stay.

use super::Marks;
use serde_json::Value;

/// A merged value, or a part that waits for somebody to choose.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Value(Value),
    Map(Vec<(String, Node)>),
    List(Vec<Node>),
    /// Our version and the other; None where a side lacks it.
    Conflict(Option<Value>, Option<Value>),
}

impl Node {
    /// An object; a conflict that may vanish does not stay the last member.
    pub(super) fn map(mut members: Vec<(String, Self)>) -> Self {
        settle_last(&mut members, |(_, node)| node.may_vanish());
        Self::Map(members)
    }

    /// A list, likewise.
    pub(super) fn list(mut items: Vec<Self>) -> Self {
        settle_last(&mut items, Self::may_vanish);
        Self::List(items)
    }

    fn may_vanish(&self) -> bool {
        matches!(self, Self::Conflict(None, _) | Self::Conflict(_, None))
    }

    /// The value; None where something conflicts.
    pub(super) fn value(&self) -> Option<Value> {
        match self {
            Self::Value(value) => Some(value.clone()),
            Self::Map(members) => {
                let value = |(key, node): &(String, Self)| Some((key.clone(), node.value()?));
                members.iter().map(value).collect::<Option<_>>().map(Value::Object)
            }
            Self::List(items) => {
                items.iter().map(Self::value).collect::<Option<_>>().map(Value::Array)
            }
            Self::Conflict(..) => None,
        }
    }

    /// The whole text, as documents are stored.
    pub(super) fn text(&self, marks: &Marks<'_>) -> String {
        let mut writer = Writer { out: String::new(), marks };
        writer.node(self, "", 0, "");
        writer.out
    }
}

fn settle_last<T>(items: &mut Vec<T>, may_vanish: impl Fn(&T) -> bool) {
    if items.last().is_some_and(&may_vanish)
        && let Some(at) = items.iter().rposition(|item| !may_vanish(item))
    {
        let last = items.remove(at);
        items.push(last);
    }
}

struct Writer<'a> {
    out: String,
    marks: &'a Marks<'a>,
}

impl Writer<'_> {
    /// Writes a node with what stands before it on its line (`"key": `) and after it (a comma).
    fn node(&mut self, node: &Node, head: &str, depth: usize, tail: &str) {
        match node {
            Node::Value(value) => self.value(value, head, depth, tail),
            Node::Map(members) => {
                let key = |key: &str| format!("{}: ", Value::from(key));
                let all: Vec<_> = members.iter().map(|(k, member)| (key(k), member)).collect();
                self.inside(&all, ["{", "}"], head, depth, tail);
            }
            Node::List(items) => {
                let all: Vec<_> = items.iter().map(|item| (String::new(), item)).collect();
                self.inside(&all, ["[", "]"], head, depth, tail);
            }
            Node::Conflict(ours, theirs) => {
                let side = |value: &Option<Value>| -> Vec<(String, Value)> {
                    value.iter().map(|value| (head.to_owned(), value.clone())).collect()
                };
                self.conflict([side(ours), side(theirs)], depth, tail);
            }
        }
    }

    /// Writes an object or a list.
    fn inside(
        &mut self,
        all: &[(String, &Node)],
        [open, close]: [&str; 2],
        head: &str,
        depth: usize,
        tail: &str,
    ) {
        if all.is_empty() {
            return self.line(depth, &format!("{head}{open}{close}{tail}"));
        }
        self.line(depth, &format!("{head}{open}"));
        if all.iter().all(|(_, node)| node.may_vanish()) {
            // Nothing is sure to be the last one: each side is written whole, with its own commas.
            let mut sides = [Vec::new(), Vec::new()];
            for (head, node) in all {
                let Node::Conflict(ours, theirs) = node else { continue };
                sides[0].extend(ours.iter().map(|value| (head.clone(), value.clone())));
                sides[1].extend(theirs.iter().map(|value| (head.clone(), value.clone())));
            }
            self.conflict(sides, depth + 1, "");
        } else {
            for (index, (head, node)) in all.iter().enumerate() {
                let comma = if index + 1 < all.len() { "," } else { "" };
                self.node(node, head, depth + 1, comma);
            }
        }
        self.line(depth, &format!("{close}{tail}"));
    }

    /// Writes both sides between markers; `tail` follows the last of a side.
    fn conflict(&mut self, sides: [Vec<(String, Value)>; 2], depth: usize, tail: &str) {
        let marks = self.marks;
        let marker = |c: char| c.to_string().repeat(marks.size);
        let [ours, theirs] = sides;
        self.line(0, &format!("{} {}", marker('<'), marks.ours));
        self.side(&ours, depth, tail);
        self.line(0, &marker('='));
        self.side(&theirs, depth, tail);
        self.line(0, &format!("{} {}", marker('>'), marks.theirs));
    }

    fn side(&mut self, side: &[(String, Value)], depth: usize, tail: &str) {
        for (index, (head, value)) in side.iter().enumerate() {
            let tail = if index + 1 < side.len() { "," } else { tail };
            self.value(value, head, depth, tail);
        }
    }

    fn value(&mut self, value: &Value, head: &str, depth: usize, tail: &str) {
        let text = serde_json::to_string_pretty(value).expect("JSON values can be written");
        // A text's own line ends are escaped, so every line of it is a line of the file.
        let text = format!("{head}{text}{tail}");
        text.lines().for_each(|line| self.line(depth, line));
    }

    fn line(&mut self, depth: usize, text: &str) {
        self.out.push_str(&"  ".repeat(depth));
        self.out.push_str(text);
        self.out.push('\n');
    }
}
