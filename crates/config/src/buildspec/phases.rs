//! `phases` of a buildspec: commands, and what a failure does.

use super::reader::{Reader, Section, shorten};
use crate::suggest::nearest;
use crate::yaml::{Node, Value};
use std::collections::BTreeMap;
use trunkline_model::buildspec::{OnFailure, Phase, PhaseName};
use trunkline_model::{Diagnostic, Severity};

const PHASES: &[(&str, PhaseName)] = &[
    ("install", PhaseName::Install),
    ("pre_build", PhaseName::PreBuild),
    ("build", PhaseName::Build),
    ("post_build", PhaseName::PostBuild),
];

const PHASE_KEYS: &[&str] = &["run-as", "on-failure", "commands", "finally", "runtime-versions"];

/// How often a build is made again where RETRY says no number.
const RETRIES: u32 = 3;

/// Reads the phases, in the order in which they run.
pub(super) fn read(top: &Section<'_>, r: &mut Reader<'_>) -> Vec<(PhaseName, Phase)> {
    let names: Vec<&'static str> = PHASES.iter().map(|(name, _)| *name).collect();
    let Some(node) = top.get("phases") else {
        // A file that only divides a batch has none; that it is not carried out is said elsewhere.
        if top.get("batch").is_none() {
            let help = "write `phases:` with `build:` and its `commands:` below it";
            r.missing(top, "phases", "the buildspec", help);
        }
        return Vec::new();
    };
    if matches!(node.value, Value::Null) {
        let found = Diagnostic::error("TL0833", "`phases` holds no phase");
        r.report(node.spot, found.help("give at least `build:` with its `commands:`"));
    }
    let Some(section) = r.closed_section(node, "`phases`", &names) else { return Vec::new() };
    let mut phases = Vec::new();
    for (name, phase) in PHASES {
        if let Some(node) = section.get(name)
            && let Some(read) = read_phase(name, *phase, node, r)
        {
            phases.push((*phase, read));
        }
    }
    phases
}

fn read_phase(name: &str, phase: PhaseName, node: &Node, r: &mut Reader<'_>) -> Option<Phase> {
    let place = format!("phase `{name}`");
    let section = r.section(node, &place, PHASE_KEYS)?;
    r.only_in_02(&section, &["run-as", "on-failure", "finally", "runtime-versions"]);
    if section.get("commands").is_none() && phase != PhaseName::Install {
        let help = "write `commands:` with one `- command` a line";
        let found = r.missing(&section, "commands", &place, help);
        if let Some(found) = found.filter(|_| section.get("finally").is_some()) {
            // The documentation asks for them, and phases of `finally` alone are common.
            found.severity = Severity::Warning;
            found.notes.push("only those of `finally` are run".to_owned());
        }
    }
    if section.get("runtime-versions").is_some() && phase != PhaseName::Install {
        let message = format!("`runtime-versions` stands in {place}");
        let found = Diagnostic::error("TL0832", message).help("move it to phase `install`");
        r.report(section.key_spot("runtime-versions"), found);
    }
    Some(Phase {
        run_as: r.text(&section, "run-as"),
        on_failure: on_failure(&section, r),
        commands: commands(&section, "commands", r),
        finally: commands(&section, "finally", r),
        runtime_versions: runtime_versions(&section, r),
    })
}

/// Reads a list of commands; a single text is a list of one, and one without text does nothing.
fn commands(section: &Section<'_>, key: &str, r: &mut Reader<'_>) -> Vec<String> {
    let Some(node) = section.get(key) else { return Vec::new() };
    let items = match &node.value {
        Value::List(items) => items.as_slice(),
        Value::Null | Value::Map(_) => {
            let message = format!("`{key}` must be a list of commands, this is {}", node.what());
            r.wrong(node, message).help = Some("begin each command with `- `".to_owned());
            return Vec::new();
        }
        _ => {
            if let Some(text) = folded(node, r) {
                let message = format!("a space is missing after `-` in `{key}`");
                let found = r.wrong(node, message);
                found.notes.push("YAML takes all of it for one command".to_owned());
                found.help = Some(format!("write `- {}`", shorten(&text)));
                return Vec::new();
            }
            std::slice::from_ref(node)
        }
    };
    let mut commands = Vec::new();
    for item in items {
        if r.is_tagged(item) {
            let message = format!("YAML takes the `!` off the start of a command of `{key}`");
            let found = Diagnostic::warning("TL0834", message);
            r.report(item.spot, found.help("put the whole command in single quotes"));
        }
        match (&item.value, r.spelling(item)) {
            (_, Some(text)) if !text.trim().is_empty() => commands.push(text),
            (Value::Null, _) | (_, Some(_)) => {
                let found = Diagnostic::warning("TL0834", format!("a command of `{key}` is empty"));
                r.report(item.spot, found.because("nothing is run for it"));
            }
            (Value::Map(entries), _) => {
                let begin = entries.first().map_or(String::new(), |(k, _)| shorten(&k.text));
                let found = r.wrong(item, format!("a command of `{key}` is a mapping"));
                found
                    .notes
                    .push(format!("YAML takes `{begin}` for a key, because `: ` follows it"));
                found.help = Some("put the whole command in single quotes".to_owned());
            }
            _ => {
                let message =
                    format!("a command of `{key}` must be a text, this is {}", item.what());
                let found = r.wrong(item, message);
                found.help = Some("put the whole command in single quotes".to_owned());
            }
        }
    }
    commands
}

/// Returns the first command of a list whose items lack the space after `-`.
fn folded(node: &Node, r: &Reader<'_>) -> Option<String> {
    let first = r.rest(node).strip_prefix('-')?.trim_end();
    first.starts_with(|c: char| c.is_ascii_alphanumeric()).then(|| first.to_owned())
}

fn runtime_versions(section: &Section<'_>, r: &mut Reader<'_>) -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    let Some(node) = section.get("runtime-versions") else { return versions };
    for (key, value) in r.entries(node, "`runtime-versions`").unwrap_or_default() {
        match r.spelling(value) {
            Some(version) => {
                versions.insert(key.text.clone(), version);
            }
            None => {
                let message = format!("`{}` needs a version", shorten(&key.text));
                r.wrong(value, message).help = Some("write `latest`, or a number".to_owned());
            }
        }
    }
    versions
}

fn on_failure(section: &Section<'_>, r: &mut Reader<'_>) -> OnFailure {
    const WORDS: &[&str] = &["ABORT", "CONTINUE", "RETRY"];
    let Some(node) = section.get("on-failure") else { return OnFailure::Default };
    let text = r.spelling(node).unwrap_or_default();
    match text.as_str() {
        "ABORT" => return OnFailure::Abort,
        "CONTINUE" => return OnFailure::Continue,
        "RETRY" => return OnFailure::Retry { times: RETRIES, pattern: None },
        _ => {}
    }
    // The documentation has examples with `Retry-`, too.
    if let Some((begin, rest)) = text.split_once('-')
        && begin.eq_ignore_ascii_case("RETRY")
    {
        match retry(rest) {
            Ok(retry) => return retry,
            Err(message) => {
                r.wrong(node, message).help =
                    Some("write RETRY, RETRY-2, RETRY-pattern or RETRY-2-pattern".to_owned());
            }
        }
        return OnFailure::Default;
    }
    let found = r.wrong(node, format!("`on-failure` is {}", shorten(&text)));
    found
        .notes
        .push("it must be ABORT, CONTINUE or RETRY with a number, a pattern or both".to_owned());
    found.help = nearest(&text, WORDS.iter().copied()).map(|n| format!("did you mean `{n}`?"));
    OnFailure::Default
}

/// Reads what follows `RETRY-`: a number, a pattern, or both.
fn retry(rest: &str) -> Result<OnFailure, String> {
    let (number, pattern) = match rest.split_once('-') {
        _ if is_count(rest) => (Some(rest), None),
        Some((number, pattern)) if is_count(number) => (Some(number), Some(pattern)),
        _ => (None, Some(rest)),
    };
    let times = match number {
        None => RETRIES,
        Some(number) => {
            let times = number.parse().ok().filter(|n| *n <= 100);
            times.ok_or_else(|| "a build is retried 100 times at most".to_owned())?
        }
    };
    if pattern == Some("") {
        return Err("the pattern after RETRY is empty".to_owned());
    }
    if let Some(pattern) = pattern
        && let Err(error) = regex_lite::Regex::new(pattern)
    {
        return Err(format!("the pattern after RETRY is no regular expression: {error}"));
    }
    Ok(OnFailure::Retry { times, pattern: pattern.map(str::to_owned) })
}

fn is_count(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
