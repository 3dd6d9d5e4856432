//! Paths kept from build to build of a project, in one folder.
//!
//! `current` is a link to the newest of the copies; a build copies out of it under a shared lock and
//! replaces it under an exclusive one, so builds at the same time never see half a copy.

use crate::artifacts::{Entry, select};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use trunkline_model::buildspec::ArtifactFiles;

const EVERYTHING: &str = "**/*";
/// How names of copies begin that are not whole yet, and of links to copies that are not `current` yet.
const MAKING: &str = "making-";
const NEXT: &str = "next-";

/// What was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// How many files.
    pub files: usize,
    /// Paths outside of the source: they are the machine's own, and stay where they are.
    pub skipped: Vec<String>,
}

/// Copies the cache over the source; what the cache holds wins. Gives how many files that were.
pub fn restore(cache: &Path, source: &Path) -> io::Result<usize> {
    if !cache.exists() {
        return Ok(0);
    }
    let lock = lock(cache)?;
    lock.lock_shared()?;
    let current = cache.join("current");
    if !current.exists() {
        return Ok(0);
    }
    copy(&everything(&current)?, source)
}

/// Keeps the paths of a source that match, in place of what was kept before.
pub fn keep(cache: &Path, source: &Path, paths: &[String], build: &str) -> io::Result<Kept> {
    fs::create_dir_all(cache)?;
    let outside =
        |path: &&String| path.starts_with(['/', '~']) || path.split('/').any(|p| p == "..");
    let (skipped, files): (Vec<_>, Vec<_>) = paths.iter().partition(outside);
    let files = files.into_iter().map(|path| whole_folder(source, path)).collect();
    let set = ArtifactFiles { files, enable_symlinks: true, ..ArtifactFiles::default() };
    let entries = select(source, &set).map_err(io::Error::other)?;
    let name = format!("copy-{}", build.replace(['/', ':'], "-"));
    let making = Draft(cache.join(format!("{MAKING}{name}")));
    let next = Draft(cache.join(format!("{NEXT}{name}")));
    fs::create_dir_all(&making.0)?;
    let files = copy(&entries, &making.0)?;
    let lock = lock(cache)?;
    lock.lock()?;
    fs::rename(&making.0, cache.join(&name))?;
    symlink(&name, &next.0)?;
    fs::rename(&next.0, cache.join("current"))?;
    for entry in fs::read_dir(cache)?.flatten() {
        let other = entry.file_name();
        let other = other.to_string_lossy();
        if other.starts_with("copy-") && other != name {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(Kept { files, skipped: skipped.into_iter().cloned().collect() })
}

/// Removes what builds that were killed had begun to keep, from the caches in a folder.
///
/// For a server that starts, while no build runs.
pub fn clear(caches: &Path) {
    let list = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in list(caches).flat_map(|cache| list(&cache.path())) {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(MAKING) || name.starts_with(NEXT) {
            drop(Draft(entry.path()));
        }
    }
}

/// What is not kept yet: it goes, unless it has become something else.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        // A link is a file. What cannot be removed now is removed by `clear`.
        let _ = fs::remove_file(&self.0).or_else(|_| fs::remove_dir_all(&self.0));
    }
}

/// A folder stands for all that it holds.
fn whole_folder(source: &Path, path: &str) -> String {
    match source.join(path).is_dir() {
        true => format!("{}/**/*", path.trim_end_matches('/')),
        false => path.to_owned(),
    }
}

fn lock(cache: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(cache.join("lock"))
}

fn everything(folder: &Path) -> io::Result<Vec<Entry>> {
    let files = vec![EVERYTHING.to_owned()];
    let set = ArtifactFiles { files, enable_symlinks: true, ..ArtifactFiles::default() };
    select(folder, &set).map_err(io::Error::other)
}

fn copy(entries: &[Entry], into: &Path) -> io::Result<usize> {
    for entry in entries {
        let to = into.join(&entry.name);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        match fs::symlink_metadata(&to) {
            Ok(about) if about.is_dir() => continue,
            Ok(_) => fs::remove_file(&to)?,
            Err(_) => {}
        }
        if let Some(target) = &entry.link {
            symlink(target, &to)?;
        } else {
            fs::copy(&entry.file, &to)?;
            fs::set_permissions(&to, fs::Permissions::from_mode(entry.mode))?;
        }
    }
    Ok(entries.len())
}
