//! The processes of builds, as /proc shows them.

use crate::server::LIMIT;
use std::process::Command;
use trunkline_testkit::wait_until;

/// The processes whose builds have one of these ids.
pub(crate) fn of_builds(ids: &[String]) -> Vec<String> {
    let marks: Vec<String> = ids.iter().map(|id| format!("TRUNKLINE_BUILD_ID={id}")).collect();
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().into_string().ok());
    numbers
        .filter(|number| number.bytes().all(|b| b.is_ascii_digit()))
        .filter(|number| {
            // What has ended has no environment any more.
            let environment = std::fs::read(format!("/proc/{number}/environ")).unwrap_or_default();
            environment.split(|b| *b == 0).any(|v| marks.iter().any(|mark| mark.as_bytes() == v))
        })
        .collect()
}

/// Kills all processes of builds, as the end of a machine does.
pub(crate) fn kill(ids: &[String]) {
    wait_until("the builds are gone", LIMIT, || {
        let found = of_builds(ids);
        if !found.is_empty() {
            // Some may have ended meanwhile.
            let _ = Command::new("kill").arg("-KILL").args(&found).output();
        }
        found.is_empty().then_some(())
    });
}
