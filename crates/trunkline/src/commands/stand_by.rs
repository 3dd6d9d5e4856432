//! `trunkline stand-by`: the process that a server keeps for the first shell of its next build. Only a server
//! starts it; what it waits for and why is told in `trunkline_build::Standby`.

use super::Outcome;
use crate::exit::Exit;
use std::path::PathBuf;
use trunkline_model::Diagnostic;

/// The command's name.
pub(crate) const NAME: &str = "stand-by";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The file through which the process enters its control group
    entrance: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    trunkline_build::stand_by(&arguments.entrance).map_err(|error| {
        Diagnostic::error("TL0858", format!("a shell cannot be started: {error}"))
    })?;
    Ok(Exit::Done)
}
