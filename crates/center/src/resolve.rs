//! From documents to a target: turns references into the ids, ARNs and values that the target has for them.

use crate::bindings::{Bindings, Bound};
use crate::resource::{Entry, Instance, Names};
use serde_json::Value;
use trunkline_flow::reference::{self, Piece, Reference};
use trunkline_flow::rewrite;

/// Why a reference has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// The text is no reference; the reason.
    Malformed(String),
    /// No kind or form of that name.
    NoSuchKind(Reference),
    /// Nothing in the target has that name (yet).
    Missing(Reference),
    /// The environment gives no value to it.
    NotBound(Reference),
    /// The environment says `unbound`.
    Unbound(Reference),
}

/// Kinds of references that are no kinds of documents, with what they stand for.
pub const OUTSIDE_KINDS: [&str; 9] =
    ["instance", "aws", "lambda", "lex", "arn", "bucket", "phone", "key", "origin"];

/// Looks references up in one target.
#[derive(Clone, Copy)]
pub struct Resolver<'a> {
    /// The target's instance.
    pub instance: &'a Instance,
    /// What has a name there.
    pub names: &'a Names,
    /// What the environment binds.
    pub bindings: &'a Bindings,
}

impl Resolver<'_> {
    /// Replaces every reference of a value; all failures at once, each with its path.
    pub fn value(&self, value: &mut Value) -> Result<(), Vec<(String, Unresolved)>> {
        let mut failures = Vec::new();
        let walked = rewrite::map_strings::<()>(value, &mut |path, text| match self.text(text) {
            Ok(new) => Ok(new),
            Err(unresolved) => {
                failures.extend(unresolved.into_iter().map(|u| (path.to_string(), u)));
                Ok(None)
            }
        });
        debug_assert!(walked.is_ok(), "the visitor never fails");
        unwrap_json(value);
        if failures.is_empty() { Ok(()) } else { Err(failures) }
    }

    /// Replaces the references of a text; None where there is nothing to replace.
    pub fn text(&self, text: &str) -> Result<Option<String>, Vec<Unresolved>> {
        if !reference::is_candidate(text) {
            return Ok(None);
        }
        let pieces =
            reference::parse(text).map_err(|e| vec![Unresolved::Malformed(e.to_string())])?;
        let (mut new, mut failures) = (String::with_capacity(text.len()), Vec::new());
        for piece in pieces {
            match piece {
                Piece::Text(text) => new.push_str(&text),
                Piece::Ref(reference) => match self.reference(&reference) {
                    Ok(value) => new.push_str(&value),
                    Err(unresolved) => failures.push(unresolved),
                },
            }
        }
        if failures.is_empty() { Ok(Some(new)) } else { Err(failures) }
    }

    /// Returns what a reference stands for in the target.
    pub fn reference(&self, reference: &Reference) -> Result<String, Unresolved> {
        let (partition, region) = (self.instance.region.partition(), &self.instance.region);
        match reference.kind.as_str() {
            "instance" => self.of_instance(reference),
            "aws" => {
                let (service, resource) = reference.name.split_once(':').ok_or_else(|| {
                    Unresolved::Malformed(format!("`{reference}` lacks a service"))
                })?;
                let region = match reference.form.as_deref() {
                    Some("global") => "",
                    _ => region.as_str(),
                };
                Ok(format!("arn:{partition}:{service}:{region}:aws:{resource}"))
            }
            "lambda" => {
                let function = self.bound_or_same(reference)?;
                if function.starts_with("arn:") {
                    return Ok(function);
                }
                let region = match reference.form.as_deref() {
                    Some("any-region") => "$.AwsRegion",
                    _ => region.as_str(),
                };
                let account = &self.instance.account;
                Ok(format!("arn:{partition}:lambda:{region}:{account}:function:{function}"))
            }
            "arn" | "bucket" | "key" | "origin" => {
                match self.bindings.get(&reference.kind, &reference.name) {
                    Some(Bound::Value(value)) => Ok(value),
                    Some(Bound::Unbound) => Err(Unresolved::Unbound(reference.clone())),
                    None => Err(Unresolved::NotBound(reference.clone())),
                }
            }
            "phone" => match self.bindings.get("phone", &reference.name) {
                // As a text, a number need not be claimed to the instance.
                Some(Bound::Value(number)) if reference.form.as_deref() == Some("number") => {
                    Ok(number)
                }
                Some(Bound::Value(number)) => self.entry(reference, "phone", &number, "id"),
                Some(Bound::Unbound) => Err(Unresolved::Unbound(reference.clone())),
                None => Err(Unresolved::NotBound(reference.clone())),
            },
            kind => {
                let name = self.bound_or_same(reference)?;
                self.entry(reference, kind, &name, "arn")
            }
        }
    }

    fn of_instance(&self, reference: &Reference) -> Result<String, Unresolved> {
        match reference.form.as_deref() {
            None | Some("arn") => Ok(self.instance.arn.clone()),
            Some("id") => Ok(self.instance.id.clone()),
            Some("alias") => Ok(self.instance.alias.clone()),
            Some(_) => Err(Unresolved::NoSuchKind(reference.clone())),
        }
    }

    /// The name after an optional binding: a name that no environment binds stays itself.
    fn bound_or_same(&self, reference: &Reference) -> Result<String, Unresolved> {
        match self.bindings.get(&reference.kind, &reference.name) {
            Some(Bound::Value(value)) => Ok(value),
            Some(Bound::Unbound) => Err(Unresolved::Unbound(reference.clone())),
            None => Ok(reference.name.clone()),
        }
    }

    fn entry(
        &self,
        reference: &Reference,
        kind: &str,
        name: &str,
        default_form: &str,
    ) -> Result<String, Unresolved> {
        let missing = || Unresolved::Missing(reference.clone());
        let Entry { id, arn } = self.names.get(kind, name).ok_or_else(missing)?;
        let value = match reference.form.as_deref().unwrap_or(default_form) {
            "id" => id.clone(),
            "arn" => arn.clone(),
            "number" => name.to_owned(),
            "agent-queue" => arn.replace("/agent/", "/queue/agent/"),
            _ => return Err(Unresolved::NoSuchKind(reference.clone())),
        };
        if value.is_empty() { Err(missing()) } else { Ok(value) }
    }
}

/// A member that travels as JSON inside a text is written `{"$json": value}` in a step's input, so that
/// references inside it are replaced before it becomes text.
fn unwrap_json(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let (1, Some(inner)) = (map.len(), map.get("$json")) {
                *value = Value::String(inner.to_string());
            } else {
                map.values_mut().for_each(unwrap_json);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(unwrap_json),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The references of a value, each once, in order of discovery; broken ones are passed over.
pub fn references(value: &Value) -> Vec<Reference> {
    fn walk(value: &Value, seen: &mut Vec<Reference>) {
        match value {
            Value::String(text) => in_text(text, seen),
            Value::Array(items) => items.iter().for_each(|v| walk(v, seen)),
            Value::Object(map) => map.iter().for_each(|(k, v)| {
                in_text(k, seen);
                walk(v, seen);
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    fn in_text(text: &str, seen: &mut Vec<Reference>) {
        if !reference::is_candidate(text) {
            return;
        }
        for piece in reference::parse(text).unwrap_or_default() {
            if let Piece::Ref(reference) = piece
                && !seen.contains(&reference)
            {
                seen.push(reference);
            }
        }
    }
    let mut seen = Vec::new();
    walk(value, &mut seen);
    seen
}
