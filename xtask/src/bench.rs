//! `cargo xtask bench`: figures beside the promises, as tables. Prints; asserts nothing, because a
//! machine's mood is no defect.
//!
//! `--build` measures a clean release build in a folder of its own; `--flows N` (repeatable) narrows the
//! deployments to that size, `--flows 0` leaves them out, `--time-scale N` is how many times faster than the service
//! their lab is; `--binary PATH` deploys with that program and measures nothing else. `--pipelines` measures pipelines only, with that program where there is one.

mod center;
mod deploy;
mod lab;
mod measure;
#[cfg(unix)]
mod pipelines;

use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use measure::{median, spent_by_children};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// One row: what, the figure, what it is held against.
struct Row {
    what: String,
    figure: String,
    beside: String,
}

fn row(what: &str, figure: impl Into<String>, beside: &str) -> Row {
    Row { what: what.to_owned(), figure: figure.into(), beside: beside.to_owned() }
}

/// Builds what is measured and prints the tables.
pub(crate) fn run(words: &[String]) -> Result<bool> {
    let workspace = Workspace::load()?;
    let sizes: Vec<usize> = words
        .iter()
        .zip(words.iter().skip(1))
        .filter(|(word, _)| *word == "--flows")
        .map(|(_, size)| size.parse().context("--flows takes a number"))
        .collect::<Result<_>>()?;
    let scale = match words.iter().position(|w| w == "--time-scale") {
        Some(at) => words.get(at + 1).context("--time-scale takes a number")?.parse()?,
        None => lab::SCALE,
    };
    let only_pipelines = words.iter().any(|w| w == "--pipelines");
    if let Some(at) = words.iter().position(|w| w == "--binary") {
        let binary = words.get(at + 1).context("--binary takes a path")?;
        if only_pipelines {
            pipelines(&workspace, Path::new(binary))?;
        } else {
            deploy(&workspace, Path::new(binary), &sizes, scale)?;
        }
        return Ok(true);
    }
    let mut rows = Vec::new();
    if words.iter().any(|w| w == "--build") {
        rows.extend(clean_build(&workspace)?);
    }
    build(&workspace, &["--package", "trunkline"])?;
    if only_pipelines {
        pipelines(&workspace, &workspace.built("release", "trunkline"))?;
        return Ok(true);
    }
    build(&workspace, &["--package", "trunkline-flow", "--example", "canonical"])?;
    let binary = workspace.built("release", "trunkline");
    let size = fs::metadata(&binary)?.len() as f64 / 1e6;
    rows.push(row("release binary", format!("{size:.1} MB"), "at most 25 MB"));
    let version = median(Command::new(&binary).arg("--version"))?;
    rows.push(row("trunkline --version", millis(version), "at most 10 ms"));
    rows.extend(corpus(&workspace)?);
    print(&rows);
    if sizes != [0] {
        println!();
        deploy(&workspace, &binary, &sizes, scale)?;
    }
    println!();
    pipelines(&workspace, &binary)?;
    Ok(true)
}

#[cfg(unix)]
fn pipelines(workspace: &Workspace, binary: &Path) -> Result<()> {
    pipelines::run(workspace, &std::path::absolute(binary)?)
}

#[cfg(not(unix))]
fn pipelines(_: &Workspace, _: &Path) -> Result<()> {
    println!("SKIP: pipelines are measured where there are named pipes");
    Ok(())
}

fn deploy(workspace: &Workspace, binary: &Path, sizes: &[usize], scale: f64) -> Result<()> {
    let folder = workspace.target.join("bench");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    deploy::run(binary, &folder, sizes, scale)
}

fn build(workspace: &Workspace, words: &[&str]) -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(["build", "--release", "--quiet"]).args(words).current_dir(&workspace.root);
    if !command.status()?.success() {
        bail!("the release build failed");
    }
    Ok(())
}

/// A release build from nothing.
fn clean_build(workspace: &Workspace) -> Result<Vec<Row>> {
    let folder = workspace.target.join("bench-build");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let (started, before) = (Instant::now(), spent_by_children());
    let folder = folder.to_string_lossy().into_owned();
    build(workspace, &["--package", "trunkline", "--target-dir", &folder])?;
    let wall = row("clean release build, wall", seconds(started.elapsed()), "-");
    let spent = before.and_then(|b| Some(spent_by_children()?.saturating_sub(b)));
    let spent = spent.map_or_else(|| "SKIP: no /proc".to_owned(), seconds);
    fs::remove_dir_all(&folder)?;
    Ok(vec![wall, row("clean release build, processor", spent, "at most 450 s")])
}

/// Reading and canonical writing of the corpus's flows, beside one `jq . FILE...` over the same files.
fn corpus(workspace: &Workspace) -> Result<Vec<Row>> {
    let folder = match std::env::var_os("TRUNKLINE_CORPUS") {
        Some(folder) => PathBuf::from(folder),
        None => workspace.root.join("../shared/corpus"),
    };
    let mut files = Vec::new();
    for part in ["flows", "flows-wrapped", "derived-flows"] {
        files.extend(json_files(&folder.join(part))?);
    }
    if files.is_empty() {
        let skip = format!("SKIP: no corpus at {}", folder.display());
        return Ok(vec![row("reading and writing flows", skip, "jq .")]);
    }
    let example = workspace.built("release/examples", "canonical");
    let ours = median(Command::new(example).args(&files))?;
    let what = format!("reading and writing {} flows", files.len());
    let jq = median(Command::new("jq").arg(".").args(&files));
    let beside = jq.map_or_else(|_| "SKIP: no jq".to_owned(), |t| format!("jq . {}", millis(t)));
    Ok(vec![row(&what, millis(ours), &beside)])
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
