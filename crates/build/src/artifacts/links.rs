//! Whether the links of an artifact stay in it, as the kernel would follow them: through each other.
//!
//! Pure: what is no link counts as a folder, whether it is there or not.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// As many links as the kernel follows on one way.
const MOST: usize = 40;

/// Whether following the link at a path never leads out. `links` holds every link with its target.
///
/// One that leads nowhere or round stays: nobody gets anywhere by it.
pub(super) fn stays(at: &Path, links: &BTreeMap<PathBuf, String>) -> bool {
    let Some(target) = links.get(at) else { return true };
    // What is left of the way, the next part last.
    let mut way = Vec::new();
    let mut here = at.parent().map(Path::to_path_buf).unwrap_or_default();
    if !add(&mut way, target) {
        return false;
    }
    let mut followed = 1;
    while let Some(part) = way.pop() {
        let Some(name) = part else {
            if !here.pop() {
                return false;
            }
            continue;
        };
        here.push(name);
        if let Some(target) = links.get(&here) {
            followed += 1;
            if followed > MOST {
                return true;
            }
            here.pop();
            if !add(&mut way, target) {
                return false;
            }
        }
    }
    true
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
        let stay: Vec<_> =
            links.iter().map(|l| l.0).filter(|at| stays(Path::new(at), &all)).collect();
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
}
