//! JSON of documents: flows, modules and views. Flow files of other tools are read here too.

use crate::kind::Kind;
use serde_json::{Map, Value};
use trunkline_model::Diagnostic;

/// Reads a document's fields.
pub(crate) fn read(
    kind: &dyn Kind,
    path: &str,
    text: &str,
) -> Result<Map<String, Value>, Diagnostic> {
    let value: Value = serde_json::from_str(text).map_err(|e| {
        let all = e.to_string();
        let reason = all.rsplit_once(" at line ").map_or(all.as_str(), |(reason, _)| reason);
        Diagnostic::error("TL0201", format!("not valid JSON: {reason}"))
            .help("look at this line and the one before it: a comma, quote or bracket")
            .at(e.line() as u32, e.column() as u32)
    })?;
    let Value::Object(map) = value else {
        return Err(Diagnostic::error("TL0202", "the document is not an object")
            .help("begin with `{ \"name\": ... }`"));
    };
    kind.adopt_file(path, map)
}
