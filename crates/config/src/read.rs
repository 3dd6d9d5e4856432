//! Reads `trunkline.yaml` into a `Project`, and reports everything that is wrong at once.
//!
//! The version is looked at first: in a file of a later version nothing else can be judged.

mod bindings;
mod environments;
mod fields;

use crate::project::{Project, Scope, Settings, State, unknown_environment};
use crate::yaml::{self, Node, Value};
use fields::Fields;
use std::collections::{BTreeMap, HashMap};
use trunkline_model::{Diagnostic, Environment, Report, Severity};

/// The version of the file's format that this program reads.
const VERSION: u64 = 1;

const TOP_KEYS: &[&str] = &[
    "version",
    "project",
    "state",
    "environments",
    "role",
    "read_role",
    "external_id",
    "source_identity",
    "staging_bucket",
    "rate",
    "bindings",
    "overrides",
    "instance_owned",
    "scope",
    "external",
    "repositories",
    "secrets",
    "settings",
];

/// Reads a configuration. `file` is how messages name it. On failure the report holds every
/// problem, by line; what is odd but usable is in the project's `warnings`.
pub fn parse(text: &str, file: &str) -> Result<Project, Report> {
    let root = yaml::read(text).map_err(|d| Report(vec![d.in_file(file)]))?;
    let mut fields = Fields::default();
    if !matches!(root.value, Value::Map(_)) {
        return Err(not_a_mapping(&root).in_file(file).report());
    }
    if let Err(found) = check_version(&root) {
        return Err(found.in_file(file).report());
    }
    let project = read_project(&root, file, &mut fields);
    let mut found = fields.found;
    for diagnostic in &mut found {
        diagnostic.place.file.get_or_insert_with(|| file.to_owned());
    }
    found.sort_by_key(|d| (d.place.line, d.place.column));
    if found.iter().any(|d| d.severity == Severity::Error) {
        return Err(Report(found));
    }
    Ok(Project { warnings: found, ..project })
}

fn not_a_mapping(root: &Node) -> Diagnostic {
    let found = match root.value {
        Value::Null => Diagnostic::error("TL0102", "the file is empty; `version` is missing"),
        _ => {
            let message = format!("the file must hold a mapping, this is {}", root.what());
            Diagnostic::error("TL0106", message)
        }
    };
    found.at(root.spot.line, root.spot.column).help("`trunkline init` writes a file to start from")
}

fn check_version(root: &Node) -> Result<(), Diagnostic> {
    let Some(node) = root.get("version") else {
        return Err(Diagnostic::error("TL0102", "`version` is missing")
            .at(root.spot.line, root.spot.column)
            .help(format!("start the file with `version: {VERSION}`")));
    };
    let (line, column) = (node.spot.line, node.spot.column);
    let number = match &node.value {
        Value::Number(text) => text.parse::<u64>().ok(),
        _ => None,
    };
    match number {
        Some(VERSION) => Ok(()),
        Some(later) if later > VERSION => {
            let message = format!("the file is of version {later}; this Trunkline reads {VERSION}");
            Err(Diagnostic::error("TL0108", message)
                .at(line, column)
                .because("the meaning of the other settings may differ, so none was looked at")
                .help("install a newer Trunkline; `trunkline version` shows this one"))
        }
        _ => Err(Diagnostic::error("TL0106", format!("`version` must be the number {VERSION}"))
            .at(line, column)
            .help(format!("write `version: {VERSION}`"))),
    }
}

fn read_project(root: &Node, file: &str, f: &mut Fields) -> Project {
    check_duplicates(root, f);
    f.known_keys(root, "the file", TOP_KEYS);
    let name = f.required_text(root, "project", "the file").unwrap_or_default();
    let environments = environments::read(root, f);
    let bindings = bindings::read(root.get("bindings"), &environments.list, file, f);
    Project {
        name,
        file: file.to_owned(),
        state: read_state(root, f),
        bindings,
        overrides: bindings::read_overrides(root.get("overrides"), &environments.list, f),
        instance_owned: f.texts(root, "instance_owned"),
        scope: read_scope(root.get("scope"), f),
        external: f.texts(root, "external"),
        repositories: read_repositories(root.get("repositories"), f),
        secrets: read_secrets(root.get("secrets"), &environments.list, f),
        settings: read_settings(root.get("settings"), f),
        environments: environments.list,
        delivery: environments.delivery,
        staging: environments.staging,
        warnings: Vec::new(),
    }
}

fn read_state(root: &Node, f: &mut Fields) -> State {
    let text = f.text(root, "state").unwrap_or_else(|| ".trunkline/state".to_owned());
    let Some(address) = text.strip_prefix("s3://") else { return State::Folder(text) };
    let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
    if bucket.is_empty() {
        f.wrong(&root.get("state").unwrap_or(root).clone(), "`state` names no bucket").help =
            Some("write s3://BUCKET or s3://BUCKET/PREFIX".to_owned());
    }
    State::S3 { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() }
}

fn read_scope(node: Option<&Node>, f: &mut Fields) -> Scope {
    let Some(node) = node.filter(|n| f.is_map(n, "scope")) else { return Scope::default() };
    f.known_keys(node, "`scope`", &["include", "exclude"]);
    Scope { include: f.texts(node, "include"), exclude: f.texts(node, "exclude") }
}

/// Where repositories are that pipelines name.
fn read_repositories(node: Option<&Node>, f: &mut Fields) -> BTreeMap<String, String> {
    let Some(node) = node.filter(|n| f.is_map(n, "repositories")) else { return BTreeMap::new() };
    let Value::Map(entries) = &node.value else { return BTreeMap::new() };
    let one = |(key, _): &(yaml::Key, Node)| Some((key.text.clone(), f.text(node, &key.text)?));
    entries.iter().filter_map(one).collect()
}

/// Which secrets only some environments have. TL0105: there is no such environment.
fn read_secrets(
    node: Option<&Node>,
    known: &[Environment],
    f: &mut Fields,
) -> BTreeMap<String, Vec<String>> {
    let Some(node) = node.filter(|n| f.is_map(n, "secrets")) else { return BTreeMap::new() };
    let Value::Map(entries) = &node.value else { return BTreeMap::new() };
    let mut secrets = BTreeMap::new();
    for (key, value) in entries {
        let mut names = Vec::new();
        for name in f.texts(node, &key.text) {
            let named = |e: &&Environment| e.name == name || e.aliases.contains(&name);
            match known.iter().find(named) {
                Some(environment) => names.push(environment.name.clone()),
                None => drop(f.report(value.spot, unknown_environment(&name, known))),
            }
        }
        secrets.insert(key.text.clone(), names);
    }
    secrets
}

fn read_settings(node: Option<&Node>, f: &mut Fields) -> Settings {
    let mut settings = Settings::default();
    let Some(node) = node.filter(|n| f.is_map(n, "settings")) else { return settings };
    let keys = [
        "search_lag",
        "published_may_name_saved",
        "search_returns_content",
        "lock_lease",
        "state_region",
    ];
    f.known_keys(node, "`settings`", &keys);
    if let Some(lag) = node.get("search_lag") {
        let seconds = lag.spelling().map(|s| s.trim_end_matches('s').trim()).map(str::parse::<f64>);
        match seconds {
            Some(Ok(seconds)) if (0.0..=3600.0).contains(&seconds) => settings.search_lag = seconds,
            _ => {
                f.wrong(lag, "`search_lag` must be a number of seconds, from 0 to 3600").help =
                    Some("write for example `search_lag: 60`".to_owned())
            }
        }
    }
    settings.published_may_name_saved = f.flag(node, "published_may_name_saved");
    settings.search_returns_content = f.flag(node, "search_returns_content");
    settings.state_region = f.text(node, "state_region");
    if let Some(lease) = node.get("lock_lease") {
        let seconds = lease.spelling().map(|s| s.trim_end_matches('s').trim().parse::<u64>());
        match seconds {
            Some(Ok(seconds)) if (1..=3600).contains(&seconds) => settings.lock_lease = seconds,
            _ => {
                f.wrong(lease, "`lock_lease` must be a number of seconds, from 1 to 3600").help =
                    Some("write for example `lock_lease: 30`".to_owned())
            }
        }
    }
    settings
}

/// Reports keys that occur twice, except under `environments`: those have a code of their own.
fn check_duplicates(node: &Node, f: &mut Fields) {
    let Value::Map(entries) = &node.value else { return };
    for (key, value) in entries {
        if key.text == "environments" {
            let Value::Map(environments) = &value.value else { continue };
            environments.iter().for_each(|(_, e)| duplicates_in(e, f));
        } else {
            duplicates_in(value, f);
        }
    }
    own_duplicates(entries, f);
}

fn duplicates_in(node: &Node, f: &mut Fields) {
    match &node.value {
        Value::Map(entries) => {
            own_duplicates(entries, f);
            entries.iter().for_each(|(_, v)| duplicates_in(v, f));
        }
        Value::List(items) => items.iter().for_each(|i| duplicates_in(i, f)),
        _ => {}
    }
}

fn own_duplicates(entries: &[(yaml::Key, Node)], f: &mut Fields) {
    let mut seen = HashMap::new();
    for (key, _) in entries {
        let first = *seen.entry(key.text.as_str()).or_insert(key.spot);
        if first != key.spot {
            let found = Diagnostic::error("TL0101", format!("the key `{}` occurs twice", key.text))
                .at(key.spot.line, key.spot.column)
                .because(format!("it first stands on line {}", first.line))
                .help("keep one of them");
            f.found.push(found);
        }
    }
}

#[cfg(test)]
mod tests;
