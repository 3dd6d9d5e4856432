//! Actions of pipelines, through the real program: builds, secrets, sources, exports and deployments, on a lab.

#[path = "actions/artifacts.rs"]
mod artifacts;
#[path = "actions/builds.rs"]
mod builds;
#[path = "actions/deployments.rs"]
mod deployments;
#[path = "actions/exports.rs"]
mod exports;
#[path = "actions/plans.rs"]
mod plans;
#[path = "actions/project.rs"]
mod project;
#[path = "actions/releases.rs"]
mod releases;
#[path = "actions/sandboxes.rs"]
mod sandboxes;
#[path = "actions/secrets.rs"]
mod secrets;
#[path = "actions/sources.rs"]
mod sources;
#[path = "support/stage.rs"]
mod stage;
#[path = "actions/templates.rs"]
mod templates;
