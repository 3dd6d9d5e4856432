//! The program in a home, on a lab: how it is started everywhere, and what a run leaves behind.

use crate::home::Home;
use std::path::Path;
use std::process::{Command, Stdio};

/// How a run ended.
#[derive(Debug)]
pub struct Ran {
    /// None where a signal ended it.
    pub code: Option<i32>,
    /// Its stdout.
    pub out: String,
    /// Its stderr.
    pub err: String,
}

impl Ran {
    /// Runs a command to its end.
    ///
    /// # Panics
    /// When it cannot be started, or says what is no UTF-8.
    pub fn of(mut command: Command) -> Self {
        let output = command.output().expect("the program runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The same run, which must have ended with 0.
    #[track_caller]
    pub fn done(self, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(0), "{words:?}\n{}\n{}", self.out, self.err);
        self
    }
}

impl Home {
    /// A command of the program on a lab (its URL), with the credentials of an account and without pauses.
    pub fn program(&self, program: &str, lab: &str, account: &str, words: &[&str]) -> Command {
        let mut command = self.command(program);
        command
            .args(words)
            .env("AWS_ENDPOINT_URL", lab)
            .env("AWS_ACCESS_KEY_ID", account)
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("TRUNKLINE_RATE_SCALE", "off")
            .stdin(Stdio::null());
        command
    }

    /// Copies what is in a folder into one of this home.
    ///
    /// # Panics
    /// When something cannot be read or written.
    pub fn copy(&self, from: &Path, to: impl AsRef<Path>) {
        copy(from, &self.join(to));
    }

    /// Puts values where a file has marks.
    pub fn fill(&self, path: &str, marks: &[(&str, &str)]) {
        let text = self.read(path);
        let filled = marks.iter().fold(text, |text, (mark, value)| text.replace(mark, value));
        self.write(path, filled);
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("a folder can be read") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a file can be copied");
        }
    }
}
