//! Holding a target: its lock is taken, renewed while the command works, and given back.

use super::process;
use crate::connect::Connected;
use crate::context::{App, Located};
use crate::delivery::{self, BreakGlass};
use crate::{clock, interrupt};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use trunkline_center::state::{HeldLock, Holder, TargetState, Verdict, Watch, held_by, lost_to};
use trunkline_model::{Diagnostic, Report};

/// How commands that write deal with a lock that somebody has, and why they write.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct LockArguments {
    /// Wait up to so many seconds for somebody else's run to end
    #[arg(long, value_name = "SECONDS")]
    pub(crate) lock_timeout: Option<u64>,
    /// Take the target over from whoever works on it, without waiting
    #[arg(long)]
    pub(crate) take_over: bool,
    /// Why; recorded in the history. Needed where a rule forbids the command
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

/// A target that this command works on. Give it back with `give_back`; without that, the lock is free
/// once its lease is over, or this process has ended.
pub(crate) struct Hold {
    pub(crate) state: TargetState,
    /// The run that it was taken for.
    pub(crate) run: String,
    /// The token of the lock.
    pub(crate) token: u64,
    pub(crate) caller: String,
    pub(crate) reason: Option<String>,
    /// Rules that were broken for the reason.
    pub(crate) broken: Option<BreakGlass>,
    guard: Arc<Guard>,
    stop: watch::Sender<bool>,
    renewing: JoinHandle<HeldLock>,
}

/// What the renewing task tells the journal.
pub(super) struct Guard {
    target: String,
    state: TargetState,
    token: u64,
    lease: Duration,
    /// When the lock was last known to be ours.
    renewed: Mutex<Instant>,
}

impl Hold {
    /// Makes sure that the target may be written to now and from here, and takes its lock.
    /// TL0508: somebody works on it; TL0610, TL0611: a rule forbids it.
    pub(crate) async fn take(
        app: &App,
        located: &Located,
        connected: &Connected,
        state: &TargetState,
        (command, run): (&str, &str),
        arguments: &LockArguments,
    ) -> Result<Self, Report> {
        let (project, environment) = (&located.project, &connected.target.environment);
        let (now, who) = (clock::now(), &app.surroundings.invoked_by);
        let reason = arguments.reason.clone();
        let broken = delivery::may_apply(project, environment, now, who, reason.as_deref())?;
        let (label, caller) = (connected.target.label(), connected.caller.clone());
        let lease = project.settings.lock_lease;
        let hold =
            Self::lock(app, (state, label, lease), caller, (command, run), arguments).await?;
        Ok(Self { reason, broken, ..hold })
    }

    /// Takes the lock of a target, with its label and a lease in seconds, for work on what is remembered only: no rule
    /// about the instance forbids that. TL0508: somebody works on it.
    pub(crate) async fn lock(
        app: &App,
        (state, label, lease): (&TargetState, String, u64),
        caller: String,
        (command, run): (&str, &str),
        arguments: &LockArguments,
    ) -> Result<Self, Report> {
        let holder = Holder {
            caller: caller.clone(),
            host: process::host(),
            process: process::own(),
            command: command.to_owned(),
            run: run.to_owned(),
            since: clock::stamp(),
            lease_seconds: lease,
        };
        let held = wait(app, state, &label, holder, arguments).await?;
        let (token, lease) = (held.lock.token, Duration::from_secs(lease));
        let renewed = Mutex::new(Instant::now());
        let guard = Arc::new(Guard { target: label, state: state.clone(), token, lease, renewed });
        let (stop, stopped) = watch::channel(false);
        let renewing = crate::runtime::spawn(renew(guard.clone(), held, stopped));
        let (state, run) = (state.clone(), run.to_owned());
        let (reason, broken) = (None, None);
        Ok(Self { state, run, token, caller, reason, broken, guard, stop, renewing })
    }

    /// Who holds it, for the history.
    pub(crate) fn by(&self) -> String {
        format!("{} on {}", self.caller, process::host())
    }

    /// What tells the journal whether the lock is still ours.
    pub(super) fn guard(&self) -> Arc<Guard> {
        self.guard.clone()
    }

    /// Gives the lock back however the work under it ended, and tells how it did: what failed there comes before
    /// what fails here. That somebody else has the lock by now is no failure of what was done.
    pub(crate) async fn give_back<T>(self, ended: Result<T, Report>) -> Result<T, Report> {
        self.stop.send_replace(true);
        let released = match self.renewing.await {
            Ok(held) => self.state.release(&held).await.map(drop),
            Err(_) => Ok(()),
        };
        let ended = ended?;
        released?;
        Ok(ended)
    }
}

impl Guard {
    /// Makes sure that the lock is still ours, where this process was silent for a lease. TL0509.
    pub(super) async fn check(&self) -> Result<(), Report> {
        let silent = self.renewed.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        if silent < self.lease {
            return Ok(());
        }
        let lock = self.state.lock().await?.lock;
        if lock.token == self.token {
            return Ok(());
        }
        let by = lock.holder.map_or("the lock was broken by hand".to_owned(), |h| h.line());
        Err(lost_to(&self.target, &format!("{by}; token {}", lock.token)))
    }

    fn is_ours(&self) {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// Renews the lock three times a lease until it is told to stop, or somebody else has it.
async fn renew(
    guard: Arc<Guard>,
    mut held: HeldLock,
    mut stopped: watch::Receiver<bool>,
) -> HeldLock {
    loop {
        tokio::select! {
            _ = stopped.changed() => return held,
            () = tokio::time::sleep(guard.lease / 3) => {}
        }
        match guard.state.renew(&held).await {
            Ok(Some(renewed)) => {
                held = renewed;
                guard.is_ours();
            }
            Ok(None) => {
                // From now on the journal looks before each write.
                let long_ago = Instant::now().checked_sub(guard.lease);
                let mut renewed = guard.renewed.lock().unwrap_or_else(PoisonError::into_inner);
                *renewed = long_ago.unwrap_or(*renewed);
                return held;
            }
            // A store that cannot be reached now may be later; meanwhile the journal fails as well.
            Err(_) => {}
        }
    }
}

/// Waits for the lock as long as it makes sense, and takes it.
async fn wait(
    app: &App,
    state: &TargetState,
    label: &str,
    holder: Holder,
    arguments: &LockArguments,
) -> Result<HeldLock, Report> {
    let start = Instant::now();
    let timeout = Duration::from_secs(arguments.lock_timeout.unwrap_or_default());
    let (mut watch, mut interrupted) = (Watch::default(), None);
    loop {
        let seen = state.lock().await?;
        let verdict = watch.see(&seen, start.elapsed());
        let free = match &verdict {
            Verdict::Free | Verdict::Dead(_) => true,
            Verdict::Alive(h) | Verdict::Unknown(h) => {
                arguments.take_over || process::is_gone(&h.process)
            }
        };
        if free {
            if let Some(held) = state.take(&seen, holder.clone()).await? {
                if let Some(earlier) = seen.lock.holder {
                    app.printer.warnings(&[taken_over(label, &earlier, held.lock.token)]);
                }
                return Ok(held);
            }
            continue;
        }
        match verdict {
            Verdict::Alive(h) if start.elapsed() >= timeout => return Err(held_by(label, &h)),
            Verdict::Alive(h) | Verdict::Unknown(h) if interrupted.is_none() => {
                app.printer.say(&format!("{label}   waits for {}", h.line()));
                interrupted = Some(interrupt::watch());
            }
            _ => {}
        }
        if interrupted.as_ref().is_some_and(interrupt::Interrupted::is_set) {
            return Err(Diagnostic::error(
                "TL0506",
                "interrupted while waiting; nothing was changed",
            )
            .on(label)
            .report());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn taken_over(label: &str, earlier: &Holder, token: u64) -> Diagnostic {
    Diagnostic::warning(
        "TL0525",
        format!("took over a lock whose holder is gone, as token {token}"),
    )
    .on(label)
    .because(format!("it was {}", earlier.line()))
}
