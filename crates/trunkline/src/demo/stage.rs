//! The stage: prints chapters, runs commands as a person would type them, and ends what it started.
//!
//! A command's stdout and stderr both go to the demo's own stdout, so that they stay in order and see
//! a terminal where there is one. Its environment holds nothing of the machine but where programs are.

use super::server::Served;
use super::world::SHARED_ACCOUNT;
use crate::clock::Stopwatch;
use crate::context::variable;
use crate::exit::{Exit, TABLE};
use crate::printer::{Printer, write_out};
use std::io::BufRead as _;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use trunkline_model::{Diagnostic, Report};

/// What a command gets of the machine's environment.
const KEPT: &[&str] =
    &["PATH", "LANG", "LC_ALL", "TERM", "COLUMNS", "TMPDIR", "LD_LIBRARY_PATH", "NO_COLOR"];

/// The widest line that the stage itself prints.
const WIDTH: usize = 80;

/// Why the story ends before its end.
pub(crate) enum Stopped {
    /// Somebody asked for it.
    Interrupted,
    /// Something failed.
    Failed(Report),
}

impl From<Report> for Stopped {
    fn from(report: Report) -> Self {
        Self::Failed(report)
    }
}

/// What the stage is set up with.
pub(crate) struct Setting {
    /// The folder of everything that the demo writes.
    pub(crate) folder: PathBuf,
    /// The lab's address.
    pub(crate) url: String,
    /// How many times faster than AWS the lab is.
    pub(crate) time_scale: f64,
    /// Whether somebody reads along and presses Enter.
    pub(crate) interactive: bool,
    /// Set to end the story.
    pub(crate) stop: Arc<AtomicBool>,
    /// Whether the folder stays.
    pub(crate) kept: bool,
    /// What the lab was asked.
    pub(crate) calls: Arc<Calls>,
    /// The server, while one runs.
    pub(crate) served: Arc<Served>,
}

/// How often the lab was called.
#[derive(Default)]
pub(crate) struct Calls {
    pub(crate) all: AtomicUsize,
    /// Refused for their rate; the commands slow down and try again.
    pub(crate) throttled: AtomicUsize,
}

/// Where the story is played.
pub(crate) struct Stage<'a> {
    pub(crate) setting: Setting,
    printer: &'a Printer,
    pub(super) program: PathBuf,
    chapter: usize,
    pub(super) git: bool,
    pub(super) watch: Stopwatch,
}

impl<'a> Stage<'a> {
    /// Makes the folders that the story needs.
    pub(crate) fn new(setting: Setting, printer: &'a Printer) -> Result<Self, Report> {
        let program = std::env::current_exe().map_err(|error| failed("find itself", &error))?;
        for folder in ["project", "home"] {
            let folder = setting.folder.join(folder);
            std::fs::create_dir_all(&folder).map_err(|error| failed("make a folder", &error))?;
        }
        let mut stage =
            Self { setting, printer, program, chapter: 0, git: false, watch: Stopwatch::start() };
        let mut probe = stage.command("git", &["--version"]);
        probe.stdout(Stdio::null()).stderr(Stdio::null());
        stage.git = probe.status().is_ok_and(|status| status.success());
        Ok(stage)
    }

    /// The project's folder.
    pub(super) fn project(&self) -> PathBuf {
        self.setting.folder.join("project")
    }

    /// Prints a line.
    pub(super) fn line(&self, text: &str) {
        self.printer.result(text);
    }

    /// Begins a chapter, once the person who reads along is ready.
    pub(super) fn chapter(&mut self, title: &str, words: &[&str]) -> Result<(), Stopped> {
        self.pause("Enter goes on, Ctrl-C ends the demo")?;
        self.end_with(title, words);
        Ok(())
    }

    /// Begins a chapter right away.
    pub(super) fn end_with(&mut self, title: &str, words: &[&str]) {
        self.chapter += 1;
        let head = format!("{}. {title} ", self.chapter);
        let tail = " emulated AWS";
        let rule = WIDTH.saturating_sub(head.chars().count() + tail.len());
        let head = self.printer.paint.bold(&head);
        self.line(&format!("\n{head}{}{tail}", "─".repeat(rule)));
        words.iter().for_each(|w| self.line(w));
    }

    /// Waits for Enter where somebody reads along.
    pub(super) fn pause(&self, words: &str) -> Result<(), Stopped> {
        if self.setting.interactive {
            write_out(&format!("\n[emulated AWS: {words}] "));
            // A terminal that has gone away ends nothing: the rest is played without waiting.
            let _ = std::io::stdin().lock().read_line(&mut String::new());
        }
        self.go_on()
    }

    /// Runs this program, as `trunkline ...`.
    pub(super) fn trunkline(&self, arguments: &[&str]) -> Result<(), Stopped> {
        self.show("trunkline", arguments);
        let mut command = self.command(&self.program, arguments);
        self.run("trunkline", &mut command)
    }

    /// Runs this program where it refuses: that is what is shown.
    pub(super) fn trunkline_refuses(&self, arguments: &[&str]) -> Result<(), Stopped> {
        self.show("trunkline", arguments);
        let mut command = self.command(&self.program, arguments);
        match self.ended("trunkline", &mut command)?.success() {
            false => self.go_on(),
            true => Err(refused_nothing().into()),
        }
    }

    /// Runs this program where it ends because somebody is asked.
    pub(super) fn trunkline_asks(&self, arguments: &[&str]) -> Result<(), Stopped> {
        self.show("trunkline", arguments);
        let mut command = self.command(&self.program, arguments);
        let status = self.ended("trunkline", &mut command)?;
        let asked = TABLE.iter().find(|(exit, ..)| *exit == Exit::Waiting);
        match status.code() == asked.map(|(_, code, _)| i32::from(*code)) {
            true => self.go_on(),
            false => Err(unsuccessful("trunkline", status).into()),
        }
    }

    /// Runs git, where it is there.
    pub(super) fn git(&self, arguments: &[&str]) -> Result<(), Stopped> {
        if !self.git {
            return Ok(());
        }
        self.show("git", arguments);
        let mut command = self.command("git", arguments);
        self.run("git", &mut command)
    }

    fn show(&self, program: &str, arguments: &[&str]) {
        let quoted = arguments.iter().map(|a| quoted(a));
        let typed: Vec<String> = std::iter::once(program.to_owned()).chain(quoted).collect();
        self.prompt(&typed.join(" "));
    }

    pub(super) fn command(
        &self,
        program: impl AsRef<std::ffi::OsStr>,
        arguments: &[&str],
    ) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().stdin(Stdio::null());
        command.current_dir(self.project());
        let kept = KEPT.iter().filter_map(|name| Some((*name, variable(name)?)));
        command.envs(kept).envs(self.variables());
        let color = if self.printer.paint.0 { "FORCE_COLOR" } else { "NO_COLOR" };
        let home = self.setting.folder.join("home");
        command.env(color, "1").env("HOME", home).env("AWS_EC2_METADATA_DISABLED", "true");
        let painted = if self.printer.paint.0 { "always" } else { "never" };
        command.envs(GIT.iter().copied()).env("GIT_CONFIG_VALUE_1", painted);
        command
    }

    /// The variables that lead a command to the lab, as a person would set them.
    pub(super) fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ENDPOINT_URL", self.setting.url.clone()),
            ("AWS_ACCESS_KEY_ID", SHARED_ACCOUNT.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "x".to_owned()),
            ("TRUNKLINE_RATE_SCALE", self.setting.time_scale.to_string()),
        ]
    }

    /// Runs a command that must succeed.
    pub(super) fn run(&self, name: &str, command: &mut Command) -> Result<(), Stopped> {
        let status = self.ended(name, command)?;
        if status.success() {
            return self.go_on();
        }
        Err(unsuccessful(name, status).into())
    }

    /// Runs a command to its end, or ends it.
    fn ended(&self, name: &str, command: &mut Command) -> Result<ExitStatus, Stopped> {
        self.go_on()?;
        let output = || {
            let copy = std::io::stdout().as_fd().try_clone_to_owned();
            copy.map(Stdio::from).map_err(|error| failed("share its output", &error))
        };
        let mut child = command
            .stdout(output()?)
            .stderr(output()?)
            .spawn()
            .map_err(|error| failed(&format!("start {name}"), &error))?;
        loop {
            match child.try_wait().map_err(|error| failed(&format!("wait for {name}"), &error))? {
                Some(_) if self.is_stopped() => return Err(Stopped::Interrupted),
                Some(status) => return Ok(status),
                None if self.is_stopped() => {
                    // It may have ended in between; then there is nothing to end.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(Stopped::Interrupted);
                }
                None => std::thread::sleep(Duration::from_millis(4)),
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.setting.stop.load(Ordering::Relaxed)
    }

    pub(super) fn go_on(&self) -> Result<(), Stopped> {
        if self.is_stopped() { Err(Stopped::Interrupted) } else { Ok(()) }
    }

    /// Prints a command without running it.
    pub(super) fn prompt(&self, typed: &str) {
        self.line(&format!("\n{}", self.printer.paint.cyan(&format!("$ {typed}"))));
    }

    /// Shows a file of the project.
    pub(super) fn cat(&self, name: &str) -> Result<(), Stopped> {
        let text = std::fs::read_to_string(self.project().join(name));
        let text = text.map_err(|error| failed(&format!("read {name}"), &error))?;
        self.prompt(&format!("cat {}", quoted(name)));
        self.line(text.trim_end());
        self.go_on()
    }

    /// Writes a file of the project.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), Report> {
        let path: &Path = &self.project().join(name);
        std::fs::write(path, text).map_err(|error| failed(&format!("write {name}"), &error))
    }
}

/// An argument as it is typed in a shell.
fn quoted(argument: &str) -> String {
    if argument.contains(' ') { format!("'{argument}'") } else { argument.to_owned() }
}

/// What keeps git from looking at the machine's settings, asking, and paging.
const GIT: &[(&str, &str)] = &[
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_PAGER", "cat"),
    ("GIT_AUTHOR_NAME", "Dana Designer"),
    ("GIT_AUTHOR_EMAIL", "dana@tidewater.example"),
    ("GIT_COMMITTER_NAME", "Dana Designer"),
    ("GIT_COMMITTER_EMAIL", "dana@tidewater.example"),
    ("GIT_CONFIG_COUNT", "3"),
    ("GIT_CONFIG_KEY_0", "init.defaultBranch"),
    ("GIT_CONFIG_VALUE_0", "main"),
    ("GIT_CONFIG_KEY_1", "color.ui"),
    // Whose name the runs carry.
    ("GIT_CONFIG_KEY_2", "user.email"),
    ("GIT_CONFIG_VALUE_2", "dana@tidewater.example"),
];

/// TL0902 for a command that ended otherwise than the story has it.
fn unsuccessful(name: &str, status: ExitStatus) -> Report {
    let found = Diagnostic::error("TL0902", format!("the last command failed: {name}: {status}"));
    found.because("its own words stand above").report()
}

/// TL0902 for a refusal that did not come.
fn refused_nothing() -> Report {
    Diagnostic::error("TL0902", "the last command should have refused").report()
}

/// TL0902 for something of the machine that the demo needs.
pub(crate) fn failed(what: &str, error: &std::io::Error) -> Report {
    Diagnostic::error("TL0902", format!("the demo cannot {what}: {error}")).report()
}
