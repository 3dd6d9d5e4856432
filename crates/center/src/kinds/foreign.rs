//! Flow files of other tools, turned into our documents.

use serde_json::{Map, Value, json};
use trunkline_flow::{content, other_layouts};
use trunkline_model::Diagnostic;

/// Reads another tool's flow file; the name comes from the file where the layout has none.
pub(super) fn read(
    path: &str,
    fields: Map<String, Value>,
    is_module: bool,
) -> Result<Map<String, Value>, Diagnostic> {
    let text = Value::Object(fields).to_string();
    let mut flow = other_layouts::read(&text).map_err(|mut report| report.0.remove(0))?;
    other_layouts::to_document_text(&mut flow.content);
    let stem = path.rsplit('/').next().unwrap_or(path);
    let stem = stem.strip_suffix(".json").unwrap_or(stem);
    let mut out = Map::new();
    out.insert("name".to_owned(), json!(flow.name.as_deref().unwrap_or(stem)));
    if !is_module {
        out.insert("type".to_owned(), json!(flow.flow_type.unwrap_or("CONTACT_FLOW")));
    }
    if let Some(description) = flow.description {
        out.insert(
            "description".to_owned(),
            json!(trunkline_flow::reference::escape(&description)),
        );
    }
    let (logic, layout) = content::split(flow.content);
    out.insert("content".to_owned(), logic);
    if let Some(layout) = layout {
        out.insert("layout".to_owned(), layout);
    }
    Ok(out)
}
