//! What starts pipelines by itself: pushes, pull requests, schedules. `serve` is the only caller.
//!
//! Whoever hears of something (a push to a hosted repository, a webhook, a poll) only says which repository to look
//! at. `look` compares the heads that are there with those that were seen last, so that a push counts once however
//! often it is told, and one that nobody told is found by the next poll. `decide` says, without IO, which pipelines
//! follow. Absent on purpose: what a payload says about files or commits.

mod decide;
mod look;
mod pulls;
pub(crate) mod queue;
mod schedules;
mod settings;

pub(crate) use decide::{is_deployment, repository as repository_of};
pub(crate) use look::{Cause, Found, Triggers};
pub(crate) use pulls::pending as pending_pull;
pub(crate) use settings::{BuildSettings, Receiver, Sandboxing, Secret, ServerSettings};

use crate::pipelines::definitions::Definitions;
use std::sync::Arc;
use trunkline_engine::Command;
use trunkline_model::Report;
use trunkline_web::Boxed;

/// The pipelines that can be started.
pub(crate) trait Starter: Send + Sync {
    /// The definitions as they are now.
    fn definitions(&self) -> Arc<Definitions>;

    /// Starts an execution; returns its id when its start is durable.
    fn start<'a>(
        &'a self,
        pipeline: &'a str,
        command: Command,
    ) -> Boxed<'a, Result<String, Report>>;

    /// The environments of `trunkline.yaml` that are switched off, by name and alias.
    fn switched_off(&self) -> Vec<String>;
}
