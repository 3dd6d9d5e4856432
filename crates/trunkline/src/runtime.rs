//! The async runtime, started only by the commands that call AWS.

use std::pin::Pin;
use tokio::task::JoinHandle;
use trunkline_model::{Diagnostic, Report};

/// Runs a command's work to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Report>>) -> Result<T, Report> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| {
        Diagnostic::error("TL0902", format!("the runtime cannot be started: {error}")).report()
    })?;
    // In a box: the runtime is compiled three times for each type of future that it is given.
    let work: Pin<Box<dyn Future<Output = Result<T, Report>> + '_>> = Box::pin(work);
    runtime.block_on(work)
}

/// Starts a task beside the caller's. In a box, for the same reason.
pub(crate) fn spawn<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    let work: Pin<Box<dyn Future<Output = T> + Send>> = Box::pin(work);
    tokio::spawn(work)
}
