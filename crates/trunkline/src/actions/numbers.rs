//! How many builds each project had: what a build is told as its number (`CODEBUILD_BUILD_NUMBER`).
//!
//! Kept in a file of the data folder, whose lock makes this process the only one that counts. A number is taken
//! before the build begins, so that none is given twice.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use trunkline_model::Report;

/// The numbers of builds by project.
pub(super) struct Numbers {
    path: PathBuf,
    /// What the file says, once it was read.
    known: Mutex<Option<BTreeMap<String, u64>>>,
}

impl Numbers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, known: Mutex::default() }
    }

    /// The number of a project's next build, from 1.
    pub(super) fn next(&self, project: &str) -> Result<u64, Report> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || {
            // A file that is not there, or was damaged, counts from the beginning: a number is only for people.
            let text = fs::read(&self.path).unwrap_or_default();
            serde_json::from_slice(&text).unwrap_or_default()
        };
        let all = known.get_or_insert_with(read);
        let number = all.entry(project.to_owned()).or_default();
        *number += 1;
        let number = *number;
        let draft = self.path.with_extension("new");
        let text = serde_json::to_vec(all).unwrap_or_default();
        fs::write(&draft, text)
            .and_then(|()| fs::rename(&draft, &self.path))
            .map_err(|error| crate::files::failed(&self.path.display().to_string(), &error))?;
        Ok(number)
    }
}
