//! The frames of `aws-chunked` bodies: `SIZE[;chunk-signature=HEX]` lines before each chunk, trailers at
//! the end. Trailing checksums are read over, not compared.

use super::{Problem, hmac};
use crate::text;

/// What chunk signatures are made with.
pub(super) struct Seal<'a> {
    pub(super) key: &'a [u8],
    pub(super) date: &'a str,
    pub(super) scope: &'a str,
}

struct Chunk<'a> {
    data: &'a [u8],
    signature: Option<&'a str>,
}

/// Joins the chunks; None where the frames are broken.
pub(super) fn unframe(body: &[u8]) -> Option<Vec<u8>> {
    let chunks = split(body)?;
    Some(chunks.iter().flat_map(|c| c.data.iter().copied()).collect())
}

fn split(mut body: &[u8]) -> Option<Vec<Chunk<'_>>> {
    let mut chunks = Vec::new();
    loop {
        let end = body.windows(2).position(|w| w == b"\r\n")?;
        let line = std::str::from_utf8(&body[..end]).ok()?;
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        body = &body[end + 2..];
        let data = body.get(..size)?;
        chunks.push(Chunk { data, signature: extension.trim().strip_prefix("chunk-signature=") });
        if size == 0 {
            return Some(chunks);
        }
        body = body.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

impl Seal<'_> {
    /// Checks each chunk's signature, which continues the one before it.
    pub(super) fn verify(&self, body: &[u8], seed: &str) -> Result<(), Problem> {
        let chunks = split(body).ok_or(Problem::Body)?;
        let mut previous = seed.to_owned();
        for chunk in chunks {
            let to_sign = format!(
                "AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{previous}\n{}\n{}",
                self.date,
                self.scope,
                text::sha256(b""),
                text::sha256(chunk.data)
            );
            let signature = text::hex(&hmac(self.key, to_sign.as_bytes()));
            if chunk.signature != Some(signature.as_str()) {
                return Err(Problem::Mismatch);
            }
            previous = signature;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_off() {
        let body = b"5\r\nhello\r\n3\r\n, w\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n";
        assert_eq!(unframe(body).expect("well framed"), b"hello, w");
        assert!(unframe(b"5\r\nhel").is_none());
    }
}
