//! Which files an artifact holds: globs with CodeBuild's meaning, from base folders within the source.
//!
//! `*` stays within a folder, `**` does not; a folder's own name stands for nothing.

use fast_glob::glob_match;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use trunkline_model::buildspec::ArtifactFiles;

/// A file of an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path in the artifact, with `/`.
    pub name: String,
    /// Where it lies.
    pub file: PathBuf,
    /// Its permissions.
    pub mode: u32,
    /// Where it leads, if it is kept as a link.
    pub link: Option<String>,
    /// Its bytes when it was selected; 0 of a link.
    pub size: u64,
}

/// Why files cannot be selected.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// The path is not within the source.
    #[error("`{0}` is outside of the source: exclude it with exclude-paths")]
    Outside(String),
    /// A path of the buildspec that leads elsewhere.
    #[error(
        "`{0}` leads out of the source: artifacts are taken from the source, write it relative to that"
    )]
    Elsewhere(String),
    /// Not a glob.
    #[error("`{0}` is not a pattern of files")]
    Pattern(String),
    /// A folder cannot be read.
    #[error("`{0}` cannot be read: {1}")]
    Io(String, io::Error),
}

/// Selects the files of an artifact, sorted by their name in it. Nothing may match.
pub fn select(source: &Path, set: &ArtifactFiles) -> Result<Vec<Entry>, SelectError> {
    let root = fs::canonicalize(source).map_err(|e| SelectError::Io(shown(source), e))?;
    let mut all = BTreeMap::new();
    for base in bases(&root, source, set.base_directory.as_deref())? {
        let walk = Walk {
            root: &root,
            base: &base,
            exclude: globs(&set.exclude_paths, &[&base, source])?,
            links: set.enable_symlinks,
        };
        for pattern in &set.files {
            let pattern = relative(pattern, &[&base, source])?;
            for entry in walk.pattern(&pattern)? {
                let name = match entry.name.rsplit_once('/') {
                    Some((_, last)) if set.discard_paths => last.to_owned(),
                    _ => entry.name.clone(),
                };
                all.entry(name.clone()).or_insert(Entry { name, ..entry });
            }
        }
    }
    Ok(all.into_values().collect())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn has_glob(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// Takes a folder that it may be written under, and what means nothing, off a pattern.
fn relative(pattern: &str, folders: &[&Path]) -> Result<String, SelectError> {
    let mut text = pattern;
    if text.starts_with('/') {
        let within =
            folders.iter().find_map(|folder| text.strip_prefix(&shown(folder))?.strip_prefix('/'));
        text = within.ok_or_else(|| SelectError::Elsewhere(pattern.to_owned()))?;
    }
    let parts: Vec<&str> = text.split('/').filter(|p| !matches!(*p, "" | ".")).collect();
    if parts.contains(&"..") {
        return Err(SelectError::Elsewhere(pattern.to_owned()));
    }
    Ok(parts.join("/"))
}

/// A pattern that is one: what its brackets and braces open, they close. A `!` at its beginning is a sign like others.
fn glob(pattern: &str) -> Result<String, SelectError> {
    let mut open = Vec::new();
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        match (sign, open.last()) {
            ('\\', _) if signs.next().is_some() => {}
            ('\\', _) => open.push(sign),
            ('[', None | Some('{')) | ('{', None | Some('{')) => open.push(sign),
            (']', Some('[')) | ('}', Some('{')) => {
                open.pop();
            }
            _ => {}
        }
    }
    match open.is_empty() {
        true if pattern.starts_with('!') => Ok(format!("\\{pattern}")),
        true => Ok(pattern.to_owned()),
        false => Err(SelectError::Pattern(pattern.to_owned())),
    }
}

fn globs(patterns: &[String], folders: &[&Path]) -> Result<Vec<String>, SelectError> {
    patterns.iter().map(|pattern| glob(&relative(pattern, folders)?)).collect()
}

/// The base folders, sorted; none where a pattern matches none.
fn bases(root: &Path, source: &Path, base: Option<&str>) -> Result<Vec<PathBuf>, SelectError> {
    let Some(base) = base else { return Ok(vec![root.to_path_buf()]) };
    let outside = || SelectError::Elsewhere(base.to_owned());
    let text =
        if Path::new(base) == source { String::new() } else { relative(base, &[root, source])? };
    if !has_glob(&text) {
        return match fs::canonicalize(root.join(&text)) {
            Ok(folder) if !folder.starts_with(root) => Err(outside()),
            Ok(folder) if folder.is_dir() => Ok(vec![folder]),
            _ => Ok(Vec::new()),
        };
    }
    let matcher = glob(&text)?;
    let mut found = Vec::new();
    folders(root, root, text.split('/').count(), &matcher, &mut found)?;
    found.sort();
    Ok(found)
}

fn folders(
    root: &Path,
    folder: &Path,
    depth: usize,
    matcher: &str,
    found: &mut Vec<PathBuf>,
) -> Result<(), SelectError> {
    for entry in list(folder)? {
        if !entry.is_dir() || entry.is_symlink() {
            continue;
        }
        let name = shown(entry.strip_prefix(root).unwrap_or(&entry));
        if glob_match(matcher, &name) {
            found.push(entry.clone());
        }
        if depth > 1 || matcher.contains("**") {
            folders(root, &entry, depth.saturating_sub(1), matcher, found)?;
        }
    }
    Ok(())
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, SelectError> {
    let failed = |e| SelectError::Io(shown(folder), e);
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        all.push(entry.map_err(failed)?.path());
    }
    all.sort();
    Ok(all)
}

struct Walk<'a> {
    root: &'a Path,
    base: &'a Path,
    exclude: Vec<String>,
    links: bool,
}

impl Walk<'_> {
    fn excludes(&self, name: &str) -> bool {
        self.exclude.iter().any(|pattern| glob_match(pattern, name))
    }

    fn pattern(&self, pattern: &str) -> Result<Vec<Entry>, SelectError> {
        let mut found = Vec::new();
        if !has_glob(pattern) {
            let file = self.base.join(pattern);
            if let Ok(about) = fs::symlink_metadata(&file)
                && !(about.is_dir() || self.excludes(pattern))
            {
                self.add(&file, pattern, &mut found, &mut Vec::new(), None)?;
            }
            return Ok(found);
        }
        let matcher = glob(pattern)?;
        // What stands before the first glob need not be searched for.
        let parts: Vec<&str> = pattern.split('/').collect();
        let fixed = parts.iter().take_while(|part| !has_glob(part)).count();
        let fixed: PathBuf = parts[..fixed].iter().collect();
        let start = self.base.join(&fixed);
        if start.is_dir() {
            let real = fs::canonicalize(&start).map_err(|e| SelectError::Io(shown(&start), e))?;
            if !real.starts_with(self.root) {
                return Err(SelectError::Outside(pattern.to_owned()));
            }
            self.folder(&start, &mut found, &mut vec![real], &matcher)?;
        }
        Ok(found)
    }

    fn folder(
        &self,
        folder: &Path,
        found: &mut Vec<Entry>,
        above: &mut Vec<PathBuf>,
        matcher: &str,
    ) -> Result<(), SelectError> {
        for file in list(folder)? {
            let Some(name) = self.name(&file) else { continue };
            self.add(&file, &name, found, above, Some(matcher))?;
        }
        Ok(())
    }

    /// The path below the base folder; none where it is not text.
    fn name(&self, file: &Path) -> Option<String> {
        let parts = file.strip_prefix(self.base).ok()?.components();
        let parts: Option<Vec<&str>> = parts
            .map(|part| match part {
                Component::Normal(part) => part.to_str(),
                _ => None,
            })
            .collect();
        Some(parts?.join("/"))
    }

    fn add(
        &self,
        file: &Path,
        name: &str,
        found: &mut Vec<Entry>,
        above: &mut Vec<PathBuf>,
        matcher: Option<&str>,
    ) -> Result<(), SelectError> {
        let failed = |e| SelectError::Io(shown(file), e);
        let taken = matcher.is_none_or(|m| glob_match(m, name)) && !self.excludes(name);
        let about = fs::symlink_metadata(file).map_err(failed)?;
        let mut entry = Entry {
            name: name.to_owned(),
            file: file.to_path_buf(),
            mode: about.permissions().mode() & 0o777,
            link: None,
            size: if about.is_file() { about.len() } else { 0 },
        };
        if about.is_dir() {
            let Some(matcher) = matcher else { return Ok(()) };
            return self.folder(file, found, above, matcher);
        }
        if about.is_symlink() {
            let Ok(real) = fs::canonicalize(file) else {
                // It leads nowhere; as a link it could still be kept, but never be trusted.
                return if taken { Err(SelectError::Outside(name.to_owned())) } else { Ok(()) };
            };
            let inside = real.starts_with(self.root);
            // A link to where it is reached from would go round for ever.
            let round = above.contains(&real)
                || file
                    .parent()
                    .and_then(|p| fs::canonicalize(p).ok())
                    .is_some_and(|p| p.starts_with(&real));
            if real.is_dir() && !self.links {
                let Some(matcher) = matcher.filter(|_| inside && !round) else {
                    return if inside || !taken {
                        Ok(())
                    } else {
                        Err(SelectError::Outside(name.to_owned()))
                    };
                };
                above.push(real);
                let done = self.folder(file, found, above, matcher);
                above.pop();
                return done;
            }
            if !taken {
                return Ok(());
            }
            let target = fs::read_link(file).map_err(failed)?;
            let stays = self.links && target.is_relative() && real.starts_with(self.base);
            if !(inside && (stays || !self.links)) {
                return Err(SelectError::Outside(name.to_owned()));
            }
            if self.links {
                entry.link = Some(shown(&target));
            } else {
                let about = fs::metadata(file).map_err(failed)?;
                (entry.mode, entry.size) = (about.permissions().mode() & 0o777, about.len());
            }
        } else if !about.is_file() {
            return Ok(());
        }
        if taken {
            found.push(entry);
        }
        Ok(())
    }
}
