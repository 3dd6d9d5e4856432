//! YAML for this crate's files: `trunkline_yaml`, with its problems under this crate's code.

use trunkline_model::Diagnostic;
pub(crate) use trunkline_yaml::{Key, Node, Spot, Value};

/// Reads one document. An empty text is `Null` at 1:1.
pub(crate) fn read(text: &str) -> Result<Node, Diagnostic> {
    trunkline_yaml::read(text).map_err(|broken| broken.diagnostic("TL0101"))
}

/// The same for CloudFormation, with the long form of its tags.
pub(crate) fn read_tagged(text: &str) -> Result<Node, Diagnostic> {
    trunkline_yaml::read_tagged(text).map_err(|broken| broken.diagnostic("TL0101"))
}
