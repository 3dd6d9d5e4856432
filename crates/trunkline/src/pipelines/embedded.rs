//! A hub for one command, where no server runs.

use super::folder::DataFolder;
use super::hub::{Hub, Parts};
use crate::actions;
use crate::context::{App, Located};
use std::sync::Arc;
use trunkline_model::Report;

/// Makes the hub. Nothing runs before it is asked for a pipeline.
pub(crate) fn open(
    app: &App,
    located: &Located,
    folder: &DataFolder,
    parts: Parts<'_>,
) -> Result<Arc<Hub>, Report> {
    let profile = app.global.profile.clone();
    Ok(Hub::new(parts, actions::of_hub(located.root.clone(), folder.clone(), profile, None)))
}
