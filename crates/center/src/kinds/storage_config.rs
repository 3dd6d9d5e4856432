//! Where an instance keeps recordings, transcripts, reports and records: one document a resource type.
//! Buckets, keys and streams are bound by environment.

use crate::kind::{Create, Describe, Format, IdField, Kind, Reading, Spec, Update};
use crate::permissions::On;
use crate::plan::{Adopt, Change, StepsOf, steps_by_spec};
use crate::read::{Reader, Summary, as_map, resource_of, text};
use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};

/// The kind `storage-config`.
pub(super) struct StorageConfig;

const FIELDS: &[&str] = &[
    "StorageType",
    "S3Config",
    "KinesisVideoStreamConfig",
    "KinesisStreamConfig",
    "KinesisFirehoseConfig",
];

const IDS: &[IdField] = &[(&["S3Config", "BucketName"], "bucket")];

/// What can be stored; the service lists by type only.
const RESOURCE_TYPES: [&str; 13] = [
    "CHAT_TRANSCRIPTS",
    "CALL_RECORDINGS",
    "SCHEDULED_REPORTS",
    "MEDIA_STREAMS",
    "CONTACT_TRACE_RECORDS",
    "AGENT_EVENTS",
    "REAL_TIME_CONTACT_ANALYSIS_SEGMENTS",
    "ATTACHMENTS",
    "CONTACT_EVALUATIONS",
    "SCREEN_RECORDINGS",
    "REAL_TIME_CONTACT_ANALYSIS_CHAT_SEGMENTS",
    "REAL_TIME_CONTACT_ANALYSIS_VOICE_SEGMENTS",
    "EMAIL_MESSAGES",
];

static SPEC: Spec = Spec {
    name: "storage-config",
    folder: "connect/storage-configs",
    format: Format::Yaml,
    id_member: "AssociationId",
    name_member: "ResourceType",
    describe: Some(Describe {
        operation: "DescribeInstanceStorageConfig",
        member: "StorageConfig",
    }),
    create: Some(Create {
        operation: "AssociateInstanceStorageConfig",
        fields: FIELDS,
        made: ("AssociationId", ""),
        tags: false,
    }),
    fields: FIELDS,
    ignored: &["AssociationId"],
    ids: IDS,
    updates: &[Update { operation: "UpdateInstanceStorageConfig", fields: FIELDS, name: true }],
    also: &[
        ("connect:ListInstanceStorageConfigs", On::Instance),
        ("connect:DisassociateInstanceStorageConfig", On::Instance),
        ("s3:GetBucketAcl", On::Buckets),
        ("s3:GetBucketLocation", On::Buckets),
    ],
    setting: true,
    ..Spec::EMPTY
};

impl Kind for StorageConfig {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn read<'a>(&'a self, reader: &'a Reader<'a>) -> Option<Reading<'a>> {
        let of_type = async |resource_type: &'static str| {
            let input = json!({ "ResourceType": resource_type });
            let rows = reader.pages("ListInstanceStorageConfigs", "StorageConfigs", input).await?;
            // The service takes one for each type; a second could not be told apart by name.
            Ok(rows.into_iter().next().map(|row| {
                let (id, name) = (text(&row, "AssociationId"), resource_type.to_owned());
                let summary = Summary::new(id, String::new(), name);
                resource_of(self, &summary, as_map(row))
            }))
        };
        Some(Box::pin(async move {
            let all = try_join_all(RESOURCE_TYPES.map(of_type)).await?;
            Ok(all.into_iter().flatten().collect())
        }))
    }

    fn input(&self, operation: &str, input: &mut Map<String, Value>) {
        let writes = ["AssociateInstanceStorageConfig", "UpdateInstanceStorageConfig"];
        if !writes.contains(&operation) {
            return;
        }
        let mut config = Map::new();
        for field in FIELDS {
            config.extend(input.shift_remove(*field).map(|v| ((*field).to_owned(), v)));
        }
        input.insert("StorageConfig".to_owned(), Value::Object(config));
    }

    fn steps(&self, change: &Change<'_>, steps: &mut StepsOf<'_>) {
        let from = steps.steps.len();
        steps_by_spec(&SPEC, change, steps);
        for step in &mut steps.steps[from..] {
            if let Some(check) = &mut step.check {
                check.input["ResourceType"] = json!(change.wanted.name);
            }
            if step.made.is_some() {
                // The list of a type has what was made, where the answer was lost.
                let own = str::to_owned;
                let list = ("ListInstanceStorageConfigs", "StorageConfigs", "AssociationId");
                step.adopt = Some(Adopt {
                    list: (own(list.0), own(list.1), own(list.2), String::new(), String::new()),
                    list_input: json!({ "ResourceType": change.wanted.name }),
                });
            }
        }
    }
}
