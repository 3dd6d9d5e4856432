//! Masks secrets in a stream of bytes, in every form in which they are commonly shown: as they are,
//! percent-encoded, in base64 at every alignment, line by line. Access key ids are masked too.
//!
//! `log` and `run` use it. Output is held back only while what came last could be the beginning of a
//! secret. Deliberately absent: parts of a secret, and encodings that nobody writes by accident.

mod automaton;
mod forms;

use automaton::{Automaton, Tracker};
use std::collections::VecDeque;
use std::sync::Arc;
use trunkline_model::Diagnostic;

/// Characters. A shorter secret would mask half of every log: it is refused.
pub const SHORTEST: usize = 4;

/// What stands for a secret.
pub const MASK: &str = "***";

/// An access key id: one of the beginnings, then sixteen more of its letters.
const KEY_IDS: [&[u8; 4]; 2] = [b"AKIA", b"ASIA"];
const KEY_ID: usize = 20;

/// How much of base64 at the end of a line makes the next line wait for being its continuation.
const WRAPPED: usize = 4;

/// Masks one stream. A clone shares the patterns and goes on from the same place.
#[derive(Clone, Default)]
pub struct Masker {
    plain: Arc<Automaton>,
    base64: Arc<Automaton>,
    /// Plain and base64 as it stands, then both in what percent-encoding stands for.
    trackers: [Tracker; 4],
    /// A percent sign and the digit after it.
    escape: Vec<(u8, u64)>,
    key: VecDeque<(u8, u64)>,
    pending: Vec<(u8, bool)>,
    /// The position of the first pending byte.
    base: u64,
    in_mask: bool,
}

impl Masker {
    /// Makes a masker of secrets, by name and value. A short one is refused (TL0850).
    pub fn new(secrets: &[(String, String)]) -> Result<Self, Diagnostic> {
        let mut plain = Automaton::default();
        let mut base64 = Automaton::default();
        for (name, value) in secrets {
            let length = value.chars().count();
            if length < SHORTEST {
                let message = format!("the secret `{name}` has {length} characters");
                return Err(Diagnostic::error("TL0850", message)
                    .because(format!("a secret is masked from {SHORTEST} characters on"))
                    .help("use a longer secret, or a plain variable if it is none"));
            }
            for text in forms::texts(value) {
                forms::plain(&text).iter().for_each(|form| plain.add(form));
                forms::base64(&text).iter().for_each(|form| base64.add(form));
            }
        }
        plain.link();
        base64.link();
        Ok(Self { plain: Arc::new(plain), base64: Arc::new(base64), ..Self::default() })
    }

    /// Masks a whole text.
    pub fn text(&self, text: &str) -> String {
        let mut fresh =
            Self { plain: self.plain.clone(), base64: self.base64.clone(), ..Self::default() };
        let mut out = Vec::with_capacity(text.len());
        fresh.push(text.as_bytes(), &mut out);
        fresh.finish(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Takes some bytes, and appends to `out` what can be shown by now.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for byte in bytes {
            let at = self.base + self.pending.len() as u64;
            self.pending.push((*byte, false));
            self.key_id(*byte, at);
            if !(self.plain.is_empty()) {
                self.step(0, *byte, at, at + 1);
                self.decode(*byte, at);
            }
        }
        let end = self.base + self.pending.len() as u64;
        let held = self.trackers.iter().filter_map(Tracker::held);
        let held = held.chain(self.key_held()).chain(self.escape.first().map(|(_, at)| *at));
        let until = held.min().unwrap_or(end);
        self.emit(until.saturating_sub(self.base) as usize, out);
    }

    /// Ends the stream: appends the rest to `out`, and begins anew.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.emit(self.pending.len(), out);
        self.trackers = Default::default();
        self.escape.clear();
        self.key.clear();
        self.in_mask = false;
    }

    fn emit(&mut self, count: usize, out: &mut Vec<u8>) {
        for (byte, masked) in self.pending.drain(..count) {
            if !masked {
                out.push(byte);
            } else if !self.in_mask {
                out.extend_from_slice(MASK.as_bytes());
            }
            self.in_mask = masked;
        }
        self.base += count as u64;
    }

    /// Gives a byte that stands from `start` to `end` to the trackers of its reading: 0 as it stands,
    /// 2 decoded.
    fn step(&mut self, reading: usize, byte: u8, start: u64, end: u64) {
        let found = self.trackers[reading].step(&self.plain, byte, start);
        self.cover(found, end);
        let tracker = &mut self.trackers[reading + 1];
        if matches!(byte, b'\n' | b'\r') {
            // Long base64 is wrapped: what goes on after the end of a line is the same text.
            tracker.line_end(WRAPPED, end);
        } else {
            let found = tracker.step(&self.base64, byte, start);
            self.cover(found, end);
        }
    }

    fn decode(&mut self, byte: u8, at: u64) {
        match (self.escape.len(), byte.is_ascii_hexdigit()) {
            (1, true) => self.escape.push((byte, at)),
            (2, true) => {
                let value = |digit: u8| (digit as char).to_digit(16).unwrap_or(0) as u8;
                let (decoded, start) =
                    (value(self.escape[1].0) << 4 | value(byte), self.escape[0].1);
                self.escape.clear();
                self.step(2, decoded, start, at + 1);
            }
            _ => {
                for (byte, at) in std::mem::take(&mut self.escape) {
                    self.step(2, byte, at, at + 1);
                }
                if byte == b'%' {
                    self.escape.push((byte, at));
                } else {
                    self.step(2, byte, at, at + 1);
                }
            }
        }
    }

    fn key_id(&mut self, byte: u8, at: u64) {
        if !(byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
            self.key.clear();
            return;
        }
        if self.key.len() == KEY_ID {
            self.key.pop_front();
        }
        self.key.push_back((byte, at));
        if self.key.len() == KEY_ID && self.begins_key(0) {
            let start = self.key[0].1;
            self.cover(Some(start), at + 1);
        }
    }

    fn begins_key(&self, from: usize) -> bool {
        let letters = || self.key.iter().skip(from).map(|(byte, _)| byte);
        KEY_IDS.iter().any(|begin| letters().zip(begin.iter()).all(|(a, b)| a == b))
    }

    fn key_held(&self) -> Option<u64> {
        // A full window was decided; what it could still be begins after its first letter.
        let first = usize::from(self.key.len() == KEY_ID);
        (first..self.key.len()).find(|from| self.begins_key(*from)).map(|from| self.key[from].1)
    }

    fn cover(&mut self, start: Option<u64>, end: u64) {
        let Some(start) = start else { return };
        let from = start.saturating_sub(self.base) as usize;
        let to = (end - self.base) as usize;
        for (_, masked) in &mut self.pending[from..to] {
            *masked = true;
        }
    }
}

#[cfg(test)]
mod tests;
