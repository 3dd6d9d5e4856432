//! Visits every string of a JSON value, keys included, and replaces what the visitor wants replaced.
//!
//! Exporter and resolver use it to exchange ARNs and references wherever they sit. The path of a
//! string is a chain on the stack and becomes text only when somebody asks for it. Order is kept.

use serde_json::Value;
use std::fmt;

/// Where a visited string is: displays as a JSON pointer, such as `/Actions/0/Parameters/QueueId`.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    segment: Segment<'a>,
    key: bool,
}

#[derive(Clone, Copy, Debug)]
enum Segment<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    const ROOT: Path<'static> = Path { parent: None, segment: Segment::Root, key: false };

    /// Whether the string is an object's key and not a value.
    pub fn is_key(&self) -> bool {
        self.key
    }

    /// The last object key on the way, such as `QueueId`; array indexes are passed over.
    pub fn last_key(&self) -> Option<&'a str> {
        match self.segment {
            Segment::Key(key) => Some(key),
            _ => self.parent.and_then(Path::last_key),
        }
    }

    /// The first segment below the root where it is an object key, such as `Metadata`.
    pub fn first_key(&self) -> Option<&'a str> {
        match (self.parent, self.segment) {
            (Some(parent), Segment::Key(key)) if parent.parent.is_none() => Some(key),
            (Some(parent), _) => parent.first_key(),
            (None, _) => None,
        }
    }

    fn child(&'a self, segment: Segment<'a>, key: bool) -> Path<'a> {
        Path { parent: Some(self), segment, key }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.segment {
            Segment::Root => Ok(()),
            Segment::Key(key) if key.contains(['~', '/']) => {
                write!(f, "/{}", key.replace('~', "~0").replace('/', "~1"))
            }
            Segment::Key(key) => write!(f, "/{key}"),
            Segment::Index(index) => write!(f, "/{index}"),
        }
    }
}

/// What is called with each string and its path; `Some` replaces the string.
pub type Visitor<'v, E> = dyn FnMut(&Path<'_>, &str) -> Result<Option<String>, E> + 'v;

/// Calls `f` with each string value and each object key; `Some` replaces it. Stops at the first error.
///
/// A key whose replacement is already a key of the same object stays as it is, so that nothing is lost.
pub fn map_strings<E>(value: &mut Value, f: &mut Visitor<'_, E>) -> Result<(), E> {
    visit(value, &Path::ROOT, f)
}

fn visit<E>(value: &mut Value, path: &Path<'_>, f: &mut Visitor<'_, E>) -> Result<(), E> {
    match value {
        Value::String(text) => {
            if let Some(new) = f(path, text)? {
                *text = new;
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                visit(item, &path.child(Segment::Index(index), false), f)?;
            }
        }
        Value::Object(map) => {
            let mut renamed = Vec::new();
            for (index, (key, item)) in map.iter_mut().enumerate() {
                if let Some(new) = f(&path.child(Segment::Key(key), true), key)? {
                    renamed.push((index, new));
                }
                visit(item, &path.child(Segment::Key(key), false), f)?;
            }
            if !renamed.is_empty() {
                rename_keys(map, renamed);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

/// Rebuilds the object, because its map cannot rename a key in place.
fn rename_keys(map: &mut serde_json::Map<String, Value>, renamed: Vec<(usize, String)>) {
    let old = std::mem::take(map);
    let taken: std::collections::HashSet<String> = old.keys().cloned().collect();
    let mut renamed = renamed.into_iter().peekable();
    for (index, (key, item)) in old.into_iter().enumerate() {
        let new = renamed.next_if(|(at, _)| *at == index).map(|(_, new)| new);
        match new {
            Some(new) if !taken.contains(&new) && !map.contains_key(&new) => map.insert(new, item),
            _ => map.insert(key, item),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::convert::Infallible;

    #[test]
    fn every_string_and_key_is_visited_with_its_path() {
        let mut value = json!({"a": ["x", {"b/c": "y"}], "n": 1});
        let mut seen = Vec::new();
        let done: Result<(), Infallible> = map_strings(&mut value, &mut |path, text| {
            seen.push(format!("{path}{}={text}", if path.is_key() { "!" } else { "" }));
            Ok(None)
        });
        assert_eq!(done, Ok(()));
        assert_eq!(seen, ["/a!=a", "/a/0=x", "/a/1/b~1c!=b/c", "/a/1/b~1c=y", "/n!=n"]);
    }

    #[test]
    fn values_and_keys_are_replaced_in_place_and_nothing_is_lost() {
        let mut value = json!({"k1": "v", "k2": "w", "k3": "k1"});
        let done: Result<(), Infallible> = map_strings(&mut value, &mut |path, text| {
            Ok(match (path.is_key(), text) {
                (true, "k1") => Some("new".into()),
                (true, "k2") => Some("k3".into()),
                (false, "w") => Some("W".into()),
                _ => None,
            })
        });
        assert_eq!(done, Ok(()));
        assert_eq!(value.to_string(), r#"{"new":"v","k2":"W","k3":"k1"}"#);
    }

    #[test]
    fn the_first_error_stops() {
        let mut value = json!(["a", "b", "c"]);
        let done = map_strings(&mut value, &mut |path, text| match text {
            "b" => Err(path.to_string()),
            _ => Ok(Some("seen".into())),
        });
        assert_eq!(done, Err("/1".to_owned()));
        assert_eq!(value, json!(["seen", "b", "c"]));
    }

    #[test]
    fn first_and_last_keys_are_told() {
        let mut value = json!({"Metadata": {"list": ["x"]}});
        let done: Result<(), Infallible> = map_strings(&mut value, &mut |path, text| {
            if text == "x" {
                assert_eq!(path.first_key(), Some("Metadata"));
                assert_eq!(path.last_key(), Some("list"));
            }
            Ok(None)
        });
        assert_eq!(done, Ok(()));
    }
}
