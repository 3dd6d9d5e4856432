//! Buildbot beside it: the same machine, disk and named pipe, from its HTTP hook to the first command, and one hook
//! that starts a hundred builds of one command. Its worker lives in the master's process and needs no network, and the
//! hundred builders have a master of their own, which is the quickest that it can do; a checkout only fetches what is new into a clone that it keeps.

use super::definitions::{ACTIONS, CHECKOUTS};
use super::server::{Ear, post};
use super::work::Work;
use super::{Figures, Ours, tell};
use crate::bench::measure::resident;
use crate::bench::millis;
use crate::python;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PACKAGES: &[&str] = &["buildbot==4.3.0", "buildbot-worker==4.3.0", "buildbot-www==4.3.0"];

/// Runs of a build, which takes a second, and of the hundred, which take a minute.
const RUNS: usize = 8;
const HUNDREDS: usize = 1;

/// Installs Buildbot where it is missing and measures it; a row with the reason where it cannot be had.
pub(super) fn measure(workspace: &Workspace, folder: &Path, ours: &Ours) -> Result<()> {
    let program = match install(&workspace.target.join("bench-buildbot"))? {
        Ok(program) => program,
        Err(why) => {
            tell("Buildbot 4.3.0", format!("SKIP: {why}"), "-");
            return Ok(());
        }
    };
    fs::create_dir_all(folder)?;
    let ear = Ear::new(folder.join("words"))?;
    let mut work = Work::make(folder)?;
    let branch = CHECKOUTS[0].branch;
    let repository = folder.join("site.git");
    let made = Command::new("git").args(["init", "--quiet", "--bare"]).arg(&repository).status()?;
    ensure!(made.success(), "git init failed");
    let start = |name, many| Master::start(&program, folder, name, &ear, &repository, branch, many);
    let master = start("master", 0)?;
    std::thread::sleep(Duration::from_secs(1));
    let memory = resident(master.process.id()).unwrap_or_default();
    let (mut first, mut checkout, mut hundred) =
        (Figures::default(), Figures::default(), Figures::default());
    for run in 0..=RUNS {
        let took = ear_after(&ear, "first", master.hook("first", "0")?, 1)?;
        let commit = work.commit(branch)?;
        work.push(branch, &repository)?;
        let checked_out = ear_after(&ear, "checkout", master.hook(branch, &commit)?, 1)?;
        if run > 0 {
            first.add(took);
            checkout.add(checked_out);
        }
    }
    drop(master);
    let master = start("many", 2 * ACTIONS)?;
    for _ in 0..HUNDREDS {
        hundred.add(ear_after(&ear, "one", master.hook("hundred", "0")?, 2 * ACTIONS)?);
    }
    let beside = |theirs: &Figures, ours: Duration| {
        let ratio = theirs.median().as_secs_f64() / ours.as_secs_f64().max(1e-9);
        format!("{ratio:.1} x of ours ({})", millis(ours))
    };
    let memories = memory / ours.memory.max(1e-9);
    tell("Buildbot 4.3.0: hook, no checkout", first.text(), &beside(&first, ours.at_hand));
    tell(
        "Buildbot 4.3.0: hook, checkout of files-100",
        checkout.text(),
        &beside(&checkout, ours.checkout),
    );
    tell(
        "Buildbot 4.3.0: hook to the last of 100 builds",
        hundred.text(),
        &beside(&hundred, ours.hundred),
    );
    tell(
        "Buildbot 4.3.0: idle, resident, with its worker",
        format!("{memory:.1} MB"),
        &format!("{memories:.1} x of ours ({:.1} MB)", ours.memory),
    );
    tell("wrkflw", "SKIP: not installed", "-");
    Ok(())
}

/// The time until so many words were heard.
fn ear_after(ear: &Ear, word: &str, sent: Instant, times: usize) -> Result<Duration> {
    let last = (0..times).try_fold(sent, |_, _| ear.hear(word))?;
    Ok(last.duration_since(sent))
}

/// A virtual environment with the packages; `Err(reason)` inside where it cannot be had here.
fn install(folder: &Path) -> Result<Result<PathBuf, String>> {
    let program = folder.join("bin/buildbot");
    let stamp = folder.join("installed.txt");
    let wanted = PACKAGES.join("\n");
    if program.exists() && fs::read_to_string(&stamp).is_ok_and(|text| text == wanted) {
        return Ok(Ok(program));
    }
    let Some(python) = python::find() else {
        return Ok(Err("no Python of version 3.10 or later".to_owned()));
    };
    let made = Command::new(&python).args(["-m", "venv", "--clear"]).arg(folder).output()?;
    if !made.status.success() {
        return Ok(Err(python::complaint(&made)));
    }
    let installed = Command::new(folder.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"])
        .args(PACKAGES)
        .output()?;
    if !installed.status.success() {
        return Ok(Err(python::complaint(&installed)));
    }
    fs::write(stamp, wanted)?;
    Ok(Ok(program))
}

/// A master that runs, killed on drop.
struct Master {
    process: Child,
    address: String,
}

impl Master {
    fn start(
        program: &Path,
        folder: &Path,
        name: &str,
        ear: &Ear,
        repository: &Path,
        branch: &str,
        many: usize,
    ) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let base = folder.join(name);
        let made = Command::new(program).args(["create-master", "--quiet"]).arg(&base).output()?;
        ensure!(made.status.success(), "create-master: {}", String::from_utf8_lossy(&made.stderr));
        let config = CONFIG
            .replace("PORT", &port.to_string())
            .replace("WORDS", &ear.path.to_string_lossy())
            .replace("REPOSITORY", &repository.to_string_lossy())
            .replace("BRANCH", branch)
            .replace("MANY", &many.to_string());
        fs::write(base.join("master.cfg"), config)?;
        let (said, log) = (folder.join("buildbot.log"), base.join("twistd.log"));
        let process = Command::new(program)
            .args(["start", "--nodaemon"])
            .arg(&base)
            .stdin(Stdio::null())
            .stdout(fs::File::create(&said)?)
            .stderr(fs::File::options().append(true).open(&said)?)
            .spawn()
            .context("buildbot")?;
        let mut master = Self { process, address: format!("127.0.0.1:{port}") };
        let until = Instant::now() + Duration::from_secs(90);
        let text = || fs::read_to_string(&log).unwrap_or_default();
        while !text().contains("BuildMaster is running") {
            if Instant::now() > until || master.process.try_wait()?.is_some() {
                bail!("Buildbot did not start: {}", text());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(master)
    }

    /// Tells of a change; gives the time at which all of it was sent.
    fn hook(&self, branch: &str, revision: &str) -> Result<Instant> {
        let body = format!("author=bench&comments=change&branch={branch}&revision={revision}");
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        post(&self.address, "/change_hook/base", headers, &body)
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

const CONFIG: &str = r#"
from buildbot.plugins import schedulers, steps, util, worker

def say(word):
    return steps.ShellCommand(command=["/bin/sh", "-c", "echo %s >'WORDS'" % word])

def builder(name, *of):
    return util.BuilderConfig(name=name, workernames=["local"], factory=util.BuildFactory(list(of)))

def follow(branch, names):
    return schedulers.SingleBranchScheduler(
        name=branch, builderNames=names, treeStableTimer=None,
        change_filter=util.ChangeFilter(branch=branch))

many = ["one-%d" % n for n in range(MANY)]
git = steps.Git(repourl="REPOSITORY", branch="BRANCH", mode="incremental")
c = BuildmasterConfig = {
    "workers": [worker.LocalWorker("local")],
    "builders": [builder("first", say("first")), builder("checkout", git, say("checkout"))]
        + [builder(name, say("one")) for name in many],
    "schedulers": [follow("first", ["first"]), follow("BRANCH", ["checkout"])]
        + ([follow("hundred", many)] if many else []),
    "collapseRequests": False,
    "protocols": {"null": {}},
    "buildbotNetUsageData": None,
    "db": {"db_url": "sqlite:///state.sqlite"},
    "www": {"port": "tcp:PORT:interface=127.0.0.1", "change_hook_dialects": {"base": True}},
}
"#;
