//! `pipeline run` and `pipeline watch`.

use super::follow::{Until, follow};
use super::{Chosen, Outcome, Place, short, with_backend};
use crate::context::App;
use crate::exit::Exit;
use crate::git::Repository;
use crate::pipelines::backend::{Backend, Need};
use crate::pipelines::reader::to_json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use trunkline_engine::event::{RevisionOverride, TriggerKind, TriggerRef};
use trunkline_engine::{Answer, Command};
use trunkline_model::pipeline::{Action, Category, Pipeline};
use trunkline_model::{Diagnostic, Report};

#[derive(clap::Args)]
#[command(
    after_help = "Without a server, the pipeline runs in this process, and stands still when it ends.\n\
    Examples: trunkline pipeline run acme-dev\n          \
    trunkline pipeline run acme-dev --var Scope=partial --revision App=4f1c2ab\n          \
    trunkline pipeline run acme-dev --continue"
)]
pub(crate) struct Arguments {
    /// The pipeline
    #[arg(value_name = "NAME")]
    name: String,
    /// Give a variable of the pipeline a value (can be repeated)
    #[arg(long = "var", value_name = "NAME=VALUE", conflicts_with = "go_on")]
    variables: Vec<String>,
    /// Let a source action take this revision (can be repeated)
    #[arg(long = "revision", value_name = "ACTION=ID", conflicts_with = "go_on")]
    revisions: Vec<String>,
    /// Let this run undo a fix that was not merged forward: sets the variable `DropFix`
    #[arg(long, conflicts_with = "go_on")]
    drop_fix: bool,
    /// Take the commit that this working copy is at
    #[arg(long, value_name = "[ACTION=]PATH", conflicts_with = "go_on")]
    source: Option<String>,
    /// Start nothing: go on with what was interrupted, or answered since
    #[arg(long = "continue")]
    go_on: bool,
    /// Do not wait for the end (needs a server)
    #[arg(long, conflicts_with = "go_on")]
    no_wait: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
#[command(
    after_help = "Ends when the execution ends. It only looks: interrupting it leaves the execution alone.\n\
    Example: trunkline pipeline watch acme-dev"
)]
pub(crate) struct Watch {
    #[command(flatten)]
    chosen: Chosen,
    /// End with 5 as soon as only a person can go on with it
    #[arg(long)]
    until_asked: bool,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    with_backend(app, &arguments.place, Need::Change, "run", async |backend| {
        let name = &arguments.name;
        if arguments.go_on {
            return go_on(app, backend, name).await;
        }
        if arguments.no_wait && !backend.goes_on() {
            let message = "without a server, nothing goes on after this command has ended";
            return Err(Diagnostic::error("TL0901", message)
                .help("leave `--no-wait` out, or start `trunkline serve`")
                .report());
        }
        let before = backend.pipeline(name).await?;
        let command = Command::Start {
            trigger: TriggerRef { kind: TriggerKind::StartPipelineExecution, detail: by(app) },
            variables: variables(arguments, &before.definition)?,
            source_revisions: revisions(backend, arguments, &before.definition).await?,
            client_request_token: None,
        };
        let Answer::Started { execution } = backend.command(name, &command).await? else {
            return Err(
                Diagnostic::error("TL0888", "the start was answered with something else").into()
            );
        };
        app.printer.say(&format!("{name}  execution {execution}"));
        if arguments.no_wait {
            match app.printer.is_json() {
                true => {
                    let view = backend.execution(name, &execution).await?;
                    app.printer.json("execution", &to_json(&view));
                }
                false => app.printer.result(&execution),
            }
            return Ok(Exit::Done);
        }
        follow(app, backend, name, &execution, Some(before.seq), Until::SomebodyIsAsked).await
    })
}

pub(crate) fn watch(arguments: &Watch, app: &App) -> Outcome {
    let chosen = &arguments.chosen;
    with_backend(app, &chosen.place, Need::Read, "watch", async |backend| {
        let view = backend.execution(&chosen.name, &chosen.execution).await?;
        if !view.brief.status.ended() && !backend.goes_on() {
            let help =
                format!("`trunkline pipeline run {} --continue` goes on with it", chosen.name);
            app.printer
                .say(&format!("nobody carries {} out: no server runs", short(&view.brief.id)));
            app.printer.say(&help);
            super::show::execution(app, &view);
            return Ok(Exit::Waiting);
        }
        let until = if arguments.until_asked { Until::SomebodyIsAsked } else { Until::ItEnds };
        follow(app, backend, &chosen.name, &view.brief.id, None, until).await
    })
}

/// Goes on with the oldest execution that has not ended, in this process if there is no server.
async fn go_on(app: &App, backend: &dyn Backend, name: &str) -> Outcome {
    let known = backend.pipeline(name).await?;
    backend.carry_on(name).await?;
    let Some(one) = known.executions.iter().rev().find(|e| !e.status.ended()) else {
        app.printer.say(&format!("nothing of {name} is under way"));
        return Ok(Exit::Done);
    };
    app.printer.say(&format!("{name}  execution {}", one.id));
    follow(app, backend, name, &one.id, None, Until::SomebodyIsAsked).await
}

/// After a command: without a server, carries out here what follows from it.
pub(super) async fn carry_out(app: &App, backend: &dyn Backend, name: &str, id: &str) -> Outcome {
    if backend.goes_on() {
        super::show::execution(app, &backend.execution(name, id).await?);
        return Ok(Exit::Done);
    }
    follow(app, backend, name, id, None, Until::SomebodyIsAsked).await
}

/// Who asks, for the records.
pub(super) fn by(app: &App) -> String {
    let known = crate::caller::known(app);
    known.or_else(|| app.surroundings.user.clone()).unwrap_or_else(|| "unknown".to_owned())
}

fn pair<'a>(text: &'a str, option: &str) -> Result<(&'a str, &'a str), Report> {
    text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
        let message = format!("{option} needs a name, `=` and a value, not `{text}`");
        Diagnostic::error("TL0901", message).help(format!("write {option} Name=value")).report()
    })
}

/// The variable by which a run is allowed to undo a fix.
const DROP_FIX: &str = "DropFix";

fn variables(
    arguments: &Arguments,
    definition: &Pipeline,
) -> Result<BTreeMap<String, String>, Report> {
    let mut all = BTreeMap::new();
    for text in &arguments.variables {
        let (name, value) = pair(text, "--var")?;
        all.insert(name.to_owned(), value.to_owned());
    }
    if arguments.drop_fix {
        if !definition.variables.iter().any(|variable| variable.name == DROP_FIX) {
            let message = format!("pipeline `{}` does not let a run drop a fix", arguments.name);
            return Err(Diagnostic::error("TL0901", message)
                .because(format!("it has no variable `{DROP_FIX}`"))
                .help(format!(
                    "declare the variable {DROP_FIX} with the default \"false\", and give the deployment \
                     `{DROP_FIX}: \"#{{variables.{DROP_FIX}}}\"`"
                ))
                .report());
        }
        all.insert(DROP_FIX.to_owned(), "true".to_owned());
    }
    Ok(all)
}

async fn revisions(
    backend: &dyn Backend,
    arguments: &Arguments,
    definition: &Pipeline,
) -> Result<Vec<RevisionOverride>, Report> {
    let sources: Vec<&Action> = definition
        .stages
        .iter()
        .flat_map(|stage| &stage.actions)
        .filter(|action| action.action_type_id.category == Category::Source)
        .collect();
    let mut all = Vec::new();
    for text in &arguments.revisions {
        let (action, revision) = pair(text, "--revision")?;
        all.push(wanted(source(&sources, Some(action), &arguments.name)?, revision));
    }
    if let Some(text) = &arguments.source {
        let (action, path) = match text.split_once('=') {
            Some((action, path)) => (Some(action), path),
            None => (None, text.as_str()),
        };
        let action = source(&sources, action, &arguments.name)?;
        let commit = head(Path::new(path))?;
        backend.take_in(action, Path::new(path), &commit).await?;
        all.push(wanted(action, &commit));
    }
    Ok(all)
}

/// A source action by its name; the only one where no name is given.
fn source<'a>(
    sources: &[&'a Action],
    name: Option<&str>,
    pipeline: &str,
) -> Result<&'a Action, Report> {
    let names: Vec<&str> = sources.iter().map(|a| a.name.as_str()).collect();
    let found = match name {
        Some(name) => sources.iter().find(|a| a.name == name).copied(),
        None => sources.first().copied().filter(|_| sources.len() == 1),
    };
    found.ok_or_else(|| {
        let message = match name {
            Some(name) => format!("pipeline `{pipeline}` has no source action `{name}`"),
            None => format!("pipeline `{pipeline}` has several source actions"),
        };
        let help = format!("name one of: {}", names.join(", "));
        Diagnostic::error("TL0885", message).help(help).report()
    })
}

fn wanted(action: &Action, revision: &str) -> RevisionOverride {
    let kind = match action.action_type_id.provider.as_str() {
        "S3" => "S3_OBJECT_VERSION_ID",
        "ECR" => "IMAGE_DIGEST",
        _ => "COMMIT_ID",
    };
    RevisionOverride {
        action_name: action.name.clone(),
        revision_type: kind.to_owned(),
        revision_value: revision.to_owned(),
    }
}

/// The commit of a working copy. TL0714: it is none, or has no commit.
fn head(path: &Path) -> Result<String, Report> {
    let repository = Repository::open(&PathBuf::from(path))?;
    repository.and_then(|r| r.head()).ok_or_else(|| {
        let message = format!("{} is no working copy of git with a commit", path.display());
        Diagnostic::error("TL0714", message)
            .help("commit first; what is not committed is not taken")
            .report()
    })
}
