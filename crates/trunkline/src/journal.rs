//! The ids of runs.

use crate::clock;

/// Makes a run's id: readable as a time, different for two runs of one second. The order of runs is
/// that of the tokens of their locks, so a clock that jumps does no harm.
pub(crate) fn run_id() -> String {
    let now = clock::now();
    let (second, nanosecond) = (now.strftime("%Y%m%d-%H%M%S"), now.subsec_nanosecond());
    format!("{second}-{:04x}", (nanosecond as u32 ^ std::process::id().rotate_left(8)) & 0xffff)
}

/// Judges whether a time, as text, is within so many seconds of now; what cannot be read is.
pub(crate) fn is_within(seconds: f64) -> impl Fn(&str) -> bool + Sync {
    let horizon = clock::now().as_second() as f64 - seconds;
    move |at| at.parse::<jiff::Timestamp>().map_or(true, |t| t.as_second() as f64 >= horizon)
}
