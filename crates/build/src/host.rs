//! What a machine offers for keeping builds apart, and what earlier builds left running on it.

use crate::process::engine::Engine;
use crate::process::{cgroup, tree};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether this program is root, which `run-as` needs.
    pub root: bool,
    /// `bwrap`.
    pub bubblewrap: Option<PathBuf>,
    /// `docker`, and `podman`.
    pub engines: Vec<(String, PathBuf)>,
    /// `setpriv`, which `run-as` uses.
    pub setpriv: Option<PathBuf>,
    /// The control group below which the kernel keeps the limit of processes; without one, they are counted.
    pub control_group: Option<PathBuf>,
}

impl Capabilities {
    /// Looks through a PATH.
    pub fn find(path: &str) -> Self {
        let engines = ["docker", "podman"];
        Self {
            root: rustix::process::geteuid().is_root(),
            bubblewrap: program("bwrap", path),
            engines: engines
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), program(name, path)?)))
                .collect(),
            setpriv: program("setpriv", path),
            control_group: cgroup::parent().map(Path::to_path_buf),
        }
    }
}

/// Finds a program.
pub(crate) fn program(name: &str, path: &str) -> Option<PathBuf> {
    path.split(':')
        .filter(|folder| folder.starts_with('/'))
        .map(|folder| Path::new(folder).join(name))
        .find(|file| file.is_file())
}

/// Ends what still runs of a build, wherever it moved to, and waits until it is gone; gives how many
/// processes that were.
///
/// For a server that starts: the builds of one that was killed outlive it.
pub fn leftovers(build: &str) -> usize {
    let mut ended = std::collections::BTreeSet::new();
    for _ in 0..2000 {
        let found = tree::of_build(build, &[], 0);
        if found.is_empty() {
            break;
        }
        for process in &found {
            if tree::end(process) {
                ended.insert(process.pid);
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    ended.len()
}

/// Removes the containers that builds left, of every engine on the PATH of `host` (this program's variables); gives
/// how many that were. Blocks, for as long as an engine takes to answer.
///
/// For a server that starts, after `leftovers`: a container outlives the client that started it.
pub fn containers_left(host: &BTreeMap<String, String>, builds: &[String]) -> usize {
    if builds.is_empty() {
        return 0;
    }
    let path = host.get("PATH").map_or("/usr/sbin:/usr/bin:/bin", String::as_str);
    let engines = ["docker", "podman"].into_iter().filter_map(|name| program(name, path));
    engines.map(|program| Engine::new(program, host).remove(builds)).sum()
}
