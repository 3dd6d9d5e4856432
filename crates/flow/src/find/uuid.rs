//! UUIDs in a text.

use std::ops::Range;

pub(super) const LENGTH: usize = 36;

/// Whether a whole text is a UUID (8-4-4-4-12 hexadecimal digits).
pub fn is_uuid(text: &str) -> bool {
    text.len() == LENGTH && starts_with_uuid(text.as_bytes())
}

/// The UUIDs of a text that are not inside an ARN, whatever stands before and after them: an id can be
/// a part of a longer name, such as an object's key.
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
        found.push(start..end);
        at = end + 8;
    }
    found
}

pub(super) fn starts_with_uuid(bytes: &[u8]) -> bool {
    bytes.len() >= LENGTH
        && bytes[..LENGTH].iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
