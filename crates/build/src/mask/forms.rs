//! The forms in which a secret can be shown.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeSet;

/// The texts that a secret is made of: itself, its lines, and the texts in its JSON.
pub(super) fn texts(secret: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::from([secret.to_owned()]);
    all.extend(secret.lines().map(|line| line.trim().to_owned()));
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(secret) {
        gather(&json, &mut all);
    }
    all.retain(|text| text == secret || text.chars().count() >= super::SHORTEST);
    all
}

fn gather(json: &serde_json::Value, all: &mut BTreeSet<String>) {
    match json {
        serde_json::Value::String(text) => {
            all.insert(text.clone());
            all.extend(text.lines().map(|line| line.trim().to_owned()));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| gather(item, all)),
        serde_json::Value::Object(members) => members.values().for_each(|item| gather(item, all)),
        _ => {}
    }
}

/// As it is, with spaces as forms write them, quoted for shells and escaped for JSON. What is
/// percent-encoded is decoded before it is compared.
pub(super) fn plain(text: &str) -> BTreeSet<Vec<u8>> {
    let json = serde_json::Value::from(text).to_string();
    let all = [
        text.to_owned(),
        text.replace(' ', "+"),
        text.replace('\'', r"'\''"),
        text.replace('\'', "'\"'\"'"),
        json[1..json.len() - 1].to_owned(),
        text.replace('\n', "\r\n"),
    ];
    all.into_iter().map(String::into_bytes).collect()
}

/// Base64 as it stands alone, and what of it does not depend on what stands around it: at each of
/// three alignments, in both alphabets.
pub(super) fn base64(text: &str) -> BTreeSet<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut all = BTreeSet::from([STANDARD.encode(bytes)]);
    for before in 0..3 {
        let padded = [vec![0; before], bytes.to_vec()].concat();
        let encoded = STANDARD.encode(&padded);
        let first = (before * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        all.insert(encoded[first..last].to_owned());
    }
    let safe: Vec<String> =
        all.iter().map(|form| form.replace('+', "-").replace('/', "_")).collect();
    all.extend(safe);
    all.into_iter().map(String::into_bytes).collect()
}
