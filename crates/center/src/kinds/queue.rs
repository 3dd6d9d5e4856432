//! Standard queues, with their quick connects, whisper flow and caller id. Agents' own queues are not here.

use crate::kind::{
    Create, Describe, Format, Kind, List, Listed, Members, Rename, Retire, Search, Spec, Update,
};
use crate::permissions::On;
use crate::resource::Resource;
use crate::{cloud::CallError, read::Reader};
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

/// The kind `queue`.
pub(super) struct Queue;

const CREATED_WITH: &[&str] = &[
    "Description",
    "HoursOfOperationId",
    "MaxContacts",
    "OutboundCallerConfig",
    "OutboundEmailConfig",
];

/// Calls that take a configuration away by an empty one.
const EMPTIED: &[(&str, &str)] = &[
    ("UpdateQueueOutboundCallerConfig", "OutboundCallerConfig"),
    ("UpdateQueueOutboundEmailConfig", "OutboundEmailConfig"),
];

static SPEC: Spec = Spec {
    name: "queue",
    folder: "connect/queues",
    format: Format::Yaml,
    arn_word: "queue",
    id_member: "QueueId",
    list: Some(List {
        operation: "ListQueues",
        items: "QueueSummaryList",
        input: r#"{"QueueTypes":["STANDARD"]}"#,
        members: ("Id", "Arn", "Name"),
    }),
    search: Some(Search {
        operation: "SearchQueues",
        items: "Queues",
        page: 100,
        input: r#"{"SearchCriteria":{"QueueTypeCondition":"STANDARD"}}"#,
    }),
    describe: Some(Describe { operation: "DescribeQueue", member: "Queue" }),
    create: Some(Create {
        operation: "CreateQueue",
        fields: CREATED_WITH,
        made: ("QueueId", "QueueArn"),
        tags: true,
    }),
    fields: &[
        "Description",
        "HoursOfOperationId",
        "MaxContacts",
        "OutboundCallerConfig",
        "OutboundEmailConfig",
        "Status",
        "QuickConnectIds",
    ],
    listed: &[Listed {
        field: "QuickConnectIds",
        operation: "ListQueueQuickConnects",
        items: "QuickConnectSummaryList",
        row: |row| row["Id"].clone(),
    }],
    ignored: &["QueueId", "QueueArn", "QueueType"],
    ids: &[
        (&["HoursOfOperationId"], "hours"),
        (&["OutboundCallerConfig", "OutboundCallerIdNumberId"], "phone"),
        (&["OutboundCallerConfig", "OutboundFlowId"], "flow"),
        (&["QuickConnectIds", "*"], "quick-connect"),
    ],
    updates: &[
        Update { operation: "UpdateQueueName", fields: &["Description"], name: true },
        Update {
            operation: "UpdateQueueHoursOfOperation",
            fields: &["HoursOfOperationId"],
            name: false,
        },
        Update { operation: "UpdateQueueMaxContacts", fields: &["MaxContacts"], name: false },
        Update {
            operation: "UpdateQueueOutboundCallerConfig",
            fields: &["OutboundCallerConfig"],
            name: false,
        },
        Update {
            operation: "UpdateQueueOutboundEmailConfig",
            fields: &["OutboundEmailConfig"],
            name: false,
        },
        Update { operation: "UpdateQueueStatus", fields: &["Status"], name: false },
    ],
    members: &[Members {
        field: "QuickConnectIds",
        associate: ("AssociateQueueQuickConnects", "QuickConnectIds"),
        disassociate: ("DisassociateQueueQuickConnects", "QuickConnectIds"),
        update: None,
        batch: 50,
        key: Value::clone,
    }],
    kept: &["Description"],
    retire: Retire::First {
        operation: "UpdateQueueStatus",
        input: r#"{"Status":"DISABLED"}"#,
        says: ("Status", "DISABLED"),
    },
    delete: Some("DeleteQueue"),
    also: &[("connect:ListQueueQuickConnects", On::Instance)],
    rename: Some(Rename { operation: "UpdateQueueName", with: &["Description"] }),
    ..Spec::EMPTY
};

impl Kind for Queue {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn normalise(&self, body: &mut Map<String, Value>) {
        self.canonical(body);
    }

    fn canonical(&self, body: &mut Map<String, Value>) {
        // ENABLED is what a queue is made as; saying it would only make noise.
        if body.get("Status") == Some(&json!("ENABLED")) {
            body.shift_remove("Status");
        }
        if let Some(Value::Object(config)) = body.get_mut("OutboundCallerConfig") {
            config.retain(|_, value| !crate::read::is_empty(value));
            let order = ["OutboundCallerIdName", "OutboundCallerIdNumberId", "OutboundFlowId"];
            super::shape::in_order(config, &order);
        }
        if let Some(Value::Array(ids)) = body.get_mut("QuickConnectIds") {
            ids.sort_by_cached_key(Value::to_string);
        }
    }

    fn complete<'a>(
        &'a self,
        _: &'a Reader<'a>,
        resource: &'a mut Resource,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async move {
            resource.retired = resource.body.get("Status") == Some(&json!("DISABLED"));
            Ok(())
        })
    }

    fn input(&self, operation: &str, input: &mut Map<String, Value>) {
        if operation == "UpdateQueueStatus" && input.get("Status").is_none_or(crate::read::is_empty)
        {
            input.insert("Status".to_owned(), json!("ENABLED"));
        }
        // A configuration that is gone from the document is sent empty: the call requires it.
        for (update, field) in EMPTIED {
            if operation == *update {
                input.entry(*field).or_insert_with(|| json!({}));
            }
        }
    }
}
