//! Where things are: the repository, the target folder, the crates and who depends on whom.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository as cargo and git see it.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// A crate of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// Names of workspace crates that it uses, with `true` where only its tests do.
    pub(crate) uses: Vec<(String, bool)>,
}

impl Workspace {
    /// Asks cargo, without resolving dependencies, so that it works offline.
    pub(crate) fn load() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has a parent")?;
        let output = Command::new("cargo")
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(root)
            .output()
            .context("cargo metadata")?;
        if !output.status.success() {
            bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        }
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let packages = metadata["packages"].as_array().context("packages")?;
        let names: Vec<&str> = packages.iter().filter_map(|p| p["name"].as_str()).collect();
        Ok(Self {
            root: root.to_owned(),
            target: metadata["target_directory"].as_str().context("target_directory")?.into(),
            packages: packages.iter().map(|p| Package::read(p, &names)).collect(),
        })
    }

    /// Files that git tracks or would track, relative to the root, sorted.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>> {
        let output = Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
            .current_dir(&self.root)
            .output()
            .context("git ls-files")?;
        if !output.status.success() {
            bail!("git ls-files: {}", String::from_utf8_lossy(&output.stderr));
        }
        let text = String::from_utf8(output.stdout)?;
        let mut files: Vec<PathBuf> =
            text.split('\0').filter(|f| !f.is_empty()).map(PathBuf::from).collect();
        files.sort();
        files.dedup();
        files.retain(|f| self.root.join(f).is_file());
        Ok(files)
    }

    /// A program that cargo built.
    pub(crate) fn built(&self, profile: &str, name: &str) -> PathBuf {
        self.target.join(profile).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}

impl Package {
    fn read(package: &Value, names: &[&str]) -> Self {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let dependencies =
            package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
        let uses = dependencies.iter().filter_map(|d| {
            let name = d["name"].as_str().filter(|n| names.contains(n))?;
            Some((name.to_owned(), d["kind"] == "dev"))
        });
        let manifest = PathBuf::from(text("manifest_path"));
        Self {
            name: text("name").to_owned(),
            folder: manifest.parent().map(Path::to_owned).unwrap_or_default(),
            uses: uses.collect(),
        }
    }
}
