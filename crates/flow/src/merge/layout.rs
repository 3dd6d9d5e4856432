//! Merging the designer's layout, which never conflicts.
//!
//! Members that one side changed are that side's. What both changed in different ways follows the side that
//! changed the block it belongs to, and is otherwise ours.

use super::{Outcome, Sides};
use crate::canonical::canonicalise;
use crate::content::{actions, text_of};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The member with the layout of each block.
const BLOCKS: &str = "ActionMetadata";

/// Merges layouts; `kept` are the blocks of the merged content, where contents were merged by block.
pub(super) fn merge(
    layout: &Sides<'_>,
    content: &Sides<'_>,
    kept: Option<&BTreeSet<String>>,
) -> Option<Value> {
    let mut merged = part(layout, false)?;
    let blocks = layout.member(BLOCKS);
    let Some(kept) = kept.filter(|_| blocks.all(Value::is_object)) else {
        canonicalise(&mut merged);
        return Some(merged);
    };
    let mut by_block = Map::new();
    for id in blocks.keys(|keys| keys.sort()) {
        let own = blocks.member(&id);
        let value = part(&own, changed_by_them(content, &id));
        // A block that came back, or stayed in conflict, keeps its place on the canvas.
        let value =
            value.or_else(|| own.ours.or(own.theirs).filter(|_| kept.contains(&id)).cloned());
        by_block.extend(value.map(|value| (id, value)));
    }
    if let Some(members) = merged.as_object_mut()
        && members.contains_key(BLOCKS)
    {
        members.insert(BLOCKS.to_owned(), Value::Object(by_block));
    }
    canonicalise(&mut merged);
    Some(merged)
}

/// Whether only the other side changed a block.
fn changed_by_them(content: &Sides<'_>, id: &str) -> bool {
    let block = |side: Option<&Value>| {
        let all = side.map_or(&[][..], actions);
        all.iter().find(|action| text_of(action, "Identifier") == id).cloned()
    };
    let (base, ours, theirs) = (block(content.base), block(content.ours), block(content.theirs));
    base == ours && base != theirs
}

fn part(sides: &Sides<'_>, theirs_first: bool) -> Option<Value> {
    match sides.outcome() {
        Outcome::Take(value) => value.cloned(),
        Outcome::Conflict if sides.all(Value::is_object) => {
            let keys = sides.keys(|keys| keys.sort());
            let member = |key: String| {
                let value = part(&sides.member(&key), theirs_first)?;
                Some((key, value))
            };
            Some(Value::Object(keys.into_iter().filter_map(member).collect()))
        }
        Outcome::Conflict if sides.all(has_ids) => {
            let mut ids: Vec<&str> = Vec::new();
            for id in [sides.ours, sides.theirs].into_iter().flatten().flat_map(items).map(id_of) {
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            let item = |id| part(&sides.item(id), theirs_first);
            Some(Value::Array(ids.into_iter().filter_map(item).collect()))
        }
        Outcome::Conflict => if theirs_first { sides.theirs } else { sides.ours }.cloned(),
    }
}

/// Whether a value is a list of things that can be told apart, such as the notes on the canvas.
fn has_ids(value: &Value) -> bool {
    let ids: BTreeSet<&str> = items(value).iter().map(id_of).collect();
    value.is_array() && ids.len() == items(value).len() && !ids.contains("")
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[][..], Vec::as_slice)
}

fn id_of(item: &Value) -> &str {
    text_of(item, "id")
}

impl<'a> Sides<'a> {
    fn item(&self, id: &str) -> Self {
        let of = |side: Option<&'a Value>| items(side?).iter().find(|item| id_of(item) == id);
        Self { base: of(self.base), ours: of(self.ours), theirs: of(self.theirs) }
    }
}
