//! Account ids: twelve digits, kept as text because a number loses its leading zero.

use std::fmt;

/// An AWS account's id: exactly twelve ASCII digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

/// Why a text is no account id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountIdError {
    /// Only digits, but not twelve of them; eleven usually means a lost leading zero.
    #[error("an account id has 12 digits, this has {0}")]
    Length(usize),
    /// Something other than digits.
    #[error("an account id has only digits")]
    NotDigits,
}

impl AccountId {
    /// Parses an account id; never pads or trims.
    pub fn parse(text: &str) -> Result<Self, AccountIdError> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(AccountIdError::NotDigits);
        }
        if text.len() != 12 {
            return Err(AccountIdError::Length(text.len()));
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_digits_and_nothing_else() {
        assert_eq!(
            AccountId::parse("012345678901").map(|a| a.to_string()),
            Ok("012345678901".into())
        );
        assert_eq!(AccountId::parse("12345678901"), Err(AccountIdError::Length(11)));
        assert_eq!(AccountId::parse("1111-2222-333"), Err(AccountIdError::NotDigits));
        assert_eq!(AccountId::parse(""), Err(AccountIdError::NotDigits));
    }
}
