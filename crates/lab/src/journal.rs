//! The log of a lab with `--data`: every request that changed something, one JSON line each, replayed at
//! start through the same functions that answered it.

use crate::options::OpenError;
use crate::request::{Principal, Request};
use crate::text::{base64, from_base64};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use trunkline_model::{AccountId, Region};

/// A line of the log.
#[derive(Serialize, Deserialize)]
pub(crate) struct Entry {
    account: String,
    region: String,
    principal: Principal,
    service: String,
    operation: String,
    input: Value,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    body_base64: String,
    pub(crate) now: Timestamp,
    pub(crate) seed: u64,
    /// The request's number in its run, from which a fixed seed goes on.
    pub(crate) number: u64,
}

impl Entry {
    pub(crate) fn new(request: &Request, now: Timestamp, seed: u64, number: u64) -> Self {
        Self {
            account: request.account.to_string(),
            region: request.region.to_string(),
            principal: request.principal.clone(),
            service: request.service.clone(),
            operation: request.operation.clone(),
            input: request.input.clone(),
            body_base64: base64(&request.body),
            now,
            seed,
            number,
        }
    }

    /// The request as it was made.
    pub(crate) fn request(self) -> Result<Request, String> {
        Ok(Request {
            account: AccountId::parse(&self.account).map_err(|e| e.to_string())?,
            region: Region::parse(&self.region).map_err(|e| e.to_string())?,
            principal: self.principal,
            service: self.service,
            operation: self.operation,
            input: self.input,
            body: from_base64(&self.body_base64).ok_or("body_base64 is not base64")?,
        })
    }
}

/// The open log.
pub(crate) struct Journal {
    file: File,
}

/// What a log held when it was opened.
pub(crate) struct Stored {
    pub(crate) entries: Vec<Entry>,
    pub(crate) warning: Option<String>,
}

impl Journal {
    /// Opens or creates the log in a folder. A last line without its end is what a killed process leaves: it is
    /// cut off with a warning.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Stored), OpenError> {
        let path = folder.join("requests.jsonl");
        let io = |source| OpenError::Io { path: path.clone(), source };
        std::fs::create_dir_all(folder).map_err(io)?;
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(io)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let mut warning = None;
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(io)?;
            file.seek(SeekFrom::End(0)).map_err(io)?;
            warning = Some(format!("{}: the last line was torn and is left out", path.display()));
        }
        let entries = parse(&bytes[..whole], &path)?;
        Ok((Self { file }, Stored { entries, warning }))
    }

    /// Appends one request.
    pub(crate) fn append(&mut self, entry: &Entry) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

fn parse(bytes: &[u8], path: &Path) -> Result<Vec<Entry>, OpenError> {
    let lines = bytes.split(|b| *b == b'\n').enumerate().filter(|(_, l)| !l.is_empty());
    lines
        .map(|(at, line)| {
            serde_json::from_slice(line).map_err(|error| OpenError::Log {
                path: PathBuf::from(path),
                line: at + 1,
                reason: error.to_string(),
            })
        })
        .collect()
}
