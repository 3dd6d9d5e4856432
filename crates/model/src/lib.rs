//! The words that every other crate shares: accounts, regions, ARNs, environments, targets, diagnostics,
//! and what pipelines and builds are.
//!
//! No input or output, no clock, no environment. If a type needs one of those, it belongs elsewhere.

mod account;
mod arn;
pub mod buildspec;
pub mod cron;
mod diagnostic;
mod environment;
pub mod pipeline;
mod region;

pub use account::{AccountId, AccountIdError};
pub use arn::{Arn, ArnError};
pub use diagnostic::{CODES, CodeInfo, Diagnostic, ExitKind, Place, Report, Severity, code_info};
pub use environment::{Approval, Environment, EnvironmentUse, Target};
pub use region::{Partition, Region, RegionError};
