//! Waiting for what happens elsewhere, with a limit, instead of sleeping for as long as it may take; and whether a
//! process, which tests often wait for, runs.

use std::time::{Duration, Instant};

/// Polls `probe` until it gives a value.
///
/// # Panics
/// With `what` when `limit` has passed.
#[track_caller]
pub fn wait_until<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(Instant::now() < end, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process runs, by its number. One that has ended does not, although nobody may have taken note of that.
pub fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    let state = |stat: String| stat.rsplit_once(") ").map(|(_, rest)| rest.starts_with(['Z', 'X']));
    stat.is_ok_and(|stat| state(stat) == Some(false))
}
