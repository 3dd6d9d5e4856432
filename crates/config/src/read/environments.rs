//! Reads `environments`: accounts, regions, instances, roles, and that each name is given once.

use super::fields::{Fields, shorten};
use crate::freeze::{self, Freeze};
use crate::project::{ApplyFrom, Delivery};
use crate::yaml::{Key, Node, Spot, Value};
use std::collections::BTreeMap;
use trunkline_model::{
    AccountId, AccountIdError, Approval, Diagnostic, Environment, EnvironmentUse, Region,
};

const KEYS: &[&str] = &[
    "account",
    "regions",
    "instance",
    "use",
    "branch",
    "aliases",
    "enabled",
    "after",
    "approval",
    "apply_from",
    "freeze",
    "rate",
    "role",
    "read_role",
    "external_id",
    "source_identity",
    "staging_bucket",
];

const APPLY_FROM: [(&str, ApplyFrom); 2] =
    [("pipeline", ApplyFrom::Pipeline), ("anywhere", ApplyFrom::Anywhere)];

/// What was read.
#[derive(Default)]
pub(super) struct Environments {
    pub(super) list: Vec<Environment>,
    pub(super) delivery: BTreeMap<String, Delivery>,
    pub(super) staging: BTreeMap<(String, String), String>,
}

pub(super) fn read(root: &Node, f: &mut Fields) -> Environments {
    let mut read = Environments::default();
    let Some(node) = root.get("environments") else {
        f.missing(root, "environments", "the file").help =
            Some("name at least one place to deploy to; see `trunkline init`".to_owned());
        return read;
    };
    if !f.is_map(node, "environments") {
        if matches!(node.value, Value::Null) {
            f.missing(root, "environments", "the file");
        }
        return read;
    }
    let Value::Map(entries) = &node.value else { return read };
    if entries.is_empty() {
        f.missing(root, "environments", "the file");
    }
    check_common(root, f);
    check_names(entries, f);
    for (key, value) in entries {
        one(root, key, value, f, &mut read);
    }
    check_instances(entries, &read.list, f);
    read
}

fn one(root: &Node, key: &Key, node: &Node, f: &mut Fields, read: &mut Environments) {
    let place = format!("environment `{}`", shorten(&key.text));
    if !matches!(node.value, Value::Map(_)) {
        let found = f.wrong(node, format!("{place} must be a mapping, this is {}", node.what()));
        found.help = Some("write at least account, regions and instance".to_owned());
        return;
    }
    f.known_keys(node, "an environment", KEYS);
    check_name(&key.text, key.spot, "an environment's name", f);
    let account = account(node, &place, f);
    let regions = regions(node, &place, f);
    let instance = f.required_text(node, "instance", &place);
    let delivery = Delivery {
        after: node.get("after").map(Node::to_json),
        freeze: freezes(node, &place, f),
        apply_from: f.choice(node, "apply_from", &APPLY_FROM).unwrap_or_default(),
    };
    let uses = [("build", EnvironmentUse::Build), ("deploy", EnvironmentUse::Deploy)];
    let approvals = [("required", Approval::Required), ("none", Approval::None)];
    let own_or_common = |f: &mut Fields, name: &str| {
        if node.get(name).is_some() { f.text(node, name) } else { root_text(root, name) }
    };
    let mut environment = Environment {
        name: key.text.clone(),
        aliases: f.texts(node, "aliases"),
        // Where the id is wrong, the report stops everything; the stand-in is never used.
        account: account.unwrap_or_else(|| AccountId::parse("000000000000").expect("12 digits")),
        regions,
        instance: instance.unwrap_or_default(),
        branch: f.text(node, "branch"),
        used_for: f.choice(node, "use", &uses).unwrap_or_default(),
        enabled: f.flag(node, "enabled").unwrap_or(true),
        role: own_or_common(f, "role"),
        read_role: own_or_common(f, "read_role"),
        external_id: own_or_common(f, "external_id"),
        source_identity: own_or_common_flag(root, node, "source_identity", f),
        staging_bucket: None,
        rate: rate(node, f).or_else(|| rate(root, &mut Fields::default())).unwrap_or(1.0),
        approval: f.choice(node, "approval", &approvals).unwrap_or_default(),
    };
    let bucket = node.get("staging_bucket").or_else(|| root.get("staging_bucket"));
    staging(bucket, &mut environment, &mut read.staging, f);
    check_instance(node, &environment, f);
    read.delivery.insert(key.text.clone(), delivery);
    read.list.push(environment);
}

/// Reports misfits of the defaults at the top once, not once for each environment.
fn check_common(root: &Node, f: &mut Fields) {
    for key in ["role", "read_role", "external_id"] {
        f.text(root, key);
    }
    f.flag(root, "source_identity");
    rate(root, f);
}

fn own_or_common_flag(root: &Node, node: &Node, key: &str, f: &mut Fields) -> bool {
    f.flag(node, key).or_else(|| Fields::default().flag(root, key)).unwrap_or(false)
}

/// A text at the top; its misfits are reported once, by `check_common`.
fn root_text(root: &Node, key: &str) -> Option<String> {
    Fields::default().text(root, key)
}

fn account(node: &Node, place: &str, f: &mut Fields) -> Option<AccountId> {
    let Some(value) = node.get("account").filter(|v| !matches!(v.value, Value::Null)) else {
        f.missing(node, "account", place);
        return None;
    };
    let written = value.spelling().unwrap_or_default().to_owned();
    let (quoted, parsed) = (matches!(value.value, Value::Text(_)), AccountId::parse(&written));
    if quoted && let Ok(account) = parsed {
        return Some(account);
    }
    let message = match (&value.value, &parsed) {
        (Value::Number(_), _) => {
            format!("the account id of {place} is a number, {}", shorten(&written))
        }
        (_, Err(AccountIdError::Length(n))) => {
            format!("the account id of {place} has {n} digits instead of 12")
        }
        _ => format!("the account id of {place} is not a text of 12 digits"),
    };
    let found = f.report(value.spot, Diagnostic::error("TL0103", message));
    if matches!(value.value, Value::Number(_)) {
        found.notes.push("a bare number loses its leading zero in most tools".to_owned());
    }
    let digits = written.bytes().all(|b| b.is_ascii_digit());
    found.help = Some(match written.len() {
        12 if digits => format!("put it in quotes: account: \"{written}\""),
        11 if digits => {
            found.notes.push("it has 11 digits: a leading zero was probably lost".to_owned());
            format!("if that is so, write account: \"0{written}\"")
        }
        _ => "write the 12 digits in quotes, without hyphens: account: \"111122223333\"".to_owned(),
    });
    None
}

fn regions(node: &Node, place: &str, f: &mut Fields) -> Vec<Region> {
    let mut regions: Vec<Region> = Vec::new();
    let before = f.found.len();
    for text in f.texts(node, "regions") {
        let spot = node.get("regions").cloned().unwrap_or_else(|| node.clone());
        let spot = element(&spot, &text).unwrap_or(spot);
        match Region::parse(&text) {
            Ok(region) if regions.contains(&region) => {
                f.wrong(&spot, format!("`regions` of {place} names {region} twice"));
            }
            Ok(region) => {
                if regions.first().is_some_and(|r| r.partition() != region.partition()) {
                    f.wrong(&spot, format!("the regions of {place} lie in different partitions"))
                        .notes
                        .push("one account belongs to one partition of AWS".to_owned());
                }
                regions.push(region);
            }
            Err(error) => {
                f.wrong(&spot, shorten(&error.to_string()));
            }
        }
    }
    if regions.is_empty() && f.found.len() == before {
        f.missing(node, "regions", place).help = Some("write regions: [us-west-2]".to_owned());
    }
    regions
}

/// Reads the freeze windows, each with its own place in messages.
fn freezes(node: &Node, place: &str, f: &mut Fields) -> Vec<Freeze> {
    let mut windows = Vec::new();
    for text in f.texts(node, "freeze") {
        match Freeze::parse(&text) {
            Ok(window) => windows.push(window),
            Err(reason) => {
                let spot = node.get("freeze").unwrap_or(node);
                let spot = element(spot, &text).unwrap_or_else(|| spot.clone());
                let message = format!("`{}` is no freeze window of {place}", shorten(&text));
                let found = f.wrong(&spot, message);
                found.notes.push(reason);
                found.help = Some(freeze::FORM.to_owned());
            }
        }
    }
    windows
}

fn element(list: &Node, text: &str) -> Option<Node> {
    let Value::List(items) = &list.value else { return None };
    items.iter().rev().find(|i| i.spelling() == Some(text)).cloned()
}

/// Reads a share of the API rate: above 0, at most 1.
pub(super) fn rate(node: &Node, f: &mut Fields) -> Option<f64> {
    let value = node.get("rate")?;
    let number = match &value.value {
        Value::Number(text) => text.parse::<f64>().ok(),
        _ => None,
    };
    match number {
        Some(rate) if rate > 0.0 && rate <= 1.0 => Some(rate),
        _ => {
            f.wrong(value, "`rate` must be a number above 0 and at most 1").help =
                Some("rate: 0.5 leaves half of the account's API rate to others".to_owned());
            None
        }
    }
}

fn staging(
    node: Option<&Node>,
    environment: &mut Environment,
    by_region: &mut BTreeMap<(String, String), String>,
    f: &mut Fields,
) {
    let Some(node) = node else { return };
    match &node.value {
        Value::Text(text) => environment.staging_bucket = Some(text.clone()),
        Value::Map(entries) => {
            for (region, bucket) in entries {
                if !environment.regions.iter().any(|r| r.as_str() == region.text) {
                    let message = format!(
                        "environment `{}` has no region `{}`",
                        environment.name,
                        shorten(&region.text)
                    );
                    f.report(region.spot, Diagnostic::error("TL0110", message));
                }
                match &bucket.value {
                    Value::Text(name) => {
                        let key = (environment.name.clone(), region.text.clone());
                        by_region.insert(key, name.clone());
                    }
                    _ => {
                        f.wrong(bucket, "`staging_bucket` must hold the names of buckets");
                    }
                }
            }
        }
        Value::Null => {}
        _ => {
            f.wrong(node, "`staging_bucket` must be a bucket's name, or one for each region");
        }
    }
}

/// Warns where one alias is meant to be the instance of several regions, with the line that would tell them apart.
fn check_instance(node: &Node, environment: &Environment, f: &mut Fields) {
    let (name, alias) = (&environment.name, environment.instance.as_str());
    if environment.regions.len() < 2 || alias.is_empty() || alias.contains("{region}") {
        return;
    }
    let spot = node.get("instance").map_or(node.spot, |n| n.spot);
    let message = format!("environment `{name}` has one alias for instances in several regions");
    let regions: Vec<&str> = environment.regions.iter().map(Region::as_str).collect();
    let told: Vec<String> = regions.iter().map(|r| format!("`{alias}-{r}`")).collect();
    let found = f.report(spot, Diagnostic::warning("TL0106", message));
    found.notes.push(format!(
        "an alias belongs to one instance in one region: only one of {} can have `{alias}`",
        regions.join(", ")
    ));
    found.help = Some(format!(
        "write `instance: \"{alias}-{{region}}\"` where the instances are called {}\n\
         with other names, make each region an environment of its own",
        told.join(", ")
    ));
}

fn check_name(name: &str, spot: Spot, what: &str, f: &mut Fields) {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if name.len() > 64 || !starts || !name.chars().all(fits) {
        let message = format!("`{}` cannot be {what}", shorten(name));
        f.report(spot, Diagnostic::error("TL0106", message)).notes.push(
            "it has at most 64 letters, digits, `-`, `_` and `.`, and starts with a letter or digit"
                .to_owned(),
        );
    }
}

/// Reports TL0104 for each name or alias that stands for two environments, with both accounts.
/// Case does not tell names apart: they name folders, and not every disk tells case apart.
fn check_names(entries: &[(Key, Node)], f: &mut Fields) {
    struct Owner<'a> {
        index: usize,
        name: &'a str,
        account: String,
    }
    let mut owners: BTreeMap<String, Owner<'_>> = BTreeMap::new();
    for (index, (key, node)) in entries.iter().enumerate() {
        let account =
            node.get("account").and_then(Node::spelling).unwrap_or("no account").to_owned();
        for (name, spot) in names(key, node) {
            if spot != key.spot {
                check_name(name, spot, "an alias", f);
            }
            let Some(first) = owners.get(&name.to_lowercase()) else {
                let owner = Owner { index, name, account: account.clone() };
                owners.insert(name.to_lowercase(), owner);
                continue;
            };
            if first.index == index {
                continue;
            }
            let (other, _) = &entries[first.index];
            let message = format!("`{}` stands for two environments", shorten(name));
            let found = f.report(spot, Diagnostic::error("TL0104", message));
            found.notes.push(format!(
                "it is account {} (`{}`, line {}) and account {account} (`{}`)",
                first.account, other.text, other.spot.line, key.text
            ));
            if first.name != name {
                found.notes.push(format!("`{}` differs from it only by case", first.name));
            }
            found.help = Some("give one of them another name".to_owned());
        }
    }
}

fn names<'a>(key: &'a Key, node: &'a Node) -> Vec<(&'a str, Spot)> {
    let aliases: &[Node] = match node.get("aliases").map(|n| &n.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    };
    let aliases = aliases.iter().filter_map(|n| Some((n.spelling()?, n.spot)));
    std::iter::once((key.text.as_str(), key.spot)).chain(aliases).collect()
}

/// Warns where two environments are one and the same instance.
fn check_instances(entries: &[(Key, Node)], list: &[Environment], f: &mut Fields) {
    for (i, later) in list.iter().enumerate() {
        let same = |e: &&Environment| {
            e.account == later.account
                && e.instance == later.instance
                && !e.instance.is_empty()
                && !e.instance.contains("{environment}")
                && e.regions.iter().any(|r| later.regions.contains(r))
        };
        let Some(first) = list[..i].iter().find(same) else { continue };
        let Some((key, _)) = entries.iter().rev().find(|(k, _)| k.text == later.name) else {
            continue;
        };
        let message = format!("`{}` and `{}` are the same instance", first.name, later.name);
        f.report(key.spot, Diagnostic::warning("TL0106", message))
            .notes
            .push("what one of them deploys, the other one overwrites".to_owned());
    }
}
