//! `trunkline resume`: goes on with a run that has stopped, from any machine that reaches the state store.
//! Asks for nothing: what the run does was agreed to when it began.

use super::Outcome;
use crate::connect::{self, Access, Connected};
use crate::context::{App, Located};
use crate::exit::Exit;
use crate::state::{self, Ended, Found, Hold, LockArguments, Unnamed, Where};
use crate::{journal, runtime};
use serde_json::json;
use trunkline_aws::Aws;
use trunkline_center::state::{RunHead, RunResult};
use trunkline_model::{Diagnostic, Report};

#[derive(clap::Args)]
#[command(
    after_help = "Examples: trunkline resume --env uat\n          trunkline resume 20270104-120000-1a2b --env prod"
)]
pub(crate) struct Arguments {
    /// The run to go on with (default: the one that has stopped)
    #[arg(value_name = "RUN")]
    run: Option<String>,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    lock: LockArguments,
    /// End with 3 where something was applied as a draft
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let located = app.project()?;
    let targets = arguments.place.targets(app, &located)?;
    let aws = connect::aws(app)?;
    runtime::block_on(async {
        let named = arguments.run.as_deref();
        let stopped = state::find(&located, &aws, targets, named, Unnamed::Stopped).await?;
        if stopped.is_empty() {
            app.printer.say("no run has stopped: there is nothing to resume");
        }
        let (mut results, mut drafts) = (Vec::new(), 0);
        for one in stopped {
            let label = one.target.label();
            refuse_ended(&one.head)?;
            let ended = resume(&arguments.lock, app, &located, &aws, one).await?;
            drafts += ended.drafts;
            results.push(json!({
                "target": label,
                "result": { "run": ended.run, "steps": ended.done, "drafts": ended.drafts },
            }));
        }
        if app.printer.is_json() {
            app.printer.json("resume", &json!({ "targets": results }));
        }
        Ok(if drafts > 0 && arguments.strict { Exit::Verdict } else { Exit::Done })
    })
}

/// Goes on with one run; also what an apply does first with a run of its own pipeline's execution.
pub(crate) async fn resume(
    lock: &LockArguments,
    app: &App,
    located: &Located,
    aws: &Aws,
    stopped: Found,
) -> Result<Ended, Report> {
    let Found { target, state, head } = stopped;
    let session = journal::run_id();
    let connected = connect::connect(aws, located, target, Access::Write, &session).await?;
    app.printer.say(&connected.headline());
    let hold =
        Hold::take(app, located, &connected, &state, ("resume", &head.meta.run), lock).await?;
    let ended = under_lock(app, &connected, &hold).await;
    hold.give_back(ended).await
}

async fn under_lock(app: &App, connected: &Connected, hold: &Hold) -> Result<Ended, Report> {
    // Somebody may have ended it while this command waited for the lock.
    let head = hold.state.head_of(&hold.run).await?;
    refuse_ended(&head)?;
    let (meta, instance) = (&head.meta, &connected.instance);
    if meta.instance != instance.arn {
        return Err(Diagnostic::error("TL0510", format!("run {} cannot be resumed", hold.run))
            .on(connected.target.label())
            .because(format!("it belongs to {}", meta.instance))
            .because(format!("`{}` is {} now", instance.alias, instance.arn))
            .help("nothing was changed; check trunkline.yaml, or plan and apply anew")
            .report());
    }
    let plan = hold.state.plan_of(&hold.run).await?;
    state::go_on(app, connected, hold, plan).await
}

/// TL0510 for a run that has ended for good.
fn refuse_ended(head: &RunHead) -> Result<(), Report> {
    let Some(end) = &head.end else { return Ok(()) };
    let run = &head.meta.run;
    let why = match &end.result {
        RunResult::Complete => format!("it is complete since {}", end.ended),
        RunResult::Superseded(by) if by.is_empty() => {
            "a later apply found nothing left to do".to_owned()
        }
        RunResult::Superseded(by) => format!("run {by} took its place"),
    };
    Err(Diagnostic::error("TL0510", format!("run {run} cannot be resumed"))
        .on(head.meta.target.clone())
        .because(why)
        .help("`trunkline apply` plans anew from what is there")
        .report())
}
