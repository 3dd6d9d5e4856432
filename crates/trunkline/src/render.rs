//! Text for people: colours here, diagnostics in `render/diagnostic.rs`.

pub(crate) mod diagnostic;
pub(crate) mod plan;

/// Paints text if it is switched on. Colour never carries meaning alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    pub(crate) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.with("1;31", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.with("1;33", text)
    }

    pub(crate) fn blue(self, text: &str) -> String {
        self.with("1;34", text)
    }

    pub(crate) fn cyan(self, text: &str) -> String {
        self.with("36", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Makes a text safe for a terminal: control characters, which could move the cursor or recolour
/// the screen, are shown as a replacement character.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// So many of something, such as `1 pipeline` and `2 pipelines`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Lays rows out in columns, two spaces apart, in lines of at most `width`: cells for which a row has no room go on
/// below it, further in.
pub(crate) fn fitted(rows: &[Vec<String>], width: usize) -> Vec<String> {
    let length = |text: &str| text.chars().count();
    let most = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |i: usize| rows.iter().filter_map(|row| Some(length(row.get(i)?))).max();
    let widths: Vec<usize> = (0..most).map(|i| widest(i).unwrap_or(0)).collect();
    let mut lines = Vec::new();
    for row in rows {
        let first = row.first().map_or("", String::as_str);
        let hang = length(first) - length(first.trim_start()) + 4;
        let (mut line, mut below) = (String::new(), false);
        for (i, (cell, w)) in row.iter().zip(&widths).enumerate() {
            let apart = if i > 0 { 2 } else { 0 };
            if i > 0 && !cell.is_empty() && length(&line) + apart + length(cell) > width {
                lines.extend(wrapped(line.trim_end(), width, hang));
                (line, below) = (format!("{:hang$}{cell}", ""), true);
                continue;
            }
            let w = if below { 0 } else { *w };
            line += &format!("{:apart$}{cell:<w$}", "");
        }
        lines.extend(wrapped(line.trim_end(), width, hang));
    }
    lines
}

/// Breaks a text between words into lines of at most `width`; all but the first begin with `hang` spaces. A word
/// that is longer stays whole, and so does what stands in backticks: it can be copied, and half a command is never run.
pub(crate) fn wrapped(text: &str, width: usize, hang: usize) -> Vec<String> {
    let (mut lines, mut line, mut length) = (Vec::new(), String::new(), 0);
    let mut quoted = false;
    let apart = |c: char| {
        quoted ^= c == '`';
        c == ' ' && !quoted
    };
    for (i, word) in text.split(apart).enumerate() {
        let size = word.chars().count();
        if length + 1 + size > width && !line.trim().is_empty() {
            lines.push(std::mem::replace(&mut line, " ".repeat(hang)));
            length = hang;
        } else if i > 0 {
            line.push(' ');
            length += 1;
        }
        line += word;
        length += size;
    }
    lines.push(line);
    lines
}

/// Breaks the paragraphs of a page to a width; examples, headings and tables stay as they are.
pub(crate) fn page(text: &str, width: usize) -> String {
    let (mut lines, mut paragraph, mut example) = (Vec::new(), String::new(), false);
    for line in text.lines().chain([""]) {
        let fence = line.starts_with("```");
        let prose = !fence && !example && !line.is_empty() && !line.starts_with(['#', '|']);
        if !prose || line.starts_with("- ") {
            let hang = if paragraph.starts_with("- ") { 2 } else { 0 };
            if !paragraph.is_empty() {
                lines.extend(wrapped(&std::mem::take(&mut paragraph), width, hang));
            }
        }
        match (prose, paragraph.is_empty()) {
            (false, _) => lines.push(line.to_owned()),
            (true, true) => paragraph = line.to_owned(),
            (true, false) => paragraph = format!("{paragraph} {}", line.trim_start()),
        }
        example ^= fence;
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn a_row_that_does_not_fit_goes_on_below_itself() {
        let all = rows(&[&["prod", "us-west-2", "acme", "also live"], &["uat", "eu-west-1"]]);
        let whole = ["prod  us-west-2  acme  also live", "uat   eu-west-1"];
        assert_eq!(fitted(&all, usize::MAX), whole);
        assert_eq!(fitted(&all, 32), whole);
        assert_eq!(fitted(&all, 24), ["prod  us-west-2  acme", "    also live", "uat   eu-west-1"]);
        let long = rows(&[&["  a", "one two three four"]]);
        assert_eq!(fitted(&long, 14), ["  a", "      one two", "      three", "      four"]);
    }

    #[test]
    fn words_stay_whole_and_so_do_examples() {
        assert_eq!(wrapped("  one two three", 9, 4), ["  one two", "    three"]);
        assert_eq!(
            wrapped("arn:aws:iam::1:role/x is long", 8, 1),
            ["arn:aws:iam::1:role/x", " is long"]
        );
        assert_eq!(wrapped("run `a b c d` now", 8, 0), ["run", "`a b c d`", "now"]);
        let text = "# A title: which is long\n\none two\nthree four\n\n```\nan example: long\n```\n- a b c d e f\n";
        let wanted = "# A title: which is long\n\none two three\nfour\n\n```\nan example: long\n```\n- a b c d e f\n";
        assert_eq!(page(text, 13), wanted);
    }
}
