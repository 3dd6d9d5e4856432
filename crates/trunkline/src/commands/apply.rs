//! `trunkline apply`: carries out a plan, freshly made or saved. Asks before it writes.

use super::Outcome;
use super::resume;
use crate::confirm::consent;
use crate::connect::{self, Access, Connected};
use crate::context::{App, Located};
use crate::delivery::InvokedBy;
use crate::exit::Exit;
use crate::planning::{self, PlanArguments, Planned};
use crate::render::plan as render;
use crate::state::{self, Ended, Found, Hold, LockArguments, Why};
use crate::{files, journal, replica, runtime, saved};
use serde_json::{Value, json};
use std::path::PathBuf;
use trunkline_aws::Aws;
use trunkline_center::Documents;
use trunkline_center::apply;
use trunkline_center::plan::Plan;
use trunkline_center::state::{RunHead, RunResult, TargetState};
use trunkline_model::{Diagnostic, Report, Target};

#[derive(clap::Args)]
#[command(
    after_help = "Examples: trunkline apply --env uat\n          trunkline apply plan.json --yes"
)]
pub(crate) struct Arguments {
    /// A plan saved by `trunkline plan --out FILE`
    #[arg(value_name = "FILE", conflicts_with_all = ["environment", "only"])]
    file: Option<PathBuf>,
    #[command(flatten)]
    plan: PlanArguments,
    #[command(flatten)]
    lock: LockArguments,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// End with 3 where something was applied as a draft
    #[arg(long)]
    strict: bool,
}

/// What is applied to one target.
struct Work {
    target: Target,
    plan: Option<Plan>,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let located = app.project()?;
    let (work, documents) = match &arguments.file {
        Some(file) => {
            let region = arguments.plan.region.as_deref();
            (saved_work(file, region, &located)?, Documents::default())
        }
        None => {
            let targets = planning::targets(&arguments.plan, &located)?;
            let fresh = |target| Work { target, plan: None };
            (targets.into_iter().map(fresh).collect(), files::load(&located.root)?)
        }
    };
    let aws = connect::aws(app)?;
    runtime::block_on(async {
        let (mut results, mut exit, mut stopped) = (Vec::new(), Exit::Done, None);
        for one in work {
            let label = one.target.label();
            if stopped.is_some() {
                results.push(json!({ "target": label, "result": "not started" }));
                app.printer
                    .say(&format!("{label}   not started, because an earlier target failed"));
                continue;
            }
            match target(arguments, app, &located, &aws, &documents, one).await {
                Ok((result, drafts)) => {
                    if drafts && arguments.strict {
                        exit = Exit::Verdict;
                    }
                    results.push(json!({ "target": label, "result": result }));
                }
                Err(report) => {
                    results.push(json!({ "target": label, "result": "failed" }));
                    stopped = Some(report);
                }
            }
        }
        if let Some(report) = stopped {
            return Err(report);
        }
        if app.printer.is_json() {
            app.printer.json("apply", &json!({ "targets": results }));
        }
        Ok(exit)
    })
}

/// The targets of a saved plan, or the one in a region; the project must still have them. TL0901: the plan is for
/// other regions.
fn saved_work(
    file: &std::path::Path,
    region: Option<&str>,
    located: &Located,
) -> Result<Vec<Work>, Report> {
    let one = |plan: Plan| {
        let targets = located.targets(&plan.target.environment, Some(&plan.target.region))?;
        let target = targets.into_iter().next().ok_or_else(|| {
            Diagnostic::error("TL0403", "the project no longer has the plan's target").report()
        })?;
        Ok(Work { target, plan: Some(plan) })
    };
    let mut plans = saved::read(file)?;
    if let Some(region) = region {
        let all: Vec<String> = plans.iter().map(|plan| plan.target.region.clone()).collect();
        plans.retain(|plan| plan.target.region == region);
        if plans.is_empty() {
            let message = format!("the plan holds nothing for {region}");
            let found = Diagnostic::error("TL0901", message).in_file(file.display().to_string());
            return Err(found.help(format!("it is for {}", all.join(", "))).report());
        }
    }
    plans.into_iter().map(one).collect()
}

/// Takes the target's lock, works under it, and gives it back however that ends.
async fn target(
    arguments: &Arguments,
    app: &App,
    located: &Located,
    aws: &Aws,
    documents: &Documents,
    work: Work,
) -> Result<(Value, bool), Report> {
    let run = journal::run_id();
    let connected = connect::connect(aws, located, work.target, Access::Write, &run).await?;
    app.printer.say(&connected.headline());
    if let Some(source) = &connected.source {
        replica::awaited(app, located, aws, &connected, source).await?;
    }
    let state = state::of(located, &connected.target, aws).await?;
    if let Some(head) = own_stopped(app, &connected, &state).await? {
        let (target, state) = (connected.target.clone(), state.clone());
        let stopped = Found { target, state, head };
        resume::resume(&arguments.lock, app, located, aws, stopped).await?;
    }
    let hold =
        Hold::take(app, located, &connected, &state, ("apply", &run), &arguments.lock).await?;
    let scene = Scene { arguments, app, located, documents, connected: &connected, hold: &hold };
    let ended = under_lock(&scene, work.plan).await;
    let ended = hold.give_back(ended).await?;
    let result = json!({ "run": ended.run, "steps": ended.done, "drafts": ended.drafts });
    Ok((result, ended.drafts > 0))
}

/// The run that an earlier try of the same pipeline's execution began here and did not end.
async fn own_stopped(
    app: &App,
    connected: &Connected,
    state: &TargetState,
) -> Result<Option<RunHead>, Report> {
    if app.surroundings.invoked_by == InvokedBy::Person {
        return Ok(None);
    }
    let last = state.unfinished().await?.pop();
    let is_own =
        |head: &RunHead| head.meta.caller == connected.caller && head.meta.command == "apply";
    Ok(last.filter(is_own))
}

struct Scene<'a> {
    arguments: &'a Arguments,
    app: &'a App,
    located: &'a Located,
    documents: &'a Documents,
    connected: &'a Connected,
    hold: &'a Hold,
}

async fn under_lock(scene: &Scene<'_>, saved: Option<Plan>) -> Result<Ended, Report> {
    let Scene { arguments, app, located, documents, connected, hold } = scene;
    let mut seen = arguments.file.is_some();
    let planned = match saved {
        Some(plan) if waits_for_copies(&plan) => {
            // What was copied decides what there is to do; the plan said so.
            seen = false;
            let documents = files::load(&located.root)?;
            planning::plan(connected, located, &documents, &arguments.plan, &hold.state).await?
        }
        Some(plan) => {
            let verified = apply::verify(&connected.client, &connected.instance, &plan).await;
            if let Err(stale) = verified {
                let run = carried_out(scene, &plan).await?.ok_or(stale)?;
                let label = connected.target.label();
                app.printer.say(&format!("{label}   run {run} has done this already"));
                return Ok(Ended { run: Some(run), done: plan.steps.len(), drafts: 0 });
            }
            let snapshot = planning::before(connected, located, &plan, &hold.state).await?;
            Planned { plan, snapshot }
        }
        None => planning::plan(connected, located, documents, &arguments.plan, &hold.state).await?,
    };
    let Planned { plan, snapshot } = planned;
    app.printer.warnings(&plan.findings);
    if plan.is_empty() {
        app.printer.say(&render::summary(&plan));
    } else {
        let target = &connected.target;
        let question = format!("Apply this to {}?", target.label());
        // Whoever applies a saved plan has seen it.
        consent(app, &plan, target, &question, arguments.yes || seen)?;
    }
    let why = Why { command: "apply".to_owned() };
    state::carry_out(app, located, connected, hold, plan, &snapshot, &why).await
}

/// Whether a replica's plan leaves to the apply what depends on copies that were not there yet.
fn waits_for_copies(plan: &Plan) -> bool {
    plan.findings.iter().any(|found| found.code == "TL0430" && !found.notes.is_empty())
}

/// The run in which the same pipeline's execution carried this very plan out: its action was started again
/// because nobody had heard of the end.
async fn carried_out(scene: &Scene<'_>, plan: &Plan) -> Result<Option<String>, Report> {
    let Scene { app, connected, hold, .. } = scene;
    if app.surroundings.invoked_by == InvokedBy::Person {
        return Ok(None);
    }
    for head in hold.state.runs().await? {
        let done = head.end.as_ref().is_some_and(|end| end.result == RunResult::Complete);
        let own = head.meta.caller == connected.caller && head.meta.command == "apply";
        if done && own && hold.state.plan_of(&head.meta.run).await? == *plan {
            return Ok(Some(head.meta.run));
        }
    }
    Ok(None)
}
