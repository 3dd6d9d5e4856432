//! Everything that an instance holds, read with the service's own operations, past all of our code.
//!
//! `raw` is byte for byte; `named` has kinds and names in place of ids and ARNs, and no times, so that
//! two instances can be held against each other.

use crate::stage::Stage;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Kind, List operation, its items, its id and name members, Describe operation, its id member.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const ROWS: &[Row] = &[
    (
        "flow",
        "ListContactFlows",
        "ContactFlowSummaryList",
        "Id",
        "Name",
        "DescribeContactFlow",
        "ContactFlowId",
    ),
    (
        "module",
        "ListContactFlowModules",
        "ContactFlowModulesSummaryList",
        "Id",
        "Name",
        "DescribeContactFlowModule",
        "ContactFlowModuleId",
    ),
    ("view", "ListViews", "ViewsSummaryList", "Id", "Name", "DescribeView", "ViewId"),
    ("queue", "ListQueues", "QueueSummaryList", "Id", "Name", "DescribeQueue", "QueueId"),
    (
        "hours",
        "ListHoursOfOperations",
        "HoursOfOperationSummaryList",
        "Id",
        "Name",
        "DescribeHoursOfOperation",
        "HoursOfOperationId",
    ),
    ("prompt", "ListPrompts", "PromptSummaryList", "Id", "Name", "DescribePrompt", "PromptId"),
    (
        "quick-connect",
        "ListQuickConnects",
        "QuickConnectSummaryList",
        "Id",
        "Name",
        "DescribeQuickConnect",
        "QuickConnectId",
    ),
    (
        "routing-profile",
        "ListRoutingProfiles",
        "RoutingProfileSummaryList",
        "Id",
        "Name",
        "DescribeRoutingProfile",
        "RoutingProfileId",
    ),
    (
        "security-profile",
        "ListSecurityProfiles",
        "SecurityProfileSummaryList",
        "Id",
        "Name",
        "DescribeSecurityProfile",
        "SecurityProfileId",
    ),
    (
        "agent-status",
        "ListAgentStatuses",
        "AgentStatusSummaryList",
        "Id",
        "Name",
        "DescribeAgentStatus",
        "AgentStatusId",
    ),
    (
        "hierarchy-group",
        "ListUserHierarchyGroups",
        "UserHierarchyGroupSummaryList",
        "Id",
        "Name",
        "DescribeUserHierarchyGroup",
        "HierarchyGroupId",
    ),
    ("user", "ListUsers", "UserSummaryList", "Id", "Username", "DescribeUser", "UserId"),
    (
        "predefined-attribute",
        "ListPredefinedAttributes",
        "PredefinedAttributeSummaryList",
        "Name",
        "Name",
        "DescribePredefinedAttribute",
        "Name",
    ),
];

/// Reads of one resource beside its Describe: kind, operation, id member.
const BESIDE: &[(&str, &str, &str)] = &[
    ("hours", "ListHoursOfOperationOverrides", "HoursOfOperationId"),
    ("queue", "ListQueueQuickConnects", "QueueId"),
    ("routing-profile", "ListRoutingProfileQueues", "RoutingProfileId"),
    ("security-profile", "ListSecurityProfilePermissions", "SecurityProfileId"),
    ("security-profile", "ListSecurityProfileApplications", "SecurityProfileId"),
    ("security-profile", "ListSecurityProfileFlowModules", "SecurityProfileId"),
    ("user", "ListUserProficiencies", "UserId"),
];

/// Reads of the instance as a whole.
const WHOLE: &[(&str, Option<(&str, &str)>)] = &[
    ("DescribeUserHierarchyStructure", None),
    ("ListInstanceAttributes", None),
    ("ListApprovedOrigins", None),
    ("ListSecurityKeys", None),
    ("ListLambdaFunctions", None),
    ("ListBots", Some(("LexVersion", "V2"))),
    ("ListFlowAssociations", Some(("ResourceType", "VOICE_PHONE_NUMBER"))),
    ("ListInstanceStorageConfigs", Some(("ResourceType", "CALL_RECORDINGS"))),
    ("ListInstanceStorageConfigs", Some(("ResourceType", "CONTACT_TRACE_RECORDS"))),
];

/// Everything, by `kind/name`; drafts as `kind/name $SAVED`.
pub fn raw(stage: &Stage) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for (kind, list, items, id, name, describe, member) in ROWS {
        let rows = stage.listed(list, items);
        for row in rows {
            let (id, name) = (text(&row, id), text(&row, name));
            // What is only saved has nothing published to describe, and is found as its draft.
            let drafted = ["flow", "module"].contains(kind);
            let saved = ["ContactFlowStatus", "Status"]
                .iter()
                .any(|m| text(&row, m).eq_ignore_ascii_case("saved"));
            let mut put = |key: String, value: Value| {
                assert!(all.insert(key.clone(), value).is_none(), "{key} exists twice");
            };
            if !saved {
                put(format!("{kind}/{name}"), stage.called(describe, json!({ *member: id })));
            }
            if drafted {
                let draft = stage.called(describe, json!({ *member: format!("{id}:$SAVED") }));
                put(format!("{kind}/{name} $SAVED"), draft);
            }
            for (_, operation, member) in BESIDE.iter().filter(|(k, ..)| k == kind) {
                put(
                    format!("{kind}/{name} {operation}"),
                    stage.called(operation, json!({ *member: id })),
                );
            }
        }
    }
    for (operation, input) in WHOLE {
        let (input, key) = match input {
            Some((member, value)) => (json!({ *member: value }), format!("{operation} {value}")),
            None => (json!({}), (*operation).to_owned()),
        };
        all.insert(key, stage.called(operation, input));
    }
    all
}

/// Everything, with names for ids and without times.
pub fn named(stage: &Stage) -> BTreeMap<String, Value> {
    let mut names: Vec<(String, String)> =
        vec![(stage.instance.id.clone(), "(instance)".to_owned())];
    for (kind, list, items, id, name, ..) in ROWS {
        for row in stage.listed(list, items) {
            names.push((text(&row, id), format!("({kind} {})", text(&row, name))));
        }
    }
    let levels = stage.called("DescribeUserHierarchyStructure", json!({}));
    for (level, body) in levels["HierarchyStructure"].as_object().into_iter().flatten() {
        names.push((text(body, "Id"), format!("({level})")));
    }
    let mut all = raw(stage);
    names.retain(|(id, _)| id.len() > 20);
    all.values_mut().for_each(|value| rename(value, &names));
    all
}

fn rename(value: &mut Value, names: &[(String, String)]) {
    match value {
        Value::String(text) => {
            for (id, name) in names {
                if text.contains(id.as_str()) {
                    *text = text.replace(id.as_str(), name);
                }
            }
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|v| rename(v, names));
            items.sort_by_cached_key(Value::to_string);
        }
        Value::Object(map) => {
            map.retain(|key, _| !LEFT_OUT.contains(&key.as_str()));
            map.values_mut().for_each(|v| rename(v, names));
        }
        _ => {}
    }
}

/// Times, and what the service numbers by itself.
const LEFT_OUT: &[&str] = &[
    "LastModifiedTime",
    "LastModifiedRegion",
    "CreatedTime",
    "CreationTime",
    "AssociationId",
    "HoursOfOperationOverrideId",
    "Version",
    "VersionDescription",
    "NextToken",
    "ViewContentSha256",
    "FlowContentSha256",
    "FlowModuleContentSha256",
    "DisplayOrder",
];

fn text(value: &Value, member: &str) -> String {
    value.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl Stage {
    /// Calls Connect on the instance.
    #[track_caller]
    pub fn called(&self, operation: &str, mut input: Value) -> Value {
        input["InstanceId"] = json!(self.instance.id);
        self.cloud.must("connect", operation, input)
    }

    /// All rows of a List.
    #[track_caller]
    pub fn listed(&self, operation: &str, items: &str) -> Vec<Value> {
        let (mut rows, mut token) = (Vec::new(), Value::Null);
        loop {
            let mut input = Map::new();
            if !token.is_null() {
                input.insert("NextToken".to_owned(), token);
            }
            let mut output = self.called(operation, Value::Object(input));
            if let Value::Array(page) = output[items].take() {
                rows.extend(page);
            }
            token = output["NextToken"].take();
            if token.is_null() {
                return rows;
            }
        }
    }

    /// The id of the resource of a kind and name.
    #[track_caller]
    pub fn id_of(&self, kind: &str, wanted: &str) -> String {
        let row = ROWS.iter().find(|r| r.0 == kind).expect("a kind of the table");
        let rows = self.listed(row.1, row.2);
        let found = rows.iter().find(|r| text(r, row.4) == wanted);
        text(found.expect("it is there"), row.3)
    }
}
