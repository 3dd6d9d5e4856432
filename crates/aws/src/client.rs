//! `Aws`, what a process shares, and `Client`, the port's implementation for one account, region and
//! role.

use crate::bucket::Buckets;
use crate::credentials::{Base, Chain, Held, MARGIN, Role, is_expired};
use crate::exchange::{Core, Line, Prepared};
use crate::failure;
use crate::settings::Settings;
use crate::sign;
use crate::timing::{SystemTiming, Timing};
use crate::transport::Transport;
use aws_credential_types::provider::SharedCredentialsProvider;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use trunkline_center::{Answer, Call, CallError, CallErrorKind, Cloud};
use trunkline_model::{AccountId, Arn, Region};

/// How long a presigned URL is valid.
const PRESIGNED: Duration = Duration::from_secs(15 * 60);

/// What all clients of a process share: connections, buckets, the machine's own credentials.
#[derive(Clone)]
pub struct Aws {
    core: Arc<Core>,
    base: Arc<Base>,
}

/// Which client to make.
#[derive(Clone, Debug)]
pub struct Options {
    /// The target's region; calls, role assumption included, go there.
    pub region: Region,
    /// The roles to assume, one with the credentials of the one before; none for the machine's own.
    pub roles: Vec<Role>,
    /// The account in which the client must end up.
    pub expected_account: Option<AccountId>,
    /// The part of each rate to use, `0 < share <= 1`.
    pub share: f64,
}

/// Who the credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account's id, as AWS says it.
    pub account: String,
    /// The user's or the role session's ARN.
    pub arn: String,
}

/// Calls for one account, region and role.
pub struct Client {
    aws: Aws,
    chain: Chain,
    line: Line,
    identity: Identity,
}

impl Options {
    /// The machine's own credentials in a region, at the full rate.
    pub fn new(region: Region) -> Self {
        Self { region, roles: Vec::new(), expected_account: None, share: 1.0 }
    }
}

impl Aws {
    /// Sets up connections; reads certificates, calls nothing.
    pub fn new(settings: Settings, buckets: Arc<Buckets>) -> Result<Self, CallError> {
        Self::with(settings, buckets, Arc::new(SystemTiming), None)
    }

    /// The same with a clock and credentials of the caller's choice.
    pub fn with(
        settings: Settings,
        buckets: Arc<Buckets>,
        timing: Arc<dyn Timing>,
        credentials: Option<SharedCredentialsProvider>,
    ) -> Result<Self, CallError> {
        let transport = Transport::new(&settings).map_err(|message| {
            failure::own(CallErrorKind::Unreachable, "connect", "InvalidCertificates", message)
        })?;
        let core = Arc::new(Core { settings, transport, buckets, timing, skew: Mutex::default() });
        Ok(Self { core, base: Arc::new(Base::new(credentials)) })
    }

    /// The settings that it was set up with.
    pub fn settings(&self) -> &Settings {
        &self.core.settings
    }

    /// By how much this machine's clock is ahead of the service that answered last, to a second.
    pub fn clock_skew(&self) -> Option<jiff::SignedDuration> {
        *self.core.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a client, and by one call makes sure that its credentials work and lead to the expected
    /// account: AssumeRole of its last role, or GetCallerIdentity where it has none.
    pub async fn client(&self, options: Options) -> Result<Client, CallError> {
        let Options { region, roles, expected_account, share } = options;
        let Settings { role, caller, .. } = self.settings();
        let session = caller.as_deref().unwrap_or("trunkline");
        let first = role.iter().map(|role| Role::new(role.as_str(), session));
        let roles = first.chain(roles).collect();
        let expected = expected_account.as_ref().map(AccountId::as_str).unwrap_or_default();
        let line = Line { region, account: expected.to_owned(), share, counts: Arc::default() };
        let identity = Identity { account: String::new(), arn: String::new() };
        let mut client = Client { aws: self.clone(), chain: Chain::new(roles), line, identity };
        client.identity = match client.credentials(MARGIN, None).await?.arn {
            Some(arn) => {
                let account = Arn::parse(&arn).map(|a| a.account).unwrap_or_default();
                Identity { account, arn }
            }
            None => client.caller_identity().await?,
        };
        if !expected.is_empty() && expected != client.identity.account {
            return Err(wrong_account(expected, &client.identity));
        }
        client.line.account.clone_from(&client.identity.account);
        Ok(client)
    }
}

impl Client {
    /// Whose credentials these are, as found when the client was made.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The region of every call.
    pub fn region(&self) -> &Region {
        &self.line.region
    }

    /// Asks AWS whose credentials these are.
    pub async fn caller_identity(&self) -> Result<Identity, CallError> {
        let output = self.call(Call::new("sts", "GetCallerIdentity", json!({}))).await?.output;
        let text = |name: &str| output.get(name).and_then(Value::as_str).map(str::to_owned);
        match (text("Account"), text("Arn")) {
            (Some(account), Some(arn)) => Ok(Identity { account, arn }),
            _ => Err(failure::own(
                CallErrorKind::Malformed,
                "sts.GetCallerIdentity",
                "MalformedAnswer",
                "the answer names no account".to_owned(),
            )),
        }
    }

    /// Requests sent so far by `service.Operation`, attempts that failed included.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.line.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn credentials(&self, margin: Duration, stale: Option<&Held>) -> Result<Held, CallError> {
        let stale = stale.map(|held| &held.credentials);
        self.chain.get(&self.aws.core, &self.aws.base, &self.line, margin, stale).await
    }

    async fn run(&self, call: &Call) -> Result<Answer, CallError> {
        let core = &self.aws.core;
        let prepared = core.prepare(call, &self.line.region)?;
        let held = self.credentials(MARGIN, None).await?;
        match core.exchange(&self.line, &prepared, &held.credentials).await {
            // Nothing took effect, so even a write may be sent again, once.
            Err(error) if is_expired(&error) => {
                let renewed = self.credentials(MARGIN, Some(&held)).await?;
                core.exchange(&self.line, &prepared, &renewed.credentials).await
            }
            Err(error) => Err(self.with_object(call, error)),
            result => result,
        }
    }

    /// S3 often does not say what it was that it refused; the call does.
    fn with_object(&self, call: &Call, mut error: CallError) -> CallError {
        let text = |member: &str| call.input.get(member).and_then(Value::as_str);
        if let (Some(403), "s3", Some(bucket)) =
            (error.status, call.service.as_str(), text("Bucket"))
        {
            let key = text("Key").map(|key| format!("/{key}")).unwrap_or_default();
            let arn = format!("arn:{}:s3:::{bucket}{key}", self.line.region.partition());
            if !error.document.is_object() {
                error.document = json!({});
            }
            error.document["Resource"] = json!(arn);
        }
        error
    }

    async fn presigned(&self, bucket: &str, key: &str) -> Result<String, CallError> {
        let call = Call::new("s3", "GetObject", json!({"Bucket": bucket, "Key": key}));
        let prepared: Prepared = self.aws.core.prepare(&call, &self.line.region)?;
        // The URL ends with the credentials that signed it, so they must outlive it.
        let held = self.credentials(PRESIGNED + Duration::from_secs(60), None).await?;
        let scope = self.aws.core.scope(&prepared);
        sign::presign(&prepared.request, &scope, &held.credentials, PRESIGNED).map_err(|message| {
            failure::own(CallErrorKind::Refused, "s3.GetObject", "InvalidInput", message)
        })
    }
}

impl Cloud for Client {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, CallError>> {
        Box::pin(async move { self.run(&call).await })
    }

    fn fetch<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<u8>, CallError>> {
        Box::pin(self.aws.core.download(url))
    }

    fn presign<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<String, CallError>> {
        Box::pin(self.presigned(bucket, key))
    }
}

fn wrong_account(expected: &str, found: &Identity) -> CallError {
    let message = format!(
        "the credentials lead to account {} ({}), not to {expected}",
        found.account, found.arn
    );
    failure::own(CallErrorKind::Credentials, "sts.GetCallerIdentity", "WrongAccount", message)
}
