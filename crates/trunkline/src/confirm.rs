//! Asking a person before something is changed. Reads never ask.

use crate::context::{self, App};
use crate::printer::write_err;
use crate::render;
use std::io::BufRead as _;
use trunkline_center::plan::Plan;
use trunkline_model::{Approval, Diagnostic, Report, Target};

/// Shows a plan that nobody has seen yet, and asks whether it shall be carried out. `agreed`: it was agreed to
/// before, so that nothing is shown or asked. TL0505: no consent.
pub(crate) fn consent(
    app: &App,
    plan: &Plan,
    target: &Target,
    question: &str,
    agreed: bool,
) -> Result<(), Report> {
    if !agreed {
        let lines = render::plan::text(plan, app.printer.paint, app.printer.is_verbose());
        lines.iter().for_each(|line| app.printer.say(line));
    }
    let word = match target.environment.approval {
        Approval::Required => target.environment.name.as_str(),
        Approval::None => "yes",
    };
    confirm(app, question, word, agreed)
}

/// Asks, and goes on only where exactly `word` was typed. `--yes` answers for the person.
/// TL0505: something else was typed, or nobody is there to ask.
pub(crate) fn confirm(app: &App, question: &str, word: &str, yes: bool) -> Result<(), Report> {
    if yes {
        return Ok(());
    }
    if !(app.surroundings.stdin_terminal && app.surroundings.stderr_terminal) {
        let asked = question.lines().next().unwrap_or_default();
        return Err(Diagnostic::error("TL0505", "nobody is there to confirm this")
            .because(asked)
            .because("neither a terminal nor `--yes` was given")
            .help(format!("where that is meant, say so: `{}`", again(context::arguments())))
            .report());
    }
    write_err(&format!("{question}\nOnly `{word}` is taken as consent: "));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && answer.trim_end_matches(['\r', '\n']) == word {
        return Ok(());
    }
    Err(Diagnostic::error("TL0505", "not confirmed; nothing was changed").report())
}

/// The command that was given, with the consent.
fn again(arguments: Vec<String>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@+".contains(c);
    let quoted = |word: String| match !word.is_empty() && word.chars().all(plain) {
        true => word,
        false => format!("'{}'", word.replace('\'', "'\\''")),
    };
    let words: Vec<String> = arguments.into_iter().map(quoted).collect();
    format!("trunkline {} --yes", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::again;

    #[test]
    fn the_command_is_given_as_a_shell_takes_it() {
        let words = ["rollback", "20270101-000000-1a2b", "--only", "queue:It's *"];
        let wanted = "trunkline rollback 20270101-000000-1a2b --only 'queue:It'\\''s *' --yes";
        assert_eq!(again(words.map(str::to_owned).to_vec()), wanted);
    }
}
