//! The command line: global options and the list of commands. Each command's own arguments stand
//! in its file under `commands/`.

use crate::commands::{
    adopt, apply, check, completions, demo, doctor, drift, env, explain, export, help, init,
    instance, lab, log, merge_driver, pipeline, plan, rename, resume, rollback, serve, stand_by,
    state,
};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Continuous delivery for Amazon Connect contact centers
#[derive(Parser)]
#[command(
    name = "trunkline",
    version,
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Exit codes: `trunkline help exit-codes`. Error codes: `trunkline explain`."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args, Clone)]
pub(crate) struct Global {
    /// Run as if started in this folder
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub(crate) directory: Option<PathBuf>,
    /// Use this profile of the AWS configuration files
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) profile: Option<String>,
    /// When to use colour
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN", global = true)]
    pub(crate) color: Color,
    /// Say nothing but results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more (can be repeated)
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
    /// The form of the result
    #[arg(short, long, value_enum, default_value = "text", value_name = "FORMAT", global = true)]
    pub(crate) output: Format,
    /// Same as --output json
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless the environment says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The form of a result on stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// For comments on merge requests
    Markdown,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start a project in this folder
    Init(init::Arguments),
    /// Write the instance that people built as documents
    Export(export::Arguments),
    /// Check documents, references and pipelines, without AWS
    Check(check::Arguments),
    /// Show what a deployment would change
    Plan(plan::Arguments),
    /// Deploy: carry out a plan
    Apply(apply::Arguments),
    /// Show what changed in an instance since the last apply
    Drift(drift::Arguments),
    /// Give a resource another name, here and in every target
    Rename(rename::Arguments),
    /// Take over what people or older scripts made
    Adopt(adopt::Arguments),
    /// Go on with an apply that has stopped
    Resume(resume::Arguments),
    /// Take back what a run did
    Rollback(rollback::Arguments),
    /// List what was done to environments, or show one run
    Log(log::Arguments),
    /// Show what is remembered of an environment, or free its lock
    #[command(subcommand)]
    State(state::Command),
    /// List or show the project's environments
    #[command(subcommand)]
    Env(env::Command),
    /// Start pipelines, see how they go, answer them
    #[command(subcommand)]
    Pipeline(pipeline::Command),
    /// Create an environment's Connect instance
    #[command(subcommand)]
    Instance(instance::Command),
    /// See it work: a contact center from the console to production, on an emulated AWS
    Demo(demo::Arguments),
    /// Check configuration, credentials, roles, instances and buckets
    Doctor(doctor::Arguments),
    /// Host repositories, take webhooks and run pipelines
    Serve(serve::Arguments),
    /// Run the lab, a local AWS to try things out on
    Lab(lab::Arguments),
    /// Merge three versions of a flow by block; git runs it
    #[command(hide = true)]
    MergeDriver(merge_driver::Arguments),
    /// Become a build's first shell; a server runs it
    #[command(name = stand_by::NAME, hide = true)]
    StandBy(stand_by::Arguments),
    /// Explain an error code, or list all of them
    Explain(explain::Arguments),
    /// Print a shell's completion script
    Completions(completions::Arguments),
    /// Print the version
    Version,
    /// Print help on a command, or on `exit-codes`
    Help(help::Arguments),
}

/// Finds `--color` without clap, for the messages that clap itself makes.
pub(crate) fn color_in_arguments() -> Color {
    let arguments: Vec<_> = crate::context::arguments();
    let value = arguments.iter().enumerate().find_map(|(i, argument)| match argument.as_str() {
        "--color" => arguments.get(i + 1).map(String::as_str),
        other => other.strip_prefix("--color="),
    });
    value.and_then(|v| Color::from_str(v, true).ok()).unwrap_or(Color::Auto)
}
