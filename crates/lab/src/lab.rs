//! The lab itself, without HTTP: a handle that can be cloned, used by the server and by tests in memory.

use crate::buckets::Buckets;
use crate::faults::{self, Deed, Fault, Faults, When};
use crate::ids::Seeded;
use crate::journal::{Entry, Journal};
use crate::operations;
use crate::options::{Event, OpenError, Options};
use crate::record::Recorder;
use crate::request::{Output, Principal, Request};
use crate::service::{Failure, Settings};
use crate::sts::Session;
use crate::world::{Terms, World};
use jiff::Timestamp;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A lab. Clones share one state.
#[derive(Clone)]
pub struct Lab {
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    settings: Settings,
    report: Box<dyn Fn(&Event) + Send + Sync>,
    state: Mutex<State>,
    faults: Mutex<Faults>,
    buckets: Mutex<Buckets>,
    recorder: Option<Recorder>,
}

struct State {
    world: World,
    journal: Option<Journal>,
    /// How many requests were numbered.
    number: u64,
    /// Host and port of the lab's own URLs.
    host: String,
}

/// How one exchange ends.
#[derive(Debug)]
pub struct Reply {
    /// How long the answer is held back.
    pub delay: Duration,
    /// The answer; None where the connection closes without one.
    pub outcome: Option<Result<Output, Failure>>,
}

/// The operation under which the log keeps that all sessions ended.
const EXPIRE: &str = "ExpireSessions";

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A handler that panicked has left what it had written by then, which is as good as any other time.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lab {
    /// Opens a lab that reports to nobody.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        Self::open_reporting(options, |_| {})
    }

    /// Opens a lab: replays its log, where it has one.
    pub fn open_reporting(
        options: Options,
        report: impl Fn(&Event) + Send + Sync + 'static,
    ) -> Result<Self, OpenError> {
        let settings = options.settings();
        let mut state = State {
            world: World::default(),
            journal: None,
            number: 0,
            host: "lab.localhost".to_owned(),
        };
        if let Some(folder) = &options.data {
            let (journal, stored) = Journal::open(folder)?;
            if let Some(warning) = stored.warning {
                report(&Event::Warning(warning));
            }
            for entry in stored.entries {
                state.number = state.number.max(entry.number);
                replay(&mut state, entry, &options, &settings, &report);
            }
            state.journal = Some(journal);
        }
        let recorder = options.record.as_deref().map(Recorder::open).transpose()?;
        let shared = Shared {
            options,
            settings,
            report: Box::new(report),
            state: Mutex::new(state),
            faults: Mutex::default(),
            buckets: Mutex::default(),
            recorder,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Carries out one request: no faults, no rates. `now` is the time of the request.
    pub fn handle(&self, request: &Request, now: Timestamp) -> Result<Output, Failure> {
        let shared = &*self.shared;
        let mut warnings = Vec::new();
        let outcome = {
            let state = &mut *lock(&shared.state);
            state.number += 1;
            let seed = seed(shared.options.seed, state.number);
            let mut terms = Terms {
                now,
                seed,
                settings: &shared.settings,
                strict: shared.options.strict_roles,
                host: &state.host,
                secret: &shared.options.secret,
                warnings: &mut warnings,
            };
            let outcome = state.world.apply(request, &mut terms);
            let write = operations::operation(&request.service, &request.operation)
                .is_some_and(|o| o.write);
            if write && outcome.is_ok() {
                let entry = Entry::new(request, now, seed, state.number);
                warnings.extend(append(state, &entry));
            }
            outcome
        };
        for warning in warnings {
            self.report(&Event::Warning(warning));
        }
        outcome
    }

    /// Carries out one request as the server does: with the faults that were asked for and, where `rates`,
    /// with the service's rates.
    pub fn exchange(&self, request: &Request, now: Timestamp, rates: bool) -> Reply {
        let Some(fault) = lock(&self.shared.faults).meet(request) else {
            return Reply { delay: Duration::ZERO, outcome: Some(self.rated(request, now, rates)) };
        };
        if fault.deed == Deed::Delay {
            let outcome = Some(self.rated(request, now, rates));
            return Reply { delay: Duration::from_millis(fault.delay_ms), outcome };
        }
        let refused = match fault.when {
            When::Before => None,
            When::After => self.rated(request, now, rates).err(),
        };
        let outcome = match (fault.deed, refused) {
            (Deed::Drop, _) => None,
            // What the service refuses by itself has no effect after which it could fail.
            (_, Some(refused)) => Some(Err(refused)),
            (_, None) => Some(Err(fault.failure(request))),
        };
        Reply { delay: Duration::ZERO, outcome }
    }

    fn rated(&self, request: &Request, now: Timestamp, rates: bool) -> Result<Output, Failure> {
        let options = &self.shared.options;
        if rates
            && options.throttle
            && !lock(&self.shared.buckets).take(request, now, options.time_scale)
        {
            return Err(faults::throttled(&request.service, &request.operation));
        }
        self.handle(request, now)
    }

    /// Makes a later call fail.
    pub fn inject(&self, fault: Fault) {
        lock(&self.shared.faults).add(fault);
    }

    /// Forgets every fault; answers that are delayed are sent.
    pub fn clear_faults(&self) {
        lock(&self.shared.faults).clear();
    }

    /// How often faults were forgotten.
    pub(crate) fn faults_cleared(&self) -> u64 {
        lock(&self.shared.faults).cleared()
    }

    /// The faults that were asked for.
    pub fn faults(&self) -> Vec<Fault> {
        lock(&self.shared.faults).all()
    }

    /// Ends every session of an assumed role.
    pub fn expire_sessions(&self, now: Timestamp) {
        let state = &mut *lock(&self.shared.state);
        state.world.expire_sessions(now);
        state.number += 1;
        let entry = Entry::new(&expiry(), now, 0, state.number);
        if let Some(warning) = append(state, &entry) {
            self.report(&Event::Warning(warning));
        }
    }

    /// The options that the lab was opened with.
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    pub(crate) fn report(&self, event: &Event) {
        (self.shared.report)(event);
    }

    pub(crate) fn recorder(&self) -> Option<&Recorder> {
        self.shared.recorder.as_ref()
    }

    /// Whether the answer to a request that came at `since` is held back at `now`: SQS's long polling. A refusal
    /// for lack of permission never is.
    pub(crate) fn waits(&self, request: &Request, since: Timestamp, now: Timestamp) -> bool {
        let world = &lock(&self.shared.state).world;
        (request.service.as_str(), request.operation.as_str()) == ("sqs", "ReceiveMessage")
            && world.waits(request, since, now)
            && !(self.shared.options.strict_roles && world.authorize(request).is_err())
    }

    pub(crate) fn session(&self, access_key: &str) -> Option<Session> {
        lock(&self.shared.state).world.session(access_key)
    }

    pub(crate) fn set_host(&self, host: String) {
        lock(&self.shared.state).host = host;
    }

    /// An id for an answer; these are never part of the state.
    pub(crate) fn request_id() -> String {
        use crate::service::Ids as _;
        Seeded::new(RandomState::new().build_hasher().finish()).uuid()
    }
}

/// The request as which the log keeps that all sessions ended.
fn expiry() -> Request {
    let account = trunkline_model::AccountId::parse("000000000000").expect("twelve digits");
    Request {
        region: trunkline_model::Region::parse("us-east-1").expect("a region"),
        principal: Principal::root(&account),
        account,
        service: "_lab".to_owned(),
        operation: EXPIRE.to_owned(),
        input: serde_json::Value::Null,
        body: Vec::new(),
    }
}

fn seed(fixed: Option<u64>, number: u64) -> u64 {
    match fixed {
        // Numbers are spread, so that the generators of neighbouring requests share no values.
        Some(fixed) => Seeded::new(fixed.rotate_left(32) ^ number).next(),
        None => RandomState::new().build_hasher().finish(),
    }
}

fn append(state: &mut State, entry: &Entry) -> Option<String> {
    let error = state.journal.as_mut()?.append(entry).err()?;
    Some(format!("the request took effect, but could not be kept on disk: {error}"))
}

fn replay(
    state: &mut State,
    entry: Entry,
    options: &Options,
    settings: &Settings,
    report: &impl Fn(&Event),
) {
    let (now, seed) = (entry.now, entry.seed);
    let outcome = entry.request().and_then(|request| {
        if request.operation == EXPIRE {
            state.world.expire_sessions(now);
            return Ok(());
        }
        let mut terms = Terms {
            now,
            seed,
            settings,
            // What was allowed when it happened stays done.
            strict: false,
            host: &state.host,
            secret: &options.secret,
            warnings: &mut Vec::new(),
        };
        let outcome = state.world.apply(&request, &mut terms);
        let what = format!("{}.{}", request.service, request.operation);
        outcome
            .map(drop)
            .map_err(|failure| format!("{what}: {}: {}", failure.name, failure.message))
    });
    if let Err(reason) = outcome {
        report(&Event::Warning(format!("a stored request no longer succeeds: {reason}")));
    }
}
