//! From a request on the wire to service, operation and input.

use super::identity::Caller;
use super::route::{self, Routed};
use crate::operations::{self, Member, Operation, Place, Protocol, Service};
use crate::request::Request;
use crate::service::Failure;
use crate::signature::{self, Claim, Wire};
use crate::text;
use serde_json::{Map, Value, json};

/// What a request asks for, as far as it can be told before its signature is verified.
pub(super) struct Found {
    pub(super) claim: Result<Option<Claim>, String>,
    pub(super) service: Option<&'static Service>,
    routed: Routed,
    /// The decoded form of a query request.
    form: Vec<(String, String)>,
}

impl Found {
    pub(super) fn protocol(&self) -> Protocol {
        self.service.map_or(Protocol::RestJson, |s| s.protocol)
    }

    /// The service's name; that of the signature's scope where the lab does not have the service.
    pub(super) fn service_name(&self) -> &str {
        match (self.service, &self.claim) {
            (Some(service), _) => service.name,
            (None, Ok(Some(claim))) => &claim.service,
            (None, _) => "",
        }
    }

    pub(super) fn region(&self) -> String {
        match &self.claim {
            Ok(Some(claim)) => claim.region.clone(),
            _ => String::new(),
        }
    }

    pub(super) fn operation(&self) -> Option<&'static Operation> {
        match &self.routed {
            Routed::Operation(operation, _) => Some(operation),
            _ => None,
        }
    }

    pub(super) fn is(&self, operation: &str) -> bool {
        self.operation().is_some_and(|o| o.name == operation)
    }

    /// The operation's name, or method and path where there is none.
    pub(super) fn operation_name(&self, wire: &Wire<'_>) -> String {
        match &self.routed {
            Routed::Operation(operation, _) => operation.name.to_owned(),
            Routed::Refused(name) => (*name).to_owned(),
            Routed::Nothing => match self.form.iter().find(|(k, _)| k == "Action") {
                Some((_, action)) => action.clone(),
                None => match target(wire) {
                    Some(target) => target.to_owned(),
                    None => format!("{} {}", wire.method, wire.path),
                },
            },
        }
    }
}

/// Finds service and operation.
pub(super) fn find(wire: &Wire<'_>) -> Found {
    let claim = signature::claim(wire);
    let form = form(wire);
    let action = form.iter().find(|(k, _)| k == "Action").map(|(_, v)| v.clone());
    let service = match &claim {
        Ok(Some(claim)) => operations::signed_as(&claim.service),
        // Unsigned forms are STS's: AssumeRoleWithWebIdentity carries its proof in the body.
        _ if action.is_some() => operations::service("sts"),
        _ => None,
    };
    let routed = match (service, action) {
        (Some(service), action) if service.protocol == Protocol::Query => action
            .and_then(|a| service.operations.iter().find(|o| o.name == a))
            .map_or(Routed::Nothing, |o| Routed::Operation(o, Vec::new())),
        (Some(service), _) if service.protocol == Protocol::Json => target(wire)
            .and_then(|t| service.operations.iter().find(|o| o.name == t))
            .map_or(Routed::Nothing, |o| Routed::Operation(o, Vec::new())),
        (Some(service), _) => route::find(service, wire),
        (None, _) => Routed::Nothing,
    };
    Found { claim, service, routed, form }
}

/// The operation that the header of a JSON service names.
fn target<'a>(wire: &Wire<'a>) -> Option<&'a str> {
    let target = wire.headers.get("x-amz-target")?.to_str().ok()?;
    target.rsplit('.').next()
}

fn form(wire: &Wire<'_>) -> Vec<(String, String)> {
    let kind = wire.headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        return text::pairs(&String::from_utf8_lossy(wire.body), true);
    }
    if wire.query.split('&').any(|p| p.starts_with("Action=")) {
        return text::pairs(wire.query, true);
    }
    Vec::new()
}

/// The request to carry out, or why there is none.
pub(super) fn request(wire: &Wire<'_>, found: &Found, caller: Caller) -> Result<Request, Failure> {
    let (Some(service), Routed::Operation(operation, labels)) = (found.service, &found.routed)
    else {
        return Err(unknown(wire, found));
    };
    let mut input = Map::new();
    let body = body_members(service, wire, found)?;
    for member in &operation.members {
        let value = match member.place {
            Place::Label => {
                labels.iter().find(|(name, _)| *name == member.name).map(|(_, value)| json!(value))
            }
            Place::Query => query_member(wire, member)?,
            Place::Header => header_member(wire, member),
            Place::Body => body_member(service, &body, member)?,
        };
        match value {
            Some(value) => {
                input.insert(member.name.to_owned(), value);
            }
            None if member.required => return Err(missing(service, operation, member.wire)),
            None => {}
        }
    }
    let payload = if service.name == "s3" {
        signature::unframed(wire.headers, wire.body).unwrap_or_else(|| wire.body.to_vec())
    } else {
        Vec::new()
    };
    Ok(Request {
        account: caller.account,
        region: caller.region,
        principal: caller.principal,
        service: service.name.to_owned(),
        operation: operation.name.to_owned(),
        input: Value::Object(input),
        body: payload,
    })
}

fn unknown(wire: &Wire<'_>, found: &Found) -> Failure {
    let failure = Failure::unknown(found.service_name(), &found.operation_name(wire));
    match found.protocol() {
        Protocol::RestJson => failure,
        Protocol::Json => Failure { status: 400, ..failure },
        Protocol::Query => Failure::new("InvalidAction", 400, failure.message),
        Protocol::RestXml => Failure::new("NotImplemented", 501, failure.message),
    }
}

fn body_members(service: &Service, wire: &Wire<'_>, found: &Found) -> Result<Value, Failure> {
    match service.protocol {
        Protocol::Query => Ok(nested(&found.form)),
        Protocol::RestJson | Protocol::Json if !wire.body.iter().all(u8::is_ascii_whitespace) => {
            let parsed: Result<Value, _> = serde_json::from_slice(wire.body);
            match parsed {
                Ok(value @ Value::Object(_)) => Ok(value),
                Ok(_) => Err(serialization("the body is not a JSON object".to_owned())),
                Err(error) => Err(serialization(format!("the body is not JSON: {error}"))),
            }
        }
        Protocol::RestJson | Protocol::Json | Protocol::RestXml => Ok(Value::Null),
    }
}

/// `Tags.member.1.Key=a` and so on as nested objects and lists.
fn nested(form: &[(String, String)]) -> Value {
    let mut root = json!({});
    for (name, value) in form {
        let mut at = &mut root;
        for part in name.split('.') {
            if !at.is_object() {
                *at = json!({});
            }
            at = &mut at[part];
        }
        *at = json!(value);
    }
    listed(root)
}

/// Objects with the one key `member` are lists by number.
fn listed(value: Value) -> Value {
    let Value::Object(object) = value else { return value };
    if let (1, Some(Value::Object(items))) = (object.len(), object.get("member")) {
        let mut items: Vec<(usize, Value)> = items
            .iter()
            .map(|(n, item)| (n.parse().unwrap_or(usize::MAX), listed(item.clone())))
            .collect();
        items.sort_by_key(|(n, _)| *n);
        return Value::Array(items.into_iter().map(|(_, item)| item).collect());
    }
    Value::Object(object.into_iter().map(|(k, v)| (k, listed(v))).collect())
}

fn query_member(wire: &Wire<'_>, member: &Member) -> Result<Option<Value>, Failure> {
    let pairs = text::pairs(wire.query, true);
    let mut values = pairs.into_iter().filter(|(n, _)| n == member.wire).map(|(_, v)| v);
    if member.kind == 'l' {
        let all: Vec<String> = values.collect();
        return Ok((!all.is_empty()).then(|| json!(all)));
    }
    values.next().map(|value| typed(&value, member)).transpose()
}

fn header_member(wire: &Wire<'_>, member: &Member) -> Option<Value> {
    let value_of = |v: &http::HeaderValue| String::from_utf8_lossy(v.as_bytes()).into_owned();
    if let Some(prefix) = member.wire.strip_suffix('*') {
        let headers = wire.headers.iter();
        let found: Map<String, Value> = headers
            .filter_map(|(name, value)| {
                Some((name.as_str().strip_prefix(prefix)?.to_owned(), json!(value_of(value))))
            })
            .collect();
        return (!found.is_empty()).then(|| Value::Object(found));
    }
    wire.headers.get(member.wire).map(|v| json!(value_of(v)))
}

fn body_member(service: &Service, body: &Value, member: &Member) -> Result<Option<Value>, Failure> {
    let Some(value) = body.get(member.wire).filter(|v| !v.is_null()) else { return Ok(None) };
    if service.protocol == Protocol::Query {
        return match value {
            Value::String(text) if matches!(member.kind, 'i' | 'f' | 'b') => {
                typed(text, member).map(Some)
            }
            other => Ok(Some(other.clone())),
        };
    }
    let fits = match member.kind {
        's' | 'd' => value.is_string(),
        'i' => value.is_i64() || value.is_u64(),
        'f' => value.is_number(),
        'b' => value.is_boolean(),
        'l' => value.is_array(),
        'm' | 'o' => value.is_object(),
        _ => true,
    };
    if fits {
        return Ok(Some(value.clone()));
    }
    Err(serialization(format!("the member {} has another type", member.wire)))
}

fn typed(text: &str, member: &Member) -> Result<Value, Failure> {
    let wrong = || serialization(format!("`{text}` is not what {} takes", member.wire));
    match member.kind {
        'i' => text.parse::<i64>().map(|n| json!(n)).map_err(|_| wrong()),
        'f' => text.parse::<f64>().map(|n| json!(n)).map_err(|_| wrong()),
        'b' => text.parse::<bool>().map(|b| json!(b)).map_err(|_| wrong()),
        _ => Ok(json!(text)),
    }
}

fn serialization(message: String) -> Failure {
    Failure::new("SerializationException", 400, message)
}

/// The errors by which services refuse an input without a required member; the first that is declared.
const INVALID: [&str; 4] = [
    "InvalidParameterException",
    "InvalidRequestException",
    "InvalidParameterValueException",
    "ValidationException",
];

fn missing(service: &Service, operation: &Operation, member: &str) -> Failure {
    let message = format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: \
         Member must not be null"
    );
    let declared = INVALID.iter().find(|n| operation.errors.iter().any(|(e, _)| e == *n));
    let name = match (service.protocol, declared) {
        (Protocol::Query, _) => "ValidationError",
        (Protocol::RestXml, _) => "InvalidRequest",
        (Protocol::RestJson | Protocol::Json, Some(name)) => name,
        (Protocol::RestJson | Protocol::Json, None) => "ValidationException",
    };
    Failure::new(name, 400, message)
}
