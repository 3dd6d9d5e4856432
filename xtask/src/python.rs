//! The tests' Python: a virtual environment in `.venv` with pinned packages, made when it is missing.
//! Where there is no Python, or the packages cannot be had, the caller gets the reason to skip.

use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A Python with the packages of `tests/requirements.txt`.
pub(crate) struct Python {
    pub(crate) program: PathBuf,
    pub(crate) aws: PathBuf,
}

/// Makes the environment or finds it made; `Err(reason)` inside where it cannot be had here.
pub(crate) fn prepare(workspace: &Workspace) -> Result<Result<Python, String>> {
    let folder = workspace.root.join(".venv");
    let bin = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let python = Python { program: bin.join("python"), aws: bin.join("aws") };
    let wanted = fs::read_to_string(workspace.root.join("tests/requirements.txt"))
        .context("tests/requirements.txt")?;
    let stamp = folder.join("installed-requirements.txt");
    if python.program.exists() && fs::read_to_string(&stamp).is_ok_and(|t| t == wanted) {
        println!("{} is as tests/requirements.txt has it", folder.display());
        return Ok(Ok(python));
    }
    let Some(system) = find() else {
        return Ok(Err(
            "no Python of version 3.10 or later (python3, or TRUNKLINE_PYTHON)".to_owned()
        ));
    };
    println!("making {} with {system}", folder.display());
    let made = Command::new(&system).args(["-m", "venv", "--clear"]).arg(&folder).output()?;
    if !made.status.success() {
        return Ok(Err(format!("{system} -m venv failed: {}", complaint(&made))));
    }
    let installed = Command::new(&python.program)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"])
        .args(["--timeout", "20", "--requirement"])
        .arg(workspace.root.join("tests/requirements.txt"))
        .output()?;
    if !installed.status.success() {
        return Ok(Err(format!(
            "pip could not install tests/requirements.txt: {}",
            complaint(&installed)
        )));
    }
    fs::write(&stamp, wanted)?;
    Ok(Ok(python))
}

/// The first Python that is new enough.
pub(crate) fn find() -> Option<String> {
    let given = std::env::var("TRUNKLINE_PYTHON").ok();
    let candidates = given.into_iter().chain(["python3", "python"].map(str::to_owned));
    candidates.into_iter().find(|program| {
        let check = "import sys, venv; sys.exit(sys.version_info < (3, 10))";
        Command::new(program).args(["-c", check]).output().is_ok_and(|o| o.status.success())
    })
}

/// Why a program failed: the last line of its complaint, else the first paragraph of what it printed.
pub(crate) fn complaint(output: &std::process::Output) -> String {
    let (err, out) =
        (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    let last = err.lines().map(str::trim).rfind(|line| !line.is_empty());
    let first = || {
        let paragraph = out.trim_start().lines().take_while(|line| !line.trim().is_empty());
        paragraph.map(str::trim).collect::<Vec<_>>().join(" ")
    };
    let text = last.map_or_else(first, str::to_owned);
    if text.is_empty() { "no reason given".to_owned() } else { text }
}
