//! Certificates that encrypt what callers key in. The certificate is the environment's: a document names
//! the binding (`Key: ${key:main}`), never the text. The service keeps at most two.

use super::association::{associate, literal, refuse_other_name, take_away};
use crate::bindings::Bindings;
use crate::kind::{Format, IdField, Kind, Reading, Spec};
use crate::permissions::On;
use crate::plan::{Change, StepsOf};
use crate::read::{Reader, text};
use crate::resource::{Names, Resource};
use serde_json::{Map, json};
use trunkline_flow::reference::Reference;
use trunkline_model::Diagnostic;

/// The kind `security-key`.
pub(super) struct SecurityKey;

const FIELD: &str = "Key";
const IDS: &[IdField] = &[(&[FIELD], "key")];

static SPEC: Spec = Spec {
    name: "security-key",
    folder: "connect/security-keys",
    format: Format::Yaml,
    id_member: "AssociationId",
    fields: &[FIELD],
    ids: IDS,
    also: &[
        ("connect:ListSecurityKeys", On::Instance),
        ("connect:AssociateSecurityKey", On::Instance),
        ("connect:DisassociateSecurityKey", On::Instance),
    ],
    ..Spec::EMPTY
};

impl Kind for SecurityKey {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn read<'a>(&'a self, reader: &'a Reader<'a>) -> Option<Reading<'a>> {
        Some(Box::pin(async move {
            let rows = reader.pages("ListSecurityKeys", "SecurityKeys", json!({})).await?;
            let resource = |row| {
                let key = text(row, "Key");
                let mut resource = Resource::new(SPEC.name, &key, &text(row, "AssociationId"), "");
                resource.unbound = Some(("key", key.clone()));
                resource.body.insert(FIELD.to_owned(), json!(key));
                resource
            };
            Ok(rows.iter().map(resource).collect())
        }))
    }

    fn name_it(&self, resource: &mut Resource, _: &Names, bindings: &Bindings) {
        // A block of YAML ends with a line break that the service may not keep, and the other way round.
        let bare = resource.name.trim_end().to_owned();
        let forms = [resource.name.clone(), bare.clone(), format!("{bare}\n")];
        let found = forms.into_iter().find_map(|f| Some((bindings.name_of("key", &f)?, f)));
        if let Some((name, form)) = found {
            resource.name = name;
            resource.unbound = None;
            resource.body.insert(FIELD.to_owned(), json!(form));
        }
    }

    fn refuse(&self, change: &Change<'_>) -> Vec<Diagnostic> {
        let expected = Reference::new("key", change.wanted.name.as_str()).to_string();
        refuse_other_name(&SPEC, change, FIELD, &expected)
    }

    fn disassociate(&self, live: &Resource, steps: &mut StepsOf<'_>) -> bool {
        let mut input = Map::new();
        input.insert("AssociationId".to_owned(), literal(&live.id));
        take_away("DisassociateSecurityKey", input, steps)
    }

    fn steps(&self, change: &Change<'_>, steps: &mut StepsOf<'_>) {
        associate("AssociateSecurityKey", change.wanted.body.clone(), steps);
    }
}
