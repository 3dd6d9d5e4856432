//! Which flow a claimed phone number leads to. The document is named after the number's binding
//! (`phone:Main line`); where the number is unbound, the document is skipped. Always the last of an apply.

use super::association::{associate, refuse_other_name};
use crate::bindings::Bindings;
use crate::kind::{Format, IdField, Kind, Reading, Spec};
use crate::permissions::On;
use crate::plan::{Change, StepsOf};
use crate::read::{Reader, text};
use crate::resource::{Names, Resource};
use serde_json::json;
use trunkline_flow::reference::Reference;
use trunkline_model::Diagnostic;

/// The kind `phone-flow`.
pub(super) struct PhoneFlow;

const IDS: &[IdField] = &[(&["PhoneNumberId"], "phone"), (&["ContactFlowId"], "flow")];

static SPEC: Spec = Spec {
    name: "phone-flow",
    folder: "connect/phone-flows",
    format: Format::Yaml,
    id_member: "PhoneNumberId",
    fields: &["PhoneNumberId", "ContactFlowId"],
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
            let input = json!({ "ResourceType": "VOICE_PHONE_NUMBER", "MaxResults": 1000 });
            let items = "FlowAssociationSummaryList";
            let rows = reader.pages("ListFlowAssociations", items, input).await?;
            let resource = |row| {
                let number = text(row, "ResourceId");
                let mut resource = Resource::new(SPEC.name, &number, "", "");
                resource.body.insert("PhoneNumberId".to_owned(), json!(number));
                resource.body.insert("ContactFlowId".to_owned(), json!(text(row, "FlowId")));
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
        refuse_other_name(&SPEC, change, "PhoneNumberId", &expected)
    }

    fn steps(&self, change: &Change<'_>, steps: &mut StepsOf<'_>) {
        associate("AssociatePhoneNumberContactFlow", change.wanted.body.clone(), steps);
    }
}
