//! Who may use whom among the workspace's crates, and that each takes the workspace's lints.

use super::{Found, Source};
use crate::workspace::Workspace;
use anyhow::Result;

/// A crate, and the crates that it may use. Its tests may use `trunkline-testkit` and `trunkline-lab` too.
const ALLOWED: &[(&str, &[&str])] = &[
    ("trunkline-model", &[]),
    ("trunkline-flow", &["trunkline-model"]),
    ("trunkline-yaml", &["trunkline-model"]),
    ("trunkline-config", &["trunkline-model", "trunkline-yaml"]),
    ("trunkline-center", &["trunkline-model", "trunkline-flow", "trunkline-yaml"]),
    ("trunkline-aws", &["trunkline-model", "trunkline-center"]),
    ("trunkline-lab", &["trunkline-model", "trunkline-flow"]),
    ("trunkline-engine", &["trunkline-model"]),
    ("trunkline-store", &["trunkline-model", "trunkline-engine"]),
    ("trunkline-build", &["trunkline-model"]),
    ("trunkline-web", &["trunkline-model", "trunkline-engine"]),
    ("trunkline-testkit", &["trunkline-model", "trunkline-center", "trunkline-lab"]),
    (
        "trunkline",
        &[
            "trunkline-model",
            "trunkline-flow",
            "trunkline-config",
            "trunkline-center",
            "trunkline-aws",
            "trunkline-lab",
            "trunkline-engine",
            "trunkline-store",
            "trunkline-build",
            "trunkline-web",
            "trunkline-yaml",
        ],
    ),
    ("xtask", &[]),
];

/// Tests' helpers; the lab's own tests must not reach them through `center`, so it gets none.
const FOR_TESTS: &[&str] = &["trunkline-testkit", "trunkline-lab"];

/// The direction of dependencies.
pub(super) fn direction(workspace: &Workspace, _: &[Source], found: &mut Found) -> Result<()> {
    for package in &workspace.packages {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == package.name) else {
            found.errors.push(format!(
                "{}: not in the table of crates (xtask/src/tidy/crates.rs)",
                package.name
            ));
            continue;
        };
        for (used, dev) in &package.uses {
            let tests =
                *dev && package.name != "trunkline-lab" && FOR_TESTS.contains(&used.as_str());
            if !tests && !allowed.contains(&used.as_str()) {
                found.errors.push(format!("{} may not use {used}", package.name));
            }
        }
    }
    Ok(())
}

/// Each crate opts in to the workspace's lints.
pub(super) fn lints(workspace: &Workspace, _: &[Source], found: &mut Found) -> Result<()> {
    for package in &workspace.packages {
        let manifest = std::fs::read_to_string(package.folder.join("Cargo.toml"))?;
        if !manifest.contains("[lints]\nworkspace = true") {
            found
                .errors
                .push(format!("{}: its Cargo.toml lacks `[lints] workspace = true`", package.name));
        }
    }
    Ok(())
}
