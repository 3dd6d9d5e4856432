//! Where the repositories of a server are: hosted ones, and mirrors of those that lie elsewhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A repository that is not hosted here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remote {
    /// Its folder of git's files, on this machine: read where it lies.
    Here(PathBuf),
    /// An address: read through a mirror.
    There(String),
}

impl Remote {
    /// What `repositories` of `trunkline.yaml` says: an address, or a path relative to that file's folder.
    pub(crate) fn of(root: &Path, place: &str) -> Self {
        let path = root.join(place);
        // `host:path` is an address of ssh, unless there is such a folder.
        let address = place.contains("://")
            || (!path.exists() && place.split('/').next().is_some_and(|host| host.contains(':')));
        if address {
            return Self::There(place.to_owned());
        }
        let path = std::path::absolute(&path).unwrap_or(path);
        let inside = path.join(".git");
        Self::Here(if inside.is_dir() { inside } else { path })
    }
}

/// The repositories that are not hosted here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remotes {
    root: PathBuf,
    /// `repositories` of `trunkline.yaml`: by name, or by the ARN of a connection with `{repository}` in it.
    known: BTreeMap<String, String>,
}

impl Remotes {
    /// `root` is the folder of `trunkline.yaml`.
    pub(crate) fn new(root: PathBuf, known: BTreeMap<String, String>) -> Self {
        Self { root, known }
    }

    /// Where a repository is; nothing where it is hosted here, or nobody says. `connections` are those by which
    /// pipelines reach it.
    pub(super) fn find<'a>(
        &self,
        name: &str,
        mut connections: impl Iterator<Item = &'a str>,
    ) -> Option<Remote> {
        if let Some(place) = self.known.get(name) {
            return Some(Remote::of(&self.root, place));
        }
        if let Some(pattern) = connections.find_map(|arn| self.known.get(arn)) {
            return Some(Remote::of(&self.root, &pattern.replace("{repository}", name)));
        }
        (name == ".").then(|| Remote::of(&self.root, "."))
    }
}

/// The folders of a server's repositories.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    data: PathBuf,
}

impl Places {
    /// Those of a data folder.
    pub(crate) fn new(data: &Path) -> Self {
        Self { data: data.to_owned() }
    }

    /// The folder of hosted repositories.
    pub(crate) fn hosted_root(&self) -> PathBuf {
        self.data.join("repositories")
    }

    /// A hosted repository.
    pub(crate) fn hosted(&self, name: &str) -> PathBuf {
        self.hosted_root().join(format!("{name}.git"))
    }

    /// The mirror of a remote: the one that source actions read, so that what was fetched here is at hand there.
    pub(crate) fn mirror(&self, url: &str) -> PathBuf {
        let short = trunkline_center::state::version_of(url.as_bytes());
        let short: String = short.chars().take(16).collect();
        self.data.join("mirrors").join(format!("mirror-{short}.git"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_paths_are_told_apart() {
        let there = |place: &str| Remote::There(place.to_owned());
        let root = Path::new("/srv/project");
        for place in [
            "https://git.example.com/acme.git",
            "git@git.example.com:acme.git",
            "file:///srv/acme.git",
        ] {
            assert_eq!(Remote::of(root, place), there(place));
        }
        assert_eq!(
            Remote::of(root, "../acme.git"),
            Remote::Here("/srv/project/../acme.git".into())
        );
    }
}
