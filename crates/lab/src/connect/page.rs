//! Cuts a listing into pages. A token names the last entry that was shown, so that a page starts right
//! after it whatever was created or deleted in between.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::call::{Call, invalid};
use crate::service::Failure;

/// What List and Search return at a time where the request does not say.
const USUAL: usize = 100;

/// Cuts `items`, which are sorted by their key, for the request; returns them and the next token.
pub(super) fn cut<T>(
    call: &Call<'_, '_>,
    items: impl Iterator<Item = (String, T)>,
) -> Result<(Vec<T>, Option<String>), Failure> {
    let asked = call.member("MaxResults").and_then(serde_json::Value::as_u64);
    let most = asked.map_or(USUAL.min(limit(call.contract.input)), |most| most as usize);
    let after = after(call)?;
    let mut rest = items.filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let (mut page, mut last) = (Vec::new(), String::new());
    for (key, item) in rest.by_ref().take(most) {
        page.push(item);
        last = key;
    }
    let next = rest.next().map(|_| STANDARD.encode(format!("{}\n{last}", call.contract.name)));
    Ok((page, next))
}

/// Keys for what has an order of its own.
pub(super) fn numbered<T>(items: impl IntoIterator<Item = T>) -> impl Iterator<Item = (String, T)> {
    items.into_iter().enumerate().map(|(index, item)| (format!("{index:08}"), item))
}

/// The largest page of the operation, out of its contract.
fn limit(spec: &str) -> usize {
    let found = spec.split_ascii_whitespace().find_map(|word| word.strip_prefix("MaxResults:i1-"));
    found.and_then(|most| most.parse().ok()).unwrap_or(USUAL)
}

fn after(call: &Call<'_, '_>) -> Result<Option<String>, Failure> {
    let token = call.text("NextToken");
    if token.is_empty() {
        return Ok(None);
    }
    let text = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let after = text.as_deref().and_then(|text| text.split_once('\n'));
    match after {
        Some((operation, key)) if operation == call.contract.name => Ok(Some(key.to_owned())),
        _ => Err(invalid("Invalid NextToken")),
    }
}
