//! Following an execution: a line for each change of state, until it ends or waits for a person.

use super::{Outcome, short};
use crate::clock::Stopwatch;
use crate::context::App;
use crate::exit::Exit;
use crate::interrupt::{self, Interrupted};
use crate::pipelines::backend::Backend;
use crate::progress::Progress;
use crate::render::printable;
use std::collections::BTreeMap;
use std::time::Duration;
use trunkline_engine::event::{
    ActionStatus, ConditionKind, ConditionStatus, ExecutionStatus, StageStatus,
};
use trunkline_engine::view::{ActionView, ConditionView, ExecutionView, Waiting};
use trunkline_engine::{Event, Recorded};
use trunkline_model::{Diagnostic, Report};

/// How long one question for events waits: also how soon an interrupt is noticed.
const WAIT: Duration = Duration::from_millis(200);
/// After so long without news, where there is no terminal, a line says what is still under way.
const STILL: Duration = Duration::from_secs(10);
/// Lines of a failed action's log that are shown.
const TAIL: usize = 15;

/// When following ends before the execution does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// When only a person can go on with it.
    SomebodyIsAsked,
    /// Never.
    ItEnds,
}

/// Follows an execution, prints it, and says how it ended. `after` is the last event that the caller knows of;
/// without it, what has happened so far is told from the execution's present state.
pub(super) async fn follow(
    app: &App,
    backend: &dyn Backend,
    pipeline: &str,
    id: &str,
    after: Option<u64>,
    until: Until,
) -> Outcome {
    let mut seen = Seen::new(app);
    let interrupted = interrupt::watch();
    let mut asked = false;
    let mut after = match after {
        Some(after) => after,
        None => seen.catch_up(&backend.execution(pipeline, id).await?),
    };
    loop {
        let view = backend.execution(pipeline, id).await?;
        if view.brief.status.ended() {
            return finish(app, backend, &view).await;
        }
        let still = stands_still(backend, pipeline, &view).await?;
        if let Some(why) = &still
            && !asked
        {
            ask(app, backend, &view, why);
            if until == Until::SomebodyIsAsked {
                super::show::execution(app, &view);
                return Ok(Exit::Waiting);
            }
        }
        asked = still.is_some();
        loop {
            if interrupted.is_set() {
                return Err(stopped(backend, &interrupted, pipeline, id));
            }
            let events = backend.events(pipeline, after, WAIT).await?;
            // Where a person is asked, nothing is under way that one would wait for.
            if still.is_none() {
                seen.still(&view);
            }
            let Some(last) = events.last() else {
                // Where the log had failed for a while, it goes on here.
                backend.carry_on(pipeline).await?;
                continue;
            };
            after = last.seq;
            let ours = |r: &&Recorded| r.event.execution() == Some(view.brief.id.as_str());
            events.iter().filter(ours).for_each(|recorded| seen.event(recorded));
            break;
        }
    }
}

/// What was told of an execution so far.
struct Seen<'a> {
    progress: Progress<'a>,
    /// Action executions under way: stage and action, and when they began.
    running: BTreeMap<String, (String, i64)>,
    quiet_since: Stopwatch,
    begun: Stopwatch,
}

impl<'a> Seen<'a> {
    fn new(app: &'a App) -> Self {
        let progress = Progress::new(&app.printer);
        let (quiet_since, begun) = (Stopwatch::start(), Stopwatch::start());
        Self { progress, running: BTreeMap::new(), quiet_since, begun }
    }

    /// Tells what has happened already, a line for each action; returns the number of the last event in it.
    fn catch_up(&mut self, view: &ExecutionView) -> u64 {
        for stage in &view.stages {
            for action in &stage.actions {
                let name = format!("{} / {}", stage.name, action.name);
                let Some(status) = action.status else { continue };
                if status == ActionStatus::InProgress {
                    let began = action.started_at.as_ref().and_then(|t| t.parse().ok());
                    let began = began.map_or(0, |t: jiff::Timestamp| t.as_millisecond());
                    let run = action.action_execution.clone().unwrap_or_default();
                    self.progress.state(&format!("  {}  under way", printable(&name)));
                    self.running.insert(run, (name, began));
                } else {
                    self.progress.state(&format!("  {}  {status:?}", printable(&name)));
                }
            }
        }
        view.seq
    }

    fn event(&mut self, recorded: &Recorded) {
        let lines = self.lines(recorded);
        if !lines.is_empty() {
            self.quiet_since = Stopwatch::start();
        }
        lines.iter().for_each(|line| self.progress.state(line));
    }

    fn lines(&mut self, recorded: &Recorded) -> Vec<String> {
        let at = |stage: &str, action: &str| format!("{stage} / {action}");
        match &recorded.event {
            Event::ExecutionWaits { stage, .. } => vec![format!("  {stage}: waits to enter")],
            Event::StageRetried { stage, automatic, .. } => {
                let how = if *automatic { "by itself" } else { "as asked" };
                vec![format!("  {stage}: made again, {how}")]
            }
            Event::StageEnded { stage, status, .. } if *status == StageStatus::Skipped => {
                vec![format!("  {stage}: passed over")]
            }
            Event::ConditionStarted { stage, condition, .. } => {
                vec![format!("  {stage}: is its {} met?", when(*condition))]
            }
            Event::RuleEnded { rule, outcome, .. } => {
                let failed = outcome.failure.iter();
                failed.map(|f| format!("  rule {rule}: {}", printable(&f.message))).collect()
            }
            Event::ConditionEnded { stage, condition, status, .. } => {
                vec![format!("  {stage}: its {} {status:?}", when(*condition))]
            }
            Event::ActionStarted(start) => {
                let name = at(&start.stage, &start.action);
                let line = format!("  {}  started", printable(&name));
                self.running.insert(start.action_execution.clone(), (name, recorded.at));
                vec![line]
            }
            Event::ActionInterrupted { action_execution, .. } => {
                let name = self.running.get(action_execution).map(|(name, _)| printable(name));
                name.map(|name| format!("  {name}  was interrupted; begins again"))
                    .into_iter()
                    .collect()
            }
            Event::ActionEnded { action_execution, outcome, by, .. } => {
                let Some((name, began)) = self.running.remove(action_execution) else {
                    return Vec::new();
                };
                let took = (recorded.at - began).max(0) as f64 / 1000.0;
                let by = by.as_ref().map(|by| format!(" by {}", printable(by))).unwrap_or_default();
                let said = match &outcome.failure {
                    Some(failure) => format!("failed{by}: {}", printable(&failure.message)),
                    None => {
                        let summary = outcome.summary.as_deref().map(printable).unwrap_or_default();
                        format!("succeeded{by}  {summary}")
                    }
                };
                vec![format!("  {}  {}  ({took:.1} s)", printable(&name), said.trim_end())]
            }
            Event::ActionAbandoned { action_execution, .. } => {
                let name = self.running.remove(action_execution).map(|(name, _)| printable(&name));
                name.map(|name| format!("  {name}  abandoned")).into_iter().collect()
            }
            Event::StopRequested { abandon, .. } => {
                let how = if *abandon { "at once" } else { "when its actions have ended" };
                vec![format!("  stops {how}")]
            }
            _ => Vec::new(),
        }
    }

    /// Shows what is under way: always on a terminal, now and then elsewhere.
    fn still(&mut self, view: &ExecutionView) {
        let names: Vec<String> = self.running.values().map(|(name, _)| printable(name)).collect();
        let seconds = self.begun.elapsed().as_secs();
        if !names.is_empty() {
            self.progress.update(&format!("  {}  {seconds} s", names.join(", ")));
        }
        if self.quiet_since.elapsed() >= STILL {
            self.quiet_since = Stopwatch::start();
            let what =
                if names.is_empty() { short(&view.brief.id).to_owned() } else { names.join(", ") };
            self.progress.heartbeat(&format!("  still: {what}  ({seconds} s)"));
        }
    }
}

/// A condition, in words.
fn when(condition: ConditionKind) -> &'static str {
    match condition {
        ConditionKind::BeforeEntry => "condition before the entry",
        ConditionKind::OnSuccess => "condition after success",
        ConditionKind::OnFailure => "condition after a failure",
    }
}

/// Why only a person can go on: an approval, a closed transition, or somebody ahead who waits. None where
/// something is under way.
async fn stands_still(
    backend: &dyn Backend,
    pipeline: &str,
    view: &ExecutionView,
) -> Result<Option<Still>, Report> {
    if works(view) {
        return Ok(None);
    }
    if let Some(waiting) = view.waiting.first() {
        return Ok(Some(Still::Approval(waiting.clone())));
    }
    let Some(before) = view.stages.iter().find(|s| s.waits) else { return Ok(None) };
    let all = backend.pipeline(pipeline).await?;
    for other in all.executions.iter().filter(|e| !e.status.ended() && e.id != view.brief.id) {
        if works(&backend.execution(pipeline, &other.id).await?) {
            return Ok(None);
        }
    }
    if let Some(closed) = all.transitions.iter().find(|t| t.stage == before.name) {
        return Ok(Some(Still::Closed(closed.stage.clone(), closed.reason.clone())));
    }
    let ahead = all.waiting.iter().find(|w| w.execution != view.brief.id);
    Ok(ahead.map(|w| Still::Approval(w.clone())))
}

enum Still {
    Approval(Waiting),
    Closed(String, String),
}

/// Whether an action other than an approval is under way.
fn works(view: &ExecutionView) -> bool {
    let busy = |a: &ActionView| {
        a.status == Some(ActionStatus::InProgress) && !a.kind.starts_with("Approval/")
    };
    view.stages.iter().flat_map(|s| &s.actions).any(busy)
}

/// Says what a person has to decide.
fn ask(app: &App, backend: &dyn Backend, view: &ExecutionView, why: &Still) {
    let name = &view.pipeline;
    let printer = &app.printer;
    match why {
        Still::Approval(w) => {
            let whose = if w.execution == view.brief.id {
                String::new()
            } else {
                format!(" of execution {}, which is ahead", short(&w.execution))
            };
            printer.say(&format!(
                "  {} / {}  waits for a person{whose}, until {}",
                printable(&w.stage),
                printable(&w.action),
                w.expires
            ));
            w.message.iter().for_each(|text| printer.say(&format!("    {}", printable(text))));
            w.link.iter().for_each(|link| printer.say(&format!("    {}", printable(link))));
            printer.say(&format!(
                "trunkline pipeline approve {name} --action {0}    or    trunkline pipeline reject {name} --action {0}",
                w.action
            ));
        }
        Still::Closed(stage, reason) => {
            printer.say(&format!("  {stage} is not entered: {}", printable(reason)));
            printer.say(&format!("trunkline pipeline enable {name} {stage}"));
        }
    }
    if !backend.goes_on() {
        printer.say("nothing goes on until then: no server runs");
    }
}

/// Prints how it ended. 0: succeeded. 3: rejected. 1: anything else.
async fn finish(app: &App, backend: &dyn Backend, view: &ExecutionView) -> Outcome {
    let name = &view.pipeline;
    let failed = || {
        let in_failed = view.stages.iter().filter(|s| s.status == Some(StageStatus::Failed));
        in_failed.flat_map(|s| s.actions.iter().map(move |a| (s, a)))
    };
    let mut rejected = false;
    for (stage, action) in failed().filter(|(_, a)| a.status == Some(ActionStatus::Failed)) {
        let failure = action.failure.as_ref();
        if action.kind.starts_with("Approval/") {
            rejected |= failure.is_some_and(|f| f.code.contains("Rejected"));
            continue;
        }
        if let Some(run) = &action.action_execution {
            let tail = super::logs::tail(backend, run, TAIL).await.unwrap_or_default();
            if !tail.is_empty() {
                let what = format!("{} / {}", printable(&stage.name), printable(&action.name));
                app.printer.say(&format!("the last lines of {what}:"));
                tail.iter().for_each(|line| app.printer.say(&format!("  | {}", printable(line))));
            }
        }
    }
    super::show::execution(app, view);
    let id = short(&view.brief.id);
    match view.brief.status {
        ExecutionStatus::Succeeded => return Ok(Exit::Done),
        ExecutionStatus::Superseded => {
            app.printer.say("a newer execution took its place");
        }
        ExecutionStatus::Failed if rejected => return Ok(Exit::Verdict),
        _ => {
            app.printer
                .say(&format!("trunkline pipeline logs {name} {id}    shows all that was written"));
            app.printer
                .say(&format!("trunkline pipeline retry {name} {id}   makes what failed again"));
            let unmet = |c: &ConditionView| {
                c.kind != ConditionKind::OnFailure
                    && matches!(c.status, ConditionStatus::Failed | ConditionStatus::Errored)
            };
            if let Some(stage) = view.stages.iter().find(|s| s.conditions.iter().any(unmet)) {
                let stage = &stage.name;
                app.printer.say(&format!(
                    "trunkline pipeline override {name} {stage}   goes on without it"
                ));
            }
        }
    }
    Ok(Exit::Failed)
}

/// TL0506: somebody pressed Ctrl-C.
fn stopped(backend: &dyn Backend, _: &Interrupted, pipeline: &str, id: &str) -> Report {
    let id = short(id);
    let (message, help) = if backend.goes_on() {
        let stop = format!("`trunkline pipeline stop {pipeline} {id}` stops it");
        (format!("execution {id} goes on without you"), stop)
    } else {
        let go_on = format!("`trunkline pipeline run {pipeline} --continue` goes on with it");
        (format!("interrupted; execution {id} stands where it was"), go_on)
    };
    Diagnostic::error("TL0506", message).help(help).report()
}
