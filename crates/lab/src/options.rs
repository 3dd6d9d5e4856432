//! How a lab is started, and what it reports while it runs.

use crate::service::Settings;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How a lab is started. The default is what `trunkline lab` does without flags, in memory.
#[derive(Clone, Debug)]
pub struct Options {
    /// The secret of every 12-digit access key id.
    pub secret: String,
    /// Whether signatures are verified.
    pub verify: bool,
    /// Whether roles must exist, trust their caller, and allow each call made with them.
    pub strict_roles: bool,
    /// How many times faster than the service: multiplies rates, divides the search index's lag.
    pub time_scale: f64,
    /// Whether calls over the rate are answered with 429.
    pub throttle: bool,
    /// Seconds that the search index lags, at time scale 1.
    pub search_lag_seconds: f64,
    /// Belief: a published flow may name one that is only saved.
    pub published_may_name_saved: bool,
    /// Belief: SearchContactFlows and SearchContactFlowModules return Content.
    pub search_returns_content: bool,
    /// Seconds after which a replica has what its source has, at time scale 1.
    pub replication_lag_seconds: f64,
    /// Seconds after which CloudTrail shows an event, at time scale 1.
    pub trail_lag_seconds: f64,
    /// Quotas by resource, such as `flows` -> 100; empty switches them off.
    pub quotas: BTreeMap<String, usize>,
    /// The folder that keeps the state; None keeps it in memory only.
    pub data: Option<PathBuf>,
    /// The file to which every exchange is appended as one JSON line.
    pub record: Option<PathBuf>,
    /// Makes ids the same in every run; None takes fresh ones.
    pub seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            secret: "x".to_owned(),
            verify: true,
            strict_roles: false,
            time_scale: 1.0,
            throttle: true,
            search_lag_seconds: settings.search_lag_seconds,
            published_may_name_saved: settings.published_may_name_saved,
            search_returns_content: settings.search_returns_content,
            replication_lag_seconds: settings.replication_lag_seconds,
            trail_lag_seconds: settings.trail_lag_seconds,
            quotas: settings.quotas,
            data: None,
            record: None,
            seed: None,
        }
    }
}

impl Options {
    /// What the services see of the options.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            search_lag_seconds: self.search_lag_seconds / self.time_scale,
            published_may_name_saved: self.published_may_name_saved,
            search_returns_content: self.search_returns_content,
            quotas: self.quotas.clone(),
            replication_lag_seconds: self.replication_lag_seconds / self.time_scale,
            trail_lag_seconds: self.trail_lag_seconds / self.time_scale,
        }
    }
}

/// What a lab tells whoever started it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Something that a person should know, such as a role that was assumed but never created.
    Warning(String),
    /// One request over HTTP and how it was answered.
    Exchange {
        /// Account of the credentials; empty where they were not accepted.
        account: String,
        /// Region of the signature's scope.
        region: String,
        /// `connect`, `s3` ...
        service: String,
        /// The operation, or method and path where none was found.
        operation: String,
        /// The HTTP status; None for an answer that was dropped on purpose.
        status: Option<u16>,
        /// The error's name.
        error: Option<String>,
        /// How long it took.
        milliseconds: u64,
    },
}

/// Why a lab cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or a file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// What was opened.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line of the log, other than its last, is no request.
    #[error("{path}: line {line} is no stored request: {reason}")]
    Log {
        /// The log.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}
