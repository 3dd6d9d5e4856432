//! Waiting for what happens elsewhere, with a limit, instead of sleeping for as long as it may take.

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
