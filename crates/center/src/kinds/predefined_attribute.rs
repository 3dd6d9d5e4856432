//! Predefined attributes: known by their name, without id, ARN or tags. Those of AWS (`connect:...`)
//! differ from instance to instance and stay as they are.

use crate::kind::{Create, Describe, Format, Kind, List, Search, Spec, Update};
use crate::plan::Change;
use crate::resource::Resource;
use serde_json::{Map, Value, json};
use trunkline_model::Diagnostic;

/// The kind `predefined-attribute`.
pub(super) struct PredefinedAttribute;

const FIELDS: &[&str] = &["Purposes", "AttributeConfiguration", "Values"];

static SPEC: Spec = Spec {
    name: "predefined-attribute",
    folder: "connect/predefined-attributes",
    format: Format::Yaml,
    id_member: "Name",
    list: Some(List {
        operation: "ListPredefinedAttributes",
        items: "PredefinedAttributeSummaryList",
        input: "{}",
        members: ("Name", "", "Name"),
    }),
    search: Some(Search {
        operation: "SearchPredefinedAttributes",
        items: "PredefinedAttributes",
        page: 100,
        input: "{}",
    }),
    describe: Some(Describe {
        operation: "DescribePredefinedAttribute",
        member: "PredefinedAttribute",
    }),
    create: Some(Create {
        operation: "CreatePredefinedAttribute",
        fields: FIELDS,
        made: ("", ""),
        tags: false,
    }),
    fields: FIELDS,
    updates: &[Update { operation: "UpdatePredefinedAttribute", fields: FIELDS, name: false }],
    delete: Some("DeletePredefinedAttribute"),
    ..Spec::EMPTY
};

impl Kind for PredefinedAttribute {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn normalise(&self, body: &mut Map<String, Value>) {
        // The values stand in a member of their own, which no document needs.
        if let Some(Value::Object(mut values)) = body.shift_remove("Values") {
            let list = values.shift_remove("StringList").unwrap_or(json!([]));
            body.insert("Values".to_owned(), list);
        }
        if let Some(Value::Object(configuration)) = body.get_mut("AttributeConfiguration") {
            configuration.shift_remove("IsReadOnly");
        }
    }

    fn canonical(&self, body: &mut Map<String, Value>) {
        if let Some(Value::Array(purposes)) = body.get_mut("Purposes") {
            purposes.sort_by_key(Value::to_string);
        }
    }

    fn input(&self, _: &str, input: &mut Map<String, Value>) {
        if let Some(values) = input.shift_remove("Values") {
            input.insert("Values".to_owned(), json!({ "StringList": values }));
        }
        // An empty configuration has nothing to say.
        if input.get("AttributeConfiguration").is_some_and(crate::read::is_empty) {
            input.shift_remove("AttributeConfiguration");
        }
    }

    fn refuse(&self, change: &Change<'_>) -> Vec<Diagnostic> {
        if !is_system(&change.wanted.name) {
            return Vec::new();
        }
        vec![
            Diagnostic::error("TL0406", "attributes of AWS cannot be made or changed")
                .on(change.wanted.subject())
                .help("remove the document, or give the attribute a name without `connect:`"),
        ]
    }

    fn system(&self, resource: &Resource) -> bool {
        is_system(&resource.name)
    }
}

fn is_system(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with("connect:")
}
