//! The journal of an apply may lie where the calls go: both wait for the same credentials and connections.

use crate::harness::{Bench, Text, documents};
use futures_util::future::BoxFuture;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;
use trunkline_center::apply::{Event, Journal, JournalError, Machine, run};
use trunkline_center::{Answer, Call, CallError, Cloud};
use trunkline_testkit::MemoryCloud;

/// A cloud through which one call goes at a time, first come, first served.
struct Narrow<'a> {
    cloud: &'a MemoryCloud,
    line: &'a Mutex<()>,
}

impl Cloud for Narrow<'_> {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, CallError>> {
        Box::pin(async move {
            let _one = self.line.lock().await;
            tokio::task::yield_now().await;
            self.cloud.call(call).await
        })
    }

    fn fetch<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<u8>, CallError>> {
        self.cloud.fetch(url)
    }

    fn presign<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<String, CallError>> {
        self.cloud.presign(bucket, key)
    }
}

/// A journal that is written through the same line.
struct Behind<'a>(&'a Mutex<()>);

impl Journal for Behind<'_> {
    fn append_all<'a>(
        &'a mut self,
        _events: &'a [Event],
    ) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(async move {
            let _one = self.0.lock().await;
            Ok(())
        })
    }
}

#[test]
fn a_journal_that_waits_for_what_a_call_holds_keeps_no_apply_for_ever() {
    let hours = |name: &str| format!("Name: {name}\nTimeZone: America/Los_Angeles\n");
    let (day, night) = (hours("Day"), hours("Night"));
    let files: [Text<'_>; 2] =
        [("connect/hours/Day.yaml", &day), ("connect/hours/Night.yaml", &night)];
    let bench = Bench::new();
    let plan = bench.plan(&documents(&files)).expect("a plan");
    let line = Mutex::new(());
    let (cloud, mut journal) = (Narrow { cloud: &bench.cloud, line: &line }, Behind(&line));
    let mut machine = Machine::new(plan, bench.instance.clone());
    let mut silent = |_| {};
    let running = run(&cloud, &mut machine, &mut journal, &mut silent, &|| false);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let ended = runtime
        .expect("a runtime")
        .block_on(async { timeout(Duration::from_secs(20), running).await });
    let outcome = ended.expect("it ends").expect("a journal");
    assert_eq!((outcome.done, outcome.total, outcome.failures.len()), (2, 2, 0));
}
