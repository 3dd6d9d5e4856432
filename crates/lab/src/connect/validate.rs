//! What the service looks at before it publishes a flow or a module.
//!
//! The rules of the language are `trunkline_flow`'s; here are those that need the instance: what a
//! content names has to exist in it, functions and bots have to be associated with it.

mod references;

use serde_json::Value;

use super::call::Call;
use crate::service::Failure;

/// The most actions in a content.
const MOST_ACTIONS: usize = 250;

/// The service's problem texts, none where it would publish. `own` is the flow's id, empty in a create.
pub(super) fn problems(
    call: &Call<'_, '_>,
    content: &Value,
    flow_type: &str,
    is_module: bool,
    own: &str,
) -> Result<Vec<String>, Failure> {
    let mut found = trunkline_flow::validate::problems(content, flow_type, is_module);
    let actions = content.get("Actions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if actions.len() > MOST_ACTIONS {
        found.push(format!("A flow has at most {MOST_ACTIONS} actions; found {}", actions.len()));
    }
    for (index, action) in actions.iter().enumerate() {
        references::problems(call, index, action, own, &mut found)?;
    }
    Ok(found)
}
