//! Presigned S3 URLs of signature version 2: HMAC-SHA1 over method, expiry and path.

use super::{Claim, Kind, Problem, Wire};
use crate::text;
use jiff::Timestamp;

/// The claim of a request whose query carries such a signature.
pub(super) fn claim(parameter: &dyn Fn(&str) -> Option<String>) -> Option<Claim> {
    Some(Claim {
        access_key: parameter("AWSAccessKeyId")?,
        region: String::new(),
        service: "s3".to_owned(),
        token: parameter("x-amz-security-token"),
        kind: Kind::Old,
        date: parameter("Expires")?,
        scope: String::new(),
        signed: Vec::new(),
        signature: parameter("Signature")?,
    })
}

/// Recomputes the signature; headers of the kind `x-amz-*` in the request are not supported with it.
pub(super) fn verify(
    wire: &Wire<'_>,
    secret: &str,
    signature: &str,
    expires: &str,
    now: Timestamp,
) -> Result<(), Problem> {
    let until: i64 = expires.parse().map_err(|_| Problem::Expired)?;
    if now.as_second() > until {
        return Err(Problem::Expired);
    }
    let header = |name: &str| super::header(wire.headers, name).unwrap_or_default();
    let token = text::pairs(wire.query, false)
        .into_iter()
        .find(|(name, _)| name == "x-amz-security-token")
        .map(|(_, value)| format!("x-amz-security-token:{value}\n"))
        .unwrap_or_default();
    let to_sign = format!(
        "{}\n{}\n{}\n{expires}\n{token}{}",
        wire.method,
        header("content-md5"),
        header("content-type"),
        wire.path
    );
    let computed = hmac_sha1(secret.as_bytes(), to_sign.as_bytes());
    if text::base64(&computed) == signature { Ok(()) } else { Err(Problem::Mismatch) }
}

fn hmac_sha1(key: &[u8], data: &[u8]) -> [u8; 20] {
    let mut block = [0u8; 64];
    if key.len() > 64 {
        block[..20].copy_from_slice(&sha1(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner: Vec<u8> = block.iter().map(|b| b ^ 0x36).chain(data.iter().copied()).collect();
    let outer: Vec<u8> = block.iter().map(|b| b ^ 0x5c).chain(sha1(&inner)).collect();
    sha1(&outer)
}

/// SHA-1 (FIPS 180-4); here so that no second hash crate is needed for the oldest of signatures.
fn sha1(data: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];
    let mut padded = data.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend_from_slice(&(data.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks_exact(64) {
        compress(&mut state, block);
    }
    let mut out = [0u8; 20];
    for (target, word) in out.chunks_exact_mut(4).zip(state) {
        target.copy_from_slice(&word.to_be_bytes());
    }
    out
}

fn compress(state: &mut [u32; 5], block: &[u8]) {
    let mut words = [0u32; 80];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    for i in 16..80 {
        words[i] = (words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16]).rotate_left(1);
    }
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for (i, word) in words.iter().enumerate() {
        let (f, k) = match i / 20 {
            0 => (b & c | !b & d, 0x5A82_7999),
            1 => (b ^ c ^ d, 0x6ED9_EBA1),
            2 => (b & c | b & d | c & d, 0x8F1B_BCDC),
            _ => (b ^ c ^ d, 0xCA62_C1D6u32),
        };
        let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k);
        (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next.wrapping_add(*word));
    }
    for (old, new) in state.iter_mut().zip([a, b, c, d, e]) {
        *old = old.wrapping_add(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha1_as_published() {
        assert_eq!(text::hex(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let mac = hmac_sha1(b"key", b"The quick brown fox jumps over the lazy dog");
        assert_eq!(text::hex(&mac), "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9");
    }
}
