//! `cargo xtask faults`: every write of an apply with every blow, from outside (the real program, a lab over
//! HTTP, the oracle) and in memory; and every event of a pipeline's execution with a kill of its server. The
//! tests of the crates do the work; here they are asked for all points, and built as they are released: there are many.

use crate::steps::{self, Steps, Verdict};
use crate::verify::{ORACLE, cargo, prepared};
use crate::workspace::Workspace;
use anyhow::Result;

/// Sweeps: package, test binary, what it is.
const SWEEPS: &[(&str, &str, &str)] = &[
    ("trunkline-center", "faults", "in memory"),
    ("trunkline", "interrupted", "from outside"),
    ("trunkline", "serve_crash", "the server of pipelines"),
];

/// The command; true where every point ended equal.
pub(crate) fn run() -> Result<bool> {
    let workspace = &Workspace::load()?;
    let mut steps = Steps::default();
    let python = prepared(workspace, &mut steps);
    for (package, test, what) in SWEEPS {
        steps.step(what, || {
            let mut command = cargo(workspace);
            command.args(["test", "--release", "--package", package, "--test", test]);
            // One at a time: a sweep has threads of its own. The tables are what it prints.
            command.args(["--", "--nocapture", "--test-threads", "1"]);
            match &python {
                Ok(python) => command.env(ORACLE, &python.program),
                Err(reason) if *test == "interrupted" => {
                    return Ok(Verdict::Skipped(format!("no oracle: {reason}")));
                }
                Err(_) => &mut command,
            };
            steps::run(command.env("TRUNKLINE_FAULTS", "all"))
        });
    }
    Ok(steps.close())
}
