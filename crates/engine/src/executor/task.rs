//! The task of one pipeline.

use super::{ExecutorError, Ports, Request};
use crate::action::{ActionOutcome, ActionRun, FailureKind};
use crate::command::{Answer, Command, Refusal, RefusalKind, RollbackTarget};
use crate::event::{Event, Millis, Recorded};
use crate::machine::{Machine, Pending};
use crate::ports::{Batch, Ids, LogError};
use crate::settings::Settings;
use std::collections::{HashMap, HashSet};
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};

/// How long a log that failed is left alone.
const AGAIN_AFTER: Millis = 1_000;

/// An action that is carried out: its execution and its own id.
type Name = (String, String);

type Joined = Result<(Id, ActionOutcome), JoinError>;

pub(super) struct Task {
    pipeline: String,
    machine: Machine,
    ports: Ports,
    ids: Box<dyn Ids>,
    settings: Settings,
    tell: watch::Sender<u64>,
    /// The event of the last snapshot.
    kept: u64,
    under_way: JoinSet<ActionOutcome>,
    names: HashMap<Id, Name>,
    /// Those that were told to stop.
    told_to_stop: HashSet<String>,
    /// Approvers are told apart from actions: nobody waits for that.
    asking: JoinSet<()>,
}

impl Task {
    /// Reads the log, and starts again what was interrupted.
    pub(super) fn open(
        pipeline: &str,
        ports: Ports,
        settings: Settings,
        tell: watch::Sender<u64>,
    ) -> Result<Self, ExecutorError> {
        let (machine, kept) = read(pipeline, &ports, &settings)?;
        let ids = (ports.ids)();
        let mut task = Self {
            pipeline: pipeline.to_owned(),
            machine,
            ports,
            ids,
            settings,
            tell,
            kept,
            under_way: JoinSet::new(),
            names: HashMap::new(),
            told_to_stop: HashSet::new(),
            asking: JoinSet::new(),
        };
        let now = task.now();
        let approvals = task.machine.approvals();
        task.machine.recover(now);
        task.machine.advance(now, task.ids.as_mut());
        let pending = task.machine.batch();
        task.append(&pending)?;
        for (execution, id) in approvals {
            task.ask(&execution, &id);
        }
        task.committed(&pending.events);
        Ok(task)
    }

    /// The time; the machine is told how far the clock on the wall is from it.
    fn now(&mut self) -> Millis {
        let now = self.ports.clock.now();
        self.machine.set_ahead(self.ports.clock.wall() - now);
        now
    }

    /// Carries the pipeline on until it is told to end.
    pub(super) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Request>) {
        loop {
            let now = self.now();
            let wakes_at = self.machine.wakes_at(now);
            let alarm = wakes_at.map(|at| self.ports.clock.sleep_until(at));
            let alarm = async move {
                match alarm {
                    Some(alarm) => alarm.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                request = inbox.recv() => match request {
                    Some(Request::Command(command, answer)) => {
                        let (answered, fatal) = self.command(*command);
                        if fatal {
                            self.drop_all().await;
                            // From now on the pipeline may be opened anew: nothing of it is under way here.
                            inbox.close();
                        }
                        let _ = answer.send(answered);
                        if fatal {
                            return;
                        }
                    }
                    Some(Request::Definition(answer)) => {
                        let _ = answer.send(self.machine.definition().cloned());
                    }
                    Some(Request::Shutdown(answer)) => {
                        self.end().await;
                        let _ = answer.send(());
                        return;
                    }
                    None => return self.end().await,
                },
                Some(joined) = self.under_way.join_next_with_id() => {
                    self.joined(joined);
                    while let Some(joined) = self.under_way.try_join_next_with_id() {
                        self.joined(joined);
                    }
                    if !self.go_on(&mut inbox).await {
                        return self.drop_all().await;
                    }
                }
                Some(_) = self.asking.join_next() => {}
                () = alarm => {
                    if !self.go_on(&mut inbox).await {
                        return self.drop_all().await;
                    }
                }
            }
        }
    }

    /// Does a command. The second is true where the pipeline cannot be carried on.
    fn command(&mut self, command: Command) -> (Result<Answer, ExecutorError>, bool) {
        let command = match self.completed(command) {
            Ok(command) => command,
            Err(problem) => return (Err(problem.into()), false),
        };
        let now = self.now();
        let answer = match self.machine.decide(&command, now, self.ids.as_mut()) {
            Ok(answer) => answer,
            Err(refusal) => return (Err(self.better(&command, refusal).into()), false),
        };
        self.machine.advance(now, self.ids.as_mut());
        let pending = self.machine.batch();
        if let Err(problem) = self.append(&pending) {
            // The state went ahead of the log: it is read again, as if nothing had been asked.
            let reread = read(&self.pipeline, &self.ports, &self.settings);
            let fatal = matches!(problem, LogError::Moved { .. }) || reread.is_err();
            if let Ok((machine, _)) = reread {
                self.machine = machine;
            }
            return (Err(problem.into()), fatal);
        }
        self.committed(&pending.events);
        (Ok(answer), false)
    }

    /// A command with what the state does not know and the log does.
    fn completed(&self, command: Command) -> Result<Command, LogError> {
        let Command::Rollback { stage, target, by, .. } = command else { return Ok(command) };
        let row = self.ports.log.execution(&self.pipeline, &target)?;
        let found = row.map(|row| Box::new(RollbackTarget::of_row(&stage, row)));
        Ok(Command::Rollback { stage, target, by, found })
    }

    /// An execution that the state forgot is not unknown: it is over.
    fn better(&self, command: &Command, refusal: Refusal) -> Refusal {
        if refusal.kind != RefusalKind::PipelineExecutionNotFound {
            return refusal;
        }
        let row = command.execution().map(|id| self.ports.log.execution(&self.pipeline, id));
        match row {
            Some(Ok(Some(row))) => refusal.of_ended(command, row.status),
            _ => refusal,
        }
    }

    /// Takes the end of an action.
    fn joined(&mut self, joined: Joined) {
        let (id, outcome) = match joined {
            Ok((id, outcome)) => (id, outcome),
            Err(problem) => {
                let why = "what carries out the action broke off";
                let kind = FailureKind::SystemUnavailable;
                (problem.id(), ActionOutcome::failed(kind, "Broken", why))
            }
        };
        let Some((execution, action_execution)) = self.names.remove(&id) else { return };
        self.told_to_stop.remove(&action_execution);
        let now = self.now();
        self.machine.outcome(&execution, &action_execution, outcome, now);
    }

    /// Does what follows by itself. False where the pipeline cannot be carried on.
    async fn go_on(&mut self, inbox: &mut mpsc::UnboundedReceiver<Request>) -> bool {
        let now = self.now();
        self.machine.advance(now, self.ids.as_mut());
        let pending = self.machine.batch();
        loop {
            match self.append(&pending) {
                Ok(()) => break,
                Err(LogError::Storage(why)) => {
                    // What happened cannot be undone, so it is kept until the log takes it.
                    if !self.wait_for_log(inbox, &why).await {
                        return false;
                    }
                }
                Err(_) => return false,
            }
        }
        self.committed(&pending.events);
        true
    }

    /// Waits a while; commands are refused meanwhile. False where the task is to end.
    async fn wait_for_log(
        &mut self,
        inbox: &mut mpsc::UnboundedReceiver<Request>,
        why: &str,
    ) -> bool {
        let sleep = self.ports.clock.sleep_until(self.ports.clock.now() + AGAIN_AFTER);
        tokio::pin!(sleep);
        loop {
            tokio::select! {
                () = &mut sleep => return true,
                request = inbox.recv() => match request {
                    Some(Request::Command(_, answer)) => {
                        let _ = answer.send(Err(LogError::Storage(why.to_owned()).into()));
                    }
                    Some(Request::Definition(answer)) => {
                        let _ = answer.send(self.machine.definition().cloned());
                    }
                    Some(Request::Shutdown(answer)) => {
                        self.drop_all().await;
                        let _ = answer.send(());
                        return false;
                    }
                    None => return false,
                },
            }
        }
    }

    fn append(&self, pending: &Pending) -> Result<(), LogError> {
        if pending.events.is_empty() {
            return Ok(());
        }
        let Pending { after, events, rows, notices } = pending;
        self.ports.log.append(&self.pipeline, &Batch { after: *after, events, rows, notices })?;
        if !notices.is_empty() {
            self.ports.notify.wake();
        }
        Ok(())
    }

    /// Carries out what committed events ask for.
    fn committed(&mut self, events: &[Recorded]) {
        let mut ending = false;
        for recorded in events {
            match &recorded.event {
                Event::ActionStarted(start) if start.token.is_some() => {
                    self.ask(&start.execution, &start.action_execution);
                }
                Event::ActionStarted(start) => {
                    self.start(&start.execution, &start.action_execution);
                }
                Event::RuleStarted { execution, action_execution, .. }
                | Event::ActionInterrupted { execution, action_execution, .. } => {
                    self.start(execution, action_execution);
                }
                Event::ActionAbandoned { .. } | Event::ConditionEnded { .. } => ending = true,
                Event::ActionEnded { outcome, .. } | Event::RuleEnded { outcome, .. } => {
                    ending |= outcome.failure.as_ref().is_some_and(|f| f.code == "Timeout");
                }
                _ => {}
            }
        }
        if ending {
            let abandoned = |e: &Recorded| matches!(e.event, Event::ActionAbandoned { .. });
            self.stop_unwanted(events.iter().any(abandoned));
        }
        if !events.is_empty() {
            let seq = self.machine.seq();
            self.tell.send_replace(seq);
            if seq - self.kept >= self.settings.snapshot_every {
                self.keep();
            }
        }
    }

    fn start(&mut self, execution: &str, id: &str) {
        if let Some(run) = self.machine.run(execution, id) {
            let handle = self.under_way.spawn(self.ports.actions.start(run));
            self.names.insert(handle.id(), (execution.to_owned(), id.to_owned()));
        }
    }

    fn ask(&mut self, execution: &str, id: &str) {
        let run: Option<ActionRun> = self.machine.run(execution, id);
        if let Some(run) = run {
            self.asking.spawn(self.ports.actions.ask(run));
        }
    }

    /// Ends what the machine no longer waits for.
    fn stop_unwanted(&mut self, abandon: bool) {
        for (execution, id) in self.names.values() {
            if self.machine.run(execution, id).is_none() && self.told_to_stop.insert(id.clone()) {
                self.ports.actions.stop(id, abandon);
            }
        }
    }

    /// Keeps a snapshot. Without one, the next start only reads more.
    fn keep(&mut self) {
        let (seq, state) = (self.machine.seq(), self.machine.snapshot());
        if self.ports.log.snapshot(&self.pipeline, seq, &state).is_ok() {
            self.kept = seq;
        }
    }

    /// Drops what is under way. Whoever opens the pipeline next begins it again.
    async fn drop_all(&mut self) {
        self.asking.shutdown().await;
        self.under_way.shutdown().await;
    }

    async fn end(&mut self) {
        self.drop_all().await;
        if self.machine.seq() > self.kept {
            self.keep();
        }
    }
}

/// The machine as the log tells it, and the event of its snapshot.
fn read(pipeline: &str, ports: &Ports, settings: &Settings) -> Result<(Machine, u64), LogError> {
    let loaded = ports.log.load(pipeline)?;
    let (mut machine, kept) = match &loaded.snapshot {
        None => (Machine::new(pipeline, settings.clone()), 0),
        Some((seq, state)) => {
            let unreadable = |e: serde_json::Error| LogError::Unreadable {
                pipeline: pipeline.to_owned(),
                reason: e.to_string(),
            };
            (Machine::restore(state, settings.clone()).map_err(unreadable)?, *seq)
        }
    };
    for recorded in &loaded.events {
        machine.replay(recorded);
    }
    if ports.notify.wanted() {
        machine.tell(ports.notify.origin());
    }
    Ok((machine, kept))
}
