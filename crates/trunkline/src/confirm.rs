//! Asking a person before something is changed. Reads never ask.

use crate::context::App;
use crate::printer::write_err;
use std::io::BufRead as _;
use trunkline_model::{Diagnostic, Report};

/// Asks, and returns whether exactly `word` was typed. `--yes` answers for the person.
/// TL0505: nobody is there to ask.
pub(crate) fn confirm(app: &App, question: &str, word: &str, yes: bool) -> Result<bool, Report> {
    if yes {
        return Ok(true);
    }
    if !(app.surroundings.stdin_terminal && app.surroundings.stderr_terminal) {
        return Err(Diagnostic::error("TL0505", "nobody is there to confirm this")
            .because("neither a terminal nor `--yes` was given")
            .help("look at `trunkline plan` first, then run the command again with `--yes`")
            .report());
    }
    write_err(&format!("{question}\nOnly `{word}` is taken as consent: "));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    Ok(read.is_ok() && answer.trim_end_matches(['\r', '\n']) == word)
}
