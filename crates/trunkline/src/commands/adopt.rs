//! `trunkline adopt`: takes over what documents name and no project owns, in an instance that people or older
//! scripts filled. Writes tags and the ledger, nothing else.

use super::Outcome;
use crate::confirm::consent;
use crate::connect::{self, Access, Connected};
use crate::context::{App, Located};
use crate::exit::Exit;
use crate::planning::{self, PlanArguments};
use crate::state::{self, Ended, Hold, LockArguments, Why};
use crate::{files, journal, runtime};
use serde_json::json;
use trunkline_center::Documents;
use trunkline_center::plan::adoption;
use trunkline_model::Report;

#[derive(clap::Args)]
#[command(
    after_help = "Values stay as they are: where they differ from the documents, the next plan says so, and \
                  `--overwrite-drift` puts the documents' values there.\n\
                  Examples: trunkline adopt --env uat\n          \
                  trunkline adopt --env uat \"queue:*\" --from-project retail"
)]
pub(crate) struct Arguments {
    /// Only these: `kind:name`, with `*` for any characters
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,
    /// In this environment (name or alias)
    #[arg(long = "env", value_name = "ENV", required = true)]
    environment: Option<String>,
    /// Only in this region
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Take over what belongs to this project too
    #[arg(long, value_name = "PROJECT")]
    from_project: Option<String>,
    /// Look at this kind too: `users` (can be repeated)
    #[arg(long, value_name = "KIND")]
    include: Vec<String>,
    /// Allow an environment that people build in
    #[arg(long)]
    into_build: bool,
    #[command(flatten)]
    lock: LockArguments,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    planning::check_kinds(&arguments.patterns)?;
    let located = app.project()?;
    let plan = PlanArguments {
        environment: arguments.environment.clone(),
        region: arguments.region.clone(),
        include: arguments.include.clone(),
        into_build: arguments.into_build,
        ..PlanArguments::default()
    };
    let targets = planning::targets(&plan, &located)?;
    let documents = files::load(&located.root)?;
    let aws = connect::aws(app)?;
    runtime::block_on(async {
        let mut results = Vec::new();
        for target in targets {
            let (label, run) = (target.label(), journal::run_id());
            let connected = connect::connect(&aws, &located, target, Access::Write, &run).await?;
            app.printer.say(&connected.headline());
            let state = state::of(&located, &connected.target, &aws).await?;
            let hold =
                Hold::take(app, &located, &connected, &state, ("adopt", &run), &arguments.lock)
                    .await?;
            let scene =
                Scene { arguments, app, located: &located, documents: &documents, plan: &plan };
            let ended = under_lock(&scene, &connected, &hold).await;
            let (ended, adopted) = hold.give_back(ended).await?;
            results.push(json!({ "target": label, "run": ended.run, "adopted": adopted }));
        }
        if app.printer.is_json() {
            app.printer.json("adopt", &json!({ "targets": results }));
        }
        Ok(Exit::Done)
    })
}

struct Scene<'a> {
    arguments: &'a Arguments,
    app: &'a App,
    located: &'a Located,
    documents: &'a Documents,
    plan: &'a PlanArguments,
}

async fn under_lock(
    scene: &Scene<'_>,
    connected: &Connected,
    hold: &Hold,
) -> Result<(Ended, Vec<String>), Report> {
    let Scene { arguments, app, located, documents, plan } = scene;
    let prepared = planning::prepare(connected, located, documents, plan, &hold.state).await?;
    let chosen = |kind: &str, name: &str| planning::is_meant(&arguments.patterns, kind, name);
    let from = arguments.from_project.as_deref();
    let plan = adoption(&prepared.input(connected), &chosen, from)?;
    app.printer.warnings(&plan.findings);
    let adopted: Vec<String> =
        plan.changes.iter().map(|c| format!("{}:{}", c.kind, c.name)).collect();
    if plan.changes.is_empty() {
        app.printer
            .say("Nothing to take over: what the documents name is this project's or not there.");
        return Ok((Ended { run: None, done: 0, drafts: 0 }, adopted));
    }
    let target = &connected.target;
    let question = format!("Take these over in {}?", target.label());
    consent(app, &plan, target, &question, arguments.yes)?;
    let why = Why { command: "adopt".to_owned() };
    let ended =
        state::carry_out(app, located, connected, hold, plan, &prepared.snapshot, &why).await?;
    Ok((ended, adopted))
}
