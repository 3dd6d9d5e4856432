//! The clock. Everything else is told the time as a value.

use jiff::Timestamp;
use std::time::{Duration, Instant};

/// Returns the time now.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// The time now as text, always to the millisecond: such texts are in the order of their times.
pub(crate) fn stamp() -> String {
    format!("{:.3}", now())
}

/// Measures how long something takes, unmoved by changes of the clock.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
