//! Time and chance, as a trait: tests pass their own, so that waiting costs nothing and is seen.

use futures_util::future::BoxFuture;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

/// The clock, sleep and randomness that calls use.
pub trait Timing: Send + Sync {
    /// The time of day, for signatures and the expiry of credentials.
    fn now(&self) -> SystemTime;
    /// Time since a moment that is the same for the whole process; never runs backwards.
    fn elapsed(&self) -> Duration;
    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
    /// A number in `0..1`.
    fn random(&self) -> f64;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemTiming;

impl Timing for SystemTiming {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn random(&self) -> f64 {
        fastrand::f64()
    }
}
