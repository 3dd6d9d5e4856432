//! Finds out what an instance does where AWS's documentation leaves it open: makes throwaway flows, looks, and
//! deletes them. `doctor --probe` calls it on an environment that nobody needs; what it finds becomes settings.
//!
//! Everything that it makes has a name that begins with `PREFIX`, so that a probe that was cut off is cleaned up by
//! the next one. Time is the caller's (`Wait`).

use crate::cloud::{Call, CallError, Cloud};
use crate::read::{ReadOptions, Reader, text};
use crate::resource::Instance;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::time::Duration;

/// What the names of probes begin with.
pub const PREFIX: &str = "trunkline-probe-";
/// How long the search index is waited for, and how often it is looked at.
const PATIENCE: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(500);

/// The caller's clock.
pub trait Wait: Send + Sync {
    /// Time since some moment.
    fn elapsed(&self) -> Duration;
    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

/// What was found out. None: it did not show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Probed {
    /// Whether a published flow may name one that is only saved.
    pub published_may_name_saved: Option<bool>,
    /// Whether SearchContactFlows returns the content.
    pub search_returns_content: Option<bool>,
    /// After how many seconds Search knew of a new flow.
    pub search_lag: Option<f64>,
}

/// Deletes what probes left behind; returns how much it was.
pub async fn clean(cloud: &dyn Cloud, instance: &Instance) -> Result<usize, CallError> {
    let options = ReadOptions::default();
    let reader = Reader { cloud, instance, options: &options };
    let flows = reader.pages("ListContactFlows", "ContactFlowSummaryList", json!({})).await?;
    let mut ours: Vec<(String, String)> = flows
        .iter()
        .map(|row| (text(row, "Name"), text(row, "Id")))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    // Who names another one goes first.
    ours.sort();
    for (_, id) in &ours {
        match reader.call("DeleteContactFlow", json!({ "ContactFlowId": id })).await {
            Err(error) if !error.is("ResourceNotFoundException") => return Err(error),
            _ => {}
        }
    }
    Ok(ours.len())
}

/// Makes flows, looks at what becomes of them, and deletes them, also where something fails in between. `run` makes
/// their names this run's.
pub async fn probe(
    cloud: &dyn Cloud,
    instance: &Instance,
    wait: &dyn Wait,
    run: &str,
) -> Result<Probed, CallError> {
    clean(cloud, instance).await?;
    let found = look(cloud, instance, wait, run).await;
    let cleaned = clean(cloud, instance).await;
    let found = found?;
    cleaned.map(|_| found)
}

async fn look(
    cloud: &dyn Cloud,
    instance: &Instance,
    wait: &dyn Wait,
    run: &str,
) -> Result<Probed, CallError> {
    let mut probed = Probed::default();
    let saved = make(cloud, instance, &format!("{PREFIX}{run}-b"), "SAVED", &ending()).await?;
    let naming = naming(&text(&saved, "ContactFlowArn"));
    match make(cloud, instance, &format!("{PREFIX}{run}-a"), "PUBLISHED", &naming).await {
        Ok(_) => probed.published_may_name_saved = Some(true),
        Err(error) if error.is("InvalidContactFlowException") => {
            probed.published_may_name_saved = Some(false);
        }
        Err(error) => return Err(error),
    }
    let name = format!("{PREFIX}{run}-c");
    make(cloud, instance, &name, "PUBLISHED", &ending()).await?;
    let started = wait.elapsed();
    while wait.elapsed().saturating_sub(started) < PATIENCE {
        if let Some(row) = searched(cloud, instance, &name).await? {
            let content = row.get("Content").and_then(Value::as_str);
            probed.search_returns_content = Some(content.is_some_and(|c| !c.is_empty()));
            probed.search_lag = Some(wait.elapsed().saturating_sub(started).as_secs_f64());
            break;
        }
        wait.sleep(PAUSE).await;
    }
    Ok(probed)
}

async fn make(
    cloud: &dyn Cloud,
    instance: &Instance,
    name: &str,
    status: &str,
    content: &Value,
) -> Result<Value, CallError> {
    let input = json!({
        "InstanceId": instance.id,
        "Name": name,
        "Type": "CONTACT_FLOW",
        "Status": status,
        "Content": content.to_string(),
    });
    Ok(cloud.call(Call::new("connect", "CreateContactFlow", input)).await?.output)
}

async fn searched(
    cloud: &dyn Cloud,
    instance: &Instance,
    name: &str,
) -> Result<Option<Value>, CallError> {
    let condition = json!({ "FieldName": "name", "Value": name, "ComparisonType": "EXACT" });
    let input = json!({
        "InstanceId": instance.id,
        "MaxResults": 1,
        "SearchCriteria": { "StringCondition": condition },
    });
    let output = cloud.call(Call::new("connect", "SearchContactFlows", input)).await?.output;
    let rows = output["ContactFlows"].as_array().cloned().unwrap_or_default();
    Ok(rows.into_iter().find(|row| text(row, "Name") == name))
}

/// The end of a call, and nothing else.
fn ending() -> Value {
    content(json!([end()]), "end")
}

/// A transfer to a flow.
fn naming(arn: &str) -> Value {
    let errors = json!([{ "NextAction": "end", "ErrorType": "NoMatchingError" }]);
    let transfer = json!({
        "Identifier": "go", "Type": "TransferToFlow", "Parameters": { "ContactFlowId": arn },
        "Transitions": { "NextAction": "end", "Errors": errors, "Conditions": [] },
    });
    content(json!([transfer, end()]), "go")
}

fn end() -> Value {
    json!({ "Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {} })
}

fn content(actions: Value, start: &str) -> Value {
    json!({ "Version": "2019-10-30", "StartAction": start, "Actions": actions })
}
