//! `trunkline export`: writes the instance that people built as documents, and merges them into the branch.
//!
//! Reading and naming are here; how it gets into files and commits is in `export/ground.rs`, what is said about
//! it in `export/report.rs`.

mod ground;
mod report;

use super::Outcome;
use crate::connect::{self, Access, Connected};
use crate::context::{App, Located};
use crate::exit::Exit;
use crate::planning::{self, read_options};
use crate::{files, journal, runtime, state};
use ground::{Ground, Work};
use std::collections::BTreeSet;
use trunkline_center::export::{Exported, export};
use trunkline_center::select::Selection;
use trunkline_center::{Documents, Unnamed, kind_named};
use trunkline_model::{Diagnostic, Report};

#[derive(clap::Args)]
#[command(
    after_help = "Example: trunkline export --env rnd; what changed in the console since the \
    last export is merged into the branch"
)]
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
    /// Take only these: a kind, or KIND:NAME in which `*` stands for anything (can be repeated)
    #[arg(long, value_name = "KIND[:NAME]")]
    only: Vec<String>,
    /// Take what the selected ones refer to as well
    #[arg(long, requires = "only")]
    with_dependencies: bool,
    /// Remove the files of what is not in the instance any more
    #[arg(long)]
    accept_deletions: bool,
    /// Write the files over what is there; no commit, no merge
    #[arg(long)]
    no_commit: bool,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let located = app.project()?;
    let selection = Selection::parse(&arguments.only)?;
    let selection = (!arguments.only.is_empty()).then_some(selection);
    let target =
        located.targets(&arguments.environment, arguments.region.as_deref())?.swap_remove(0);
    // What stands in the way is known before the first call.
    let ground = Ground::find(&located.root, arguments.no_commit)?;
    let (aws, run) = (connect::aws(app)?, journal::run_id());
    runtime::block_on(async {
        let connected = connect::connect(&aws, &located, target, Access::Read, &run).await?;
        app.printer.say(&connected.headline());
        let state = state::of(&located, &connected.target, &aws).await?;
        let recent = planning::remembered(&located, &state).await?.recent;
        let mut exported = read(arguments, &connected, &located, &recent).await?;
        in_scope(&located, &mut exported);
        let here = files::load(&located.root)?;
        if let Some(selection) = &selection {
            narrow(&mut exported, selection, arguments.with_dependencies, &here)?;
        }
        if !(exported.unnamed.is_empty() || here.is_empty() || arguments.bind) {
            return Err(unnamed(&exported.unnamed, &arguments.environment));
        }
        let included = |kind: &str| arguments.include.iter().any(|k| singular(k) == kind);
        let looks_at = |kind: &str, name: &str| {
            let read = kind_named(kind).is_some_and(|k| !k.opt_in() || included(kind));
            let selected = selection.as_ref().is_none_or(|s| s.takes(kind, name));
            read && selected && is_ours(&located, kind, name)
        };
        let work = Work {
            located: &located,
            connected: &connected,
            exported: &exported,
            looks_at: &looks_at,
            accept_deletions: arguments.accept_deletions,
        };
        let written = ground.write(&work, app)?;
        report::report(app, &exported, &written);
        Ok(Exit::Done)
    })
}

fn singular(kind: &str) -> &str {
    kind.strip_suffix('s').unwrap_or(kind)
}

async fn read(
    arguments: &Arguments,
    connected: &Connected,
    located: &Located,
    recent: &BTreeSet<String>,
) -> Result<Exported, Report> {
    let options = read_options(located, &arguments.include, !arguments.skip_drafts, recent.clone());
    let snapshot = connected.snapshot(None, &options).await?;
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

/// Whether the project looks at a resource, and nobody else supplies it.
fn is_ours(located: &Located, kind: &str, name: &str) -> bool {
    located.project.scope.holds(kind, name) && !located.project.is_external(kind, name)
}

/// Leaves out what the project does not look at and what somebody else supplies.
fn in_scope(located: &Located, exported: &mut Exported) {
    let out = exported.documents.iter().filter(|d| !is_ours(located, d.kind, &d.name));
    let leave: Vec<_> = out.map(|d| (d.kind, d.name.clone())).collect();
    for (kind, name) in leave {
        exported.documents.remove(kind, &name);
    }
}

/// Leaves only what is selected; what that refers to must be in the repository, or come along.
fn narrow(
    exported: &mut Exported,
    selection: &Selection,
    with_dependencies: bool,
    here: &Documents,
) -> Result<(), Report> {
    let all = std::mem::take(&mut exported.documents);
    let known = all.iter().chain(here.iter()).map(|d| (d.kind, d.name.as_str()));
    selection.check_all_fit(known)?;
    let in_repository = |kind: &str, name: &str| here.get(kind, name).is_some();
    exported.documents = selection.select(&all, with_dependencies, &in_repository)?;
    let left = |d: &&trunkline_center::Document| exported.documents.get(d.kind, &d.name).is_none();
    let left: BTreeSet<String> = all.iter().filter(left).map(|d| d.subject()).collect();
    // What only others need to be named is not asked for.
    exported.unnamed.retain(|u| u.places.iter().any(|(subject, _)| !left.contains(subject)));
    Ok(())
}
