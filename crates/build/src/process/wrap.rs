//! What is put around a shell: another user, bubblewrap, or a container.
//!
//! Pure but for looking into /etc/passwd. A tool that is not there is named before anything runs.

use crate::build::{Build, Sandbox};
use crate::host::{Capabilities, program};
use crate::process::engine::{Engine, LABEL, only_inside};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use trunkline_model::Diagnostic;

/// A user of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub name: String,
    pub id: u32,
    pub group: u32,
}

/// Everything that stands around the shells of a build.
#[derive(Debug)]
pub(crate) struct Wrap {
    shell: PathBuf,
    sandbox: Vec<String>,
    setpriv: Option<PathBuf>,
    /// What runs containers, where shells run in some.
    pub engine: Option<Engine>,
    pub users: BTreeMap<String, User>,
}

impl Wrap {
    /// Looks for all that the build asks for.
    pub(crate) fn new(build: &Build, path: &str) -> Result<Self, Diagnostic> {
        let users = users(build)?;
        let plain = users.is_empty() && build.sandbox == Sandbox::None;
        let there = if plain { Capabilities::default() } else { Capabilities::find(path) };
        if let Some(name) = users.keys().next() {
            if !there.root {
                let message =
                    format!("commands are to run as `{name}`, but this program is not root");
                return Err(Diagnostic::error("TL0852", message)
                    .help("remove `run-as` from the buildspec, or run the program as root"));
            }
            if there.setpriv.is_none() {
                return Err(missing("setpriv", "`run-as`"));
            }
        }
        let container = matches!(build.sandbox, Sandbox::Container { .. });
        let shell = shell(build, path, container)?;
        let sandbox = sandbox(build, &there)?;
        let client = sandbox.first().filter(|_| container);
        let engine = client.map(|client| Engine::new(PathBuf::from(client), &build.host));
        Ok(Self { shell, sandbox, setpriv: there.setpriv, engine, users })
    }

    /// The program and its arguments that run a script.
    pub(crate) fn words(
        &self,
        script: &str,
        user: Option<&str>,
        environment: &BTreeMap<String, String>,
    ) -> (PathBuf, Vec<String>) {
        let mut words = self.sandbox.clone();
        // Before the last word of a sandbox, which is the image or ends the options.
        let at = words.len().saturating_sub(1);
        if self.engine.is_some() {
            let kept = environment.iter().filter(|(n, _)| !matches!(n.as_str(), "PATH" | "HOME"));
            let given = kept.flat_map(|(name, value)| match only_inside(name) {
                true => ["--env".to_owned(), format!("{name}={value}")],
                false => ["--env".to_owned(), name.clone()],
            });
            words.splice(at..at, given);
        } else if !words.is_empty() {
            let kept = environment.iter().filter(|(name, _)| only_inside(name));
            let given =
                kept.flat_map(|(name, value)| ["--setenv".to_owned(), name.clone(), value.clone()]);
            words.splice(at..at, given);
        }
        if let (Some(user), Some(setpriv)) = (user.and_then(|u| self.users.get(u)), &self.setpriv) {
            words.push(setpriv.display().to_string());
            words.extend([
                format!("--reuid={}", user.id),
                format!("--regid={}", user.group),
                "--init-groups".to_owned(),
                "--".to_owned(),
            ]);
        }
        words.push(self.shell.display().to_string());
        words.extend(["-c".to_owned(), script.to_owned()]);
        (PathBuf::from(words.remove(0)), words)
    }
}

fn missing(tool: &str, wanted: &str) -> Diagnostic {
    Diagnostic::error("TL0851", format!("{wanted} needs `{tool}`, which is not on the PATH"))
        .help(format!("install `{tool}`, or do without {wanted}"))
}

fn shell(build: &Build, path: &str, container: bool) -> Result<PathBuf, Diagnostic> {
    let bash = match build.spec.env.shell.as_deref() {
        None | Some("sh" | "/bin/sh") => false,
        Some("bash" | "/bin/bash" | "/usr/bin/bash") => true,
        Some(other) => return Err(missing(other, &format!("`shell: {other}`"))),
    };
    match (bash, container) {
        (false, _) => Ok(PathBuf::from("/bin/sh")),
        (true, true) => Ok(PathBuf::from("bash")),
        (true, false) => ["/bin", "/usr/bin"]
            .iter()
            .map(|folder| Path::new(folder).join("bash"))
            .find(|file| file.is_file())
            .or_else(|| program("bash", path))
            .ok_or_else(|| missing("bash", "`shell: bash`")),
    }
}

fn sandbox(build: &Build, there: &Capabilities) -> Result<Vec<String>, Diagnostic> {
    let mut folders = vec![build.folders.source.clone(), build.folders.scratch.clone()];
    folders.extend(build.folders.secondary.values().cloned());
    let folders = folders.iter().map(|folder| folder.display().to_string());
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    match &build.sandbox {
        Sandbox::None => Ok(Vec::new()),
        Sandbox::Bubblewrap => {
            let tool = there.bubblewrap.as_ref().ok_or_else(|| missing("bwrap", "`bubblewrap`"))?;
            let mut all = vec![tool.display().to_string()];
            all.extend(words(&["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]));
            all.extend(words(&["--tmpfs", "/tmp", "--unshare-pid", "--die-with-parent"]));
            all.extend(folders.flat_map(|f| ["--bind".to_owned(), f.clone(), f]));
            all.push("--".to_owned());
            Ok(all)
        }
        Sandbox::Container { engine, image } => {
            let (_, tool) = there
                .engines
                .iter()
                .find(|(name, _)| name == engine)
                .ok_or_else(|| missing(engine, "a container"))?;
            let mut all = vec![tool.display().to_string()];
            all.extend(words(&["run", "--rm", "--init", "--label"]));
            all.push(format!("{LABEL}={}", build.id));
            all.extend(["--pids-limit".to_owned(), build.limits.processes.to_string()]);
            if let Some(memory) = build.limits.memory {
                all.extend(["--memory".to_owned(), memory.to_string()]);
            }
            all.extend(folders.flat_map(|f| ["--volume".to_owned(), format!("{f}:{f}")]));
            all.extend(["--workdir".to_owned(), build.folders.source.display().to_string()]);
            all.push(image.clone());
            Ok(all)
        }
    }
}

fn users(build: &Build) -> Result<BTreeMap<String, User>, Diagnostic> {
    let phases = build.spec.phases.iter().filter_map(|(_, phase)| phase.run_as.as_deref());
    let names: Vec<&str> = phases.chain(build.spec.run_as.as_deref()).collect();
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    names
        .into_iter()
        .filter(|name| *name != "root" || !rustix::process::geteuid().is_root())
        .map(|name| {
            let user = find(&passwd, name).ok_or_else(|| {
                Diagnostic::error(
                    "TL0852",
                    format!("commands are to run as `{name}`, who is unknown"),
                )
                .help("`run-as` takes the name of a user of this machine")
            })?;
            Ok((name.to_owned(), user))
        })
        .collect()
}

fn find(passwd: &str, name: &str) -> Option<User> {
    passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        if fields.first() != Some(&name) {
            return None;
        }
        let (id, group) = (fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?);
        Some(User { name: name.to_owned(), id, group })
    })
}
