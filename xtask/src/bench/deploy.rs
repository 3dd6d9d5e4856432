//! Deployments of generated centers to a throttled lab, beside the floor: the largest over operations of
//! (fewest calls - burst) / rate, at the lab's pace.

use super::center::{self, Mix};
use super::lab::{ACCOUNT, Lab};
use super::measure::{Taken, measure};
use anyhow::{Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const SIZES: &[usize] = &[100, 500, 1000];

/// Calls a second and burst of every operation that counts here.
const RATE: f64 = 2.0;
const BURST: f64 = 5.0;

const REGION: &str = "us-west-2";

/// For how long Search is not trusted after a write, in seconds, and what is waited before a measurement, at the lab's
/// pace.
const SEARCH_LAG: f64 = 60.0;

/// One deployment's surroundings.
struct Run<'a> {
    binary: &'a Path,
    lab: Lab,
    folder: PathBuf,
    mix: Mix,
    search: bool,
    /// How many times faster than the service the lab is.
    scale: f64,
}

/// Prints the table; a line as soon as it is known.
pub(crate) fn run(binary: &Path, folder: &Path, sizes: &[usize], scale: f64) -> Result<()> {
    println!(
        "A lab {scale} times as fast as the service: what the program itself takes weighs {scale} times as much."
    );
    println!(
        "{:>5} {:7} {:18} {:>6} {:>5} {:>8} {:>8} {:>6} {:>7} {:>7}  most calls",
        "flows", "search", "what", "calls", "429s", "seconds", "floor", "x", "cpu s", "MB"
    );
    let sizes = if sizes.is_empty() { SIZES } else { sizes };
    for search in [true, false] {
        for &flows in sizes {
            let place = folder.join(format!("{flows}-{search}"));
            fs::create_dir_all(&place)?;
            let lab = Lab::start(binary, &place.join("lab.log"), search, scale)?;
            Run { binary, lab, folder: place, mix: Mix::of(flows), search, scale }.measure()?;
        }
    }
    Ok(())
}

impl Run<'_> {
    fn measure(mut self) -> Result<()> {
        self.lab.bucket("bench-staging", REGION)?;
        for (project, kind) in [("project", ""), ("copy", ", use: build")] {
            fs::create_dir_all(self.folder.join(project))?;
            let text = format!(
                "version: 1\nproject: bench\nenvironments:\n  prod: {{ account: \"{ACCOUNT}\", regions: [{REGION}], \
                 instance: bench, staging_bucket: bench-staging{kind} }}\nsettings: {{ search_lag: {}, \
                 search_returns_content: {} }}\n",
                SEARCH_LAG / self.scale,
                self.search
            );
            fs::write(self.folder.join(project).join("trunkline.yaml"), text)?;
        }
        let project = self.folder.join("project");
        center::write(&project, &self.mix)?;
        self.trunkline("project", &["instance", "create", "--env", "prod", "--yes"])?;
        self.pause();
        self.lab.calls()?;
        let Mix { flows, .. } = self.mix;
        let others = self.mix.largest_other();
        // What Search does not return is described, one call each.
        let described = if self.search { others } else { flows };
        let apply = &["apply", "--env", "prod", "--yes"];
        self.row("first apply", "project", apply, flows)?;
        self.pause();
        self.row("no-change plan", "project", &["plan", "--env", "prod"], described)?;
        center::change(&project, &self.mix)?;
        self.row("one changed flow", "project", apply, described)?;
        self.pause();
        let export = &["export", "--env", "prod", "--skip-drafts", "--bind"];
        self.row("export, no drafts", "copy", export, described)?;
        // Each flow's draft is looked at as well.
        let fewest = if self.search { flows } else { 2 * flows };
        self.row("export", "copy", &["export", "--env", "prod", "--bind"], fewest)
    }

    fn pause(&self) {
        std::thread::sleep(Duration::from_secs_f64(SEARCH_LAG / self.scale + 1.0));
    }

    fn row(&mut self, what: &str, project: &str, words: &[&str], fewest: usize) -> Result<()> {
        let taken = self.trunkline(project, words)?;
        let mut calls = self.lab.calls()?;
        let throttled = calls.remove("429").unwrap_or_default();
        let floor = ((fewest as f64 - BURST) / (RATE * self.scale)).max(0.0);
        let seconds = taken.wall.as_secs_f64();
        let times = if floor > 0.0 { format!("{:.2}", seconds / floor) } else { "-".to_owned() };
        let mut most: Vec<(&String, &usize)> = calls.iter().collect();
        most.sort_by(|a, b| b.1.cmp(a.1));
        let most: Vec<String> = most.iter().take(3).map(|(o, n)| format!("{o} {n}")).collect();
        println!(
            "{:>5} {:7} {what:18} {:>6} {throttled:>5} {seconds:>8.1} {floor:>8.1} {times:>6} {:>7.1} {:>7.0}  {}",
            self.mix.flows,
            if self.search { "content" } else { "none" },
            calls.values().sum::<usize>(),
            taken.cpu.as_secs_f64(),
            taken.memory,
            most.join(", ")
        );
        Ok(())
    }

    /// Runs the program in one of the projects; it must end well.
    fn trunkline(&self, project: &str, words: &[&str]) -> Result<Taken> {
        let log = self.folder.join("trunkline.log");
        let mut command = Command::new(self.binary);
        command.args(words).current_dir(self.folder.join(project)).env_clear();
        command.env("AWS_ENDPOINT_URL", &self.lab.url).env("AWS_ACCESS_KEY_ID", ACCOUNT);
        command
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("TRUNKLINE_RATE_SCALE", self.scale.to_string());
        command.env("HOME", &self.folder).env("AWS_EC2_METADATA_DISABLED", "true");
        command.stdout(Stdio::null()).stderr(fs::File::create(&log)?);
        let taken = measure(&mut command)?;
        if taken.code != Some(0) {
            let words = words.join(" ");
            bail!("trunkline {words} ended with {:?}:\n{}", taken.code, fs::read_to_string(&log)?);
        }
        Ok(taken)
    }
}
