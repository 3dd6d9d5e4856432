//! Sources from S3: an object of a bucket, or a file of a folder (`S3Bucket: file:PATH`), for trying out.

use super::artifacts::aside;
use super::source::wanted;
use super::{Ended, Job, Shared};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use trunkline_center::{Call, Cloud as _, call_failed};
use trunkline_engine::{ActionOutcome, ArtifactRef, Revision};
use trunkline_model::{Diagnostic, Region, Report};

/// An object as it was read.
struct Object {
    bytes: Vec<u8>,
    etag: String,
    version: String,
}

/// `{Source, AWS, S3}`.
pub(super) async fn source(shared: Arc<Shared>, job: Job) -> Ended {
    let bucket = job.required("S3Bucket")?;
    let key = match wanted(&job, "S3_OBJECT_KEY") {
        Some(key) if job.setting("AllowOverrideForS3ObjectKey") == Some("true") => key,
        _ => job.required("S3ObjectKey")?,
    };
    let version = wanted(&job, "S3_OBJECT_VERSION_ID");
    let object = match bucket.strip_prefix("file:") {
        Some(folder) => local(&shared, folder, key).await?,
        None => remote(&shared, &job, bucket, key, version).await?,
    };
    let (id, size) = shared.artifacts.put(object.bytes).await?;
    let shown = if object.version.is_empty() { &object.etag } else { &object.version };
    let revision = Revision { id: shown.clone(), summary: Some(key.to_owned()), url: None };
    let artifact = |name: &str| ArtifactRef {
        name: name.to_owned(),
        id: id.clone(),
        size,
        revision: Some(revision.clone()),
    };
    Ok(ActionOutcome {
        artifacts: job.run.outputs.iter().map(|o| artifact(&o.name)).collect(),
        variables: BTreeMap::from([
            ("ETag".to_owned(), object.etag.clone()),
            ("VersionId".to_owned(), object.version.clone()),
        ]),
        summary: Some(format!("{key} {shown}")),
        revision: Some(revision),
        ..ActionOutcome::default()
    })
}

/// A file, whose hash stands for ETag and version.
async fn local(shared: &Shared, folder: &str, key: &str) -> Result<Object, Report> {
    let path = shared.setting.root.join(folder.trim_start_matches("//")).join(key);
    let message = format!("{key} cannot be read from {folder}");
    aside(move || {
        let bytes = std::fs::read(&path).map_err(|error| {
            Diagnostic::error("TL0718", message).because(error.to_string()).report()
        })?;
        let etag = trunkline_center::state::version_of(&bytes);
        Ok(Object { bytes, version: etag.clone(), etag })
    })
    .await
}

async fn remote(
    shared: &Shared,
    job: &Job,
    bucket: &str,
    key: &str,
    version: Option<&str>,
) -> Result<Object, Report> {
    let client = shared.client(job).await?;
    let mut input = json!({ "Bucket": bucket, "Key": key });
    if let Some(version) = version {
        input["VersionId"] = json!(version);
    }
    let answer = client.call(Call::new("s3", "GetObject", input)).await.map_err(|error| {
        if error.is("NoSuchKey") || error.is("NoSuchBucket") || error.is("NoSuchVersion") {
            return Diagnostic::error("TL0718", format!("s3://{bucket}/{key} cannot be had"))
                .because(error.to_string())
                .report();
        }
        call_failed(&error)
    })?;
    let text = |name: &str| answer.output[name].as_str().unwrap_or_default().to_owned();
    let etag = text("ETag").trim_matches('"').to_owned();
    Ok(Object { version: text("VersionId"), etag, bytes: answer.body })
}

impl Shared {
    /// The region that an action works in: its own, else that of the program's environment.
    pub(super) fn region(&self, job: &Job) -> Result<Region, Report> {
        let own = job.run.region.clone();
        let set = || {
            let names = ["AWS_REGION", "AWS_DEFAULT_REGION"];
            names.iter().find_map(|name| self.setting.variables.get(*name).cloned())
        };
        let text = own.or_else(set).unwrap_or_else(|| "us-east-1".to_owned());
        Region::parse(&text)
            .map_err(|error| Diagnostic::error("TL0106", error.to_string()).report())
    }
}
