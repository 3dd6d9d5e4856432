//! `trunkline help [TOPIC]`: a command's long help, or the table of exit codes.

use super::Outcome;
use crate::cli::Cli;
use crate::context::App;
use crate::exit::{Exit, TABLE};
use clap::CommandFactory as _;
use serde_json::json;
use trunkline_config::nearest;
use trunkline_model::Diagnostic;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A command, or `exit-codes`
    topic: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    if arguments.topic == ["exit-codes"] {
        return Ok(exit_codes(app));
    }
    let mut command = Cli::command();
    command.build();
    let mut found = &mut command;
    for word in &arguments.topic {
        let known: Vec<String> = found.get_subcommands().map(|c| c.get_name().to_owned()).collect();
        let Some(next) = known.iter().position(|name| name == word) else {
            let error = Diagnostic::error("TL0901", format!("there is no help on `{word}`"));
            let topics = known.iter().map(String::as_str).chain(["exit-codes"]);
            let near = nearest(word, topics);
            let help = near.map_or("`trunkline help` lists the commands".to_owned(), |near| {
                format!("did you mean `{near}`?")
            });
            return Err(error.help(help).report());
        };
        found = found.get_subcommands_mut().nth(next).expect("it was found above");
    }
    let text = found.render_long_help();
    let text = if app.printer.paint.0 { text.ansi().to_string() } else { text.to_string() };
    app.printer.result(text.trim_end());
    Ok(Exit::Done)
}

fn exit_codes(app: &App) -> Exit {
    if app.printer.is_json() {
        let rows: Vec<_> =
            TABLE.iter().map(|(_, code, text)| json!({ "code": code, "meaning": text })).collect();
        app.printer.json("exit-codes", &json!({ "codes": rows }));
        return Exit::Done;
    }
    for (_, code, meaning) in TABLE {
        app.printer.result(&format!("{code:>4}  {meaning}"));
    }
    Exit::Done
}
