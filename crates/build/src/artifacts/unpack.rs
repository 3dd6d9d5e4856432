//! An artifact back into files: verified first, and never beyond its folder.

use super::links::Links;
use super::pack::{IN_MEMORY, checksum, hash};
use super::seal::{Key, is_sealed};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use trunkline_model::Diagnostic;
use zip::ZipArchive;

/// How much an artifact may hold.
#[derive(Clone, Copy, Debug)]
pub struct UnpackLimits {
    /// Entries.
    pub files: usize,
    /// Bytes once it is unpacked.
    pub bytes: u64,
}

impl Default for UnpackLimits {
    fn default() -> Self {
        Self { files: 200_000, bytes: 16 << 30 }
    }
}

/// Why an artifact is not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// Not what was packed.
    #[error("the artifact is damaged: its checksum is {found}, not {wanted}")]
    Damaged {
        /// The checksum that it must have.
        wanted: String,
        /// The one that it has.
        found: String,
    },
    /// It is sealed and no key was given, or another one.
    #[error("the artifact is sealed: {0}")]
    Sealed(String),
    /// An entry that must not be written.
    #[error("the artifact is unsafe: `{0}` {1}")]
    Unsafe(String, &'static str),
    /// Too much.
    #[error("the artifact is too large: more than {0}")]
    TooLarge(String),
    /// Not a zip.
    #[error("the artifact cannot be read: {0}")]
    Zip(String),
    /// The machine failed.
    #[error("the artifact cannot be unpacked: {0}")]
    Io(#[from] io::Error),
}

impl UnpackError {
    /// For a person.
    pub fn diagnostic(&self) -> Diagnostic {
        let (code, help) = match self {
            Self::Damaged { .. } | Self::Zip(_) => {
                ("TL0854", "run the action again that made it; look at the disk")
            }
            Self::Sealed(_) => ("TL0857", "give the key that the artifact was sealed with"),
            Self::Unsafe(..) | Self::TooLarge(_) => ("TL0855", "look at what makes the artifact"),
            Self::Io(_) => ("TL0858", "look for a full disk"),
        };
        Diagnostic::error(code, self.to_string()).help(help)
    }
}

impl From<zip::result::ZipError> for UnpackError {
    fn from(error: zip::result::ZipError) -> Self {
        match error {
            zip::result::ZipError::Io(error) => Self::Io(error),
            other => Self::Zip(other.to_string()),
        }
    }
}

/// What was unpacked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// How many files and links that were.
    pub files: usize,
    /// Links that lead out of the folder, as `NAME -> TARGET`. They were not made.
    pub left_out: Vec<String>,
}

/// The bytes of a zip, in memory or in a file.
trait Zip: Read + Seek {}

impl<T: Read + Seek> Zip for T {}

/// Unpacks an artifact into a folder, which is made.
///
/// `sha256` is compared before anything is written; an artifact from outside has none.
pub fn unpack(
    file: &Path,
    into: &Path,
    sha256: Option<&str>,
    key: Option<&Key>,
    limits: UnpackLimits,
) -> Result<Unpacked, UnpackError> {
    let same = |found: String| match sha256 {
        Some(wanted) if !found.eq_ignore_ascii_case(wanted) => {
            Err(UnpackError::Damaged { wanted: wanted.to_owned(), found })
        }
        _ => Ok(()),
    };
    if fs::metadata(file)?.len() <= IN_MEMORY {
        let mut bytes = fs::read(file)?;
        if is_sealed(&bytes) {
            bytes = opener(key)?.opened(&bytes).map_err(unopened)?;
        }
        same(if sha256.is_some() { hash(&bytes) } else { String::new() })?;
        return unpack_bytes(&bytes, into, limits);
    }
    fs::create_dir_all(into)?;
    let mut zip = clear(file, into, key)?;
    if sha256.is_some() {
        same(checksum(&mut zip)?.0)?;
        zip.rewind()?;
    }
    spread(&mut BufReader::new(zip), into, limits)
}

/// Unpacks a zip in memory, as `unpack` does a file.
pub fn unpack_bytes(
    zip: &[u8],
    into: &Path,
    limits: UnpackLimits,
) -> Result<Unpacked, UnpackError> {
    spread(&mut Cursor::new(zip), into, limits)
}

fn spread(zip: &mut dyn Zip, into: &Path, limits: UnpackLimits) -> Result<Unpacked, UnpackError> {
    let mut archive = ZipArchive::new(zip)?;
    if archive.len() > limits.files {
        return Err(UnpackError::TooLarge(format!("{} files", limits.files)));
    }
    let mut left = limits.bytes;
    let mut made = BTreeSet::new();
    let mut folders = BTreeSet::new();
    let mut folder = |path: &Path| {
        if folders.contains(path) {
            return Ok(());
        }
        folders.insert(path.to_path_buf());
        fs::create_dir_all(into.join(path))
    };
    folder(Path::new(""))?;
    let mut links = BTreeMap::new();
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at)?;
        let name = entry.name()?.into_owned();
        let path = safe(&name)?;
        if entry.is_dir() {
            folder(&path)?;
            continue;
        }
        if !made.insert(path.clone()) {
            return Err(UnpackError::Unsafe(name, "is there twice"));
        }
        if let Some(parent) = path.parent() {
            folder(parent)?;
        }
        if entry.is_symlink() {
            let mut text = String::new();
            (&mut entry).take(4096).read_to_string(&mut text)?;
            links.insert(path, text);
            continue;
        }
        let target = into.join(&path);
        let mode = entry.unix_mode().map_or(0o644, |mode| mode & 0o777);
        // Links come last, so that nothing is written through one; an older file is no place either.
        let mut out = OpenOptions::new().write(true).create_new(true).mode(mode).open(&target)?;
        let written = io::copy(&mut (&mut entry).take(left.saturating_add(1)), &mut out)?;
        left = left
            .checked_sub(written)
            .ok_or_else(|| UnpackError::TooLarge(format!("{} bytes", limits.bytes)))?;
        out.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    let mut done = Unpacked::default();
    let mut followed = Links::new(&links);
    for (path, text) in &links {
        let stays = followed.stays(path).ok_or_else(|| {
            let name = path.display().to_string();
            UnpackError::Unsafe(name, "is a link that leads through too many others")
        })?;
        if stays {
            symlink(text, into.join(path)).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => {
                    UnpackError::Unsafe(path.display().to_string(), "is a link and a folder")
                }
                _ => UnpackError::Io(error),
            })?;
        } else {
            done.left_out.push(format!("{} -> {text}", path.display()));
        }
    }
    done.files = made.len() - done.left_out.len();
    Ok(done)
}

fn opener(key: Option<&Key>) -> Result<&Key, UnpackError> {
    key.ok_or_else(|| UnpackError::Sealed("no key was given".to_owned()))
}

fn unopened(error: io::Error) -> UnpackError {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            UnpackError::Sealed(error.to_string())
        }
        _ => UnpackError::Io(error),
    }
}

/// The zip in clear: the file itself, or what its seal holds, in a file without a name.
fn clear(file: &Path, into: &Path, key: Option<&Key>) -> Result<File, UnpackError> {
    let mut from = File::open(file)?;
    let mut beginning = Vec::new();
    (&mut from).take(8).read_to_end(&mut beginning)?;
    from.rewind()?;
    if !is_sealed(&beginning) {
        return Ok(from);
    }
    let key = opener(key)?;
    let hidden = into.join(".sealed");
    let mut options = OpenOptions::new();
    let mut to = options.read(true).write(true).create_new(true).mode(0o600).open(&hidden)?;
    fs::remove_file(&hidden)?;
    key.open(&mut from, &mut to).map_err(unopened)?;
    to.rewind()?;
    Ok(to)
}

/// The path of an entry, if it stays below the folder.
fn safe(name: &str) -> Result<PathBuf, UnpackError> {
    let refused = |why| Err(UnpackError::Unsafe(name.to_owned(), why));
    if name.contains(['\\', '\0']) {
        return refused("is no path");
    }
    let path = Path::new(name);
    let plain =
        path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !plain || name.is_empty() {
        return refused("leads out of it");
    }
    Ok(path.components().filter(|part| matches!(part, Component::Normal(_))).collect())
}
