//! Opening a database: its settings, its migrations, and one connection for writing and one for reading.

use crate::{Error, Result};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use rusqlite_migration::{M, Migrations};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a write waits for another one to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Every step from an empty file to what this program writes. Steps that were released are never changed.
const STEPS: &[M<'static>] = &[M::up(include_str!("../migrations/0001_begin.sql"))];
const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// What a store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Made where it is absent, brought to the newest form, read and written.
    Write,
    /// Only read; it must be there.
    Read,
}

/// A database.
pub struct Store {
    path: PathBuf,
    /// Absent where it is only read.
    writer: Option<Mutex<Connection>>,
    /// Lists do not wait for writes.
    reader: Mutex<Connection>,
}

impl Store {
    /// Opens a database. To be called away from async code, as all methods: they wait for the disk.
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        let writer = match access {
            Access::Write => Some(Mutex::new(writer(path)?)),
            Access::Read if !path.exists() => return Err(Error::Absent),
            Access::Read => None,
        };
        let reader = reader(path)?;
        Ok(Self { path: path.to_owned(), writer, reader: Mutex::new(reader) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        work(&locked(&self.reader))
    }

    /// Writes in one transaction, durable when this returns; nothing of it stays where `work` fails.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let Some(writer) = &self.writer else {
            return Err(Error::Unusable("it was opened only for reading".to_owned()));
        };
        transaction(&mut locked(writer), work)
    }

    /// Writes as `write` does, without waiting for the disk: a crash of the program loses nothing, one of the
    /// machine what no later `write` has followed.
    pub(crate) fn write_soon<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let Some(writer) = &self.writer else {
            return Err(Error::Unusable("it was opened only for reading".to_owned()));
        };
        let mut connection = locked(writer);
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let result = transaction(&mut connection, work);
        connection.pragma_update(None, "synchronous", "FULL")?;
        result
    }
}

fn transaction<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let result = work(&transaction)?;
    transaction.commit()?;
    Ok(result)
}

/// A panic while the lock was held has rolled its transaction back: the connection is as good as before.
fn locked(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn writer(path: &Path) -> Result<Connection> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    // WAL: readers and the writer do not wait for each other. FULL: a commit is on the disk.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    MIGRATIONS.to_latest(&mut connection)?;
    Ok(connection)
}

fn reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Somebody else may have made it with another program.
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match usize::try_from(version).unwrap_or_default().cmp(&STEPS.len()) {
        std::cmp::Ordering::Greater => Err(Error::Newer),
        std::cmp::Ordering::Less => Err(Error::Absent),
        std::cmp::Ordering::Equal => Ok(connection),
    }
}
