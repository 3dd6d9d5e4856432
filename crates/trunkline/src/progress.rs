//! Progress: one line that is rewritten on a terminal, one line per state elsewhere.

use crate::printer::{Printer, write_err};
use std::sync::atomic::{AtomicBool, Ordering};

/// The progress of one long piece of work.
pub(crate) struct Progress<'a> {
    printer: &'a Printer,
    shown: AtomicBool,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(printer: &'a Printer) -> Self {
        Self { printer, shown: AtomicBool::new(false) }
    }

    /// Shows a passing state, such as calls done and left; on a terminal only.
    pub(crate) fn update(&self, line: &str) {
        if self.printer.terminal && !self.printer.is_quiet() {
            write_err(&format!("\r\x1b[2K{line}"));
            self.shown.store(true, Ordering::Relaxed);
        }
    }

    /// Says that something was reached; stays on the screen.
    pub(crate) fn state(&self, line: &str) {
        self.clear();
        self.printer.say(line);
    }

    /// Says that something goes on; only where there is no terminal that shows it anyway.
    pub(crate) fn heartbeat(&self, line: &str) {
        if !self.printer.terminal {
            self.printer.say(line);
        }
    }

    fn clear(&self) {
        if self.shown.swap(false, Ordering::Relaxed) {
            write_err("\r\x1b[2K");
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}
