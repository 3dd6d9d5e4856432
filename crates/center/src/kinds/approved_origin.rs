//! Origins of web pages that may embed the instance's agent panel. The document's name is the origin, or
//! the name of the binding that gives it (`Origin: ${origin:crm}`).

use super::association::{associate, literal, refuse_other_name, take_away};
use crate::bindings::Bindings;
use crate::kind::{Format, IdField, Kind, Reading, Spec};
use crate::permissions::On;
use crate::plan::{Change, StepsOf};
use crate::read::Reader;
use crate::resource::{Names, Resource};
use serde_json::{Map, Value, json};
use trunkline_flow::reference::{self, Reference};
use trunkline_model::Diagnostic;

/// The kind `approved-origin`.
pub(super) struct ApprovedOrigin;

const FIELD: &str = "Origin";
const IDS: &[IdField] = &[(&[FIELD], "origin")];

static SPEC: Spec = Spec {
    name: "approved-origin",
    folder: "connect/approved-origins",
    format: Format::Yaml,
    id_member: FIELD,
    fields: &[FIELD],
    ids: IDS,
    also: &[
        ("connect:ListApprovedOrigins", On::Instance),
        ("connect:AssociateApprovedOrigin", On::Instance),
        ("connect:DisassociateApprovedOrigin", On::Instance),
    ],
    ..Spec::EMPTY
};

impl Kind for ApprovedOrigin {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn read<'a>(&'a self, reader: &'a Reader<'a>) -> Option<Reading<'a>> {
        Some(Box::pin(async move {
            let rows = reader.pages("ListApprovedOrigins", "Origins", json!({})).await?;
            let resource = |origin: &str| {
                let mut resource = Resource::new(SPEC.name, origin, "", "");
                resource.body.insert(FIELD.to_owned(), json!(origin));
                resource
            };
            Ok(rows.iter().filter_map(Value::as_str).map(resource).collect())
        }))
    }

    fn name_it(&self, resource: &mut Resource, _: &Names, bindings: &Bindings) {
        if let Some(name) = bindings.name_of("origin", &resource.name) {
            resource.name = name;
        }
    }

    fn refuse(&self, change: &Change<'_>) -> Vec<Diagnostic> {
        let name = change.wanted.name.as_str();
        let whole = change.wanted.body.get(FIELD).and_then(Value::as_str);
        let bound = whole.is_none_or(|text| Reference::whole(text).is_some());
        let expected = if bound && !name.contains("://") {
            Reference::new("origin", name).to_string()
        } else {
            reference::escape(name)
        };
        refuse_other_name(&SPEC, change, FIELD, &expected)
    }

    fn disassociate(&self, live: &Resource, steps: &mut StepsOf<'_>) -> bool {
        let origin = live.body.get(FIELD).and_then(Value::as_str).unwrap_or_default();
        let mut input = Map::new();
        input.insert(FIELD.to_owned(), literal(origin));
        take_away("DisassociateApprovedOrigin", input, steps)
    }

    fn steps(&self, change: &Change<'_>, steps: &mut StepsOf<'_>) {
        let origin = change.wanted.body.get(FIELD).cloned();
        let mut input = Map::new();
        input.insert(FIELD.to_owned(), origin.unwrap_or_else(|| literal(&change.wanted.name)));
        associate("AssociateApprovedOrigin", input, steps);
    }
}
