//! Waiting for an answer that has something new, for the API and for commands that carry pipelines out themselves.

use crate::ports::{Answer, Pipelines, Query};
use std::time::Duration;
use tokio::time::Instant;
use trunkline_model::Report;

/// How often a log is looked at: it grows without an event.
const LOG_LOOK: Duration = Duration::from_millis(250);

/// Asks, and asks again when something changed while there is nothing new and time is left.
pub async fn awaited(
    port: &dyn Pipelines,
    query: &Query,
    wait: Duration,
) -> Result<Answer, Report> {
    let deadline = Instant::now() + wait;
    loop {
        // Taken before the question, so that a change between the two is not missed.
        let changed = port.changed(pipeline(query));
        let answer = port.answer(query.clone()).await?;
        if !answer.is_empty() || Instant::now() >= deadline {
            return Ok(answer);
        }
        let limit = match query {
            Query::Log { .. } => deadline.min(Instant::now() + LOG_LOOK),
            _ => deadline,
        };
        let _ = tokio::time::timeout_at(limit, changed).await;
    }
}

fn pipeline(query: &Query) -> Option<&str> {
    match query {
        Query::List | Query::Log { .. } => None,
        Query::Show { pipeline }
        | Query::Executions { pipeline, .. }
        | Query::Execution { pipeline, .. }
        | Query::Events { pipeline, .. }
        | Query::Command { pipeline, .. } => Some(pipeline),
    }
}
