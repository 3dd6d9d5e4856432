//! Merging the content of a flow: its members, and its blocks by identifier.
//!
//! A block that one side deleted while the other side leads to it comes back as a conflict: without it the
//! flow would have a branch that leads nowhere.

use super::write::Node;
use super::{Outcome, Sides, one, order, sort_content};
use crate::blocks::{block_names, label};
use crate::content::{actions, join, text_of};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What blocks are called, by identifier.
pub(super) struct Labels(BTreeMap<String, String>);

impl Labels {
    /// From both sides' documents; our names win.
    pub(super) fn new(ours: &Value, theirs: &Value) -> Self {
        let mut all = BTreeMap::new();
        for document in [theirs, ours] {
            let content = document.get("content").cloned().unwrap_or_default();
            let whole = join(content, document.get("layout").cloned());
            let names = block_names(&whole);
            for action in actions(&whole) {
                let id = text_of(action, "Identifier");
                let name = names.get(id).map_or(id, String::as_str);
                all.insert(id.to_owned(), label(id, name, text_of(action, "Type")));
            }
        }
        Self(all)
    }

    fn of(&self, id: &str) -> String {
        format!("block \"{}\"", self.0.get(id).map_or(id, String::as_str))
    }
}

/// A merged content.
pub(super) struct Content {
    pub(super) node: Node,
    /// The identifiers of all blocks that are in it, those that conflict included.
    pub(super) kept: BTreeSet<String>,
}

/// Merges contents that have a list of actions each.
pub(super) fn merge(sides: &Sides<'_>, labels: &Labels, conflicts: &mut Vec<String>) -> Content {
    let (mut members, mut kept) = (Vec::new(), BTreeSet::new());
    let mut start = None;
    for key in sides.keys(sort_content) {
        let inner = sides.member(&key);
        if key == "Actions" {
            let blocks = Blocks::new(sides);
            let (node, all) = blocks.merge(start.as_ref(), labels, conflicts);
            kept = all;
            members.push((key, node));
            continue;
        }
        let node = one(&inner, &format!("`{key}`"), conflicts);
        if key == "StartAction" {
            start.clone_from(&node);
        }
        members.extend(node.map(|node| (key, node)));
    }
    Content { node: Node::map(members), kept }
}

type ById<'a> = BTreeMap<&'a str, &'a Value>;

struct Blocks<'a> {
    sides: &'a Sides<'a>,
    base: ById<'a>,
    ours: ById<'a>,
    theirs: ById<'a>,
}

impl<'a> Blocks<'a> {
    fn new(sides: &'a Sides<'a>) -> Self {
        let of = |side: Option<&'a Value>| -> ById<'a> {
            let all = side.map_or(&[][..], actions);
            all.iter().map(|action| (text_of(action, "Identifier"), action)).collect()
        };
        Self { sides, base: of(sides.base), ours: of(sides.ours), theirs: of(sides.theirs) }
    }

    fn sides_of(&self, id: &str) -> Sides<'a> {
        let of = |blocks: &ById<'a>| blocks.get(id).copied();
        Sides { base: of(&self.base), ours: of(&self.ours), theirs: of(&self.theirs) }
    }

    fn merge(
        &self,
        start: Option<&Node>,
        labels: &Labels,
        conflicts: &mut Vec<String>,
    ) -> (Node, BTreeSet<String>) {
        let mut found: BTreeMap<&str, Node> = BTreeMap::new();
        for id in self.ours.keys().chain(self.theirs.keys()) {
            let sides = self.sides_of(id);
            let node = match sides.outcome() {
                Outcome::Take(value) => value.cloned().map(Node::Value),
                Outcome::Conflict => Some(conflict(&sides)),
            };
            found.extend(node.map(|node| (*id, node)));
        }
        // What comes back may itself lead to something that is gone.
        while let Some(id) = self.gone_but_needed(start, &found) {
            found.insert(id, conflict(&self.sides_of(id)));
        }
        let kept: BTreeSet<String> = found.keys().map(|id| (*id).to_owned()).collect();
        let ids = |side: Option<&'a Value>| -> Vec<&'a str> {
            side.map_or(&[][..], actions).iter().map(|a| text_of(a, "Identifier")).collect()
        };
        let Sides { base, ours, theirs } = *self.sides;
        let order = order::merged(&ids(base), &ids(ours), &ids(theirs), &kept);
        let mut nodes = Vec::new();
        for id in &order {
            let Some(node) = found.remove(id.as_str()) else { continue };
            if matches!(node, Node::Conflict(..)) {
                conflicts.push(labels.of(id));
            }
            nodes.push(node);
        }
        (Node::list(nodes), kept)
    }

    /// A block that one side deleted and something that comes from the other side leads to.
    fn gone_but_needed(
        &self,
        start: Option<&Node>,
        found: &BTreeMap<&str, Node>,
    ) -> Option<&'a str> {
        let Sides { ours, theirs, .. } = *self.sides;
        let ways = [(&self.ours, &self.theirs, theirs), (&self.theirs, &self.ours, ours)];
        ways.into_iter().find_map(|(holder, deleter, deleted)| {
            let begins = |id: &str| {
                let id = Value::from(id);
                start.is_some_and(|node| versions(node).contains(&&id))
                    && deleted.and_then(|content| content.get("StartAction")) != Some(&id)
            };
            // A branch that led nowhere on the side that deleted the block is not the merge's doing.
            let leads = |from: &str, node: &Node, id: &str| {
                let own = deleter.get(from).copied();
                versions(node).into_iter().any(|v| targets(v).contains(id) && own != Some(v))
            };
            let gone = |id: &&&str| !found.contains_key(**id) && !deleter.contains_key(**id);
            let needed =
                |id: &&&str| begins(id) || found.iter().any(|(from, node)| leads(from, node, id));
            holder.keys().filter(gone).find(needed).copied()
        })
    }
}

fn conflict(sides: &Sides<'_>) -> Node {
    Node::Conflict(sides.ours.cloned(), sides.theirs.cloned())
}

/// The values that a node may become.
fn versions(node: &Node) -> Vec<&Value> {
    match node {
        Node::Value(value) => vec![value],
        Node::Conflict(ours, theirs) => ours.iter().chain(theirs).collect(),
        Node::Map(_) | Node::List(_) => Vec::new(),
    }
}

/// The blocks that a block leads to.
fn targets(action: &Value) -> BTreeSet<&str> {
    let transitions = action.get("Transitions");
    let list = |key: &str| {
        let list = transitions.and_then(|t| t.get(key)).and_then(Value::as_array);
        list.map_or(&[][..], Vec::as_slice).iter()
    };
    let branches = list("Errors").chain(list("Conditions"));
    let holders = transitions.into_iter().chain(branches);
    holders.filter_map(|holder| holder.get("NextAction")?.as_str()).collect()
}
