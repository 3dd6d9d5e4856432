//! The async runtime, started only by the commands that call AWS.

use trunkline_model::{Diagnostic, Report};

/// Runs a command's work to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Report>>) -> Result<T, Report> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| {
        Diagnostic::error("TL0902", format!("the runtime cannot be started: {error}")).report()
    })?;
    runtime.block_on(work)
}
