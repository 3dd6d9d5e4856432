//! `pipeline validate FILE...`: says of each file what it is and everything that is wrong in it.

use super::Outcome;
use crate::context::App;
use crate::exit::Exit;
use crate::pipelines::definitions;
use crate::render::counted;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use trunkline_config::buildspec;
use trunkline_config::pipelines::{self, Definitions, FileKind, Parameters, ReadOptions};
use trunkline_model::{Diagnostic, Report, Severity};

#[derive(clap::Args)]
#[command(
    after_help = "Pipelines, CloudFormation templates and buildspecs are told apart by what they hold. Exit code 3: a \
    file has an error.\nExample: trunkline pipeline validate pipelines/*.yaml buildspec.yml"
)]
pub(crate) struct Arguments {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// A value of a template's parameter, before that of NAME.parameters.json (can be repeated)
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// Count it as an error that an action cannot be carried out here
    #[arg(long)]
    to_run: bool,
}

/// What was found of a file.
struct Judged {
    file: String,
    kind: &'static str,
    /// What it defines, in a few words.
    holds: String,
    found: Vec<Diagnostic>,
}

impl Judged {
    fn is_valid(&self) -> bool {
        !self.found.iter().any(|d| d.severity == Severity::Error)
    }
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let mut options = ReadOptions { to_run: arguments.to_run, ..ReadOptions::default() };
    for text in &arguments.parameters {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            let message = format!("--parameter needs a name, `=` and a value, not `{text}`");
            Diagnostic::error("TL0901", message).help("write --parameter Name=value").report()
        })?;
        options.parameters.insert(name.to_owned(), value.to_owned());
    }
    known(arguments, &options)?;
    let judged: Vec<Judged> = arguments.files.iter().map(|file| judge(file, &options)).collect();
    let valid = judged.iter().all(Judged::is_valid);
    if app.printer.is_json() {
        let files = judged.iter().map(|j| {
            json!({ "file": j.file, "kind": j.kind, "valid": j.is_valid(), "diagnostics": j.found })
        });
        app.printer.json("validation", &json!({ "files": files.collect::<Vec<_>>() }));
    } else {
        for one in &judged {
            if one.is_valid() {
                app.printer.warnings(&one.found);
            } else {
                app.printer.failure(&Report(one.found.clone()));
            }
        }
        let row = |j: &Judged| {
            let verdict = if j.is_valid() { "valid" } else { "not valid" };
            vec![j.file.clone(), j.kind.to_owned(), verdict.to_owned(), j.holds.clone()]
        };
        let rows: Vec<Vec<String>> = judged.iter().map(row).collect();
        app.printer.table(&rows);
    }
    Ok(if valid { Exit::Done } else { Exit::Verdict })
}

/// TL0901: a parameter that was given is in none of the files. Where one of them cannot be read, nobody knows.
fn known(arguments: &Arguments, options: &ReadOptions) -> Result<(), Report> {
    let texts = arguments.files.iter().map(|file| std::fs::read_to_string(file).ok());
    let Some(texts) = texts.collect::<Option<Vec<String>>>() else { return Ok(()) };
    let mut declared = BTreeSet::new();
    for text in &texts {
        let Some(names) = pipelines::parameter_names(text) else { return Ok(()) };
        declared.extend(names);
    }
    let mut wrong = Vec::new();
    for name in options.parameters.keys() {
        // Attributes and pseudo parameters can be given too, and exports, whose names stand somewhere in the text.
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric());
        if !plain || declared.contains(name) || texts.iter().any(|text| has_word(text, name)) {
            continue;
        }
        let message = format!("none of the files has a parameter `{name}`");
        let found = Diagnostic::error("TL0901", message);
        let near = trunkline_config::nearest(name, declared.iter().map(String::as_str));
        wrong.push(match near {
            Some(near) => found.help(format!("did you mean `{near}`?")),
            None if declared.is_empty() => found.because("none of them has parameters"),
            None => {
                found.because(format!("they have {}", Vec::from_iter(declared.clone()).join(", ")))
            }
        });
    }
    if wrong.is_empty() { Ok(()) } else { Err(Report(wrong)) }
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|other| other == word)
}

fn judge(path: &Path, options: &ReadOptions) -> Judged {
    let file = path.display().to_string();
    let text = match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return unreadable(file, "the file is not UTF-8 text"),
        Err(error) => return unreadable(file, &format!("the file cannot be read: {error}")),
    };
    if Parameters::is_one(&file) {
        let read = Parameters::read(&text, &file);
        let count = read.as_ref().map_or(0, Parameters::count);
        let (holds, found) = (counted(count, "value"), read.err());
        return Judged { file, kind: "parameters", holds, found: found.unwrap_or_default() };
    }
    let kind = pipelines::kind_of(&text);
    if kind == FileKind::Buildspec {
        let (holds, found) = match buildspec::parse(&text, &file) {
            Ok(read) => (counted(read.spec.phases.len(), "phase"), read.warnings),
            Err(report) => (String::new(), report.0),
        };
        return Judged { file, kind: "buildspec", holds, found };
    }
    let (definitions, found) = match definitions::parameters(Path::new(""), &file, &text) {
        Ok(beside) => pipelines::read(&text, &file, &ReadOptions { beside, ..options.clone() }),
        Err(found) => (None, found),
    };
    let kind = match kind {
        FileKind::Template => "template",
        FileKind::Pipeline => "pipeline",
        _ => "other",
    };
    Judged { kind, holds: definitions.map(|d| holds(&d)).unwrap_or_default(), found, file }
}

fn unreadable(file: String, why: &str) -> Judged {
    let help = "name a file of YAML or JSON that this user may read, in UTF-8";
    let found = vec![Diagnostic::error("TL0801", why).in_file(&file).help(help)];
    Judged { file, kind: "other", holds: String::new(), found }
}

fn holds(definitions: &Definitions) -> String {
    let pipelines = definitions.pipelines.iter().map(|p| {
        let actions: usize = p.stages.iter().map(|s| s.actions.len()).sum();
        let stages = counted(p.stages.len(), "stage");
        format!("{}: {stages}, {}", p.name, counted(actions, "action"))
    });
    let projects = definitions.projects.len();
    let projects = (projects > 0).then(|| counted(projects, "build project"));
    pipelines.chain(projects).collect::<Vec<_>>().join("; ")
}
