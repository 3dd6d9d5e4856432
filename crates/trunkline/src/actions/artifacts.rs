//! The folder of artifacts: zips named by the SHA-256 of their bytes, looked at again when they are read.
//!
//! Written whole or not at all, without waiting for the disk: an artifact that a power failure took is made
//! again by the action that made it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use trunkline_build::{UnpackLimits, unpack};
use trunkline_center::state::version_of;
use trunkline_engine::ArtifactRef;
use trunkline_model::{Diagnostic, Report};

/// Tells files apart that are written at the same time.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Where artifacts lie.
pub(super) struct ArtifactFolder(PathBuf);

impl ArtifactFolder {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    fn path(&self, id: &str) -> PathBuf {
        self.0.join(format!("{id}.zip"))
    }

    /// Whether an artifact is there.
    pub(super) fn has(&self, id: &str) -> bool {
        self.path(id).is_file()
    }

    /// Keeps bytes; gives their id and size.
    pub(super) fn put(&self, bytes: &[u8]) -> Result<(String, u64), Report> {
        let id = version_of(bytes);
        let (path, size) = (self.path(&id), u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if path.is_file() {
            return Ok((id, size));
        }
        let draft = self.draft();
        let written = fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, &path));
        written.map_err(|error| crate::files::failed(&path.display().to_string(), &error))?;
        Ok((id, size))
    }

    /// Takes over a file that was made elsewhere on this disk.
    pub(super) fn adopt(&self, id: &str, file: &Path) -> Result<(), Report> {
        let path = self.path(id);
        let moved = match fs::rename(file, &path) {
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                let draft = self.draft();
                fs::copy(file, &draft).and_then(|_| fs::rename(&draft, &path))
            }
            moved => moved,
        };
        moved.map_err(|error| crate::files::failed(&path.display().to_string(), &error))
    }

    fn draft(&self) -> PathBuf {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        self.0.join(format!(".{}-{number}.new", std::process::id()))
    }

    /// Unpacks an artifact into a folder. TL0719: it is gone, or not what it was.
    pub(super) fn unpack(&self, artifact: &ArtifactRef, folder: &Path) -> Result<(), Report> {
        let path = self.path(&artifact.id);
        let unpacked = unpack(&path, folder, Some(&artifact.id), None, UnpackLimits::default());
        unpacked.map(drop).map_err(|found| {
            Diagnostic::error("TL0719", format!("the artifact `{}` cannot be used", artifact.name))
                .because(found.to_string())
                .help("start the pipeline anew: its sources make the artifact again")
                .report()
        })
    }
}
