//! Routing profiles with their channels and queues. Search leaves out how a channel treats the others and
//! the timer, so that each profile is described. Queues for manual assignment are reported, not managed.

use crate::kind::{
    Create, Describe, Format, IdField, Kind, List, Listed, Members, Rename, Retire, Spec, Update,
};
use crate::permissions::On;
use serde_json::{Map, Value, json};

/// The kind `routing-profile`.
pub(super) struct RoutingProfile;

const FIELDS: &[&str] = &[
    "Description",
    "AgentAvailabilityTimer",
    "MediaConcurrencies",
    "DefaultOutboundQueueId",
    "QueueConfigs",
];

const IDS: &[IdField] = &[
    (&["DefaultOutboundQueueId"], "queue"),
    (&["QueueConfigs", "*", "QueueReference", "QueueId"], "queue"),
    // The member of the call that takes queues away.
    (&["QueueReferences", "*", "QueueId"], "queue"),
];

/// What the service takes where nothing is said.
const TIMER: &str = "TIME_SINCE_LAST_ACTIVITY";

static SPEC: Spec = Spec {
    name: "routing-profile",
    folder: "connect/routing-profiles",
    format: Format::Yaml,
    arn_word: "routing-profile",
    id_member: "RoutingProfileId",
    list: Some(List {
        operation: "ListRoutingProfiles",
        items: "RoutingProfileSummaryList",
        input: "{}",
        members: ("Id", "Arn", "Name"),
    }),
    describe: Some(Describe { operation: "DescribeRoutingProfile", member: "RoutingProfile" }),
    create: Some(Create {
        operation: "CreateRoutingProfile",
        fields: FIELDS,
        made: ("RoutingProfileId", "RoutingProfileArn"),
        tags: true,
    }),
    fields: FIELDS,
    listed: &[Listed {
        field: "QueueConfigs",
        operation: "ListRoutingProfileQueues",
        items: "RoutingProfileQueueConfigSummaryList",
        row: |row| {
            json!({
                "QueueReference": { "QueueId": row["QueueId"], "Channel": row["Channel"] },
                "Priority": row["Priority"],
                "Delay": row["Delay"],
            })
        },
    }],
    ignored: &[
        "RoutingProfileId",
        "RoutingProfileArn",
        "NumberOfAssociatedQueues",
        "NumberOfAssociatedUsers",
        "AssociatedQueueIds",
        "AssociatedManualAssignmentQueueIds",
    ],
    ids: IDS,
    updates: &[
        Update { operation: "UpdateRoutingProfileName", fields: &["Description"], name: true },
        Update {
            operation: "UpdateRoutingProfileConcurrency",
            fields: &["MediaConcurrencies"],
            name: false,
        },
        Update {
            operation: "UpdateRoutingProfileDefaultOutboundQueue",
            fields: &["DefaultOutboundQueueId"],
            name: false,
        },
        Update {
            operation: "UpdateRoutingProfileAgentAvailabilityTimer",
            fields: &["AgentAvailabilityTimer"],
            name: false,
        },
    ],
    members: &[Members {
        field: "QueueConfigs",
        associate: ("AssociateRoutingProfileQueues", "QueueConfigs"),
        disassociate: ("DisassociateRoutingProfileQueues", "QueueReferences"),
        update: Some(("UpdateRoutingProfileQueues", "QueueConfigs")),
        batch: 10,
        key: |config| config.get("QueueReference").cloned().unwrap_or_default(),
    }],
    kept: &["Description"],
    retire: Retire::Tagged,
    delete: Some("DeleteRoutingProfile"),
    also: &[("connect:ListRoutingProfileQueues", On::Instance)],
    rename: Some(Rename { operation: "UpdateRoutingProfileName", with: &["Description"] }),
    ..Spec::EMPTY
};

impl Kind for RoutingProfile {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn normalise(&self, body: &mut Map<String, Value>) {
        // Said only where there are some: then the field is reported as not managed.
        let count = "NumberOfAssociatedManualAssignmentQueues";
        if body.get(count).and_then(Value::as_u64) == Some(0) {
            body.shift_remove(count);
        }
        self.canonical(body);
    }

    fn canonical(&self, body: &mut Map<String, Value>) {
        if body.get("AgentAvailabilityTimer") == Some(&json!(TIMER)) {
            body.shift_remove("AgentAvailabilityTimer");
        }
        if let Some(Value::Array(channels)) = body.get_mut("MediaConcurrencies") {
            for channel in channels.iter_mut().filter_map(Value::as_object_mut) {
                super::shape::in_order(channel, &["Channel", "Concurrency"]);
            }
            channels.sort_by_cached_key(|c| c["Channel"].to_string());
        }
        if let Some(Value::Array(configs)) = body.get_mut("QueueConfigs") {
            for config in configs.iter_mut().filter_map(Value::as_object_mut) {
                super::shape::in_order(config, &["QueueReference", "Priority", "Delay"]);
                if let Some(Value::Object(reference)) = config.get_mut("QueueReference") {
                    super::shape::in_order(reference, &["QueueId", "Channel"]);
                }
            }
            configs.sort_by_cached_key(|c| c["QueueReference"].to_string());
        }
    }

    fn input(&self, operation: &str, input: &mut Map<String, Value>) {
        let timer = input.get("AgentAvailabilityTimer");
        if operation == "UpdateRoutingProfileAgentAvailabilityTimer"
            && timer.is_none_or(crate::read::is_empty)
        {
            input.insert("AgentAvailabilityTimer".to_owned(), json!(TIMER));
        }
    }
}
