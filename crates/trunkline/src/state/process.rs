//! Which process this is, in a form that another process of the same machine can look up: so a lock whose
//! holder was killed here need not be waited for. On systems where it cannot be told, leases decide.

use std::fs;

/// This process: the machine's boot, the space of process numbers, the number, and when it started.
/// Empty where it cannot be told.
pub(crate) fn own() -> String {
    let number = std::process::id();
    let started = started(number);
    machine().zip(started).map_or(String::new(), |(m, s)| format!("{m}/{number}/{s}"))
}

/// Whether a process has certainly ended. False where that cannot be told from here.
pub(crate) fn is_gone(process: &str) -> bool {
    let mut parts = process.rsplitn(3, '/');
    let (Some(start), Some(number), Some(there)) = (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let Ok(number) = number.parse::<u32>() else { return false };
    let here = machine().is_some_and(|here| here == there);
    here && started(number).is_none_or(|now| now != start)
}

/// The machine's name.
pub(super) fn host() -> String {
    let read = |path| fs::read_to_string(path).ok().map(|t: String| t.trim().to_owned());
    let known = read("/proc/sys/kernel/hostname").or_else(|| read("/etc/hostname"));
    let known = known.or_else(|| crate::context::variable("HOSTNAME"));
    let known = known.or_else(|| crate::context::variable("COMPUTERNAME"));
    known.filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

fn machine() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{}/{}", boot.trim(), space.display()))
}

/// When a process started, in ticks since the boot; None where there is no such process, or only what is
/// left of one that has ended.
fn started(number: u32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name, in brackets, may hold anything.
    let mut rest = text.rsplit_once(')')?.1.split_whitespace();
    let state = rest.next()?;
    (state != "Z" && state != "X").then(|| rest.nth(18).map(str::to_owned)).flatten()
}
