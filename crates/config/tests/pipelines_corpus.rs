//! Tries the reader of pipelines on real public ones, read from beside the repository (skipped where
//! they are absent), on the same with a mistake put in, and on texts that nobody would write.

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use trunkline_config::pipelines::{Definitions, ReadOptions, kind_of, read};
use trunkline_model::pipeline::Action;
use trunkline_model::{Diagnostic, Severity};

/// File names of the corpus with what is found in them, by code.
const VERDICTS: &str = include_str!("pipelines/verdicts.txt");

const FOLDERS: &[&str] = &["pipelines", "pipelines-json", "broken-pipelines-history"];

/// The pipelines of the corpus by folder and file name.
fn corpus() -> Option<Vec<(String, String)>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("TRUNKLINE_CORPUS").map_or_else(beside, PathBuf::from);
    if !folder.is_dir() {
        eprintln!("SKIP: no corpus of real files ({})", folder.display());
        return None;
    }
    let mut files = Vec::new();
    for part in FOLDERS {
        for entry in std::fs::read_dir(folder.join(part)).expect(part) {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            files.push((format!("{part}/{name}"), std::fs::read_to_string(&path).expect("text")));
        }
    }
    files.sort();
    assert!(files.len() > 30, "the corpus holds {} pipelines", files.len());
    Some(files)
}

fn read_file(text: &str, name: &str) -> (Option<Definitions>, Vec<Diagnostic>) {
    read(text, name, &ReadOptions::default())
}

/// `accepted` or `refused`, and how often each code was found, by severity.
fn verdict(text: &str, name: &str) -> String {
    let (definitions, found) = read_file(text, name);
    let mut counts: BTreeMap<(Severity, String), u32> = BTreeMap::new();
    for finding in found {
        *counts.entry((finding.severity, finding.code)).or_default() += 1;
    }
    let word = if definitions.is_some() { "accepted" } else { "refused" };
    let counts = counts.iter().rev().map(|((severity, code), count)| {
        let letter = format!("{severity:?}").to_lowercase();
        format!(" {letter} {code}x{count}")
    });
    std::iter::once(word.to_owned()).chain(counts).collect()
}

#[test]
fn every_real_pipeline_is_accepted_or_refused_for_a_known_reason() {
    let Some(files) = corpus() else { return };
    let lines: String =
        files.iter().map(|(name, text)| format!("{name}: {}\n", verdict(text, name))).collect();
    let known: String =
        VERDICTS.lines().filter(|l| !l.starts_with('#')).map(|l| format!("{l}\n")).collect();
    assert!(lines == known, "the verdicts are now\n{lines}");
}

/// A mistake: what it is called, the codes that find it, and how a line that holds a key is changed.
struct Mistake {
    name: &'static str,
    codes: &'static [&'static str],
    seed: fn(&str, &Definitions) -> Option<(String, usize)>,
}

const MISTAKES: &[Mistake] = &[
    Mistake {
        name: "a misspelt member",
        codes: &["TL0805"],
        seed: |t, _| key(t, "ActionTypeId", "ActionTypeIdd"),
    },
    Mistake {
        name: "another misspelt member",
        codes: &["TL0805"],
        seed: |t, _| key(t, "RunOrder", "RunOrdre"),
    },
    Mistake {
        name: "a run order below 1",
        codes: &["TL0804"],
        seed: |t, _| value(t, "RunOrder", |_| "0".into()),
    },
    Mistake {
        name: "a run order that is none",
        codes: &["TL0804"],
        seed: |t, _| value(t, "RunOrder", |_| "first".into()),
    },
    Mistake {
        name: "an unknown category",
        codes: &["TL0804"],
        seed: |t, _| value(t, "Category", |_| "Shipping".into()),
    },
    Mistake {
        name: "another category",
        codes: &["TL0809", "TL0812"],
        seed: |t, _| value(t, "Category", |_| "Approval".into()),
    },
    Mistake {
        name: "an unknown owner",
        codes: &["TL0804"],
        seed: |t, _| value(t, "Owner", |_| "Amazon".into()),
    },
    Mistake {
        name: "a misspelt provider",
        codes: &["TL0812"],
        seed: |t, _| value(t, "Provider", |p| format!("{p}x")),
    },
    Mistake {
        name: "an input that nothing makes",
        codes: &["TL0810"],
        seed: |t, d| {
            let name = d.pipelines[0]
                .stages
                .iter()
                .flat_map(|s| &s.actions)
                .find_map(|a| a.input_artifacts.first())?;
            after(t, "InputArtifacts", &name.name, "Elsewhere-0")
        },
    },
    Mistake {
        name: "two stages of one name",
        codes: &["TL0808"],
        seed: |t, d| {
            let stages = &d.pipelines[0].stages;
            once(t, "Name", &stages[1].name, &stages[0].name)
        },
    },
    Mistake {
        name: "a name with a space",
        codes: &["TL0806"],
        seed: |t, d| once(t, "Name", &d.pipelines[0].stages[1].name, "of two words"),
    },
    Mistake {
        name: "a misspelt setting",
        codes: &["TL0814"],
        seed: |t, d| {
            const SETTINGS: &[&str] =
                &["ProjectName", "S3ObjectKey", "FunctionName", "ApplicationName", "BranchName"];
            let mut actions = d.pipelines[0].stages.iter().flat_map(|s| &s.actions);
            let has =
                |a: &Action| SETTINGS.iter().find(|s| a.configuration.contains_key(**s)).copied();
            let (action, setting) = actions.find_map(|a| Some((a, has(a)?)))?;
            // Nobody knows the settings of custom actions.
            let known = action.action_type_id.owner != "Custom";
            known.then(|| key(t, setting, &format!("{setting}e")))?
        },
    },
];

/// Where the first action begins; what stands before may belong to other resources.
fn first_action(lines: &[&str]) -> usize {
    let holds = |l: &&str| l.contains("ActionTypeId") || l.contains("actionTypeId");
    lines.iter().position(holds).unwrap_or(0)
}

/// Finds a key on a line from the first action on, in either spelling; gives the line and the bytes
/// of the key.
fn find(lines: &[&str], name: &str) -> Option<(usize, std::ops::Range<usize>)> {
    let small = name[..1].to_lowercase() + &name[1..];
    let start = first_action(lines);
    lines.iter().enumerate().skip(start).find_map(|(number, line)| {
        [name, &small].iter().find_map(|word| {
            let at = line.find(*word)?;
            let before = line[..at].chars().next_back().unwrap_or(' ');
            let rest = line[at + word.len()..].trim_start_matches('"').trim_start();
            let is_key = matches!(before, ' ' | '"' | '\t' | '{') && rest.starts_with(':');
            is_key.then_some((number, at..at + word.len()))
        })
    })
}

fn change(
    lines: &[&str],
    number: usize,
    range: std::ops::Range<usize>,
    to: &str,
) -> (String, usize) {
    let mut lines: Vec<String> = lines.iter().map(|l| (*l).to_owned()).collect();
    lines[number].replace_range(range, to);
    (lines.join("\n"), number + 1)
}

/// Renames the first such key.
fn key(text: &str, name: &str, to: &str) -> Option<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let (number, range) = find(&lines, name)?;
    Some(change(&lines, number, range, to))
}

/// Changes the value of the first such key, where it is plain.
fn value(text: &str, name: &str, to: fn(&str) -> String) -> Option<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let (number, range) = find(&lines, name)?;
    let line = lines[number];
    let start = range.end
        + line[range.end..].find(|c: char| c.is_ascii_alphanumeric() || "!${[".contains(c))?;
    let length =
        line[start..].find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(line.len() - start);
    (length > 0)
        .then(|| change(&lines, number, start..start + length, &to(&line[start..start + length])))
}

/// Changes a name on the only line that gives it as such.
fn once(text: &str, key: &str, from: &str, to: &str) -> Option<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let small = key.to_lowercase();
    let plain = |line: &str| {
        line.replace(['"', '\'', ',', '-', '{', '}'], " ")
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let wanted: Vec<String> = plain(from);
    let gives = |line: &&&str| {
        let words = plain(line);
        words.first().is_some_and(|w| [key, &small].contains(&w.trim_end_matches(':')))
            && words.iter().skip(1).filter(|w| *w != ":").cloned().collect::<Vec<_>>() == wanted
    };
    let hits: Vec<usize> = lines
        .iter()
        .filter(gives)
        .map(|l| lines.iter().position(|x| std::ptr::eq(*x, *l)).expect("it is one of them"))
        .collect();
    let [number] = hits.as_slice() else { return None };
    let at = lines[*number].find(from)?;
    Some(change(&lines, *number, at..at + from.len(), to))
}

/// Changes a name that stands on one of the lines after a key.
fn after(text: &str, key: &str, from: &str, to: &str) -> Option<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let (start, _) = find(&lines, key)?;
    let (number, at) =
        lines.iter().enumerate().skip(start).take(4).find_map(|(n, l)| Some((n, l.find(from)?)))?;
    Some(change(&lines, number, at..at + from.len(), to))
}

#[test]
fn one_mistake_in_a_real_pipeline_is_found_at_its_line() {
    let Some(files) = corpus() else { return };
    let mut seeded: BTreeMap<&str, u32> = BTreeMap::new();
    for (name, text) in &files {
        let (Some(definitions), before) = read_file(text, name) else { continue };
        for mistake in MISTAKES {
            let Some((text, line)) = (mistake.seed)(text, &definitions) else { continue };
            let (read, found) = read_file(&text, name);
            let new = found.iter().filter(|d| !before.contains(d));
            let hit = new.clone().any(|d| {
                mistake.codes.contains(&d.code.as_str()) && d.place.line == u32::try_from(line).ok()
            });
            let shown: Vec<_> = new.map(|d| format!("{:?} {d}", d.place.line)).collect();
            assert!(hit, "{name}: {} in line {line} gives {shown:#?}", mistake.name);
            assert!(read.is_none(), "{name}: accepted with {}", mistake.name);
            *seeded.entry(mistake.name).or_default() += 1;
        }
    }
    for mistake in MISTAKES {
        let count = seeded.get(mistake.name).copied().unwrap_or(0);
        assert!(count >= 10, "{} was put into {count} files only: {seeded:?}", mistake.name);
    }
}

const OWN: &str = include_str!("pipelines/good.yaml");
const TEMPLATE: &str = include_str!("pipelines/template.yaml");

/// Texts made of a good one: pieces cut out, doubled, or replaced.
fn mutated() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(""),
        Just("{"),
        Just("}"),
        Just("["),
        Just("- "),
        Just("\n"),
        Just(": "),
        Just("\""),
        Just("&a "),
        Just("*a"),
        Just("!Sub "),
        Just("!If [a, b]"),
        Just("!Select [9, []]"),
        Just("#{"),
        Just("${"),
        Just("Fn::Join: "),
        Just("\t"),
        Just("é"),
        Just("null"),
        Just("Ref: X"),
    ];
    let change = (any::<prop::sample::Index>(), 0_usize..40, piece);
    (prop::bool::ANY, prop::collection::vec(change, 1..6)).prop_map(|(template, changes)| {
        let mut text = if template { TEMPLATE } else { OWN }.to_owned();
        for (at, length, piece) in changes {
            let mut start = at.index(text.len() + 1);
            let mut end = (start + length).min(text.len());
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.replace_range(start..end, piece);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_reader_panic(text in mutated()) {
        let (definitions, found) = read_file(&text, "some.yaml");
        let failed = found.iter().any(|d| d.severity == Severity::Error);
        prop_assert_eq!(definitions.is_none(), failed);
        prop_assert!(found.iter().all(|d| d.place.line.is_some() && d.place.file.is_some()));
        kind_of(&text);
    }
}

#[test]
fn deep_and_growing_texts_end() {
    let deep = format!("pipeline: {}", "[".repeat(50_000));
    assert!(read_file(&deep, "deep.yaml").0.is_none());
    let mut grows = String::from(
        "Resources:\n  P: { Type: AWS::CodePipeline::Pipeline, Properties: { Name: !Ref B0 } }\n",
    );
    for i in 0..60 {
        let next = format!("${{B{0}}}${{B{0}}}", i + 1);
        grows += &format!(
            "  B{i}: {{ Type: AWS::S3::Bucket, Properties: {{ BucketName: !Sub '{next}' }} }}\n"
        );
    }
    let (definitions, found) = read_file(&grows, "grows.yaml");
    assert!(definitions.is_none());
    assert!(found.iter().any(|d| d.code == "TL0822"), "{found:?}");
}
