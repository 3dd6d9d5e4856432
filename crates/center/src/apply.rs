//! Apply: carries out a plan. The machine decides, the driver calls, the journal remembers.
//!
//! Every write is journalled before and after its call. What a crash leaves behind is replayed through
//! the same machine: a step that was begun and not finished is in doubt, and is done again in a way
//! that does nothing twice.

mod driver;
mod event;
mod machine;
mod ready;
mod recognise;
mod verify;

pub use driver::{Outcome, Progress, run};
pub use event::{Event, Journal, JournalError, MemoryJournal, StepResult};
pub use machine::{Effect, Machine, Purpose};
pub use verify::verify;
