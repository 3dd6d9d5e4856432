//! Commands that change where an execution or a stage stands.

use super::run::{by, carry_out};
use super::{Chosen, Outcome, Place, short, with_backend};
use crate::context::App;
use crate::exit::Exit;
use crate::pipelines::backend::{Backend, Need};
use clap::ValueEnum;
use trunkline_engine::command::Approval;
use trunkline_engine::event::{ConditionKind, ConditionStatus, StageStatus, TransitionSide};
use trunkline_engine::view::{ConditionView, ExecutionView, PipelineView, StageView, Waiting};
use trunkline_engine::{Answer, Command};
use trunkline_model::pipeline::RetryMode;
use trunkline_model::{Diagnostic, Report};
use trunkline_web::Query;

#[derive(clap::Args)]
#[command(after_help = "Example: trunkline pipeline retry acme-prod")]
pub(crate) struct Retry {
    #[command(flatten)]
    chosen: Chosen,
    /// The stage; default: the one that failed or was stopped
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
    /// Make all actions of the stage again, not only those that failed
    #[arg(long)]
    all_actions: bool,
}

#[derive(clap::Args)]
#[command(after_help = "Example: trunkline pipeline override acme-prod Deploy")]
pub(crate) struct Override {
    /// The pipeline
    #[arg(value_name = "NAME")]
    name: String,
    /// The stage
    #[arg(value_name = "STAGE")]
    stage: String,
    /// The condition; default: the one that waits or failed
    #[arg(long, value_enum, value_name = "CONDITION")]
    condition: Option<Kind>,
    /// The execution; default: the last that entered the stage
    #[arg(long, value_name = "EXECUTION")]
    execution: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
#[command(after_help = "Example: trunkline pipeline rollback acme-prod Deploy --to 3f2a91c0")]
pub(crate) struct Rollback {
    /// The pipeline
    #[arg(value_name = "NAME")]
    name: String,
    /// The stage
    #[arg(value_name = "STAGE")]
    stage: String,
    /// What this execution brought; default: the last that succeeded in the stage before what is there now
    #[arg(long, value_name = "EXECUTION")]
    to: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
#[command(after_help = "Example: trunkline pipeline stop acme-prod --reason \"wrong branch\"")]
pub(crate) struct Stop {
    #[command(flatten)]
    chosen: Chosen,
    /// End its actions at once; what they began elsewhere may go on
    #[arg(long)]
    abandon: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(clap::Args)]
#[command(after_help = "Without a server, the pipeline goes on in this process.\n\
    Example: trunkline pipeline approve acme-prod --comment \"checked with support\"")]
pub(crate) struct Review {
    /// The pipeline
    #[arg(value_name = "NAME")]
    name: String,
    /// The approval action, where several wait
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Its stage
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
    /// Its execution
    #[arg(long, value_name = "EXECUTION")]
    execution: Option<String>,
    /// A comment, at most 512 characters
    #[arg(long, value_name = "TEXT", default_value = "")]
    comment: String,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
#[command(after_help = "Example: trunkline pipeline enable acme-prod Deploy")]
pub(crate) struct Transition {
    /// The pipeline
    #[arg(value_name = "NAME")]
    name: String,
    /// The stage
    #[arg(value_name = "STAGE")]
    stage: String,
    /// Into the stage, or out of it
    #[arg(long, value_enum, default_value = "inbound", value_name = "SIDE")]
    side: Side,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
#[command(
    after_help = "Example: trunkline pipeline disable acme-prod Deploy --reason \"freeze until Monday\""
)]
pub(crate) struct Disable {
    #[command(flatten)]
    transition: Transition,
    /// Why, at most 300 characters
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// A condition of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Before the stage is entered
    BeforeEntry,
    /// After its actions succeeded
    OnSuccess,
}

/// A side of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    /// Into it
    Inbound,
    /// Out of it
    Outbound,
}

impl From<Side> for TransitionSide {
    fn from(side: Side) -> Self {
        match side {
            Side::Inbound => Self::Inbound,
            Side::Outbound => Self::Outbound,
        }
    }
}

pub(crate) fn retry(arguments: &Retry, app: &App) -> Outcome {
    let chosen = &arguments.chosen;
    with_backend(app, &chosen.place, Need::Change, "retry", async |backend| {
        let view = backend.execution(&chosen.name, &chosen.execution).await?;
        let stage = match &arguments.stage {
            Some(stage) => stage.clone(),
            None => failed_stage(&view)?,
        };
        let mode =
            if arguments.all_actions { RetryMode::AllActions } else { RetryMode::FailedActions };
        let execution = view.brief.id.clone();
        let command = Command::Retry { stage, execution, mode, by: Some(by(app)) };
        backend.command(&chosen.name, &command).await?;
        carry_out(app, backend, &chosen.name, &view.brief.id).await
    })
}

fn failed_stage(view: &ExecutionView) -> Result<String, Report> {
    let failed = |s: &&StageView| {
        matches!(s.status, Some(StageStatus::Failed | StageStatus::Stopped))
            || s.actions.iter().any(|a| a.failure.is_some())
    };
    view.stages.iter().rev().find(failed).map(|s| s.name.clone()).ok_or_else(|| {
        let message = format!("no stage of execution {} has failed", short(&view.brief.id));
        let help = "`--stage STAGE` names one".to_owned();
        Diagnostic::error("TL0887", message).help(help).report()
    })
}

pub(crate) fn override_condition(arguments: &Override, app: &App) -> Outcome {
    let (name, stage) = (&arguments.name, &arguments.stage);
    with_backend(app, &arguments.place, Need::Change, "override", async |backend| {
        let entered = backend.pipeline(name).await?.stages.into_iter();
        let entered = entered.filter(|s| &s.name == stage).find_map(|s| s.execution);
        let execution = arguments.execution.as_ref().or(entered.as_ref());
        let id = execution.map_or("latest", String::as_str);
        let view = backend.execution(name, id).await?;
        let condition = match arguments.condition {
            Some(Kind::BeforeEntry) => ConditionKind::BeforeEntry,
            Some(Kind::OnSuccess) => ConditionKind::OnSuccess,
            None => {
                let stages = view.stages.iter().filter(|s| &s.name == stage);
                unmet(stages.flat_map(|s| &s.conditions), stage)?
            }
        };
        let (stage, execution) = (stage.clone(), view.brief.id.clone());
        let by = Some(by(app));
        let command = Command::OverrideCondition { stage, execution, condition, by };
        backend.command(name, &command).await?;
        carry_out(app, backend, name, &view.brief.id).await
    })
}

/// The condition of a stage that does not let an execution pass, of those that can be overridden: one that waits
/// before one that failed. Where there is none, the pipeline says why. TL0901: there are several.
fn unmet<'a>(
    conditions: impl Iterator<Item = &'a ConditionView>,
    stage: &str,
) -> Result<ConditionKind, Report> {
    let all: Vec<_> = conditions.filter(|c| c.kind != ConditionKind::OnFailure).collect();
    let of = |wanted: &[ConditionStatus]| -> Vec<ConditionKind> {
        all.iter().filter(|c| wanted.contains(&c.status)).map(|c| c.kind).collect()
    };
    let mut unmet = of(&[ConditionStatus::InProgress]);
    if unmet.is_empty() {
        unmet = of(&[ConditionStatus::Failed, ConditionStatus::Errored]);
    }
    match unmet[..] {
        [] => Ok(ConditionKind::BeforeEntry),
        [one] => Ok(one),
        _ => {
            let message = format!("several conditions of {stage} wait: before-entry, on-success");
            let help = "choose with --condition";
            Err(Diagnostic::error("TL0901", message).help(help).report())
        }
    }
}

pub(crate) fn rollback(arguments: &Rollback, app: &App) -> Outcome {
    let (name, stage) = (&arguments.name, &arguments.stage);
    with_backend(app, &arguments.place, Need::Change, "rollback", async |backend| {
        let target = match &arguments.to {
            Some(id) => backend.execution(name, id).await?.brief.id,
            None => last_good(backend, name, stage).await?,
        };
        app.printer.say(&format!("{stage} goes back to what execution {} brought", short(&target)));
        let stage = stage.clone();
        let command = Command::Rollback { stage, target, by: Some(by(app)), found: None };
        let Answer::Started { execution } = backend.command(name, &command).await? else {
            return Err(
                Diagnostic::error("TL0888", "the start was answered with something else").into()
            );
        };
        carry_out(app, backend, name, &execution).await
    })
}

/// The last execution that succeeded in a stage, other than the one that is there now.
async fn last_good(backend: &dyn Backend, name: &str, stage: &str) -> Result<String, Report> {
    let view = backend.pipeline(name).await?;
    let now = view.stages.iter().find(|s| s.name == stage).and_then(|s| s.execution.as_deref());
    let good = |row: &&serde_json::Value| {
        let stages = row["succeededStages"].as_array();
        stages.is_some_and(|all| all.iter().any(|s| s == stage))
            && row["rollbackTarget"].is_null()
            && row["id"].as_str() != now
    };
    let mut before = None;
    loop {
        let (pipeline, limit) = (name.to_owned(), 200);
        let found = backend.get(Query::Executions { pipeline, limit, before }).await?;
        let rows = found["executions"].as_array().map(Vec::as_slice).unwrap_or_default();
        let id = |row: &serde_json::Value| row["id"].as_str().map(str::to_owned);
        if let Some(found) = rows.iter().find(good).and_then(id) {
            return Ok(found);
        }
        before = rows.last().and_then(id);
        if before.is_none() {
            let message = format!("no earlier execution of `{name}` succeeded in stage `{stage}`");
            let help = "`--to EXECUTION` names one";
            return Err(Diagnostic::error("TL0887", message).help(help).report());
        }
    }
}

pub(crate) fn stop(arguments: &Stop, app: &App) -> Outcome {
    let chosen = &arguments.chosen;
    with_backend(app, &chosen.place, Need::Change, "stop", async |backend| {
        let execution = backend.execution(&chosen.name, &chosen.execution).await?.brief.id;
        let command = Command::Stop {
            execution: execution.clone(),
            abandon: arguments.abandon,
            reason: arguments.reason.clone(),
            by: Some(by(app)),
        };
        backend.command(&chosen.name, &command).await?;
        // That it stopped is what was asked for, so it is no failure.
        let code = carry_out(app, backend, &chosen.name, &execution).await?;
        Ok(if code == Exit::Failed { Exit::Done } else { code })
    })
}

pub(crate) fn review(arguments: &Review, approve: bool, app: &App) -> Outcome {
    let word = if approve { "approve" } else { "reject" };
    with_backend(app, &arguments.place, Need::Change, word, async |backend| {
        let name = &arguments.name;
        let waiting = chosen(&backend.pipeline(name).await?, arguments)?;
        let approval = Approval {
            stage: waiting.stage.clone(),
            action: waiting.action.clone(),
            token: waiting.token.clone(),
            summary: arguments.comment.clone(),
            by: Some(by(app)),
        };
        let command = if approve { Command::Approve(approval) } else { Command::Reject(approval) };
        backend.command(name, &command).await?;
        let code = carry_out(app, backend, name, &waiting.execution).await?;
        // A rejection was asked for.
        Ok(if !approve && code == Exit::Verdict { Exit::Done } else { code })
    })
}

/// The approval that is meant: the only one that waits, or the one that was named.
fn chosen(view: &PipelineView, arguments: &Review) -> Result<Waiting, Report> {
    let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|w| w == found);
    let fits = |w: &&Waiting| {
        is(&arguments.stage, &w.stage)
            && is(&arguments.action, &w.action)
            && arguments.execution.as_ref().is_none_or(|id| w.execution.starts_with(id.as_str()))
    };
    let mut fitting = view.waiting.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one.clone()),
        (None, _) => {
            let message = format!("no such approval of `{}` waits", view.name);
            let help = format!("`trunkline pipeline show {}` shows where it stands", view.name);
            Err(Diagnostic::error("TL0887", message).help(help).report())
        }
        (Some(_), Some(_)) => {
            let one =
                |w: &Waiting| format!("{} / {} of {}", w.stage, w.action, short(&w.execution));
            let all: Vec<String> = view.waiting.iter().map(one).collect();
            let message = format!("several approvals wait: {}", all.join(", "));
            let help = "choose with --action, --stage or --execution";
            Err(Diagnostic::error("TL0901", message).help(help).report())
        }
    }
}

pub(crate) fn enable(arguments: &Transition, app: &App) -> Outcome {
    let (stage, side) = (arguments.stage.clone(), arguments.side.into());
    transition(
        arguments,
        Command::EnableTransition { stage, side, by: Some(by(app)) },
        "enable",
        app,
    )
}

pub(crate) fn disable(arguments: &Disable, app: &App) -> Outcome {
    let of = &arguments.transition;
    let (stage, side, reason) = (of.stage.clone(), of.side.into(), arguments.reason.clone());
    let command = Command::DisableTransition { stage, side, reason, by: Some(by(app)) };
    transition(of, command, "disable", app)
}

fn transition(arguments: &Transition, command: Command, word: &str, app: &App) -> Outcome {
    let name = &arguments.name;
    with_backend(app, &arguments.place, Need::Change, word, async |backend| {
        backend.command(name, &command).await?;
        let view = backend.pipeline(name).await?;
        let under_way = view.executions.iter().rev().find(|e| !e.status.ended());
        match under_way {
            Some(one) if !backend.goes_on() => carry_out(app, backend, name, &one.id).await,
            _ => {
                super::show::pipeline(app, &view);
                Ok(Exit::Done)
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn an_override_is_of_the_condition_that_waits_never_of_one_after_a_failure() {
        let check = |conditions: &[(&str, &str)], chosen: Result<ConditionKind, &str>| {
            let one = |(kind, status): &(&str, &str)| json!({ "kind": kind, "status": status, "rules": [] });
            let all: Vec<Value> = conditions.iter().map(one).collect();
            let all: Vec<ConditionView> = serde_json::from_value(json!(all)).expect("views");
            let found = unmet(all.iter(), "Build").map_err(|report| report.0[0].code.clone());
            assert_eq!(found, chosen.map_err(str::to_owned), "{conditions:?}");
        };
        let (entry, success) = (ConditionKind::BeforeEntry, ConditionKind::OnSuccess);
        check(&[("BEFORE_ENTRY", "Failed")], Ok(entry));
        check(&[("BEFORE_ENTRY", "Succeeded"), ("ON_SUCCESS", "InProgress")], Ok(success));
        check(&[("ON_FAILURE", "Failed"), ("ON_SUCCESS", "Failed")], Ok(success));
        check(&[("ON_FAILURE", "InProgress"), ("BEFORE_ENTRY", "Errored")], Ok(entry));
        check(&[("BEFORE_ENTRY", "Abandoned"), ("ON_SUCCESS", "Failed")], Ok(success));
        check(&[("BEFORE_ENTRY", "Failed"), ("ON_SUCCESS", "InProgress")], Ok(success));
        check(&[("BEFORE_ENTRY", "InProgress"), ("ON_SUCCESS", "InProgress")], Err("TL0901"));
        check(&[("ON_FAILURE", "Failed")], Ok(entry));
        check(&[], Ok(entry));
    }
}
