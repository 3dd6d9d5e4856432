//! Flows of every type: content, designer layout, SAVED and PUBLISHED, drafts, stubs for cycles.

use super::content::{self, Draftable};
use crate::cloud::CallError;
use crate::kind::{Create, Describe, Format, Kind, List, Reading, Rename, Retire, Search, Spec};
use crate::permissions::On;
use crate::plan::{Change, StepsOf};
use crate::read::Reader;
use crate::resource::Resource;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use trunkline_model::Diagnostic;

/// The kind `flow`.
pub(super) struct Flow;

static SPEC: Spec = Spec {
    name: "flow",
    folder: "connect/flows",
    format: Format::Json,
    arn_word: "contact-flow",
    id_member: "ContactFlowId",
    list: Some(List {
        operation: "ListContactFlows",
        items: "ContactFlowSummaryList",
        input: "{}",
        members: ("Id", "Arn", "Name"),
    }),
    search: Some(Search {
        operation: "SearchContactFlows",
        items: "ContactFlows",
        page: 100,
        input: "{}",
    }),
    describe: Some(Describe { operation: "DescribeContactFlow", member: "ContactFlow" }),
    create: Some(Create {
        operation: "CreateContactFlow",
        fields: &["type", "description", "content"],
        made: ("ContactFlowId", "ContactFlowArn"),
        tags: true,
    }),
    fields: &["type", "status", "state", "description", "content", "layout"],
    ignored: &["FlowContentSha256", "Version", "VersionDescription"],
    retire: Retire::First {
        operation: "UpdateContactFlowMetadata",
        input: r#"{"ContactFlowState":"ARCHIVED"}"#,
        says: ("state", "archived"),
    },
    delete: Some("DeleteContactFlow"),
    also: &[("connect:UpdateContactFlowContent", On::Instance)],
    rename: Some(Rename { operation: "UpdateContactFlowName", with: &[] }),
    ..Spec::EMPTY
};

/// How flows differ from modules where both are drafted and published.
pub(super) static DRAFTABLE: Draftable = Draftable {
    spec: &SPEC,
    status_of_summary: "ContactFlowStatus",
    not_published: "ContactFlowNotPublishedException",
    update_content: "UpdateContactFlowContent",
    update_metadata: "UpdateContactFlowMetadata",
    state_member: "ContactFlowState",
    create_takes_status: true,
    content_members: &["content", "layout"],
    beside_content: &[],
};

impl Kind for Flow {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn read<'a>(&'a self, reader: &'a Reader<'a>) -> Option<Reading<'a>> {
        Some(Box::pin(content::read(self, &DRAFTABLE, reader)))
    }

    fn normalise(&self, body: &mut Map<String, Value>) {
        content::normalise(body);
    }

    fn has_drafts(&self) -> bool {
        true
    }

    fn read_draft<'a>(
        &'a self,
        reader: &'a Reader<'a>,
        resource: &'a mut Resource,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(content::read_draft(self, &DRAFTABLE, reader, resource))
    }

    fn canonical(&self, body: &mut Map<String, Value>) {
        content::canonical(body);
    }

    fn adopt_file(
        &self,
        path: &str,
        fields: Map<String, Value>,
    ) -> Result<Map<String, Value>, Diagnostic> {
        content::adopt_file(path, fields, false)
    }

    fn refuse(&self, change: &Change<'_>) -> Vec<Diagnostic> {
        let mut problems = content::refuse(change);
        if change.live.is_some() && change.differs("type") {
            problems.push(
                Diagnostic::error("TL0406", "a flow's type cannot be changed")
                    .on(change.wanted.subject())
                    .help("give the flow another name, or delete the old one in the target first"),
            );
        }
        problems
    }

    fn describe(&self, change: &Change<'_>) -> (Vec<String>, bool) {
        content::describe(change)
    }

    fn input(&self, operation: &str, input: &mut Map<String, Value>) {
        if operation == "CreateContactFlow"
            && let Some(flow_type) = input.shift_remove("type")
        {
            input.insert("Type".to_owned(), flow_type);
        }
    }

    fn steps(&self, change: &Change<'_>, steps: &mut StepsOf<'_>) {
        let body = &change.wanted.body;
        let flow_type = body.get("type").cloned().unwrap_or_else(|| json!("CONTACT_FLOW"));
        if change.live.is_some() {
            content::update(&DRAFTABLE, change, steps);
            let stub = stub_content(flow_type.as_str().unwrap_or_default());
            if let Some(stub) = stub.filter(|_| !change.options.published_may_name_saved) {
                content::publish_in_cycles(&DRAFTABLE, change, steps, &stub);
            }
            return;
        }
        let mut input = Map::new();
        input.insert("type".to_owned(), flow_type.clone());
        let stub = stub_content(flow_type.as_str().unwrap_or_default());
        let published_stub = !change.options.published_may_name_saved && stub.is_some();
        let stub = stub.unwrap_or_else(|| stub_content("CONTACT_FLOW").unwrap_or_default());
        content::create(&DRAFTABLE, change, steps, input, &stub, published_stub);
    }
}

/// The smallest content that the service publishes for a type; None where no such content is known.
pub(super) fn stub_content(flow_type: &str) -> Option<Value> {
    let (action, parameters, transitions) = match flow_type {
        "CONTACT_FLOW" | "CUSTOMER_QUEUE" | "AGENT_TRANSFER" | "QUEUE_TRANSFER" => {
            ("DisconnectParticipant", json!({}), json!({}))
        }
        "CUSTOMER_WHISPER" | "AGENT_WHISPER" | "OUTBOUND_WHISPER" => {
            ("EndFlowExecution", json!({}), json!({}))
        }
        "CUSTOMER_HOLD" | "AGENT_HOLD" => {
            ("MessageParticipantIteratively", json!({ "Messages": [{ "Text": "..." }] }), json!({}))
        }
        _ => return None,
    };
    Some(content::stub_of(action, parameters, transitions))
}
