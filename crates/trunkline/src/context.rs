//! What surrounds a command: environment variables, terminals, the folder, the project.
//!
//! The only file that reads the environment. `Surroundings::capture` takes what is needed once;
//! everything else gets values.

use crate::cli::{Command, Global};
use crate::clock::Stopwatch;
use crate::commands;
use crate::delivery::InvokedBy;
use crate::exit::Exit;
use crate::printer::Printer;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::OnceCell;
use trunkline_center::state::Store;
use trunkline_config::Project;
use trunkline_model::{Diagnostic, Region, Report, Target};

/// The configuration's file name.
pub(crate) const CONFIG: &str = "trunkline.yaml";

/// What the process was started with.
pub(crate) struct Surroundings {
    pub(crate) stdin_terminal: bool,
    pub(crate) stdout_terminal: bool,
    pub(crate) stderr_terminal: bool,
    /// Columns of the terminal that stdout is, where it is one.
    pub(crate) stdout_width: Option<usize>,
    /// The same of stderr.
    pub(crate) stderr_width: Option<usize>,
    pub(crate) force_color: bool,
    pub(crate) no_color: bool,
    pub(crate) clicolor_force: bool,
    pub(crate) dumb: bool,
    /// TRUNKLINE_CONFIG: the configuration to use instead of looking for one.
    pub(crate) config: Option<PathBuf>,
    /// A pipeline's execution (TRUNKLINE_EXECUTION, or CodeBuild's CODEBUILD_BUILD_ID), or a person.
    pub(crate) invoked_by: InvokedBy,
    /// The user of the operating system.
    pub(crate) user: Option<String>,
}

impl Surroundings {
    pub(crate) fn capture() -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let on = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty() && v != "0");
        Self {
            stdin_terminal: std::io::stdin().is_terminal(),
            stdout_terminal: std::io::stdout().is_terminal(),
            stderr_terminal: std::io::stderr().is_terminal(),
            stdout_width: columns(std::io::stdout()),
            stderr_width: columns(std::io::stderr()),
            force_color: on("FORCE_COLOR"),
            no_color: set("NO_COLOR"),
            clicolor_force: on("CLICOLOR_FORCE"),
            dumb: std::env::var_os("TERM").is_some_and(|v| v == "dumb"),
            config: std::env::var_os("TRUNKLINE_CONFIG").filter(|v| !v.is_empty()).map(Into::into),
            invoked_by: first_variable(&["TRUNKLINE_EXECUTION", "CODEBUILD_BUILD_ID"])
                .map_or(InvokedBy::Person, InvokedBy::Pipeline),
            user: first_variable(&["USER", "LOGNAME", "USERNAME"]),
        }
    }
}

/// The width of a terminal; none where it is none, or too narrow to break lines for.
fn columns(stream: impl std::os::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns >= 40)
}

/// Returns the process's arguments, as far as they are text.
pub(crate) fn arguments() -> Vec<String> {
    std::env::args_os().skip(1).map(|a| a.to_string_lossy().into_owned()).collect()
}

/// Returns the first of these variables that is set to something.
fn first_variable(names: &[&str]) -> Option<String> {
    names.iter().filter_map(|name| variable(name)).find(|value| !value.is_empty())
}

/// Returns an environment variable; one that is not text counts as absent.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Returns all environment variables that are text.
pub(crate) fn variables() -> std::collections::BTreeMap<String, String> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

/// A command being run.
pub(crate) struct App {
    pub(crate) global: Global,
    pub(crate) printer: Printer,
    pub(crate) surroundings: Surroundings,
}

/// A project on disk.
pub(crate) struct Located {
    pub(crate) project: Project,
    /// The folder of its configuration; documents are relative to it.
    pub(crate) root: PathBuf,
    /// The state store, once `state::store` has opened it.
    pub(crate) store: OnceCell<Arc<dyn Store>>,
}

impl App {
    /// Runs a command, prints why it fails, and returns the exit code.
    pub(crate) fn run(&self, command: Command) -> Exit {
        let watch = Stopwatch::start();
        self.printer.detail(&format!("started at {}", crate::clock::now()));
        let ended = self.enter().and_then(|()| commands::run(command, self));
        let exit = ended.unwrap_or_else(|report| {
            self.printer.failure(&report);
            Exit::of(&report)
        });
        self.printer.detail(&format!("took {:.3} s", watch.elapsed().as_secs_f64()));
        if exit == Exit::Done && !self.printer.all_written() { Exit::Failed } else { exit }
    }

    /// Goes to the folder of `-C`.
    fn enter(&self) -> Result<(), Report> {
        let Some(folder) = &self.global.directory else { return Ok(()) };
        std::env::set_current_dir(folder).map_err(|error| {
            let message = format!("cannot go to the folder {}: {error}", folder.display());
            Diagnostic::error("TL0901", message).help("give `-C` a folder that exists").report()
        })
    }

    /// Finds and reads the project, and prints its warnings. TL0109: there is none.
    pub(crate) fn project(&self) -> Result<Located, Report> {
        let path = match &self.surroundings.config {
            Some(path) => path.clone(),
            None => discover(&current_folder()?)?,
        };
        let name =
            path.file_name().map_or_else(|| CONFIG.into(), |n| n.to_string_lossy().into_owned());
        let text = std::fs::read(&path).map_err(|error| {
            Diagnostic::error("TL0109", format!("cannot read {}: {error}", path.display()))
                .help("`trunkline init` starts a project; TRUNKLINE_CONFIG names another file")
        })?;
        let root = path.parent().map(Path::to_path_buf).unwrap_or_default();
        self.printer.set_root(root.clone());
        let text = String::from_utf8(text).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = valid.iter().filter(|b| **b == b'\n').count() + 1;
            Diagnostic::error("TL0101", "the file is not UTF-8 text")
                .in_file(&name)
                .at(u32::try_from(line).unwrap_or(u32::MAX), 1)
                .help("save it as UTF-8")
        })?;
        let project = trunkline_config::parse(&text, &name)?;
        self.printer.warnings(&project.warnings);
        Ok(Located { project, root, store: OnceCell::new() })
    }
}

impl Located {
    /// Returns the targets of an environment that may be used: known, switched on.
    /// TL0105, TL0106 (no region by its form), TL0110, TL0111.
    pub(crate) fn targets(&self, name: &str, region: Option<&str>) -> Result<Vec<Target>, Report> {
        let environment = self.project.environment(name)?;
        if !environment.enabled {
            let message = format!("environment `{}` is switched off", environment.name);
            return Err(Diagnostic::error("TL0111", message)
                .in_file(&self.project.file)
                .help("remove its `enabled: false` to use it")
                .report());
        }
        let region = region.map(Region::parse).transpose().map_err(|error| {
            Diagnostic::error("TL0901", error.to_string()).help("give a region's name to --region")
        })?;
        Ok(self.project.targets(environment, region.as_ref())?)
    }
}

/// Returns the folder that the command runs in.
pub(crate) fn current_folder() -> Result<PathBuf, Report> {
    std::env::current_dir().map_err(|error| {
        Diagnostic::error("TL0208", format!("the current folder cannot be used: {error}")).report()
    })
}

/// Looks for the configuration in a folder and those above it, not above the git root.
fn discover(start: &Path) -> Result<PathBuf, Report> {
    for folder in start.ancestors() {
        let candidate = folder.join(CONFIG);
        if candidate.is_file() {
            return Ok(candidate);
        }
        // `.git` is a file in worktrees and submodules.
        if folder.join(".git").exists() {
            break;
        }
    }
    Err(Diagnostic::error("TL0109", format!("no {CONFIG} in this folder or above it"))
        .because(format!("looked from {} up to the root of the git repository", start.display()))
        .help("`trunkline init` starts a project; `-C DIR` runs in another folder")
        .report())
}
