//! Calls against a server that misbehaves as told, with a clock that jumps instead of waiting.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod credentials;
mod downloads;
mod retries;
mod server;
mod signatures;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use futures_util::future::BoxFuture;
use server::Server;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use trunkline_aws::{Aws, Buckets, Client, Options, Role, Settings, Timing};
use trunkline_center::{Answer, Call, CallError, Cloud};
use trunkline_model::Region;

/// 2026-11-21T08:00:00Z.
pub(crate) const START: u64 = 1_795_248_000;

/// A clock that sleeping moves.
#[derive(Default)]
pub(crate) struct FakeTiming {
    slept: Mutex<Vec<Duration>>,
    skipped: Mutex<Duration>,
}

impl FakeTiming {
    pub(crate) fn slept(&self) -> Vec<Duration> {
        self.slept.lock().unwrap().clone()
    }

    pub(crate) fn skip(&self, seconds: u64) {
        *self.skipped.lock().unwrap() += Duration::from_secs(seconds);
    }
}

impl Timing for FakeTiming {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(START) + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.slept().iter().sum::<Duration>() + *self.skipped.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.slept.lock().unwrap().push(duration);
        Box::pin(std::future::ready(()))
    }

    fn random(&self) -> f64 {
        1.0
    }
}

/// A process on its own: connections to `url`, a key of account 111122223333, a fake clock.
pub(crate) struct World {
    pub(crate) aws: Aws,
    pub(crate) timing: Arc<FakeTiming>,
}

impl World {
    pub(crate) fn new(url: &str) -> Self {
        Self::with(Settings {
            endpoints: [(String::new(), url.to_owned())].into(),
            ..Settings::default()
        })
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let timing = Arc::new(FakeTiming::default());
        let key = Credentials::new("111122223333", "x", None, None, "test");
        let provider = SharedCredentialsProvider::new(key);
        let buckets = Arc::new(Buckets::default());
        let aws = Aws::with(settings, buckets, timing.clone(), Some(provider)).unwrap();
        Self { aws, timing }
    }

    /// A client whose making the server answers as `identity` does.
    pub(crate) async fn client(&self, roles: Vec<Role>) -> Result<Client, CallError> {
        let region = Region::parse("us-west-2").unwrap();
        self.aws.client(Options { roles, ..Options::new(region) }).await
    }
}

pub(crate) fn role(arn: &str, external_id: Option<&str>) -> Role {
    let external_id = external_id.map(str::to_owned);
    Role { external_id, ..Role::new(arn, "trunkline-r1") }
}

/// The answer to GetCallerIdentity.
pub(crate) fn identity() -> server::Reply {
    server::ok(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:root</Arn>\
        <Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
    )
}

/// A server that answers who one is and otherwise, from 0, what `answer` says.
pub(crate) async fn server(
    answer: impl Fn(usize) -> server::Reply + Send + Sync + 'static,
) -> Server {
    Server::start(move |n, _| if n == 0 { identity() } else { answer(n - 1) }).await
}

pub(crate) async fn call(client: &Client, operation: &str) -> Result<Answer, CallError> {
    let input = match operation {
        "DescribeQueue" => r#"{"InstanceId":"i","QueueId":"q"}"#,
        _ => r#"{"InstanceId":"i","Name":"Sales"}"#,
    };
    client.call(Call::new("connect", operation, serde_json::from_str(input).unwrap())).await
}
