//! What every emulated service sees of a request, and what it answers. Services are synchronous
//! functions over their state: HTTP, signatures, buckets and persistence stay outside, in `server`.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use trunkline_model::{AccountId, Region};

/// A request, after its signature was verified and its parts were merged into one JSON object.
pub struct Context<'a> {
    /// The account of the caller's credentials.
    pub account: &'a AccountId,
    /// The region of the signature's scope.
    pub region: &'a Region,
    /// The time of the request; the only clock that a service may use.
    pub now: Timestamp,
    /// Fresh ids, the same again when a stored request is replayed.
    pub ids: &'a mut dyn Ids,
    /// How the lab was started.
    pub settings: &'a Settings,
    /// What other services hold in this account and region.
    pub neighbours: &'a dyn Neighbours,
}

/// Makes ids.
pub trait Ids {
    /// A UUID, lower case, with hyphens.
    fn uuid(&mut self) -> String;
    /// `count` characters out of A-Z and 0-9 (Lex's ids have 10).
    fn letters(&mut self, count: usize) -> String;
}

/// Questions to other services.
pub trait Neighbours {
    /// Tells whether the function (version or alias, where the ARN has one) exists.
    fn function_exists(&self, arn: &str) -> bool;
    /// Tells whether the Lex V2 alias exists.
    fn bot_alias_exists(&self, arn: &str) -> bool;
    /// Returns an S3 object's bytes; `uri` is `s3://bucket/key` or a presigned URL of this lab.
    fn object(&self, uri: &str) -> Option<Vec<u8>>;
    /// Tells whether a bucket exists.
    fn bucket_exists(&self, name: &str) -> bool;
    /// Returns a URL of this lab from which the bytes can be had by GET for 15 minutes.
    fn presigned(&self, bucket: &str, key: &str) -> String;
    /// Returns the beginning of this lab's own URLs, without a slash at its end.
    fn origin(&self) -> String;
    /// Keeps an object in a bucket that belongs to the service itself, and returns nothing.
    fn keep(&self, bucket: &str, key: &str, bytes: &[u8]);
}

/// How the lab behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Seconds that the search index lags, already divided by the time scale.
    pub search_lag_seconds: f64,
    /// Belief: a published flow may name one that is only saved.
    pub published_may_name_saved: bool,
    /// Belief: SearchContactFlows and SearchContactFlowModules return Content.
    pub search_returns_content: bool,
    /// Quotas by resource, such as `flows` -> 100; empty switches them off.
    pub quotas: std::collections::BTreeMap<String, usize>,
    /// Seconds after which a replica has what its source has, already divided by the time scale.
    pub replication_lag_seconds: f64,
    /// Seconds after which CloudTrail shows an event, already divided by the time scale.
    pub trail_lag_seconds: f64,
}

/// An error of the service, by its name in the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// `DuplicateResourceException`.
    pub name: String,
    /// The HTTP status that goes with it.
    pub status: u16,
    /// The message.
    pub message: String,
    /// Further members of the error's body, such as `problems`.
    pub members: Box<Map<String, Value>>,
}

/// What a service answers: the output's members by their model names, or an error.
pub type Outcome = Result<Value, Failure>;

impl Failure {
    /// Makes an error without further members.
    pub fn new(name: &str, status: u16, message: impl Into<String>) -> Self {
        Self { name: name.to_owned(), status, message: message.into(), members: Box::default() }
    }

    /// The refusal of what the lab does not implement, by name; never an empty success.
    pub fn unknown(service: &str, operation: &str) -> Self {
        let message = format!("the lab does not implement {service}.{operation}");
        Self::new("UnknownOperationException", 404, message)
    }

    /// Adds a member to the error's body.
    #[must_use]
    pub fn with(mut self, member: &str, value: Value) -> Self {
        self.members.insert(member.to_owned(), value);
        self
    }

    /// The error's body as JSON.
    pub fn body(&self) -> Value {
        let mut body = Map::clone(&self.members);
        if !body.contains_key("problems") {
            body.insert("Message".to_owned(), json!(self.message));
        }
        Value::Object(body)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            search_lag_seconds: 2.0,
            published_may_name_saved: true,
            search_returns_content: true,
            quotas: std::collections::BTreeMap::new(),
            replication_lag_seconds: 2.0,
            trail_lag_seconds: 0.0,
        }
    }
}
