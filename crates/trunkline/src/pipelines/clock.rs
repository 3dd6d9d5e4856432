//! The engine's ports that only need the machine: time and ids.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use trunkline_engine::ports::Later;
use trunkline_engine::{Clock, Ids, Millis};

/// The longest sleep. A clock that was set, or a machine that slept, is noticed after that.
const LONGEST: Duration = Duration::from_secs(20);

/// The machine's clock, smoothed: it never goes back, and where it jumps because somebody has set it, the difference is
/// made up for little by little. A timer is then early or late by a tenth at most, whatever happens to the clock, and
/// what happened later never has an earlier time.
#[derive(Default)]
pub(crate) struct SystemClock(Mutex<Option<Smooth>>);

/// The last time that was given.
struct Smooth {
    /// By a count that nobody can set.
    steady: Duration,
    /// By the clock, in milliseconds; fractions add up.
    wall: f64,
}

impl Smooth {
    /// Of the time that passes, so much may be added or left out in order to come nearer to the clock.
    const SHARE: f64 = 0.1;

    fn next(&mut self, steady: Duration, wall: Millis) -> Millis {
        let passed = steady.saturating_sub(self.steady).as_secs_f64() * 1000.0;
        let off = wall as f64 - (self.wall + passed);
        let most = passed * Self::SHARE;
        self.wall += passed + off.clamp(-most, most);
        self.steady = steady;
        self.wall as Millis
    }
}

/// Counts on while the machine sleeps.
fn steady() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = Duration::from_secs(u64::try_from(now.tv_sec).unwrap_or_default());
    seconds + Duration::from_nanos(u64::try_from(now.tv_nsec).unwrap_or_default())
}

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        let (steady, wall) = (steady(), crate::clock::now().as_millisecond());
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_mut() {
            Some(smooth) => smooth.next(steady, wall),
            None => {
                *last = Some(Smooth { steady, wall: wall as f64 });
                wall
            }
        }
    }

    fn wall(&self) -> Millis {
        crate::clock::now().as_millisecond()
    }

    fn sleep_until(&self, at: Millis) -> Later<()> {
        let left = u64::try_from(at - self.now()).unwrap_or_default();
        Box::pin(tokio::time::sleep(Duration::from_millis(left).min(LONGEST)))
    }
}

/// Random UUIDs.
pub(crate) struct RandomIds;

impl Ids for RandomIds {
    fn next(&mut self) -> String {
        uuid::Uuid::new_v4().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = 3_600_000;

    /// Looks at the clock each second while it jumps; returns the times.
    fn check(jump: Millis, seconds: u64) -> Vec<Millis> {
        let mut smooth = Smooth { steady: Duration::ZERO, wall: 1_000_000.0 };
        let wall = |second: u64| 1_000_000 + second as Millis * 1000 + jump;
        let times = (1..=seconds).map(|s| smooth.next(Duration::from_secs(s), wall(s)));
        let times: Vec<Millis> = times.collect();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "time goes back or stands still");
        times
    }

    #[test]
    fn time_never_goes_back_and_timers_hold_whatever_happens_to_the_clock() {
        for jump in [-HOUR, HOUR, 365 * 24 * HOUR, -365 * 24 * HOUR] {
            let times = check(jump, 600);
            let passed = times[599] - 1_000_000;
            assert!((540_000..=660_000).contains(&passed), "{jump}: ten minutes took {passed} ms");
        }
    }

    #[test]
    fn what_the_clock_was_set_by_is_made_up_for() {
        for jump in [-60_000, 60_000, 5] {
            let times = check(jump, 700);
            assert_eq!(times[699], 1_000_000 + 700_000 + jump, "{jump}");
        }
        assert_eq!(check(0, 3), [1_001_000, 1_002_000, 1_003_000]);
    }

    #[test]
    fn a_machine_that_slept_has_the_right_time_at_once() {
        let mut smooth = Smooth { steady: Duration::from_secs(5), wall: 0.0 };
        assert_eq!(smooth.next(Duration::from_secs(5 + 3600), HOUR), HOUR);
    }
}
