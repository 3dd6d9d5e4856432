//! Regions and the partition that each belongs to.

use std::fmt;

/// A region's name, such as `us-west-2`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

/// Why a text is no region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a region, such as us-west-2")]
pub struct RegionError(pub String);

/// A partition: an island of AWS with its own ARNs and endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Partition {
    /// Commercial regions.
    Aws,
    /// China.
    AwsCn,
    /// GovCloud (US).
    AwsUsGov,
}

impl Region {
    /// Parses a region's name by its form (`area-direction-number`); new regions need no new release.
    pub fn parse(text: &str) -> Result<Self, RegionError> {
        let parts: Vec<&str> = text.split('-').collect();
        let word = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase());
        let (last, words) = parts.split_last().ok_or_else(|| RegionError(text.to_owned()))?;
        let number = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
        if words.len() >= 2 && number && words.iter().all(|p| word(p)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(RegionError(text.to_owned()))
        }
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the partition that the region lies in.
    pub fn partition(&self) -> Partition {
        match self.0.as_str() {
            r if r.starts_with("cn-") => Partition::AwsCn,
            r if r.starts_with("us-gov-") => Partition::AwsUsGov,
            _ => Partition::Aws,
        }
    }
}

impl Partition {
    /// Returns the name as it stands in an ARN.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsUsGov => "aws-us-gov",
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_by_form() {
        for (text, partition) in
            [("us-west-2", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
        {
            assert_eq!(Region::parse(text).expect("a region").partition().as_str(), partition);
        }
        for text in ["", "us", "us-west", "US-WEST-2", "us-west-2a", "-west-2"] {
            assert!(Region::parse(text).is_err(), "{text}");
        }
    }
}
