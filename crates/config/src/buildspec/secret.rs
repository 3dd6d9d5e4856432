//! Which part of which version of which secret a variable asks for.
//!
//! `secret-id[:json-key[:version-stage[:version-id]]]`, where the id may be an ARN that holds colons
//! itself. The parts are taken from the right; an ARN of a secret has seven of its own.

/// The parts of an ARN of a secret, `secret` and the name included.
const ARN_PARTS: usize = 7;

/// What a variable of type secrets-manager names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretRef {
    /// The secret's name or ARN.
    pub id: String,
    /// A key of the JSON object that the secret holds; the whole text where it is absent.
    pub json_key: Option<String>,
    /// A stage; AWSCURRENT where stage and version are absent.
    pub version_stage: Option<String>,
    /// The id of a version.
    pub version_id: Option<String>,
}

/// Why a text names no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretProblem {
    /// There is nothing before the first colon.
    #[error("the id of the secret is missing")]
    NoId,
    /// An ARN of something else, or one that ends too early.
    #[error("the ARN is not that of a secret")]
    NotASecret,
    /// More than four parts.
    #[error("there are too many parts; at most a key, a stage and a version follow the id")]
    TooMany,
}

impl SecretRef {
    /// Parses the value of a variable.
    pub fn parse(text: &str) -> Result<Self, SecretProblem> {
        let parts: Vec<&str> = text.trim().split(':').collect();
        let (id, rest) = match parts[0] {
            "arn" => {
                let whole = parts.len() >= ARN_PARTS && !parts[ARN_PARTS - 1].is_empty();
                if !whole || parts[2] != "secretsmanager" || parts[5] != "secret" {
                    return Err(SecretProblem::NotASecret);
                }
                (parts[..ARN_PARTS].join(":"), &parts[ARN_PARTS..])
            }
            "" => return Err(SecretProblem::NoId),
            name => (name.to_owned(), &parts[1..]),
        };
        if rest.len() > 3 {
            return Err(SecretProblem::TooMany);
        }
        let part = |n: usize| rest.get(n).filter(|p| !p.is_empty()).map(|p| (*p).to_owned());
        Ok(Self { id, json_key: part(0), version_stage: part(1), version_id: part(2) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:crm/api-AbCdEf";

    fn check(text: &str, id: &str, rest: [Option<&str>; 3]) {
        let [json_key, version_stage, version_id] = rest.map(|p| p.map(str::to_owned));
        let wanted = SecretRef { id: id.to_owned(), json_key, version_stage, version_id };
        assert_eq!(SecretRef::parse(text), Ok(wanted), "{text}");
    }

    #[test]
    fn names_and_arns_are_told_from_what_follows_them() {
        check("crm/api", "crm/api", [None; 3]);
        check("crm/api:password", "crm/api", [Some("password"), None, None]);
        check(
            "crm/api:password:AWSPREVIOUS",
            "crm/api",
            [Some("password"), Some("AWSPREVIOUS"), None],
        );
        check("crm/api:::v1", "crm/api", [None, None, Some("v1")]);
        check("crm/api:password::", "crm/api", [Some("password"), None, None]);
        check(ARN, ARN, [None; 3]);
        check(&format!("{ARN}:password"), ARN, [Some("password"), None, None]);
        check(&format!("{ARN}:k:AWSCURRENT:v1"), ARN, [Some("k"), Some("AWSCURRENT"), Some("v1")]);
    }

    #[test]
    fn what_names_no_secret_is_refused() {
        let problem = |text: &str| SecretRef::parse(text).expect_err(text);
        assert_eq!(problem(""), SecretProblem::NoId);
        assert_eq!(problem(":key"), SecretProblem::NoId);
        assert_eq!(problem("a:b:c:d:e"), SecretProblem::TooMany);
        assert_eq!(problem(&format!("{ARN}:a:b:c:d")), SecretProblem::TooMany);
        assert_eq!(
            problem("arn:aws:secretsmanager:eu-west-1:111122223333:secret"),
            SecretProblem::NotASecret
        );
        assert_eq!(problem("arn:aws:s3:::bucket:x:y"), SecretProblem::NotASecret);
    }
}
