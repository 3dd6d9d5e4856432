//! What the reader of `server.yaml` says, made into what a person is told: which setting, where it stands, and what
//! it takes. The reader knows no places, so the entry is looked for without which it does not complain.

use super::{nearest, wrong};
use trunkline_model::Diagnostic;
use trunkline_yaml::{Node, Spot, Value};

/// Settings that must be mappings, or hold them: the reader would take a list for one as well, by its order.
const MAPPINGS: [&str; 3] = ["git", "engine", "builds"];
const MAPPING_OF_MAPPINGS: &str = "webhooks";
const LISTS_OF_MAPPINGS: [&str; 3] = ["queues", "schedules", "notify"];

/// What the reader says of a tree; nothing where it takes it.
pub(super) type Reader<'a> = &'a dyn Fn(&Node) -> Option<String>;

/// TL0893 for something else in the place of a mapping.
pub(super) fn no_mapping(root: &Node) -> Option<Diagnostic> {
    let Value::Map(settings) = &root.value else { return None };
    settings.iter().find_map(|(key, node)| {
        let name = key.text.as_str();
        let (each, nodes): (_, Vec<&Node>) = match &node.value {
            _ if MAPPINGS.contains(&name) => ("", vec![node]),
            Value::Map(entries) if name == MAPPING_OF_MAPPINGS => {
                ("each of ", entries.iter().map(|(_, node)| node).collect())
            }
            Value::List(items) if LISTS_OF_MAPPINGS.contains(&name) => {
                ("each of ", items.iter().collect())
            }
            _ => return None,
        };
        let node = nodes.into_iter().find(|node| !matches!(node.value, Value::Map(_)))?;
        let message = format!("{each}`{name}` must be a mapping, this is {}", written(node));
        Some(wrong(message).at(node.spot.line.max(1), node.spot.column.max(1)))
    })
}

/// What stands somewhere: what it is, and how it is written.
fn written(node: &Node) -> String {
    match node.spelling() {
        Some(written) => format!("{}, `{written}`", node.what()),
        None => node.what().to_owned(),
    }
}

/// The entry that the reader does not take.
struct Culprit<'n> {
    /// Its name: the keys that lead to it, with dots.
    name: String,
    /// Where its key stands, and the name of what it is in.
    key: Option<(Spot, String)>,
    node: &'n Node,
}

/// TL0893 for what the reader says of this tree.
pub(super) fn misfit(said: &str, root: &Node, reads: Reader<'_>) -> Diagnostic {
    let Culprit { name, key, node } = culprit(said, root, reads);
    let quoted: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
    let at = |found: Diagnostic, spot: Spot| found.at(spot.line.max(1), spot.column.max(1));
    let (first, known) =
        quoted.split_first().map_or(("", &[][..]), |(first, known)| (first, known));
    let found = if said.starts_with("unknown field ") {
        let (spot, within) = key.unwrap_or((node.spot, String::new()));
        let within = if within.is_empty() { super::FILE.to_owned() } else { format!("`{within}`") };
        let found = wrong(format!("`{first}` is no setting of {within}"));
        at(found, spot).because(format!("the settings here are {}", known.join(", ")))
    } else if said.starts_with("missing field ") {
        at(wrong(format!("`{name}` needs `{first}`")), node.spot)
    } else if said.contains("expected `env` or `file`") {
        // What stands there may be the secret itself.
        let form = "`{ env: VARIABLE }` or `{ file: PATH }`";
        return at(wrong(format!("`{name}` takes {form}")), node.spot)
            .because("a secret never stands in this file");
    } else if said.starts_with("unknown variant ") {
        let found = wrong(format!("`{name}` cannot be `{first}`"));
        at(found, node.spot).because(format!("it is one of {}", known.join(", ")))
    } else if let Some((_, expected)) = said.split_once(", expected ") {
        let name = if name.is_empty() { super::FILE.to_owned() } else { format!("`{name}`") };
        let (is, be) = (written(node), wanted(expected));
        at(wrong(format!("{name} must be {be}, this is {is}")), node.spot)
    } else {
        at(wrong(said), node.spot)
    };
    match nearest(first, known.iter().copied()) {
        Some(near) => found.help(format!("did you mean `{near}`?")),
        None => found,
    }
}

/// What a value must be, in a person's words.
fn wanted(expected: &str) -> &str {
    match expected {
        "f64" => "a number",
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "a boolean" => "true or false",
        "a string" | "path string" => "a text",
        "a sequence" => "a list",
        "a map" => "a mapping",
        other => other,
    }
}

/// Goes down to the innermost entry without which the reader does not say this.
fn culprit<'n>(said: &str, root: &'n Node, reads: Reader<'_>) -> Culprit<'n> {
    let mut path = Vec::new();
    let mut found = Culprit { name: String::new(), key: None, node: root };
    loop {
        let entries: Vec<(Option<&trunkline_yaml::Key>, &'n Node)> = match &found.node.value {
            Value::Map(entries) => entries.iter().map(|(key, node)| (Some(key), node)).collect(),
            Value::List(items) => items.iter().map(|node| (None, node)).collect(),
            _ => return found,
        };
        let is_it = |at: usize, keyed: bool| {
            let mut less = root.clone();
            remove(&mut less, &path, at);
            match reads(&less) {
                None => true,
                // A key that is needed is missed where it is taken away.
                Some(other) if keyed => {
                    other != said && !(said.starts_with("missing") && other.starts_with("missing"))
                }
                Some(other) => other != said,
            }
        };
        let at = (0..entries.len()).find(|at| is_it(*at, entries[*at].0.is_some()));
        let Some(at) = at else { return found };
        let (key, node) = entries[at];
        path.push(at);
        if let Some(key) = key {
            let within = found.name;
            let name =
                if within.is_empty() { key.text.clone() } else { format!("{within}.{}", key.text) };
            found = Culprit { name, key: Some((key.spot, within)), node };
        } else {
            found.node = node;
        }
    }
}

/// Takes the entry `at` out of what a path leads to.
fn remove(node: &mut Node, path: &[usize], at: usize) {
    match (&mut node.value, path) {
        (Value::Map(entries), []) => drop(entries.remove(at)),
        (Value::List(items), []) => drop(items.remove(at)),
        (Value::Map(entries), [first, rest @ ..]) => remove(&mut entries[*first].1, rest, at),
        (Value::List(items), [first, rest @ ..]) => remove(&mut items[*first], rest, at),
        _ => {}
    }
}
