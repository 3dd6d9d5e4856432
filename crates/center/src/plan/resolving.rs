//! Resolves the references of finished steps: what has a value already gets it, what the plan itself makes
//! stays a reference until then.

use super::{Check, Step};
use crate::document::subject;
use crate::resolve::{Resolver, Unresolved};
use std::collections::BTreeSet;
use trunkline_flow::reference::{self, Piece};
use trunkline_model::{Diagnostic, Report};

/// Resolves everything that has a value already; what steps make stays a reference.
pub(super) fn resolve_now(steps: &mut [Step], resolver: &Resolver<'_>) -> Result<(), Report> {
    let pending: BTreeSet<(String, String)> =
        steps.iter().filter(|s| s.made.is_some()).filter_map(|s| s.provides.clone()).collect();
    let mut problems = Vec::new();
    for step in steps.iter_mut() {
        let who = subject(&step.kind, &step.name);
        let inputs = std::iter::once(&mut step.call.input)
            .chain(step.as_draft.iter_mut().map(|c| &mut c.input))
            .chain(step.check.iter_mut().chain(&mut step.lists).flat_map(Check::values_mut))
            .chain(step.adopt.iter_mut().map(|a| &mut a.list_input));
        for input in inputs {
            let walked =
                trunkline_flow::rewrite::map_strings::<()>(input, &mut |path, text| match partly(
                    text, resolver, &pending,
                ) {
                    Ok(new) => Ok(new),
                    Err(why) => {
                        let message = format!("a reference cannot be resolved: {why:?}");
                        problems.push(
                            Diagnostic::error("TL0204", message).on(&who).path(path.to_string()),
                        );
                        Ok(None)
                    }
                });
            debug_assert!(walked.is_ok(), "the visitor never fails");
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Report(problems)) }
}

fn partly(
    text: &str,
    resolver: &Resolver<'_>,
    pending: &BTreeSet<(String, String)>,
) -> Result<Option<String>, Unresolved> {
    if !reference::is_candidate(text) {
        return Ok(None);
    }
    let pieces = reference::parse(text).map_err(|e| Unresolved::Malformed(e.to_string()))?;
    let resolve = |piece: Piece| match piece {
        Piece::Ref(r) if !pending.contains(&(r.kind.clone(), r.name.clone())) => {
            resolver.reference(&r).map(Piece::Text)
        }
        other => Ok(other),
    };
    let mut merged: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (resolve(piece)?, merged.last_mut()) {
            // Side by side, two texts could read as an escape that neither of them is.
            (Piece::Text(more), Some(Piece::Text(text))) => text.push_str(&more),
            (piece, _) => merged.push(piece),
        }
    }
    Ok(Some(reference::render(&merged)))
}
