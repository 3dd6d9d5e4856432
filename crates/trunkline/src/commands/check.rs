//! `trunkline check`: documents, references, limits and pipelines, without AWS. Every problem at once; 3 where
//! there is one. What only an account knows (a function, a bot, AWS's own defaults) is left to `plan`.

mod deployments;

use super::Outcome;
use crate::context::{App, Located};
use crate::exit::Exit;
use crate::files;
use crate::pipelines::definitions::Definitions;
use crate::render::counted;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use trunkline_center::{Document, Documents, KINDS, OUTSIDE_KINDS, references};
use trunkline_config::Binding;
use trunkline_flow::validate;
use trunkline_model::{Diagnostic, EnvironmentUse, Report, Severity, Target};

#[derive(clap::Args)]
#[command(after_help = "Example: trunkline check")]
pub(crate) struct Arguments {
    /// Only what this environment needs (name or alias)
    #[arg(long = "env", value_name = "ENV")]
    environment: Option<String>,
    /// End with 3 for warnings as well
    #[arg(long)]
    strict: bool,
}

/// Kinds of references whose value only a binding gives.
const BOUND: &[&str] = &["arn", "bucket", "key", "origin", "phone"];

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let located = app.project()?;
    let targets = targets(&located, arguments.environment.as_deref())?;
    let mut found = located.project.warnings.clone();
    let mut count = 0;
    match files::load(&located.root) {
        Ok(documents) => {
            count = documents.len();
            let more = Report(unresolved(&located, &documents, &targets));
            found.extend(files::with_lines(&located.root, more).0);
            found.extend(documents.iter().flat_map(refused));
        }
        Err(report) => found.extend(report.0),
    }
    let definitions = Definitions::load(&located.root);
    found.extend(deployments::unknown(&definitions, &located.project));
    found.extend(deployments::undeployed(&definitions, &targets));
    found.extend(definitions.found);
    let of = |severity| found.iter().filter(|d| d.severity == severity).count();
    let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
    let pipelines = definitions.pipelines.len();
    // What is odd in the configuration was said when it was read.
    app.printer.warnings(&found[located.project.warnings.len()..]);
    if app.printer.is_json() {
        let body = json!({
            "documents": count, "pipelines": pipelines, "errors": errors, "diagnostics": found,
        });
        app.printer.json("check", &body);
    } else {
        app.printer.result(&format!(
            "{} and {} checked: {}, {}",
            counted(count, "document"),
            counted(pipelines, "pipeline"),
            counted(errors, "error"),
            counted(warnings, "warning")
        ));
    }
    let counted = errors + if arguments.strict { warnings } else { 0 };
    Ok(if counted == 0 { Exit::Done } else { Exit::Verdict })
}

/// What is deployed to: of one environment, or of all that are switched on.
fn targets(located: &Located, environment: Option<&str>) -> Result<Vec<Target>, Report> {
    let project = &located.project;
    let environments = match environment {
        Some(name) => vec![project.environment(name)?],
        None => {
            let all = project.environments.iter();
            all.filter(|e| e.enabled && e.used_for != EnvironmentUse::Build).collect()
        }
    };
    let mut targets = Vec::new();
    for environment in environments {
        targets.extend(project.targets(environment, None)?);
    }
    Ok(targets)
}

/// References that can have no value: a name that nobody holds, or a binding that an environment lacks.
fn unresolved(located: &Located, documents: &Documents, targets: &[Target]) -> Vec<Diagnostic> {
    let project = &located.project;
    let mut found = Vec::new();
    for document in documents.iter() {
        if !project.scope.holds(document.kind, &document.name) {
            continue;
        }
        for reference in references(&Value::Object(document.body.clone())) {
            let (kind, name) = (reference.kind.as_str(), reference.name.as_str());
            let place = |d: Diagnostic| {
                let d = d.on(document.subject());
                document.file.iter().fold(d, |d, file| d.in_file(file))
            };
            if BOUND.contains(&kind) {
                let missing = targets
                    .iter()
                    .filter(|t| project.bindings.value(kind, name, t) == Binding::Missing);
                let missing: BTreeSet<String> = missing.map(Target::label).collect();
                if !missing.is_empty() {
                    let where_to = missing.into_iter().collect::<Vec<_>>().join(", ");
                    let message = format!("{reference} has no value in {where_to}");
                    found.push(place(Diagnostic::error("TL0207", message).help(format!(
                        "bind it in trunkline.yaml: `\"{kind}:{name}\": {{ ENV: ... }}`, or `unbound`"
                    ))));
                }
            } else if !OUTSIDE_KINDS.contains(&kind) {
                found.extend(nobodys(located, documents, targets, kind, name).map(place));
            }
        }
    }
    found
}

/// What is to be said of a name that the project does not hold. AWS makes some in every instance, and people may
/// have made others, so that only `plan` knows: a warning, unless a document's name is so near that it is a slip.
fn nobodys(
    located: &Located,
    documents: &Documents,
    targets: &[Target],
    kind: &str,
    name: &str,
) -> Option<Diagnostic> {
    let project = &located.project;
    if documents.get(kind, name).is_some() || project.is_external(kind, name) {
        return None;
    }
    if !KINDS.iter().any(|k| k.spec().name == kind) {
        let message = format!("`${{{kind}:{name}}}` is of no kind that there is");
        return Some(Diagnostic::error("TL0205", message));
    }
    let bound = |t: &Target| project.bindings.value(kind, name, t) != Binding::Missing;
    if !project.scope.holds(kind, name) || !targets.is_empty() && targets.iter().all(bound) {
        return None;
    }
    let names = documents.iter().filter(|d| d.kind == kind).map(|d| d.name.as_str());
    let message = format!("`${{{kind}:{name}}}` stands for nothing in the project");
    Some(match trunkline_config::nearest(name, names) {
        Some(near) => Diagnostic::error("TL0204", message)
            .help(format!("did you mean `${{{kind}:{near}}}`?")),
        None => Diagnostic::warning("TL0204", message)
            .because("the instances may have it: AWS's own, or what people made")
            .help("`trunkline plan` asks them; `external` in trunkline.yaml says that others supply it"),
    })
}

/// What the service would refuse to publish.
fn refused(document: &Document) -> Vec<Diagnostic> {
    let module = document.kind == "module";
    if !module && document.kind != "flow" {
        return Vec::new();
    }
    let Some(content) = document.body.get("content") else { return Vec::new() };
    let saved = document.body.get("status").is_some_and(|status| status == "saved");
    let sort = document.body.get("type").and_then(Value::as_str).unwrap_or_default();
    let one = |finding: validate::Finding| {
        let found = match finding.severity {
            // A draft may be broken as long as it is one.
            Severity::Error if !saved => Diagnostic::error("TL0304", finding.text),
            _ => Diagnostic::warning("TL0304", finding.text),
        };
        let found = found.on(document.subject());
        document.file.iter().fold(found, |found, file| found.in_file(file))
    };
    // Whether ids fit is not known before references have values: that is for `plan` to say.
    let refers = |finding: &validate::Finding| {
        let action = finding.action.and_then(|number| content["Actions"].get(number));
        action.is_some_and(|action| action.to_string().contains("${"))
    };
    let found = validate::findings(content, sort, module).into_iter();
    found.filter(|finding| !refers(finding)).map(one).collect()
}
