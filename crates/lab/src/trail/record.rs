//! One event: who called what, with which parameters, and what came back.
//!
//! Assumed: Connect's parameters stand under the names of the API, those of other services with a small first
//! letter; `Resources` holds what the call was about, then the instance that it is in.

use crate::policy;
use crate::request::{Principal, Request};
use crate::text::iso_time;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The keys by which events can be looked up.
pub(super) const ATTRIBUTES: [&str; 7] =
    ["EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource"];

/// A kept event.
pub(super) struct Record {
    pub(super) number: u64,
    pub(super) time: Timestamp,
    pub(super) id: String,
    request_id: String,
    pub(super) name: String,
    pub(super) source: String,
    /// The session's name, or `root`.
    pub(super) user: String,
    /// Type and name of each.
    pub(super) resources: Vec<Value>,
    principal: Principal,
    account: String,
    region: String,
    parameters: Value,
    answer: Value,
}

/// Operations whose events carry the API's version in their name.
const VERSIONED: [(&str, &str); 3] = [
    ("CreateFunction", "CreateFunction20150331"),
    ("DeleteFunction", "DeleteFunction20150331"),
    ("CreateAlias", "CreateAlias20150331"),
];

/// Where an event's source is not the service's signing name.
const SOURCES: [(&str, &str); 2] = [("lexv2-models", "lex"), ("service-quotas", "servicequotas")];

/// Members that never stand in an event.
const SECRET: [&str; 6] =
    ["Password", "SecretAccessKey", "SecretBinary", "SecretString", "SessionToken", "ZipFile"];

/// What the service writes in their place.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// Resource types by service and the word in the ARN.
const TYPES: [(&str, &str, &str); 22] = [
    ("connect", "agent", "AWS::Connect::User"),
    ("connect", "agent-group", "AWS::Connect::UserHierarchyGroup"),
    ("connect", "agent-state", "AWS::Connect::AgentStatus"),
    ("connect", "contact-flow", "AWS::Connect::ContactFlow"),
    ("connect", "flow-module", "AWS::Connect::ContactFlowModule"),
    ("connect", "instance", "AWS::Connect::Instance"),
    ("connect", "operating-hours", "AWS::Connect::HoursOfOperation"),
    ("connect", "phone-number", "AWS::Connect::PhoneNumber"),
    ("connect", "prompt", "AWS::Connect::Prompt"),
    ("connect", "queue", "AWS::Connect::Queue"),
    ("connect", "routing-profile", "AWS::Connect::RoutingProfile"),
    ("connect", "security-profile", "AWS::Connect::SecurityProfile"),
    ("connect", "transfer-destination", "AWS::Connect::QuickConnect"),
    ("connect", "view", "AWS::Connect::View"),
    ("cloudformation", "stack", "AWS::CloudFormation::Stack"),
    ("iam", "policy", "AWS::IAM::Policy"),
    ("iam", "role", "AWS::IAM::Role"),
    ("lambda", "function", "AWS::Lambda::Function"),
    ("lex", "bot", "AWS::Lex::Bot"),
    ("lex", "bot-alias", "AWS::Lex::BotAlias"),
    ("secretsmanager", "secret", "AWS::SecretsManager::Secret"),
    ("ssm", "parameter", "AWS::SSM::Parameter"),
];

impl Record {
    /// The event of a request that succeeded; `ids` are the event's and the request's.
    pub(super) fn of(
        request: &Request,
        answer: &Value,
        (number, time): (u64, Timestamp),
        (id, request_id): (String, String),
    ) -> Self {
        let service = request.service.as_str();
        let source = SOURCES.iter().find(|row| row.0 == service).map_or(service, |row| row.1);
        let name = VERSIONED.iter().find(|row| service == "lambda" && row.0 == request.operation);
        let capital = service == "connect";
        Self {
            number,
            time,
            id,
            request_id,
            name: name.map_or(request.operation.as_str(), |row| row.1).to_owned(),
            source: format!("{source}.amazonaws.com"),
            user: match &request.principal.role {
                Some(_) => last(&request.principal.arn).to_owned(),
                None => "root".to_owned(),
            },
            resources: resources(request, answer),
            principal: request.principal.clone(),
            account: request.account.to_string(),
            region: request.region.to_string(),
            parameters: match (service, request.input.get("Value")) {
                // The value of a parameter, which other services have under that name as well.
                ("ssm", Some(_)) => {
                    let mut input = request.input.clone();
                    input["Value"] = json!(HIDDEN);
                    told(&input, capital)
                }
                _ => told(&request.input, capital),
            },
            answer: told(answer, capital),
        }
    }

    /// Whether an attribute of the event has this value.
    pub(super) fn has(&self, key: &str, value: &str) -> bool {
        let among = |member: &str| self.resources.iter().any(|r| r[member] == value);
        match key {
            "EventId" => self.id == value,
            "EventName" => self.name == value,
            "EventSource" => self.source == value,
            "Username" => self.user == value,
            "ReadOnly" => value == "false",
            "ResourceName" => among("ResourceName"),
            "ResourceType" => among("ResourceType"),
            _ => false,
        }
    }

    /// The whole event, as it stands in `CloudTrailEvent`.
    pub(super) fn document(&self) -> Value {
        json!({
            "eventVersion": "1.11",
            "userIdentity": identity(&self.principal, &self.account),
            "eventTime": iso_time(self.time),
            "eventSource": self.source,
            "eventName": self.name,
            "awsRegion": self.region,
            "sourceIPAddress": "127.0.0.1",
            "userAgent": "trunkline-lab (emulated)",
            "requestParameters": self.parameters,
            "responseElements": self.answer,
            "requestID": self.request_id,
            "eventID": self.id,
            "readOnly": false,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": self.account,
            "eventCategory": "Management",
        })
    }
}

fn identity(principal: &Principal, account: &str) -> Value {
    let Some(role) = &principal.role else {
        return json!({
            "type": "Root", "principalId": principal.user_id, "arn": principal.arn, "accountId": account,
        });
    };
    let role_id = principal.user_id.split(':').next().unwrap_or_default();
    let mut context = json!({
        "sessionIssuer": {
            "type": "Role", "principalId": role_id, "arn": role, "accountId": account, "userName": last(role),
        },
        "attributes": { "mfaAuthenticated": "false" },
    });
    if let Some(name) = &principal.source_identity {
        context["sourceIdentity"] = json!(name);
    }
    json!({
        "type": "AssumedRole", "principalId": principal.user_id, "arn": principal.arn,
        "accountId": account, "sessionContext": context,
    })
}

fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// What the call was about: the ARN of what it made, else of what it names; then the instance around it.
fn resources(request: &Request, answer: &Value) -> Vec<Value> {
    let made = answer.as_object().into_iter().flatten();
    let made =
        made.filter(|(name, _)| name.to_ascii_lowercase().ends_with("arn") || *name == "StackId");
    let made = made.filter_map(|(_, value)| value.as_str()).find(|arn| arn.starts_with("arn:"));
    let named =
        policy::resources(request).into_iter().find(|arn| arn != "*" && !arn.ends_with("/*"));
    let Some(arn) = made.map(str::to_owned).or(named) else { return Vec::new() };
    let mut all = vec![resource(&arn)];
    if let Some((instance, id)) = arn.split_once(":instance/")
        && let Some((id, _)) = id.split_once('/')
    {
        all.push(resource(&format!("{instance}:instance/{id}")));
    }
    all
}

fn resource(arn: &str) -> Value {
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let path = parts.nth(2).unwrap_or_default();
    let inner = path.strip_prefix("instance/").and_then(|rest| rest.split_once('/'));
    let word = inner.map_or(path, |(_, rest)| rest);
    let word = word.split(['/', ':']).next().unwrap_or_default();
    let kind = TYPES.iter().find(|row| (row.0, row.1) == (service, word));
    json!({ "ResourceType": kind.map_or("", |row| row.2), "ResourceName": arn })
}

/// A document without secrets, its names with a small first letter unless they keep their `capital`.
fn told(value: &Value, capital: bool) -> Value {
    match value {
        Value::Object(members) => {
            let told = members.iter().map(|(name, value)| {
                let value = match SECRET.contains(&name.as_str()) {
                    true => json!(HIDDEN),
                    false => told(value, capital),
                };
                (if capital { name.clone() } else { small(name) }, value)
            });
            Value::Object(told.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| told(item, capital)).collect(),
        other => other.clone(),
    }
}

fn small(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
