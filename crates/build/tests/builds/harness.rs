//! A folder for a build, and the build's result with all that it logged.

use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::watch;
use trunkline_build::{
    Build, BuildPhase, BuildResult, Folders, LogLine, LogSink, NoVault, Parameter, PhaseStatus,
    Ports, SecretId, Vault, VaultError, run,
};
use trunkline_model::buildspec::{BuildProject, Buildspec, Phase, PhaseName};

/// Where a build works.
pub struct Place {
    pub home: TempDir,
    pub build: Build,
    pub vault: Table,
}

impl Place {
    /// A build of phases, each with its commands.
    pub fn new(name: &str, phases: &[(PhaseName, &[&str])]) -> Self {
        let phases = phases
            .iter()
            .map(|(name, commands)| {
                let commands = commands.iter().map(|c| (*c).to_owned()).collect();
                (*name, Phase { commands, ..Phase::default() })
            })
            .collect();
        Self::of(name, Buildspec { phases, ..Buildspec::default() })
    }

    pub fn of(name: &str, spec: Buildspec) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folders = Folders {
            source: home.path().join("source"),
            scratch: home.path().join("scratch"),
            ..Folders::default()
        };
        std::fs::create_dir(&folders.source).unwrap();
        // Builds of one id would end each other's processes.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let id = format!("{name}-{}-{count}", std::process::id());
        let mut build = Build::of_buildspec(id, spec, BuildProject::default(), folders);
        let path = std::env::var("PATH").unwrap();
        build.host = BTreeMap::from([("PATH".to_owned(), path)]);
        build.limits.timeout = Duration::from_secs(300);
        build.limits.grace = Duration::from_millis(300);
        Self { home, build, vault: Table::default() }
    }

    /// A build of one BUILD phase.
    pub fn commands(name: &str, commands: &[&str]) -> Self {
        Self::new(name, &[(PhaseName::Build, commands)])
    }

    pub fn source(&self) -> &Path {
        &self.build.folders.source
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.source().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        file
    }

    /// Runs the build to its end.
    pub async fn run(&self) -> Done {
        self.run_until(watch::channel(false).1).await
    }

    pub async fn run_until(&self, stop: watch::Receiver<bool>) -> Done {
        let log = Lines::default();
        let clock = || Timestamp::from_second(1_700_000_000).unwrap();
        let ports = Ports { vault: &self.vault, log: &log, clock: &clock, stop, standby: None };
        let result = run(&self.build, ports).await;
        let log = log.0.into_inner().unwrap();
        Done { log: log.into_iter().map(|line| line.text).collect(), result }
    }
}

/// What came of it.
pub struct Done {
    pub result: BuildResult,
    pub log: Vec<String>,
}

impl Done {
    /// The lines that commands wrote.
    pub fn output(&self) -> Vec<&str> {
        self.log.iter().filter(|l| !l.starts_with("[Container]")).map(String::as_str).collect()
    }

    pub fn text(&self) -> String {
        self.log.join("\n")
    }

    /// The phases that were entered, and how they ended.
    pub fn phases(&self) -> Vec<(BuildPhase, PhaseStatus)> {
        self.result.phases.iter().map(|p| (p.phase, p.status)).collect()
    }
}

#[derive(Default)]
pub struct Lines(pub Mutex<Vec<LogLine>>);

impl LogSink for Lines {
    fn lines(&self, lines: &[LogLine]) -> std::io::Result<()> {
        self.0.lock().unwrap().extend_from_slice(lines);
        Ok(())
    }
}

/// A vault of a few values: parameters by name, secrets by id.
#[derive(Default)]
pub struct Table {
    pub parameters: BTreeMap<String, String>,
    pub secrets: BTreeMap<String, String>,
}

impl Vault for Table {
    fn parameter<'a>(&'a self, name: &'a str) -> trunkline_build::vault::Answer<'a, Parameter> {
        match self.parameters.get(name).cloned() {
            Some(value) => Box::pin(async move { Ok(Parameter { value, secure: true }) }),
            None => NoVault.parameter(name),
        }
    }

    fn secret<'a>(&'a self, id: &'a SecretId) -> trunkline_build::vault::Answer<'a, String> {
        let found = self.secrets.get(&id.id).cloned();
        Box::pin(async { found.ok_or_else(|| VaultError("there is no such secret".to_owned())) })
    }
}

/// Waits until something holds.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(120), "{what} did not happen");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Whether a process runs, by the id in a file that it wrote.
pub fn runs(file: &Path) -> bool {
    let pid = std::fs::read_to_string(file).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}
