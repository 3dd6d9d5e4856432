//! Invoke CodePipeline: starts another pipeline of this server, and does not wait for it.

use super::{Ended, Job, Shared};
use crate::pipelines::hub::Hub;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use trunkline_engine::event::{RevisionOverride, TriggerKind, TriggerRef};
use trunkline_engine::ports::Later;
use trunkline_engine::{ActionOutcome, Answer, Command};
use trunkline_model::{Diagnostic, Report};

/// A start of a pipeline that an action asks for.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) pipeline: String,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) revisions: Vec<RevisionOverride>,
    /// Makes a second start of the same action start nothing.
    pub(crate) token: String,
    /// Who asks: pipeline and execution.
    pub(crate) by: String,
}

/// Starts pipelines.
pub(crate) trait Starter: Send + Sync {
    /// Starts one; gives the execution's id.
    fn start(&self, start: Start) -> Later<Result<String, Report>>;
}

impl Starter for Weak<Hub> {
    fn start(&self, start: Start) -> Later<Result<String, Report>> {
        let hub = self.clone();
        Box::pin(async move {
            let gone = || Diagnostic::error("TL0902", "the server is ending").report();
            let hub = hub.upgrade().ok_or_else(gone)?;
            let command = Command::Start {
                trigger: TriggerRef { kind: TriggerKind::StartPipelineExecution, detail: start.by },
                variables: start.variables,
                source_revisions: start.revisions,
                client_request_token: Some(start.token),
            };
            match hub.command(&start.pipeline, command).await? {
                Answer::Started { execution, .. } => Ok(execution),
                other => {
                    Err(Diagnostic::error("TL0902", format!("a start became {other:?}")).report())
                }
            }
        })
    }
}

/// `{Invoke, AWS, CodePipeline}`.
pub(super) async fn start(shared: Arc<Shared>, job: Job) -> Ended {
    let pipeline = job.required("PipelineName")?.to_owned();
    let variables: Vec<Variable> = listed(&job, "Variables")?;
    let start = Start {
        pipeline: pipeline.clone(),
        variables: variables.into_iter().map(|v| (v.name, v.value)).collect(),
        revisions: listed(&job, "SourceRevisions")?,
        token: job.run.action_execution.clone(),
        by: format!("{} {}", job.run.pipeline, job.run.execution),
    };
    let execution = shared.setting.starter.start(start).await?;
    let summary = format!("started {pipeline} {execution}");
    shared.say(&job.run.action_execution, [summary.clone()]);
    let variables = BTreeMap::from([("PipelineExecutionId".to_owned(), execution.clone())]);
    let (external_id, summary) = (Some(execution), Some(summary));
    Ok(ActionOutcome { external_id, summary, variables, ..ActionOutcome::default() })
}

#[derive(serde::Deserialize)]
struct Variable {
    name: String,
    value: String,
}

/// A setting that is a JSON array; empty where it is absent.
fn listed<T: DeserializeOwned>(job: &Job, name: &str) -> Result<Vec<T>, Report> {
    let Some(text) = job.setting(name) else { return Ok(Vec::new()) };
    serde_json::from_str(text).map_err(|error| {
        Diagnostic::error("TL0114", format!("`{name}` of `{}` cannot be read", job.run.action))
            .because(error.to_string())
            .help("write a JSON array, as CodePipeline takes it")
            .report()
    })
}
