//! Tokens of people and programs: kept as hashes, compared in constant time.
//!
//! A token is random and long, so a plain hash is enough: nobody can try them all.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use subtle::ConstantTimeEq as _;

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Clone and fetch.
    Read,
    /// Push as well.
    Write,
}

/// A token, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Whose it is, for people.
    pub name: String,
    /// SHA-256 of the token, in hexadecimal digits.
    pub hash: String,
    /// What it allows.
    pub access: Access,
}

/// All tokens, as the file has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// The tokens.
    #[serde(default)]
    pub tokens: Vec<Token>,
}

impl Tokens {
    /// What a token allows. Looks at every entry, so that the time it takes tells nothing.
    pub fn access(&self, token: &str) -> Option<Access> {
        let hash = hash(token);
        self.tokens.iter().fold(None, |found, entry| {
            if bool::from(entry.hash.as_bytes().ct_eq(hash.as_bytes())) {
                found.max(Some(entry.access))
            } else {
                found
            }
        })
    }
}

/// The form in which a token is kept.
pub fn hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash_and_the_widest_entry_counts() {
        let entry = |token: &str, access| Token { name: "n".into(), hash: hash(token), access };
        let tokens = Tokens {
            tokens: vec![
                entry("a", Access::Read),
                entry("b", Access::Write),
                entry("a", Access::Write),
            ],
        };
        assert_eq!(tokens.access("a"), Some(Access::Write));
        assert_eq!(tokens.access("b"), Some(Access::Write));
        assert_eq!(tokens.access(""), None);
        assert_eq!(tokens.access(&hash("a")), None);
    }
}
