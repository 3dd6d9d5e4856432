//! Tries the reader of buildspecs on real public ones, read from beside the repository (skipped where
//! they are absent), on the same with a mistake put in, and on texts that nobody would write.

use proptest::prelude::*;
use std::path::{Path, PathBuf};
use trunkline_config::buildspec::{SecretRef, parse};

/// File names of the corpus with what is found in them.
const VERDICTS: &str = include_str!("buildspecs/verdicts.txt");

/// Folders of the corpus with buildspecs, and the files in each, by name.
fn corpus() -> Option<Vec<(String, String)>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("TRUNKLINE_CORPUS").map_or_else(beside, PathBuf::from);
    if !folder.is_dir() {
        eprintln!("skipped: no corpus of real files ({})", folder.display());
        return None;
    }
    let mut files = Vec::new();
    for part in ["buildspec", "broken-buildspec-history"] {
        for entry in std::fs::read_dir(folder.join(part)).expect(part) {
            let path = entry.expect("entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            files.push((format!("{part}/{name}"), std::fs::read_to_string(&path).expect("text")));
        }
    }
    files.sort();
    assert!(files.len() > 20, "the corpus holds {} buildspecs", files.len());
    Some(files)
}

/// `accepted` or `refused`, and each finding as CODE:line.
fn verdict(text: &str) -> String {
    let (word, found) = match parse(text, "buildspec.yml") {
        Ok(read) => ("accepted", read.warnings),
        Err(report) => ("refused", report.0),
    };
    let places = found.iter().map(|d| format!(" {}:{}", d.code, d.place.line.unwrap_or(0)));
    std::iter::once(word.to_owned()).chain(places).collect()
}

#[test]
fn real_buildspecs_have_the_verdicts_on_record() {
    let Some(files) = corpus() else { return };
    let found: String = files.iter().map(|(n, t)| format!("{n}: {}\n", verdict(t))).collect();
    assert!(found == VERDICTS, "the verdicts are now\n{found}");
}

#[test]
fn the_example_of_the_documentation_is_read_without_a_warning() {
    let page = include_str!("../../../docs/buildspecs.md");
    let begun = page.split_once("```yaml\n").expect("the page has an example").1;
    let example = begun.split_once("```").expect("the example ends").0;
    let read = parse(example, "docs/buildspecs.md").expect("it is read");
    assert!(read.warnings.is_empty() && read.spec.phases.len() == 2, "{read:?}");
}

/// A mistake: how the text is changed (the new text and the line, from 1), and what must be found there.
struct Mistake {
    what: &'static str,
    code: &'static str,
    help: &'static str,
    make: fn(&str) -> Option<(String, u32)>,
}

/// Replaces the first line that, without its indent, begins with `from`.
fn replace(text: &str, from: &str, to: &str) -> Option<(String, u32)> {
    let begins = |line: &str| line.trim_start().starts_with(from);
    let number = text.lines().position(begins)?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines[number] = lines[number].replacen(from, to, 1);
    Some((lines.join("\n") + "\n", u32::try_from(number + 1).expect("a small file")))
}

/// Removes what stands below the first `commands:`.
fn without_commands(text: &str) -> Option<(String, u32)> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = text.lines().collect();
    let number = lines.iter().position(|line| line.trim() == "commands:")?;
    let below = |line: &&&str| {
        let item = line.trim_start().starts_with('-') && indent(line) == indent(lines[number]);
        line.trim().is_empty() || item || indent(line) > indent(lines[number])
    };
    let skipped = lines[number + 1..].iter().take_while(below).count();
    let kept = lines[..=number].iter().chain(&lines[number + 1 + skipped..]);
    let text: String = kept.map(|line| format!("{line}\n")).collect();
    Some((text, u32::try_from(number + 1).expect("a small file")))
}

/// Makes a mapping of the first command, if it is a plain text.
fn mapping(text: &str) -> Option<(String, u32)> {
    let number = text.lines().position(|line| line.trim() == "commands:")? + 1;
    let line = text.lines().nth(number)?;
    let command = line.trim_start().strip_prefix("- ")?;
    if command.starts_with(['|', '>', '#', '\'', '"']) || command.contains(": ") {
        return None;
    }
    let changed = line.replacen("- ", "- note: ", 1);
    let line_number = u32::try_from(number + 1).expect("a small file");
    Some((text.replacen(line, &changed, 1), line_number))
}

const MISTAKES: &[Mistake] = &[
    Mistake {
        what: "a missing space",
        code: "TL0830",
        help: "write `version: 0.",
        make: |t| replace(t, "version: ", "version:"),
    },
    Mistake {
        what: "versio",
        code: "TL0832",
        help: "`version`",
        make: |t| replace(t, "version:", "versio:"),
    },
    Mistake {
        what: "another version",
        code: "TL0831",
        help: "version: 0.2",
        make: |t| replace(t, "version: 0.", "version: 0.3"),
    },
    Mistake {
        what: "phase",
        code: "TL0832",
        help: "`phases`",
        make: |t| replace(t, "phases:", "phase:"),
    },
    Mistake {
        what: "a test phase",
        code: "TL0832",
        help: "",
        make: |t| replace(t, "build:", "test:"),
    },
    Mistake {
        what: "commans",
        code: "TL0832",
        help: "`commands`",
        make: |t| replace(t, "commands:", "commans:"),
    },
    Mistake {
        what: "runtimeversions",
        code: "TL0832",
        help: "`runtime-versions`",
        make: |t| replace(t, "runtime-versions:", "runtimeversions:"),
    },
    Mistake { what: "no commands", code: "TL0834", help: "`- `", make: without_commands },
    Mistake {
        what: "a mapping as a command",
        code: "TL0834",
        help: "single quotes",
        make: mapping,
    },
    Mistake {
        what: "file",
        code: "TL0832",
        help: "`files`",
        make: |t| replace(t, "files:", "file:"),
    },
    Mistake {
        what: "a word as a flag",
        code: "TL0834",
        help: "",
        make: |t| replace(t, "discard-paths: yes", "discard-paths: si"),
    },
    Mistake {
        what: "env in the plural",
        code: "TL0832",
        help: "`env`",
        make: |t| replace(t, "env:", "envs:"),
    },
];

#[test]
fn a_mistake_in_a_real_buildspec_is_found_at_its_line() {
    let Some(files) = corpus() else { return };
    let mut made = vec![0; MISTAKES.len()];
    for (name, text) in files.iter().filter(|(_, text)| parse(text, "b").is_ok()) {
        for (mistake, count) in MISTAKES.iter().zip(&mut made) {
            let Some((wrong, line)) = (mistake.make)(text) else { continue };
            *count += 1;
            let report = parse(&wrong, "b").expect_err(&format!("{name} with {}", mistake.what));
            let named = report.0.iter().any(|d| {
                let help = d.help.as_deref().unwrap_or_default();
                d.code == mistake.code && d.place.line == Some(line) && help.contains(mistake.help)
            });
            assert!(named, "{name} with {} in line {line}: {:#?}", mistake.what, report.0);
        }
    }
    let rare: Vec<_> = MISTAKES.iter().zip(&made).filter(|(_, n)| **n == 0).collect();
    assert!(
        rare.is_empty(),
        "never made: {:?}",
        rare.iter().map(|(m, _)| m.what).collect::<Vec<_>>()
    );
    assert!(made.iter().sum::<usize>() > 150, "{made:?}");
}

/// Pieces of which texts are made that are nearly buildspecs.
const PIECES: &[&str] = &[
    "version: 0.2",
    "version:0.2",
    "phases:",
    "build:",
    "commands:",
    "- ",
    "  ",
    "    ",
    "\n",
    "\n\n",
    "a: b",
    "env:",
    "variables:",
    "on-failure: RETRY-",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "|",
    ">",
    "&a ",
    "*a",
    "<<: *a",
    "!!binary ",
    "\t",
    "é",
    "\u{feff}",
    "---",
    "...",
    "? ",
    "#",
    "artifacts:",
    "files:",
    "reports:",
    "~",
    "yes",
    "secrets-manager:",
    "arn:aws:secretsmanager:",
    "\r\n",
    "%",
    "9999999999999999999999",
    "\0",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn no_text_makes_the_reader_panic(pieces in prop::collection::vec(0..PIECES.len(), 0..60), other in "\\PC{0,40}") {
        let text: String = pieces.iter().map(|n| PIECES[*n]).collect();
        for text in [&text, &other, &format!("version: 0.2\nphases:\n  build:\n    {text}")] {
            if let Err(report) = parse(text, "b") {
                prop_assert!(!report.0.is_empty());
                prop_assert!(report.0.iter().all(|d| d.code.starts_with("TL083") && d.place.line.is_some()));
            }
        }
        let _ = SecretRef::parse(&text);
    }
}

#[test]
fn deep_nesting_is_refused_or_read_but_ends() {
    let deep = |begin: &str, count: usize| format!("version: 0.2\nphases: {}", begin.repeat(count));
    for text in [deep("[", 5_000), deep("{a: ", 5_000), deep("\n- ", 1), "- ".repeat(5_000)] {
        assert!(parse(&text, "b").is_err());
    }
}
