//! Reads `bindings` and `overrides`, whose inner keys are environments and regions.

use super::fields::{Fields, shorten};
use crate::bindings::{Bindings, ByRegion, Entry, Values};
use crate::project::unknown_environment;
use crate::yaml::{Key, Node, Value};
use std::collections::BTreeMap;
use trunkline_model::{Diagnostic, Environment, Region};

pub(super) fn read(
    node: Option<&Node>,
    environments: &[Environment],
    file: &str,
    f: &mut Fields,
) -> Bindings {
    let mut bindings = Bindings { entries: Vec::new(), file: file.to_owned() };
    let Some(node) = node.filter(|n| f.is_map(n, "bindings")) else { return bindings };
    let Value::Map(entries) = &node.value else { return bindings };
    for (key, value) in entries {
        check_key(key, f);
        if let Some(values) = values(key, value, environments, f) {
            bindings.entries.push(Entry { key: key.text.clone(), spot: key.spot, values });
        }
    }
    bindings
}

fn check_key(key: &Key, f: &mut Fields) {
    let fits = key.text.split_once(':').is_some_and(|(kind, name)| {
        let letters = |c: char| c.is_ascii_lowercase() || c == '-';
        !name.is_empty() && !kind.is_empty() && kind.chars().all(letters)
    });
    if !fits {
        let message = format!("`{}` is not a kind and a name", shorten(&key.text));
        f.report(key.spot, Diagnostic::error("TL0106", message)).help =
            Some("write for example \"phone:Main line\" or \"lambda:*\"".to_owned());
    }
}

fn values(key: &Key, value: &Node, environments: &[Environment], f: &mut Fields) -> Option<Values> {
    let Value::Map(entries) = &value.value else {
        return text(&key.text, value, f).map(Values::Everywhere);
    };
    let mut by_environment = BTreeMap::new();
    for (name, value) in entries {
        let Some(environment) = find(name, environments, f) else { continue };
        let read = match &value.value {
            Value::Map(regions) => by_region(&key.text, regions, environment, f),
            _ => text(&key.text, value, f).map(ByRegion::All),
        };
        let Some(read) = read else { continue };
        if by_environment.insert(environment.name.clone(), read).is_some() {
            let message =
                format!("`{}` is given twice for environment `{}`", key.text, environment.name);
            f.report(name.spot, Diagnostic::error("TL0106", message))
                .notes
                .push("once by the environment's name, once by an alias".to_owned());
        }
    }
    Some(Values::ByEnvironment(by_environment))
}

fn by_region(
    key: &str,
    entries: &[(Key, Node)],
    environment: &Environment,
    f: &mut Fields,
) -> Option<ByRegion> {
    let mut regions = BTreeMap::new();
    for (region, value) in entries {
        check_region(region, environment, f);
        if let Some(text) = text(key, value, f) {
            regions.insert(region.text.clone(), text);
        }
    }
    Some(ByRegion::Regions(regions))
}

fn check_region(region: &Key, environment: &Environment, f: &mut Fields) {
    if environment.regions.iter().any(|r| r.as_str() == region.text) {
        return;
    }
    let message =
        format!("environment `{}` has no region `{}`", environment.name, shorten(&region.text));
    let known: Vec<_> = environment.regions.iter().map(Region::as_str).collect();
    f.report(region.spot, Diagnostic::error("TL0110", message))
        .notes
        .push(format!("its regions are {}", known.join(", ")));
}

/// A scalar counts as it is written, so that a telephone number needs no quotes.
fn text(key: &str, value: &Node, f: &mut Fields) -> Option<String> {
    match value.spelling() {
        Some(text) if !text.trim().is_empty() => Some(text.to_owned()),
        _ => {
            let message = format!("the binding `{}` must be a text, this is {}", shorten(key), {
                if value.spelling().is_some() { "an empty one" } else { value.what() }
            });
            f.wrong(value, message).help =
                Some("write `unbound` where it stands for nothing".to_owned());
            None
        }
    }
}

fn find<'a>(
    name: &Key,
    environments: &'a [Environment],
    f: &mut Fields,
) -> Option<&'a Environment> {
    let found = environments.iter().find(|e| e.name == name.text || e.aliases.contains(&name.text));
    if found.is_none() {
        f.report(name.spot, unknown_environment(&shorten(&name.text), environments));
    }
    found
}

/// Reads `overrides` as JSON; documents at the top, environments below.
pub(super) fn read_overrides(
    node: Option<&Node>,
    environments: &[Environment],
    f: &mut Fields,
) -> serde_json::Value {
    let empty = || serde_json::Value::Object(serde_json::Map::new());
    let Some(node) = node.filter(|n| f.is_map(n, "overrides")) else { return empty() };
    let Value::Map(entries) = &node.value else { return empty() };
    for (key, value) in entries {
        check_key(key, f);
        if !f.is_map(value, &shorten(&key.text)) {
            continue;
        }
        let Value::Map(names) = &value.value else { continue };
        for (name, fields) in names {
            find(name, environments, f);
            if !matches!(fields.value, Value::Map(_)) {
                f.wrong(fields, format!("an override names fields, this is {}", fields.what()))
                    .help = Some("write for example { MaxContacts: 200 }".to_owned());
            }
        }
    }
    node.to_json()
}
