//! Small helpers of the kinds for the one order that a document's bytes have.

use serde_json::{Map, Value};

/// Puts members into an order: the named ones first, then the others by name.
pub(super) fn in_order(map: &mut Map<String, Value>, names: &[&str]) {
    map.sort_keys();
    let mut first = Map::new();
    for name in names {
        first.extend(map.shift_remove_entry(*name));
    }
    first.append(map);
    *map = first;
}
