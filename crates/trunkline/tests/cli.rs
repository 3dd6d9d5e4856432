//! The real program, run in a folder and a home of its own, with an empty environment.

#[path = "cli/basics.rs"]
mod basics;
#[path = "cli/check.rs"]
mod check;
#[path = "cli/config.rs"]
mod config;
#[path = "cli/init.rs"]
mod init;
#[path = "cli/lab.rs"]
mod lab;

use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A folder to run in, and the environment variables to run with.
pub(crate) struct Place {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // The search for a configuration ends here, wherever temporary folders are.
        std::fs::create_dir(folder.path().join(".git")).expect("a folder");
        Self { folder, variables: Vec::new() }
    }

    pub(crate) fn with_config(text: &str) -> Self {
        let place = Self::new();
        place.write("trunkline.yaml", text);
        place
    }

    pub(crate) fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a written file");
    }

    /// Makes the command without running it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .envs(self.variables.iter().map(|(k, v)| (*k, v)))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().expect("the program runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran {
            code: output.status.code().expect("an exit code"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}
