//! ARNs, split into their parts; the resource part stays text.

use std::fmt;

/// An Amazon Resource Name: `arn:partition:service:region:account:resource`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// `connect`, `lambda`, `lex` ...
    pub service: String,
    /// May be empty (S3, IAM).
    pub region: String,
    /// Twelve digits, `aws` for what AWS itself owns, or empty (S3).
    pub account: String,
    /// Everything after the fifth colon, colons included.
    pub resource: String,
}

/// Why a text is no ARN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an ARN (arn:partition:service:region:account:resource)")]
pub struct ArnError(pub String);

impl Arn {
    /// Parses a whole text as an ARN.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().map(str::to_owned);
        let fields = (next(), next(), next(), next(), next(), next());
        let (
            Some(arn),
            Some(partition),
            Some(service),
            Some(region),
            Some(account),
            Some(resource),
        ) = fields
        else {
            return Err(ArnError(text.to_owned()));
        };
        if arn != "arn" || partition.is_empty() || service.is_empty() || resource.is_empty() {
            return Err(ArnError(text.to_owned()));
        }
        Ok(Self { partition, service, region, account, resource })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_back() {
        let text = "arn:aws:lambda:us-west-2:111122223333:function:acme-lookup:live";
        let arn = Arn::parse(text).expect("an ARN");
        assert_eq!(arn.resource, "function:acme-lookup:live");
        assert_eq!(arn.to_string(), text);
        assert!(Arn::parse("arn:aws:lambda").is_err());
        assert!(Arn::parse("urn:aws:a:b:c:d").is_err());
    }
}
