//! A diagnostic as text: code, message, place, the line it is about, notes, help.

use super::{Paint, printable, wrapped};
use trunkline_model::{Diagnostic, Place, Severity};

/// The longest piece of a source line that is shown.
const EXCERPT: usize = 110;

/// Renders one diagnostic, with a blank line after it. `source` returns a file's text if it can
/// be read; `explain` adds where the long form is. Lines are kept within `width` columns where they can be.
pub(crate) fn render(
    diagnostic: &Diagnostic,
    paint: Paint,
    width: usize,
    explain: bool,
    source: &dyn Fn(&str) -> Option<String>,
) -> String {
    let mut out = heading(diagnostic, paint);
    let margin = diagnostic.place.line.map_or(1, |l| l.to_string().len());
    let bar = |mark: &str| format!("{:margin$} {} ", "", paint.blue(mark));
    if let Some(place) = place(&diagnostic.place) {
        out += &format!("{:margin$}{} {}\n", "", paint.blue("-->"), printable(&place));
    }
    if let Some((line, caret)) =
        excerpt(&diagnostic.place, width.saturating_sub(margin + 4), source)
    {
        let number = diagnostic.place.line.unwrap_or_default().to_string();
        out += &format!("{}\n", bar("|").trim_end());
        out += &format!("{} {} {line}\n", paint.blue(&number), paint.blue("|"));
        out += &format!("{}{}\n", bar("|"), paint.red(&caret));
    }
    let say = |word: &str, text: &str| {
        let hang = margin + " = note: ".len();
        let text = format!("{:hang$}{}", "", printable(text));
        let lines = wrapped(&text, width, hang).join("\n");
        format!("{}{word}: {}\n", bar("="), &lines[hang..])
    };
    for note in &diagnostic.notes {
        out += &say("note", note);
    }
    // Several ways out stand on lines of their own.
    for help in diagnostic.help.iter().flat_map(|help| help.lines()) {
        out += &say(&paint.cyan("help"), help);
    }
    if explain {
        let command = format!("run `trunkline explain {}` for more", diagnostic.code);
        out += &say(&paint.cyan("help"), &command);
    }
    out + "\n"
}

fn heading(diagnostic: &Diagnostic, paint: Paint) -> String {
    let code = &diagnostic.code;
    let label = match diagnostic.severity {
        Severity::Error => paint.red(&format!("error[{code}]")),
        Severity::Warning => paint.yellow(&format!("warning[{code}]")),
        Severity::Note => paint.cyan(&format!("note[{code}]")),
    };
    format!("{label}: {}\n", paint.bold(&printable(&diagnostic.message)))
}

fn place(place: &Place) -> Option<String> {
    let mut text = place.file.clone().unwrap_or_default();
    if let (false, Some(line)) = (text.is_empty(), place.line) {
        text += &format!(":{line}");
        text += &place.column.map(|c| format!(":{c}")).unwrap_or_default();
    }
    let about = [&place.subject, &place.path].map(|p| p.as_deref()).into_iter().flatten();
    let about = about.collect::<Vec<_>>().join(" > ");
    match (text.is_empty(), about.is_empty()) {
        (true, true) => None,
        (false, true) => Some(text),
        (true, false) => Some(about),
        (false, false) => Some(format!("{text}   {about}")),
    }
}

/// Returns the line and, for below it, the carets; long lines are cropped around the column.
fn excerpt(
    place: &Place,
    room: usize,
    source: &dyn Fn(&str) -> Option<String>,
) -> Option<(String, String)> {
    let most = EXCERPT.min(room);
    let text = source(place.file.as_deref()?)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let line = text.lines().nth(place.line?.checked_sub(1)? as usize)?;
    let column = place.column.unwrap_or(1).saturating_sub(1) as usize;
    let chars: Vec<char> =
        printable(line).chars().map(|c| if c == '\t' { ' ' } else { c }).collect();
    let column = column.min(chars.len());
    let start = if chars.len() > most { column.saturating_sub(most / 2) } else { 0 };
    let shown: String = chars.iter().skip(start).take(most).collect();
    let room = most.saturating_sub(column - start).max(1);
    let carets = "^".repeat(token(&chars[column..]).clamp(1, room));
    Some((shown, format!("{}{carets}", " ".repeat(column - start))))
}

/// Returns the length of the word, quoted text or reference at the start.
fn token(rest: &[char]) -> usize {
    match rest.first() {
        Some('$') if rest.get(1) == Some(&'{') => {
            rest.iter().position(|c| *c == '}').map_or(2, |end| end + 1)
        }
        Some(quote @ ('"' | '\'')) => {
            rest.iter().skip(1).position(|c| c == quote).map_or(1, |end| end + 2)
        }
        _ => rest
            .iter()
            .position(|c| c.is_whitespace() || ",:{}[]".contains(*c))
            .unwrap_or(rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(diagnostic: Diagnostic, source: &str, expected: &str) {
        let text =
            render(&diagnostic, Paint(false), usize::MAX, false, &|_| Some(source.to_owned()));
        assert_eq!(text, expected, "{text}");
    }

    #[test]
    fn the_line_and_the_word_are_shown() {
        let found = Diagnostic::error("TL0103", "the account id is a number")
            .in_file("trunkline.yaml")
            .at(2, 12)
            .because("a bare number loses its leading zero")
            .help("put it in quotes");
        let expected = "error[TL0103]: the account id is a number\n --> trunkline.yaml:2:12\n  |\n\
                        2 |   account: 12345, x\n  |            ^^^^^\n  = note: a bare number \
                        loses its leading zero\n  = help: put it in quotes\n\n";
        check(found, "prod:\n  account: 12345, x\n", expected);
    }

    #[test]
    fn notes_stay_in_their_column_and_commands_in_one_piece() {
        let found = Diagnostic::error("TL0505", "nobody is there")
            .because("neither a terminal nor an option was given here")
            .help("say so: `trunkline apply --env prod --yes`");
        let text = render(&found, Paint(false), 40, false, &|_| None);
        let expected = "error[TL0505]: nobody is there\n  = note: neither a terminal nor an\n          option was given here\n  \
                        = help: say so:\n          `trunkline apply --env prod --yes`\n\n";
        assert_eq!(text, expected, "{text}");
    }

    #[test]
    fn a_place_without_a_file_is_the_subject() {
        let found = Diagnostic::warning("TL0703", "not managed").on("queue \"Sales\"").path("Tags");
        check(found, "", "warning[TL0703]: not managed\n --> queue \"Sales\" > Tags\n\n");
    }

    #[test]
    fn places_beyond_the_text_and_control_characters_do_no_harm() {
        let found =
            |line, column| Diagnostic::error("TL0101", "a\x1b[2Jb").in_file("f").at(line, column);
        let places = [(1, 1), (1, 9000), (9, 9), (0, 0), (u32::MAX, u32::MAX)];
        for ((line, column), width) in places.into_iter().flat_map(|p| [(p, usize::MAX), (p, 60)]) {
            let long = "x\x1b".repeat(500);
            let text =
                render(&found(line, column), Paint(false), width, true, &|_| Some(long.clone()));
            assert!(
                !text.contains('\x1b')
                    && text.lines().all(|l| l.chars().count() < 130.min(width.saturating_add(1)))
            );
        }
    }
}
