//! What keeps builds within limits, and apart, on this machine.

use super::{Check, Findings, Verdict};
use crate::context::{self, Located};
use crate::pipelines::folder::DataFolder;
use crate::triggers::{Sandboxing, ServerSettings};
use trunkline_build::Capabilities;

/// Looks where the project has pipelines, whose builds would run here.
pub(super) fn look(located: &Located, findings: &mut Findings<'_>) {
    if !located.root.join(crate::pipelines::definitions::FOLDER).is_dir() {
        return;
    }
    let folder = DataFolder::of(&located.root, None);
    let Some(settings) = findings.keep("server", ServerSettings::read(folder.root())) else {
        return;
    };
    let path = context::variable("PATH").unwrap_or_default();
    let there = Capabilities::find(&path);
    let wanted = match settings.builds.sandbox {
        Sandboxing::None => None,
        Sandboxing::Bubblewrap => Some(("bwrap", there.bubblewrap.is_some())),
        Sandboxing::Docker => Some(("docker", engine(&there, "docker"))),
        Sandboxing::Podman => Some(("podman", engine(&there, "podman"))),
    };
    if let Some((tool, false)) = wanted {
        let message = format!("`{tool}` is asked for by server.yaml, and not on the PATH");
        let help = format!("install `{tool}`, or change `sandbox`: no build runs without it");
        let found = Check { help: Some(help), ..Check::new(Verdict::Fail, "builds", message) };
        findings.add(found);
        return;
    }
    let message = match &there.control_group {
        Some(_) => "the kernel limits their processes (pids.max of control groups)",
        None => "a watchdog limits their processes: no control group can be made here",
    };
    let apart = match wanted {
        Some((tool, _)) => format!("`{tool}` keeps them apart from this machine"),
        None => {
            let mut tools: Vec<&str> =
                there.engines.iter().map(|(name, _)| name.as_str()).collect();
            tools.extend(there.bubblewrap.is_some().then_some("bubblewrap"));
            match tools.as_slice() {
                [] => "nothing keeps them apart from this machine, and no tool that could is here"
                    .to_owned(),
                tools => format!(
                    "nothing keeps them apart from this machine; `sandbox` of server.yaml can be {}",
                    tools.join(" or ")
                ),
            }
        }
    };
    let users = match (there.root, there.setpriv.is_some()) {
        (true, true) => "`run-as` works",
        (false, _) => "`run-as` does not work: this program is not root",
        (true, false) => "`run-as` does not work: `setpriv` is not on the PATH",
    };
    let notes = vec![apart, users.to_owned()];
    findings.add(Check { notes, ..Check::new(Verdict::Ok, "builds", message.to_owned()) });
}

fn engine(there: &Capabilities, name: &str) -> bool {
    there.engines.iter().any(|(engine, _)| engine == name)
}
