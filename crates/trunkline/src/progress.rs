//! Progress: one line that is rewritten on a terminal, one line per state elsewhere.

#![allow(dead_code, reason = "the commands that call AWS use it")]

use crate::printer::{Printer, write_err};
use std::cell::Cell;

/// The progress of one long piece of work.
pub(crate) struct Progress<'a> {
    printer: &'a Printer,
    shown: Cell<bool>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(printer: &'a Printer) -> Self {
        Self { printer, shown: Cell::new(false) }
    }

    /// Shows a passing state, such as calls done and left; on a terminal only.
    pub(crate) fn update(&self, line: &str) {
        if self.printer.terminal && !self.printer.is_quiet() {
            write_err(&format!("\r\x1b[2K{line}"));
            self.shown.set(true);
        }
    }

    /// Says that something was reached; stays on the screen.
    pub(crate) fn state(&self, line: &str) {
        self.clear();
        self.printer.say(line);
    }

    fn clear(&self) {
        if self.shown.replace(false) {
            write_err("\r\x1b[2K");
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}
