//! The kinds, in the order in which a plan shows them. A kind is one file here; see ARCHITECTURE.md.

mod content;
mod flow;
mod foreign;
mod hours;
mod queue;

use crate::kind::Kind;

/// Every kind.
pub static ALL: &[&dyn Kind] = &[&hours::Hours, &queue::Queue, &flow::Flow];

/// Returns a kind by its name.
pub fn get(name: &str) -> Option<&'static dyn Kind> {
    ALL.iter().copied().find(|k| k.spec().name == name)
}

/// Fingerprints a draft as it stands in an instance.
pub(crate) use content::draft_fingerprint;
