//! `trunkline completions SHELL`: a completion script on stdout.

use super::Outcome;
use crate::cli::Cli;
use crate::exit::Exit;
use crate::printer::write_out;
use clap::CommandFactory as _;
use clap_complete::Shell;

#[derive(clap::Args)]
#[command(
    after_help = "Example: trunkline completions bash > ~/.local/share/bash-completion/completions/trunkline"
)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "trunkline", &mut script);
    write_out(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
