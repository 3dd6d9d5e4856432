//! `trunkline rollback`: takes back what a run did, from any machine that reaches the state store. Shows the
//! plan, what cannot be undone and what stays, and asks before it writes.

use super::Outcome;
use crate::confirm::consent;
use crate::connect::{self, Access, Connected};
use crate::context::{App, Located};
use crate::exit::Exit;
use crate::state::{self, Ended, Found, Hold, LockArguments, Unnamed, Where, Why};
use crate::{journal, planning, runtime};
use serde_json::{Value, json};
use trunkline_aws::Aws;
use trunkline_center::Snapshot;
use trunkline_center::rollback::{self, Rollback, RollbackInput};
use trunkline_center::state::{Remembered, RunRecord, TargetState};
use trunkline_model::{Diagnostic, Report};

#[derive(clap::Args)]
#[command(
    after_help = "Examples: trunkline rollback --env uat\n          trunkline rollback 20270104-120000-1a2b"
)]
pub(crate) struct Arguments {
    /// The run to take back (default: the last one of the environment)
    #[arg(value_name = "RUN", required_unless_present = "environment")]
    run: Option<String>,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    lock: LockArguments,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let located = app.project()?;
    let targets = arguments.place.targets(app, &located)?;
    let aws = connect::aws(app)?;
    runtime::block_on(async {
        let named = arguments.run.as_deref();
        let chosen = state::find(&located, &aws, targets, named, Unnamed::Last).await?;
        if chosen.is_empty() {
            app.printer.say("there was no run: there is nothing to take back");
        }
        let mut results = Vec::new();
        for one in chosen {
            let label = one.target.label();
            let result = target(arguments, app, &located, &aws, one).await?;
            results.push(json!({ "target": label, "result": result }));
        }
        if app.printer.is_json() {
            app.printer.json("rollback", &json!({ "targets": results }));
        }
        Ok(Exit::Done)
    })
}

/// Takes the target's lock, works under it, and gives it back however that ends.
async fn target(
    arguments: &Arguments,
    app: &App,
    located: &Located,
    aws: &Aws,
    chosen: Found,
) -> Result<Value, Report> {
    let Found { target, state, head } = chosen;
    let run = head.meta.run;
    let session = journal::run_id();
    let connected = connect::connect(aws, located, target, Access::Write, &session).await?;
    app.printer.say(&connected.headline());
    let word = format!("rollback {run}");
    let hold =
        Hold::take(app, located, &connected, &state, (&word, &session), &arguments.lock).await?;
    let ended = under_lock(arguments, app, located, &connected, &hold, &run).await;
    let (ended, told) = hold.give_back(ended).await?;
    let Ended { run: made, done, drafts } = ended;
    Ok(json!({ "took back": run, "run": made, "steps": done, "drafts": drafts, "told": told }))
}

async fn under_lock(
    arguments: &Arguments,
    app: &App,
    located: &Located,
    connected: &Connected,
    hold: &Hold,
    run: &str,
) -> Result<(Ended, Vec<String>), Report> {
    let record = hold.state.run(run).await?;
    let (Rollback { plan, cannot, kept }, now) =
        planned(located, connected, &hold.state, &record).await?;
    app.printer.warnings(&plan.findings);
    app.printer.warnings(&kept);
    app.printer.warnings(&cannot);
    let told = kept.iter().chain(&cannot).map(|d| d.message.clone()).collect();
    if plan.is_empty() {
        app.printer.say("nothing is left of the run that could be taken back");
    } else {
        let target = &connected.target;
        let question = format!("Take run {run} back in {}?", target.label());
        consent(app, &plan, target, &question, arguments.yes)?;
    }
    let why = Why { command: format!("rollback {run}") };
    let ended = state::carry_out(app, located, connected, hold, plan, &now, &why).await?;
    Ok((ended, told))
}

/// The inverse of a run, and the instance that it was planned from.
async fn planned(
    located: &Located,
    connected: &Connected,
    state: &TargetState,
    record: &RunRecord,
) -> Result<(Rollback, Snapshot), Report> {
    let before = known(connected, record)?;
    let Remembered { baseline, recent, drafts } = planning::remembered(located, state).await?;
    let include = planning::opt_in_kinds(&record.plan);
    let read = planning::read_options(located, &include, false, recent);
    let mut now = connected.snapshot(None, &read).await?;
    let events = record.plain_events();
    let needed = rollback::drafts_needed(&record.plan, &events, &now);
    connected.read_drafts(&mut now, &needed, &read).await?;
    let options = planning::plan_options(located, &connected.target, drafts);
    let (run, events, bindings) = (&record.plan, events.as_slice(), &connected.bindings);
    let (now_ref, baseline, options) = (&now, &baseline, &options);
    let input = RollbackInput { run, events, before, now: now_ref, bindings, baseline, options };
    Ok((rollback::plan(&input)?, now))
}

/// What was there before the run. TL0532: nobody knows, or it was another instance.
fn known<'a>(connected: &Connected, record: &'a RunRecord) -> Result<&'a Snapshot, Report> {
    let run = &record.meta.run;
    let refused = Diagnostic::error("TL0532", format!("run {run} cannot be rolled back"))
        .on(connected.target.label());
    if record.meta.instance != connected.instance.arn {
        return Err(refused
            .because(format!("it belongs to {}", record.meta.instance))
            .because(format!("this is {}", connected.instance.arn))
            .help("nothing was changed; check trunkline.yaml")
            .report());
    }
    record.before.as_ref().ok_or_else(|| {
        refused
            .because("what was there before it is not remembered")
            .help("apply the documents of an earlier commit instead")
            .report()
    })
}
