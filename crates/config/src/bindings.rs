//! Bindings: the values that environments give to references which the center does not hold.

use crate::glob::{closeness, matches};
use crate::yaml::Spot;
use std::collections::BTreeMap;
use trunkline_model::{Place, Target};

/// What an environment says about a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// It stands for this value; placeholders are filled in.
    Value(String),
    /// It deliberately stands for nothing: the step that needs it is skipped and listed.
    Unbound,
    /// Nothing is said.
    Missing,
}

/// All bindings of a project.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    pub(crate) entries: Vec<Entry>,
    pub(crate) file: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// `kind:name`, where the name may be a pattern.
    pub(crate) key: String,
    pub(crate) spot: Spot,
    pub(crate) values: Values,
}

#[derive(Clone, Debug)]
pub(crate) enum Values {
    Everywhere(String),
    ByEnvironment(BTreeMap<String, ByRegion>),
}

#[derive(Clone, Debug)]
pub(crate) enum ByRegion {
    All(String),
    Regions(BTreeMap<String, String>),
}

impl Bindings {
    /// Returns what the target's environment says about a reference. The exact key is asked
    /// first, then patterns, the one with most literal characters first; one that says nothing
    /// about this target lets the next one speak.
    pub fn value(&self, kind: &str, name: &str, target: &Target) -> Binding {
        let wanted = format!("{kind}:{name}");
        let value = self.candidates(&wanted).into_iter().find_map(|e| e.value(target));
        match value {
            None => Binding::Missing,
            Some("unbound") => Binding::Unbound,
            Some(text) => Binding::Value(fill(text, name, target)),
        }
    }

    /// Returns where the reference is bound, for messages; nothing where no key fits.
    pub fn place(&self, kind: &str, name: &str) -> Option<Place> {
        let entry = self.candidates(&format!("{kind}:{name}")).into_iter().next()?;
        Some(Place {
            file: Some(self.file.clone()),
            line: Some(entry.spot.line),
            column: Some(entry.spot.column),
            ..Place::default()
        })
    }

    /// Returns every key, patterns included, in the file's order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|e| e.key.as_str())
    }

    fn candidates(&self, wanted: &str) -> Vec<&Entry> {
        let mut found: Vec<&Entry> =
            self.entries.iter().filter(|e| e.key == wanted || matches(&e.key, wanted)).collect();
        // The sort is stable: of two equally close patterns, the first in the file is asked first.
        found.sort_by_key(|e| (e.key != wanted, std::cmp::Reverse(closeness(&e.key))));
        found
    }
}

impl Entry {
    fn value(&self, target: &Target) -> Option<&str> {
        match &self.values {
            Values::Everywhere(value) => Some(value),
            Values::ByEnvironment(map) => match map.get(&target.environment.name)? {
                ByRegion::All(value) => Some(value),
                ByRegion::Regions(map) => map.get(target.region.as_str()).map(String::as_str),
            },
        }
    }
}

/// Fills in placeholders in one pass, so that a name which looks like a placeholder stays a name.
fn fill(text: &str, name: &str, target: &Target) -> String {
    let known = [
        ("{name}", name),
        ("{environment}", target.environment.name.as_str()),
        ("{region}", target.region.as_str()),
        ("{account}", target.environment.account.as_str()),
    ];
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (mark, value) =
            known.iter().find(|(mark, _)| rest.starts_with(mark)).copied().unwrap_or(("{", "{"));
        out.push_str(value);
        rest = &rest[mark.len()..];
    }
    out + rest
}
