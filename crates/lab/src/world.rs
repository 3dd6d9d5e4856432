//! Everything that the lab holds, and the one function that changes it: [`World::apply`]. It is called for
//! requests and, with the same time and seed, for those that the log replays.

use crate::ids::Seeded;
use crate::operations::Protocol;
use crate::request::{Output, Request};
use crate::service::{Context, Failure, Neighbours, Outcome, Settings};
use crate::{
    cloudformation, connect, iam, lambda, lex, operations, policy, quotas, s3, secrets, signature,
    sqs, ssm, sts, trail,
};
use jiff::Timestamp;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use trunkline_model::{AccountId, Arn, Region};

type Place = (AccountId, Region);

/// The state of every service. Each is borrowed on its own, because a service asks its neighbours while it
/// changes itself.
#[derive(Default)]
pub(crate) struct World {
    connect: RefCell<BTreeMap<Place, connect::State>>,
    lambda: RefCell<BTreeMap<Place, lambda::State>>,
    lex: RefCell<BTreeMap<Place, lex::State>>,
    iam: RefCell<BTreeMap<AccountId, iam::State>>,
    sts: RefCell<sts::State>,
    s3: RefCell<s3::State>,
    trail: RefCell<trail::State>,
    cloudformation: RefCell<BTreeMap<Place, cloudformation::State>>,
    parameters: RefCell<BTreeMap<Place, ssm::State>>,
    secrets: RefCell<BTreeMap<Place, secrets::State>>,
    queues: RefCell<BTreeMap<Place, sqs::State>>,
}

/// What a request is carried out with.
pub(crate) struct Terms<'a> {
    pub(crate) now: Timestamp,
    pub(crate) seed: u64,
    pub(crate) settings: &'a Settings,
    pub(crate) strict: bool,
    /// Host and port of the lab's own URLs.
    pub(crate) host: &'a str,
    /// The secret with which the lab signs its own URLs.
    pub(crate) secret: &'a str,
    pub(crate) warnings: &'a mut Vec<String>,
}

impl World {
    /// The session of an access key id.
    pub(crate) fn session(&self, access_key: &str) -> Option<sts::Session> {
        self.sts.borrow().session(access_key).cloned()
    }

    /// Ends every session of a role.
    pub(crate) fn expire_sessions(&mut self, now: Timestamp) {
        self.sts.get_mut().expire(now);
    }

    /// Whether the caller's role allows the request; the account itself may do everything.
    pub(crate) fn authorize(&self, request: &Request) -> Result<(), Failure> {
        let Some(role) = &request.principal.role else { return Ok(()) };
        if request.service == "sts" && request.operation == "GetCallerIdentity" {
            return Ok(());
        }
        let name = role.rsplit('/').next().unwrap_or(role);
        let policies =
            self.iam.borrow().get(&request.account).map(|s| s.policies(name)).unwrap_or_default();
        let facts = policy::Facts::default()
            .with("aws:RequestedRegion", Some(request.region.as_str()))
            .with("aws:PrincipalArn", Some(role))
            .with("aws:PrincipalAccount", Some(request.account.as_str()))
            .with("aws:SourceIdentity", request.principal.source_identity.as_deref())
            .with("sts:ExternalId", request.input.get("ExternalId").and_then(Value::as_str))
            .with(
                "sts:SourceIdentity",
                request.input.get("SourceIdentity").and_then(Value::as_str),
            );
        for mut need in policy::needs(request) {
            if let Some(arn) = self.secret(request) {
                need.resource = arn;
            }
            let why = match policy::decide(&policies, &need, &facts) {
                policy::Decision::Allowed => continue,
                policy::Decision::Denied => {
                    "with an explicit deny in an identity-based policy".to_owned()
                }
                policy::Decision::Silent => {
                    format!("because no identity-based policy allows the {} action", need.action)
                }
            };
            return Err(denied(request, &need, &why));
        }
        Ok(())
    }

    /// The whole ARN of the secret that a request names, as policies name it: its end is known here alone.
    fn secret(&self, request: &Request) -> Option<String> {
        let id = request.input.get("SecretId").filter(|_| request.service == "secretsmanager")?;
        let place = (request.account.clone(), request.region.clone());
        let secrets = self.secrets.borrow();
        secrets.get(&place)?.arn_of(id.as_str()?).map(str::to_owned)
    }

    /// Whether an answer is held back: a receipt from an empty queue that may wait.
    pub(crate) fn waits(&self, request: &Request, since: Timestamp, now: Timestamp) -> bool {
        let place = (request.account.clone(), request.region.clone());
        let queues = self.queues.borrow();
        queues.get(&place).is_some_and(|state| state.waits(&request.input, since, now))
    }

    /// Carries out one request.
    pub(crate) fn apply(
        &mut self,
        request: &Request,
        terms: &mut Terms<'_>,
    ) -> Result<Output, Failure> {
        let unknown = || Failure::unknown(&request.service, &request.operation);
        let known = operations::operation(&request.service, &request.operation);
        let write = known.ok_or_else(unknown)?.write;
        if terms.strict {
            self.authorize(request)?;
        }
        let place = (request.account.clone(), request.region.clone());
        let (operation, input) = (request.operation.as_str(), &request.input);
        let warnings = std::mem::take(terms.warnings);
        let warnings = RefCell::new(warnings);
        let answer = self.with_context(request, terms, |context| match request.service.as_str() {
            "connect" => {
                let mut states = self.connect.borrow_mut();
                connect::synchronise(&mut states, context);
                if operation == "ReplicateInstance" {
                    return connect::replicate(input, &mut states, context).map(Output::from);
                }
                if operation == "CreateInstance" {
                    connect::alias_is_free_elsewhere(input, &place, &states)?;
                }
                connect::call(operation, input, states.entry(place).or_default(), context)
                    .map(Output::from)
            }
            "lambda" => {
                let mut states = self.lambda.borrow_mut();
                lambda::call(operation, input, states.entry(place).or_default(), context)
                    .map(Output::from)
            }
            "lexv2-models" => {
                let mut states = self.lex.borrow_mut();
                lex::call(operation, input, states.entry(place).or_default(), context)
                    .map(Output::from)
            }
            "iam" => {
                let mut states = self.iam.borrow_mut();
                iam::call(operation, input, states.entry(place.0).or_default(), context)
                    .map(Output::from)
            }
            "sts" => {
                let roles = self.iam.borrow();
                let mut around = sts::Around {
                    roles: &roles,
                    strict: terms.strict,
                    warnings: &mut warnings.borrow_mut(),
                };
                sts::call(request, &mut self.sts.borrow_mut(), &mut around, context)
                    .map(Output::from)
            }
            "s3" => s3::call(request, &mut self.s3.borrow_mut(), context),
            "cloudformation" => {
                let mut states = self.cloudformation.borrow_mut();
                let hands = Deployer { world: self, request, strict: terms.strict };
                let state = states.entry(place).or_default();
                cloudformation::call(operation, input, state, &hands, context).map(Output::from)
            }
            "service-quotas" => quotas::call(operation, input, context).map(Output::from),
            "ssm" => {
                let mut states = self.parameters.borrow_mut();
                ssm::call(operation, input, states.entry(place).or_default(), context)
                    .map(Output::from)
            }
            "secretsmanager" => {
                let mut states = self.secrets.borrow_mut();
                secrets::call(operation, input, states.entry(place).or_default(), context)
                    .map(Output::from)
            }
            "sqs" => {
                let mut states = self.queues.borrow_mut();
                sqs::call(operation, input, states.entry(place).or_default(), context)
                    .map(Output::from)
            }
            "cloudtrail" => {
                trail::call(operation, input, &self.trail.borrow(), context).map(Output::from)
            }
            _ => Err(unknown()),
        });
        *terms.warnings = warnings.into_inner();
        if let (true, Ok(output)) = (write, &answer) {
            self.trail.get_mut().note(request, &output.members, terms);
        }
        answer
    }

    fn with_context<T>(
        &self,
        request: &Request,
        terms: &Terms<'_>,
        call: impl FnOnce(&mut Context<'_>) -> T,
    ) -> T {
        let mut ids = Seeded::new(terms.seed);
        let street = Street {
            world: self,
            account: &request.account,
            region: &request.region,
            now: terms.now,
            host: terms.host,
            secret: terms.secret,
        };
        call(&mut Context {
            account: &request.account,
            region: &request.region,
            now: terms.now,
            ids: &mut ids,
            settings: terms.settings,
            neighbours: &street,
        })
    }
}

/// AWS's refusal of what a role's policies do not allow.
fn denied(request: &Request, need: &policy::Need, why: &str) -> Failure {
    let (arn, policy::Need { action, resource }) = (&request.principal.arn, need);
    let message =
        format!("User: {arn} is not authorized to perform: {action} on resource: {resource} {why}");
    let protocol = operations::service(&request.service).map(|service| service.protocol);
    let (name, status) = protocol.unwrap_or(Protocol::RestJson).denied();
    Failure::new(name, status, message)
}

/// What CloudFormation does in IAM, with the permissions of its caller.
struct Deployer<'a> {
    world: &'a World,
    request: &'a Request,
    strict: bool,
}

impl cloudformation::Hands for Deployer<'_> {
    fn iam(&self, operation: &str, input: Value, context: &mut Context<'_>) -> Outcome {
        let request = Request {
            service: "iam".to_owned(),
            operation: operation.to_owned(),
            input,
            body: Vec::new(),
            ..self.request.clone()
        };
        if self.strict {
            self.world.authorize(&request)?;
        }
        let mut states = self.world.iam.borrow_mut();
        let state = states.entry(request.account.clone()).or_default();
        iam::call(operation, &request.input, state, context)
    }

    fn snapshot(&self) -> iam::State {
        self.world.iam.borrow().get(&self.request.account).cloned().unwrap_or_default()
    }

    fn restore(&self, roles: iam::State) {
        self.world.iam.borrow_mut().insert(self.request.account.clone(), roles);
    }
}

/// What one service sees of the others.
struct Street<'a> {
    world: &'a World,
    account: &'a AccountId,
    region: &'a Region,
    now: Timestamp,
    host: &'a str,
    secret: &'a str,
}

/// For how long the lab's own URLs are good.
const URL_SECONDS: u32 = 900;

/// Account and region of an ARN of this service, and its resource.
fn place_of(arn: &str, service: &str) -> Option<(Place, String)> {
    let arn = Arn::parse(arn).ok().filter(|a| a.service == service)?;
    let place = (AccountId::parse(&arn.account).ok()?, Region::parse(&arn.region).ok()?);
    Some((place, arn.resource))
}

impl Neighbours for Street<'_> {
    fn function_exists(&self, arn: &str) -> bool {
        let Some((place, resource)) = place_of(arn, "lambda") else { return false };
        let Some(name) = resource.strip_prefix("function:") else { return false };
        let (name, qualifier) = match name.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (name, None),
        };
        self.world.lambda.borrow().get(&place).is_some_and(|s| s.has(name, qualifier))
    }

    fn bot_alias_exists(&self, arn: &str) -> bool {
        let Some((place, resource)) = place_of(arn, "lex") else { return false };
        let ids = resource.strip_prefix("bot-alias/").and_then(|r| r.split_once('/'));
        ids.is_some_and(|(bot, alias)| {
            self.world.lex.borrow().get(&place).is_some_and(|s| s.has_alias(bot, alias))
        })
    }

    fn object(&self, uri: &str) -> Option<Vec<u8>> {
        let path = match uri.strip_prefix("s3://") {
            Some(path) => path.to_owned(),
            None => own_path(uri, self.host)?,
        };
        let (bucket, key) = path.split_once('/')?;
        self.world.s3.borrow().object(self.account, bucket, key).map(<[u8]>::to_vec)
    }

    fn bucket_exists(&self, name: &str) -> bool {
        self.world.s3.borrow().has_bucket(name)
    }

    fn presigned(&self, bucket: &str, key: &str) -> String {
        let path = format!("/{bucket}/{}", crate::text::encode(key.as_bytes(), b"/"));
        let signer = signature::Signer {
            access_key: self.account.as_str(),
            secret: self.secret,
            region: self.region.as_str(),
        };
        let query = signature::presign(&signer, self.host, &path, self.now, URL_SECONDS);
        format!("http://{}{path}?{query}", self.host)
    }

    fn origin(&self) -> String {
        format!("http://{}", self.host)
    }

    fn keep(&self, bucket: &str, key: &str, bytes: &[u8]) {
        self.world.s3.borrow_mut().keep(bucket, key, bytes, (self.region, self.now));
    }
}

/// `bucket/key` of a URL of this lab, in either style. Any loopback port will do: a stored request may name
/// the port of an earlier run.
fn own_path(url: &str, host: &str) -> Option<String> {
    let rest = url.strip_prefix("http://")?;
    let (authority, path) = rest.split_once('/')?;
    let path = crate::text::decode(path.split('?').next().unwrap_or(path), false);
    let name = authority.rsplit_once(':').map_or(authority, |(name, _)| name);
    if let Some(bucket) = name.strip_suffix(".localhost") {
        return Some(format!("{bucket}/{path}"));
    }
    (authority == host || ["127.0.0.1", "localhost", "[::1]"].contains(&name)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_this_lab_only() {
        let path = |url: &str| own_path(url, "lab.invalid");
        assert_eq!(path("http://127.0.0.1:4566/b/k%20x.wav?X=1").as_deref(), Some("b/k x.wav"));
        assert_eq!(path("http://b.localhost:4566/k").as_deref(), Some("b/k"));
        assert_eq!(path("http://lab.invalid/b/k").as_deref(), Some("b/k"));
        assert_eq!(path("http://example.com/b/k"), None);
    }
}
