//! `pipeline list` and `pipeline show`.

use super::{Outcome, Place, short, with_backend};
use crate::context::App;
use crate::exit::Exit;
use crate::pipelines::backend::Need;
use crate::pipelines::reader::to_json;
use crate::render::printable;
use serde_json::Value;
use trunkline_engine::event::{ActionStatus, ConditionStatus, TransitionSide};
use trunkline_engine::view::{ActionView, Brief, ExecutionView, PipelineView, StageView, Summary};
use trunkline_model::{Diagnostic, Report};
use trunkline_web::Query;

#[derive(clap::Args)]
#[command(
    after_help = "Examples: trunkline pipeline show acme-prod\n          trunkline pipeline show acme-prod latest"
)]
pub(crate) struct Arguments {
    /// The pipeline
    #[arg(value_name = "NAME")]
    name: String,
    /// Show this execution: its id, the beginning of it, or `latest`
    #[arg(value_name = "EXECUTION")]
    execution: Option<String>,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn list(place: &Place, app: &App) -> Outcome {
    let listed = with_backend(app, place, Need::Read, "list", async |b| b.get(Query::List).await)?;
    let problems = parse::<Vec<Diagnostic>>(&listed, "problems")?;
    app.printer.warnings(&problems);
    if app.printer.is_json() {
        app.printer.json("pipelines", &listed);
        return Ok(Exit::Done);
    }
    let pipelines = parse::<Vec<Summary>>(&listed, "pipelines")?;
    if pipelines.is_empty() {
        app.printer.say("no pipelines yet; definitions are files in pipelines/");
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = pipelines.iter().map(row).collect();
    app.printer.table(&rows);
    Ok(Exit::Done)
}

fn parse<T: serde::de::DeserializeOwned + Default>(of: &Value, name: &str) -> Result<T, Report> {
    let Some(value) = of.get(name).filter(|v| !v.is_null()) else { return Ok(T::default()) };
    serde_json::from_value(value.clone()).map_err(|error| {
        Diagnostic::error("TL0888", format!("the answer cannot be understood: {error}")).report()
    })
}

fn row(one: &Summary) -> Vec<String> {
    let mut cells = vec![printable(&one.name)];
    match &one.latest {
        None => cells.extend(["never run".to_owned(), String::new(), String::new()]),
        Some(latest) => cells.extend(brief(latest)),
    }
    let waiting = one.waiting.first().map(|w| format!("{} / {} waits", w.stage, w.action));
    cells.push(waiting.unwrap_or_default());
    cells
}

/// Status, when, what.
fn brief(one: &Brief) -> [String; 3] {
    let revision = one.revisions.first().map(|r| {
        let summary = r.revision.summary.as_deref().unwrap_or_default();
        printable(format!("{} {summary}", short(&r.revision.id)).trim())
    });
    let when: String = one.started_at.chars().take(19).collect();
    [format!("{:?}", one.status), when, revision.unwrap_or_default()]
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    with_backend(app, &arguments.place, Need::Read, "show", async |backend| {
        match &arguments.execution {
            Some(id) => execution(app, &backend.execution(&arguments.name, id).await?),
            None => pipeline(app, &backend.pipeline(&arguments.name).await?),
        }
        Ok(Exit::Done)
    })
}

pub(super) fn pipeline(app: &App, view: &PipelineView) {
    let printer = &app.printer;
    if printer.is_json() {
        printer.json("pipeline", &to_json(view));
        return;
    }
    printer.result(&format!(
        "{}   version {}, {:?}",
        printable(&view.name),
        view.definition.version,
        view.definition.execution_mode
    ));
    for stage in &view.stages {
        let closed = view.transitions.iter().filter(|t| t.stage == stage.name);
        for one in closed {
            let side = if one.side == TransitionSide::Inbound { "not entered" } else { "not left" };
            printer.result(&format!("  x {side}: {}", printable(&one.reason)));
        }
        let by = stage.execution.as_deref().map(|id| format!("  {}", short(id)));
        stage_lines(app, stage, by.as_deref().unwrap_or_default());
    }
    if view.executions.is_empty() {
        printer.result("never run");
        return;
    }
    printer.result("executions");
    let rows: Vec<Vec<String>> = view
        .executions
        .iter()
        .map(|one| {
            let [status, when, what] = brief(one);
            vec![format!("  {}", short(&one.id)), status, when, what]
        })
        .collect();
    printer.table(&rows);
}

/// Prints an execution.
pub(super) fn execution(app: &App, view: &ExecutionView) {
    let printer = &app.printer;
    if printer.is_json() {
        printer.json("execution", &to_json(view));
        return;
    }
    let one = &view.brief;
    let [status, when, what] = brief(one);
    printer.result(&format!("{} {}  {status}  {when}  {what}", printable(&view.pipeline), one.id));
    if let Some(target) = &one.rollback_target {
        printer.result(&format!("  goes back to what {} brought", short(target)));
    }
    if let Some(why) = &one.status_summary {
        printer.result(&format!("  {}", printable(why)));
    }
    view.stages.iter().for_each(|stage| stage_lines(app, stage, ""));
}

fn stage_lines(app: &App, stage: &StageView, suffix: &str) {
    let status = match (&stage.status, stage.waits) {
        (_, true) => "waits".to_owned(),
        (Some(status), _) => format!("{status:?}"),
        (None, _) => "-".to_owned(),
    };
    app.printer.result(&format!("  {}  {status}{suffix}", printable(&stage.name)));
    for condition in stage.conditions.iter().filter(|c| c.status != ConditionStatus::Succeeded) {
        app.printer.result(&format!("      {:?}: {:?}", condition.kind, condition.status));
        let rows: Vec<Vec<String>> = condition.rules.iter().map(action_row).collect();
        app.printer.table(&rows);
    }
    let rows: Vec<Vec<String>> = stage.actions.iter().map(action_row).collect();
    app.printer.table(&rows);
}

fn action_row(action: &ActionView) -> Vec<String> {
    let waits =
        action.status == Some(ActionStatus::InProgress) && action.kind.starts_with("Approval");
    let status = match &action.status {
        None => "-".to_owned(),
        Some(_) if waits => "waits for a person".to_owned(),
        Some(status) => format!("{status:?}"),
    };
    let failure = action.failure.as_ref().map(|f| f.message.as_str());
    // Who rejects says why in the summary.
    let said: Vec<&str> = match (failure, action.summary.as_deref()) {
        (Some(failure), Some(why)) if action.kind.starts_with("Approval/") => vec![failure, why],
        (failure, summary) => failure.or(summary).into_iter().collect(),
    };
    let said = said.join(": ");
    let said = said.lines().next().unwrap_or_default();
    vec![format!("      {}", printable(&action.name)), status, action.kind.clone(), printable(said)]
}
