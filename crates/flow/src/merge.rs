//! Three-way merge of documents of flows and modules, by block and by field.
//!
//! Two people who edit different blocks of one flow get a flow that holds both edits and whose branches all
//! lead somewhere; two who change the same block in different ways get a conflict around just that block.
//! Where blocks stand on the canvas is no reason to stop: the layout of a block follows the side that
//! changed the block, and otherwise ours. What is no document of ours is not merged here: `merge_texts`
//! says so, and the caller merges it as lines.

mod blocks;
mod layout;
mod order;
mod strict;
mod write;

use crate::canonical::{self, canonicalise};
use crate::content::actions;
use serde_json::{Map, Value};
use write::Node;

/// The fields of a document in the order of its file; others come after them.
const FIELDS: &[&str] = &[
    "name",
    "type",
    "status",
    "state",
    "description",
    "external_invocation",
    "settings",
    "tags",
    "content",
    "layout",
];

/// How a conflict is marked.
#[derive(Clone, Copy, Debug)]
pub struct Marks<'a> {
    /// What our side is called.
    pub ours: &'a str,
    /// What the other side is called.
    pub theirs: &'a str,
    /// How many characters a marker has; git's usual number is 7.
    pub size: usize,
}

impl Default for Marks<'_> {
    fn default() -> Self {
        Self { ours: "ours", theirs: "theirs", size: 7 }
    }
}

/// What a merge made.
#[derive(Clone, Debug)]
pub struct Merged {
    root: Node,
    /// What both sides changed in different ways, named for people: `block "Main menu"`, `description`.
    pub conflicts: Vec<String>,
}

impl Merged {
    /// The document in canonical form, with markers around what conflicts.
    pub fn text(&self, marks: &Marks<'_>) -> String {
        self.root.text(marks)
    }

    /// The document, where nothing conflicts.
    pub fn document(&self) -> Option<Value> {
        self.root.value()
    }
}

/// Merges three texts; without a base, both sides added the document. None: one of them is no document that
/// can be merged by block, so that it has to be merged as lines.
pub fn merge_texts(base: Option<&str>, ours: &str, theirs: &str) -> Option<Merged> {
    let read = |text| strict::read(text).filter(is_document);
    let base = base.map_or(Some(Value::Object(Map::new())), read)?;
    Some(merge(&base, &read(ours)?, &read(theirs)?))
}

/// Whether a value is a document whose blocks can be told apart.
fn is_document(value: &Value) -> bool {
    let Some(content) = value.get("content").filter(|_| value.get("name").is_some()) else {
        return false;
    };
    content.is_object() && content.get("Actions").is_some_and(Value::is_array) && {
        let all = actions(content);
        let ids: std::collections::BTreeSet<&str> =
            all.iter().filter_map(|a| a.get("Identifier")?.as_str()).collect();
        ids.len() == all.len()
    }
}

/// Merges three documents in which every block has an identifier of its own; an empty object as the base says
/// that both sides added the document.
pub fn merge(base: &Value, ours: &Value, theirs: &Value) -> Merged {
    let [base, ours, theirs] = [base, ours, theirs].map(canonical_document);
    // Without this, what was broken before both edits would be found to be broken now.
    let taken = if ours == theirs || base == theirs { &ours } else { &theirs };
    if ours == theirs || base == theirs || base == ours {
        return Merged { root: Node::Value(taken.clone()), conflicts: Vec::new() };
    }
    let sides = Sides { base: Some(&base), ours: Some(&ours), theirs: Some(&theirs) };
    let mut conflicts = Vec::new();
    let mut members = Vec::new();
    let mut kept = None;
    for field in sides.keys(sort_fields) {
        let inner = sides.member(&field);
        let node = match field.as_str() {
            "content" if inner.all(is_content) => {
                let content =
                    blocks::merge(&inner, &blocks::Labels::new(&ours, &theirs), &mut conflicts);
                kept = Some(content.kept);
                Some(content.node)
            }
            "layout" => {
                layout::merge(&inner, &sides.member("content"), kept.as_ref()).map(Node::Value)
            }
            "tags" if inner.all(Value::is_object) => by_member(&inner, "tag ", &mut conflicts),
            _ => one(&inner, &format!("`{field}`"), &mut conflicts),
        };
        members.extend(node.map(|node| (field, node)));
    }
    Merged { root: Node::map(members), conflicts }
}

fn is_content(value: &Value) -> bool {
    value.get("Actions").is_some_and(Value::is_array)
}

fn canonical_document(document: &Value) -> Value {
    let mut document = document.clone();
    let Some(fields) = document.as_object_mut() else { return document };
    for (field, value) in fields.iter_mut() {
        if matches!(field.as_str(), "content" | "layout") {
            canonicalise(value)
        }
    }
    let mut keys: Vec<String> = fields.keys().cloned().collect();
    sort_fields(&mut keys);
    let sorted = keys.into_iter().filter_map(|key| fields.shift_remove_entry(&key)).collect();
    *fields = sorted;
    document
}

fn sort_fields(keys: &mut [String]) {
    let rank = |key: &String| FIELDS.iter().position(|f| f == key).unwrap_or(FIELDS.len());
    // Stable: fields that nobody knows stay in the order in which they stood.
    keys.sort_by_key(rank);
}

/// The three versions of one part; None where a version lacks it.
#[derive(Clone, Copy)]
struct Sides<'a> {
    base: Option<&'a Value>,
    ours: Option<&'a Value>,
    theirs: Option<&'a Value>,
}

/// What becomes of one part.
enum Outcome<'a> {
    /// This version; None where the part is gone.
    Take(Option<&'a Value>),
    /// Both sides changed it, each in its way.
    Conflict,
}

impl<'a> Sides<'a> {
    fn member(&self, key: &str) -> Self {
        let of = |side: Option<&'a Value>| side?.get(key);
        Self { base: of(self.base), ours: of(self.ours), theirs: of(self.theirs) }
    }

    /// The keys of both sides; what only the base has is gone.
    fn keys(&self, sort: impl FnOnce(&mut [String])) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for side in [self.ours, self.theirs].into_iter().flatten() {
            let own = side.as_object().into_iter().flat_map(Map::keys);
            for key in own {
                if !keys.contains(key) {
                    keys.push(key.clone());
                }
            }
        }
        sort(&mut keys);
        keys
    }

    /// Whether all versions that are there are such.
    fn all(&self, is: impl Fn(&Value) -> bool) -> bool {
        [self.base, self.ours, self.theirs].into_iter().flatten().all(is)
    }

    fn outcome(&self) -> Outcome<'a> {
        if self.ours == self.theirs || self.base == self.theirs {
            Outcome::Take(self.ours)
        } else if self.base == self.ours {
            Outcome::Take(self.theirs)
        } else {
            Outcome::Conflict
        }
    }
}

/// Merges a part as a whole.
fn one(sides: &Sides<'_>, name: &str, conflicts: &mut Vec<String>) -> Option<Node> {
    match sides.outcome() {
        Outcome::Take(value) => value.cloned().map(Node::Value),
        Outcome::Conflict => {
            conflicts.push(name.to_owned());
            Some(Node::Conflict(sides.ours.cloned(), sides.theirs.cloned()))
        }
    }
}

/// Merges an object member by member.
fn by_member(sides: &Sides<'_>, word: &str, conflicts: &mut Vec<String>) -> Option<Node> {
    if let Outcome::Take(value) = sides.outcome() {
        return value.cloned().map(Node::Value);
    }
    let keys = sides.keys(|keys| keys.sort());
    let member = |key: String| {
        let node = one(&sides.member(&key), &format!("{word}`{key}`"), conflicts)?;
        Some((key, node))
    };
    Some(Node::map(keys.into_iter().filter_map(member).collect()))
}

/// The keys of a flow's content in their one order.
fn sort_content(keys: &mut [String]) {
    canonical::sort_top(keys);
}

#[cfg(test)]
mod tests;
