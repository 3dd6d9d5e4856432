//! The log of a build: lines with their time, in a file before anybody sees them.
//!
//! `Logger` masks what commands write, cuts it into lines and counts it; `FileLog` is the sink that
//! the binary uses. No fsync: what was written outlives this process, not the machine.

use crate::mask::Masker;
use jiff::Timestamp;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

/// A line without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was read.
    pub time: Timestamp,
    /// Its text, masked.
    pub text: String,
}

impl LogLine {
    /// Writes it as the log file holds it: time in UTC with milliseconds, a space, the text.
    pub fn to_text(&self) -> String {
        format!("{:.3} {}", self.time, self.text)
    }

    /// Reads it from a line of a log file.
    pub fn parse(line: &str) -> Option<Self> {
        let (time, text) = line.split_once(' ')?;
        Some(Self { time: time.parse().ok()?, text: text.to_owned() })
    }
}

/// Where lines go.
pub trait LogSink: Send + Sync {
    /// Takes some lines, in order. An error ends the build with FAULT.
    fn lines(&self, lines: &[LogLine]) -> io::Result<()>;
}

/// A log file that is appended to.
pub struct FileLog(Mutex<File>);

impl FileLog {
    /// Opens a file for appending.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(Mutex::new(OpenOptions::new().create(true).append(true).open(path)?)))
    }
}

impl LogSink for FileLog {
    fn lines(&self, lines: &[LogLine]) -> io::Result<()> {
        let mut text = String::new();
        for line in lines {
            text.push_str(&line.to_text());
            text.push('\n');
        }
        let mut file = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.write_all(text.as_bytes())
    }
}

/// Lines are cut here: what is longer continues on the next line.
const LONGEST_LINE: usize = 16 << 10;

/// Between a build and its sink.
pub(crate) struct Logger<'a> {
    sink: &'a dyn LogSink,
    clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
    masker: Masker,
    partial: Vec<u8>,
    written: u64,
    limit: u64,
}

/// What came of taking output.
#[derive(Debug)]
pub(crate) enum Taken {
    /// It was written.
    Written,
    /// The log is full; this and what follows is dropped.
    Full,
}

impl<'a> Logger<'a> {
    pub(crate) fn new(
        sink: &'a dyn LogSink,
        clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
        limit: u64,
    ) -> Self {
        Self { sink, clock, masker: Masker::default(), partial: Vec::new(), written: 0, limit }
    }

    /// Sets what is masked from here on.
    pub(crate) fn mask_with(&mut self, masker: Masker) {
        self.masker = masker;
    }

    /// Masks a text that goes elsewhere than to the log.
    pub(crate) fn masked(&self, text: &str) -> String {
        self.masker.text(text)
    }

    /// Takes what commands wrote.
    pub(crate) fn output(&mut self, bytes: &[u8]) -> io::Result<Taken> {
        if self.written >= self.limit {
            return Ok(Taken::Full);
        }
        self.masker.push(bytes, &mut self.partial);
        self.cut(false)
    }

    /// Writes what was held back; a command has ended.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.masker.finish(&mut self.partial);
        self.cut(true).map(drop)
    }

    /// Writes a line of the build itself.
    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        self.flush()?;
        let time = (self.clock)();
        let stamp = time.strftime("%Y/%m/%d %H:%M:%S%.6f");
        let lines: Vec<LogLine> = self
            .masked(text)
            .split('\n')
            .enumerate()
            .map(|(at, part)| {
                let text =
                    if at == 0 { format!("[Container] {stamp} {part}") } else { part.to_owned() };
                LogLine { time, text }
            })
            .collect();
        self.sink.lines(&lines)
    }

    fn cut(&mut self, all: bool) -> io::Result<Taken> {
        let time = (self.clock)();
        let mut lines = Vec::new();
        let mut start = 0;
        while start < self.partial.len() {
            let rest = &self.partial[start..];
            let (length, skip) = match rest.iter().position(|b| *b == b'\n') {
                Some(at) if at <= LONGEST_LINE => (at, 1),
                _ if rest.len() > LONGEST_LINE => (LONGEST_LINE, 0),
                _ if all => (rest.len(), 0),
                _ => break,
            };
            let text = String::from_utf8_lossy(rest[..length].trim_ascii_end_cr()).into_owned();
            lines.push(LogLine { time, text });
            start += length + skip;
            self.written += (length + skip) as u64;
            if self.written >= self.limit {
                start = self.partial.len();
            }
        }
        self.partial.drain(..start);
        if !lines.is_empty() {
            self.sink.lines(&lines)?;
        }
        Ok(if self.written >= self.limit { Taken::Full } else { Taken::Written })
    }
}

trait TrimCr {
    fn trim_ascii_end_cr(&self) -> &[u8];
}

impl TrimCr for [u8] {
    fn trim_ascii_end_cr(&self) -> &[u8] {
        self.strip_suffix(b"\r").unwrap_or(self)
    }
}
