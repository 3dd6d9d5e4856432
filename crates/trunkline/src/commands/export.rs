//! `trunkline export`: writes the instance that people built as documents.

use super::Outcome;
use crate::connect::{self, Access, Connected};
use crate::context::{App, Located};
use crate::exit::Exit;
use crate::planning::{self, read_options};
use crate::render::printable;
use crate::{files, journal, runtime, state};
use serde_json::json;
use std::collections::BTreeSet;
use trunkline_center::export::{Exported, export};
use trunkline_center::{Unnamed, take};
use trunkline_model::{Diagnostic, Report};

/// Files of each sort that are named without `-v`.
const FILES_SHOWN_AT_MOST: usize = 15;

#[derive(clap::Args)]
#[command(after_help = "Example: trunkline export --env rnd, then look at `git diff` and commit")]
pub(crate) struct Arguments {
    /// Export this environment (name or alias)
    #[arg(long = "env", value_name = "ENV")]
    environment: String,
    /// From this region (default: the primary one)
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Take drafts instead of what is published
    #[arg(long)]
    drafts: bool,
    /// Do not look for drafts: one call less for each flow and module
    #[arg(long, conflicts_with = "drafts")]
    skip_drafts: bool,
    /// Export this kind too: `users` (can be repeated)
    #[arg(long, value_name = "KIND")]
    include: Vec<String>,
    /// Accept the proposed bindings for what cannot be named, and write them to trunkline.yaml
    #[arg(long)]
    bind: bool,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let located = app.project()?;
    let target =
        located.targets(&arguments.environment, arguments.region.as_deref())?.swap_remove(0);
    let (aws, run) = (connect::aws(app)?, journal::run_id());
    runtime::block_on(async {
        let connected = connect::connect(&aws, &located, target, Access::Read, &run).await?;
        app.printer.say(&connected.headline());
        let state = state::of(&located, &connected.target, &aws).await?;
        let recent = planning::remembered(&located, &state).await?.recent;
        let mut exported = read(arguments, &connected, &located, &recent).await?;
        let first = files::load(&located.root)?.is_empty();
        if !exported.unnamed.is_empty() {
            if !(first || arguments.bind) {
                return Err(unnamed(&exported.unnamed, &arguments.environment));
            }
            bind(&located, &connected, &exported.unnamed)?;
        }
        in_scope(&located, &mut exported);
        let written = files::save(&located.root, &exported.documents)?;
        report(app, &exported, &written);
        Ok(Exit::Done)
    })
}

async fn read(
    arguments: &Arguments,
    connected: &Connected,
    located: &Located,
    recent: &BTreeSet<String>,
) -> Result<Exported, Report> {
    let options = read_options(located, &arguments.include, !arguments.skip_drafts, recent.clone());
    let (cloud, instance) = (&connected.client, &connected.instance);
    let snapshot = take(cloud, instance, None, &connected.bindings, &options).await;
    let snapshot = snapshot.map_err(|e| connected.failed(&e))?;
    Ok(export(&snapshot, &connected.bindings, arguments.drafts))
}

/// A certificate has many lines; its beginning tells enough of it.
fn one_line(value: &str) -> String {
    let line = value.lines().next().unwrap_or_default();
    if line.len() < value.len() { format!("{line}…") } else { line.to_owned() }
}

/// TL0701 for everything that has no name, each with its places and the binding that is proposed.
fn unnamed(found: &[Unnamed], environment: &str) -> Report {
    let one = |u: &Unnamed| {
        let places = u.places.iter().map(|(subject, path)| format!("in {subject} at {path}"));
        let value = one_line(&u.value);
        let diagnostic = Diagnostic::error("TL0701", format!("`{value}` cannot be named"));
        places.fold(diagnostic, Diagnostic::because).help(format!(
            "bind it in trunkline.yaml: `\"{}:{}\": {{ {environment}: \"{}\" }}`, or accept all \
             proposals with `--bind`",
            u.kind, u.name, value
        ))
    };
    Report(found.iter().map(one).collect())
}

/// Writes the proposed bindings, with the values of the environment that is exported.
fn bind(located: &Located, connected: &Connected, found: &[Unnamed]) -> Result<(), Report> {
    let path = located.root.join(crate::context::CONFIG);
    let shown = located.project.file.as_str();
    let text = std::fs::read_to_string(&path).map_err(|e| files::failed(shown, &e))?;
    let environment = connected.target.environment.name.clone();
    let one =
        |u: &Unnamed| (format!("{}:{}", u.kind, u.name), environment.clone(), u.value.clone());
    let additions: Vec<_> = found.iter().map(one).collect();
    let text = trunkline_config::add_bindings(&text, &additions);
    files::replace(&path, text.as_bytes()).map_err(|e| files::failed(shown, &e))
}

/// Leaves out what the project does not look at and what somebody else supplies.
fn in_scope(located: &Located, exported: &mut Exported) {
    let project = &located.project;
    let out = |kind: &str, name: &str| {
        !project.scope.holds(kind, name) || project.is_external(kind, name)
    };
    let leave: Vec<_> = exported
        .documents
        .iter()
        .filter(|d| out(d.kind, &d.name))
        .map(|d| (d.kind, d.name.clone()))
        .collect();
    for (kind, name) in leave {
        exported.documents.remove(kind, &name);
    }
}

/// TL0702: one warning for all drafts, which names the first of them.
fn drafts_left(names: &[String]) -> Option<Diagnostic> {
    const NAMED: usize = 10;
    let count = names.len();
    let message = match names {
        [] => return None,
        [name] => format!("{name} has a draft that was not exported"),
        _ => format!("{count} flows and modules have drafts that were not exported"),
    };
    let mut note = Diagnostic::warning("TL0702", message);
    if count > 1 {
        let more = if count > NAMED { format!(", and {} more", count - NAMED) } else { "".into() };
        note = note.because(format!("{}{more}", names[..count.min(NAMED)].join(", ")));
    }
    Some(note.help("`--drafts` exports drafts as `status: saved`"))
}

fn report(app: &App, exported: &Exported, written: &files::Written) {
    let printer = &app.printer;
    let mut findings = Vec::new();
    findings.extend(drafts_left(&exported.drafts_left));
    for (kind, field) in &exported.unmanaged {
        findings.push(Diagnostic::note("TL0703", format!("`{field}` of {kind} is not managed")));
    }
    for one in &exported.unnamed {
        let value = one_line(&one.value);
        let message = format!("`{}:{}` was bound to {value}", one.kind, one.name);
        findings.push(
            Diagnostic::note("TL0701", message)
                .help("give the other environments their values in trunkline.yaml"),
        );
    }
    printer.warnings(&findings);
    if printer.is_json() {
        let body = json!({
            "documents": exported.documents.len(), "references": exported.replaced,
            "added": written.added, "changed": written.changed, "gone": written.gone,
            "drafts_left": exported.drafts_left, "bound": exported.unnamed.len(),
        });
        return printer.json("export", &body);
    }
    for (mark, paths) in [("+", &written.added), ("~", &written.changed), ("-", &written.gone)] {
        let shown = if printer.is_verbose() { paths.len() } else { FILES_SHOWN_AT_MOST };
        for path in paths.iter().take(shown) {
            let note = if mark == "-" {
                "   not in the instance any more; delete it if that is meant"
            } else {
                ""
            };
            printer.result(&format!("  {mark} {}{note}", printable(path)));
        }
        if paths.len() > shown {
            printer.result(&format!("  {mark} … {} more, shown with -v", paths.len() - shown));
        }
    }
    let (added, changed, gone) = (written.added.len(), written.changed.len(), written.gone.len());
    printer.result(&format!(
        "{} documents, {} references by name; files: {added} added, {changed} changed, {gone} left over",
        exported.documents.len(),
        exported.replaced
    ));
}
