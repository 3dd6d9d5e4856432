//! UUIDs that stand alone in a text.

use std::ops::Range;

pub(super) const LENGTH: usize = 36;

/// Whether a whole text is a UUID (8-4-4-4-12 hexadecimal digits).
pub fn is_uuid(text: &str) -> bool {
    text.len() == LENGTH && starts_with_uuid(text.as_bytes())
}

/// The UUIDs of a text that are neither part of a longer word nor inside an ARN.
pub fn uuids(text: &str) -> Vec<Range<usize>> {
    if text.len() < LENGTH {
        return Vec::new();
    }
    let mut found = candidates(text.as_bytes());
    if !found.is_empty() && text.contains("arn:") {
        let arns = super::arns(text);
        found.retain(|uuid| !arns.iter().any(|arn| arn.range.contains(&uuid.start)));
    }
    found
}

fn candidates(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // The first hyphen of a UUID is its ninth byte, so hyphens lead to the few places worth a look.
    let mut at = 8;
    while at + LENGTH - 8 <= bytes.len() {
        let start = at - 8;
        let end = start + LENGTH;
        if bytes[at] != b'-' || !starts_with_uuid(&bytes[start..]) {
            at += 1;
            continue;
        }
        let joined = |byte: Option<&u8>| byte.is_some_and(|&b| is_word_byte(b));
        let before = start.checked_sub(1).and_then(|before| bytes.get(before));
        if !joined(before) && !joined(bytes.get(end)) {
            found.push(start..end);
        }
        at = end + 8;
    }
    found
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || !byte.is_ascii()
}

pub(super) fn starts_with_uuid(bytes: &[u8]) -> bool {
    bytes.len() >= LENGTH
        && bytes[..LENGTH].iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
