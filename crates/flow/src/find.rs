//! Finds what points into an account or instance inside any text: ARNs, lone UUIDs, URLs.
//!
//! The exporter asks it about every string, so texts without a candidate cost one search each. What is
//! found is a range of bytes; what stands for it is decided elsewhere. A text with a placeholder, such
//! as `arn:aws:lex:${Region}:...`, is no ARN.

mod arn;
mod url;
mod uuid;

pub use arn::{FoundArn, arns};
pub use url::{FoundUrl, UrlKind, urls};
pub use uuid::{is_uuid, uuids};

#[cfg(test)]
mod tests;
