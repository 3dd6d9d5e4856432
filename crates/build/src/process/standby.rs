//! A process that waits to become the first shell of a build, in a control group already.
//!
//! Where no process was moved into a control group shortly before, the kernel takes up to 10 ms to move one: it
//! waits until every core has seen that it will. Whoever starts builds at a push has one that was moved before.
//! The process is the program's own: it enters its group, reads an order and becomes what that names, so that a
//! shell gets exactly the environment that it would get from a start. It ends by itself when its maker does.

use super::Shell;
use super::cgroup::Group;
use std::ffi::OsString;
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// An order that is longer than what a pipe takes at once could make the one who gives it wait.
const LONGEST: usize = 60 << 10;

/// Keeps one process waiting, between builds.
#[derive(Debug)]
pub struct Standby {
    program: PathBuf,
    words: Vec<OsString>,
    waiting: Mutex<Option<Waiting>>,
}

impl Standby {
    /// Makes one without a process. `program` with `words`, and a path after them, must call [`stand_by`] with that
    /// path and do nothing else.
    pub fn new(program: PathBuf, words: Vec<OsString>) -> Self {
        Self { program, words, waiting: Mutex::default() }
    }

    /// Starts the process, unless one waits. That it cannot be started, or that no control group can be made, is no
    /// error: a build then starts its first shell as every other.
    pub fn prepare(&self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_none() {
            *waiting = Group::new("standby").and_then(|group| self.start(group).ok());
        }
    }

    fn start(&self, group: Group) -> io::Result<Waiting> {
        let (reader, writer) = io::pipe()?;
        let (order, orders) = io::pipe()?;
        let child = Command::new(&self.program)
            .args(&self.words)
            .arg(group.entrance())
            .env_clear()
            .current_dir("/")
            .stdin(order)
            .stdout(writer.try_clone()?)
            .stderr(writer.try_clone()?)
            .process_group(0)
            .spawn()?;
        Ok(Waiting { process: Idle(Some((child, orders))), group, output: (reader, writer) })
    }

    /// Takes the process, if one waits that has entered its group.
    pub(super) fn take(&self) -> Option<Waiting> {
        // Not while one is being made: that takes longer than to do without.
        let waiting = self.waiting.try_lock().ok()?.take()?;
        let id = waiting.process.0.as_ref()?.0.id() as i32;
        waiting.group.processes().contains(&id).then_some(waiting)
    }
}

/// A process that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub process: Idle,
    /// Where it is; it goes after the process.
    pub group: Group,
    /// What it writes to.
    pub output: (PipeReader, PipeWriter),
}

/// A process without an order; ended on drop.
#[derive(Debug)]
pub(super) struct Idle(Option<(Child, PipeWriter)>);

impl Idle {
    /// Has it become a shell. None if it cannot: then it has ended, and nothing of the shell ran.
    pub(super) fn become_shell(mut self, shell: &Shell) -> Option<Child> {
        let order = serde_json::to_vec(shell).ok()?;
        let (child, mut orders) = self.0.take()?;
        // An order without its end is none: a process that dies while it is written starts nothing.
        if order.len() <= LONGEST && orders.write_all(&order).is_ok() {
            return Some(child);
        }
        self.0 = Some((child, orders));
        None
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What the process does that a [`Standby`] starts: enters the control group behind `entrance`, reads its order from
/// the standard input, and becomes what it names. Returns if there is no order any more, or with what went wrong.
pub fn stand_by(entrance: &Path) -> io::Result<()> {
    std::fs::write(entrance, "0")?;
    let mut order = Vec::new();
    io::stdin().lock().read_to_end(&mut order)?;
    if order.is_empty() {
        return Ok(());
    }
    let shell: Shell = serde_json::from_slice(&order)?;
    Err(shell.command().stdin(Stdio::null()).exec())
}
