//! Faults on demand: which call fails, when, and how. Registered by `POST /_lab/faults` or
//! [`crate::Lab::inject`]; counted per fault from its registration.

use crate::operations;
use crate::request::Request;
use crate::service::Failure;
use serde::{Deserialize, Serialize};

/// One fault. In JSON: `{"service": "connect", "operation": "CreateQueue", "nth": 2, "do": "drop"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// `connect` ...; `*` is any.
    #[serde(default = "any")]
    pub service: String,
    /// `CreateQueue`; `*` is any.
    #[serde(default = "any")]
    pub operation: String,
    /// Only in this account.
    #[serde(default)]
    pub account: Option<String>,
    /// Only in this region.
    #[serde(default)]
    pub region: Option<String>,
    /// Only operations that change something.
    #[serde(default)]
    pub writes: bool,
    /// The first matching call that fails, counted from 1.
    #[serde(default = "one")]
    pub nth: u64,
    /// How many calls fail from there; 0 is all.
    #[serde(default = "one")]
    pub times: u64,
    /// Whether the call fails before or after it took effect.
    #[serde(default)]
    pub when: When,
    /// What happens.
    #[serde(rename = "do")]
    pub deed: Deed,
    /// The error's name, where it is not the service's own internal error.
    #[serde(default)]
    pub error: Option<String>,
    /// The error's status.
    #[serde(default)]
    pub status: Option<u16>,
    /// The error's message.
    #[serde(default)]
    pub message: Option<String>,
    /// Milliseconds of a delay.
    #[serde(default)]
    pub delay_ms: u64,
}

/// Before or after the effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// The call has no effect.
    #[default]
    Before,
    /// The call took effect, and its caller does not learn so.
    After,
}

/// What a fault does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deed {
    /// Answers an error.
    Error,
    /// Answers the service's throttling error.
    Throttle,
    /// Closes the connection without an answer.
    Drop,
    /// Answers late.
    Delay,
}

fn any() -> String {
    "*".to_owned()
}

fn one() -> u64 {
    1
}

impl Fault {
    /// A fault of the first matching call, before it takes effect.
    pub fn new(service: &str, operation: &str, deed: Deed) -> Self {
        Self {
            service: service.to_owned(),
            operation: operation.to_owned(),
            account: None,
            region: None,
            writes: false,
            nth: 1,
            times: 1,
            when: When::Before,
            deed,
            error: None,
            status: None,
            message: None,
            delay_ms: 0,
        }
    }

    /// The error that it answers.
    pub(crate) fn failure(&self, request: &Request) -> Failure {
        if self.deed == Deed::Throttle {
            return throttled(&request.service, &request.operation);
        }
        let (name, status) = internal(&request.service);
        let name = self.error.as_deref().unwrap_or(name);
        let declared = operations::operation(&request.service, &request.operation)
            .and_then(|o| o.errors.iter().find(|(n, _)| *n == name))
            .map(|(_, status)| *status);
        let status = self.status.or(declared).unwrap_or(status);
        let message =
            self.message.clone().unwrap_or_else(|| "a fault that was asked for".to_owned());
        Failure::new(name, status, message)
    }

    fn matches(&self, request: &Request) -> bool {
        let fits = |wanted: &str, given: &str| wanted == "*" || wanted == given;
        let within =
            |wanted: &Option<String>, given: &str| wanted.as_deref().is_none_or(|w| w == given);
        let writes =
            || operations::operation(&request.service, &request.operation).is_some_and(|o| o.write);
        fits(&self.service, &request.service)
            && fits(&self.operation, &request.operation)
            && within(&self.account, request.account.as_str())
            && within(&self.region, request.region.as_str())
            && (!self.writes || writes())
    }
}

/// Each service's internal error.
fn internal(service: &str) -> (&'static str, u16) {
    match service {
        "connect" => ("InternalServiceException", 500),
        "lambda" => ("ServiceException", 500),
        "lexv2-models" => ("InternalServerException", 500),
        "s3" => ("InternalError", 500),
        "iam" => ("ServiceFailure", 500),
        "service-quotas" => ("ServiceException", 400),
        "ssm" => ("InternalServerError", 400),
        "secretsmanager" => ("InternalServiceError", 400),
        _ => ("InternalFailure", 500),
    }
}

/// Connect's operations on views, whose throttling error has a name of its own.
const VIEW_OPERATIONS: [&str; 7] = [
    "CreateView",
    "DeleteView",
    "DescribeView",
    "ListViews",
    "SearchViews",
    "UpdateViewContent",
    "UpdateViewMetadata",
];

/// The error of a call over its rate.
pub(crate) fn throttled(service: &str, operation: &str) -> Failure {
    let (name, status) = match service {
        "connect" if VIEW_OPERATIONS.contains(&operation) => ("TooManyRequestsException", 429),
        "lambda" => ("TooManyRequestsException", 429),
        "s3" => ("SlowDown", 503),
        "sts" | "iam" => ("Throttling", 400),
        "cloudtrail" | "cloudformation" | "ssm" | "secretsmanager" => ("ThrottlingException", 400),
        "service-quotas" => ("TooManyRequestsException", 400),
        "sqs" => ("RequestThrottled", 400),
        _ => ("ThrottlingException", 429),
    };
    Failure::new(name, status, "Rate exceeded")
}

/// The registered faults, and how often each was met.
#[derive(Default)]
pub(crate) struct Faults {
    met: Vec<(Fault, u64)>,
    cleared: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.met.push((fault, 0));
    }

    pub(crate) fn clear(&mut self) {
        self.met.clear();
        self.cleared += 1;
    }

    /// How often they were forgotten.
    pub(crate) fn cleared(&self) -> u64 {
        self.cleared
    }

    pub(crate) fn all(&self) -> Vec<Fault> {
        self.met.iter().map(|(fault, _)| fault.clone()).collect()
    }

    /// Counts a request, and returns the fault that it meets.
    pub(crate) fn meet(&mut self, request: &Request) -> Option<Fault> {
        let mut met = None;
        for (fault, seen) in &mut self.met {
            if !fault.matches(request) {
                continue;
            }
            *seen += 1;
            let due = *seen >= fault.nth && (fault.times == 0 || *seen < fault.nth + fault.times);
            if due && met.is_none() {
                met = Some(fault.clone());
            }
        }
        met
    }
}
