//! JSON members as XML elements.

use serde_json::Value;

/// How a service writes lists.
#[derive(Clone, Copy)]
pub(super) enum Lists {
    /// `<Tags><member>...</member></Tags>`.
    Members,
    /// S3: `<Buckets><Bucket>`, everything else flattened.
    S3,
}

/// Appends the members of an object.
pub(super) fn members(out: &mut String, value: &Value, lists: Lists) {
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::Array(items) => list(out, name, items, lists),
            other => element(out, name, other, lists),
        }
    }
}

fn list(out: &mut String, name: &str, items: &[Value], lists: Lists) {
    let item_name = match (lists, name) {
        (Lists::Members, _) => "member",
        (Lists::S3, "Buckets") => "Bucket",
        (Lists::S3, _) => {
            items.iter().for_each(|item| element(out, name, item, lists));
            return;
        }
    };
    open(out, name);
    items.iter().for_each(|item| element(out, item_name, item, lists));
    close(out, name);
}

/// Appends one element; nothing for null.
pub(super) fn element(out: &mut String, name: &str, value: &Value, lists: Lists) {
    if value.is_null() {
        return;
    }
    open(out, name);
    match value {
        Value::String(text) => escape(out, text),
        Value::Object(_) => members(out, value, lists),
        other => out.push_str(&other.to_string()),
    }
    close(out, name);
}

fn open(out: &mut String, name: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
}

fn close(out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
}
