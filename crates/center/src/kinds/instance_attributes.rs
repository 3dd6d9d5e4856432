//! The instance's own switches (call logs, early media, contact lens ...) as one document. Attribute types
//! that are not known here pass through. What a document does not name is left alone.

use crate::document::Document;
use crate::kind::{Format, Kind, Listed, Reading, Spec};
use crate::permissions::On;
use crate::plan::{Action, Change, StepsOf, check_pair};
use crate::read::{Reader, text};
use crate::resource::Resource;
use serde_json::{Map, Value, json};

/// The kind `instance-attributes`.
pub(super) struct InstanceAttributes;

/// The name of the one document.
const NAME: &str = "attributes";
const FIELD: &str = "Attributes";

static SPEC: Spec = Spec {
    name: "instance-attributes",
    folder: "connect/instance",
    format: Format::Yaml,
    fields: &[FIELD],
    set: Some(Listed {
        field: FIELD,
        operation: "ListInstanceAttributes",
        items: "Attributes",
        row: |row| json!([text(row, "AttributeType"), value_of(&text(row, "Value"))]),
    }),
    also: &[
        ("connect:ListInstanceAttributes", On::Instance),
        ("connect:UpdateInstanceAttribute", On::Instance),
    ],
    setting: true,
    ..Spec::EMPTY
};

impl Kind for InstanceAttributes {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn read<'a>(&'a self, reader: &'a Reader<'a>) -> Option<Reading<'a>> {
        Some(Box::pin(async move {
            let rows = reader.pages("ListInstanceAttributes", "Attributes", json!({})).await?;
            let mut resource = Resource::new(SPEC.name, NAME, "", "");
            let all = rows.iter().map(|r| (text(r, "AttributeType"), value_of(&text(r, "Value"))));
            resource.body.insert(FIELD.to_owned(), Value::Object(all.collect()));
            self.canonical(&mut resource.body);
            Ok(vec![resource])
        }))
    }

    fn canonical(&self, body: &mut Map<String, Value>) {
        if let Some(Value::Object(attributes)) = body.get_mut(FIELD) {
            attributes.sort_keys();
        }
    }

    fn comparable(&self, resource: &Resource, wanted: &Document) -> Map<String, Value> {
        let named = wanted.body.get(FIELD).and_then(Value::as_object);
        let mut body = resource.body.clone();
        if let Some(Value::Object(attributes)) = body.get_mut(FIELD) {
            attributes.retain(|name, _| named.is_some_and(|n| n.contains_key(name)));
        }
        body
    }

    fn expects(&self, applied: &[&Map<String, Value>], change: &Change<'_>, _: &str) -> bool {
        // Each attribute is a setting of its own. Every instance has all of them from the beginning: one that
        // no apply is known to have set has AWS's value, and naming it in a document is the decision about it.
        let of = |body: &Map<String, Value>, name: &str| {
            body.get(FIELD)?.as_object()?.get(name).cloned()
        };
        let live = change.before.and_then(|b| b.get(FIELD)?.as_object());
        live.into_iter().flatten().all(|(name, value)| {
            let is_of = |body: &Map<String, Value>| of(body, name).as_ref() == Some(value);
            // What was only begun may have stopped before it set this one.
            let known = applied.first().is_some_and(|body| of(body, name).is_some());
            !known || is_of(&change.wanted.body) || applied.iter().any(|body| is_of(body))
        })
    }

    fn steps(&self, change: &Change<'_>, steps: &mut StepsOf<'_>) {
        let before = change.before.and_then(|b| b.get(FIELD)?.as_object());
        let wanted = change.wanted.body.get(FIELD).and_then(Value::as_object);
        for (name, value) in wanted.into_iter().flatten() {
            let was = before.and_then(|b| b.get(name));
            if was == Some(value) {
                continue;
            }
            let pair = |value: &Value| json!([super::association::literal(name), value]);
            let check = check_pair(&SPEC, json!({}), was.map(pair), Some(pair(value)));
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let mut input = Map::new();
            input.insert("AttributeType".to_owned(), super::association::literal(name));
            input.insert("Value".to_owned(), json!(value));
            steps.connect(Action::Update, "UpdateInstanceAttribute", input).check = check;
        }
    }
}

/// The service writes switches as texts.
fn value_of(text: &str) -> Value {
    match text.to_ascii_lowercase().as_str() {
        "true" => json!(true),
        "false" => json!(false),
        _ => json!(text),
    }
}
