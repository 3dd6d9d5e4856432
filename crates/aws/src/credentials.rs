//! Credentials: the machine's own through aws-config, then a chain of roles, each assumed by a call
//! of ours, so that the region, the session's name, the user agent and the errors are ours as well.
//!
//! One lock per client makes every refresh single-flight: who comes second waits and finds it done.

use crate::exchange::{Core, Line};
use crate::failure;
use crate::settings::Settings;
use crate::sign::USER_AGENT;
use crate::transport::chain;
use aws_config::{AppName, BehaviorVersion};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::tls;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;
use trunkline_center::{Call, CallError, CallErrorKind};
use trunkline_model::Region;

/// How long before its end a credential is renewed.
pub(crate) const MARGIN: Duration = Duration::from_secs(300);

/// A role to assume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// The role's ARN.
    pub arn: String,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<String>,
    /// Names the session in AWS's records: the caller's name. What AWS does not allow becomes `-`.
    pub session_name: String,
    /// The caller's name once more, which no later role of the chain can change; the role's trust policy must allow
    /// sts:SetSourceIdentity.
    pub source_identity: Option<String>,
    /// Tags of the session; the role's trust policy must allow sts:TagSession where there are any.
    pub tags: Vec<(String, String)>,
}

impl Role {
    /// A role that nothing but its name and the session's is needed for.
    pub fn new(arn: impl Into<String>, session_name: impl Into<String>) -> Self {
        let (arn, session_name) = (arn.into(), session_name.into());
        Self { arn, external_id: None, session_name, source_identity: None, tags: Vec::new() }
    }
}

/// Credentials and what is needed to judge their age.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) credentials: Credentials,
    obtained: SystemTime,
    /// The ARN of the assumed role's session; none for the machine's own.
    pub(crate) arn: Option<String>,
}

impl Held {
    fn new(credentials: Credentials, obtained: SystemTime, arn: Option<String>) -> Self {
        Self { credentials, obtained, arn }
    }

    /// Whether it lasts for `margin`, or for most of its life where that is short.
    fn is_fresh(&self, now: SystemTime, margin: Duration) -> bool {
        let Some(expiry) = self.credentials.expiry() else { return true };
        let lifetime = expiry.duration_since(self.obtained).unwrap_or_default();
        now + margin.min(lifetime / 4) < expiry
    }
}

/// The machine's own credentials, shared by every client of the process.
pub(crate) struct Base {
    given: Option<SharedCredentialsProvider>,
    state: Mutex<BaseState>,
}

#[derive(Default)]
struct BaseState {
    provider: Option<SharedCredentialsProvider>,
    held: Option<Held>,
}

impl Base {
    /// Takes a provider, or finds the default one when it is first needed.
    pub(crate) fn new(given: Option<SharedCredentialsProvider>) -> Self {
        Self { given, state: Mutex::default() }
    }

    /// Credentials that are fresh and not those of `stale`, an access key that was refused.
    async fn get(
        &self,
        core: &Core,
        region: &Region,
        margin: Duration,
        stale: Option<&str>,
    ) -> Result<Held, CallError> {
        let now = core.timing.now();
        let mut state = self.state.lock().await;
        let usable = |held: &&Held| held.is_fresh(now, margin) && !held_is(held, stale);
        if let Some(held) = state.held.as_ref().filter(usable) {
            return Ok(held.clone());
        }
        let provider = match (state.provider.take(), &self.given) {
            (Some(provider), _) => provider,
            (None, Some(given)) => given.clone(),
            (None, None) => default_provider(&core.settings, region).await?,
        };
        let provided = provider.provide_credentials().await;
        state.provider = Some(provider);
        let credentials = provided.map_err(|error| no_credentials(chain(&error)))?;
        let held = Held::new(credentials, now, None);
        state.held = Some(held.clone());
        Ok(held)
    }
}

impl Base {
    /// The access key that is held now.
    async fn key(&self) -> Option<String> {
        let state = self.state.lock().await;
        state.held.as_ref().map(|held| held.credentials.access_key_id().to_owned())
    }
}

/// The credentials of one client: the machine's, then one for each role of its chain.
pub(crate) struct Chain {
    roles: Vec<Role>,
    /// One for each role, in order.
    held: Mutex<Vec<Option<Held>>>,
}

impl Chain {
    pub(crate) fn new(roles: Vec<Role>) -> Self {
        let held = Mutex::new(vec![None; roles.len()]);
        Self { roles, held }
    }

    /// Credentials of the last role that last for `margin` and are not `stale`.
    pub(crate) async fn get(
        &self,
        core: &Core,
        base: &Base,
        line: &Line,
        margin: Duration,
        stale: Option<&Credentials>,
    ) -> Result<Held, CallError> {
        let mut held = self.held.lock().await;
        let stale = stale.map(|c| c.access_key_id().to_owned());
        // Whoever waited for the lock may find what it wanted renewed: only the very same is dropped.
        for slot in held.iter_mut() {
            slot.take_if(|h| held_is(h, stale.as_deref()));
        }
        let mut base_stale = stale.filter(|_| self.roles.is_empty());
        // Each link can turn out to have expired at the service, once.
        let mut expired = vec![false; self.roles.len()];
        loop {
            let now = core.timing.now();
            let fresh =
                |slot: &Option<Held>| slot.as_ref().is_some_and(|h| h.is_fresh(now, margin));
            let start = held.iter().rposition(fresh);
            let (current, first) = match start.and_then(|i| Some((held[i].clone()?, i + 1))) {
                Some(found) => found,
                None => (base.get(core, &line.region, margin, base_stale.as_deref()).await?, 0),
            };
            match self.assume_from(core, line, &mut held, current, first).await {
                Ok(last) => return Ok(last),
                Err((index, error)) if is_expired(&error) && !expired[index] => {
                    expired[index] = true;
                    match index.checked_sub(1) {
                        Some(before) => held[before] = None,
                        None => base_stale = base.key().await,
                    }
                }
                Err((_, error)) => return Err(error),
            }
        }
    }

    /// Assumes the roles from `first` on; an error says which of them failed.
    async fn assume_from(
        &self,
        core: &Core,
        line: &Line,
        held: &mut [Option<Held>],
        mut current: Held,
        first: usize,
    ) -> Result<Held, (usize, CallError)> {
        for (index, role) in self.roles.iter().enumerate().skip(first) {
            let next = assume(core, line, role, &current.credentials).await;
            current = next.map_err(|error| (index, error))?;
            held[index] = Some(current.clone());
        }
        Ok(current)
    }
}

/// Whether AWS said that credentials have expired.
pub(crate) fn is_expired(error: &CallError) -> bool {
    error.kind == CallErrorKind::Credentials
        && matches!(error.code.as_str(), "ExpiredToken" | "ExpiredTokenException")
}

fn held_is(held: &Held, stale: Option<&str>) -> bool {
    stale == Some(held.credentials.access_key_id())
}

async fn assume(
    core: &Core,
    line: &Line,
    role: &Role,
    credentials: &Credentials,
) -> Result<Held, CallError> {
    let mut input = json!({
        "RoleArn": role.arn,
        "RoleSessionName": session_name(&role.session_name),
        "DurationSeconds": core.settings.role_duration.as_secs(),
    });
    if let Some(external_id) = &role.external_id {
        input["ExternalId"] = json!(external_id);
    }
    if let Some(identity) = &role.source_identity {
        input["SourceIdentity"] = json!(session_name(identity));
    }
    if !role.tags.is_empty() {
        let tags = role.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
        input["Tags"] = tags.collect();
    }
    let now = core.timing.now();
    let prepared = core.prepare(&Call::new("sts", "AssumeRole", input), &line.region)?;
    let answer = core.exchange(line, &prepared, credentials).await.map_err(|mut error| {
        // Refused here means that the role may not be assumed, whatever the exception is called.
        if error.kind == CallErrorKind::Refused {
            error.kind = CallErrorKind::Credentials;
        }
        error
    })?;
    read_role(&answer.output, now).ok_or_else(|| {
        let message = format!("AssumeRole of {} answered no credentials", role.arn);
        failure::own(CallErrorKind::Malformed, "sts.AssumeRole", "MalformedAnswer", message)
    })
}

fn read_role(output: &Value, now: SystemTime) -> Option<Held> {
    let parts = output.get("Credentials")?;
    let text = |name: &str| parts.get(name).and_then(Value::as_str);
    let expiry: jiff::Timestamp = text("Expiration")?.parse().ok()?;
    let credentials = Credentials::new(
        text("AccessKeyId")?,
        text("SecretAccessKey")?,
        text("SessionToken").map(str::to_owned),
        Some(expiry.into()),
        "trunkline",
    );
    let arn = output.get("AssumedRoleUser")?.get("Arn")?.as_str()?.to_owned();
    Some(Held::new(credentials, now, Some(arn)))
}

/// AWS takes 2 to 64 characters of a small set.
fn session_name(wanted: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let name: String = wanted.chars().map(|c| if allowed(c) { c } else { '-' }).take(64).collect();
    if name.len() < 2 { "trunkline".to_owned() } else { name }
}

async fn default_provider(
    settings: &Settings,
    region: &Region,
) -> Result<SharedCredentialsProvider, CallError> {
    let app =
        AppName::new(USER_AGENT.replace('/', "-")).map_err(|e| no_credentials(e.to_string()))?;
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let http = aws_smithy_http_client::Builder::new().tls_provider(ring);
    let http = http.tls_context(tls_context(settings)?);
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .app_name(app)
        .region(aws_config::Region::new(region.to_string()))
        .http_client(crate::agent::Named(http.build_https()));
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    let config = loader.load().await;
    config.credentials_provider().ok_or_else(|| no_credentials("no provider was found".to_owned()))
}

/// The authorities that aws-config's own calls trust (SSO, web identity, containers, instances).
fn tls_context(settings: &Settings) -> Result<tls::TlsContext, CallError> {
    let mut context = tls::TlsContext::builder();
    if let Some(path) = &settings.ca_bundle {
        let pem = std::fs::read(path)
            .map_err(|error| no_credentials(format!("AWS_CA_BUNDLE: `{path}`: {error}")))?;
        context = context.with_trust_store(tls::TrustStore::empty().with_pem_certificate(pem));
    }
    context.build().map_err(|error| no_credentials(error.to_string()))
}

fn no_credentials(message: String) -> CallError {
    failure::own(CallErrorKind::Credentials, "credentials", "NoCredentials", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_names_that_aws_takes() {
        assert_eq!(session_name("trunkline-2026-11-21 08:30/x"), "trunkline-2026-11-21-08-30-x");
        assert_eq!(session_name(&"é".repeat(80)), "-".repeat(64));
        assert_eq!(session_name(""), "trunkline");
    }

    #[test]
    fn fresh_until_the_margin_or_most_of_a_short_life() {
        let start = SystemTime::UNIX_EPOCH;
        let held = |seconds| {
            let expiry = Some(start + Duration::from_secs(seconds));
            Held::new(Credentials::new("k", "s", None, expiry, "test"), start, None)
        };
        let fresh = |life, age| held(life).is_fresh(start + Duration::from_secs(age), MARGIN);
        assert!(fresh(3600, 3299) && !fresh(3600, 3300));
        assert!(fresh(60, 44) && !fresh(60, 45));
    }
}
