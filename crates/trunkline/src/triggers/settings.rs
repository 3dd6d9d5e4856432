//! `server.yaml` in the data folder: what a server is told beside the project. Secrets stand in variables or files,
//! never in it. `docs/serve.md` has every setting.

use crate::mirrors::Limits;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use trunkline_config::nearest;
use trunkline_engine::Settings;
use trunkline_model::{Diagnostic, Report};
use trunkline_yaml::{Node, Spot, Value};

/// The file's name.
pub(crate) const FILE: &str = "server.yaml";

/// The settings of a server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServerSettings {
    /// The version of this form, 1.
    pub(crate) version: Option<u32>,
    /// Minutes between two polls, perhaps a part of one; `--poll` wins.
    pub(crate) poll: Option<f64>,
    /// Names besides those of loopback by which the server may be called.
    pub(crate) hosts: Vec<String>,
    /// Repositories that are hosted although no pipeline names them yet.
    pub(crate) repositories: Vec<String>,
    /// Repositories whose pull requests from other repositories may start pipelines. Their authors may be strangers.
    pub(crate) forks: Vec<String>,
    /// Webhooks, by repository.
    pub(crate) webhooks: BTreeMap<String, Webhook>,
    /// Queues of SQS with events of EventBridge.
    pub(crate) queues: Vec<Queue>,
    /// Starts by the clock.
    pub(crate) schedules: Vec<Schedule>,
    /// Who is told of events.
    pub(crate) notify: Vec<Receiver>,
    /// How long git may take with remotes.
    pub(crate) git: GitSettings,
    /// How pipelines run (`docs/engine.md`).
    pub(crate) engine: Settings,
    /// What builds may use.
    pub(crate) builds: BuildSettings,
}

/// How long git may take with a remote, in seconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GitSettings {
    /// Without a sign of progress.
    pub(crate) silence: u64,
    /// In all.
    pub(crate) time: u64,
}

impl Default for GitSettings {
    fn default() -> Self {
        Self { silence: 60, time: 600 }
    }
}

impl GitSettings {
    pub(crate) fn limits(&self) -> Limits {
        let seconds = Duration::from_secs;
        Limits { silence: seconds(self.silence), time: seconds(self.time) }
    }
}

/// What builds may use; what is not given stays as `docs/builds.md` says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BuildSettings {
    /// Processes of one build at once.
    pub(crate) processes: Option<usize>,
    /// Resident memory of all processes of one build, in MiB.
    pub(crate) memory: Option<u64>,
    /// Address space of one process, in MiB.
    #[serde(rename = "addressSpace")]
    pub(crate) address_space: Option<u64>,
    /// CPU seconds of one process.
    #[serde(rename = "cpuSeconds")]
    pub(crate) cpu_seconds: Option<u64>,
    /// Whether the kernel may keep `processes`; it does by default, where it can.
    #[serde(rename = "controlGroup")]
    pub(crate) control_group: Option<bool>,
    /// The log of one build, in MiB.
    pub(crate) log: Option<u64>,
    /// Seconds between SIGTERM and SIGKILL.
    pub(crate) grace: Option<u64>,
    /// What keeps builds apart.
    pub(crate) sandbox: Sandboxing,
    /// The image of containers for builds whose project has none.
    pub(crate) image: Option<String>,
    /// Where the key is that artifacts are sealed with.
    #[serde(rename = "artifactKey")]
    artifact_key: Option<Secret>,
    /// That key.
    #[serde(skip)]
    pub(crate) key: Option<trunkline_build::Key>,
}

/// What keeps builds apart from the machine.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sandboxing {
    /// Their process groups and limits only.
    #[default]
    None,
    /// `bwrap`.
    Bubblewrap,
    /// A container of the image of their project.
    Docker,
    /// The same by podman.
    Podman,
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

/// A queue of SQS whose messages say where something changed: one of `name` and `url`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Queue {
    /// Its name, in the account of the credentials or of the role.
    pub(crate) name: Option<String>,
    /// Its URL.
    pub(crate) url: Option<String>,
    /// Its region; not needed where the URL is one of AWS's.
    pub(crate) region: Option<String>,
    /// The role that reads it; the program's own credentials where there is none.
    pub(crate) role: Option<String>,
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

/// Who is told of events: one of a webhook, a command and a file.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Receiver {
    /// An address that gets each event as a POST.
    pub(crate) webhook: Option<String>,
    /// A program that gets each event on its standard input.
    pub(crate) command: Option<Vec<String>>,
    /// A file to which each event is added as a line.
    pub(crate) file: Option<PathBuf>,
    /// What each POST to the webhook is signed with.
    pub(crate) secret: Option<Secret>,
}

impl ServerSettings {
    /// Reads the file of a data folder, and the key that it names; the defaults where there is none. TL0893:
    /// something in it is wrong. TL0861: the key is.
    pub(crate) fn read(data: &Path) -> Result<Self, Report> {
        let path = data.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(wrong(error.to_string()).in_file(shown(&path)).report()),
        };
        let read = Self::parse(&text).and_then(|mut settings| {
            settings.builds.key = settings.builds.artifact_key()?;
            Ok(settings)
        });
        read.map_err(|mut d| {
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
        let settings: Self = serde_json::from_value(root.to_json())
            .map_err(|error| misfit(&error.to_string(), &root))?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), Diagnostic> {
        if self.version.is_some_and(|version| version != 1) {
            return Err(wrong("`version` is not 1"));
        }
        if self.poll.is_some_and(|minutes| !(0.01..=1440.0).contains(&minutes)) {
            return Err(wrong("`poll` is a number of minutes, 0.01 to 1440"));
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
        self.notify.iter().try_for_each(Receiver::check)?;
        for queue in &self.queues {
            super::queue::region(queue).map_err(|why| wrong(why).on(format!("queue `{queue}`")))?;
        }
        self.engine_check()?;
        self.schedules.iter().try_for_each(|schedule| {
            super::schedules::check(schedule)
                .map_err(|why| wrong(why).on(format!("schedule of `{}`", schedule.pipeline)))
        })
    }
}

impl ServerSettings {
    /// Limits that let nothing through are slips.
    fn engine_check(&self) -> Result<(), Diagnostic> {
        let engine = &self.engine;
        let (builds, small) = (&self.builds, |n: Option<u64>| n == Some(0));
        let zero = [
            ("engine.concurrentExecutions", engine.concurrent_executions == 0),
            ("engine.outputVariablesBytes", engine.output_variables_bytes == 0),
            ("engine.configurationBytes", engine.configuration_bytes == 0),
            ("engine.approvalMinutes", engine.approval_minutes == 0),
            ("engine.ruleMinutes", engine.rule_minutes == 0),
            ("engine.windowMinutes", engine.window_minutes == 0),
            ("engine.snapshotEvery", engine.snapshot_every == 0),
            ("git.silence", self.git.silence == 0),
            ("git.time", self.git.time == 0),
            ("builds.processes", builds.processes == Some(0)),
            ("builds.memory", small(builds.memory)),
            ("builds.addressSpace", small(builds.address_space)),
            ("builds.cpuSeconds", small(builds.cpu_seconds)),
            ("builds.log", small(builds.log)),
        ];
        match zero.iter().find(|(_, zero)| *zero) {
            Some((name, _)) => Err(wrong(format!("`{name}` is 1 or more"))),
            None => Ok(()),
        }
    }
}

impl std::fmt::Display for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name.as_deref().or(self.url.as_deref()).unwrap_or("?"))
    }
}

impl BuildSettings {
    /// Reads the key of artifacts. TL0861: it is not there, or is none.
    fn artifact_key(&self) -> Result<Option<trunkline_build::Key>, Diagnostic> {
        let Some(place) = &self.artifact_key else { return Ok(None) };
        let refused = |why: &str| {
            Diagnostic::error("TL0861", "the key of artifacts cannot be used")
                .because(why)
                .help("give the key: 64 hex digits, or 32 bytes in base64; without `artifactKey` nothing is sealed")
        };
        let text = place.value().map_err(|report| {
            refused(report.0.first().map_or("it cannot be read", |d| d.message.as_str()))
        })?;
        let none = || refused("it is neither 64 hex digits nor 32 bytes in base64");
        trunkline_build::Key::parse(&text).ok_or_else(none).map(Some)
    }
}

impl Receiver {
    fn check(&self) -> Result<(), Diagnostic> {
        let on = |message: &str| Err(wrong(message).on("notify"));
        let given = usize::from(self.webhook.is_some())
            + usize::from(self.command.is_some())
            + usize::from(self.file.is_some());
        if given != 1 {
            return on("a receiver is one of `webhook`, `command` and `file`");
        }
        if self.secret.is_some() && self.webhook.is_none() {
            return on("only what is sent to a webhook is signed with a `secret`");
        }
        let web = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if self.webhook.as_ref().is_some_and(|url| !web(url)) {
            return on("`webhook` is an address that begins with https:// or http://");
        }
        if self.command.as_ref().is_some_and(|words| words.first().is_none_or(String::is_empty)) {
            return on("`command` is a list: a program and its arguments");
        }
        Ok(())
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

/// What a reader's message says, at the key or value that it names, with the word that was probably meant.
fn misfit(message: &str, root: &Node) -> Diagnostic {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let texts = message.split('"').skip(1).step_by(2);
    let named = quoted.first().copied().into_iter().chain(texts);
    let place = named.into_iter().find_map(|word| place_of(word, root));
    let found = place.into_iter().fold(wrong(message), |d, spot| d.at(spot.line, spot.column));
    let unknown = message.starts_with("unknown ").then(|| quoted.split_first()).flatten();
    match unknown.and_then(|(word, known)| nearest(word, known.iter().copied())) {
        Some(near) => found.help(format!("did you mean `{near}`?")),
        None => found,
    }
}

/// Where a key, or else a value, of that spelling stands.
fn place_of(word: &str, node: &Node) -> Option<Spot> {
    match &node.value {
        Value::Map(entries) => entries
            .iter()
            .find(|(key, _)| key.text == word)
            .map(|(key, _)| key.spot)
            .or_else(|| entries.iter().find_map(|(_, value)| place_of(word, value))),
        Value::List(items) => items.iter().find_map(|item| place_of(word, item)),
        _ => (node.spelling() == Some(word)).then_some(node.spot),
    }
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
        assert_eq!(settings.notify[0].file, Some("e.jsonl".into()));
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

    #[test]
    fn settings_of_the_engine_are_read_and_slips_find_their_word() {
        let text = "engine: { interrupted: fail, concurrentExecutions: 3 }\nbuilds:\n  \
                    processes: 64\n  sandbox: podman\n";
        let settings = ServerSettings::parse(text).unwrap();
        assert_eq!(settings.engine.interrupted, trunkline_engine::settings::Interrupted::Fail);
        assert_eq!(settings.engine.concurrent_executions, 3);
        assert_eq!(
            (settings.builds.processes, settings.builds.sandbox),
            (Some(64), Sandboxing::Podman)
        );
        for (text, place, help) in [
            ("engine:\n  intrupted: fail\n", (2, 3), "`interrupted`"),
            ("engine:\n  interrupted: rerunn\n", (2, 16), "`rerun`"),
            ("poll: 1\nnotfy: []\n", (2, 1), "`notify`"),
            ("notify:\n- { webhok: \"http://127.0.0.1/\" }\n", (2, 5), "`webhook`"),
            ("engine: { ruleMinutes: \"soon\" }\n", (1, 24), "docs/serve.md"),
        ] {
            let found = ServerSettings::parse(text).unwrap_err();
            let at = (found.place.line, found.place.column);
            assert_eq!(at, (Some(place.0), Some(place.1)), "{text}: {}", found.message);
            let said = found.help.unwrap_or_default();
            assert!(said.contains(help), "{text}: {said}");
        }
        for text in [
            "engine: { concurrentExecutions: 0 }\n",
            "notify: [{ file: a, command: [b] }]\n",
            "notify: [{ file: a, secret: { env: A } }]\n",
            "notify: [{ webhook: \"ftp://127.0.0.1/\" }]\n",
            "notify: [{ command: [] }]\n",
        ] {
            assert_eq!(ServerSettings::parse(text).unwrap_err().code, "TL0893", "{text}");
        }
    }
}
