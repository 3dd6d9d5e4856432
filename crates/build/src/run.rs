//! Carries a build out: phase after phase, command after command.
//!
//! `run` is what the binary calls. `phases` decides what follows what, `process` runs shells,
//! `finish` gathers what came of it.

use crate::build::{Build, BuildResult, Kind, PhaseResult, Ports, Sandbox};
use crate::environment::{self, Origin};
use crate::finish;
use crate::log::Logger;
use crate::mask::Masker;
use crate::phases::{BuildPhase, Course, PhaseStatus, Step};
use crate::process::engine::only_inside;
use crate::process::wrap::Wrap;
use crate::process::{Ended, Processes, Shell};
use crate::shell::{self, Frame, WHOLE};
use crate::vault::VaultError;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use trunkline_model::Diagnostic;
use trunkline_model::buildspec::{BuildspecVersion, OnFailure, Phase};

/// Why a phase did not succeed.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub status: PhaseStatus,
    pub code: &'static str,
    pub message: String,
    /// For those who start builds, where a command is not to blame.
    pub diagnostic: Option<Diagnostic>,
}

impl Trouble {
    pub(crate) fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: PhaseStatus::Failed, code, message: message.into(), diagnostic: None }
    }

    pub(crate) fn refused(diagnostic: Diagnostic) -> Self {
        let message = diagnostic.message.clone();
        Self { diagnostic: Some(diagnostic), ..Self::failed("CLIENT_ERROR", message) }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        let message = format!("the machine failed the build: {error}");
        let diagnostic = Diagnostic::error("TL0858", message.clone())
            .help("look for a full disk, and whether the work folder can be written");
        Self {
            status: PhaseStatus::Fault,
            code: "INTERNAL_SERVICE_ERROR",
            message,
            diagnostic: Some(diagnostic),
        }
    }
}

/// A build that is carried out.
pub(crate) struct Running<'a> {
    pub build: &'a Build,
    pub log: Logger<'a>,
    pub processes: Processes<'a>,
    pub wrap: Option<Wrap>,
    /// The environment that the first shell gets.
    pub environment: BTreeMap<String, String>,
    /// The state that the last shell left.
    pub state: Option<PathBuf>,
    has_states: bool,
    failing: bool,
    pub result: BuildResult,
}

/// Carries a build out. Never fails: what went wrong is in the result.
pub async fn run(build: &Build, ports: Ports<'_>) -> BuildResult {
    let mut course = Course::new(build.kind);
    let mut result = finish::empty();
    let processes = match Processes::new(build, ports.stop.clone(), ports.standby) {
        Ok(processes) => processes,
        Err(error) => return finish::fault(result, Trouble::from(error)),
    };
    let log = Logger::new(ports.log, ports.clock, build.limits.output);
    result.status = course.status();
    let mut running = Running {
        build,
        log,
        processes,
        wrap: None,
        environment: BTreeMap::new(),
        state: None,
        has_states: false,
        failing: false,
        result,
    };
    while course.phase() != BuildPhase::Completed {
        running.phase(&mut course, &ports).await;
    }
    // The log may be what failed: what it holds back is then lost.
    let _ = running.processes.finish(&mut running.log).await;
    running.forget_states();
    running.result.status = course.status();
    running.result
}

impl Running<'_> {
    async fn phase(&mut self, course: &mut Course, ports: &Ports<'_>) {
        let phase = course.phase();
        let declared = phase.declared().and_then(|name| {
            self.build.spec.phases.iter().find(|(n, _)| *n == name).map(|(_, phase)| phase)
        });
        let started = (ports.clock)();
        let quiet = self.build.kind == Kind::Commands || phase == BuildPhase::Provisioning;
        let mut done = Ok(());
        if !quiet {
            done = self.say(&format!("Entering phase {}", phase.name()));
        }
        if done.is_ok() {
            done = self.carry_out(phase, declared, course, ports).await;
        }
        let (status, code, message) = match done {
            Ok(()) => (PhaseStatus::Succeeded, None, None),
            Err(trouble) => self.note(trouble),
        };
        if !quiet || status != PhaseStatus::Succeeded {
            let said = self.left(phase, status, code, message.as_deref());
            drop(said);
        }
        let none = OnFailure::Default;
        let on_failure = declared.map_or(&none, |phase| &phase.on_failure);
        let step = course.ended(status, on_failure, message.as_deref().unwrap_or_default());
        self.failing = !course.succeeding();
        self.result.phases.push(PhaseResult {
            phase,
            status,
            code: code.map(str::to_owned),
            message,
            started,
            ended: (ports.clock)(),
        });
        if step == Step::Again {
            self.state = None;
            self.failing = false;
            let _ = self.say(&format!("The build is made again (retry {})", course.retries()));
        }
    }

    async fn carry_out(
        &mut self,
        phase: BuildPhase,
        declared: Option<&Phase>,
        course: &Course,
        ports: &Ports<'_>,
    ) -> Result<(), Trouble> {
        match phase {
            BuildPhase::Provisioning => self.provision(ports).await,
            BuildPhase::DownloadSource => self.restore_cache(),
            BuildPhase::UploadArtifacts => self.upload().await,
            BuildPhase::Finalizing => self.finalize(course.succeeding()),
            BuildPhase::Completed => Ok(()),
            _ => match declared {
                Some(phase) => self.commands(phase).await,
                None => self.processes.over().map_or(Ok(()), |ended| Err(self.cut(ended))),
            },
        }
    }

    /// Fetches what the environment needs, and makes masks and wraps ready.
    async fn provision(&mut self, ports: &Ports<'_>) -> Result<(), Trouble> {
        let mut secrets: Vec<(String, String)> =
            self.build.secrets.iter().map(|s| (s.name.clone(), s.value.clone())).collect();
        let mut variables = BTreeMap::new();
        for (name, origin) in environment::declared(self.build) {
            let value = match origin {
                Origin::Literal(value) => value,
                Origin::Parameter(parameter) => {
                    let found = ports.vault.parameter(&parameter).await;
                    let found = found.map_err(|error| unread(&name, &error))?;
                    if found.secure || found.value.chars().count() >= crate::mask::SHORTEST {
                        secrets.push((name.clone(), found.value.clone()));
                    }
                    found.value
                }
                Origin::Secret(id) => {
                    let text = ports.vault.secret(&id).await;
                    let value = text.and_then(|text| id.pick(&text));
                    let value = value.map_err(|error| unread(&name, &error))?;
                    secrets.push((name.clone(), value.clone()));
                    value
                }
            };
            variables.insert(name, value);
        }
        self.log.mask_with(Masker::new(&secrets).map_err(Trouble::refused)?);
        self.environment = environment::together(self.build, variables);
        // A build may set a PATH that leads nowhere; what wraps it is found by the machine's.
        let path = self.build.host.get("PATH").map_or("/usr/sbin:/usr/bin:/bin", String::as_str);
        let wrap = Wrap::new(self.build, path).map_err(Trouble::refused)?;
        self.processes.engine = wrap.engine.clone();
        self.wrap = Some(wrap);
        Ok(())
    }

    async fn commands(&mut self, phase: &Phase) -> Result<(), Trouble> {
        let user = phase.run_as.as_deref().or(self.build.spec.run_as.as_deref());
        let mut done = Ok(());
        for command in &phase.commands {
            done = self.command(command, user).await;
            if done.is_err() {
                break;
            }
        }
        if let Err(trouble) = &done {
            if trouble.status != PhaseStatus::Failed || trouble.diagnostic.is_some() {
                return done;
            }
            self.failing = true;
        }
        for command in &phase.finally {
            let ended = self.command(command, user).await;
            match ended {
                Err(trouble) if trouble.status != PhaseStatus::Failed => return Err(trouble),
                Err(_) => {
                    self.failing = true;
                    done = done.and(ended);
                }
                Ok(()) => {}
            }
        }
        done
    }

    async fn command(&mut self, command: &str, user: Option<&str>) -> Result<(), Trouble> {
        self.say(&format!("Running command {command}"))?;
        let save = self.next_state(user)?;
        let folder = self.build.folders.source.display().to_string();
        let restore = match self.build.spec.version {
            BuildspecVersion::V02 => self.state.as_deref(),
            BuildspecVersion::V01 => None,
        };
        let frame =
            Frame { restore, save: save.as_deref(), folder: &folder, failing: self.failing };
        let script = shell::script(command, &frame, &self.build.limits);
        let shell = self.shell(&script, user, restore.is_some());
        let ended = self.processes.run(&shell, &mut self.log).await?;
        if let Some(save) = save.filter(|file| is_whole(file)) {
            self.state = Some(save);
        }
        match ended {
            Ended::Status(0) => Ok(()),
            Ended::Status(status) => {
                // All of it stands above; of a script of many lines the first one tells which.
                let mut lines = command.trim().lines();
                let first = lines.next().unwrap_or_default();
                let more = if lines.next().is_some() { " …" } else { "" };
                self.say(&format!(
                    "Command did not exit successfully {first}{more} exit status {status}"
                ))?;
                let message = format!(
                    "Error while executing command: {first}{more}. Reason: exit status {status}"
                );
                Err(Trouble::failed("COMMAND_EXECUTION_ERROR", message))
            }
            other => Err(self.cut(other)),
        }
    }

    /// Puts a script into a shell. One that restores a state gets its environment from there.
    pub(crate) fn shell(&self, script: &str, user: Option<&str>, restores: bool) -> Shell {
        let environment = if restores {
            let kept = [environment::MARKER, "PATH"];
            let kept = self.environment.iter().filter(|(name, _)| kept.contains(&name.as_str()));
            kept.map(|(name, value)| (name.clone(), value.clone())).collect()
        } else {
            self.environment.clone()
        };
        let wrap =
            self.wrap.as_ref().expect("PROVISIONING makes it, and ends the build if it cannot");
        let (program, arguments) = wrap.words(script, user, &environment);
        let folder = self.build.folders.source.clone();
        let mut environment = environment;
        if self.build.sandbox != Sandbox::None {
            // What starts the sandbox stands outside of it, and is not the build's to direct.
            environment.retain(|name, _| !only_inside(name));
        }
        // Only what is named on its command line gets from the engine's client into the container.
        environment.extend(wrap.engine.iter().flat_map(|engine| engine.environment.clone()));
        Shell { program, arguments, environment, folder }
    }

    /// The file that the next shell leaves its state in; none where nobody would read it.
    fn next_state(&mut self, user: Option<&str>) -> io::Result<Option<PathBuf>> {
        let spec = &self.build.spec;
        let commands: usize =
            spec.phases.iter().map(|(_, phase)| phase.commands.len() + phase.finally.len()).sum();
        let read_on = spec.version == BuildspecVersion::V02 && commands > 1;
        if !read_on && !finish::asks(spec) {
            return Ok(None);
        }
        let folder = self.states_folder();
        // Never the one that the next shell begins with.
        let [first, second] = ["0", "1"].map(|name| folder.join(name));
        let file = if self.state.as_ref() == Some(&first) { second } else { first };
        if !std::mem::replace(&mut self.has_states, true) {
            private_folder(&self.build.folders.scratch)?;
            private_folder(&folder)?;
        }
        private_file(&file)?;
        if let Some(user) = user.and_then(|name| self.wrap.as_ref()?.users.get(name)) {
            let owner = (Some(user_id(user.id)), Some(group_id(user.group)));
            // Also what an earlier user left, for this one to begin with.
            let restored = self.state.iter();
            for path in [&self.build.folders.scratch, &folder, &file].into_iter().chain(restored) {
                rustix::fs::chown(path.as_path(), owner.0, owner.1)?;
            }
        }
        Ok(Some(file))
    }

    fn states_folder(&self) -> PathBuf {
        self.build.folders.scratch.join("shell")
    }

    /// Variables may be secrets: they do not stay.
    fn forget_states(&mut self) {
        if self.has_states {
            let _ = std::fs::remove_dir_all(self.states_folder());
        }
    }

    pub(crate) fn cut(&self, ended: Ended) -> Trouble {
        let minutes = self.build.limits.timeout.as_secs_f64() / 60.0;
        match ended {
            Ended::Stopped => Trouble {
                status: PhaseStatus::Stopped,
                ..Trouble::failed("BUILD_STOPPED", "Build was stopped")
            },
            Ended::Exceeded(why) => {
                let message = format!("the build was ended: {why}");
                Trouble::refused(
                    Diagnostic::error("TL0856", message)
                        .help("make the build smaller, or raise its limit"),
                )
            }
            _ => Trouble {
                status: PhaseStatus::TimedOut,
                ..Trouble::failed(
                    "BUILD_TIMED_OUT",
                    format!("Build took longer than {} minutes", (minutes * 100.0).round() / 100.0),
                )
            },
        }
    }

    /// Keeps why the build did not succeed: the first reason.
    fn note(&mut self, trouble: Trouble) -> (PhaseStatus, Option<&'static str>, Option<String>) {
        let message = self.log.masked(&trouble.message);
        if self.result.reason.is_none() {
            let mut diagnostic =
                trouble.diagnostic.unwrap_or_else(|| Diagnostic::error("TL0860", message.clone()));
            diagnostic.message = self.log.masked(&diagnostic.message);
            self.result.reason = Some(diagnostic);
        }
        (trouble.status, Some(trouble.code), Some(message))
    }

    fn left(
        &mut self,
        phase: BuildPhase,
        status: PhaseStatus,
        code: Option<&str>,
        message: Option<&str>,
    ) -> Result<(), Trouble> {
        self.say(&format!("Phase complete: {} State: {}", phase.name(), status.name()))?;
        let (code, message) = (code.unwrap_or_default(), message.unwrap_or_default());
        self.say(format!("Phase context status code: {code} Message: {message}").trim_end())
    }

    pub(crate) fn say(&mut self, text: &str) -> Result<(), Trouble> {
        self.log.say(text).map_err(Trouble::from)
    }
}

fn unread(name: &str, error: &VaultError) -> Trouble {
    let message = format!("the variable `{name}` has no value: {error}");
    let help = "look at its name, and at what the role of the build may read";
    Trouble::refused(Diagnostic::error("TL0853", message).help(help))
}

fn is_whole(file: &Path) -> bool {
    std::fs::read(file).is_ok_and(|state| state.ends_with(WHOLE.as_bytes()))
}

fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn private_file(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    // Emptied: what a shell before left must not be taken for what the next leaves; `exec` leaves nothing.
    let mut options = std::fs::OpenOptions::new();
    options.create(true).write(true).truncate(true).mode(0o600).open(path).map(drop)
}

fn user_id(id: u32) -> rustix::fs::Uid {
    rustix::fs::Uid::from_raw(id)
}

fn group_id(id: u32) -> rustix::fs::Gid {
    rustix::fs::Gid::from_raw(id)
}
