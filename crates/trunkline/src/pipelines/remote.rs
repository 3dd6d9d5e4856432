//! Pipelines of a server that runs: its API, found by `server.json` of the data folder.

use super::backend::Backend;
use super::folder::DataFolder;
use trunkline_model::Report;

/// The server of a data folder; None where none runs. TL0888: its lock is held, but it does not answer.
pub(crate) async fn connect(_folder: &DataFolder) -> Result<Option<Box<dyn Backend>>, Report> {
    Ok(None)
}
