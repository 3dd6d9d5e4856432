//! Artifacts at rest under a key: XChaCha20-Poly1305 over chunks, so that none can be changed, left
//! out, moved or cut off.
//!
//! Header `TLSEAL1\n` and 19 bytes from the zip's checksum; each chunk's nonce is these, the chunk's
//! number and whether it is the last. One zip gives one sealed file; two zips never share a nonce.

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};

const MAGIC: &[u8; 8] = b"TLSEAL1\n";
const CHUNK: usize = 64 << 10;
const TAG: usize = 16;
const PREFIX: usize = 19;

/// A key of 32 bytes.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Key {
    /// Reads a key from a file's text: 64 hex digits, or 32 bytes in base64.
    pub fn parse(text: &str) -> Option<Self> {
        use base64::Engine;
        let text = text.trim();
        let bytes = if text.len() == 64 {
            let digits =
                (0..32).map(|at| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok());
            digits.collect::<Option<Vec<u8>>>()?
        } else {
            base64::engine::general_purpose::STANDARD.decode(text).ok()?
        };
        Some(Self(bytes.try_into().ok()?))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }

    /// Seals a zip in memory; `sha256` is its own, in hex.
    pub fn sealed(&self, zip: &[u8], sha256: &str) -> io::Result<Vec<u8>> {
        let mut sealed = Vec::with_capacity(Self::sealed_size(zip.len() as u64) as usize);
        self.seal(&mut &*zip, &mut sealed, sha256)?;
        Ok(sealed)
    }

    /// How many bytes a zip of so many takes once it is sealed.
    pub fn sealed_size(size: u64) -> u64 {
        let chunks = size.div_ceil(CHUNK as u64).max(1);
        (MAGIC.len() + PREFIX) as u64 + size + chunks * TAG as u64
    }

    /// Opens what was sealed in memory.
    pub fn opened(&self, sealed: &[u8]) -> io::Result<Vec<u8>> {
        let mut clear = Vec::with_capacity(sealed.len());
        self.open(&mut &*sealed, &mut clear)?;
        Ok(clear)
    }

    /// Seals what is read.
    pub(super) fn seal(
        &self,
        from: &mut impl Read,
        to: &mut impl Write,
        sha256: &str,
    ) -> io::Result<()> {
        let hash = Sha256::digest(sha256.as_bytes());
        let prefix = &hash[..PREFIX];
        to.write_all(MAGIC)?;
        to.write_all(prefix)?;
        let cipher = self.cipher();
        chunks(from, CHUNK, |number, last, chunk| {
            let sealed = cipher.encrypt(&nonce(prefix, number, last), chunk);
            to.write_all(&sealed.map_err(|_| damaged())?)
        })
    }

    /// Opens what was sealed.
    pub(super) fn open(&self, from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
        let mut header = [0_u8; MAGIC.len() + PREFIX];
        from.read_exact(&mut header)?;
        let prefix = header.strip_prefix(MAGIC.as_slice()).ok_or_else(damaged)?;
        let cipher = self.cipher();
        chunks(from, CHUNK + TAG, |number, last, chunk| {
            let clear = cipher.decrypt(&nonce(prefix, number, last), chunk);
            to.write_all(&clear.map_err(|_| damaged())?)
        })
    }
}

/// Whether a file begins as a sealed one.
pub fn is_sealed(beginning: &[u8]) -> bool {
    beginning.starts_with(MAGIC)
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it was sealed with another key, or is damaged")
}

fn nonce(prefix: &[u8], number: u32, last: bool) -> XNonce {
    let mut bytes = [0_u8; 24];
    bytes[..PREFIX].copy_from_slice(prefix);
    bytes[PREFIX..23].copy_from_slice(&number.to_be_bytes());
    bytes[23] = u8::from(last);
    bytes.into()
}

/// Reads in chunks of a size, and says which is the last; an empty one where there is nothing.
fn chunks(
    from: &mut impl Read,
    size: usize,
    mut each: impl FnMut(u32, bool, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut now = fill(from, size)?;
    for number in 0_u32.. {
        let next = if now.len() == size { fill(from, size)? } else { Vec::new() };
        let last = next.is_empty();
        each(number, last, &now)?;
        if last {
            return Ok(());
        }
        now = next;
    }
    Err(io::Error::other("too large to be sealed"))
}

fn fill(from: &mut impl Read, size: usize) -> io::Result<Vec<u8>> {
    let mut chunk = Vec::with_capacity(size);
    from.take(size as u64).read_to_end(&mut chunk)?;
    Ok(chunk)
}
