//! The engine's ports that only need the machine: time and ids.

use std::time::Duration;
use trunkline_engine::ports::Later;
use trunkline_engine::{Clock, Ids, Millis};

/// The longest sleep. A clock that was set, or a machine that slept, is noticed after that.
const LONGEST: Duration = Duration::from_secs(20);

/// The machine's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Millis {
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
