//! Where the state store is, and what every command that writes to a target does with it.
//!
//! A command that changes a target takes its lock with `Hold::take`, plans, and performs the plan with
//! `carry_out`; both are the same for `apply`, `rollback` and `drift revert`. A command that only looks
//! uses `of`.

mod carry_out;
mod find;
mod folder;
mod hold;
pub(crate) mod process;
mod progress;

pub(crate) use carry_out::{Ended, Why, carry_out, go_on};
pub(crate) use find::{Found, Unnamed, Where, find, named};
pub(crate) use hold::{Hold, LockArguments};

use crate::context::{self, Located};
use folder::FolderStore;
use std::path::PathBuf;
use std::sync::Arc;
use trunkline_aws::{Aws, Options};
use trunkline_center::state::{S3Store, Store, TargetState};
use trunkline_center::{Call, CallErrorKind, Cloud, call_failed};
use trunkline_config::State;
use trunkline_model::{Diagnostic, Region, Report, Target};

/// What is remembered of a target. Reads nothing yet; opening a bucket, which a command does once, makes one call.
pub(crate) async fn of(
    located: &Located,
    target: &Target,
    aws: &Aws,
) -> Result<TargetState, Report> {
    Ok(TargetState::new(store(located, aws).await?, target))
}

/// The project's state store; the caller's own credentials open a bucket, never a target's role.
pub(crate) async fn store(located: &Located, aws: &Aws) -> Result<Arc<dyn Store>, Report> {
    located.store.get_or_try_init(|| open(located, aws)).await.cloned()
}

async fn open(located: &Located, aws: &Aws) -> Result<Arc<dyn Store>, Report> {
    match &located.project.state {
        State::Folder(folder) => {
            // A pipeline works in a checkout that goes away; what is remembered must not go with it.
            let kept = context::variable("TRUNKLINE_STATE").filter(|folder| !folder.is_empty());
            let folder = kept.map_or_else(|| located.root.join(folder), PathBuf::from);
            Ok(Arc::new(FolderStore::new(folder)))
        }
        State::S3 { bucket, prefix } => {
            let client = bucket_client(located, aws, bucket).await?;
            Ok(Arc::new(S3Store::new(client, bucket, prefix)))
        }
    }
}

/// A client for the bucket's region: as it is set, or as AWS says when it is asked elsewhere.
async fn bucket_client(
    located: &Located,
    aws: &Aws,
    bucket: &str,
) -> Result<Arc<dyn Cloud>, Report> {
    let place = format!("s3://{bucket}");
    let failed = |error: &trunkline_center::CallError| {
        let why = call_failed(error);
        let refused = Diagnostic::error("TL0520", "the state store cannot be used").in_file(&place);
        let credentials = error.kind == CallErrorKind::Credentials;
        match why.0.into_iter().next() {
            // How to sign in is what helps then.
            Some(first) if credentials => first.report(),
            Some(first) => first
                .notes
                .iter()
                .fold(refused.because(first.message), |d, n| d.because(n))
                .report(),
            None => refused.report(),
        }
    };
    let region = |text: &str| {
        Region::parse(text).map_err(|error| {
            Diagnostic::error("TL0106", format!("the region of the state's bucket: {error}"))
                .in_file(&located.project.file)
                .report()
        })
    };
    if let Some(set) = &located.project.settings.state_region {
        let client = aws.client(Options::new(region(set)?)).await.map_err(|e| failed(&e))?;
        return Ok(Arc::new(client));
    }
    let own = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|v| context::variable(v));
    let own = own.filter(|r| !r.is_empty());
    let first = located.project.environments.iter().find_map(|e| e.regions.first());
    let start = match (own, first) {
        (Some(own), _) => region(&own)?,
        (None, Some(first)) => first.clone(),
        (None, None) => region("us-east-1")?,
    };
    let client = aws.client(Options::new(start)).await.map_err(|e| failed(&e))?;
    let probe = serde_json::json!({ "Bucket": bucket, "MaxKeys": 1 });
    match client.call(Call::new("s3", "ListObjectsV2", probe)).await {
        Ok(_) => Ok(Arc::new(client)),
        Err(error) => match elsewhere(&error.document) {
            Some(other) => {
                let other = aws.client(Options::new(region(&other)?)).await;
                Ok(Arc::new(other.map_err(|e| failed(&e))?))
            }
            None => Err(failed(&error)),
        },
    }
}

/// The region that S3 names when a bucket is not where it was asked.
fn elsewhere(document: &serde_json::Value) -> Option<String> {
    let text = |name: &str| document.get(name).and_then(serde_json::Value::as_str);
    if let Some(region) = text("Region") {
        return Some(region.to_owned());
    }
    // `BUCKET.s3.REGION.amazonaws.com`, or `BUCKET.s3-REGION.amazonaws.com`.
    let host = text("Endpoint")?.split(".amazonaws.").next()?;
    let region = host.rsplit('.').next()?.trim_start_matches("s3-");
    Region::parse(region).ok().map(|r| r.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_region_of_a_bucket_is_found_in_what_s3_answers_elsewhere() {
        let region = |document| elsewhere(&document);
        let found = Some("eu-west-1".to_owned());
        assert_eq!(region(json!({ "Region": "eu-west-1" })), found);
        assert_eq!(region(json!({ "Endpoint": "acme.s3.eu-west-1.amazonaws.com" })), found);
        assert_eq!(region(json!({ "Endpoint": "acme.s3-eu-west-1.amazonaws.com" })), found);
        assert_eq!(region(json!({ "Endpoint": "acme.s3.amazonaws.com" })), None);
        assert_eq!(region(json!({ "Code": "NoSuchBucket" })), None);
    }
}
