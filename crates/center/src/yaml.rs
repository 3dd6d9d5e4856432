//! YAML of documents: one way to write, any way to read.

use serde_json::{Map, Value};
use trunkline_model::Diagnostic;

/// Writes a document's fields.
pub(crate) fn write(fields: &Map<String, Value>) -> String {
    serde_saphyr::to_string(fields).expect("a JSON object has only what YAML can say")
}

/// Reads a document's fields.
pub(crate) fn read(text: &str) -> Result<Map<String, Value>, Diagnostic> {
    let value = value(text)?;
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(Diagnostic::error("TL0202", "the document is not a mapping of fields")
            .help("begin with `Name: ...`")),
    }
}

/// Reads any value, in which no key occurs twice.
pub(crate) fn value(text: &str) -> Result<Value, Diagnostic> {
    let root = trunkline_yaml::read(text).map_err(|broken| broken.diagnostic("TL0201"))?;
    match root.repeated() {
        Some(key) => {
            let twice = format!("not valid YAML: the key `{}` occurs twice", key.text);
            Err(Diagnostic::error("TL0201", twice)
                .at(key.spot.line, key.spot.column)
                .help("keep one of the two"))
        }
        None => Ok(root.to_json()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
            prop::sample::select(vec![
                "no", "012", "~", "+1555", "1.0", "a: b", "- x", "#", "a\nb\n", " ", "null"
            ])
            .prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(Value::from),
                prop::collection::btree_map("[A-Za-z]{1,8}|.{1,6}", inner, 1..4)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(v in value()) {
            let mut fields = Map::new();
            fields.insert("Name".into(), json!("x"));
            fields.insert("Value".into(), v);
            let text = write(&fields);
            prop_assert_eq!(read(&text).map_err(|d| d.to_string()), Ok(fields), "{}", text);
        }
    }
}
