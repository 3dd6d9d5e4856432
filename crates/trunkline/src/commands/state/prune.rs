//! `trunkline state prune`: removes old runs from the state store, under the lock of their target. What was applied,
//! the ledger, runs that have not ended and the newest complete one stay, whatever is asked for.

use super::{Outcome, Where};
use crate::confirm::confirm;
use crate::connect;
use crate::context::{App, Located};
use crate::exit::Exit;
use crate::journal::is_within;
use crate::render::counted;
use crate::runtime;
use crate::state::{self, Hold, LockArguments};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use trunkline_center::state::{RunEnd, RunHead, TargetState};
use trunkline_model::{Report, Target};

const DAY: f64 = 86_400.0;

#[derive(clap::Args)]
#[command(after_help = "Example: trunkline state prune --env prod --keep 50 --older-than 90")]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Where,
    /// Keep so many of the newest runs
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    keep: u32,
    /// Remove only what ended more than so many days ago
    #[arg(long, value_name = "DAYS")]
    older_than: Option<u32>,
    /// Wait up to so many seconds for somebody else's run to end
    #[arg(long, value_name = "SECONDS")]
    lock_timeout: Option<u64>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(super) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let located = app.project()?;
    let Where { environment, region } = &arguments.place;
    let targets = located.targets(environment, region.as_deref())?;
    let aws = connect::aws(app)?;
    runtime::block_on(async {
        let store = state::store(&located, &aws).await?;
        let settings = aws.settings();
        let caller = settings.caller.clone().or_else(|| settings.user.clone());
        let caller = caller.unwrap_or_else(|| "trunkline".to_owned());
        let mut all = Vec::new();
        for target in targets {
            let state = TargetState::new(store.clone(), &target);
            all.push(one(arguments, app, &located, &target, &state, &caller).await?);
        }
        if app.printer.is_json() {
            app.printer.json("state-prune", &json!({ "place": store.place(), "targets": all }));
        }
        Ok(Exit::Done)
    })
}

/// Shows what would go, asks, and removes it under the lock of the target.
async fn one(
    arguments: &Arguments,
    app: &App,
    located: &Located,
    target: &Target,
    state: &TargetState,
    caller: &str,
) -> Result<Value, Report> {
    let label = target.label();
    let (going, remnants) = (going(arguments, located, state).await?, state.remnants().await?);
    if going.is_empty() && remnants.is_empty() {
        app.printer.say(&format!("{label}   no run is to be removed"));
        return Ok(json!({ "target": label, "removed": [] }));
    }
    if let (Some(first), Some(last)) = (going.first(), going.last()) {
        let (number, from, to) = (counted(going.len(), "run"), &first.meta.run, &last.meta.run);
        app.printer.say(&format!("{label}   {number} to be removed, from {from} to {to}"));
        confirm(
            app,
            "Remove them? They cannot be looked up or rolled back any more.",
            "yes",
            arguments.yes,
        )?;
    }
    let place = (state, label.clone(), located.project.settings.lock_lease);
    let asked: BTreeSet<String> = going.into_iter().map(|head| head.meta.run).collect();
    let lock_timeout = arguments.lock_timeout;
    let waits = LockArguments { lock_timeout, ..LockArguments::default() };
    // No run of its own: the lock goes on naming the last one.
    let hold = Hold::lock(app, place, caller.to_owned(), ("state prune", ""), &waits).await?;
    let removed = remove(arguments, located, &hold, &asked).await;
    let removed = hold.give_back(removed).await?;
    let what = match asked.len() {
        0 => "what an earlier removal left".to_owned(),
        _ => counted(removed.len(), "run"),
    };
    app.printer.say(&format!("{label}   {what} removed"));
    Ok(json!({ "target": label, "removed": removed }))
}

/// Removes what was asked about and may go under the lock as well; first what an earlier removal left.
async fn remove(
    arguments: &Arguments,
    located: &Located,
    hold: &Hold,
    asked: &BTreeSet<String>,
) -> Result<Vec<String>, Report> {
    for run in hold.state.remnants().await? {
        hold.state.remove(&run, hold.token).await?;
    }
    let mut removed = Vec::new();
    for head in going(arguments, located, &hold.state).await? {
        if asked.contains(&head.meta.run) {
            hold.state.remove(&head.meta.run, hold.token).await?;
            removed.push(head.meta.run);
        }
    }
    Ok(removed)
}

/// The runs that go: not one of which Search may not know yet what it wrote.
async fn going(
    arguments: &Arguments,
    located: &Located,
    state: &TargetState,
) -> Result<Vec<RunHead>, Report> {
    let days = arguments.older_than.map_or(0.0, |days| f64::from(days) * DAY);
    let is_young = is_within(days.max(located.project.settings.search_lag));
    let may_go = |end: &RunEnd| !is_young(&end.ended);
    state.removable(arguments.keep as usize, &may_go).await
}
