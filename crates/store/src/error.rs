//! What goes wrong with a database, told apart as far as it needs different answers.

use rusqlite::ErrorCode;
use std::path::Path;
use trunkline_model::Diagnostic;

/// The result of the store's methods.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something cannot be remembered or recalled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A newer program has changed the database.
    #[error("the database is of a newer version of Trunkline")]
    Newer,
    /// The file is no database, or is damaged.
    #[error("the database is damaged: {0}")]
    Corrupted(String),
    /// There is no room for what has to be written.
    #[error("the disk is full, or a limit on files is reached: {0}")]
    Full(String),
    /// Somebody else writes, for longer than was waited.
    #[error("somebody else is writing to the database")]
    Locked,
    /// It may only be read, or not even that.
    #[error("the database cannot be opened or written: {0}")]
    Unusable(String),
    /// There is none.
    #[error("there is no database yet")]
    Absent,
    /// Events were appended by somebody else since they were last read.
    #[error("the events of `{pipeline}` go on from {found}, not from {expected}")]
    Conflict {
        /// The pipeline.
        pipeline: String,
        /// The next sequence number that the writer expected.
        expected: u64,
        /// The one that it is.
        found: u64,
    },
    /// Something stored has a form that this program does not know.
    #[error("what is stored as {what} cannot be read: {why}")]
    Unreadable {
        /// What it is.
        what: String,
        /// Why.
        why: String,
    },
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupted(text),
            Some(ErrorCode::DiskFull) => Self::Full(text),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(_) => Self::Unusable(text),
            None => Self::Corrupted(text),
        }
    }
}

impl From<rusqlite_migration::Error> for Error {
    fn from(error: rusqlite_migration::Error) -> Self {
        use rusqlite_migration::{Error as Migration, MigrationDefinitionError};
        match error {
            Migration::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
                Self::Newer
            }
            Migration::RusqliteError { err, .. } => err.into(),
            other => Self::Corrupted(other.to_string()),
        }
    }
}

impl Error {
    /// The code of what a person is told.
    pub fn code(&self) -> &'static str {
        self.told().0
    }

    fn told(&self) -> (&'static str, &'static str) {
        match self {
            Self::Newer => ("TL0880", "use that version, or another data folder"),
            Self::Corrupted(_) | Self::Unreadable { .. } => {
                ("TL0881", "put a backup in its place, or move it away to begin anew")
            }
            Self::Full(_) => ("TL0882", "make room; nothing that was written before is lost"),
            Self::Locked | Self::Conflict { .. } => {
                ("TL0883", "end the other program that uses this data folder")
            }
            Self::Unusable(_) => ("TL0884", "check that the data folder may be written"),
            Self::Absent => {
                ("TL0884", "`trunkline pipeline run NAME` or `trunkline serve` makes it")
            }
        }
    }

    /// What a person is told. TL0880: newer. TL0881: damaged. TL0882: full. TL0883: locked.
    /// TL0884: anything else.
    pub fn diagnostic(&self, file: &Path) -> Diagnostic {
        let (code, help) = self.told();
        Diagnostic::error(code, self.to_string()).in_file(file.display().to_string()).help(help)
    }
}
