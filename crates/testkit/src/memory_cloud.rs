//! AWS for `center`'s tests: the lab in memory behind the port [`Cloud`], for one account and region,
//! without HTTP. Writes can be made to fail by their number, before or after they took effect.

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use trunkline_center::{Answer, Call, CallError, CallErrorKind, Cloud};
use trunkline_lab::service::Failure;
use trunkline_lab::{Lab, Output, Principal, Request};
use trunkline_model::{AccountId, Region};

/// What happens to one write.
#[derive(Clone, Debug, PartialEq)]
pub enum Blow {
    /// Refused with this exception; it has no effect.
    Refused(&'static str),
    /// Refused for its rate until the port gave up; it has no effect.
    Throttled,
    /// The request was lost: nobody knows, and it had no effect.
    LostBefore,
    /// The answer was lost: nobody knows, and it took effect.
    LostAfter,
    /// The credentials expired; it has no effect.
    Expired,
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// `connect`.
    pub service: String,
    /// `CreateQueue`.
    pub operation: String,
    /// The input's members.
    pub input: Value,
    /// Whether it changes something.
    pub write: bool,
}

/// The lab in memory, as one account and region see it.
pub struct MemoryCloud {
    lab: Lab,
    account: AccountId,
    region: Region,
    state: Mutex<State>,
}

struct State {
    now: Timestamp,
    seen: Vec<Seen>,
    writes: usize,
    blows: BTreeMap<usize, Blow>,
}

impl MemoryCloud {
    /// The lab as the account sees it in the region. Clones of one lab make several targets.
    ///
    /// # Panics
    /// When the account or region is none.
    pub fn new(lab: &Lab, account: &str, region: &str) -> Self {
        let start = "2027-01-04T12:00:00Z".parse().expect("a time");
        let state = State { now: start, seen: Vec::new(), writes: 0, blows: BTreeMap::new() };
        Self {
            lab: lab.clone(),
            account: AccountId::parse(account).expect("twelve digits"),
            region: Region::parse(region).expect("a region"),
            state: Mutex::new(state),
        }
    }

    /// The account that makes the calls.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Lets the `number`th write from now (counted from 1) fail.
    pub fn fail(&self, number: usize, blow: Blow) {
        let mut state = self.state();
        let at = state.writes + number;
        state.blows.insert(at, blow);
    }

    /// Every call so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// How many calls were made, by operation.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for seen in &self.state().seen {
            *counts.entry(seen.operation.clone()).or_default() += 1;
        }
        counts
    }

    /// How many writes were made.
    pub fn writes(&self) -> usize {
        self.state().writes
    }

    /// Forgets the calls so far, not the faults that are still to come.
    pub fn forget(&self) {
        self.state().seen.clear();
    }

    /// Lets time pass, for what lags.
    pub fn pass(&self, seconds: i64) {
        let mut state = self.state();
        state.now += SignedDuration::from_secs(seconds);
    }

    /// Calls an operation that must succeed, past the faults and the counting: to seed and to look.
    ///
    /// # Panics
    /// When the lab refuses it.
    #[track_caller]
    pub fn must(&self, service: &str, operation: &str, input: Value) -> Value {
        let call = Call::new(service, operation, input);
        let now = self.tick();
        let outcome = self.lab.handle(&self.request(&call), now);
        outcome
            .unwrap_or_else(|f| panic!("{operation}: {}: {} {}", f.name, f.message, f.body()))
            .members
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time of the next call: each takes a tenth of a second.
    fn tick(&self) -> Timestamp {
        let mut state = self.state();
        state.now += SignedDuration::from_millis(100);
        state.now
    }

    fn request(&self, call: &Call) -> Request {
        Request {
            account: self.account.clone(),
            region: self.region.clone(),
            principal: Principal::root(&self.account),
            service: call.service.clone(),
            operation: call.operation.clone(),
            input: call.input.clone(),
            body: call.body.clone().unwrap_or_default(),
        }
    }

    fn answer(&self, call: &Call) -> Result<Answer, CallError> {
        let blow = self.count(call);
        let name = format!("{}.{}", call.service, call.operation);
        let fail = |kind, code: &str| Err(error(kind, &name, code));
        match blow {
            Some(Blow::Refused(code)) => return fail(CallErrorKind::Refused, code),
            Some(Blow::Throttled) => return fail(CallErrorKind::Throttled, "ThrottlingException"),
            Some(Blow::LostBefore) => return fail(CallErrorKind::Uncertain, "Lost"),
            Some(Blow::Expired) => {
                return fail(CallErrorKind::Credentials, "ExpiredTokenException");
            }
            Some(Blow::LostAfter) | None => {}
        }
        let now = self.tick();
        let outcome = self.lab.handle(&self.request(call), now);
        match (outcome, blow) {
            (Ok(_), Some(_)) => fail(CallErrorKind::Uncertain, "Lost"),
            (Ok(output), None) => Ok(answer(output)),
            (Err(failure), _) => Err(refused(&name, &failure)),
        }
    }

    /// Counts the call, and returns what is to happen to it.
    fn count(&self, call: &Call) -> Option<Blow> {
        let write = is_write(&call.operation);
        let mut state = self.state();
        let (service, operation) = (call.service.clone(), call.operation.clone());
        state.seen.push(Seen { service, operation, input: call.input.clone(), write });
        if !write {
            return None;
        }
        state.writes += 1;
        let number = state.writes;
        state.blows.remove(&number)
    }

    fn object(&self, bucket: &str, key: &str) -> Result<Vec<u8>, CallError> {
        let input = serde_json::json!({"Bucket": bucket, "Key": key});
        Ok(self.answer(&Call::new("s3", "GetObject", input))?.body)
    }
}

impl Cloud for MemoryCloud {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, CallError>> {
        Box::pin(async move { self.answer(&call) })
    }

    fn fetch<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<u8>, CallError>> {
        Box::pin(async move {
            let path =
                url.split("://").nth(1).and_then(|rest| rest.split_once('/')).map(|(_, path)| path);
            let object = path.and_then(|path| path.split('?').next()?.split_once('/'));
            let Some((bucket, key)) = object else {
                return Err(error(CallErrorKind::Unreachable, "GET", "NotAnObject"));
            };
            self.object(bucket, key)
        })
    }

    fn presign<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<String, CallError>> {
        let url = format!("http://lab.localhost/{bucket}/{key}?X-Amz-Signature=memory");
        Box::pin(async move { Ok(url) })
    }
}

/// AWS's names of operations that only read start with one of these.
fn is_write(operation: &str) -> bool {
    !["Describe", "List", "Search", "Get", "Head"].iter().any(|verb| operation.starts_with(verb))
}

fn answer(output: Output) -> Answer {
    Answer { output: output.members, body: output.body.unwrap_or_default() }
}

fn refused(name: &str, failure: &Failure) -> CallError {
    CallError {
        message: failure.message.clone(),
        status: Some(failure.status),
        document: failure.body(),
        ..error(CallErrorKind::Refused, name, &failure.name)
    }
}

fn error(kind: CallErrorKind, operation: &str, code: &str) -> CallError {
    CallError {
        kind,
        operation: operation.to_owned(),
        code: code.to_owned(),
        message: "a fault of the test".to_owned(),
        status: None,
        request_id: None,
        document: Value::Null,
    }
}
