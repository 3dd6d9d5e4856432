//! The lock of a target: who works on it, under a token that only grows.
//!
//! The object is never deleted, so a token is never given out twice. A holder renews it while it works;
//! whoever waits watches the object by a clock of its own that only runs forward, so that neither a
//! holder's nor a waiter's wall clock matters.

use super::STATE_VERSION;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use trunkline_model::{Diagnostic, Report};

/// The lock as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// `STATE_VERSION` of the program that wrote it.
    pub version: u32,
    /// How often it has been taken; orders the runs of a target.
    pub token: u64,
    /// Who has it; None where it is free.
    pub holder: Option<Holder>,
    /// How often the holder has renewed it.
    pub renewed: u64,
    /// The last run that was begun under it.
    #[serde(default)]
    pub last_run: Option<String>,
}

/// Who has a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The caller's ARN.
    pub caller: String,
    /// The name of the machine.
    pub host: String,
    /// The process, in a form that only its own machine understands; empty where it cannot be told.
    #[serde(default)]
    pub process: String,
    /// What it does: `apply`.
    pub command: String,
    /// Its run; empty where it makes none, as `state prune` does.
    pub run: String,
    /// Since when, by its clock.
    pub since: String,
    /// For how many seconds it may go without renewing.
    pub lease_seconds: u64,
}

impl Default for Lock {
    fn default() -> Self {
        Self { version: STATE_VERSION, token: 0, holder: None, renewed: 0, last_run: None }
    }
}

impl Holder {
    /// Who it is, on one line.
    pub fn line(&self) -> String {
        let Self { caller, host, command, run, since, .. } = self;
        let run = if run.is_empty() { String::new() } else { format!(" run {run},") };
        format!("{caller} on {host}: `{command}`,{run} since {since}")
    }
}

/// The lock as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenLock {
    /// What is stored; the default where nothing is.
    pub lock: Lock,
    /// The object's version; None where there is none.
    pub version: Option<String>,
}

/// The lock as its holder has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLock {
    /// What is stored.
    pub lock: Lock,
    /// The object's version.
    pub version: String,
}

/// What a waiter can do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody has it: take it.
    Free,
    /// Its holder has not renewed it for a whole lease: take it over.
    Dead(Holder),
    /// Its holder lives.
    Alive(Holder),
    /// Not known yet: look again.
    Unknown(Holder),
}

/// Watches a lock that somebody has. Times are those of one clock that only runs forward.
#[derive(Debug, Default)]
pub struct Watch {
    first: Option<(String, Duration)>,
}

impl Watch {
    /// Judges what was just read.
    pub fn see(&mut self, seen: &SeenLock, now: Duration) -> Verdict {
        let (Some(holder), Some(version)) = (seen.lock.holder.clone(), seen.version.clone()) else {
            self.first = None;
            return Verdict::Free;
        };
        match &self.first {
            Some((first, since)) if *first == version => {
                let lease = Duration::from_secs(holder.lease_seconds.max(1));
                let silent = now.saturating_sub(*since) >= lease;
                if silent { Verdict::Dead(holder) } else { Verdict::Unknown(holder) }
            }
            Some(_) => {
                self.first = Some((version, now));
                Verdict::Alive(holder)
            }
            None => {
                self.first = Some((version, now));
                Verdict::Unknown(holder)
            }
        }
    }
}

/// TL0508: somebody works on the target.
pub fn held(target: &str, holder: &Holder) -> Report {
    Diagnostic::error("TL0508", "somebody else works on this target")
        .on(target)
        .because(holder.line())
        .help("wait for the end, for example with `--lock-timeout 600`; `trunkline state show` tells more")
        .report()
}

/// TL0509: the lock or the run is somebody else's now.
pub fn lost(target: &str, by: &str) -> Report {
    Diagnostic::error("TL0509", "somebody else took over; no further call was made")
        .on(target)
        .because(by.to_owned())
        .because("this process had not renewed its lock for a whole lease, or was told to give way")
        .help("`trunkline log` shows what became of the run")
        .report()
}
