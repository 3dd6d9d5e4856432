//! Whether the links of an artifact stay in it, as the kernel would follow them: through each other.
//!
//! Pure: what is no link counts as a folder, whether it is there or not.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// As many links as the kernel follows on one way.
const MOST: usize = 40;

/// Bytes of paths that are looked at in all, and for each link. Honest links need some hundreds; those that lead through
/// each other on the longest ways would need a million each.
const PATIENCE: (usize, usize) = (1 << 20, 4 << 10);

/// What a step counts for beside its path.
const STEP: usize = 64;

/// The links of an artifact, each with its target, and how many bytes of paths are still looked at for them.
pub(super) struct Links<'a> {
    links: &'a BTreeMap<PathBuf, String>,
    left: usize,
}

impl<'a> Links<'a> {
    pub(super) fn new(links: &'a BTreeMap<PathBuf, String>) -> Self {
        Self { links, left: PATIENCE.0 + PATIENCE.1 * links.len() }
    }

    /// Whether following the link at a path never leads out; None where finding that out takes too long.
    ///
    /// One that leads nowhere or round stays: nobody gets anywhere by it.
    pub(super) fn stays(&mut self, at: &Path) -> Option<bool> {
        stays(at, self.links, &mut self.left)
    }
}

fn stays(at: &Path, links: &BTreeMap<PathBuf, String>, left: &mut usize) -> Option<bool> {
    let Some(target) = links.get(at) else { return Some(true) };
    // What is left of the way, the next part last.
    let mut way = Vec::new();
    let mut here = at.parent().map(Path::to_path_buf).unwrap_or_default();
    *left = left.checked_sub(target.len())?;
    if !add(&mut way, target) {
        return Some(false);
    }
    let mut followed = 1;
    while let Some(part) = way.pop() {
        *left = left.checked_sub(STEP + here.as_os_str().len())?;
        let Some(name) = part else {
            if !here.pop() {
                return Some(false);
            }
            continue;
        };
        here.push(name);
        if let Some(target) = links.get(&here) {
            followed += 1;
            if followed > MOST {
                return Some(true);
            }
            here.pop();
            *left = left.checked_sub(target.len())?;
            if !add(&mut way, target) {
                return Some(false);
            }
        }
    }
    Some(true)
}

/// Puts the parts of a target on the way; None is the folder above. False if it begins at the root.
fn add(way: &mut Vec<Option<OsString>>, target: &str) -> bool {
    for part in Path::new(target).components().rev() {
        match part {
            Component::Normal(name) => way.push(Some(name.to_owned())),
            Component::ParentDir => way.push(None),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    !target.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks which of some links stay.
    fn check(links: &[(&str, &str)], good: &[&str]) {
        let all: BTreeMap<PathBuf, String> =
            links.iter().map(|(at, to)| (PathBuf::from(at), (*to).to_owned())).collect();
        let mut followed = Links::new(&all);
        let mut stays = |at: &&str| followed.stays(Path::new(at)).expect("they are short");
        let stay: Vec<_> = links.iter().map(|l| l.0).filter(|at| stays(at)).collect();
        assert_eq!(stay, good, "{links:?}");
    }

    #[test]
    fn links_are_followed_as_the_kernel_follows_them() {
        check(&[("l", "d/f"), ("d/l", "../x"), ("d/e/l", "../../x/../y")], &["l", "d/l", "d/e/l"]);
        check(&[("l", ".."), ("d/l", "../.."), ("m", "x/../.."), ("n", "/etc"), ("o", "")], &[]);
        // By its text it stays; what is above the link's end is not above the link.
        check(&[("a/l", ".."), ("b", "a/l/..")], &["a/l"]);
        check(&[("a/b/l", "../.."), ("c", "a/b/l/../x")], &["a/b/l"]);
        check(&[("a/b/l", ".."), ("c", "a/b/l/../x")], &["a/b/l", "c"]);
        check(&[("a", "/etc"), ("b", "a/passwd")], &[]);
        check(&[("a", "b"), ("b", "a")], &["a", "b"]);
        check(&[("a", "."), ("b", "a/a/a/c")], &["a", "b"]);
    }

    #[test]
    fn links_that_take_too_long_to_follow_are_given_up() {
        let check = |count: usize, target: &dyn Fn(usize) -> String, followed: bool| {
            let all: BTreeMap<PathBuf, String> =
                (0..count).map(|n| (format!("l{n:05}").into(), target(n))).collect();
            let mut links = Links::new(&all);
            let every = all.keys().all(|at| links.stays(at) == Some(true));
            assert_eq!(every, followed, "{count} links");
        };
        // As in the folder of a package manager, and as long and winding as a zip of that size can have them.
        check(
            2_000,
            &|n| format!("../store/package-{n}/node_modules/package-{n}").split_off(3),
            true,
        );
        check(2_000, &|n| format!("{}l{:05}", "d/../".repeat(800), (n + 1) % 2_000), false);
    }
}
