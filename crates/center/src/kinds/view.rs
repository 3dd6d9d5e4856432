//! Views: the forms of the agents' workspace, with drafts beside what is published. AWS's own views are
//! known by name and never written.

use super::aws_made;
use super::content::{self, Draftable};
use crate::cloud::CallError;
use crate::document::Document;
use crate::kind::{Create, Describe, Format, Kind, List, Rename, Retire, Search, Spec};
use crate::permissions::On;
use crate::plan::{Action, Change, StepsOf, made, tag_changes, tags_to_set};
use crate::read::Reader;
use crate::resource::Resource;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use trunkline_model::Diagnostic;

/// The kind `view`.
pub(super) struct View;

static SPEC: Spec = Spec {
    name: "view",
    folder: "connect/views",
    format: Format::Json,
    arn_word: "view",
    id_member: "ViewId",
    list: Some(List {
        operation: "ListViews",
        items: "ViewsSummaryList",
        input: "{}",
        members: ("Id", "Arn", "Name"),
    }),
    search: Some(Search { operation: "SearchViews", items: "Views", page: 100, input: "{}" }),
    describe: Some(Describe { operation: "DescribeView", member: "View" }),
    create: Some(Create {
        operation: "CreateView",
        fields: &["status", "description", "content"],
        made: ("/View/Id", "/View/Arn"),
        tags: true,
    }),
    fields: &["type", "status", "description", "content"],
    keeps: &["description"],
    ignored: &["Version", "VersionDescription", "CreatedTime", "ViewContentSha256"],
    retire: Retire::Tagged,
    delete: Some("DeleteView"),
    also: &[
        ("connect:UpdateViewContent", On::Instance),
        ("connect:UpdateViewMetadata", On::Instance),
    ],
    rename: Some(Rename { operation: "UpdateViewMetadata", with: &[] }),
    ..Spec::EMPTY
};

/// What views share with flows and modules; they are written by calls of their own.
static DRAFTABLE: Draftable = Draftable {
    spec: &SPEC,
    status_of_summary: "Status",
    not_published: "",
    update_content: "UpdateViewContent",
    update_metadata: "UpdateViewMetadata",
    state_member: "",
    create_takes_status: true,
    content_members: &["content"],
    beside_content: &[],
};

impl Kind for View {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn normalise(&self, body: &mut Map<String, Value>) {
        if let Some(Value::Object(mut theirs)) = body.shift_remove("Content") {
            // The input schema is derived from the template by the service.
            let mut ours = Map::new();
            if let Some(actions) = theirs.shift_remove("Actions") {
                ours.insert("actions".to_owned(), actions);
            }
            if let Some(Value::String(text)) = theirs.shift_remove("Template") {
                // What does not parse stays a text.
                let template = serde_json::from_str(&text).unwrap_or(Value::String(text));
                ours.insert("template".to_owned(), template);
            }
            body.insert("content".to_owned(), Value::Object(ours));
        }
        content::normalise(body);
        if body.get("type") == Some(&json!("CUSTOMER_MANAGED")) {
            body.shift_remove("type");
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
        Box::pin(async move {
            if self.system(resource) {
                return Ok(());
            }
            content::read_draft(self, &DRAFTABLE, reader, resource).await
        })
    }

    fn complete<'a>(
        &'a self,
        reader: &'a Reader<'a>,
        resource: &'a mut Resource,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async move {
            if reader.options.drafts { self.read_draft(reader, resource).await } else { Ok(()) }
        })
    }

    fn comparable(&self, resource: &Resource, wanted: &Document) -> Map<String, Value> {
        let mut body = content::comparable(resource, wanted);
        if !wanted.body.contains_key("type") {
            body.shift_remove("type");
        }
        body
    }

    fn adopt_file(
        &self,
        _: &str,
        mut fields: Map<String, Value>,
    ) -> Result<Map<String, Value>, Diagnostic> {
        fields.entry("status").or_insert_with(|| json!("published"));
        Ok(fields)
    }

    fn input(&self, _: &str, input: &mut Map<String, Value>) {
        let Some(Value::Object(mut ours)) = input.shift_remove("content") else { return };
        let mut theirs = Map::new();
        if let Some(template) = ours.shift_remove("template") {
            let text = if template.is_string() { template } else { json!({ "$json": template }) };
            theirs.insert("Template".to_owned(), text);
        }
        if let Some(actions) = ours.shift_remove("actions") {
            theirs.insert("Actions".to_owned(), actions);
        }
        input.insert("Content".to_owned(), Value::Object(theirs));
    }

    fn refuse(&self, change: &Change<'_>) -> Vec<Diagnostic> {
        let mut problems = content::refuse(change);
        problems.extend(aws_made::refuse("type", change));
        problems
    }

    fn steps(&self, change: &Change<'_>, steps: &mut StepsOf<'_>) {
        let body = &change.wanted.body;
        let status = body.get("status").and_then(Value::as_str).unwrap_or("published");
        let mut written = Map::new();
        written.insert("Status".to_owned(), json!(status.to_uppercase()));
        let content = body.get("content").cloned().unwrap_or_else(|| json!({}));
        written.insert("content".to_owned(), content);
        let description = body.get("description").map(|d| ("Description".to_owned(), d.clone()));
        let Some(live) = change.live else {
            let Some(create) = &SPEC.create else { return };
            written.insert("Name".to_owned(), json!(steps.own_name()));
            written.extend(description);
            written.insert("Tags".to_owned(), tags_to_set(&SPEC, body, change));
            return made(steps, &SPEC, create, written);
        };
        if change.differs("content") || change.differs("status") {
            let action = if change.differs("content") { Action::Update } else { Action::Publish };
            written.insert("ViewId".to_owned(), json!(steps.own_id()));
            let step = steps.connect(action, "UpdateViewContent", written);
            step.check = content::saved_check(&DRAFTABLE, live);
        }
        if change.differs("description") {
            let mut input = Map::new();
            input.insert("ViewId".to_owned(), json!(steps.own_id()));
            input.extend(description);
            let step = steps.connect(Action::Update, "UpdateViewMetadata", input);
            step.check = content::saved_read(&DRAFTABLE, live, &["description"], &live.body);
        }
        tag_changes(&SPEC, change, steps);
    }

    fn system(&self, resource: &Resource) -> bool {
        resource.body.contains_key("type")
    }
}
