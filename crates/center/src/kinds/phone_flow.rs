//! Which flow a claimed phone number leads to. The document is named after the number's binding
//! (`phone:Main line`); where the number is unbound, the document is skipped. Always the last of an apply.

use super::association::{associate, refuse_other_name};
use crate::bindings::Bindings;
use crate::kind::{Format, IdField, Kind, Listed, Reading, Spec};
use crate::permissions::On;
use crate::plan::{Change, Check, StepsOf, check_pair, explicit_ids};
use crate::read::{Reader, json_of, text};
use crate::resource::{Names, Resource};
use serde_json::{Map, Value, json};
use trunkline_flow::reference::Reference;
use trunkline_model::Diagnostic;

type Body = Map<String, Value>;

/// The kind `phone-flow`.
pub(super) struct PhoneFlow;

const NUMBER: &str = "PhoneNumberId";
const FLOW: &str = "ContactFlowId";
const IDS: &[IdField] = &[(&[NUMBER], "phone"), (&[FLOW], "flow")];

/// Input of the List operation.
const VOICE: &str = r#"{"ResourceType":"VOICE_PHONE_NUMBER","MaxResults":1000}"#;

static SPEC: Spec = Spec {
    name: "phone-flow",
    folder: "connect/phone-flows",
    format: Format::Yaml,
    id_member: NUMBER,
    fields: &[NUMBER, FLOW],
    set: Some(Listed {
        field: FLOW,
        operation: "ListFlowAssociations",
        items: "FlowAssociationSummaryList",
        row: |row| json!([bare(&text(row, "ResourceId")), bare(&text(row, "FlowId"))]),
    }),
    ids: IDS,
    also: &[
        ("connect:ListFlowAssociations", On::Instance),
        ("connect:AssociatePhoneNumberContactFlow", On::Numbers),
        ("connect:DisassociatePhoneNumberContactFlow", On::Numbers),
    ],
    setting: true,
    ..Spec::EMPTY
};

impl Kind for PhoneFlow {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn read<'a>(&'a self, reader: &'a Reader<'a>) -> Option<Reading<'a>> {
        Some(Box::pin(async move {
            let items = "FlowAssociationSummaryList";
            let rows = reader.pages("ListFlowAssociations", items, json_of(VOICE)).await?;
            let resource = |row| {
                let number = text(row, "ResourceId");
                let mut resource = Resource::new(SPEC.name, &number, "", "");
                resource.body.insert(NUMBER.to_owned(), json!(number));
                resource.body.insert(FLOW.to_owned(), json!(text(row, "FlowId")));
                resource
            };
            Ok(rows.iter().map(resource).collect())
        }))
    }

    fn name_it(&self, resource: &mut Resource, names: &Names, bindings: &Bindings) {
        let id = resource.name.as_str();
        let Some(("phone", number)) = names.of_id(id).or_else(|| names.of_arn(id)) else { return };
        match bindings.name_of("phone", number) {
            Some(name) => resource.name = name,
            None => {
                resource.unbound = Some(("phone", number.to_owned()));
                resource.name = number.to_owned();
            }
        }
    }

    fn refuse(&self, change: &Change<'_>) -> Vec<Diagnostic> {
        let expected = Reference::new("phone", change.wanted.name.as_str()).to_string();
        refuse_other_name(&SPEC, change, NUMBER, &expected)
    }

    fn steps(&self, change: &Change<'_>, steps: &mut StepsOf<'_>) {
        let (was, is) = (change.live.map(|live| &live.body), &change.wanted.body);
        let check = leads(was, Some(is));
        associate("AssociatePhoneNumberContactFlow", is.clone(), steps).check = check;
    }
}

/// The read before a number leads elsewhere: where it led when the plan was made, and shall lead.
pub(crate) fn leads(was: Option<&Body>, is: Option<&Body>) -> Option<Check> {
    let pair = |body: &Body| {
        let mut body = Value::Object(body.clone());
        explicit_ids(&SPEC, &mut body);
        json!([bare(&text(&body, NUMBER)), bare(&text(&body, FLOW))])
    };
    check_pair(&SPEC, json_of(VOICE), was.map(pair), is.map(pair))
}

/// The id, where an ARN says it; a reference stays.
fn bare(text: &str) -> &str {
    let last = text.rsplit('/').next().unwrap_or(text);
    if text.starts_with("arn:") { last } else { text }
}
