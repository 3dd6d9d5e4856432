//! `pipeline logs`: what the actions of an execution wrote.

use super::{Chosen, Outcome, with_backend};
use crate::context::App;
use crate::exit::Exit;
use crate::pipelines::backend::{Backend, Need};
use crate::render::printable;
use serde_json::json;
use std::time::Duration;
use trunkline_model::{Diagnostic, Report};

/// How long `--follow` waits for more of a log in one question.
const WAIT: Duration = Duration::from_secs(1);

#[derive(clap::Args)]
#[command(
    after_help = "Examples: trunkline pipeline logs acme-dev\n          trunkline pipeline logs acme-dev --action Test --follow"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// Only this action
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only this stage
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
    /// Wait for more until the actions have ended
    #[arg(short, long)]
    follow: bool,
    /// Show when each line was written
    #[arg(long)]
    timestamps: bool,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let chosen = &arguments.chosen;
    with_backend(app, &chosen.place, Need::Read, "logs", async |backend| {
        let view = backend.execution(&chosen.name, &chosen.execution).await?;
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|w| w == found);
        let mut runs = Vec::new();
        for stage in view.stages.iter().filter(|s| is(&arguments.stage, &s.name)) {
            // Rules of conditions may have run something, too.
            let rules = stage.conditions.iter().flat_map(|c| &c.rules);
            let all = rules.chain(&stage.actions);
            for action in all.filter(|a| is(&arguments.action, &a.name)) {
                if let Some(run) = &action.action_execution {
                    runs.push((stage.name.as_str(), action.name.as_str(), run.as_str()));
                }
            }
        }
        if runs.is_empty() && (arguments.action.is_some() || arguments.stage.is_some()) {
            return Err(no_action(&chosen.name));
        }
        let mut all = Vec::new();
        let several = runs.len() > 1;
        for (stage, action, run) in runs {
            if app.printer.is_json() {
                let lines = lines(&whole(backend, run).await?);
                all.push(json!({
                    "stage": stage, "action": action, "actionExecution": run,
                    "lines": lines.iter().map(|l| json!({ "at": l.0, "text": l.1 })).collect::<Vec<_>>(),
                }));
                continue;
            }
            let title = format!("{} / {}", printable(stage), printable(action));
            print(app, backend, run, several.then_some(title.as_str()), arguments).await?;
        }
        if app.printer.is_json() {
            app.printer.json("logs", &json!({ "execution": view.brief.id, "actions": all }));
        }
        Ok(Exit::Done)
    })
}

fn no_action(pipeline: &str) -> Report {
    let help = format!("`trunkline pipeline show {pipeline} latest` lists what has run");
    Diagnostic::error("TL0885", "no such action of the execution has begun").help(help).report()
}

/// Prints one log as it comes.
async fn print(
    app: &App,
    backend: &dyn Backend,
    run: &str,
    title: Option<&str>,
    arguments: &Arguments,
) -> Result<(), Report> {
    let wait = if arguments.follow { WAIT } else { Duration::ZERO };
    let (mut offset, mut rest, mut title) = (0, Vec::new(), title);
    loop {
        let (bytes, complete) = backend.log(run, offset, wait).await?;
        offset += bytes.len() as u64;
        let empty = bytes.is_empty();
        rest.extend(bytes);
        let end = rest.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let end = if complete { rest.len() } else { end };
        let ready: Vec<u8> = rest.drain(..end).collect();
        if !ready.is_empty()
            && let Some(title) = title.take()
        {
            app.printer.say(&format!("--- {title}"));
        }
        for (at, text) in lines(&ready) {
            match at.filter(|_| arguments.timestamps) {
                Some(at) => app.printer.result(&format!("{at} {}", printable(&text))),
                None => app.printer.result(&printable(&text)),
            }
        }
        if complete || (empty && !arguments.follow) {
            return Ok(());
        }
    }
}

async fn whole(backend: &dyn Backend, run: &str) -> Result<Vec<u8>, Report> {
    let mut all = Vec::new();
    loop {
        let (bytes, complete) = backend.log(run, all.len() as u64, Duration::ZERO).await?;
        let empty = bytes.is_empty();
        all.extend(bytes);
        if complete || empty {
            return Ok(all);
        }
    }
}

/// The last lines of an action's log, without times.
pub(super) async fn tail(
    backend: &dyn Backend,
    run: &str,
    most: usize,
) -> Result<Vec<String>, Report> {
    let mut lines: Vec<String> =
        lines(&whole(backend, run).await?).into_iter().map(|(_, text)| text).collect();
    Ok(lines.split_off(lines.len().saturating_sub(most)))
}

/// Lines with their times, where they have one: a time in UTC, a space, the text.
fn lines(bytes: &[u8]) -> Vec<(Option<String>, String)> {
    let text = String::from_utf8_lossy(bytes);
    let line = |line: &str| match line.split_once(' ') {
        Some((at, text)) if at.parse::<jiff::Timestamp>().is_ok() => {
            (Some(at.to_owned()), text.to_owned())
        }
        _ => (None, line.to_owned()),
    };
    text.lines().map(line).collect()
}
