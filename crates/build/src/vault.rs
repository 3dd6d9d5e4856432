//! The port through which a build gets parameters and secrets, and the grammar of their names.
//!
//! The binary implements `Vault` with the calls of AWS; tests with a table.

use std::future::Future;
use std::pin::Pin;

/// What a vault answers, later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, VaultError>> + Send + 'a>>;

/// Why a value cannot be had; one sentence without the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct VaultError(pub String);

/// A parameter of the parameter store.
#[derive(Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its value, decrypted.
    pub value: String,
    /// Whether it is a SecureString.
    pub secure: bool,
}

/// Where parameters and secrets come from.
pub trait Vault: Send + Sync {
    /// Reads a parameter, decrypted.
    fn parameter<'a>(&'a self, name: &'a str) -> Answer<'a, Parameter>;
    /// Reads the whole text of a secret's version; the JSON key is taken by the build.
    fn secret<'a>(&'a self, id: &'a SecretId) -> Answer<'a, String>;
}

/// A vault that has nothing.
pub struct NoVault;

impl Vault for NoVault {
    fn parameter<'a>(&'a self, name: &'a str) -> Answer<'a, Parameter> {
        let error = VaultError(format!("there is no parameter store to read `{name}` from"));
        Box::pin(async { Err(error) })
    }

    fn secret<'a>(&'a self, id: &'a SecretId) -> Answer<'a, String> {
        let error = VaultError(format!("there is no Secrets Manager to read `{}` from", id.id));
        Box::pin(async { Err(error) })
    }
}

/// `secret-id[:json-key[:version-stage[:version-id]]]`, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretId {
    /// The name or ARN.
    pub id: String,
    /// The member of its JSON object; the whole text where it is absent.
    pub json_key: Option<String>,
    /// The version's stage; AWSCURRENT where neither is given.
    pub version_stage: Option<String>,
    /// The version's id.
    pub version_id: Option<String>,
}

impl SecretId {
    /// Takes a reference apart. An ARN has seven parts of its own.
    pub fn parse(text: &str) -> Self {
        let own = if text.starts_with("arn:") { 7 } else { 1 };
        let parts: Vec<&str> = text.split(':').collect();
        let own = own.min(parts.len());
        let rest =
            |at: usize| parts.get(own + at).filter(|p| !p.is_empty()).map(|p| (*p).to_owned());
        Self {
            id: parts[..own].join(":"),
            json_key: rest(0),
            version_stage: rest(1),
            version_id: rest(2),
        }
    }

    /// Takes the member out of the secret's text.
    pub fn pick(&self, text: &str) -> Result<String, VaultError> {
        let Some(key) = &self.json_key else { return Ok(text.to_owned()) };
        let object: serde_json::Value = serde_json::from_str(text)
            .map_err(|_| VaultError(format!("the secret `{}` is not JSON", self.id)))?;
        match object.get(key) {
            Some(serde_json::Value::String(value)) => Ok(value.clone()),
            Some(value) => Ok(value.to_string()),
            None => Err(VaultError(format!("the secret `{}` has no key `{key}`", self.id))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_taken_apart_from_behind_its_arn() {
        let check = |text: &str, id: &str, rest: [Option<&str>; 3]| {
            let got = SecretId::parse(text);
            assert_eq!(got.id, id);
            let found = [got.json_key, got.version_stage, got.version_id];
            assert_eq!(found, rest.map(|r| r.map(str::to_owned)));
        };
        let arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db-AbCdEf";
        check("db", "db", [None, None, None]);
        check("db:password", "db", [Some("password"), None, None]);
        check("db::AWSPREVIOUS", "db", [None, Some("AWSPREVIOUS"), None]);
        check(arn, arn, [None, None, None]);
        check(
            &format!("{arn}:password:AWSCURRENT:v1"),
            arn,
            [Some("password"), Some("AWSCURRENT"), Some("v1")],
        );
    }

    #[test]
    fn a_member_is_taken_out_of_json() {
        let id = SecretId::parse("db:password");
        assert_eq!(id.pick(r#"{"password":"opensesame"}"#).unwrap(), "opensesame");
        assert!(id.pick("opensesame").is_err());
        assert!(id.pick("{}").is_err());
    }
}
