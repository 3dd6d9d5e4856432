//! One call to its end: wait for the bucket, sign, send, judge, and again where that is safe.
//!
//! Credentials are given; what to do when they have expired is the client's matter.

use crate::answer::{self, Received};
use crate::bucket::{Buckets, Key};
use crate::endpoint::{self, Endpoint};
use crate::failure;
use crate::operations::{Effect, Operation, operation};
use crate::request::{self, Unsigned};
use crate::retry::{Verdict, back_off, verdict};
use crate::settings::Settings;
use crate::sign::{self, Scope};
use crate::timing::Timing;
use crate::transport::{Lost, Transport};
use aws_credential_types::Credentials;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use trunkline_center::{Answer, Call, CallError, CallErrorKind};
use trunkline_model::Region;

/// What every client of the process shares.
pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) transport: Transport,
    pub(crate) buckets: Arc<Buckets>,
    pub(crate) timing: Arc<dyn Timing>,
    /// By how much this machine's clock is ahead of the service that answered last.
    pub(crate) skew: Mutex<Option<SignedDuration>>,
}

/// On whose behalf calls are made.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) region: Region,
    /// The account that the buckets count for; empty while it is not known.
    pub(crate) account: String,
    /// The part of each rate that may be used.
    pub(crate) share: f64,
    /// Requests sent, by operation.
    pub(crate) counts: Arc<Mutex<BTreeMap<String, u64>>>,
}

/// A call that is ready to be signed and sent as often as needed.
pub(crate) struct Prepared {
    pub(crate) operation: &'static Operation,
    pub(crate) endpoint: Endpoint,
    pub(crate) request: Unsigned,
    /// Whether a lost answer may be asked for again.
    resend: bool,
}

/// How often a call failed, by what is to be done about it.
#[derive(Default)]
struct Failed {
    throttled: u32,
    lost: u32,
    /// An attempt at a write may have taken effect, whatever became of the later ones.
    uncertain: bool,
}

impl Core {
    /// Finds the operation and builds the request.
    pub(crate) fn prepare(&self, call: &Call, region: &Region) -> Result<Prepared, CallError> {
        let full_name = format!("{}.{}", call.service, call.operation);
        let refuse =
            |code: &str, message| failure::own(CallErrorKind::Refused, &full_name, code, message);
        let operation = operation(&call.service, &call.operation).ok_or_else(|| {
            refuse("UnknownOperation", "this operation is not in the table".into())
        })?;
        let endpoint = endpoint::endpoint(&operation.service, region, &self.settings)
            .map_err(|message| refuse("InvalidEndpoint", message))?;
        let request = request::build(operation, call, &endpoint)
            .map_err(|message| refuse("InvalidInput", message))?;
        // A conditional write that took effect fails when it is repeated.
        let given = |name| call.input.get(name).is_some_and(|value| !value.is_null());
        let conditional = given("IfMatch") || given("IfNoneMatch");
        let resend = match operation.effect {
            Effect::Read => true,
            Effect::Put => !conditional,
            Effect::Write => false,
        };
        Ok(Prepared { operation, endpoint, request, resend })
    }

    /// Sends a call until there is an answer or no hope of one.
    pub(crate) async fn exchange(
        &self,
        line: &Line,
        prepared: &Prepared,
        credentials: &Credentials,
    ) -> Result<Answer, CallError> {
        let key = bucket_key(line, prepared.operation);
        let mut failed = Failed::default();
        let result = self.attempts(line, &key, prepared, credentials, &mut failed).await;
        result.map_err(|mut error| {
            if failed.uncertain {
                error.kind = CallErrorKind::Uncertain;
            }
            error
        })
    }

    async fn attempts(
        &self,
        line: &Line,
        key: &Key,
        prepared: &Prepared,
        credentials: &Credentials,
        failed: &mut Failed,
    ) -> Result<Answer, CallError> {
        loop {
            self.wait_for_bucket(line, key).await;
            count(line, prepared.operation);
            let request = self.sign(prepared, credentials)?;
            let sent = self.transport.send(request).await;
            if let Ok(received) = &sent {
                self.note_date(received);
            }
            match sent {
                Ok(received) if (200..300).contains(&received.status) => {
                    self.buckets.succeeded(key, self.settings.rate_scale, self.timing.elapsed());
                    return answer::read(prepared.operation, &received)
                        .map_err(|message| malformed(prepared, &received, message));
                }
                Ok(received) => self.refused(prepared, key, &received, failed).await?,
                Err(lost) => self.lost(prepared, lost, failed).await?,
            }
        }
    }

    /// Compares the time of an answer, in whole seconds, with this machine's.
    fn note_date(&self, received: &Received) {
        let theirs = DateTimeParser::new().parse_timestamp(received.header("date"));
        let ours = Timestamp::try_from(self.timing.now());
        if let (Ok(theirs), Ok(ours)) = (theirs, ours) {
            let skew = ours.duration_since(theirs);
            *self.skew.lock().unwrap_or_else(PoisonError::into_inner) = Some(skew);
        }
    }

    /// Downloads a URL without credentials, as a read.
    pub(crate) async fn download(&self, url: &str) -> Result<Vec<u8>, CallError> {
        let name = "fetch";
        let refuse = |code: &str, m| failure::own(CallErrorKind::Refused, name, code, m);
        endpoint::check_url(url).map_err(|message| refuse("InvalidUrl", message))?;
        let mut failed = 0;
        loop {
            let request = http::Request::get(url).header("user-agent", sign::USER_AGENT);
            let request =
                request.body(Vec::new()).map_err(|e| refuse("InvalidUrl", e.to_string()))?;
            let limit = self.settings.fetch_limit;
            let message = match self.transport.send_limited(request, limit).await {
                Ok(received) if received.status == 200 => return Ok(received.body.to_vec()),
                Ok(received) if received.status < 500 => {
                    return Err(failure::read(name, &received));
                }
                Ok(received) => failure::read(name, &received).code,
                Err(Lost::TooLong(message)) => return Err(refuse("TooLarge", message)),
                Err(Lost::NotSent(message) | Lost::NoAnswer(message)) => message,
            };
            failed += 1;
            if failed >= self.settings.lost_attempts {
                return Err(failure::own(CallErrorKind::Unreachable, name, "NoAnswer", message));
            }
            self.timing.sleep(back_off(failed, self.timing.random())).await;
        }
    }

    /// Signs a prepared request for now.
    fn sign(
        &self,
        prepared: &Prepared,
        credentials: &Credentials,
    ) -> Result<http::Request<Vec<u8>>, CallError> {
        let scope = self.scope(prepared);
        sign::sign(&prepared.request, &scope, credentials).map_err(|message| {
            let name = prepared.operation.full_name();
            failure::own(CallErrorKind::Refused, &name, "InvalidInput", message)
        })
    }

    /// The scope that a prepared request is signed for.
    pub(crate) fn scope<'a>(&self, prepared: &'a Prepared) -> Scope<'a> {
        Scope {
            service: &prepared.operation.service.signing,
            region: &prepared.endpoint.signing_region,
            time: self.timing.now(),
        }
    }

    async fn wait_for_bucket(&self, line: &Line, key: &Key) {
        if self.settings.buckets {
            let (scale, now) = (self.settings.rate_scale, self.timing.elapsed());
            let wait = self.buckets.reserve(key, line.share, scale, now);
            if !wait.is_zero() {
                self.timing.sleep(wait).await;
            }
        }
    }

    /// Returns after a pause if another attempt is right.
    async fn refused(
        &self,
        prepared: &Prepared,
        key: &Key,
        received: &Received,
        failed: &mut Failed,
    ) -> Result<(), CallError> {
        let mut error = failure::read(&prepared.operation.full_name(), received);
        match verdict(&error.code, received.status) {
            Verdict::Throttled => {
                let (scale, now) = (self.settings.rate_scale, self.timing.elapsed());
                self.buckets.throttled(key, scale, now);
                failed.throttled += 1;
                error.kind = CallErrorKind::Throttled;
                if failed.throttled >= self.settings.throttle_attempts {
                    return Err(error);
                }
                let pause = back_off(failed.throttled, self.timing.random());
                self.timing.sleep(pause.div_f64(scale.max(1.0))).await;
                Ok(())
            }
            Verdict::Fault => {
                error.kind = CallErrorKind::Unreachable;
                self.again_or(prepared, error, failed).await
            }
            Verdict::Expired | Verdict::Credentials => {
                error.kind = CallErrorKind::Credentials;
                Err(error)
            }
            Verdict::Final => Err(error),
        }
    }

    async fn lost(
        &self,
        prepared: &Prepared,
        lost: Lost,
        failed: &mut Failed,
    ) -> Result<(), CallError> {
        let name = prepared.operation.full_name();
        let own = |code, message| failure::own(CallErrorKind::Unreachable, &name, code, message);
        match lost {
            Lost::NoAnswer(message) | Lost::TooLong(message) => {
                self.again_or(prepared, own("NoAnswer", message), failed).await
            }
            Lost::NotSent(message) => {
                let message = format!("{}: {message}", prepared.endpoint.url);
                self.pause_or(own("NoConnection", message), failed).await
            }
        }
    }

    /// After a request that may have been seen: only what is safe to repeat is repeated.
    async fn again_or(
        &self,
        prepared: &Prepared,
        mut error: CallError,
        failed: &mut Failed,
    ) -> Result<(), CallError> {
        if prepared.operation.effect != Effect::Read {
            error.kind = CallErrorKind::Uncertain;
            failed.uncertain = true;
        }
        if !prepared.resend {
            return Err(error);
        }
        self.pause_or(error, failed).await
    }

    async fn pause_or(&self, error: CallError, failed: &mut Failed) -> Result<(), CallError> {
        failed.lost += 1;
        if failed.lost >= self.settings.lost_attempts {
            return Err(error);
        }
        self.timing.sleep(back_off(failed.lost, self.timing.random())).await;
        Ok(())
    }
}

fn bucket_key(line: &Line, operation: &Operation) -> Key {
    Key {
        account: line.account.clone(),
        region: line.region.to_string(),
        service: operation.service.name.clone(),
        operation: operation.name.clone(),
    }
}

fn count(line: &Line, operation: &Operation) {
    let mut counts = line.counts.lock().unwrap_or_else(PoisonError::into_inner);
    *counts.entry(operation.full_name()).or_default() += 1;
}

fn malformed(prepared: &Prepared, received: &Received, message: String) -> CallError {
    let name = prepared.operation.full_name();
    let error = failure::own(CallErrorKind::Malformed, &name, "MalformedAnswer", message);
    let id = received.header("x-amzn-requestid");
    let request_id = Some(id.to_owned()).filter(|id| !id.is_empty());
    CallError { status: Some(received.status), request_id, ..error }
}
