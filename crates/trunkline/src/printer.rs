//! Where words go: results to stdout, everything said on the way to stderr.
//!
//! The only file that prints. A closed pipe is no error; any other failure to write a result is
//! remembered, and makes the command fail.

use crate::cli::{Color, Format, Global};
use crate::context::Surroundings;
use crate::render::{self, Paint, diagnostic};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use trunkline_model::{Diagnostic, Report, Severity};

/// Set where a result could not be written.
static FAILED: AtomicBool = AtomicBool::new(false);

/// Prints for one command.
pub(crate) struct Printer {
    pub(crate) format: Format,
    /// Colours of what goes to stdout.
    pub(crate) paint: Paint,
    talk: Paint,
    quiet: bool,
    verbose: u8,
    pub(crate) terminal: bool,
    /// Columns of the terminal that results go to; none where they go elsewhere, and stay as they are.
    pub(crate) width: Option<usize>,
    talk_width: usize,
    /// The folder that a diagnostic's file is relative to.
    root: OnceLock<PathBuf>,
}

impl Printer {
    pub(crate) fn new(global: &Global, surroundings: &Surroundings) -> Self {
        Self {
            format: if global.json { Format::Json } else { global.output },
            paint: Paint(use_color(global.color, surroundings, true)),
            talk: Paint(use_color(global.color, surroundings, false)),
            quiet: global.quiet,
            verbose: global.verbose,
            terminal: surroundings.stderr_terminal && !surroundings.dumb,
            width: surroundings.stdout_width,
            talk_width: surroundings.stderr_width.unwrap_or(usize::MAX),
            root: OnceLock::new(),
        }
    }

    /// Sets the folder in which diagnostics find the files that they name.
    pub(crate) fn set_root(&self, root: PathBuf) {
        // A second project in one command would be a mistake; the first one stays.
        let _ = self.root.set(root);
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Prints a line of the result.
    pub(crate) fn result(&self, line: &str) {
        write_out(&format!("{line}\n"));
    }

    /// Prints rows of the result in columns.
    pub(crate) fn table(&self, rows: &[Vec<String>]) {
        let lines = render::fitted(rows, self.width.unwrap_or(usize::MAX));
        lines.iter().for_each(|line| self.result(line));
    }

    /// Prints a text of the result behind `head`, which takes `hang` columns. On a terminal it stays in its column.
    pub(crate) fn hanging(&self, head: &str, hang: usize, text: &str) {
        let text = format!("{:hang$}{text}", "");
        let width = self.width.unwrap_or(usize::MAX).max(hang + 24);
        for (i, line) in render::wrapped(&text, width, hang).iter().enumerate() {
            let head = if i == 0 { head } else { &line[..hang] };
            self.result(&format!("{head}{}", &line[hang..]));
        }
    }

    /// Prints the result as JSON, with the schema's name and version first.
    pub(crate) fn json(&self, schema: &str, body: &Value) {
        let mut document = json!({ "schema": format!("trunkline/{schema}"), "version": 1 });
        if let (Some(all), Some(body)) = (document.as_object_mut(), body.as_object()) {
            all.extend(body.clone());
        }
        self.result(&document.to_string());
    }

    /// Says something on the way.
    pub(crate) fn say(&self, line: &str) {
        if !self.quiet {
            write_err(&format!("{line}\n"));
        }
    }

    /// Says something to who asked for more with `-v`.
    pub(crate) fn detail(&self, line: &str) {
        if self.verbose > 0 {
            self.say(line);
        }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// Prints findings that do not stop the command; errors among them even where little is to be said.
    pub(crate) fn warnings(&self, found: &[Diagnostic]) {
        self.render(found.iter().filter(|d| !self.quiet || d.severity == Severity::Error));
    }

    /// Prints why a command fails: for people on stderr, and as JSON on stdout if that was asked.
    pub(crate) fn failure(&self, report: &Report) {
        self.render(report.0.iter());
        if self.is_json() {
            self.json("error", &json!({ "diagnostics": report.0 }));
        }
    }

    fn render<'a>(&self, found: impl Iterator<Item = &'a Diagnostic>) {
        let mut explained = BTreeSet::new();
        let source = |file: &str| {
            let path = self.root.get().map_or_else(|| PathBuf::from(file), |r| r.join(file));
            std::fs::read_to_string(path).ok()
        };
        for one in found {
            let first = explained.insert(one.code.as_str());
            write_err(&diagnostic::render(one, self.talk, self.talk_width, first, &source));
        }
    }

    /// Says whether every result could be written.
    pub(crate) fn all_written(&self) -> bool {
        !FAILED.load(Ordering::Relaxed)
    }
}

/// Decides on colour: the flag, then FORCE_COLOR, NO_COLOR, CLICOLOR_FORCE, TERM=dumb, the terminal.
pub(crate) fn use_color(flag: Color, s: &Surroundings, stdout: bool) -> bool {
    match flag {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if s.force_color => true,
        Color::Auto if s.no_color => false,
        Color::Auto if s.clicolor_force => true,
        Color::Auto if s.dumb => false,
        Color::Auto if stdout => s.stdout_terminal,
        Color::Auto => s.stderr_terminal,
    }
}

/// Writes a result.
pub(crate) fn write_out(text: &str) {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if written.is_err_and(|e| e.kind() != ErrorKind::BrokenPipe) {
        FAILED.store(true, Ordering::Relaxed);
    }
}

/// Writes to stderr. Where that fails there is nobody left to tell.
pub(crate) fn write_err(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
