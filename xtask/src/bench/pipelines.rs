//! Pipelines: from a push to the first command, what each further action costs, an idle server, a long past; with
//! Buildbot beside it in the same run where it can be installed.
//!
//! How the first command's fork is timed stands in `server` and in what is printed. Everything is durable: the
//! database is on the disk of the target folder, and the server has its usual settings but where a row says otherwise.

mod buildbot;
mod definitions;
mod history;
mod server;
mod work;

use super::measure::{resident, resident_with_children, spent_with_children};
use super::millis;
use crate::workspace::Workspace;
use anyhow::Result;
use definitions::{ACTIONS, CHECKOUTS, STEPS};
use server::{Ear, Server};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use work::Work;

/// Runs of everything that takes milliseconds.
const RUNS: usize = 25;

const METHOD: &str = "\
The first command is timed without a process of its own: it is `echo WORD >PIPE`, a builtin of the shell that the
action starts, and the time is when the word arrives at the reader of the named pipe. Each figure so includes the
shell's start and waking the reader, and is a little more than the time to the fork. It begins when the last byte of
the webhook was written to the socket; when the first line of a post-receive hook ran (its own shell is included); or
when `git push` was started. All on one monotonic clock. `min` is the least of the runs.";

/// Times of one thing.
#[derive(Default)]
pub(super) struct Figures(Vec<Duration>);

impl Figures {
    fn add(&mut self, time: Duration) {
        self.0.push(time);
        self.0.sort();
    }

    fn median(&self) -> Duration {
        let middle = self.0.len() / 2;
        match self.0.len() {
            0 => Duration::ZERO,
            n if n % 2 == 1 => self.0[middle],
            _ => (self.0[middle - 1] + self.0[middle]) / 2,
        }
    }

    fn least(&self) -> Duration {
        self.0.first().copied().unwrap_or_default()
    }

    fn text(&self) -> String {
        format!("{} (min {})", millis(self.median()), millis(self.least()))
    }
}

/// What the peer is held against.
#[derive(Default)]
struct Ours {
    at_hand: Duration,
    checkout: Duration,
    hundred: Duration,
    memory: f64,
}

/// Prints a row, as soon as it is known.
fn tell(what: &str, figure: impl Into<String>, beside: &str) {
    println!("{what:56}  {:>24}  {beside}", figure.into());
}

/// Prints the tables.
pub(super) fn run(workspace: &Workspace, binary: &Path) -> Result<()> {
    let folder = workspace.target.join("bench-pipelines");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let load = load();
    println!("pipelines, on {}", machine());
    println!("{METHOD}\n");
    let fsync = fsync(&folder)?;
    let mut ours = Ours::default();
    tell("one fsync of 4 KiB more, on this disk", fsync.text(), "as after each step");
    watched(binary, &folder.join("watched"))?;
    starts(binary, &folder.join("starts"), fsync.median(), &mut ours)?;
    super::build(workspace, &["--package", "trunkline-store", "--example", "history"])?;
    let past = folder.join("past");
    fs::create_dir_all(&past)?;
    server::project(&past, &Ear::new(past.join("words"))?)?;
    let example = workspace.built("release/examples", "history");
    history::measure(binary, &example, &past)?;
    println!();
    // A peer that fails is no failure of ours.
    if let Err(why) = buildbot::measure(workspace, &folder.join("buildbot"), &ours) {
        tell("Buildbot", "no further figure", &format!("{why:#}"));
    }
    println!("\nload average before: {load}; after: {}", self::load());
    if busy(&load) || busy(&self::load()) {
        println!("The machine was busy with something else: the medians are too high.");
    }
    Ok(())
}

/// From pushes and webhooks to commands.
fn starts(binary: &Path, folder: &Path, fsync: Duration, ours: &mut Ours) -> Result<()> {
    fs::create_dir_all(folder)?;
    let ear = Ear::new(folder.join("words"))?;
    server::project(folder, &ear)?;
    let mut server = Server::start(binary, folder)?;
    // What a server needs that has begun, and was left alone for a moment.
    std::thread::sleep(Duration::from_secs(1));
    ours.memory = resident(server.id()).unwrap_or_default();
    tell("idle server, resident", format!("{:.1} MB", ours.memory), "at most 30 MB");
    let both = resident_with_children(server.id()).unwrap_or_default();
    tell("- with the process that waits, shared pages once", format!("{both:.1} MB"), "-");
    let mut work = Work::make(folder)?;
    let figures = at_hand(&mut server, &mut work, &ear)?;
    ours.at_hand = figures.median();
    tell("webhook, source at hand", figures.text(), "at most 10 ms");

    let fresh = hooked(&mut server, &mut work, &ear, "at-hand")?;
    tell("webhook, a new commit, no checkout", fresh.text(), "-");
    for tree in CHECKOUTS {
        let figures = hooked(&mut server, &mut work, &ear, tree.branch)?;
        let first = tree.branch == CHECKOUTS[0].branch;
        if first {
            ours.checkout = figures.median();
        }
        let what = format!("webhook, a new commit, checkout of {}", tree.branch);
        tell(&what, figures.text(), if first { "at most 35 ms" } else { "-" });
    }
    pushes(&server, &mut work, &ear)?;
    many(&mut server, &mut work, &ear, fsync, ours)?;
    let after = resident(server.id()).unwrap_or_default();
    tell("the server after these executions", format!("{after:.1} MB"), "-");
    Ok(())
}

/// Webhooks of commits whose artifacts are there.
fn at_hand(server: &mut Server, work: &mut Work, ear: &Ear) -> Result<Figures> {
    let hosted = server.repository();
    let (here, there) = (work.commit("at-hand")?, work.commit("at-hand")?);
    work.push("at-hand", &hosted)?;
    let mut figures = Figures::default();
    for run in 0..RUNS + 2 {
        let commit = if run % 2 == 0 { &here } else { &there };
        work::point(&hosted, "at-hand", commit)?;
        // A server that has come to rest, as before most pushes.
        std::thread::sleep(Duration::from_millis(300));
        let sent = server.webhook("at-hand", commit)?;
        let took = ear.hear("first")?.duration_since(sent);
        server.succeeded("at-hand")?;
        // The first two make the artifacts.
        if run >= 2 {
            figures.add(took);
        }
    }
    Ok(figures)
}

/// The same with a watchdog in place of control groups.
fn watched(binary: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let ear = Ear::new(folder.join("words"))?;
    server::project(folder, &ear)?;
    let settings = folder.join("data/server.yaml");
    let text = fs::read_to_string(&settings)? + "builds: { controlGroup: false }\n";
    fs::write(&settings, text)?;
    let mut server = Server::start(binary, folder)?;
    let figures = at_hand(&mut server, &mut Work::make(folder)?, &ear)?;
    tell("webhook, source at hand, without a control group", figures.text(), "at most 10 ms");
    Ok(())
}

/// Webhooks of new commits, which the server's repository already has.
fn hooked(server: &mut Server, work: &mut Work, ear: &Ear, branch: &str) -> Result<Figures> {
    let mut figures = Figures::default();
    for run in 0..=RUNS {
        let commit = work.commit(branch)?;
        work.push(branch, &server.repository())?;
        let sent = server.webhook(branch, &commit)?;
        let took = ear.hear("first")?.duration_since(sent);
        server.succeeded(branch)?;
        if run > 0 {
            figures.add(took);
        }
    }
    Ok(figures)
}

/// Pushes to the server, over HTTP with a token.
fn pushes(server: &Server, work: &mut Work, ear: &Ear) -> Result<()> {
    let address = server.url.trim_start_matches("http://");
    let token = server.token()?;
    let url = format!("http://bench:{token}@{address}/git/{}.git", definitions::REPOSITORY);
    work::hook(&server.repository(), &ear.say("received"))?;
    for (branch, received, pushed) in
        [("at-hand", "-", "at most 100 ms"), ("files-100", "at most 35 ms", "at most 100 ms")]
    {
        let (mut from_receive, mut from_push) = (Figures::default(), Figures::default());
        for run in 0..=RUNS {
            work.commit(branch)?;
            let started = Instant::now();
            let mut push = work.start_push(branch, &url)?;
            let hook = ear.hear("received")?;
            let first = ear.hear("first")?;
            push.wait()?;
            server.succeeded(branch)?;
            if run > 0 {
                from_receive.add(first.duration_since(hook));
                from_push.add(first.duration_since(started));
            }
        }
        let what = if branch == "at-hand" { "no checkout" } else { "checkout of files-100" };
        tell(&format!("post-receive, {what}"), from_receive.text(), received);
        tell(&format!("`git push`, {what}"), from_push.text(), pushed);
    }
    work::unhook(&server.repository())
}

/// One action after the other, and many at once.
fn many(
    server: &mut Server,
    work: &mut Work,
    ear: &Ear,
    fsync: Duration,
    ours: &mut Ours,
) -> Result<()> {
    let own = shell(ear)?;
    let (mut each, mut all) = (Figures::default(), Figures::default());
    let before = spent_with_children(server.id()).unwrap_or_default();
    const TIMES: usize = 8;
    for _ in 0..TIMES {
        let commit = work.commit("steps")?;
        work.push("steps", &server.repository())?;
        server.webhook("steps", &commit)?;
        let first = ear.hear("step")?;
        let last = (1..STEPS).try_fold(first, |_, _| ear.hear("step"))?;
        each.add(last.duration_since(first) / u32::try_from(STEPS - 1)?);
        server.succeeded("steps")?;
    }
    let spent = spent_with_children(server.id()).unwrap_or_default().saturating_sub(before);
    let spent = spent / u32::try_from(TIMES * STEPS)?;
    for _ in 0..TIMES {
        let commit = work.commit("hundred")?;
        work.push("hundred", &server.repository())?;
        let sent = server.webhook("hundred", &commit)?;
        let last = (0..2 * ACTIONS).try_fold(sent, |_, _| ear.hear("one"))?;
        all.add(last.duration_since(sent));
        server.succeeded("hundred")?;
    }
    ours.hundred = all.median();
    let over = each.median().saturating_sub(own.median() + fsync);
    let beside = format!(
        "at most 3 ms over its shell ({}) and one fsync ({})",
        millis(own.median()),
        millis(fsync)
    );
    tell("each further action, from command to command", each.text(), &beside);
    tell("- over these", millis(over), "at most 3 ms");
    tell("- processor, with its shell", millis(spent), "-");
    let what = "webhook to the last command of 2 stages of 50 actions";
    tell(what, all.text(), "at most 300 ms for the execution");
    Ok(())
}

/// What the process of a command takes by itself.
fn shell(ear: &Ear) -> Result<Figures> {
    let mut figures = Figures::default();
    let script = ear.say("nothing");
    for _ in 0..RUNS {
        let started = Instant::now();
        Command::new("/bin/sh").args(["-c", &script]).stdin(Stdio::null()).status()?;
        figures.add(started.elapsed());
    }
    ear.forget();
    Ok(figures)
}

/// What it takes to have a little more of a file on the disk.
fn fsync(folder: &Path) -> Result<Figures> {
    let path = folder.join("fsync");
    let mut file = fs::File::create(&path)?;
    let mut figures = Figures::default();
    for _ in 0..100 {
        file.write_all(&[7; 4096])?;
        let started = Instant::now();
        file.sync_data()?;
        figures.add(started.elapsed());
    }
    fs::remove_file(path)?;
    Ok(figures)
}

fn machine() -> String {
    let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let model = text("/proc/cpuinfo");
    let model = model.lines().find_map(|l| l.strip_prefix("model name")?.split_once(':'));
    let memory = text("/proc/meminfo");
    let memory =
        memory.lines().find_map(|l| l.strip_prefix("MemTotal:")?.split_whitespace().next());
    let memory = memory.and_then(|kb| kb.parse::<f64>().ok()).unwrap_or_default() / 1e6;
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{processors} processors ({}), {memory:.0} GB, {} {}",
        model.map_or("unknown", |(_, name)| name.trim()),
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_else(|_| "unknown".to_owned());
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

/// Whether there was more to do in the last minute than what is measured makes.
fn busy(load: &str) -> bool {
    let processors = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    load.split(' ').next().and_then(|l| l.parse::<f64>().ok()).is_some_and(|l| l > processors)
}
