//! `trunkline plan`: shows what a deployment would change. Reads only.

use super::Outcome;
use crate::cli::Format;
use crate::connect::{self, Access};
use crate::context::App;
use crate::exit::Exit;
use crate::planning::{self, PlanArguments};
use crate::render::plan as render;
use crate::{files, journal, runtime, saved, state};
use serde_json::json;
use std::path::PathBuf;

#[derive(clap::Args)]
#[command(after_help = "Example: trunkline plan --env uat")]
pub(crate) struct Arguments {
    #[command(flatten)]
    plan: PlanArguments,
    /// Save the plan, for `trunkline apply FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// End with 2 where there are differences
    #[arg(long, alias = "detailed-exitcode")]
    exit_code: bool,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let located = app.project()?;
    let targets = planning::targets(&arguments.plan, &located)?;
    let documents = files::load(&located.root)?;
    let aws = connect::aws(app)?;
    let run = journal::run_id();
    runtime::block_on(async {
        let (mut plans, mut differs) = (Vec::new(), false);
        for target in targets {
            let connected = connect::connect(&aws, &located, target, Access::Read, &run).await?;
            // A plan that is kept or mailed must say what it is a plan of.
            match app.printer.format {
                Format::Text => app.printer.result(&connected.headline()),
                Format::Json | Format::Markdown => app.printer.say(&connected.headline()),
            }
            let state = state::of(&located, &connected.target, &aws).await?;
            let planned =
                planning::plan(&connected, &located, &documents, &arguments.plan, &state).await?;
            let plan = planned.plan;
            app.printer.warnings(&plan.findings);
            differs |= !plan.is_empty();
            match app.printer.format {
                Format::Text => {
                    let lines = render::text(&plan, app.printer.paint, app.printer.is_verbose());
                    lines.iter().for_each(|l| app.printer.result(l));
                }
                Format::Markdown => {
                    app.printer.result(&render::markdown(&plan, &connected.headline()));
                }
                Format::Json => {}
            }
            plans.push(plan);
        }
        if app.printer.is_json() {
            app.printer.json("plan", &json!({ "plans": plans }));
        }
        if let Some(out) = &arguments.out {
            saved::write(out, &plans)?;
            app.printer.say(&format!("saved: apply it with `trunkline apply {}`", out.display()));
        }
        Ok(if differs && arguments.exit_code { Exit::Differences } else { Exit::Done })
    })
}
