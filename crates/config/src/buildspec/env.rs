//! `env` of a buildspec: variables, where their values come from, and which are passed on.

use super::reader::{Reader, Section, shorten};
use super::secret::SecretRef;
use crate::suggest::nearest;
use crate::yaml::{Key, Node};
use std::collections::BTreeMap;
use trunkline_model::Diagnostic;
use trunkline_model::buildspec::{BuildEnv, BuildspecVersion};

const KEYS: &[&str] = &[
    "shell",
    "variables",
    "parameter-store",
    "secrets-manager",
    "exported-variables",
    "git-credential-helper",
];

/// The shells that a build can be given here, and those of Windows, which it cannot.
const SHELLS: &[&str] = &["bash", "/bin/sh"];
const WINDOWS_SHELLS: &[&str] = &["powershell.exe", "cmd.exe"];

/// Reads `env`, and `environment_variables` of version 0.1.
pub(super) fn read(top: &Section<'_>, r: &mut Reader<'_>) -> BuildEnv {
    let mut env = BuildEnv::default();
    old_form(top, &mut env, r);
    let Some(node) = top.get("env") else { return env };
    let Some(section) = r.section(node, "`env`", KEYS) else { return env };
    r.only_in_02(&section, &["shell", "exported-variables", "git-credential-helper"]);
    env.shell = shell(&section, r);
    env.variables.extend(values(section.get("variables"), "variables", r));
    env.parameter_store = values(section.get("parameter-store"), "parameter-store", r);
    env.secrets_manager = values(section.get("secrets-manager"), "secrets-manager", r);
    env.exported_variables = exported(&section, r);
    env.git_credential_helper = r.flag(&section, "git-credential-helper");
    env
}

/// Version 0.1 has `environment_variables` with `plaintext`; 0.2 has `env` with `variables`.
fn old_form(top: &Section<'_>, env: &mut BuildEnv, r: &mut Reader<'_>) {
    let Some(node) = top.get("environment_variables") else { return };
    if r.version == BuildspecVersion::V02 {
        let message = "`environment_variables` is a key of version 0.1";
        let help = "write `env:` with `variables:` below it";
        let spot = top.key_spot("environment_variables");
        r.report(spot, Diagnostic::error("TL0832", message).help(help));
        return;
    }
    let Some(section) = r.section(node, "`environment_variables`", &["plaintext"]) else { return };
    env.variables = values(section.get("plaintext"), "plaintext", r);
}

fn shell(section: &Section<'_>, r: &mut Reader<'_>) -> Option<String> {
    let text = r.text(section, "shell")?;
    let node = section.get("shell")?;
    if WINDOWS_SHELLS.contains(&text.as_str()) {
        let found = Diagnostic::error("TL0836", format!("`{text}` is not carried out"));
        r.report(node.spot, found.because("builds run on Linux and macOS, in sh or bash"));
    } else if !SHELLS.contains(&text.as_str()) {
        let found = r.wrong(node, format!("`shell` is {}", shorten(&text)));
        found.notes.push(format!("it must be {}", SHELLS.join(" or ")));
        found.help = nearest(&text, SHELLS.iter().copied()).map(|n| format!("did you mean `{n}`?"));
    }
    Some(text)
}

/// Reads names with values that are taken literally.
fn values(node: Option<&Node>, group: &str, r: &mut Reader<'_>) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let Some(node) = node else { return values };
    let Some(entries) = r.entries(node, &format!("`{group}`")) else {
        if let Some(last) = r.found.last_mut() {
            last.help = Some("write one `NAME: value` a line, without `-`".to_owned());
        }
        return values;
    };
    for (key, value) in entries {
        check_name(key, r);
        let text = match &value.value {
            crate::yaml::Value::Null => Some(String::new()),
            _ => r.spelling(value),
        };
        let Some(text) = text else {
            r.wrong(value, format!("a variable's value must be a text, this is {}", value.what()));
            continue;
        };
        if group != "variables" && group != "plaintext" && text.trim().is_empty() {
            r.wrong(value, format!("`{}` names nothing in `{group}`", shorten(&key.text)));
        } else if group == "secrets-manager"
            && let Err(problem) = SecretRef::parse(&text)
        {
            let message = format!("`{}` cannot be read: {problem}", shorten(&text));
            let help = "write secret-id[:json-key[:version-stage[:version-id]]]";
            r.report(value.spot, Diagnostic::error("TL0837", message).help(help));
        }
        values.insert(key.text.clone(), text);
    }
    values
}

/// The name must be one that a process can be given; CODEBUILD_ is the build's own.
fn check_name(key: &Key, r: &mut Reader<'_>) {
    let name = shorten(&key.text);
    if key.text.is_empty() || key.text.contains(['=', '\0']) {
        let message = format!("`{name}` cannot be the name of a variable");
        r.report(key.spot, Diagnostic::error("TL0838", message));
    } else if key.text.starts_with("CODEBUILD_") {
        let message = format!("`{name}` is reserved: names with CODEBUILD_ are the build's own");
        let note = "where the build has a value of that name, its own is used";
        r.report(key.spot, Diagnostic::warning("TL0838", message).because(note));
    } else if !is_identifier(&key.text) {
        let message = format!("no shell can read a variable of the name `{name}`");
        r.report(key.spot, Diagnostic::warning("TL0838", message));
    }
}

fn exported(section: &Section<'_>, r: &mut Reader<'_>) -> Vec<String> {
    let Some(node) = section.get("exported-variables") else { return Vec::new() };
    let mut names: Vec<String> = Vec::new();
    for name in r.texts(section, "exported-variables") {
        let spot = item_spot(node, &name);
        if !is_identifier(&name) {
            let message =
                format!("`{}` cannot be exported: it is no variable's name", shorten(&name));
            let help = "write the name alone, without `$`";
            r.report(spot, Diagnostic::error("TL0838", message).help(help));
        } else if name.starts_with("AWS_") {
            let message = format!("`{name}` is not exported: names with AWS_ never are");
            let help = "export it under another name in a command, and list that";
            r.report(spot, Diagnostic::warning("TL0838", message).help(help));
        } else if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn item_spot(node: &Node, text: &str) -> crate::yaml::Spot {
    match &node.value {
        crate::yaml::Value::List(items) => {
            items.iter().find(|i| i.spelling() == Some(text)).map_or(node.spot, |i| i.spot)
        }
        _ => node.spot,
    }
}

fn is_identifier(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
