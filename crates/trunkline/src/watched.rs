//! What a running server takes from the project's configuration: read again when the file has changed, so that nobody
//! has to start the server anew.

use crate::context;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use trunkline_config::Project;

/// A part of the configuration.
pub(crate) struct Watched<T> {
    /// The project's configuration.
    file: PathBuf,
    part: fn(Project) -> T,
    /// The part, as of a state of the file.
    held: Mutex<(Option<SystemTime>, T)>,
}

impl<T: Clone> Watched<T> {
    /// Takes a part of the configuration in a file; `before` holds until it was read.
    pub(crate) fn new(file: PathBuf, before: T, part: fn(Project) -> T) -> Self {
        Self { file, part, held: Mutex::new((None, before)) }
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// What the configuration says. While it cannot be read, what it said before holds.
    pub(crate) fn get(&self) -> T {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = std::fs::metadata(&self.file).and_then(|m| m.modified()).ok();
        if changed != held.0 {
            let text = std::fs::read_to_string(&self.file).unwrap_or_default();
            if let Ok(project) = trunkline_config::parse(&text, context::CONFIG) {
                // One that is being written has the same time when it is whole.
                *held = (changed, (self.part)(project));
            }
        }
        held.1.clone()
    }
}
