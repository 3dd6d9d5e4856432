//! The state store in S3: conditional writes on ETags, through the port of AWS. Works with a bucket that
//! has versions or encryption switched on; ETags are taken as S3 gives them.

use super::store::{Condition, Store, StoreError, Stored};
use crate::cloud::{Call, CallError, CallErrorKind, Cloud};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::sync::Arc;

/// How often a write is sent whose answer was lost, or that met another one.
const TRIES: u32 = 4;

/// A bucket, or a part of one.
pub struct S3Store {
    cloud: Arc<dyn Cloud>,
    bucket: String,
    /// Empty, or with a slash at its end.
    prefix: String,
}

impl S3Store {
    /// The objects of a bucket below a prefix (without slashes at its ends; may be empty).
    pub fn new(cloud: Arc<dyn Cloud>, bucket: &str, prefix: &str) -> Self {
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Self { cloud, bucket: bucket.to_owned(), prefix }
    }

    async fn call(
        &self,
        operation: &str,
        input: Value,
        body: Option<Vec<u8>>,
    ) -> Result<crate::cloud::Answer, CallError> {
        let mut input = input;
        input["Bucket"] = json!(self.bucket);
        self.cloud.call(Call { body, ..Call::new("s3", operation, input) }).await
    }

    async fn read(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let input = json!({ "Key": format!("{}{key}", self.prefix) });
        match self.call("GetObject", input, None).await {
            Ok(answer) => {
                let version = answer.output["ETag"].as_str().unwrap_or_default().to_owned();
                Ok(Some(Stored { bytes: answer.body, version }))
            }
            Err(error) if error.is("NoSuchKey") => Ok(None),
            Err(error) => Err(failed(key, &error)),
        }
    }

    async fn write(
        &self,
        key: &str,
        bytes: Vec<u8>,
        condition: Condition,
    ) -> Result<String, StoreError> {
        let mut input = json!({
            "Key": format!("{}{key}", self.prefix), "ContentType": "application/json",
        });
        match &condition {
            Condition::Always => {}
            Condition::Absent => input["IfNoneMatch"] = json!("*"),
            Condition::Is(version) => input["IfMatch"] = json!(version),
        }
        let mut tries = 1;
        loop {
            let error = match self.call("PutObject", input.clone(), Some(bytes.clone())).await {
                Ok(answer) => {
                    return Ok(answer.output["ETag"].as_str().unwrap_or_default().to_owned());
                }
                Err(error) => error,
            };
            let met = matches!(error.status, Some(409 | 412))
                || error.is("PreconditionFailed")
                || error.is("ConditionalRequestConflict");
            let gone = error.is("NoSuchKey");
            let unsure = error.kind == CallErrorKind::Uncertain;
            if !met && !gone && !unsure {
                return Err(failed(key, &error));
            }
            // Our own write may have taken effect although its answer was lost.
            let there = self.read(key).await?;
            if let Some(there) = there.as_ref().filter(|t| t.bytes == bytes) {
                return Ok(there.version.clone());
            }
            let holds = match &condition {
                Condition::Always => true,
                Condition::Absent => there.is_none(),
                Condition::Is(version) => there.is_some_and(|t| t.version == *version),
            };
            if !holds {
                return Err(StoreError::Changed(key.to_owned()));
            }
            if tries == TRIES {
                return Err(failed(key, &error));
            }
            tries += 1;
        }
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let (mut keys, mut token) = (Vec::new(), None::<String>);
        loop {
            let mut input = json!({ "Prefix": format!("{}{prefix}", self.prefix) });
            if let Some(token) = &token {
                input["ContinuationToken"] = json!(token);
            }
            let answer = self.call("ListObjectsV2", input, None).await;
            let output = answer.map_err(|e| failed(prefix, &e))?.output;
            let rows = output["Contents"].as_array().into_iter().flatten();
            let named = rows.filter_map(|r| r["Key"].as_str()?.strip_prefix(&self.prefix));
            keys.extend(named.map(str::to_owned));
            token = output["NextContinuationToken"].as_str().map(str::to_owned);
            if token.is_none() {
                keys.sort();
                return Ok(keys);
            }
        }
    }
}

fn failed(key: &str, error: &CallError) -> StoreError {
    StoreError::Failed { key: key.to_owned(), reason: error.to_string() }
}

impl Store for S3Store {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Stored>, StoreError>> {
        Box::pin(self.read(key))
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
        condition: Condition,
    ) -> BoxFuture<'a, Result<String, StoreError>> {
        Box::pin(self.write(key, bytes, condition))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let input = json!({ "Key": format!("{}{key}", self.prefix) });
            self.call("DeleteObject", input, None).await.map(drop).map_err(|e| failed(key, &e))
        })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        Box::pin(self.keys(prefix))
    }

    fn place(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix.trim_end_matches('/'))
    }
}
