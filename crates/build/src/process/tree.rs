//! The processes of a build as /proc shows them: by their group, by the marker in their
//! environment, and by their parents.

use crate::environment::MARKER;
use rustix::process::{Pid, PidfdFlags, Signal};
use std::collections::BTreeMap;
use std::fs;

/// A process that is not dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub pid: i32,
    pub parent: i32,
    pub group: i32,
    /// When it was started, in ticks since the machine was; with the id it names one process.
    pub started: u64,
    /// Resident memory in bytes.
    pub resident: u64,
    /// Where its environment lies in its memory, if it has a memory: from 0 to 0 while it becomes another program.
    environment: Option<(u64, u64)>,
}

/// Finds the processes of a build among those with a greater id than `after`, and the leaders of `groups`.
///
/// A group counts only while its leader is not reaped: then nobody else can have its number.
pub(crate) fn of_build(build: &str, groups: &[i32], after: i32) -> Vec<Process> {
    let own = std::process::id() as i32;
    let mut found = Vec::new();
    let mut others = Vec::new();
    let leaders = groups.iter().copied().filter(|pid| *pid <= after);
    for pid in pids(after).into_iter().chain(leaders).filter(|pid| *pid != own) {
        let Some(process) = read(pid) else { continue };
        if groups.contains(&process.group) || carries(&process, build) {
            found.push(process);
        } else {
            others.push(process);
        }
    }
    let mut known: BTreeMap<i32, u64> = found.iter().map(|p| (p.pid, p.started)).collect();
    loop {
        // A child is not older than its parent; one that is has another parent of that id.
        let (children, rest): (Vec<_>, Vec<_>) = others
            .into_iter()
            .partition(|p| known.get(&p.parent).is_some_and(|started| *started <= p.started));
        if children.is_empty() {
            return found;
        }
        known.extend(children.iter().map(|p| (p.pid, p.started)));
        found.extend(children);
        others = rest;
    }
}

/// Ends a process that was found, unless its id belongs to another one by now.
pub(crate) fn end(process: &Process) -> bool {
    let Some(pid) = Pid::from_raw(process.pid) else { return false };
    let Ok(handle) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) else { return false };
    // Not its parent: when that one was ended first, it has another by now.
    let still = read(process.pid).is_some_and(|now| now.started == process.started);
    still && rustix::process::pidfd_send_signal(&handle, Signal::KILL).is_ok()
}

/// How many threads the machine has, and the id that was given last.
pub(crate) fn load() -> Option<(usize, i32)> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    let mut words = text.split_whitespace().skip(3);
    let threads = words.next()?.split_once('/')?.1.parse().ok()?;
    Some((threads, words.next()?.parse().ok()?))
}

/// So many ids are tried one by one; for more the whole of /proc is listed.
const FEW: i32 = 64;

/// The ids that can be in use above one.
fn pids(after: i32) -> Vec<i32> {
    if let Some((_, latest)) = load().filter(|(_, latest)| after > 0 && latest - after <= FEW) {
        // What is started meanwhile by something in this range has a greater id.
        return (after + 1..=latest + FEW / 4).collect();
    }
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let all = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    all.filter(|pid| *pid > after).collect()
}

/// A process, unless it is dead.
pub(crate) fn read(pid: i32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parse(pid, &stat)
}

/// Reads a line of /proc/PID/stat. The name in parentheses may hold anything.
fn parse(pid: i32, stat: &str) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(')')?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    if matches!(*words.first()?, "Z" | "X") {
        return None;
    }
    let pages: u64 = words.get(21)?.parse().ok()?;
    Some(Process {
        pid,
        parent: words.get(1)?.parse().ok()?,
        group: words.get(2)?.parse().ok()?,
        started: words.get(19)?.parse().ok()?,
        resident: pages * rustix::param::page_size() as u64,
        environment: match words.get(20)? {
            &"0" => None,
            _ => Some((words.get(47)?.parse().ok()?, words.get(48)?.parse().ok()?)),
        },
    })
}

/// Whether the environment of a process, which was just read, names a build. While a process becomes another program
/// it shows none, or a part.
fn carries(process: &Process, build: &str) -> bool {
    let file = format!("/proc/{}/environ", process.pid);
    let is_named = |variable: &[u8]| {
        let value = variable.strip_prefix(MARKER.as_bytes()).and_then(|v| v.strip_prefix(b"="));
        value.is_some_and(|value| value == build.as_bytes())
    };
    let mut before = process.environment;
    for _ in 0..1000 {
        let Ok(environment) = fs::read(&file) else { return false };
        if environment.split(|b| *b == 0).any(is_named) {
            return true;
        }
        let Some(now) = read(process.pid).map(|now| now.environment) else { return false };
        if now == before && now != Some((0, 0)) {
            return false;
        }
        before = now;
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_confuse_the_fields() {
        let tail = "4 0 0 0 0 0 0 0 0 20 0 1 0 99 8192 3 18446744073709551615";
        let memory = format!("{}7 8 0", "1 ".repeat(24));
        let stat = format!("12 (a) b (c) S 10 11 9 0 -1 {tail} {memory}");
        let got = parse(12, &stat).unwrap();
        assert_eq!((got.parent, got.group, got.started), (10, 11, 99));
        assert_eq!(got.resident, 3 * rustix::param::page_size() as u64);
        assert_eq!(got.environment, Some((7, 8)));
        assert_eq!(parse(12, "12 (gone) Z 1 1 1"), None);
    }

    #[test]
    fn a_process_is_known_also_while_it_becomes_another_program() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("again");
        fs::write(&script, "exec /bin/sh \"$0\"\n").unwrap();
        let build = format!("becomes-{}", std::process::id());
        let mut child = std::process::Command::new("/bin/sh")
            .arg(&script)
            .env(MARKER, &build)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let pid = child.id() as i32;
        let known = |_: &u32| read(pid).is_some_and(|process| carries(&process, &build));
        let known = (0..3000).filter(known).count();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(known, 3000);
    }
}
