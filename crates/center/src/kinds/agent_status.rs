//! Agent statuses. None can be deleted; those of AWS (`Available`, `Offline`) are only compared, where
//! somebody wrote a document for them.

use super::aws_made;
use crate::cloud::CallError;
use crate::document::Document;
use crate::kind::{Create, Describe, Format, Kind, List, Rename, Retire, Search, Spec, Update};
use crate::plan::Change;
use crate::read::{Reader, is_empty};
use crate::resource::Resource;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use trunkline_model::Diagnostic;

/// The kind `agent-status`.
pub(super) struct AgentStatus;

const WRITTEN: &[&str] = &["Description", "State", "DisplayOrder"];

static SPEC: Spec = Spec {
    name: "agent-status",
    folder: "connect/agent-statuses",
    format: Format::Yaml,
    arn_word: "agent-state",
    id_member: "AgentStatusId",
    list: Some(List {
        operation: "ListAgentStatuses",
        items: "AgentStatusSummaryList",
        input: "{}",
        members: ("Id", "Arn", "Name"),
    }),
    search: Some(Search {
        operation: "SearchAgentStatuses",
        items: "AgentStatuses",
        page: 100,
        input: "{}",
    }),
    describe: Some(Describe { operation: "DescribeAgentStatus", member: "AgentStatus" }),
    create: Some(Create {
        operation: "CreateAgentStatus",
        fields: WRITTEN,
        made: ("AgentStatusId", "AgentStatusARN"),
        tags: true,
    }),
    fields: &["Type", "Description", "State", "DisplayOrder"],
    ignored: &["AgentStatusId", "AgentStatusARN"],
    updates: &[Update { operation: "UpdateAgentStatus", fields: WRITTEN, name: false }],
    retire: Retire::First {
        operation: "UpdateAgentStatus",
        input: r#"{"State":"DISABLED"}"#,
        says: ("State", "DISABLED"),
    },
    rename: Some(Rename { operation: "UpdateAgentStatus", with: WRITTEN }),
    ..Spec::EMPTY
};

impl Kind for AgentStatus {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn normalise(&self, body: &mut Map<String, Value>) {
        // What a status is made as is not said.
        for (field, usual) in [("State", "ENABLED"), ("Type", "CUSTOM")] {
            if body.get(field) == Some(&json!(usual)) {
                body.shift_remove(field);
            }
        }
    }

    fn complete<'a>(
        &'a self,
        _: &'a Reader<'a>,
        resource: &'a mut Resource,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        resource.retired = resource.body.get("State") == Some(&json!("DISABLED"));
        Box::pin(async { Ok(()) })
    }

    fn comparable(&self, resource: &Resource, wanted: &Document) -> Map<String, Value> {
        aws_made::comparable("Type", resource, wanted)
    }

    fn input(&self, operation: &str, input: &mut Map<String, Value>) {
        if input.get("State").is_none_or(is_empty) {
            input.insert("State".to_owned(), json!("ENABLED"));
        }
        let disabled = input.get("State") == Some(&json!("DISABLED"));
        let retires = disabled && !input.contains_key("Description");
        if operation == "UpdateAgentStatus" && !retires && !input.contains_key("DisplayOrder") {
            input.insert("ResetOrderNumber".to_owned(), json!(true));
        }
    }

    fn refuse(&self, change: &Change<'_>) -> Vec<Diagnostic> {
        aws_made::refuse("Type", change)
    }

    fn system(&self, resource: &Resource) -> bool {
        resource.body.contains_key("Type")
    }
}
