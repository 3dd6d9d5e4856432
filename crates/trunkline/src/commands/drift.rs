//! `trunkline drift`: what changed in an instance since the last apply, with who and when where it is known;
//! `drift adopt` takes it into the documents, `drift revert` puts back what was applied.

use super::Outcome;
use crate::confirm::consent;
use crate::connect::{self, Access, Connected};
use crate::context::{App, Located};
use crate::exit::Exit;
use crate::planning::{self, PlanArguments, Prepared};
use crate::render::plan as render;
use crate::state::{self, Hold, LockArguments, Why};
use crate::{files, journal, runtime};
use serde_json::json;
use std::collections::BTreeMap;
use trunkline_aws::Aws;
use trunkline_center::drift::{self, Drift, Editor};
use trunkline_center::plan;
use trunkline_center::{Documents, KINDS};
use trunkline_model::{Diagnostic, Report, Target};

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Take the instance's values into the documents (files only)
    Adopt,
    /// Put back what was applied
    Revert,
}

#[derive(clap::Args)]
#[command(
    after_help = "Examples: trunkline drift --env prod --exit-code\n          trunkline drift adopt --env prod queue:Sales"
)]
pub(crate) struct Arguments {
    /// What to do about it (default: show it)
    #[arg(value_enum, value_name = "adopt|revert")]
    what: Option<What>,
    /// Only these: `kind:name`, with `*` for any characters
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,
    /// In this environment (name or alias)
    #[arg(long = "env", value_name = "ENV", required = true)]
    environment: Option<String>,
    /// Only in this region
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// End with 2 where there is drift
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    lock: LockArguments,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

struct Scene<'a> {
    arguments: &'a Arguments,
    app: &'a App,
    located: &'a Located,
    documents: &'a Documents,
    aws: &'a Aws,
    plan: &'a PlanArguments,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    planning::check_kinds(&arguments.patterns)?;
    let located = app.project()?;
    let plan = PlanArguments {
        environment: arguments.environment.clone(),
        region: arguments.region.clone(),
        into_build: true,
        ..PlanArguments::default()
    };
    let targets = planning::targets(&plan, &located)?;
    let (documents, aws) = (files::load(&located.root)?, connect::aws(app)?);
    let located = &located;
    let scene = Scene { arguments, app, located, documents: &documents, aws: &aws, plan: &plan };
    runtime::block_on(async {
        let (mut all, mut any) = (Vec::new(), false);
        for target in targets {
            let label = target.label();
            let (found, editors, times) = one(&scene, target).await?;
            any |= !found.is_empty();
            let row = |d: &Drift| {
                let (editor, modified) = (editors.get(&d.id), times.get(&d.id));
                json!({ "drift": d, "editor": editor, "modified": modified })
            };
            let rows = found.iter().map(row);
            all.push(json!({ "target": label, "resources": rows.collect::<Vec<_>>() }));
        }
        if app.printer.is_json() {
            app.printer.json("drift", &json!({ "targets": all }));
        }
        Ok(if any && arguments.exit_code { Exit::Differences } else { Exit::Done })
    })
}

/// What changed, who did it, and when what nobody is known to have done was done; by id.
type Found = (Vec<Drift>, BTreeMap<String, Editor>, BTreeMap<String, f64>);

async fn one(scene: &Scene<'_>, target: Target) -> Result<Found, Report> {
    let Scene { arguments, app, located, documents, aws, plan } = scene;
    let run = journal::run_id();
    let writes = arguments.what == Some(What::Revert);
    let access = if writes { Access::Write } else { Access::Read };
    let connected = connect::connect(aws, located, target, access, &run).await?;
    // What is shown must say of which instance; what is written is told on the way.
    if arguments.what.is_none() && !app.printer.is_json() {
        app.printer.result(&connected.headline());
    } else {
        app.printer.say(&connected.headline());
    }
    let state = state::of(located, &connected.target, aws).await?;
    if writes {
        let lock = &arguments.lock;
        let hold =
            Hold::take(app, located, &connected, &state, ("drift revert", &run), lock).await?;
        let reverted = revert(scene, &connected, &hold).await;
        hold.give_back(reverted).await?;
        return Ok((Vec::new(), BTreeMap::new(), BTreeMap::new()));
    }
    let prepared = planning::prepare(&connected, located, documents, plan, &state).await?;
    let (found, _) = chosen(arguments, &prepared, &connected);
    let ids: Vec<String> = found.iter().map(|d| d.id.clone()).collect();
    let adopts = arguments.what == Some(What::Adopt);
    // Files say nothing of people, so that only JSON tells who changed what is adopted.
    let told = !ids.is_empty() && (!adopts || app.printer.is_json());
    // The history is a convenience: who may not read it still learns what changed.
    let editors = if told {
        drift::editors(&connected.client, &ids).await.unwrap_or_else(|error| {
            let why = format!("Who changed it is not known: {}", error.code);
            app.printer.say(&crate::render::printable(&why));
            BTreeMap::new()
        })
    } else {
        BTreeMap::new()
    };
    if adopts {
        adopt(scene, &connected, &found)?;
        return Ok((found, editors, BTreeMap::new()));
    }
    let untold: Vec<Drift> =
        found.iter().filter(|d| !editors.contains_key(&d.id)).cloned().collect();
    let times = drift::modified(&connected.client, &connected.instance, &untold).await;
    if !app.printer.is_json() {
        show(scene, &found, &editors, &times);
    }
    Ok((found, editors, times))
}

/// What changed among the chosen resources, and everything as it was applied.
fn chosen(
    arguments: &Arguments,
    prepared: &Prepared,
    connected: &Connected,
) -> (Vec<Drift>, Documents) {
    let input = prepared.input(connected);
    let applied = drift::applied_documents(&input);
    let mut found = drift::compare(&plan::PlanInput { documents: &applied, ..input });
    found.retain(|d| planning::is_meant(&arguments.patterns, &d.kind, &d.name));
    (found, applied)
}

fn show(
    scene: &Scene<'_>,
    found: &[Drift],
    editors: &BTreeMap<String, Editor>,
    times: &BTreeMap<String, f64>,
) {
    let printer = &scene.app.printer;
    if found.is_empty() {
        printer.result("No drift: the instance is as it was applied.");
    }
    for one in found {
        let by = match (editors.get(&one.id), times.get(&one.id)) {
            (Some(e), _) => format!("{} by {}, {}", e.operation, e.who, when(e.at)),
            (None, Some(at)) => format!("by whom is not known, {}", when(*at)),
            (None, None) => "by whom is not known".to_owned(),
        };
        let mark = if one.deleted { "-" } else { "~" };
        let line = format!("  {mark} {}  {}   {by}", one.kind, one.name);
        printer.result(&crate::render::printable(&line));
        if one.deleted {
            printer.result("      deleted in the instance");
        }
        if let Some(name) = &one.renamed {
            printer.result(&crate::render::printable(&format!("      renamed to \"{name}\"")));
        }
        for line in one.fields.iter().flat_map(|f| &f.lines) {
            printer.result(&crate::render::printable(&format!("      {line}")));
        }
    }
}

fn when(seconds: f64) -> String {
    let time = jiff::Timestamp::from_millisecond((seconds * 1000.0) as i64);
    time.map_or_else(|_| "at an unknown time".to_owned(), |t| t.to_string())
}

/// Writes the instance's values into the files of the documents.
fn adopt(scene: &Scene<'_>, connected: &Connected, found: &[Drift]) -> Result<(), Report> {
    let Scene { app, located, .. } = scene;
    let existing = files::read(&located.root)?;
    let mut documents = Documents::load(&existing)?;
    let mut warnings = Vec::new();
    for one in found {
        let key = format!("{}:{}", one.kind, one.name);
        let kind = KINDS.iter().map(|k| k.spec()).find(|s| s.name == one.kind);
        let attachment = kind.and_then(|s| s.attachment);
        let overridden = located.project.overrides_for(&one.kind, &one.name, &connected.target);
        let mut held = documents.iter_mut();
        let Some(document) = held.find(|d| d.kind == one.kind && d.name == one.name) else {
            continue;
        };
        for field in &one.fields {
            let told = |why: &str| {
                let message = format!("`{}` was not taken into the document: {why}", field.field);
                Diagnostic::warning("TL0409", message).on(document.subject())
            };
            if overridden.contains_key(&field.field) {
                let why = "`overrides` in trunkline.yaml says it for this environment";
                warnings.push(told(why).help("change it there"));
            } else if attachment == Some(field.field.as_str()) {
                warnings.push(told("it is a file; export it").help("trunkline export"));
            } else {
                match &field.live {
                    Some(value) => document.body.insert(field.field.clone(), value.clone()),
                    None => document.body.shift_remove(&field.field),
                };
            }
        }
        if let Some(name) = &one.renamed {
            let message = format!("it is called \"{name}\" in the instance");
            let told = Diagnostic::warning("TL0409", message).on(document.subject());
            warnings.push(told.help(format!("trunkline rename \"{key}\" \"{name}\"")));
        }
        if one.deleted {
            let told = Diagnostic::warning("TL0412", "it was deleted in the instance");
            warnings.push(told.on(document.subject()).help("delete its file, if that was meant"));
        }
    }
    let places = trunkline_center::Places::of(&existing);
    let (_, changed) = files::write(&located.root, &existing, &documents.files_at(&places))?;
    app.printer.warnings(&warnings);
    for path in &changed {
        app.printer.result(&format!("  ~ {path}"));
    }
    if changed.is_empty() {
        app.printer.say("No document changed.");
    }
    Ok(())
}

/// Plans what was applied over what is there, for the chosen resources, and carries it out.
async fn revert(scene: &Scene<'_>, connected: &Connected, hold: &Hold) -> Result<(), Report> {
    let Scene { arguments, app, located, documents, plan, .. } = scene;
    let asked = PlanArguments { overwrite_drift: true, ..(*plan).clone() };
    let prepared = planning::prepare(connected, located, documents, &asked, &hold.state).await?;
    let (found, mut applied) = chosen(arguments, &prepared, connected);
    let drifted = |kind: &str, name: &str| found.iter().any(|d| d.kind == kind && d.name == name);
    let others = applied.iter().filter(|d| !drifted(d.kind, &d.name));
    let others: Vec<_> = others.map(|d| (d.kind, d.name.clone())).collect();
    for (kind, name) in others {
        applied.remove(kind, &name);
    }
    let mut plan =
        plan::build(&plan::PlanInput { documents: &applied, ..prepared.input(connected) })?;
    // What this plan does not look at stays remembered as it is.
    plan.forgotten.clear();
    plan.claims.clear();
    plan.renames.clear();
    app.printer.warnings(&plan.findings);
    if plan.is_empty() {
        app.printer.say(&render::summary(&plan));
        return Ok(());
    }
    let target = &connected.target;
    let question = format!("Put this back in {}?", target.label());
    consent(app, &plan, target, &question, arguments.yes)?;
    let why = Why { command: "drift revert".to_owned() };
    state::carry_out(app, located, connected, hold, plan, &prepared.snapshot, &why).await?;
    Ok(())
}
