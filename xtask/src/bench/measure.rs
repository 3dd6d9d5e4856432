//! What a program takes: wall time, and on Linux processor time and peak memory, read from `/proc` while
//! it runs (the last reading stands a few milliseconds before its end).

use anyhow::{Context, Result, bail};
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What one run took.
pub(crate) struct Taken {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// Peak resident memory in MB.
    pub(crate) memory: f64,
    pub(crate) code: Option<i32>,
}

/// The kernel's clock ticks of `/proc/PID/stat`, by its ABI.
const TICK: Duration = Duration::from_millis(10);

/// Runs a program to its end, whatever that is.
pub(crate) fn measure(command: &mut Command) -> Result<Taken> {
    let started = Instant::now();
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.stdin(Stdio::null()).spawn().context(name)?;
    let (mut memory, mut cpu) = (0.0_f64, Duration::ZERO);
    loop {
        memory = memory.max(peak(child.id()).unwrap_or_default());
        cpu = cpu.max(spent(&child.id().to_string(), 13).unwrap_or_default());
        if let Some(status) = child.try_wait()? {
            return Ok(Taken { wall: started.elapsed(), cpu, memory, code: status.code() });
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}

fn peak(id: u32) -> Option<f64> {
    megabytes(&format!("/proc/{id}/status"), "VmHWM:")
}

/// User and system time of a process, at this position of its `stat`.
fn spent(process: &str, position: usize) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is a name in brackets, which may hold spaces.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at - 2)?.parse::<u32>().ok();
    Some(TICK * (ticks(position)? + ticks(position + 1)?))
}

/// Resident memory of a process in MB.
pub(crate) fn resident(id: u32) -> Option<f64> {
    megabytes(&format!("/proc/{id}/status"), "VmRSS:")
}

/// Memory of a process and its children in MB; what they share counts once.
pub(crate) fn resident_with_children(id: u32) -> Option<f64> {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).ok()?.flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<String> =
        lists.flat_map(|l| l.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
    let all = std::iter::once(id.to_string()).chain(children);
    all.map(|id| megabytes(&format!("/proc/{id}/smaps_rollup"), "Pss:")).sum()
}

/// A field of a file of /proc that is in kB.
fn megabytes(file: &str, field: &str) -> Option<f64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix(field))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<f64>().ok()? / 1024.0)
}

/// Processor time of a process and of its children that have ended, with theirs.
pub(crate) fn spent_with_children(id: u32) -> Option<Duration> {
    Some(spent(&id.to_string(), 13)? + spent(&id.to_string(), 15)?)
}

/// Processor time of this process's children that have ended, with theirs.
pub(crate) fn spent_by_children() -> Option<Duration> {
    spent("self", 15)
}

/// The median wall time of a command that must succeed: ten times, after one that does not count.
pub(crate) fn median(command: &mut Command) -> Result<Duration> {
    const RUNS: usize = 10;
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
    Ok((times[RUNS / 2 - 1] + times[RUNS / 2]) / 2)
}
