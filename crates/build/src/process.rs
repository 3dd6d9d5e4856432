//! Runs one shell of a build, within its limits, and ends what it leaves.
//!
//! All shells of a build write to one pipe, so that their output keeps its order. A shell leads a
//! process group; what leaves the group is found by `tree`. SIGTERM first, SIGKILL after the grace.

pub(crate) mod cgroup;
pub(crate) mod engine;
pub(crate) mod standby;
pub(crate) mod tree;
pub(crate) mod wrap;

use crate::build::{Build, Limits, Sandbox};
use crate::log::{Logger, Taken};
use cgroup::Group;
use engine::Engine;
use rustix::process::{Pid, PidfdFlags, Signal};
use serde::{Deserialize, Serialize};
use standby::{Idle, Standby};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::CommandExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// How often a running shell is looked at for processes and memory.
/// Short, because a fork bomb grows until it is seen.
const WATCH: Duration = Duration::from_millis(20);

/// Bytes of expanded names and exported variables together.
const ANSWER: usize = 4 << 20;

/// A shell to start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Shell {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub environment: BTreeMap<String, String>,
    pub folder: PathBuf,
}

impl Shell {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().envs(&self.environment);
        command.current_dir(&self.folder);
        command
    }
}

/// How a shell ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With that status; a signal's number plus 128.
    Status(i32),
    /// It was ended: the build's time was over.
    TimedOut,
    /// It was ended: somebody stopped the build.
    Stopped,
    /// It was ended: the build used more than it may.
    Exceeded(String),
}

/// The processes of one build.
pub(crate) struct Processes<'a> {
    build: &'a str,
    limits: &'a Limits,
    deadline: Instant,
    stop: watch::Receiver<bool>,
    output: Receiver,
    writer: io::PipeWriter,
    /// Leaders of groups that are not reaped: nobody else can have such a group's number.
    leaders: Vec<Child>,
    /// The id that was given last before any process of the build but its leaders.
    before: i32,
    /// Whether nothing was left when it was last looked.
    clean: bool,
    began: Instant,
    /// Becomes the first shell.
    idle: Option<Idle>,
    /// Where the kernel keeps the limit of processes.
    control: Option<Group>,
    /// Ends containers, where shells run in some: they are no processes of ours.
    pub engine: Option<Engine>,
}

impl<'a> Processes<'a> {
    pub(crate) fn new(
        build: &'a Build,
        stop: watch::Receiver<bool>,
        standby: Option<&Standby>,
    ) -> io::Result<Self> {
        let began = Instant::now();
        // An engine of containers has groups of its own.
        let contained = matches!(build.sandbox, Sandbox::Container { .. });
        let may = build.limits.control_group && !contained;
        let waiting = standby.filter(|_| may).and_then(Standby::take);
        let (idle, group, (reader, writer)) = match waiting {
            Some(waiting) => (Some(waiting.process), Some(waiting.group), waiting.output),
            None => (None, may.then(|| Group::new(&build.id)).flatten(), io::pipe()?),
        };
        // A group that cannot be limited is none.
        let control = group.filter(|group| group.limit(build.limits.processes).is_ok());
        Ok(Self {
            idle: idle.filter(|_| control.is_some()),
            control,
            build: &build.id,
            limits: &build.limits,
            deadline: began + build.limits.timeout,
            stop,
            output: Receiver::from_owned_fd(reader.into())?,
            writer,
            leaders: Vec::new(),
            before: tree::load().map_or(0, |(_, latest)| latest),
            clean: true,
            began,
            engine: None,
        })
    }

    /// Whether the build must end before it does anything more.
    pub(crate) fn over(&self) -> Option<Ended> {
        if *self.stop.borrow() {
            return Some(Ended::Stopped);
        }
        (Instant::now() >= self.deadline).then_some(Ended::TimedOut)
    }

    /// Runs a shell to its end.
    pub(crate) async fn run(&mut self, shell: &Shell, log: &mut Logger<'_>) -> io::Result<Ended> {
        if let Some(ended) = self.over() {
            return Ok(ended);
        }
        let waiting = self.idle.take().and_then(|idle| idle.become_shell(shell));
        let exit = match waiting {
            Some(child) => self.started(child)?,
            None => self.started(self.command(shell)?.spawn()?)?,
        };
        let ended = self.follow(&exit, None, log).await;
        if ended.is_err() {
            self.end_all().await;
        }
        self.settle();
        ended
    }

    /// Takes a shell that was started; what comes back can be read once it has ended.
    fn started(&mut self, child: Child) -> io::Result<Receiver> {
        let group = group(&child);
        self.leaders.push(child);
        self.clean = false;
        let pid =
            Pid::from_raw(group).ok_or_else(|| io::Error::other("a process without an id"))?;
        let exit = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
        // Not a pipe, but waited for like one: readable once the process has ended.
        Receiver::from_owned_fd_unchecked(exit)
    }

    /// Reaps leaders whose groups are empty.
    fn settle(&mut self) {
        let found = tree::of_build(self.build, &self.groups(), self.after());
        self.leaders.retain_mut(|leader| {
            found.iter().any(|p| p.group == group(leader))
                || !leader.try_wait().is_ok_and(|status| status.is_some())
        });
        self.clean = found.is_empty() && self.leaders.is_empty() && self.inside().is_empty();
    }

    /// What runs in the control group: one that has hidden itself from its parents and its name cannot leave it.
    fn inside(&self) -> Vec<tree::Process> {
        let all = self.control.as_ref().map(Group::processes).unwrap_or_default();
        all.into_iter().filter_map(tree::read).collect()
    }

    fn groups(&self) -> Vec<i32> {
        self.leaders.iter().map(group).collect()
    }

    /// Runs a shell and gives what it printed, for values rather than for the log; what it complains of is logged.
    pub(crate) async fn ask(
        &mut self,
        shell: &Shell,
        log: &mut Logger<'_>,
    ) -> io::Result<(Ended, Vec<u8>)> {
        if let Some(ended) = self.over() {
            return Ok((ended, Vec::new()));
        }
        let (reader, writer) = io::pipe()?;
        let mut command = self.command(shell)?;
        command.stdout(writer);
        let exit = self.started(command.spawn()?)?;
        let output = Receiver::from_owned_fd(reader.into())?;
        let mut answer = Vec::new();
        let ended = self.follow(&exit, Some((&output, &mut answer)), log).await;
        if ended.is_err() {
            self.end_all().await;
        }
        let mut buffer = vec![0_u8; 32 << 10];
        while let Ok(length @ 1..) = rustix::io::read(&output, &mut buffer) {
            answer.extend_from_slice(&buffer[..length]);
        }
        self.settle();
        Ok((ended?, answer))
    }

    /// The status of the shell that was started last, which has ended.
    fn status(&mut self) -> io::Result<ExitStatus> {
        let none = || io::Error::other("a shell that was never started");
        let last = self.leaders.last().and_then(|leader| Pid::from_raw(group(leader)));
        let how = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
        // Not reaped: its number stays its group's.
        let id = rustix::process::WaitId::Pid(last.ok_or_else(none)?);
        let status = rustix::process::waitid(id, how)?.ok_or_else(none)?;
        let raw = match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => code << 8,
            (None, signal) => signal.unwrap_or(0),
        };
        Ok(ExitStatus::from_raw(raw))
    }

    fn command(&self, shell: &Shell) -> io::Result<Command> {
        let mut command = match &self.control {
            Some(group) => group.within(shell).command(),
            None => shell.command(),
        };
        command
            .stdin(Stdio::null())
            .stdout(self.writer.try_clone()?)
            .stderr(self.writer.try_clone()?)
            .process_group(0);
        Ok(command)
    }

    /// Waits for the end of a shell, and ends it where it must not go on. `answer` is what it prints for itself.
    async fn follow(
        &mut self,
        exit: &Receiver,
        mut answer: Option<(&Receiver, &mut Vec<u8>)>,
        log: &mut Logger<'_>,
    ) -> io::Result<Ended> {
        let mut buffer = vec![0_u8; 32 << 10];
        let mut watch = tokio::time::interval_at(Instant::now() + WATCH, WATCH);
        watch.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut stop = self.stop.clone();
        let mut why = None;
        // Once it is asked to end: when it is ended.
        let mut last = None;
        let status = loop {
            tokio::select! {
                ended = exit.readable() => { ended?; break self.status()? }
                read = read(&self.output, &mut buffer) => {
                    let length = read?;
                    if matches!(log.output(&buffer[..length])?, Taken::Full) && why.is_none() {
                        let most = self.limits.output;
                        why = Some(Ended::Exceeded(format!("its log is longer than {most} bytes")));
                        self.end_all().await;
                    }
                }
                read = told(&mut answer), if answer.is_some() => {
                    if !read? {
                        answer = None;
                    }
                    if why.is_none() && answer.as_ref().is_some_and(|a| a.1.len() > ANSWER) {
                        let reason = format!("it names paths or values of more than {ANSWER} bytes");
                        why = Some(Ended::Exceeded(reason));
                        self.end_all().await;
                    }
                }
                () = sleep_until(last.unwrap_or(self.deadline)) => {
                    if last.is_some() {
                        self.end_all().await;
                        last = Some(Instant::now() + Duration::from_secs(3600));
                    } else {
                        why = Some(Ended::TimedOut);
                        last = Some(self.ask_to_end());
                    }
                }
                () = stopped(&mut stop), if why.is_none() => {
                    why = Some(Ended::Stopped);
                    last = Some(self.ask_to_end());
                }
                _ = watch.tick(), if !matches!(why, Some(Ended::Exceeded(_))) => {
                    if let Some(reason) = self.exceeded() {
                        why.get_or_insert(Ended::Exceeded(reason));
                        self.end_all().await;
                    }
                }
            }
        };
        self.drain(log, &mut buffer)?;
        if why.is_none() {
            why = self.refused().map(Ended::Exceeded);
        }
        if why.is_some() {
            self.end_all().await;
        }
        log.flush()?;
        Ok(why.unwrap_or_else(|| Ended::Status(code(status))))
    }

    /// Takes what lies in the pipe. A process in the background may go on writing, so not for ever.
    fn drain(&self, log: &mut Logger<'_>, buffer: &mut [u8]) -> io::Result<()> {
        for _ in 0..64 {
            match rustix::io::read(&self.output, &mut *buffer) {
                Ok(0) | Err(rustix::io::Errno::AGAIN) => break,
                Ok(length) => {
                    log.output(&buffer[..length])?;
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn ask_to_end(&self) -> Instant {
        for group in self.groups() {
            signal_group(group, Signal::TERM);
        }
        Instant::now() + self.limits.grace
    }

    /// What the build uses too much of.
    fn exceeded(&self) -> Option<String> {
        if let Some(reason) = self.refused() {
            return Some(reason);
        }
        let many = tree::load().is_none_or(|(threads, _)| threads > self.limits.processes);
        if !many && self.limits.memory.is_none() {
            return None;
        }
        let found = tree::of_build(self.build, &self.groups(), self.after());
        if found.len() > self.limits.processes {
            return Some(self.too_many());
        }
        let most = self.limits.memory?;
        let used: u64 = found.iter().map(|p| p.resident).sum();
        (used > most).then(|| format!("it uses more than {most} bytes of memory"))
    }

    /// Whether the kernel refused the build a process.
    fn refused(&self) -> Option<String> {
        self.control.as_ref().filter(|group| group.refused()).map(|_| self.too_many())
    }

    fn too_many(&self) -> String {
        format!("it runs more than {} processes", self.limits.processes)
    }

    /// The id after which all processes of the build but its leaders come, while ids cannot have started over.
    fn after(&self) -> i32 {
        let young = self.began.elapsed() < Duration::from_secs(20);
        match tree::load() {
            Some((_, latest)) if young && latest >= self.before => self.before,
            _ => 0,
        }
    }

    /// Ends everything that runs of the build, and waits until it is gone.
    pub(crate) async fn end_all(&self) {
        if self.clean {
            return;
        }
        let groups = self.groups();
        // At once for a whole group: not even a fork bomb gets away.
        for group in &groups {
            signal_group(*group, Signal::KILL);
        }
        // What was ended takes a moment to go; what left the group may fork meanwhile.
        for round in 0..500 {
            let mut found = tree::of_build(self.build, &groups, self.after());
            found.extend(self.inside());
            if found.is_empty() {
                break;
            }
            for process in found.iter().filter(|p| !groups.contains(&p.group)) {
                tree::end(process);
            }
            tokio::time::sleep(Duration::from_millis(1 + round / 10)).await;
        }
        self.end_container().await;
    }

    /// Removes the container of a shell that was ended: it does not end with the engine's client.
    async fn end_container(&self) {
        let Some(engine) = self.engine.clone() else { return };
        let build = self.build.to_owned();
        let removed = tokio::task::spawn_blocking(move || engine.remove(&[build]));
        // What cannot be removed now is told of nowhere: the build has ended for another reason.
        let _ = removed.await;
    }

    /// Ends what is left in the background and takes its last words.
    pub(crate) async fn finish(&mut self, log: &mut Logger<'_>) -> io::Result<()> {
        if self.clean {
            return Ok(());
        }
        self.end_all().await;
        self.settle();
        let mut buffer = vec![0_u8; 32 << 10];
        self.drain(log, &mut buffer)?;
        log.flush()
    }
}

/// Takes more of an answer; false where there is none any more.
async fn told(answer: &mut Option<(&Receiver, &mut Vec<u8>)>) -> io::Result<bool> {
    let Some((output, all)) = answer else { return Ok(false) };
    // Nothing is lost if this is given up: what was read is kept before the next wait.
    let mut buffer = [0_u8; 4096];
    let length = read(output, &mut buffer).await?;
    all.extend_from_slice(&buffer[..length]);
    Ok(length > 0)
}

async fn read(output: &Receiver, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        output.readable().await?;
        match output.try_read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            other => return other,
        }
    }
}

/// Waits until somebody stops the build; for ever where nobody can.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Without anybody who waits for its end, a build ends: its processes do not outlive it.
impl Drop for Processes<'_> {
    fn drop(&mut self) {
        for leader in &mut self.leaders {
            signal_group(group(leader), Signal::KILL);
            let _ = leader.try_wait();
        }
    }
}

fn group(leader: &Child) -> i32 {
    leader.id() as i32
}

fn signal_group(group: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(group) {
        // It may have ended; that is what is wanted.
        let _ = rustix::process::kill_process_group(pid, signal);
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}
