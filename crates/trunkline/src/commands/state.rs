//! `trunkline state`: what is remembered of an environment, how to free a lock by hand, and what of it goes.

mod prune;

use super::{Outcome, log};
use crate::confirm::confirm;
use crate::connect;
use crate::context::App;
use crate::exit::Exit;
use crate::render::{counted, printable};
use crate::{runtime, state};
use serde_json::{Value, json};
use trunkline_center::state::TargetState;
use trunkline_model::Report;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Show where it is, who works on a target, what was applied, and runs that have stopped
    Show(Where),
    /// Take the lock away from a holder that hangs
    Unlock {
        #[command(flatten)]
        place: Where,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Remove old runs: they cannot be looked up or rolled back any more
    Prune(prune::Arguments),
    /// Same as `trunkline log`
    History(log::Arguments),
}

/// Which targets.
#[derive(clap::Args)]
pub(crate) struct Where {
    /// The environment (name or alias)
    #[arg(long = "env", value_name = "ENV")]
    environment: String,
    /// Only in this region
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
}

pub(crate) fn run(command: &Command, app: &App) -> Outcome {
    match command {
        Command::Show(place) => on_each(app, place, None),
        Command::Unlock { place, yes } => on_each(app, place, Some(*yes)),
        Command::Prune(arguments) => prune::run(arguments, app),
        Command::History(arguments) => log::run(arguments, app),
    }
}

/// Shows the state of each target, or frees its lock.
fn on_each(app: &App, place: &Where, unlocks: Option<bool>) -> Outcome {
    let located = app.project()?;
    let targets = located.targets(&place.environment, place.region.as_deref())?;
    let aws = connect::aws(app)?;
    runtime::block_on(async {
        let store = state::store(&located, &aws).await?;
        let mut all = Vec::new();
        for target in targets {
            let state = TargetState::new(store.clone(), &target);
            match unlocks {
                None => all.push(show(app, &state, &target.label()).await?),
                Some(yes) => all.push(unlock(app, &state, &target.label(), yes).await?),
            }
        }
        if app.printer.is_json() {
            let schema = if unlocks.is_some() { "state-unlock" } else { "state" };
            app.printer.json(schema, &json!({ "place": store.place(), "targets": all }));
        }
        Ok(Exit::Done)
    })
}

async fn show(app: &App, state: &TargetState, label: &str) -> Result<Value, Report> {
    let (lock, applied, ledger) =
        (state.lock().await?.lock, state.applied().await?, state.ledger().await?);
    let (unfinished, last) = (state.unfinished().await?, state.runs().await?.into_iter().next());
    let resources = applied.as_ref().map(|a| a.resources.len());
    let stopped: Vec<&str> = unfinished.iter().map(|h| h.meta.run.as_str()).collect();
    let body = json!({
        "target": label,
        "lock": lock,
        "instance": applied.as_ref().map(|a| a.instance.clone()),
        "resources": resources,
        "ledger": ledger.0.len(),
        "unfinished": stopped,
        "last-run": last.as_ref().map(|h| h.meta.run.clone()),
    });
    if app.printer.is_json() {
        return Ok(body);
    }
    let holder = lock.holder.as_ref().map_or("nobody".to_owned(), |h| h.line());
    let known = match resources {
        None => "nothing yet".to_owned(),
        Some(count) => {
            format!("{}, {} more without tags", counted(count, "resource"), ledger.0.len())
        }
    };
    let rows = [
        ("place", state.place()),
        ("works on it", holder),
        ("token", lock.token.to_string()),
        ("applied", known),
        ("stopped", if stopped.is_empty() { "no run".to_owned() } else { stopped.join(", ") }),
        ("last run", last.map_or("none".to_owned(), |h| h.meta.run)),
    ];
    app.printer.result(label);
    let rows: Vec<Vec<String>> =
        rows.iter().map(|(k, v)| vec![format!("  {k}"), printable(v)]).collect();
    app.printer.table(&rows);
    Ok(body)
}

async fn unlock(app: &App, state: &TargetState, label: &str, yes: bool) -> Result<Value, Report> {
    let seen = state.lock().await?;
    let Some(holder) = seen.lock.holder.clone() else {
        app.printer.say(&format!("{label}   nobody works on it; there is nothing to unlock"));
        return Ok(json!({ "target": label, "unlocked": false, "token": seen.lock.token }));
    };
    app.printer.say(&format!("{label}   {}", printable(&holder.line())));
    let question = "Take the lock away? A process that lives stops before its next call.";
    confirm(app, question, "yes", yes)?;
    match state.unlock(&seen).await? {
        Some(held) => {
            app.printer.say(&format!("{label}   unlocked; the token is {} now", held.lock.token));
            Ok(json!({ "target": label, "unlocked": true, "token": held.lock.token }))
        }
        None => Err(trunkline_center::state::held_by(label, &holder)),
    }
}
