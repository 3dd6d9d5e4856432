//! Containers that outlive the client that started them: found by their label, and removed.
//!
//! A client of docker or podman that is killed leaves its container running. Builds that are ended call this, and
//! a server that starts for those of one that was killed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The label that holds a build's id.
pub(crate) const LABEL: &str = "trunkline.build";

/// Variables by which a client finds its engine. They reach the client, never a container.
pub(crate) const VARIABLES: &[&str] = &[
    "CONTAINER_HOST",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "XDG_RUNTIME_DIR",
];

/// More variables that change what runs around a sandbox: plugins, helpers and libraries of clients.
const DIRECTING: &[&str] = &["CONTAINER_CONNECTION", "XDG_CONFIG_HOME", "XDG_DATA_HOME"];
/// How the names of others begin: podman's own, and those of the loader.
const BEGINNINGS: &[&str] = &["CONTAINERS_", "LD_"];

/// Whether a build's variable must not reach what starts its sandbox, where it could run the build's own files on the
/// machine. Its value is written out for the inside instead; none of these is one that holds a secret.
pub(crate) fn only_inside(name: &str) -> bool {
    VARIABLES.contains(&name)
        || DIRECTING.contains(&name)
        || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// How long an engine may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The client of an engine.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    pub program: PathBuf,
    pub environment: BTreeMap<String, String>,
}

impl Engine {
    /// One that finds its engine as this program would.
    pub(crate) fn new(program: PathBuf, host: &BTreeMap<String, String>) -> Self {
        let kept = |name: &&String| {
            matches!(name.as_str(), "PATH" | "HOME") || VARIABLES.contains(&name.as_str())
        };
        let environment = host.iter().filter(|(name, _)| kept(name));
        Self { program, environment: environment.map(|(n, v)| (n.clone(), v.clone())).collect() }
    }

    /// Removes the containers of builds, with what runs in them; gives how many that were. Blocks.
    pub(crate) fn remove(&self, builds: &[String]) -> usize {
        // Most often there is none at all, or the engine does not answer: one question is enough.
        if builds.len() > 1 && self.labelled("").is_empty() {
            return 0;
        }
        let mut removed = 0;
        for build in builds {
            let found = self.labelled(&format!("={build}"));
            let words = ["rm", "--force"].into_iter().chain(found.iter().map(String::as_str));
            if !found.is_empty() && self.ask(words).is_some() {
                removed += found.len();
            }
        }
        removed
    }

    /// The ids of containers whose label has a value.
    fn labelled(&self, value: &str) -> Vec<String> {
        let filter = format!("label={LABEL}{value}");
        let found = self.ask(["ps", "--all", "--quiet", "--filter", &filter]).unwrap_or_default();
        found.split_whitespace().map(str::to_owned).collect()
    }

    /// What the client prints, if it succeeds in time.
    fn ask<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Option<String> {
        let mut command = Command::new(&self.program);
        command.args(words).env_clear().envs(&self.environment);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut client = command.spawn().ok()?;
        let last = Instant::now() + PATIENCE;
        let status = loop {
            match client.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if Instant::now() < last => std::thread::sleep(Duration::from_millis(2)),
                _ => {
                    let _ = client.kill();
                    let _ = client.wait();
                    return None;
                }
            }
        };
        // The ids of a machine's containers fit into a pipe.
        let printed = client.wait_with_output().ok()?.stdout;
        status.success().then(|| String::from_utf8_lossy(&printed).into_owned())
    }
}
