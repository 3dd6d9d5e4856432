//! Files into a zip. The same files give the same bytes.

use super::{Artifact, Entry, Key};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// From this size on, an entry is written so that it may pass 4 GiB.
const LARGE: u64 = 0xffff_0000;

/// Packs files, in the order given, into a new file; sealed if there is a key.
pub fn pack(entries: &[Entry], file: &Path, key: Option<&Key>) -> io::Result<Artifact> {
    let mut zip = ZipWriter::new(BufWriter::new(File::create(file)?));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(1))
        .last_modified_time(DateTime::default());
    for entry in entries {
        let options = options.unix_permissions(entry.mode);
        if let Some(target) = &entry.link {
            zip.add_symlink(entry.name.as_str(), target.as_str(), options)?;
            continue;
        }
        let mut from = File::open(&entry.file)?;
        let large = from.metadata()?.len() >= LARGE;
        zip.start_file(entry.name.as_str(), options.large_file(large))?;
        io::copy(&mut from, &mut zip)?;
    }
    zip.finish()?.flush()?;
    let (sha256, size) = checksum(&mut File::open(file)?)?;
    if let Some(key) = key {
        let sealed = file.with_extension("sealed");
        key.seal(&mut File::open(file)?, &mut File::create(&sealed)?, &sha256)?;
        fs::rename(&sealed, file)?;
    }
    Ok(Artifact {
        identifier: String::new(),
        name: None,
        path: file.to_path_buf(),
        sha256,
        size,
        files: entries.len(),
    })
}

/// The SHA-256 of what is read, in hex, and its length.
pub(super) fn checksum(from: &mut impl Read) -> io::Result<(String, u64)> {
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0_u8; 64 << 10];
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        hash.update(&buffer[..length]);
        size += length as u64;
    }
    Ok((hex(&hash.finalize()), size))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
