//! What a plan holds against the documents: live resources as documents would say them, and documents with
//! the fields that the instance owns as the instance has them.

use super::{Live, PlanInput};
use crate::document::Document;
use crate::export::document_body;
use crate::kinds;
use crate::portable::Portable;
use crate::resource::Resource;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

type Body = Map<String, Value>;
type Key<'a> = (&'static str, &'a str);

/// What is there as documents would say it: body, and draft where there is one.
pub(crate) struct Bodies<'a>(BTreeMap<Key<'a>, (Body, Option<Body>)>);

impl<'a> Bodies<'a> {
    /// The bodies of the resources that one of the documents is about.
    pub(crate) fn of_documents<'d>(
        input: &PlanInput<'a>,
        documents: impl Iterator<Item = &'d Document>,
    ) -> Self {
        let snapshot = input.snapshot;
        let mut portable = Portable::new(&snapshot.instance, &snapshot.names, input.bindings);
        let mut bodies = BTreeMap::new();
        for wanted in documents {
            let (Some(resource), Some(kind)) =
                (snapshot.get(wanted.kind, &wanted.name), kinds::get(wanted.kind))
            else {
                continue;
            };
            let mut document = |body: Body| {
                document_body(kind, &resource.name, body, &resource.tags, &mut portable)
            };
            let body = document(kind.comparable(resource, wanted));
            let draft = resource.draft.clone().map(&mut document);
            bodies.insert((resource.kind, resource.name.as_str()), (body, draft));
        }
        Self(bodies)
    }

    /// One resource with its body.
    pub(crate) fn of<'b>(&'b self, resource: &'b Resource) -> Option<Live<'b>> {
        let (body, draft) = self.0.get(&(resource.kind, resource.name.as_str()))?;
        Some(Live { resource, body, draft: draft.as_ref() })
    }
}

/// Documents that are wanted otherwise than they stand: what the instance owns of an existing resource is as
/// the instance has it.
pub(super) struct Adjusted(BTreeMap<(&'static str, String), Document>);

impl Adjusted {
    pub(super) fn new(input: &PlanInput<'_>, bodies: &Bodies<'_>) -> Self {
        let mut adjusted = BTreeMap::new();
        for document in input.documents.iter() {
            let owned = input.options.limits.owned(document.kind, &document.name);
            let live = input.snapshot.get(document.kind, &document.name);
            let live = live.and_then(|l| bodies.of(l));
            let (Some(owned), Some(live)) = (owned, live) else { continue };
            let mut document = document.clone();
            document.body.retain(|field, _| !owned.holds(field));
            let theirs = live.body.iter().filter(|(field, _)| owned.holds(field));
            document.body.extend(theirs.map(|(f, v)| (f.clone(), v.clone())));
            adjusted.insert((document.kind, document.name.clone()), document);
        }
        Self(adjusted)
    }

    pub(super) fn of<'b>(&'b self, document: &'b Document) -> &'b Document {
        self.0.get(&(document.kind, document.name.clone())).unwrap_or(document)
    }
}
