//! A limit of processes that the kernel keeps: `pids.max` of a control group for each build, where one can be made
//! (version 2, or the controller `pids` of version 1). Elsewhere `Processes` counts by itself.
//!
//! A shell enters its group before it does anything else, so nothing it starts is ever outside.

use super::Shell;
use crate::shell::quoted;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// How the names of our groups begin; the id of this process follows.
const PREFIX: &str = "trunkline-";

/// The control group of this process, below which groups can be made; none where that cannot be done. Found once.
pub(crate) fn parent() -> Option<&'static Path> {
    static PARENT: OnceLock<Option<PathBuf>> = OnceLock::new();
    PARENT.get_or_init(find).as_deref()
}

fn find() -> Option<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let folder = locate(&own, &mounts)?;
    let offered = fs::read_to_string(folder.join("cgroup.controllers"));
    if offered.is_ok_and(|all| all.split_whitespace().any(|name| name == "pids")) {
        // Version 2 gives a controller only to those below that were told so. Where this fails, the trial does.
        let _ = fs::write(folder.join("cgroup.subtree_control"), "+pids");
    }
    sweep(&folder);
    Group::make(&folder, "trial").ok()?.limit(1).ok()?;
    Some(folder)
}

/// The folder of the process's own group, in a hierarchy that may limit processes.
fn locate(own: &str, mounts: &str) -> Option<PathBuf> {
    let lines = || own.lines().filter_map(|line| line.split_once(':').map(|(_, rest)| rest));
    let first = lines().find_map(|rest| {
        let (controllers, path) = rest.split_once(':')?;
        controllers.split(',').any(|name| name == "pids").then_some(path)
    });
    let second = || lines().find_map(|rest| rest.strip_prefix(':'));
    let (path, kind) = match first {
        Some(path) => (path, "cgroup"),
        None => (second()?, "cgroup2"),
    };
    mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let mut words = left.split(' ').skip(3);
        let (root, mount) = (words.next()?, words.next()?);
        let mut right = right.split(' ');
        let fits = right.next()? == kind;
        let options = right.nth(1)?;
        if !fits || (kind == "cgroup" && !options.split(',').any(|name| name == "pids")) {
            return None;
        }
        // A container may see only the part of the hierarchy that is its own.
        let within = if root == "/" { path } else { path.strip_prefix(root).unwrap_or("") };
        Some(Path::new(mount).join(within.trim_start_matches('/')))
    })
}

/// Removes what processes that are gone have left. A group in which something runs cannot be removed.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let maker = maker.and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        if maker.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// The control group of one build; removed when it is dropped, if nothing is in it.
#[derive(Debug)]
pub(crate) struct Group(PathBuf);

impl Group {
    /// Makes a group without a limit. None where the machine does not let us.
    pub(crate) fn new(build: &str) -> Option<Self> {
        Self::make(parent()?, build).ok()
    }

    fn make(parent: &Path, build: &str) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        let build: String = build.chars().filter(plain).take(64).collect();
        let folder = parent.join(format!("{PREFIX}{}-{count}-{build}", std::process::id()));
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }

    /// Lets in so many processes and threads at once, at most.
    pub(crate) fn limit(&self, most: usize) -> io::Result<()> {
        fs::write(self.0.join("pids.max"), most.to_string())
    }

    /// The file through which a process enters.
    pub(crate) fn entrance(&self) -> PathBuf {
        self.0.join("cgroup.procs")
    }

    /// The shell that enters the group and then does what another one does.
    pub(crate) fn within(&self, shell: &Shell) -> Shell {
        let file = quoted(&self.entrance().display().to_string());
        let enter = format!("{{ echo 0 >{file}; }} 2>/dev/null; ");
        if let [flag, script] = &shell.arguments[..]
            && flag == "-c"
        {
            let arguments = vec![flag.clone(), enter + script];
            return Shell { arguments, ..shell.clone() };
        }
        // Another user, or one in a sandbox, could not enter: a shell does, and becomes what leads there.
        let script = enter + "exec \"$0\" \"$@\"";
        let words = ["-c".to_owned(), script, shell.program.display().to_string()];
        let arguments = words.into_iter().chain(shell.arguments.clone()).collect();
        Shell { program: PathBuf::from("/bin/sh"), arguments, ..shell.clone() }
    }

    /// Whether somebody in it was refused a process.
    pub(crate) fn refused(&self) -> bool {
        let events = fs::read_to_string(self.0.join("pids.events")).unwrap_or_default();
        let count = events.lines().find_map(|line| line.strip_prefix("max "));
        count.is_some_and(|count| count.trim() != "0")
    }

    /// The processes in it.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let all = fs::read_to_string(self.entrance()).unwrap_or_default();
        all.lines().filter_map(|line| line.parse().ok()).collect()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // What is left is swept by the next process.
        let _ = fs::remove_dir(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(own: &str, mounts: &str, expected: Option<&str>) {
        assert_eq!(locate(own, mounts), expected.map(PathBuf::from), "{own}");
    }

    #[test]
    fn the_own_group_is_found_in_either_version() {
        let second = "30 1 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
        let first = "31 1 0:27 / /cg/cpu rw - cgroup cgroup rw,cpu\n\
                     32 1 0:28 / /cg/pids rw shared:9 - cgroup cgroup rw,pids\n";
        check("0::/user.slice/a\n", second, Some("/sys/fs/cgroup/user.slice/a"));
        check("5:pids:/b\n0::/a\n", &format!("{second}{first}"), Some("/cg/pids/b"));
        check("4:cpu:/b\n0::/\n", first, None);
        let contained = "32 1 0:28 /docker/x /cg/pids rw - cgroup cgroup rw,pids\n";
        check("5:pids:/docker/x\n", contained, Some("/cg/pids/"));
        check("", "", None);
    }
}
