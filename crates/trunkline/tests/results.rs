//! What the commands give: results in every form, exit codes, saved plans, bindings, what is in scope, and
//! instances that are made.

#[path = "results/exports.rs"]
mod exports;
#[path = "results/instances.rs"]
mod instances;
#[path = "results/plans.rs"]
mod plans;
#[path = "results/quotas.rs"]
mod quotas;
#[path = "results/replicas.rs"]
mod replicas;
#[path = "results/selections.rs"]
mod selections;
#[path = "support/stage.rs"]
mod stage;
