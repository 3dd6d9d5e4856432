//! CloudFormation templates.
use super::{Definitions, ReadOptions};
use crate::yaml::Node;
use trunkline_model::Diagnostic;

pub(super) fn read(
    node: &Node,
    _file: &str,
    _options: &ReadOptions,
) -> (Option<Definitions>, Vec<Diagnostic>) {
    let found = Diagnostic::error("TL0802", "templates are not read yet")
        .at(node.spot.line, node.spot.column);
    (None, vec![found])
}
