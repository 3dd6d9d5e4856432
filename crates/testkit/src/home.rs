//! A home of a test's own: a folder that goes away, and commands that see nothing of the machine's
//! configuration, credentials or proxies.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A temporary home. Dropping it removes it.
pub struct Home {
    folder: tempfile::TempDir,
}

/// What of our own environment a command may see: where programs are, and what Windows cannot do without.
const KEPT: &[&str] =
    &["PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH", "LLVM_PROFILE_FILE"];

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// Makes an empty home.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("trunkline-test-").tempdir();
        Self { folder: folder.expect("a temporary folder can be made") }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A path inside it.
    pub fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.path().join(path)
    }

    /// Writes a file, with the folders above it, and returns its path.
    pub fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(path);
        let folder = path.parent().expect("a file lies in a folder");
        std::fs::create_dir_all(folder).expect("the home can be written");
        std::fs::write(&path, text).expect("the home can be written");
        path
    }

    /// Reads a file.
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        let path = self.join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// A command that runs in this home, with a scrubbed environment: no credentials, no colours, no
    /// instance metadata, and a git that knows only an author.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.path());
        for name in KEPT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("HOME", self.path()).env("USERPROFILE", self.path());
        command.env("LANG", "C.UTF-8").env("TERM", "dumb").env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", self.join("gitconfig"));
        command.env("GIT_AUTHOR_NAME", "Ann Example").env("GIT_AUTHOR_EMAIL", "ann@example.com");
        command
            .env("GIT_COMMITTER_NAME", "Ann Example")
            .env("GIT_COMMITTER_EMAIL", "ann@example.com");
        command
    }
}
