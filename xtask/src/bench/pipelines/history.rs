//! A server with a long past: how soon it listens, and how soon its pipelines are listed and shown.

use super::server::Server;
use super::{Figures, tell};
use crate::bench::measure::median;
use crate::bench::millis;
use anyhow::{Result, ensure};
use std::path::Path;
use std::process::Command;

/// Pipelines, and executions of each.
const PIPELINES: usize = 10;
const EXECUTIONS: usize = 10_000;
/// Commands of each execution, after its source.
const COMMANDS: usize = 2;

const STARTS: usize = 7;

/// Writes the past into the data folder of a project, and measures. `example` is what writes it.
pub(super) fn measure(binary: &Path, example: &Path, folder: &Path) -> Result<()> {
    let file = folder.join("data/trunkline.db");
    let numbers = [PIPELINES, EXECUTIONS, COMMANDS].map(|n| n.to_string());
    let made = Command::new(example).arg(&file).args(&numbers).output()?;
    ensure!(made.status.success(), "no past: {}", String::from_utf8_lossy(&made.stderr));
    let timed = |words: &[&str]| {
        let mut command = Command::new(binary);
        command.arg("pipeline").args(words).args(["--data", "../data"]);
        median(command.current_dir(folder.join("project")))
    };
    let (list, show) = (|| timed(&["list"]), || timed(&["show", "past-0", "latest"]));
    // The last process that wrote may have left a log beside the file: the first start takes it over.
    drop(Server::start(binary, folder)?);
    let (alone, shown) = (list()?, show()?);
    let mut starts = Figures::default();
    for _ in 1..STARTS {
        starts.add(Server::start(binary, folder)?.started_in);
    }
    let server = Server::start(binary, folder)?;
    starts.add(server.started_in);
    let served = list()?;
    let past = format!("{} past executions", PIPELINES * EXECUTIONS);
    let size = std::fs::metadata(&file)?.len() as f64 / 1e6;
    tell(&format!("{past}: server start"), starts.text(), "at most 1000 ms");
    tell(&format!("{past}: `pipeline list`, no server"), millis(alone), "at most 50 ms");
    tell(&format!("{past}: `pipeline list`, server"), millis(served), "at most 50 ms");
    tell(&format!("{past}: `pipeline show`, no server"), millis(shown), "-");
    tell(&format!("{past}: the database"), format!("{size:.0} MB"), "-");
    Ok(())
}
