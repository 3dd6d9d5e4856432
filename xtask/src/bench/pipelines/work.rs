//! The repository that is pushed from: a branch for each pipeline, with as many files as it is to check out.

use super::definitions::{BARE, CHECKOUTS, Tree};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A clone with a branch for each pipeline; a folder for each, so that none is ever switched.
pub(super) struct Work {
    folder: PathBuf,
    commits: usize,
}

impl Work {
    pub(super) fn make(folder: &Path) -> Result<Self> {
        let work = Self { folder: folder.join("work"), commits: 0 };
        let bare = BARE.iter().map(|branch| Tree { branch, files: 0, bytes: 0 });
        let trees = CHECKOUTS.iter().map(|t| Tree { ..*t });
        for tree in bare.chain(trees) {
            let place = work.folder.join(tree.branch);
            fs::create_dir_all(&place)?;
            let branch = format!("--initial-branch={}", tree.branch);
            git(&place, &["init", "--quiet", &branch])?;
            git(&place, &["config", "gc.auto", "0"])?;
            for n in 0..tree.files {
                let path = place.join(format!("part-{}/file-{n}.txt", n % 10));
                fs::create_dir_all(path.parent().context("it has one")?)?;
                fs::write(path, contents(n, tree.bytes))?;
            }
        }
        Ok(work)
    }

    /// Commits a small change to a branch; gives the commit.
    pub(super) fn commit(&mut self, branch: &str) -> Result<String> {
        self.commits += 1;
        let place = self.folder.join(branch);
        fs::write(place.join("page.txt"), format!("edition {}\n", self.commits))?;
        git(&place, &["add", "."])?;
        git(&place, &["commit", "--quiet", "--message", "A change"])?;
        git(&place, &["rev-parse", "HEAD"])
    }

    /// Pushes into a folder, past the server.
    pub(super) fn push(&self, branch: &str, to: &Path) -> Result<()> {
        let to = to.to_string_lossy();
        git(&self.folder.join(branch), &["push", "--quiet", "--force", &to, branch]).map(drop)
    }

    /// Begins a push to an address.
    pub(super) fn start_push(&self, branch: &str, url: &str) -> Result<Child> {
        let mut command = command(&self.folder.join(branch));
        command.args(["push", "--quiet", url, branch]);
        command.stdin(Stdio::null()).spawn().context("git push")
    }
}

/// Bytes that do not compress away.
fn contents(seed: usize, bytes: usize) -> Vec<u8> {
    let mut state = seed as u64 + 1;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        b'a' + (state >> 58) as u8 % 26
    };
    (0..bytes).map(|n| if n % 72 == 71 { b'\n' } else { next() }).collect()
}

/// Lets a branch of a repository point to a commit that it has.
pub(super) fn point(repository: &Path, branch: &str, commit: &str) -> Result<()> {
    git(repository, &["update-ref", &format!("refs/heads/{branch}"), commit]).map(drop)
}

/// Gives a repository a post-receive hook.
pub(super) fn hook(repository: &Path, script: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = repository.join("hooks/post-receive");
    fs::create_dir_all(repository.join("hooks"))?;
    fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}

pub(super) fn unhook(repository: &Path) -> Result<()> {
    Ok(fs::remove_file(repository.join("hooks/post-receive"))?)
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).env("GIT_TERMINAL_PROMPT", "0").env("GIT_CONFIG_NOSYSTEM", "1");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "Bench");
        command.env(format!("GIT_{role}_EMAIL"), "bench@example.com");
    }
    command
}

fn git(folder: &Path, words: &[&str]) -> Result<String> {
    let output = command(folder).args(words).output().context("git")?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "git {words:?}: {text}");
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
