//! Renames that an export saw in the console, for the targets that still have the old names.
//!
//! `connect/renames.yaml` is a list that only grows: one entry an export, on one line, so that git can merge
//! two branches by taking the lines of both. The renames of one entry happened at the same time: two that
//! exchange names are one entry. An export appends; a plan reads. Which entries a target has seen already
//! is known elsewhere.

use crate::filename::hex;
use crate::kind::KindName;
use crate::kinds;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use trunkline_model::{Diagnostic, Report};

/// Where the renames of a project are, relative to its folder.
pub const FILE: &str = "connect/renames.yaml";

/// What was renamed, in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renames(pub Vec<Rename>);

/// Renames that were seen at once, and happened at the same time as far as anybody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// Tells the entry from all others of the file.
    pub id: String,
    /// The new name by kind and old name; both are names of documents (`Main line/Christmas`).
    pub names: BTreeMap<(KindName, String), String>,
}

impl Rename {
    /// The entry as its line of the file, without a newline.
    pub fn line(&self) -> String {
        let names = self.names.iter();
        let names: Map<String, Value> =
            names.map(|((kind, old), new)| (format!("{kind}:{old}"), json!(new))).collect();
        // JSON is YAML, and keeps any name on one line.
        let names = Value::Object(names).to_string();
        format!("- {{ id: {}, names: {} }}", json!(self.id), escaped(&names))
    }
}

impl Renames {
    /// Reads the file; an empty one has none. An entry that stands there twice, as after a merge, counts
    /// once. TL0711: what is no list of renames.
    pub fn parse(bytes: &[u8]) -> Result<Self, Report> {
        let text =
            std::str::from_utf8(bytes).map_err(|e| problem(format!("not UTF-8 text: {e}")))?;
        let value = crate::yaml::value(text).map_err(|found| {
            let place = found.place;
            let broken = problem("it is not valid YAML".to_owned()).because(found.message);
            place.line.zip(place.column).map_or(broken.clone(), |(l, c)| broken.at(l, c))
        })?;
        let entries = match value {
            Value::Null => return Ok(Self::default()),
            Value::Array(entries) => entries,
            _ => return Err(problem("it is not a list".to_owned()).into()),
        };
        let (mut all, mut seen) = (Self::default(), BTreeSet::new());
        for (index, entry) in entries.iter().enumerate() {
            let entry = read_entry(entry).map_err(|reason| {
                problem(format!("entry {} {reason}", index + 1)).help(
                    "an entry is `- { id: TEXT, names: { \"KIND:OLD NAME\": NEW NAME } }`; `git log -p` \
                     shows how it came to be",
                )
            })?;
            if seen.insert(entry.id.clone()) {
                all.0.push(entry);
            }
        }
        Ok(all)
    }

    /// Writes the file, one entry a line.
    pub fn to_yaml(&self) -> String {
        self.0.iter().map(|entry| entry.line() + "\n").collect()
    }

    /// Adds what was renamed at once. The entry's id comes from the names and the entry before it, so that
    /// two people who export the same renames write the same line.
    pub fn append(&mut self, names: BTreeMap<(KindName, String), String>) -> &Rename {
        let before = self.0.last().map_or("", |last| last.id.as_str());
        let mut hash = Sha256::new();
        hash.update(json!([before]).to_string());
        for ((kind, old), new) in &names {
            hash.update(json!([kind, old, new]).to_string());
        }
        let id = hex(&hash.finalize()[..8]);
        self.0.push(Rename { id, names });
        &self.0[self.0.len() - 1]
    }
}

/// JSON with the characters escaped that YAML takes for line ends or does not take at all.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        let odd = matches!(
            c,
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        );
        if odd { out.push_str(&format!("\\u{:04x}", u32::from(c))) } else { out.push(c) }
    }
    out
}

/// The ids of a project's resources, by kind and name.
pub type Ids = BTreeMap<(KindName, String), String>;

/// What has another name than before: `before` and `now` are the ids of two exports, `has` says whether the
/// documents that the later one builds upon still hold a name.
///
/// A rename that is in those documents already is no news. Names that were exchanged are in them before and
/// after, so they count only where `before` is the very export that the later one builds upon.
pub fn recognise(
    before: &Ids,
    now: &Ids,
    has: &dyn Fn(KindName, &str) -> bool,
    before_is_latest: bool,
) -> BTreeMap<(KindName, String), String> {
    let by_id: BTreeMap<(KindName, &str), &str> =
        now.iter().map(|((kind, name), id)| ((*kind, id.as_str()), name.as_str())).collect();
    let renamed = before.iter().filter_map(|((kind, old), id)| {
        let new = *by_id.get(&(*kind, id.as_str()))?;
        let news = has(kind, old) && (before_is_latest || !has(kind, new));
        (new != old && news).then(|| ((*kind, old.clone()), new.to_owned()))
    });
    renamed.collect()
}

fn problem(message: String) -> Diagnostic {
    Diagnostic::error("TL0711", format!("the renames cannot be read: {message}")).in_file(FILE)
}

fn read_entry(entry: &Value) -> Result<Rename, String> {
    let id = entry.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    let id = id.ok_or("has no `id` that is a text")?.to_owned();
    let given = entry.get("names").and_then(Value::as_object).ok_or("has no `names`")?;
    let (mut names, mut taken) = (BTreeMap::new(), BTreeSet::new());
    for (old, new) in given {
        let (kind, old_name) =
            old.split_once(':').ok_or_else(|| format!("names `{old}` without a kind"))?;
        let known = kinds::get(kind).ok_or_else(|| format!("names an unknown kind: `{kind}`"))?;
        let new = new.as_str().filter(|new| !new.is_empty() && !old_name.is_empty());
        let new = new.ok_or_else(|| format!("gives `{old}` no new name"))?;
        if !taken.insert((kind, new)) {
            return Err(format!("gives the name `{new}` to two of one kind"));
        }
        names.insert((known.spec().name, old_name.to_owned()), new.to_owned());
    }
    Ok(Rename { id, names })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[(&'static str, &str, &str)]) -> BTreeMap<(KindName, String), String> {
        let one = |(kind, old, new): &(&'static str, &str, &str)| {
            ((*kind, (*old).to_owned()), (*new).to_owned())
        };
        all.iter().map(one).collect()
    }

    #[test]
    fn what_is_written_is_read_whatever_the_names_are() {
        let mut renames = Renames::default();
        renames.append(names(&[("queue", "Sales", "Vendite"), ("queue", "Vendite", "Sales")]));
        renames.append(names(&[
            ("flow", "a: \"b\"\n# {c}", "- 012\u{2028}\u{85}\u{7f}"),
            ("hours", "x:y", "~"),
        ]));
        let text = renames.to_yaml();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert_eq!(Renames::parse(text.as_bytes()).expect("it reads"), renames);
        assert_eq!(Renames::parse(b"").expect("nothing yet"), Renames::default());
    }

    #[test]
    fn an_id_says_what_was_renamed_and_after_what() {
        let swap = || names(&[("queue", "A", "B")]);
        let (mut one, mut two) = (Renames::default(), Renames::default());
        assert_eq!(one.append(swap()).id, two.append(swap()).id);
        one.append(swap());
        assert_ne!(one.0[1].id, one.0[0].id);
    }

    #[test]
    fn another_name_of_the_same_id_is_a_rename_unless_it_is_known() {
        let ids = |all: &[(&str, &str)]| -> Ids {
            all.iter().map(|(name, id)| (("queue", (*name).to_owned()), (*id).to_owned())).collect()
        };
        let before = ids(&[("A", "1"), ("B", "2"), ("C", "3"), ("D", "4")]);
        let now = ids(&[("B", "1"), ("A", "2"), ("C2", "3"), ("D", "5")]);
        let has = |_: &str, name: &str| ["A", "B", "C", "D"].contains(&name);
        let seen = recognise(&before, &now, &has, true);
        assert_eq!(seen, names(&[("queue", "A", "B"), ("queue", "B", "A"), ("queue", "C", "C2")]));
        let seen = recognise(&before, &now, &has, false);
        assert_eq!(seen, names(&[("queue", "C", "C2")]));
        let has = |_: &str, name: &str| ["A", "B", "C2", "D"].contains(&name);
        assert_eq!(recognise(&before, &now, &has, false), names(&[]));
    }

    #[test]
    fn lines_of_two_branches_make_one_file() {
        let mut renames = Renames::default();
        let line = renames.append(names(&[("queue", "A", "B")])).line();
        let people = "- id: mine\n  names: { \"flow:Old\": New }";
        let text = format!("# seen in the console\n{line}\n{people}\n{line}\n");
        let read = Renames::parse(text.as_bytes()).expect("it reads");
        assert_eq!(read.0.len(), 2);
        assert_eq!(read.0[1].names, names(&[("flow", "Old", "New")]));
    }

    #[test]
    fn what_is_no_rename_is_refused_with_its_place() {
        for (text, says) in [
            ("a: 1", "not a list"),
            ("- [", "not valid YAML"),
            ("- names: {}", "entry 1 has no `id`"),
            ("- { id: a }", "has no `names`"),
            ("- { id: a, names: { Sales: B } }", "without a kind"),
            ("- { id: a, names: { \"que:Sales\": B } }", "unknown kind"),
            ("- { id: a, names: { \"queue:Sales\": 7 } }", "no new name"),
            ("- { id: a, names: { \"queue:A\": C, \"queue:B\": C } }", "to two"),
        ] {
            let report = Renames::parse(text.as_bytes()).expect_err(text);
            assert_eq!(report.0[0].code, "TL0711");
            assert!(report.0[0].message.contains(says), "{text}: {report}");
        }
    }
}
