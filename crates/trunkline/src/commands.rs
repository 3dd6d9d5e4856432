//! The commands, one file each. Results go to stdout; a failure comes back as a report.

pub(crate) mod adopt;
pub(crate) mod apply;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod env;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod help;
pub(crate) mod init;
pub(crate) mod instance;
pub(crate) mod lab;
pub(crate) mod log;
pub(crate) mod merge_driver;
pub(crate) mod pipeline;
pub(crate) mod plan;
pub(crate) mod rename;
pub(crate) mod resume;
pub(crate) mod rollback;
pub(crate) mod serve;
pub(crate) mod stand_by;
pub(crate) mod state;
mod version;

use crate::cli::Command;
use crate::context::App;
use crate::exit::Exit;
use trunkline_model::Report;

/// How a command ends.
pub(crate) type Outcome = Result<Exit, Report>;

/// Runs a command.
pub(crate) fn run(command: Command, app: &App) -> Outcome {
    match command {
        Command::Init(arguments) => init::run(&arguments, app),
        Command::Export(arguments) => export::run(&arguments, app),
        Command::Check(arguments) => check::run(&arguments, app),
        Command::Plan(arguments) => plan::run(&arguments, app),
        Command::Apply(arguments) => apply::run(&arguments, app),
        Command::Drift(arguments) => drift::run(&arguments, app),
        Command::Rename(arguments) => rename::run(&arguments, app),
        Command::Adopt(arguments) => adopt::run(&arguments, app),
        Command::Resume(arguments) => resume::run(&arguments, app),
        Command::Rollback(arguments) => rollback::run(&arguments, app),
        Command::Log(arguments) => log::run(&arguments, app),
        Command::State(command) => state::run(&command, app),
        Command::Env(command) => env::run(&command, app),
        Command::Pipeline(command) => pipeline::run(&command, app),
        Command::Instance(command) => instance::run(&command, app),
        Command::Serve(arguments) => serve::run(&arguments, app),
        Command::Lab(arguments) => lab::run(&arguments, app),
        Command::Demo(arguments) => demo::run(&arguments, app),
        Command::Doctor(arguments) => doctor::run(&arguments, app),
        Command::MergeDriver(arguments) => merge_driver::run(&arguments, app),
        Command::StandBy(arguments) => stand_by::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments, app),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Version => version::run(app),
        Command::Help(arguments) => help::run(&arguments, app),
    }
}
