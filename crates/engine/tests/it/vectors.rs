//! The behaviours of CodePipeline that people rely on, one file for each group.

mod approvals;
pub mod conditions;
mod modes;
mod retry;
mod rollback;
mod stop;
mod variables;
