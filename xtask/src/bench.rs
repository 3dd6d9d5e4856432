//! `cargo xtask bench`: figures beside the promises, as a table. Prints; asserts nothing, because a
//! machine's mood is no defect.

use crate::workspace::Workspace;
use anyhow::{Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 10;

/// One row: what, the figure, what it is held against.
struct Row {
    what: String,
    figure: String,
    beside: String,
}

fn row(what: &str, figure: String, beside: &str) -> Row {
    Row { what: what.to_owned(), figure, beside: beside.to_owned() }
}

/// Builds the release binary and prints the table.
pub(crate) fn run(words: &[String]) -> Result<bool> {
    let workspace = Workspace::load()?;
    let mut rows = Vec::new();
    if words.iter().all(|w| w != "--no-build") {
        let started = Instant::now();
        let built = Command::new("cargo")
            .args(["build", "--release", "--package", "trunkline"])
            .current_dir(&workspace.root)
            .status()?;
        if !built.success() {
            bail!("the release build failed");
        }
        let wall = started.elapsed();
        rows.push(row(
            "release build, wall (clean only if the target folder was)",
            seconds(wall),
            "-",
        ));
    }
    let binary = workspace.built("release", "trunkline");
    let size = fs::metadata(&binary)?.len() as f64 / 1e6;
    rows.push(row("release binary", format!("{size:.1} MB"), "at most 25 MB"));
    rows.push(row(
        "trunkline --version",
        millis(median(Command::new(&binary).arg("--version"))?),
        "10 ms",
    ));
    rows.extend(corpus(&workspace)?);
    print(&rows);
    Ok(true)
}

/// One `jq . FILE...` over the corpus's flows, where both are at hand.
fn corpus(workspace: &Workspace) -> Result<Vec<Row>> {
    let folder = workspace.root.join("../shared/corpus/flows");
    let files = json_files(&folder)?;
    if files.is_empty() {
        return Ok(vec![row(
            "jq . over the corpus",
            "SKIP: no corpus beside the repository".to_owned(),
            "-",
        )]);
    }
    let what = format!("jq . over {} flows", files.len());
    match median(Command::new("jq").arg(".").args(&files)) {
        Ok(time) => Ok(vec![row(&what, millis(time), "trunkline's reading and writing")]),
        Err(_) => Ok(vec![row(&what, "SKIP: no jq".to_owned(), "-")]),
    }
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            files.push(entry?.path());
        }
    }
    files.retain(|f| f.extension().is_some_and(|e| e == "json"));
    files.sort();
    Ok(files)
}

/// The median time of a command that must succeed, warm.
fn median(command: &mut Command) -> Result<Duration> {
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..=RUNS {
        let started = Instant::now();
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        if !status.success() {
            bail!("{} ended with {status}", command.get_program().to_string_lossy());
        }
        times.push(started.elapsed());
    }
    times.remove(0);
    times.sort();
    Ok(times[RUNS / 2])
}

fn print(rows: &[Row]) {
    let width =
        |pick: fn(&Row) -> &String| rows.iter().map(|r| pick(r).chars().count()).max().unwrap_or(0);
    let (what, figure) = (width(|r| &r.what), width(|r| &r.figure));
    for r in rows {
        println!("{:what$}  {:>figure$}  {}", r.what, r.figure, r.beside);
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
