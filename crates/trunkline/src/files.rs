//! Documents on disk: reading the project's folders, and writing an export without ever leaving half of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use trunkline_center::{Documents, File, KINDS, renames};
use trunkline_model::{Diagnostic, Report};

/// Reads every document of a project.
pub(crate) fn load(root: &Path) -> Result<Documents, Report> {
    let files = read(root)?;
    Documents::load(&files).map_err(|report| with_lines(root, report))
}

/// Adds line and column to findings that name a file but no line: where the reference or the word that the
/// message quotes stands first in it. A finding whose word is written otherwise in the file stays as it is.
pub(crate) fn with_lines(root: &Path, mut report: Report) -> Report {
    for found in report.0.iter_mut().filter(|d| d.place.line.is_none()) {
        let text = found.place.file.as_ref().and_then(|f| fs::read_to_string(root.join(f)).ok());
        let spot = quoted(&found.message).zip(text).and_then(|(word, text)| {
            let (number, line) = text.lines().enumerate().find(|(_, l)| l.contains(&word))?;
            Some((number + 1, line[..line.find(&word)?].chars().count() + 1))
        });
        if let Some((line, column)) = spot {
            found.place.line = u32::try_from(line).ok();
            found.place.column = u32::try_from(column).ok();
        }
    }
    report
}

/// The reference in a message, or else what stands in backticks.
fn quoted(message: &str) -> Option<String> {
    let reference = message.find("${").and_then(|start| {
        let end = start + message[start..].find('}')?;
        Some(message[start..=end].to_owned())
    });
    reference.or_else(|| message.split('`').nth(1).map(str::to_owned)).filter(|w| !w.is_empty())
}

/// Reads the files in the folders of the kinds and the renames, in order of path.
pub(crate) fn read(root: &Path) -> Result<Vec<File>, Report> {
    let mut files = Vec::new();
    for folder in folders() {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        for entry in entries {
            let path = entry.map_err(|e| failed(folder, &e))?.path();
            let Some(name) =
                path.file_name().and_then(|n| n.to_str()).filter(|n| !n.starts_with('.'))
            else {
                continue;
            };
            if path.is_file() {
                let shown = format!("{folder}/{name}");
                let bytes = fs::read(&path).map_err(|e| failed(&shown, &e))?;
                files.push((shown, bytes));
            }
        }
    }
    if let Ok(bytes) = fs::read(root.join(renames::FILE)) {
        files.push((renames::FILE.to_owned(), bytes));
    }
    files.sort();
    Ok(files)
}

fn folders() -> BTreeSet<&'static str> {
    KINDS.iter().map(|k| k.spec().folder).collect()
}

/// Writes files; says which are new and which changed. Each appears whole or not at all; those that stay the
/// same are not touched.
pub(crate) fn write(
    root: &Path,
    existing: &[File],
    files: &[File],
) -> Result<(Vec<String>, Vec<String>), Report> {
    let existing: BTreeMap<&str, &[u8]> =
        existing.iter().map(|(p, b)| (p.as_str(), b.as_slice())).collect();
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    for (path, bytes) in files {
        match existing.get(path.as_str()) {
            Some(same) if same == bytes => continue,
            Some(_) => changed.push(path.clone()),
            None => added.push(path.clone()),
        }
        // Not flushed one by one: what a power failure takes, another export brings back.
        exchange(&root.join(path), bytes, false).map_err(|e| failed(path, &e))?;
    }
    Ok((added, changed))
}

/// Removes files; one that is not there is no failure.
pub(crate) fn remove(root: &Path, paths: &[String]) -> Result<(), Report> {
    for path in paths {
        match fs::remove_file(root.join(path)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(path, &error)),
            _ => {}
        }
    }
    Ok(())
}

/// Replaces a file in one go, and is on the disk when it returns.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    exchange(path, bytes, true)
}

fn exchange(path: &Path, bytes: &[u8], durable: bool) -> std::io::Result<()> {
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_else(|| PathBuf::from("."));
    fs::create_dir_all(&folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let short: String = name.chars().take(40).collect();
    let beside = folder.join(format!(".{short}.{}.new", std::process::id()));
    let mut file = fs::File::create(&beside)?;
    let done = file
        .write_all(bytes)
        .and_then(|()| if durable { file.sync_all() } else { Ok(()) })
        .and_then(|()| fs::rename(&beside, path));
    if done.is_err() {
        // The half-written file is of no use to anybody; that it stays is no second failure.
        let _ = fs::remove_file(&beside);
    }
    done
}

/// TL0208 for a file.
pub(crate) fn failed(path: &str, error: &std::io::Error) -> Report {
    let message = format!("the file cannot be read or written: {error}");
    Diagnostic::error("TL0208", message)
        .in_file(path)
        .help("check that the folder exists and that its permissions allow it")
        .report()
}
