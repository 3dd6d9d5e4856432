//! Flow modules: like flows, but without a type, published when they are made, and with a contract
//! (`settings`) for those that call them.

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

/// The kind `module`.
pub(super) struct Module;

static SPEC: Spec = Spec {
    name: "module",
    folder: "connect/modules",
    format: Format::Json,
    arn_word: "flow-module",
    id_member: "ContactFlowModuleId",
    list: Some(List {
        operation: "ListContactFlowModules",
        items: "ContactFlowModulesSummaryList",
        input: "{}",
        members: ("Id", "Arn", "Name"),
    }),
    search: Some(Search {
        operation: "SearchContactFlowModules",
        items: "ContactFlowModules",
        page: 100,
        input: "{}",
    }),
    describe: Some(Describe {
        operation: "DescribeContactFlowModule",
        member: "ContactFlowModule",
    }),
    create: Some(Create {
        operation: "CreateContactFlowModule",
        fields: &["description", "settings", "external_invocation", "content"],
        made: ("Id", "Arn"),
        tags: true,
    }),
    fields: &[
        "status",
        "state",
        "description",
        "external_invocation",
        "settings",
        "content",
        "layout",
    ],
    keeps: &["description"],
    ignored: &["FlowModuleContentSha256", "Version", "VersionDescription"],
    retire: Retire::First {
        operation: "UpdateContactFlowModuleMetadata",
        input: r#"{"State":"ARCHIVED"}"#,
        says: ("state", "archived"),
    },
    delete: Some("DeleteContactFlowModule"),
    also: &[("connect:UpdateContactFlowModuleContent", On::Instance)],
    rename: Some(Rename { operation: "UpdateContactFlowModuleMetadata", with: &[] }),
    ..Spec::EMPTY
};

static DRAFTABLE: Draftable = Draftable {
    spec: &SPEC,
    status_of_summary: "Status",
    not_published: "ContactFlowNotPublishedException",
    update_content: "UpdateContactFlowModuleContent",
    update_metadata: "UpdateContactFlowModuleMetadata",
    state_member: "State",
    create_takes_status: false,
    content_members: &["content", "layout", "settings"],
    beside_content: &[("settings", "Settings")],
};

impl Kind for Module {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn read<'a>(&'a self, reader: &'a Reader<'a>) -> Option<Reading<'a>> {
        Some(Box::pin(content::read(self, &DRAFTABLE, reader)))
    }

    fn normalise(&self, body: &mut Map<String, Value>) {
        content::normalise(body);
        if let Some(Value::String(text)) = body.shift_remove("Settings") {
            // What does not parse stays a text.
            let settings = serde_json::from_str(&text).unwrap_or(Value::String(text));
            body.insert("settings".to_owned(), settings);
        }
        let external = body.shift_remove("ExternalInvocationConfiguration");
        if external.is_some_and(|e| e.get("Enabled") == Some(&json!(true))) {
            body.insert("external_invocation".to_owned(), json!(true));
        }
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
        let mut fields = content::adopt_file(path, fields, true)?;
        fields.entry("status").or_insert_with(|| json!("published"));
        if fields.get("external_invocation") == Some(&json!(false)) {
            fields.shift_remove("external_invocation");
        }
        Ok(fields)
    }

    fn refuse(&self, change: &Change<'_>) -> Vec<Diagnostic> {
        let mut problems = content::refuse(change);
        if change.live.is_some() && change.differs("external_invocation") {
            problems.push(
                Diagnostic::error("TL0406", "`external_invocation` is fixed when a module is made")
                    .on(change.wanted.subject())
                    .help("give the module another name, or delete the old one in the target"),
            );
        }
        problems
    }

    fn describe(&self, change: &Change<'_>) -> (Vec<String>, bool) {
        content::describe(change)
    }

    fn steps(&self, change: &Change<'_>, steps: &mut StepsOf<'_>) {
        if change.live.is_some() {
            return content::update(&DRAFTABLE, change, steps);
        }
        let mut input = Map::new();
        if change.wanted.body.get("external_invocation") == Some(&json!(true)) {
            let enabled = json!({ "Enabled": true });
            input.insert("ExternalInvocationConfiguration".to_owned(), enabled);
        }
        content::create(&DRAFTABLE, change, steps, input, &stub_content(), true);
    }
}

/// The smallest content that the service takes as a module.
pub(super) fn stub_content() -> Value {
    let mut stub = content::stub_of("EndFlowModuleExecution", json!({}), json!({}));
    stub["Settings"] = json!({ "InputParameters": [], "OutputParameters": [], "Transitions": [] });
    stub
}
