//! Ctrl-C and SIGTERM: once, finish what is under way and stop; twice, stop now.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{SignalKind, signal};

/// Set once somebody asked to stop.
#[derive(Clone)]
pub(crate) struct Interrupted(Arc<AtomicBool>);

impl Interrupted {
    /// Whether somebody asked.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Begins to listen. Without signal handlers the process simply ends at the first signal, and the
/// journal says how far it came.
pub(crate) fn watch() -> Interrupted {
    let flag = Interrupted(Arc::new(AtomicBool::new(false)));
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        if let Ok(mut signals) = signal(kind) {
            let flag = flag.clone();
            crate::runtime::spawn(async move {
                while signals.recv().await.is_some() {
                    if flag.0.swap(true, Ordering::Relaxed) {
                        std::process::exit(130);
                    }
                }
            });
        }
    }
    flag
}
