//! Pipelines: a pure state machine of CodePipeline's semantics, and the executor that carries its effects out.
//!
//! `machine` decides: a command, an outcome or the passing of time give events, and events are the only
//! thing that changes its state. `executor` commits events before it acts on them. `ports` names what it
//! needs from outside: a log of events, a clock, and what carries out actions. Nothing here opens a file,
//! reads the clock, starts a process or knows SQL.

pub mod action;
pub mod command;
pub mod event;
pub mod executor;
pub mod filters;
pub mod glob;
pub mod machine;
pub mod notify;
pub mod ports;
pub mod settings;
pub mod timeouts;
pub mod view;
pub mod window;

pub use action::{
    ActionOutcome, ActionRun, ArtifactRef, Failure, FailureKind, ReportSummary, Revision,
};
pub use command::{Answer, Command, Refusal, RefusalKind};
pub use event::{Event, Millis, Recorded};
pub use executor::{Executor, ExecutorError, Ports};
pub use machine::Machine;
pub use ports::{Actions, Clock, ExecutionRow, Ids, Log, LogError, Notify};
pub use settings::Settings;
