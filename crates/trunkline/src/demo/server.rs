//! The server of the story: `trunkline serve` in the demo's folder, as a process that ends with the demo.
//!
//! The demo's own end calls `Served::end`, whether the story came to its end or was broken off.

use super::stage::{Stage, Stopped, failed};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use trunkline_model::{Diagnostic, Report};

/// How often it is looked whether the server has ended, and how often at most: five seconds.
const LOOKS: (Duration, usize) = (Duration::from_millis(10), 500);

/// A server that may run.
#[derive(Default)]
pub(crate) struct Served(Mutex<State>);

#[derive(Default)]
struct State {
    child: Option<Child>,
    /// No server may begin any more.
    closed: bool,
}

impl Served {
    fn hold(&self, child: Child) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.child = Some(child);
        if state.closed {
            state.end();
        }
    }

    /// Asks the server to end and waits for it.
    fn pause(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).end();
    }

    /// The same, and for good.
    pub(crate) fn end(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.closed = true;
        state.end();
    }
}

impl State {
    fn end(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // It may have ended by itself; then there is nothing to ask.
        let _ = kill_process(Pid::from_child(&child), Signal::TERM);
        for _ in 0..LOOKS.1 {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(LOOKS.0);
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Stage<'_> {
    /// Starts `trunkline serve` in the background, and returns its address.
    pub(super) fn serve(&self) -> Result<String, Stopped> {
        self.prompt("trunkline serve --port 0 &");
        let mut command = self.command(&self.program, &["serve", "--port", "0"]);
        // What it tells goes into its log: it would come between the lines of the commands.
        let log = std::fs::File::create(self.setting.folder.join("home/serve.log"));
        let log = log.map_err(|error| failed("write a log", &error))?;
        command.stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().map_err(|error| failed("start a server", &error))?;
        let out = child.stdout.take();
        self.setting.served.hold(child);
        let mut address = String::new();
        if let Some(out) = out {
            // Without a line, the address stays empty.
            let _ = BufReader::new(out).read_line(&mut address);
        }
        self.go_on()?;
        let address = address.trim().to_owned();
        if address.is_empty() {
            let log = std::fs::read_to_string(self.setting.folder.join("home/serve.log"));
            let found = Diagnostic::error("TL0902", "the demo's server did not start");
            return Err(found.because(log.unwrap_or_default().trim().to_owned()).report().into());
        }
        self.line(&address);
        Ok(address)
    }

    /// Ends the server, as a shell ends what it started.
    pub(super) fn serve_no_more(&self) -> Result<(), Stopped> {
        self.prompt("kill %1");
        self.setting.served.pause();
        self.go_on()
    }

    /// Makes a token for git, as `TOKEN=$(...)` does, and returns it.
    pub(super) fn token(&self) -> Result<String, Stopped> {
        self.prompt("TOKEN=$(trunkline serve token add dana)");
        let mut command = self.command(&self.program, &["serve", "token", "add", "dana"]);
        let output = command.output().map_err(|error| failed("make a token", &error))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(no_token(said).into());
        }
        self.line(String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Runs git with arguments that a shell would have filled in; `typed` is what is shown.
    pub(super) fn git_typed(&self, typed: &str, arguments: &[&str]) -> Result<(), Stopped> {
        self.prompt(typed);
        self.run("git", &mut self.command("git", arguments))
    }
}

fn no_token(said: String) -> Report {
    Diagnostic::error("TL0902", "the demo cannot make a token").because(said).report()
}
