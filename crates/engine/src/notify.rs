//! Events in the shape in which EventBridge delivers those of CodePipeline.

use crate::action::ArtifactRef;
use crate::event::{Event, ExecutionStart, ExecutionStatus, Millis, Recorded, StageStatus};
use crate::machine::state::{Execution, State};
use crate::ports::{Notice, Origin};
use serde_json::{Map, Value, json};

/// What of an event is told.
struct Told<'a> {
    /// `Pipeline`, `Stage` or `Action`.
    level: &'static str,
    state: &'static str,
    stage: Option<&'a str>,
    action: Option<&'a str>,
}

/// The notices of an event that was just applied to `state`: those that CodePipeline has.
pub(crate) fn notices(state: &State, recorded: &Recorded, origin: &Origin) -> Vec<Notice> {
    let mut notices = Vec::new();
    if matches!(recorded.event, Event::StageRetried { automatic: false, .. }) {
        let resumed = Told { level: "Pipeline", state: "RESUMED", stage: None, action: None };
        notices.extend(notice(state, recorded, origin, &resumed));
    }
    let own = told(&recorded.event);
    notices.extend(own.and_then(|told| notice(state, recorded, origin, &told)));
    notices
}

fn notice(state: &State, recorded: &Recorded, origin: &Origin, told: &Told<'_>) -> Option<Notice> {
    let id = recorded.event.execution()?;
    let execution = &state.executions[&state.number(id)?];
    let mut detail = Map::new();
    detail.insert("pipeline".into(), json!(state.name));
    detail.insert("execution-id".into(), json!(id));
    detail.insert("start-time".into(), json!(rfc3339(execution.started_at)));
    if let Some(stage) = told.stage {
        detail.insert("stage".into(), json!(stage));
    }
    detail.insert("state".into(), json!(told.state));
    detail.insert("version".into(), json!(execution.start.version));
    match &recorded.event {
        Event::ExecutionStarted(start) => started(&mut detail, start),
        Event::StopRequested { reason: Some(reason), .. } => {
            detail.insert("stop-execution-comments".into(), json!(reason));
        }
        _ => {}
    }
    if told.level == "Action" {
        action(&mut detail, state, execution, &recorded.event, told, origin)?;
    }
    let Origin { account, region } = origin;
    let body = json!({
        "version": "0",
        "id": format!("{}-{}-{}", state.name, recorded.seq, told.level.to_lowercase()),
        "detail-type": format!("CodePipeline {} Execution State Change", told.level),
        "source": "aws.codepipeline",
        "account": account,
        "time": rfc3339(recorded.at),
        "region": region,
        "resources": [format!("arn:aws:codepipeline:{region}:{account}:{}", state.name)],
        "detail": detail,
    });
    Some(Notice { seq: recorded.seq, body: body.to_string() })
}

fn told(event: &Event) -> Option<Told<'_>> {
    let pipeline = |state| Told { level: "Pipeline", state, stage: None, action: None };
    let stage = |state, stage| Told { level: "Stage", state, stage: Some(stage), action: None };
    let action =
        |state, stage, id| Told { level: "Action", state, stage: Some(stage), action: Some(id) };
    Some(match event {
        Event::ExecutionStarted(_) => pipeline("STARTED"),
        Event::ExecutionEnded { status, .. } => pipeline(match status {
            ExecutionStatus::Succeeded => "SUCCEEDED",
            ExecutionStatus::Failed => "FAILED",
            ExecutionStatus::Stopped => "STOPPED",
            ExecutionStatus::Superseded => "SUPERSEDED",
            ExecutionStatus::Cancelled => "CANCELED",
            ExecutionStatus::InProgress | ExecutionStatus::Stopping => return None,
        }),
        Event::StopRequested { .. } => pipeline("STOPPING"),
        Event::StageEntered { stage: name, .. } => stage("STARTED", name),
        Event::StageRetried { stage: name, .. } => stage("RESUMED", name),
        Event::StageEnded { stage: name, status, .. } => {
            let state = match status {
                StageStatus::Succeeded => "SUCCEEDED",
                StageStatus::Failed => "FAILED",
                StageStatus::Stopped => "STOPPED",
                StageStatus::Cancelled => "CANCELED",
                _ => return None,
            };
            stage(state, name)
        }
        Event::ActionStarted(start) => action("STARTED", &start.stage, &start.action_execution),
        Event::ActionEnded { stage, action_execution, outcome, .. } => {
            let state = if outcome.succeeded() { "SUCCEEDED" } else { "FAILED" };
            action(state, stage, action_execution)
        }
        Event::ActionAbandoned { stage, action_execution, .. } => {
            action("ABANDONED", stage, action_execution)
        }
        _ => return None,
    })
}

fn started(detail: &mut Map<String, Value>, start: &ExecutionStart) {
    let trigger = json!({
        "trigger-type": start.trigger.kind,
        "trigger-detail": start.trigger.detail,
    });
    detail.insert("execution-trigger".into(), trigger);
}

/// What only events of actions have.
fn action(
    detail: &mut Map<String, Value>,
    state: &State,
    execution: &Execution,
    event: &Event,
    told: &Told<'_>,
    origin: &Origin,
) -> Option<()> {
    let definition = state.definition_of(execution);
    let place = definition.place(told.stage?)?;
    let mut actions = execution.stages.get(&place)?.actions.iter();
    let started = match event {
        Event::ActionStarted(start) => Some(&start.action),
        _ => None,
    };
    let slot = match started {
        Some(name) => definition.stage(place).actions.iter().position(|a| &a.name == name)?,
        None => {
            actions.position(|a| a.as_ref().is_some_and(|a| Some(a.id.as_str()) == told.action))?
        }
    };
    let declared = &definition.stage(place).actions[slot];
    detail.insert("action".into(), json!(declared.name));
    detail.insert("action-execution-id".into(), json!(told.action));
    detail.insert("region".into(), json!(declared.region.as_ref().unwrap_or(&origin.region)));
    let kind = &declared.action_type_id;
    let kind = json!({
        "owner": kind.owner, "provider": kind.provider,
        "category": kind.category, "version": kind.version,
    });
    detail.insert("type".into(), kind);
    let names = declared.input_artifacts.iter().map(|a| &a.name);
    let inputs: Vec<Value> =
        names.filter_map(|name| execution.artifacts.get(name)).map(artifact).collect();
    if !inputs.is_empty() {
        detail.insert("input-artifacts".into(), json!(inputs));
    }
    if let Event::ActionEnded { outcome, .. } = event {
        if !outcome.artifacts.is_empty() {
            let outputs: Vec<Value> = outcome.artifacts.iter().map(artifact).collect();
            detail.insert("output-artifacts".into(), json!(outputs));
        }
        let mut result = Map::new();
        let mut put = |key: &str, value: Option<&String>| {
            if let Some(value) = value {
                result.insert(key.to_owned(), json!(value));
            }
        };
        put("external-execution-id", outcome.external_id.as_ref());
        put("external-execution-url", outcome.external_url.as_ref());
        let failure = outcome.failure.as_ref();
        put("external-execution-summary", failure.map(|f| &f.message).or(outcome.summary.as_ref()));
        if let Some(failure) = failure {
            result.insert("error-code".into(), json!(failure.kind));
        }
        if !result.is_empty() {
            detail.insert("execution-result".into(), Value::Object(result));
        }
    }
    Some(())
}

/// An artifact, with its content's hash where CodePipeline has a bucket's key.
fn artifact(artifact: &ArtifactRef) -> Value {
    json!({ "name": artifact.name, "s3location": { "bucket": "artifacts", "key": artifact.id } })
}

/// A time as text, always to the millisecond: such texts are in the order of their times.
pub(crate) fn rfc3339(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |t| format!("{t:.3}"))
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn times_as_text_are_in_the_order_of_their_times() {
        let times = [999, 1_000, 1_099, 1_100, 1_120, 1_125, 1_130, 2_000];
        let texts = times.map(rfc3339);
        assert!(texts.is_sorted(), "{texts:?}");
        assert_eq!(texts[1], "1970-01-01T00:00:01.000Z");
    }
}
