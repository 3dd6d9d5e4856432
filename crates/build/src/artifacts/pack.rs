//! Files into a zip. The same files give the same bytes.

use super::{Artifact, Entry, Key};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, BufWriter, Cursor, Read, Seek, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// From this size on, an entry is written so that it may pass 4 GiB.
const LARGE: u64 = 0xffff_0000;

/// Below this size an entry is not compressed: to begin with it takes longer than is gained.
const SMALL: u64 = 4 << 10;

/// Up to so many bytes of files, a zip is made in memory: a zip's writer goes back for each of its entries.
pub(super) const IN_MEMORY: u64 = 16 << 20;

/// Where a zip is written: in memory or in a file.
trait Sheet: Write + Seek {}

impl<T: Write + Seek> Sheet for T {}

/// Packs files, in the order given, into a new file; sealed if there is a key.
pub fn pack(entries: &[Entry], file: &Path, key: Option<&Key>) -> io::Result<Artifact> {
    let few = entries.iter().map(|entry| entry.size).sum::<u64>() <= IN_MEMORY;
    let (sha256, size) = if few {
        let mut memory = Cursor::default();
        write(entries, &mut memory)?;
        let bytes: Vec<u8> = memory.into_inner();
        let sha256 = hash(&bytes);
        match key {
            Some(key) => fs::write(file, key.sealed(&bytes, &sha256)?)?,
            None => fs::write(file, &bytes)?,
        }
        (sha256, bytes.len() as u64)
    } else {
        let mut written = BufWriter::new(File::create(file)?);
        write(entries, &mut written)?;
        written.flush()?;
        let (sha256, size) = checksum(&mut File::open(file)?)?;
        if let Some(key) = key {
            let sealed = file.with_extension("sealed");
            key.seal(&mut File::open(file)?, &mut File::create(&sealed)?, &sha256)?;
            fs::rename(&sealed, file)?;
        }
        (sha256, size)
    };
    Ok(Artifact {
        identifier: String::new(),
        name: None,
        path: file.to_path_buf(),
        sha256,
        size,
        files: entries.len(),
    })
}

fn write(entries: &[Entry], to: &mut dyn Sheet) -> io::Result<()> {
    let mut zip = ZipWriter::new(to);
    let plain = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default());
    let deflated = plain.compression_method(CompressionMethod::Deflated).compression_level(Some(1));
    for entry in entries {
        let options = if entry.size < SMALL { plain } else { deflated };
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
    zip.finish()?;
    Ok(())
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

/// The SHA-256 of bytes, in hex.
pub(super) fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
