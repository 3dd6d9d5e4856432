//! `cargo xtask test`: all that must hold, in order, and the parts of it that can be run alone.

use crate::python::{self, Python};
use crate::steps::{Steps, Verdict, run};
use crate::tidy;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names the Python of the oracle to tests.
pub(crate) const ORACLE: &str = "TRUNKLINE_ORACLE";

/// The command `test`: runs everything; true where nothing failed.
pub(crate) fn test(words: &[String]) -> Result<bool> {
    let quick = words.iter().any(|w| w == "--quick");
    let workspace = &Workspace::load()?;
    let records = fresh_records(workspace)?;
    let mut steps = Steps::default();
    if quick {
        steps.step("format and lints", || Ok(Verdict::Skipped("--quick".to_owned())));
    } else {
        steps.step("format", || run(cargo(workspace).args(["fmt", "--all", "--check"])));
        steps.step("lints", || {
            run(cargo(workspace).args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ]))
        });
    }
    steps.step("tidy", || Ok(if tidy::run()? { Verdict::Passed } else { Verdict::Failed }));
    // Builds the program too: its tests start it. A build of its own would choose other features of the
    // dependencies and build them twice.
    let built =
        steps.step("build", || run(cargo(workspace).args(["test", "--workspace", "--no-run"])));
    steps.step("real flows", || Ok(corpus(workspace)));
    // Before cargo's tests: some of them ask the oracle, which is written in Python.
    let python = prepared(workspace, &mut steps);
    steps.step("cargo test", || {
        let mut command = cargo(workspace);
        command.args(["test", "--workspace", "--no-fail-fast"]);
        if let Ok(python) = &python {
            command.env(ORACLE, &python.program);
        }
        run(command.env("TRUNKLINE_RECORD_DIR", &records))
    });
    python_steps(workspace, &mut steps, &records, built, python, &[]);
    Ok(steps.close())
}

/// The command `conformance`: only the Python part, over a record of its own.
pub(crate) fn conformance(names: &[String]) -> Result<bool> {
    let workspace = Workspace::load()?;
    let records = fresh_records(&workspace)?;
    let mut steps = Steps::default();
    let built =
        steps.step("build", || run(cargo(&workspace).args(["build", "--package", "trunkline"])));
    let python = prepared(&workspace, &mut steps);
    python_steps(&workspace, &mut steps, &records, built, python, names);
    Ok(steps.close())
}

/// The command `wirecheck`: the records of the last run once more.
pub(crate) fn wirecheck() -> Result<bool> {
    let workspace = Workspace::load()?;
    let mut steps = Steps::default();
    match python::prepare(&workspace)? {
        Ok(python) => wire_steps(&workspace, &mut steps, &records_folder(&workspace), &python),
        Err(reason) => {
            steps.step("wire check", || Ok(Verdict::Skipped(reason)));
        }
    }
    Ok(steps.close())
}

fn python_steps(
    workspace: &Workspace,
    steps: &mut Steps,
    records: &Path,
    built: bool,
    python: Result<Python, String>,
    names: &[String],
) {
    match (python, built) {
        (Ok(python), true) => {
            steps.step("conformance", || {
                let mut command = Command::new(&python.program);
                command
                    .arg("-B")
                    .arg(workspace.root.join("tests/run.py"))
                    .current_dir(&workspace.root);
                command.arg("--binary").arg(workspace.built("debug", "trunkline"));
                command.arg("--records").arg(records).arg("--aws").arg(&python.aws);
                run(command.args(names))
            });
            wire_steps(workspace, steps, records, &python);
        }
        (Ok(_), false) => {
            let reason = "the binary was not built";
            steps.step("conformance", || Ok(Verdict::Skipped(reason.to_owned())));
            steps.step("wire check", || Ok(Verdict::Skipped(reason.to_owned())));
        }
        (Err(reason), _) => {
            steps.step("conformance", || Ok(Verdict::Skipped(reason.clone())));
            println!("0 passed, 0 failed, 1 skipped");
            steps.step("wire check", || Ok(Verdict::Skipped(reason)));
        }
    }
}

/// The tests' Python as a step of its own, or the reason why there is none.
pub(crate) fn prepared(workspace: &Workspace, steps: &mut Steps) -> Result<Python, String> {
    let mut python = Err("not prepared".to_owned());
    steps.step("Python environment", || {
        python = python::prepare(workspace)?;
        Ok(python.as_ref().err().map_or(Verdict::Passed, |reason| Verdict::Skipped(reason.clone())))
    });
    python
}

/// Holds the records against AWS's models, recomputes signatures, and prints what the records lack.
fn wire_steps(workspace: &Workspace, steps: &mut Steps, folder: &Path, python: &Python) {
    let mut records: Vec<PathBuf> = Vec::new();
    steps.step("records", || {
        records = list_records(folder)?;
        println!("{} records in {}", records.len(), folder.display());
        Ok(if records.is_empty() { Verdict::Failed } else { Verdict::Passed })
    });
    if records.is_empty() {
        return;
    }
    let tests = workspace.root.join("tests");
    steps.step("wire check", || {
        let mut command = script(workspace, python, &tests.join("wirecheck.py"));
        run(command.arg(checker(workspace)).args(&records))
    });
    let signatures = tests.join("signatures.py");
    steps.step("signatures", || run(script(workspace, python, &signatures).args(&records)));
    let operations = tests.join("operations.py");
    steps.step("operations", || {
        run(script(workspace, python, &operations).arg("--strict").args(&records))
    });
}

/// Whether the corpus of real flows is at hand, without which tests that need it only say so.
fn corpus(workspace: &Workspace) -> Verdict {
    let given = std::env::var_os("TRUNKLINE_CORPUS").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| workspace.root.join("../shared/corpus"));
    match folder.is_dir() {
        true => {
            println!("the tests of cargo read {}", folder.display());
            Verdict::Passed
        }
        false => Verdict::Skipped(format!(
            "no {}, and TRUNKLINE_CORPUS names none; tests of real flows do nothing",
            folder.display()
        )),
    }
}

/// The checker that others wrote where it is at hand, or else the project's own.
fn checker(workspace: &Workspace) -> PathBuf {
    let given = std::env::var_os("TRUNKLINE_WIRECHECK").map(PathBuf::from);
    let shared = workspace.root.join("../shared/tools/wirecheck.py");
    let mut candidates = given.into_iter().chain([shared]);
    candidates
        .find(|p| p.is_file())
        .unwrap_or_else(|| workspace.root.join("tests/wirecheck_own.py"))
}

fn script(workspace: &Workspace, python: &Python, file: &Path) -> Command {
    let mut command = Command::new(&python.program);
    command.arg("-B").arg(file).current_dir(&workspace.root);
    command
}

pub(crate) fn cargo(workspace: &Workspace) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(&workspace.root);
    command
}

fn records_folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("records")
}

/// An empty folder for the records of this run.
fn fresh_records(workspace: &Workspace) -> Result<PathBuf> {
    let folder = records_folder(workspace);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    Ok(folder)
}

fn list_records(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "jsonl") && fs::metadata(&path)?.len() > 0 {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
