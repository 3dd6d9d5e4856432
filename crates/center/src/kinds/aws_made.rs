//! What kinds share of which AWS itself makes some resources: a field of the body that only those have.

use crate::document::Document;
use crate::plan::Change;
use crate::resource::Resource;
use serde_json::{Map, Value};
use trunkline_model::Diagnostic;

/// The body without the field that says who made it, where the document does not say it either.
pub(super) fn comparable(
    field: &str,
    resource: &Resource,
    wanted: &Document,
) -> Map<String, Value> {
    let mut body = resource.body.clone();
    if !wanted.body.contains_key(field) {
        body.shift_remove(field);
    }
    body
}

/// What AWS makes can be neither made nor turned into something else.
pub(super) fn refuse(field: &str, change: &Change<'_>) -> Vec<Diagnostic> {
    if !change.differs(field) {
        return Vec::new();
    }
    vec![
        Diagnostic::error("TL0406", format!("`{field}` is AWS's to say"))
            .on(change.wanted.subject())
            .because("resources with this field are made by AWS in every instance")
            .help(format!("remove `{field}`, or the document")),
    ]
}
