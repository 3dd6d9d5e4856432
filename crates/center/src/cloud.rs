//! The port through which this crate reaches AWS. `aws` implements it over the wire; tests implement
//! it over the lab in memory. Inputs and outputs are JSON documents in the shape of AWS's API models:
//! every member by its model name, whether it travels in the URI, the query, a header or the body.

use futures_util::future::BoxFuture;
use serde_json::Value;

/// One operation to call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The service's name as botocore has it: `connect`, `sts`, `lambda`, `lexv2-models`, `s3`.
    pub service: String,
    /// The operation's name: `CreateQueue`.
    pub operation: String,
    /// The input's members; a streaming body is not among them.
    pub input: Value,
    /// A streaming body (S3's PutObject).
    pub body: Option<Vec<u8>>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The output's members.
    pub output: Value,
    /// A streaming body (S3's GetObject); empty elsewhere.
    pub body: Vec<u8>,
}

/// Why a call has no answer. The port has already retried what is safe to retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallErrorKind {
    /// The service answered with an error; `code` is its name. Nothing took effect.
    Refused,
    /// Refused for its rate until the port gave up. Nothing took effect.
    Throttled,
    /// A write was sent and no whole answer came: it may or may not have taken effect.
    Uncertain,
    /// Nothing was sent, or a read got no answer.
    Unreachable,
    /// Credentials are missing, expired, or the role may not be assumed. Nothing took effect.
    Credentials,
    /// The answer is not what the model says.
    Malformed,
}

/// A call that failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{operation}: {code}: {message}")]
pub struct CallError {
    /// What kind of failure.
    pub kind: CallErrorKind,
    /// `connect.CreateQueue`.
    pub operation: String,
    /// The exception's name, such as `DuplicateResourceException`; a word of ours where AWS gave none.
    pub code: String,
    /// AWS's message, verbatim.
    pub message: String,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// AWS's request id, where there was one.
    pub request_id: Option<String>,
    /// The error's body (`problems` of a refused flow stand here); null where there was none.
    pub document: Value,
}

impl CallError {
    /// Tells whether the service refused the call with this exception.
    pub fn is(&self, code: &str) -> bool {
        self.kind == CallErrorKind::Refused && self.code == code
    }
}

/// AWS, for one account and region, as the role that the target asks for.
pub trait Cloud: Send + Sync {
    /// Calls an operation. Waits for its rate bucket; retries throttles, and lost answers of reads.
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, CallError>>;

    /// Downloads a presigned URL, such as a prompt's audio.
    fn fetch<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<u8>, CallError>>;

    /// Presigns a GET of an S3 object, valid for 15 minutes; how prompt audio is handed to Connect.
    fn presign<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<String, CallError>>;
}

impl Call {
    /// Makes a call without a streaming body.
    pub fn new(service: &str, operation: &str, input: Value) -> Self {
        Self { service: service.to_owned(), operation: operation.to_owned(), input, body: None }
    }
}
