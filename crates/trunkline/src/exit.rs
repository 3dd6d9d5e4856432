//! Exit codes: the one table, printed by `trunkline help exit-codes`.

use std::process::ExitCode;
use trunkline_model::{ExitKind, Report, Severity, code_info};

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "the table is whole; commands that plan and deliver use the rest")]
pub(crate) enum Exit {
    Done,
    Failed,
    Differences,
    Verdict,
    Credentials,
    Waiting,
    Usage,
    NotMerged,
    Interrupted,
    Terminated,
}

/// Every exit code with its meaning.
pub(crate) const TABLE: &[(Exit, u8, &str)] = &[
    (Exit::Done, 0, "done, or nothing to change"),
    (Exit::Failed, 1, "it failed: AWS, git, a file, a server; or any target of several failed"),
    (Exit::Differences, 2, "differences exist (only with --exit-code)"),
    (Exit::Verdict, 3, "a verdict is negative: findings, failed tests, a policy, a rejection"),
    (Exit::Credentials, 4, "credentials or sign-in are missing, expired or refused"),
    (Exit::Waiting, 5, "stopped until a person decides: an approval, a stale plan"),
    (Exit::Usage, 64, "bad usage, or a configuration that cannot be used"),
    (Exit::NotMerged, 129, "only `merge-driver`: nothing was merged, git keeps our version"),
    (Exit::Interrupted, 130, "interrupted (Ctrl-C); the message says how to go on"),
    (Exit::Terminated, 143, "terminated (SIGTERM); the message says how to go on"),
];

impl Exit {
    /// Returns the exit code that a report asks for: its first error's.
    pub(crate) fn of(report: &Report) -> Self {
        let errors = || report.0.iter().filter(|d| d.severity == Severity::Error);
        if errors().any(|d| d.code == "TL0506") {
            return Self::Interrupted;
        }
        let first = errors().chain(&report.0).next().and_then(|d| code_info(&d.code));
        match first.map(|info| info.exit) {
            Some(ExitKind::Verdict) => Self::Verdict,
            Some(ExitKind::Credentials) => Self::Credentials,
            Some(ExitKind::Waiting) => Self::Waiting,
            Some(ExitKind::Usage) => Self::Usage,
            Some(ExitKind::Failed) | None => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        let row = TABLE.iter().find(|(e, ..)| *e == exit).expect("every exit is in the table");
        Self::from(row.1)
    }
}
