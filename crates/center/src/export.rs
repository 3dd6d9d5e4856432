//! From a snapshot to documents.

use crate::bindings::Bindings;
use crate::document::{Document, Documents, subject, tags_key};
use crate::kind::{Kind, KindName};
use crate::kinds;
use crate::portable::{Portable, Unnamed};
use crate::snapshot::Snapshot;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What an export found.
#[derive(Clone, Debug, Default)]
pub struct Exported {
    /// The documents.
    pub documents: Documents,
    /// Values without a name, each with a proposal.
    pub unnamed: Vec<Unnamed>,
    /// Flows and modules with a draft that was not taken, named for people.
    pub drafts_left: Vec<String>,
    /// Top-level fields of answers that are not managed: kind and field.
    pub unmanaged: Vec<(String, String)>,
    /// Texts that stood for something of the instance and are names now.
    pub replaced: usize,
    /// The ids of the exported resources that can be renamed, by kind and name of the document.
    pub ids: BTreeMap<(KindName, String), String>,
    /// Everything that the instance holds, exported or not, by kind and name.
    pub present: BTreeSet<(KindName, String)>,
}

/// Turns everything that the snapshot holds into documents. With `drafts`, drafts are taken instead of
/// what is published.
pub fn export(snapshot: &Snapshot, bindings: &Bindings, drafts: bool) -> Exported {
    let mut portable = Portable::new(&snapshot.instance, &snapshot.names, bindings);
    let mut exported = Exported::default();
    for resource in &snapshot.resources {
        let Some(kind) = kinds::get(resource.kind) else { continue };
        exported.present.insert((resource.kind, resource.name.clone()));
        if kind.system(resource) {
            continue;
        }
        let Some(body) = kind.exportable(resource, drafts) else {
            exported.drafts_left.push(subject(resource.kind, &resource.name));
            continue;
        };
        if resource.draft.is_some() && !drafts {
            exported.drafts_left.push(subject(resource.kind, &resource.name));
        }
        for field in &resource.unmanaged {
            exported.unmanaged.push((resource.kind.to_owned(), field.clone()));
        }
        let name = match &resource.unbound {
            Some((kind, value)) => portable.proposed_name(kind, value, &resource.name),
            None => resource.name.clone(),
        };
        let body = document_body(kind, &name, body, &resource.tags, &mut portable);
        exported.replaced += crate::resolve::references(&Value::Object(body.clone())).len();
        exported.documents.attachments.extend(resource.attachments.clone());
        exported.present.insert((resource.kind, name.clone()));
        if has_own_name(kind) && !resource.id.is_empty() {
            exported.ids.insert((resource.kind, name.clone()), resource.id.clone());
        }
        let document = Document { kind: resource.kind, name, body, file: None };
        // Two resources of one name cannot be told apart by name; the first in order stays.
        if let Err(second) = exported.documents.insert(document) {
            exported.drafts_left.push(format!("a second {}", second.subject()));
        }
    }
    exported.unmanaged.sort();
    exported.unmanaged.dedup();
    exported.unnamed = portable.into_unnamed();
    exported
}

/// Whether people name its resources; the others are named after what they associate or set.
fn has_own_name(kind: &dyn Kind) -> bool {
    let spec = kind.spec();
    !spec.arn_word.is_empty() || spec.within.is_some()
}

/// Makes a document's body out of a resource's: tags that people set, references, canonical order.
pub(crate) fn document_body(
    kind: &dyn Kind,
    name: &str,
    mut body: Map<String, Value>,
    tags: &BTreeMap<String, String>,
    portable: &mut Portable<'_>,
) -> Map<String, Value> {
    let spec = kind.spec();
    let own = |key: &str| key.starts_with("aws:") || key.starts_with("trunkline:");
    let tags: Map<String, Value> =
        tags.iter().filter(|(k, _)| !own(k)).map(|(k, v)| (k.clone(), json!(v))).collect();
    let mut value = Value::Object(std::mem::take(&mut body));
    portable.body(spec, &subject(spec.name, name), &mut value);
    let mut body = crate::read::as_map(value);
    if !tags.is_empty() {
        let mut tags = Value::Object(tags);
        portable.body(spec, &subject(spec.name, name), &mut tags);
        body.insert(tags_key(spec.format).to_owned(), tags);
    }
    kind.canonical(&mut body);
    ordered(kind, body)
}

/// Fields in the kind's order; tags before what is long.
pub(crate) fn ordered(kind: &dyn Kind, mut body: Map<String, Value>) -> Map<String, Value> {
    let spec = kind.spec();
    let tags = tags_key(spec.format);
    let mut out = Map::new();
    for field in spec.fields {
        if matches!(*field, "content" | "Config")
            && let Some(value) = body.shift_remove(tags)
        {
            out.insert(tags.to_owned(), value);
        }
        if let Some(value) = body.shift_remove(*field) {
            out.insert((*field).to_owned(), value);
        }
    }
    out.extend(body);
    out
}
