//! `server.yaml` in the data folder: what a server is told beside the project. Secrets stand in variables or files,
//! never in it. `docs/serve.md` has every setting.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use trunkline_model::{Diagnostic, Report};

/// The file's name.
pub(crate) const FILE: &str = "server.yaml";

/// The settings of a server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServerSettings {
    /// The version of this form, 1.
    pub(crate) version: Option<u32>,
    /// Minutes between two polls; `--poll` wins.
    pub(crate) poll: Option<u64>,
    /// Names besides those of loopback by which the server may be called.
    pub(crate) hosts: Vec<String>,
    /// Repositories that are hosted although no pipeline names them yet.
    pub(crate) repositories: Vec<String>,
    /// Repositories whose pull requests from other repositories may start pipelines. Their authors may be strangers.
    pub(crate) forks: Vec<String>,
    /// Webhooks, by repository.
    pub(crate) webhooks: BTreeMap<String, Webhook>,
    /// Starts by the clock.
    pub(crate) schedules: Vec<Schedule>,
    /// Who is told of events.
    pub(crate) notify: Vec<Receiver>,
}

/// How webhooks of a repository are checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    /// `github`, `gitlab`, `bitbucket` or `bitbucket-server`.
    pub(crate) provider: String,
    /// At most two, any of which may be used.
    #[serde(default)]
    pub(crate) secrets: Vec<Secret>,
    /// Takes deliveries that nobody signed.
    #[serde(default)]
    pub(crate) unsigned: bool,
}

/// Where a secret is.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub(crate) enum Secret {
    /// In an environment variable of the server.
    Env(String),
    /// In a file, without the newline at its end.
    File(PathBuf),
}

/// Starts by the clock.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schedule {
    /// The pipeline.
    pub(crate) pipeline: String,
    /// Minute, hour, day of month, month, day of week.
    pub(crate) cron: String,
    /// The time zone; UTC where there is none.
    #[serde(default)]
    pub(crate) timezone: Option<String>,
    /// Values of the pipeline's variables.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, String>,
}

/// Who is told of events.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub(crate) enum Receiver {
    /// An address that gets each event as a POST.
    Webhook(String),
    /// A program that gets each event on its standard input.
    Command(Vec<String>),
    /// A file to which each event is added as a line.
    File(PathBuf),
}

impl ServerSettings {
    /// Reads the file of a data folder; the defaults where there is none. TL0893: something in it is wrong.
    pub(crate) fn read(data: &Path) -> Result<Self, Report> {
        let path = data.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(wrong(error.to_string()).in_file(shown(&path)).report()),
        };
        Self::parse(&text).map_err(|mut d| {
            d.place.file = Some(shown(&path));
            d.report()
        })
    }

    fn parse(text: &str) -> Result<Self, Diagnostic> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let root = trunkline_yaml::read(text).map_err(|broken| broken.diagnostic("TL0893"))?;
        if let Some(key) = root.repeated() {
            let twice = wrong(format!("the key `{}` occurs twice", key.text));
            return Err(twice.at(key.spot.line, key.spot.column));
        }
        let settings: Self = serde_json::from_value(root.to_json()).map_err(|error| {
            let message = error.to_string();
            let place = key_of(&message, text);
            place.into_iter().fold(wrong(message), |d, (line, column)| d.at(line, column))
        })?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), Diagnostic> {
        if self.version.is_some_and(|version| version != 1) {
            return Err(wrong("`version` is not 1"));
        }
        for name in &self.repositories {
            if !trunkline_web::valid_name(name) {
                return Err(wrong(format!("`{name}` cannot be the name of a repository")));
            }
        }
        for (name, webhook) in &self.webhooks {
            let on = |message: &str| Err(wrong(message).on(format!("webhook `{name}`")));
            if trunkline_web::Provider::of(&webhook.provider).is_none() {
                return on("`provider` is github, gitlab, bitbucket or bitbucket-server");
            }
            if webhook.secrets.len() > 2 {
                return on("there can be two secrets while one is replaced, not more");
            }
            if webhook.secrets.is_empty() && !webhook.unsigned {
                return on("it has no secret, so nobody could be trusted");
            }
        }
        self.schedules.iter().try_for_each(|schedule| {
            super::schedules::check(schedule)
                .map_err(|why| wrong(why).on(format!("schedule of `{}`", schedule.pipeline)))
        })
    }
}

impl Secret {
    /// Its value. TL0893: it is not there, or is empty.
    pub(crate) fn value(&self) -> Result<String, Report> {
        let value = match self {
            Self::Env(name) => crate::context::variable(name)
                .ok_or_else(|| format!("the variable {name} of a secret is not set")),
            Self::File(path) => std::fs::read_to_string(path)
                .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
                .map_err(|error| format!("a secret's file {} is unreadable: {error}", shown(path))),
        };
        match value {
            Ok(value) if !value.is_empty() => Ok(value),
            Ok(_) => Err(wrong(format!("the secret {self:?} is empty")).report()),
            Err(why) => Err(wrong(why).report()),
        }
    }
}

/// Where the key stands that a message names.
fn key_of(message: &str, text: &str) -> Option<(u32, u32)> {
    let key = format!("{}:", message.split('`').nth(1)?);
    let (number, line) = text.lines().enumerate().find(|(_, line)| line.contains(&key))?;
    let from_one = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
    Some((from_one(number), from_one(line.find(&key)?)))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// TL0893.
pub(super) fn wrong(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error("TL0893", message).help("`docs/serve.md` lists every setting")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_mistakes_are_placed() {
        let text = "version: 1\npoll: 2\nforks: [acme]\nwebhooks:\n  acme:\n    \
                    provider: github\n    secrets: [{ env: A }, { file: b }]\nnotify: [{ file: e.jsonl }]\n";
        let settings = ServerSettings::parse(text).unwrap();
        assert_eq!(settings.forks, ["acme"]);
        assert_eq!(settings.webhooks["acme"].secrets[0], Secret::Env("A".into()));
        assert_eq!(settings.notify, [Receiver::File("e.jsonl".into())]);
        for (text, line) in [("poll: 2\nhots: [a]\n", Some(2)), ("repositories: [../x]\n", None)] {
            let found = ServerSettings::parse(text).unwrap_err();
            assert_eq!(
                (found.code.as_str(), found.place.line),
                ("TL0893", line),
                "{}",
                found.message
            );
        }
        let open = "webhooks: { acme: { provider: github } }\n";
        assert!(ServerSettings::parse(open).unwrap_err().message.contains("no secret"));
    }
}
