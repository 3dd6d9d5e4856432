//! The rules of a pipeline that compare its parts with each other and with the providers.

use super::members::Members;
use super::structure::Spots;
use super::{Definitions, ReadOptions};
use trunkline_model::pipeline::Pipeline;

/// Checks a pipeline, and settles its type.
pub(super) fn pipeline(
    _m: &mut Members,
    _pipeline: &mut Pipeline,
    _spots: &Spots<'_>,
    _options: &ReadOptions,
) {
}

/// Says which build projects an action names that the file does not define.
pub(super) fn projects(_m: &mut Members, _definitions: &Definitions) {}
