//! `server.yaml` in the data folder: what a server is told beside the project. Secrets stand in variables or files,
//! never in it. `docs/serve.md` has every setting.

mod misfit;

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
    /// The file's name and what stands in it, for messages.
    #[serde(skip)]
    source: Option<(String, Node)>,
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
    /// Days that artifacts are kept which no execution needs; for ever where it is absent.
    #[serde(rename = "artifactDays")]
    pub(crate) artifact_days: Option<u64>,
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
        let in_it = |mut found: Diagnostic| {
            found.place.file = Some(shown(&path));
            found.report()
        };
        let (mut settings, root) = Self::parse(&text).map_err(in_it)?;
        let key = settings.builds.artifact_key();
        settings.builds.key =
            key.map_err(|found| in_it(at(found, &root, &["builds", "artifactKey"])))?;
        settings.source = Some((shown(&path), root));
        Ok(settings)
    }

    /// What is wrong with a secret, with the file and the line that name it.
    pub(crate) fn placed(&self, mut report: Report) -> Report {
        let Some((file, root)) = &self.source else { return report };
        for found in report.0.iter_mut().filter(|d| d.place.file.is_none()) {
            found.place.file = Some(file.clone());
            let spot = found.message.split('`').skip(1).step_by(2).find_map(|w| place_of(w, root));
            let spot = spot.unwrap_or_default();
            (found.place.line, found.place.column) = match spot.line {
                0 => (None, None),
                line => (Some(line), Some(spot.column)),
            };
        }
        report
    }

    /// The settings of a text, and its tree.
    fn parse(text: &str) -> Result<(Self, Node), Diagnostic> {
        let root = trunkline_yaml::read(text).map_err(|broken| broken.diagnostic("TL0893"))?;
        if let Some(key) = root.repeated() {
            let twice = wrong(format!("the key `{}` occurs twice", key.text));
            return Err(twice.at(key.spot.line, key.spot.column));
        }
        if matches!(root.value, Value::Null) {
            return Ok((Self::default(), root));
        }
        if !matches!(root.value, Value::Map(_)) {
            let message = format!("{FILE} must be a mapping, this is {}", root.what());
            return Err(at(wrong(message), &root, &[]));
        }
        if let Some(found) = misfit::no_mapping(&root) {
            return Err(found);
        }
        let read = |node: &Node| serde_json::from_value::<Self>(node.to_json());
        let said = |node: &Node| read(node).err().map(|error| error.to_string());
        let settings =
            read(&root).map_err(|error| misfit::misfit(&error.to_string(), &root, &said))?;
        settings.check(&root)?;
        Ok((settings, root))
    }

    fn check(&self, root: &Node) -> Result<(), Diagnostic> {
        let fail = |path: &[&str], message: String| Err(at(wrong(message), root, path));
        if let Some(version) = self.version.filter(|version| *version != 1) {
            let message = format!("`version` must be 1, this is {version}");
            return fail(&["version"], message).map_err(|d| {
                d.because("a newer Trunkline may have written this file").help("write `version: 1`")
            });
        }
        if let Some(minutes) = self.poll.filter(|minutes| !(0.01..=1440.0).contains(minutes)) {
            let message = format!("`poll` is minutes, from 0.01 to 1440, this is {minutes}");
            return fail(&["poll"], message);
        }
        for (i, name) in self.repositories.iter().enumerate() {
            if !trunkline_web::valid_name(name) {
                let message = format!("`{name}` cannot be the name of a repository");
                return fail(&["repositories", &i.to_string()], message);
            }
        }
        for (name, webhook) in &self.webhooks {
            let on = |message: &str| {
                let found = wrong(message).on(format!("webhook `{name}`"));
                Err(at(found, root, &["webhooks", name]))
            };
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
        let item = |list: &str, i: usize, found| at(found, root, &[list, &i.to_string()]);
        for (i, receiver) in self.notify.iter().enumerate() {
            receiver.check().map_err(|found| item("notify", i, found))?;
        }
        for (i, queue) in self.queues.iter().enumerate() {
            super::queue::region(queue)
                .map_err(|why| item("queues", i, wrong(why).on(format!("queue `{queue}`"))))?;
        }
        self.engine_check(root)?;
        for (i, schedule) in self.schedules.iter().enumerate() {
            let on = format!("schedule of `{}`", schedule.pipeline);
            super::schedules::check(schedule)
                .map_err(|why| item("schedules", i, wrong(why).on(on)))?;
        }
        Ok(())
    }
}

impl ServerSettings {
    /// Limits that let nothing through are slips.
    fn engine_check(&self, root: &Node) -> Result<(), Diagnostic> {
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
            ("builds.artifactDays", small(builds.artifact_days)),
        ];
        match zero.iter().find(|(_, zero)| *zero) {
            Some((name, _)) => {
                let path: Vec<&str> = name.split('.').collect();
                Err(at(wrong(format!("`{name}` is 1 or more, not 0")), root, &path))
            }
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

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => f.write_str(name),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Secret {
    /// Its value. TL0893: it is not there, or is empty.
    pub(crate) fn value(&self) -> Result<String, Report> {
        let value = match self {
            Self::Env(name) => crate::context::variable(name)
                .ok_or_else(|| format!("the environment variable `{name}` of a secret is not set")),
            Self::File(path) => std::fs::read_to_string(path)
                .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
                .map_err(|error| {
                    format!("a secret's file `{}` cannot be read: {error}", shown(path))
                }),
        };
        match value {
            Ok(value) if !value.is_empty() => Ok(value),
            Ok(_) => Err(wrong(format!("the secret of `{self}` is empty")).report()),
            Err(why) => Err(wrong(why).report()),
        }
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

/// Says where in the tree something is wrong: at the value that the path leads to, as far as it does.
fn at(found: Diagnostic, root: &Node, path: &[&str]) -> Diagnostic {
    let mut node = root;
    for step in path {
        let next = match &node.value {
            Value::List(items) => step.parse().ok().and_then(|i: usize| items.get(i)),
            _ => node.get(step),
        };
        node = next.unwrap_or(node);
    }
    found.at(node.spot.line.max(1), node.spot.column.max(1))
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
        let settings = ServerSettings::parse(text).unwrap().0;
        assert_eq!(settings.forks, ["acme"]);
        assert_eq!(settings.webhooks["acme"].secrets[0], Secret::Env("A".into()));
        assert_eq!(settings.notify[0].file, Some("e.jsonl".into()));
        for (text, line) in [("poll: 2\nhots: [a]\n", Some(2)), ("repositories: [../x]\n", Some(1))]
        {
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
    fn what_is_wrong_is_said_in_words_at_its_line() {
        for (text, place, says) in [
            ("version: 2\n", (1, 10), "`version` must be 1, this is 2"),
            ("- a\n", (1, 1), "server.yaml must be a mapping, this is a list"),
            ("version: 1\npoll: five\n", (2, 7), "`poll` must be a number, this is a text, `five`"),
            ("notify: { file: a }\n", (1, 9), "`notify` must be a list, this is a mapping"),
            ("builds: [a]\n", (1, 9), "`builds` must be a mapping, this is a list"),
            ("git: [30]\n", (1, 6), "`git` must be a mapping, this is a list"),
            ("engine: on\n", (1, 9), "`engine` must be a mapping, this is"),
            (
                "queues: [jobs]\n",
                (1, 10),
                "each of `queues` must be a mapping, this is a text, `jobs`",
            ),
            (
                "webhooks:\n  a: [github]\n",
                (2, 6),
                "each of `webhooks` must be a mapping, this is a list",
            ),
            ("poll: 0\n", (1, 7), "`poll` is minutes, from 0.01 to 1440, this is 0"),
            ("hosts: [five]\npoll: five\n", (2, 7), "`poll` must be"),
            ("hots: [a]\n", (1, 1), "`hots` is no setting of server.yaml"),
            (
                "builds: { memory: -1 }\n",
                (1, 19),
                "`builds.memory` must be a whole number, 0 or more, this is a number, `-1`",
            ),
            (
                "engine:\n  interrupted: rerunn\n",
                (2, 16),
                "`engine.interrupted` cannot be `rerunn`",
            ),
            ("engine:\n  ruleMinutes: 0\n", (2, 16), "`engine.ruleMinutes` is 1 or more, not 0"),
            (
                "schedules:\n- { pipeline: a, cron: \"0 3 * * *\" }\n- { cron: \"0 3 * * *\" }\n",
                (3, 3),
                "`schedules` needs `pipeline`",
            ),
            ("schedules: [{ pipeline: a }]\n", (1, 13), "`schedules` needs `cron`"),
            ("queues:\n- { name: a, url: b }\n", (2, 3), "one of `name` and `url`"),
            (
                "webhooks:\n  a: { provider: 5 }\n",
                (2, 18),
                "`webhooks.a.provider` must be a text, this is a number, `5`",
            ),
            (
                "webhooks:\n  a: { provider: github, secrets: [hush] }\n",
                (2, 36),
                "`webhooks.a.secrets` takes `{ env: VARIABLE }`",
            ),
        ] {
            let found = ServerSettings::parse(text).unwrap_err();
            assert!(found.message.contains(says), "{text}: {}", found.message);
            let at = (found.place.line, found.place.column);
            assert_eq!(at, (Some(place.0), Some(place.1)), "{text}: {}", found.message);
            assert!(!format!("{found:?}").contains("hush"), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_secret_that_is_not_there_is_told_with_the_line_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let text = "notify:\n- webhook: https://127.0.0.1/\n  secret: { env: NOBODY_SETS_THIS }\n";
        std::fs::write(folder.path().join(FILE), text).unwrap();
        let settings = ServerSettings::read(folder.path()).unwrap();
        let secret = settings.notify[0].secret.as_ref().unwrap();
        let found = settings.placed(secret.value().unwrap_err()).0.remove(0);
        assert!(found.place.file.is_some_and(|file| file.ends_with(FILE)));
        assert_eq!((found.place.line, found.place.column), (Some(3), Some(18)));
    }

    #[test]
    fn settings_of_the_engine_are_read_and_slips_find_their_word() {
        let text = "engine: { interrupted: fail, concurrentExecutions: 3 }\nbuilds:\n  \
                    processes: 64\n  sandbox: podman\n";
        let settings = ServerSettings::parse(text).unwrap().0;
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
