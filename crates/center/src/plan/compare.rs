//! What differs between a wanted document and a live resource, field by field.
//!
//! Both sides are compared as documents. Where their texts differ, what they stand for in the target
//! decides: two names can be bound to one value.

use crate::document::Document;
use crate::kind::Kind;
use crate::plan::PlanOptions;
use crate::read::is_empty;
use crate::resolve::Resolver;
use crate::resource::{Instance, Resource};
use serde_json::{Map, Value};

/// A field that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// The field's name in the document.
    pub field: String,
    /// What the target has; None: nothing.
    pub before: Option<Value>,
    /// What the document says; None: nothing.
    pub after: Option<Value>,
}

/// A live resource, and what it says as a document.
#[derive(Clone, Copy)]
pub struct Live<'a> {
    /// The resource, with the instance's ids.
    pub resource: &'a Resource,
    /// Its body as a document's.
    pub body: &'a Map<String, Value>,
    /// Its draft as a document's body.
    pub draft: Option<&'a Map<String, Value>>,
}

/// One resource: what is wanted, what is there, what differs.
pub struct Change<'a> {
    /// The document.
    pub wanted: &'a Document,
    /// What is there, with the instance's ids; None: nothing.
    pub live: Option<&'a Resource>,
    /// What is there, as a document's body.
    pub before: Option<&'a Map<String, Value>>,
    /// The draft beside what is published, as a document's body.
    pub draft: Option<&'a Map<String, Value>>,
    /// Fields that differ; every field where nothing is there.
    pub fields: Vec<FieldChange>,
    /// The target's instance.
    pub instance: &'a Instance,
    /// How the plan is made.
    pub options: &'a PlanOptions,
}

impl<'a> Change<'a> {
    /// Compares; None where nothing differs.
    pub fn between(
        kind: &dyn Kind,
        wanted: &'a Document,
        live: Option<Live<'a>>,
        resolver: &Resolver<'a>,
        options: &'a PlanOptions,
    ) -> Option<Self> {
        let before = live.map(|l| l.body);
        let spec = kind.spec();
        let mut names: Vec<&str> = spec.fields.to_vec();
        names.push(crate::document::tags_key(spec.format));
        let mut fields = Vec::new();
        for field in names {
            let of = |body: &Map<String, Value>| body.get(field).filter(|v| !is_empty(v)).cloned();
            let (old, new) = (before.and_then(of), of(&wanted.body));
            if !same(old.as_ref(), new.as_ref(), resolver) {
                fields.push(FieldChange { field: field.to_owned(), before: old, after: new });
            }
        }
        let nothing = fields.is_empty() && live.is_some();
        let (draft, live) = (live.and_then(|l| l.draft), live.map(|l| l.resource));
        let instance = resolver.instance;
        (!nothing).then_some(Self { wanted, live, before, draft, fields, instance, options })
    }

    /// Whether a field differs.
    pub fn differs(&self, field: &str) -> bool {
        self.fields.iter().any(|f| f.field == field)
    }
}

/// Whether two values are one: the same text, or what stands for the same in the target.
pub(crate) fn same(old: Option<&Value>, new: Option<&Value>, resolver: &Resolver<'_>) -> bool {
    let stands_for = |value: &Value| {
        let mut value = value.clone();
        resolver.value(&mut value).is_ok().then_some(value)
    };
    match (old, new) {
        (None, None) => true,
        (Some(old), Some(new)) if old == new => true,
        (Some(old), Some(new)) => match (stands_for(old), stands_for(new)) {
            (Some(old), Some(new)) => old == new,
            _ => false,
        },
        _ => false,
    }
}
