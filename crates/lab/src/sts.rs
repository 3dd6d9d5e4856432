//! STS: sessions of roles. Their keys and secrets are part of the state, so they outlive a restart.

use crate::iam;
use crate::policy::{self, Caller, Facts};
use crate::request::{Principal, Request, text};
use crate::service::{Context, Failure, Outcome};
use crate::text::iso_time;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use trunkline_model::{AccountId, Arn};

/// Sessions by access key id; one state for all accounts.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    sessions: BTreeMap<String, Session>,
}

/// Credentials that AssumeRole gave.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) account: AccountId,
    pub(crate) principal: Principal,
    pub(crate) secret: String,
    pub(crate) token: String,
    pub(crate) expires: Timestamp,
}

/// What STS needs beside its own state.
pub(crate) struct Around<'a> {
    pub(crate) roles: &'a BTreeMap<AccountId, iam::State>,
    pub(crate) strict: bool,
    pub(crate) warnings: &'a mut Vec<String>,
}

impl State {
    pub(crate) fn session(&self, access_key: &str) -> Option<&Session> {
        self.sessions.get(access_key)
    }

    /// Ends every session now.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        for session in self.sessions.values_mut() {
            session.expires = session.expires.min(now);
        }
    }
}

/// Answers one operation.
pub(crate) fn call(
    request: &Request,
    state: &mut State,
    around: &mut Around<'_>,
    context: &mut Context<'_>,
) -> Outcome {
    match request.operation.as_str() {
        "GetCallerIdentity" => Ok(json!({
            "UserId": request.principal.user_id,
            "Account": request.account.as_str(),
            "Arn": request.principal.arn,
        })),
        "AssumeRole" | "AssumeRoleWithWebIdentity" => assume(request, state, around, context),
        other => Err(Failure::unknown("sts", other)),
    }
}

fn assume(
    request: &Request,
    state: &mut State,
    around: &mut Around<'_>,
    context: &mut Context<'_>,
) -> Outcome {
    let input = &request.input;
    let arn = text(input, "RoleArn");
    let (account, name, partition) = role_of(arn)?;
    let web = request.operation == "AssumeRoleWithWebIdentity";
    let seconds = duration(input, request.principal.role.is_some() && !web)?;
    let session_name = text(input, "RoleSessionName");
    check_session_name(session_name)?;
    check_documents(input)?;
    let source_identity = source_identity(request)?;
    may_assume(request, around, (&account, &name), source_identity.as_deref())?;
    let known = around.roles.get(&account).and_then(|s| s.role_id(&name)).map(str::to_owned);
    let role_id = known.unwrap_or_else(|| format!("AROA{}", context.ids.letters(17)));
    let expires =
        context.now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(context.now);
    let principal = Principal {
        arn: format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session_name}"),
        user_id: format!("{role_id}:{session_name}"),
        role: Some(arn.to_owned()),
        source_identity: source_identity.clone(),
    };
    let access_key = format!("ASIA{}", context.ids.letters(16));
    let secret = context.ids.letters(40);
    let token = format!("lab-{}", context.ids.letters(120));
    let mut answer = json!({
        "Credentials": {
            "AccessKeyId": access_key,
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": iso_time(expires),
        },
        "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.arn},
    });
    if let Some(name) = source_identity {
        answer["SourceIdentity"] = json!(name);
    }
    if web {
        answer["SubjectFromWebIdentityToken"] = json!("lab-subject");
    }
    state.sessions.insert(access_key, Session { account, principal, secret, token, expires });
    Ok(answer)
}

fn role_of(arn: &str) -> Result<(AccountId, String, String), Failure> {
    let wrong = || validation(format!("{arn} is invalid"));
    let parsed = Arn::parse(arn).map_err(|_| wrong())?;
    let name = parsed.resource.strip_prefix("role/").ok_or_else(wrong)?;
    let name = name.rsplit('/').next().unwrap_or(name).to_owned();
    let account = AccountId::parse(&parsed.account).map_err(|_| wrong())?;
    if parsed.service != "iam" || name.is_empty() {
        return Err(wrong());
    }
    Ok((account, name, parsed.partition))
}

fn duration(input: &Value, chained: bool) -> Result<i64, Failure> {
    let Some(seconds) = input.get("DurationSeconds").and_then(Value::as_i64) else {
        return Ok(3600);
    };
    if !(900..=43_200).contains(&seconds) {
        let message = format!(
            "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: \
             Member must have value between 900 and 43200"
        );
        return Err(validation(message));
    }
    if chained && seconds > 3600 {
        let message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return Err(validation(message));
    }
    Ok(seconds)
}

fn check_session_name(name: &str) -> Result<(), Failure> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if (2..=64).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    Err(validation(format!(
        "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\w+=,.@-]*"
    )))
}

/// A session's policy must be JSON, and a web identity's token three parts; neither is enforced further.
fn check_documents(input: &Value) -> Result<(), Failure> {
    let policy = input.get("Policy").and_then(Value::as_str);
    if policy.is_some_and(|p| serde_json::from_str::<Map<String, Value>>(p).is_err()) {
        return Err(Failure::new("MalformedPolicyDocument", 400, "Syntax errors in policy."));
    }
    let token = input.get("WebIdentityToken").and_then(Value::as_str);
    if token.is_some_and(|t| t.split('.').count() != 3 || t.split('.').any(str::is_empty)) {
        let message = "The ID Token provided is not a valid JWT.";
        return Err(Failure::new("InvalidIdentityToken", 400, message));
    }
    Ok(())
}

/// Who the caller says to be. Once said, it stays: a role assumed further keeps it, and another is refused.
fn source_identity(request: &Request) -> Result<Option<String>, Failure> {
    let said = request.input.get("SourceIdentity").and_then(Value::as_str);
    let kept = request.principal.source_identity.as_deref();
    if let Some(said) = said {
        let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if !(2..=64).contains(&said.len()) || !said.chars().all(fits) || said.starts_with("aws:") {
            return Err(validation(format!(
                "1 validation error detected: Value '{said}' at 'sourceIdentity' failed to satisfy constraint: \
                 Member must satisfy regular expression pattern: [\\w+=,.@-]*"
            )));
        }
    }
    match (said, kept) {
        (Some(said), Some(kept)) if said != kept => {
            Err(denied(request, "sts:SetSourceIdentity", text(&request.input, "RoleArn")))
        }
        (said, kept) => Ok(said.or(kept).map(str::to_owned)),
    }
}

/// Existence and trust, under strict roles; a warning for a role that was never created otherwise.
///
/// A session with a source identity, or with tags, needs the trust policy to allow these as well.
fn may_assume(
    request: &Request,
    around: &mut Around<'_>,
    (account, name): (&AccountId, &str),
    source_identity: Option<&str>,
) -> Result<(), Failure> {
    let input = &request.input;
    let role = text(input, "RoleArn");
    let trust = around.roles.get(account).and_then(|s| s.trust(name));
    if !around.strict {
        if trust.is_none() {
            around
                .warnings
                .push(format!("role {role} was never created; the lab lets it be assumed"));
        }
        return Ok(());
    }
    let caller = Caller {
        account: request.account.as_str(),
        arn: &request.principal.arn,
        role: request.principal.role.as_deref(),
    };
    let given = |member: &str| input.get(member).and_then(Value::as_str);
    let facts = Facts::default()
        .with("sts:ExternalId", given("ExternalId"))
        .with("sts:RoleSessionName", given("RoleSessionName"))
        .with("sts:SourceIdentity", source_identity)
        .with("aws:SourceIdentity", request.principal.source_identity.as_deref())
        .with("aws:PrincipalArn", caller.role.or(Some(caller.arn)))
        .with("aws:PrincipalAccount", Some(caller.account));
    let mut actions = vec![format!("sts:{}", request.operation)];
    if source_identity.is_some() {
        actions.push("sts:SetSourceIdentity".to_owned());
    }
    if input.get("Tags").and_then(Value::as_array).is_some_and(|tags| !tags.is_empty()) {
        actions.push("sts:TagSession".to_owned());
    }
    let refused = actions
        .into_iter()
        .find(|action| !trust.is_some_and(|t| policy::trusts(t, action, &caller, &facts)));
    refused.map_or(Ok(()), |action| Err(denied(request, &action, role)))
}

fn denied(request: &Request, action: &str, role: &str) -> Failure {
    let caller = &request.principal.arn;
    let message =
        format!("User: {caller} is not authorized to perform: {action} on resource: {role}");
    Failure::new("AccessDenied", 403, message)
}

fn validation(message: impl Into<String>) -> Failure {
    Failure::new("ValidationError", 400, message)
}
