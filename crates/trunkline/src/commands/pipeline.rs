//! `trunkline pipeline`: start pipelines, see how they go, answer them. Talks to the server of the data folder
//! where one runs; else works in the folder itself.

mod act;
mod follow;
mod logs;
mod new;
mod run;
mod show;
mod validate;

use super::Outcome;
use crate::context::{App, Located};
use crate::pipelines::backend::{self, Backend, Need};
use crate::runtime;
use std::path::PathBuf;
use trunkline_model::Report;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Write an environment's first pipeline
    New(new::Arguments),
    /// List the pipelines with their newest execution
    List(Place),
    /// Show a pipeline's stages and executions, or one execution
    Show(show::Arguments),
    /// Start a pipeline and wait until it ends
    Run(run::Arguments),
    /// Follow an execution until it ends
    Watch(run::Watch),
    /// Make failed actions of a stage again
    Retry(act::Retry),
    /// Go on without a condition of a stage
    Override(act::Override),
    /// Bring a stage back to what an earlier execution brought there
    Rollback(act::Rollback),
    /// Stop an execution
    Stop(act::Stop),
    /// Approve what waits
    Approve(act::Review),
    /// Reject what waits
    Reject(act::Review),
    /// Let executions enter a stage again
    Enable(act::Transition),
    /// Let no execution enter a stage
    Disable(act::Disable),
    /// Print what actions wrote
    Logs(logs::Arguments),
    /// Check files: pipelines, templates, buildspecs
    Validate(validate::Arguments),
}

/// Where executions are remembered.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// The data folder; default: .trunkline/serve beside trunkline.yaml
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// A pipeline, and one of its executions.
#[derive(clap::Args)]
pub(crate) struct Chosen {
    /// The pipeline
    #[arg(value_name = "NAME")]
    name: String,
    /// The execution: its id, the beginning of it, or `latest`
    #[arg(value_name = "EXECUTION", default_value = "latest")]
    execution: String,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(command: &Command, app: &App) -> Outcome {
    match command {
        Command::New(arguments) => new::run(arguments, app),
        Command::List(place) => show::list(place, app),
        Command::Show(arguments) => show::run(arguments, app),
        Command::Run(arguments) => run::run(arguments, app),
        Command::Watch(arguments) => run::watch(arguments, app),
        Command::Retry(arguments) => act::retry(arguments, app),
        Command::Override(arguments) => act::override_condition(arguments, app),
        Command::Rollback(arguments) => act::rollback(arguments, app),
        Command::Stop(arguments) => act::stop(arguments, app),
        Command::Approve(arguments) => act::review(arguments, true, app),
        Command::Reject(arguments) => act::review(arguments, false, app),
        Command::Enable(arguments) => act::enable(arguments, app),
        Command::Disable(arguments) => act::disable(arguments, app),
        Command::Logs(arguments) => logs::run(arguments, app),
        Command::Validate(arguments) => validate::run(arguments, app),
    }
}

/// Opens the backend, does the work, and ends what was begun in this process, however the work went.
fn with_backend<T>(
    app: &App,
    place: &Place,
    need: Need,
    command: &str,
    work: impl AsyncFnOnce(&dyn Backend) -> Result<T, Report>,
) -> Result<T, Report> {
    let located: Located = app.project()?;
    runtime::block_on(async {
        let command = format!("pipeline {command}");
        let opened = backend::open(app, &located, place.data.as_deref(), need, &command);
        let backend = opened.await?;
        let done = work(backend.as_ref()).await;
        backend.close().await;
        done
    })
}

/// The first characters of an id, which are enough for people.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
