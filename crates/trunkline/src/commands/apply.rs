//! `trunkline apply`: carries out a plan, freshly made or saved. Asks before it writes.

use super::Outcome;
use crate::clock::Stopwatch;
use crate::confirm::confirm;
use crate::connect::{self, Access, Connected};
use crate::context::{App, Located};
use crate::exit::Exit;
use crate::journal::{self, FileJournal};
use crate::planning::{self, PlanArguments};
use crate::progress::Progress;
use crate::render::plan as render;
use crate::{files, interrupt, runtime, saved};
use serde_json::{Value, json};
use std::path::PathBuf;
use trunkline_aws::Aws;
use trunkline_center::Documents;
use trunkline_center::apply::{self, Event, Journal as _, Machine, Progress as Step};
use trunkline_center::plan::Plan;
use trunkline_model::{Diagnostic, Report, Target};

#[derive(clap::Args)]
#[command(
    after_help = "Examples: trunkline apply --env uat\n          trunkline apply plan.json --yes"
)]
pub(crate) struct Arguments {
    /// A plan saved by `trunkline plan --out FILE`
    #[arg(value_name = "FILE", conflicts_with = "environment")]
    file: Option<PathBuf>,
    #[command(flatten)]
    plan: PlanArguments,
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
        Some(file) => (saved_work(file, &located)?, Documents::default()),
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

/// The targets of a saved plan; the project must still have them.
fn saved_work(file: &std::path::Path, located: &Located) -> Result<Vec<Work>, Report> {
    let one = |plan: Plan| {
        let targets = located.targets(&plan.target.environment, Some(&plan.target.region))?;
        let target = targets.into_iter().next().ok_or_else(|| {
            Diagnostic::error("TL0403", "the project no longer has the plan's target").report()
        })?;
        Ok(Work { target, plan: Some(plan) })
    };
    saved::read(file)?.into_iter().map(one).collect()
}

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
    let plan = match work.plan {
        Some(plan) => {
            apply::verify(&connected.client, &connected.instance, &plan).await?;
            plan
        }
        None => planning::plan(&connected, located, documents, &arguments.plan).await?,
    };
    app.printer.warnings(&plan.findings);
    if plan.is_empty() {
        app.printer.say(&render::summary(&plan));
        return Ok((json!({ "run": run, "steps": 0 }), false));
    }
    if arguments.file.is_none() && !arguments.yes {
        let lines = render::text(&plan, app.printer.paint, app.printer.is_verbose());
        lines.iter().for_each(|l| app.printer.say(l));
    }
    let word = match connected.target.environment.approval {
        trunkline_model::Approval::Required => connected.target.environment.name.clone(),
        trunkline_model::Approval::None => "yes".to_owned(),
    };
    let asked = arguments.yes || arguments.file.is_some();
    if !confirm(app, &format!("Apply this to {}?", connected.target.label()), &word, asked)? {
        return Err(Diagnostic::error("TL0505", "not confirmed; nothing was changed").report());
    }
    carry_out(app, located, &connected, plan, &run).await
}

async fn carry_out(
    app: &App,
    located: &Located,
    connected: &Connected,
    plan: Plan,
    run: &str,
) -> Result<(Value, bool), Report> {
    let folder = journal::folder(&planning::state_folder(located)?, &connected.target);
    let mut journal = FileJournal::create(&folder, run)?;
    let steps = plan.steps.len();
    let started = Event::Started {
        run: run.to_owned(),
        target: connected.target.label(),
        instance: connected.instance.arn.clone(),
        steps,
    };
    let begun = journal.append_all(std::slice::from_ref(&started)).await;
    begun.map_err(|e| Diagnostic::error("TL0504", e.to_string()))?;
    app.printer.say(&format!("run {run}: {}", render::steps(steps)));
    let mut machine = Machine::new(plan, connected.instance.clone());
    let (progress, watch) = (Progress::new(&app.printer), Stopwatch::start());
    let interrupted = interrupt::watch();
    let outcome = {
        let mut tell = |step: Step| tell(&progress, &watch, steps, step);
        let stop = || interrupted.is_set();
        apply::run(&connected.client, &mut machine, &mut journal, &mut tell, &stop).await?
    };
    app.printer.warnings(&outcome.drafts);
    let done = format!("{} of {} done", outcome.done, render::steps(outcome.total));
    if !outcome.failures.is_empty() {
        app.printer.say(&format!(
            "{}   {done}; journal: {}",
            connected.target.label(),
            journal.path().display()
        ));
        return Err(Report(outcome.failures));
    }
    if outcome.interrupted && outcome.done < outcome.total {
        return Err(Diagnostic::error("TL0506", format!("interrupted: {done}"))
            .on(connected.target.label())
            .help("run the same command again: it goes on from what is there")
            .report());
    }
    let seconds = watch.elapsed().as_secs_f64();
    progress.state(&format!("{}   {done} in {seconds:.1} s", connected.target.label()));
    let drafts = outcome.drafts.len();
    Ok((json!({ "run": run, "steps": outcome.done, "drafts": drafts }), drafts > 0))
}

/// Calls done, calls left, and the time that they will take at the speed so far.
fn tell(progress: &Progress<'_>, watch: &Stopwatch, steps: usize, step: Step) {
    match step {
        Step::Calling(kind, name, _) => progress.update(&format!("  … {kind} {name}")),
        Step::Done(done, _) => {
            let elapsed = watch.elapsed().as_secs_f64();
            let left = (steps - done) as f64 * elapsed / done.max(1) as f64;
            progress
                .update(&format!("  {done} of {}, about {left:.0} s left", render::steps(steps)));
        }
    }
}
