//! Bad input, held against the real program: each ends with a coded error that says where and what to do,
//! with the documented exit code, and nothing changed.

#[path = "bad_input/access.rs"]
mod access;
#[path = "bad_input/configuration.rs"]
mod configuration;
#[path = "bad_input/documents.rs"]
mod documents;
#[path = "bad_input/references.rs"]
mod references;
#[path = "bad_input/saved_plans.rs"]
mod saved_plans;
#[path = "support/stage.rs"]
mod stage;
#[path = "bad_input/targets.rs"]
mod targets;
