//! A request and its answer, free of HTTP: what the server, the log and in-memory callers share.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_model::{AccountId, Region};

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// `arn:aws:iam::111122223333:root`, or the ARN of a role's session.
    pub arn: String,
    /// `111122223333`, or `AROA...:session`.
    pub user_id: String,
    /// The role's ARN, where the credentials are those of an assumed role.
    pub role: Option<String>,
    /// Who the caller said to be when the role was assumed (`SourceIdentity`); roles assumed further keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
}

impl Principal {
    /// The account itself, to which everything is allowed.
    pub fn root(account: &AccountId) -> Self {
        Self {
            arn: format!("arn:aws:iam::{account}:root"),
            user_id: account.to_string(),
            role: None,
            source_identity: None,
        }
    }
}

/// A request whose signature was verified and whose parts were merged into one JSON object.
#[derive(Clone, Debug)]
pub struct Request {
    /// The account of the caller's credentials.
    pub account: AccountId,
    /// The region of the signature's scope.
    pub region: Region,
    /// Who calls.
    pub principal: Principal,
    /// `connect`, `sts`, `iam`, `lambda`, `lexv2-models`, `s3`, `cloudformation`, `cloudtrail`, `service-quotas`,
    /// `ssm`, `secretsmanager` or `sqs`.
    pub service: String,
    /// `CreateQueue`.
    pub operation: String,
    /// The members of the input by their model names.
    pub input: Value,
    /// The payload of an S3 object; empty otherwise.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// The members of the output by their model names.
    pub members: Value,
    /// The payload of an S3 object.
    pub body: Option<Vec<u8>>,
    /// The HTTP status where it is not the operation's usual one.
    pub status: Option<u16>,
}

impl From<Value> for Output {
    fn from(members: Value) -> Self {
        Self { members, body: None, status: None }
    }
}

/// A text member of an input, or "" where it is absent.
pub(crate) fn text<'a>(input: &'a Value, member: &str) -> &'a str {
    input.get(member).and_then(Value::as_str).unwrap_or_default()
}
