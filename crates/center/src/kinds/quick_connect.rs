//! Quick connects of every type. The users, queues and flows that they lead to are references; a number
//! stands as it is unless the environment binds it.

use crate::kind::{
    Create, Describe, Format, IdField, Kind, List, Rename, Retire, Search, Spec, Update,
};
use serde_json::{Map, Value};

/// The kind `quick-connect`.
pub(super) struct QuickConnect;

const IDS: &[IdField] = &[
    (&["QuickConnectConfig", "UserConfig", "UserId"], "user"),
    (&["QuickConnectConfig", "UserConfig", "ContactFlowId"], "flow"),
    (&["QuickConnectConfig", "QueueConfig", "QueueId"], "queue"),
    (&["QuickConnectConfig", "QueueConfig", "ContactFlowId"], "flow"),
    (&["QuickConnectConfig", "FlowConfig", "ContactFlowId"], "flow"),
    (&["QuickConnectConfig", "PhoneConfig", "PhoneNumber"], "number"),
];

static SPEC: Spec = Spec {
    name: "quick-connect",
    folder: "connect/quick-connects",
    format: Format::Yaml,
    arn_word: "transfer-destination",
    id_member: "QuickConnectId",
    list: Some(List {
        operation: "ListQuickConnects",
        items: "QuickConnectSummaryList",
        input: "{}",
        members: ("Id", "Arn", "Name"),
    }),
    search: Some(Search {
        operation: "SearchQuickConnects",
        items: "QuickConnects",
        page: 100,
        input: "{}",
    }),
    describe: Some(Describe { operation: "DescribeQuickConnect", member: "QuickConnect" }),
    create: Some(Create {
        operation: "CreateQuickConnect",
        fields: &["Description", "QuickConnectConfig"],
        made: ("QuickConnectId", "QuickConnectARN"),
        tags: true,
    }),
    fields: &["Description", "QuickConnectConfig"],
    ignored: &["QuickConnectId", "QuickConnectARN"],
    ids: IDS,
    updates: &[
        Update { operation: "UpdateQuickConnectName", fields: &["Description"], name: true },
        Update {
            operation: "UpdateQuickConnectConfig",
            fields: &["QuickConnectConfig"],
            name: false,
        },
    ],
    retire: Retire::Tagged,
    delete: Some("DeleteQuickConnect"),
    rename: Some(Rename { operation: "UpdateQuickConnectName", with: &["Description"] }),
    ..Spec::EMPTY
};

/// Members of a configuration, in the order in which they are written.
const PARTS: [&str; 5] =
    ["QuickConnectType", "UserConfig", "QueueConfig", "PhoneConfig", "FlowConfig"];

impl Kind for QuickConnect {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn canonical(&self, body: &mut Map<String, Value>) {
        if let Some(Value::Object(config)) = body.get_mut("QuickConnectConfig") {
            super::shape::in_order(config, &PARTS);
        }
    }
}
