//! `trunkline log`: what was done to an environment, newest first; or one run with its steps. Reads the
//! state store only.

use super::Outcome;
use crate::connect;
use crate::context::App;
use crate::exit::Exit;
use crate::render::printable;
use crate::runtime;
use crate::state::{self, Where};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use trunkline_center::apply::{Event, StepResult};
use trunkline_center::state::{RunHead, RunRecord, RunResult, TargetState};
use trunkline_model::Report;

#[derive(clap::Args)]
#[command(
    after_help = "Examples: trunkline log --env prod\n          trunkline log 20270104-120000-1a2b --env prod"
)]
pub(crate) struct Arguments {
    /// Show this run with its steps
    #[arg(value_name = "RUN")]
    run: Option<String>,
    #[command(flatten)]
    place: Where,
    /// At most so many runs of a target
    #[arg(short = 'n', long, value_name = "NUMBER", default_value = "20")]
    number: usize,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let located = app.project()?;
    let targets = arguments.place.targets(app, &located)?;
    let aws = connect::aws(app)?;
    runtime::block_on(async {
        let store = state::store(&located, &aws).await?;
        let Some(run) = &arguments.run else {
            let states = targets.iter().map(|t| TargetState::new(store.clone(), t));
            list(app, states.collect(), arguments.number).await?;
            return Ok(Exit::Done);
        };
        for found in state::named(&store, targets, run).await? {
            show(app, &found.state.record(found.head).await?);
        }
        Ok(Exit::Done)
    })
}

async fn list(app: &App, states: Vec<TargetState>, number: usize) -> Result<(), Report> {
    let (mut rows, mut all) = (Vec::new(), Vec::new());
    for state in states {
        for head in state.runs().await?.into_iter().take(number) {
            rows.push(row(&head));
            all.push(json_of(&head));
        }
    }
    if app.printer.is_json() {
        app.printer.json("log", &json!({ "runs": all }));
    } else if rows.is_empty() {
        app.printer.say("nothing was applied yet");
    }
    if !app.printer.is_json() {
        app.printer.table(&rows);
    }
    Ok(())
}

fn show(app: &App, record: &RunRecord) {
    let head = RunHead { meta: record.meta.clone(), end: record.end.clone() };
    if app.printer.is_json() {
        let events: Vec<Value> = record
            .events
            .iter()
            .map(|timed| {
                let mut event = serde_json::to_value(&timed.event).unwrap_or_default();
                event["at"] = json!(timed.at);
                event
            })
            .collect();
        let mut body = json_of(&head);
        body["events"] = json!(events);
        app.printer.json("run", &body);
        return;
    }
    let meta = &record.meta;
    let mut facts = vec![
        ("run", meta.run.clone()),
        ("target", meta.target.clone()),
        ("what", meta.command.clone()),
        ("by", format!("{} on {}", meta.caller, meta.host)),
        ("began", meta.started.clone()),
        ("result", result(&head)),
    ];
    facts.extend(meta.commit.clone().map(|commit| ("commit", commit)));
    facts.extend(meta.reason.clone().map(|reason| ("reason", reason)));
    if !meta.broken_rules.is_empty() {
        facts.push(("in spite of", meta.broken_rules.join(", ")));
    }
    let facts: Vec<Vec<String>> =
        facts.into_iter().map(|(what, value)| vec![what.to_owned(), printable(&value)]).collect();
    app.printer.table(&facts);
    app.printer.result("");
    app.printer.table(&steps(record));
}

/// A line for each step: when it was last heard of, how it went, its id. Those never begun come last.
fn steps(record: &RunRecord) -> Vec<Vec<String>> {
    let mut state: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for timed in &record.events {
        let (step, word) = match &timed.event {
            Event::StepStarted { step, .. } => (step, "begun"),
            Event::StepDone { step, result, .. } => (
                step,
                match result {
                    StepResult::Done => "done",
                    StepResult::Draft => "draft",
                    StepResult::Adopted => "done before",
                },
            ),
            Event::StepFailed { step, .. } => (step, "failed"),
            _ => continue,
        };
        if state.insert(step, (&timed.at, word)).is_none() {
            order.push(step);
        }
    }
    let never = record.plan.steps.iter().map(|s| s.id.as_str());
    let never: Vec<&str> = never.filter(|id| !state.contains_key(id)).collect();
    let line = |id: &&str| {
        let (at, word) = state.get(*id).copied().unwrap_or(("", "not begun"));
        vec![at.to_owned(), word.to_owned(), printable(id)]
    };
    order.iter().chain(&never).map(line).collect()
}

fn row(head: &RunHead) -> Vec<String> {
    let meta = &head.meta;
    let changes: Vec<String> = meta.changes.iter().map(|(w, n)| format!("{n} {w}")).collect();
    let commit = meta.commit.as_deref().unwrap_or("-");
    let short: String = commit.chars().take(8).collect();
    let dirty = if commit.ends_with('+') { "+" } else { "" };
    vec![
        meta.run.clone(),
        meta.target.clone(),
        printable(&meta.command),
        result(head),
        printable(&meta.caller),
        meta.started.chars().take(19).collect::<String>(),
        format!("{short}{dirty}"),
        changes.join(", "),
    ]
}

fn result(head: &RunHead) -> String {
    match &head.end {
        None => "not ended".to_owned(),
        Some(end) => match &end.result {
            RunResult::Complete if end.drafts > 0 => {
                format!("complete, {} as drafts", end.drafts)
            }
            RunResult::Complete => "complete".to_owned(),
            RunResult::Superseded(by) if by.is_empty() => {
                format!("stopped at {} of {}", end.done, head.meta.steps)
            }
            RunResult::Superseded(by) => {
                format!("stopped at {} of {}, then {by}", end.done, head.meta.steps)
            }
        },
    }
}

fn json_of(head: &RunHead) -> Value {
    let mut body = serde_json::to_value(&head.meta).unwrap_or_default();
    if let Some(body) = body.as_object_mut() {
        body.remove("version");
    }
    body["end"] = serde_json::to_value(&head.end).unwrap_or_default();
    body
}
