//! Storage configurations: one for each type of resource. Buckets have to exist; streams and keys are
//! taken as they come.

use serde_json::{Value, json};

use super::call::{Call, Operation, invalid, missing, refused};
use super::{page, resource};
use crate::service::{Failure, Outcome};

pub(super) const OPERATIONS: &[Operation] = &[
    ("AssociateInstanceStorageConfig", associate),
    ("DescribeInstanceStorageConfig", describe),
    ("ListInstanceStorageConfigs", list),
    ("UpdateInstanceStorageConfig", update),
    ("DisassociateInstanceStorageConfig", disassociate),
];

/// Storage type and the member that goes with it.
const PARTS: &[(&str, &str)] = &[
    ("S3", "S3Config"),
    ("KINESIS_VIDEO_STREAM", "KinesisVideoStreamConfig"),
    ("KINESIS_STREAM", "KinesisStreamConfig"),
    ("KINESIS_FIREHOSE", "KinesisFirehoseConfig"),
];

fn config(call: &Call<'_, '_>) -> Result<Value, Failure> {
    let config = call.member("StorageConfig").cloned().unwrap_or_default();
    let kind = config["StorageType"].as_str().unwrap_or_default();
    let part = PARTS.iter().find(|row| row.0 == kind).map_or("", |row| row.1);
    if config.get(part).is_none_or(Value::is_null) {
        return Err(invalid(format!("{part} is required for storage of type {kind}")));
    }
    let bucket = config["S3Config"]["BucketName"].as_str();
    if bucket.is_some_and(|name| !call.context.neighbours.bucket_exists(name)) {
        return Err(refused(format!("Bucket not found: {}", bucket.unwrap_or_default())));
    }
    Ok(config)
}

fn associate(call: &mut Call<'_, '_>) -> Outcome {
    if let Some(answer) = call.remembered() {
        return Ok(answer);
    }
    let kind = call.text("ResourceType").to_owned();
    if call.instance()?.storage.iter().any(|(known, _)| *known == kind) {
        let message = format!("There is a storage configuration for {kind}");
        return Err(Failure::new("ResourceConflictException", 409, message));
    }
    let mut config = config(call)?;
    let id = call.context.ids.uuid();
    config["AssociationId"] = json!(id);
    call.instance_mut()?.storage.push((kind, config));
    Ok(call.remember(json!({ "AssociationId": id })))
}

/// Where in the instance's list the configuration is that the request names.
fn place(call: &Call<'_, '_>) -> Result<usize, Failure> {
    let (kind, id) = (call.text("ResourceType"), call.text("AssociationId"));
    let mut all = call.instance()?.storage.iter();
    let found = all.position(|(known, config)| known == kind && config["AssociationId"] == id);
    found.ok_or_else(|| missing(format!("Storage configuration not found: {id}")))
}

fn describe(call: &mut Call<'_, '_>) -> Outcome {
    let at = place(call)?;
    Ok(json!({ "StorageConfig": call.instance()?.storage[at].1 }))
}

fn list(call: &mut Call<'_, '_>) -> Outcome {
    let kind = call.text("ResourceType");
    let own = call.instance()?.storage.iter().filter(|(known, _)| known == kind);
    let (items, next) = page::cut(call, page::numbered(own.map(|(_, config)| config)))?;
    Ok(resource::with_next(json!({ "StorageConfigs": items }), next))
}

fn update(call: &mut Call<'_, '_>) -> Outcome {
    let at = place(call)?;
    let mut config = config(call)?;
    config["AssociationId"] = json!(call.text("AssociationId"));
    call.instance_mut()?.storage[at].1 = config;
    Ok(json!({}))
}

fn disassociate(call: &mut Call<'_, '_>) -> Outcome {
    let at = place(call)?;
    call.instance_mut()?.storage.remove(at);
    Ok(json!({}))
}
