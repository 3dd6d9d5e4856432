//! Names inside references: `%`, `}` and control characters are written `%XX`, all else as it is.
//!
//! Reading accepts every `%XX`, so that a hand-written name may encode more than is needed.

use std::borrow::Cow;

/// Writes a name.
pub(super) fn encode(name: &str) -> Cow<'_, str> {
    let special = |c: char| c == '%' || c == '}' || c.is_control();
    if !name.contains(special) {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len() + 8);
    for c in name.chars() {
        if special(c) {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                out.push('%');
                out.push(digit(byte >> 4));
                out.push(digit(byte & 15));
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Reads a name; says why it cannot.
pub(super) fn decode(raw: &str) -> Result<String, String> {
    if raw.is_empty() {
        return Err("the name is empty".to_owned());
    }
    if raw.contains(char::is_control) {
        return Err("a name runs over a line's end; is a `}` missing?".to_owned());
    }
    if !raw.contains('%') {
        return Ok(raw.to_owned());
    }
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        match (rest.next().and_then(hex), rest.next().and_then(hex)) {
            (Some(high), Some(low)) => bytes.push(high << 4 | low),
            _ => return Err("`%` in a name is written `%25`".to_owned()),
        }
    }
    String::from_utf8(bytes).map_err(|_| "the `%XX` in the name are no UTF-8".to_owned())
}

fn digit(value: u8) -> char {
    char::from(b"0123456789ABCDEF"[usize::from(value)])
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
