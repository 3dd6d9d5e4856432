//! A process that dies: from some write on, no call returns any more, and nothing is journalled.

use futures_util::future::{BoxFuture, pending};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use trunkline_center::{Answer, Call, CallError, Cloud};
use trunkline_testkit::MemoryCloud;

/// When the process dies.
#[derive(Clone, Copy, Debug)]
pub enum Crash {
    /// Before the write of this number, counted from 1, reaches the service.
    Before(usize),
    /// After it took effect.
    After(usize),
}

/// A cloud whose caller may die.
pub struct Fragile<'a> {
    cloud: &'a MemoryCloud,
    crash: Option<Crash>,
    writes: AtomicUsize,
    dead: AtomicBool,
}

impl<'a> Fragile<'a> {
    pub fn new(cloud: &'a MemoryCloud, crash: Option<Crash>) -> Self {
        Self { cloud, crash, writes: AtomicUsize::new(0), dead: AtomicBool::new(false) }
    }

    fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    pub fn die(&self) {
        self.dead.store(true, Ordering::Relaxed);
    }
}

impl Cloud for Fragile<'_> {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, CallError>> {
        Box::pin(async move {
            let write = !["Describe", "List", "Search", "Get", "Head"]
                .iter()
                .any(|verb| call.operation.starts_with(verb));
            if self.is_dead() {
                return pending().await;
            }
            let number = match write {
                true => self.writes.fetch_add(1, Ordering::Relaxed) + 1,
                false => 0,
            };
            match self.crash {
                Some(Crash::Before(at)) if at == number => {
                    self.die();
                    pending().await
                }
                Some(Crash::After(at)) if at == number => {
                    let _effect = self.cloud.call(call).await;
                    self.die();
                    pending().await
                }
                _ => self.cloud.call(call).await,
            }
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

/// Runs until the end, or until the process is dead: then None.
pub fn until_crash<T>(fragile: &Fragile<'_>, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    crate::stage::wait(poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending if fragile.is_dead() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    }))
}
