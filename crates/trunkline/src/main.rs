//! Trunkline: continuous delivery for Amazon Connect contact centers.
//!
//! This crate is the program: arguments, printing, exit codes and wiring. Only here are the
//! environment, the clock and the terminal touched; what they say is passed on as values. No
//! async runtime is started before a command needs one.

// A diagnostic is large and rare; boxing it would cost every caller more than it saves.
#![allow(clippy::result_large_err)]

mod actions;
mod caller;
mod cli;
mod clock;
mod commands;
mod confirm;
mod connect;
mod context;
mod delivery;
mod demo;
mod exit;
mod files;
mod git;
mod interrupt;
mod journal;
mod limits;
mod mirrors;
mod notices;
mod pages;
mod pipelines;
mod planning;
mod printer;
mod progress;
mod render;
mod replica;
mod runtime;
mod saved;
mod state;
mod triggers;
mod watched;

use clap::Parser as _;
use clap::error::ErrorKind;
use context::{App, Surroundings};
use exit::Exit;
use printer::Printer;
use std::process::ExitCode;

fn main() -> ExitCode {
    let surroundings = Surroundings::capture();
    match cli::Cli::try_parse() {
        Ok(cli) => {
            let printer = Printer::new(&cli.global, &surroundings);
            let app = App { global: cli.global, printer, surroundings };
            app.run(cli.command).into()
        }
        Err(error) => usage(&error, &surroundings).into(),
    }
}

/// Prints what clap says. Help and version are results; everything else is bad usage.
fn usage(error: &clap::Error, surroundings: &Surroundings) -> Exit {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let color = printer::use_color(cli::color_in_arguments(), surroundings, asked);
    let text = error.render();
    let text = if color { text.ansi().to_string() } else { text.to_string() };
    if asked {
        printer::write_out(&text);
        return Exit::Done;
    }
    printer::write_err(&text);
    Exit::Usage
}
